//! [`Head`]: an image's head, taken apart and put together again with other numbers and the right sum.

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;

use blink_restorer::checksum;
use blink_restorer::image::{
    CHECKSUM_OFFSET, DATA_OFFSET, FileId, Header, Plain, Range, Segment, bytes_of, read as value,
};

/// The parts of a head, to be altered. None may get another length.
pub(crate) struct Head {
    pub(crate) header: Header,
    pub(crate) label: Vec<u8>,
    pub(crate) segments: Vec<Segment>,
    pub(crate) files: Vec<FileId>,
    pub(crate) ranges: Vec<Range>,
    pub(crate) paths: Vec<u8>,
}

/// `count` values from `at` on, which then stands behind them.
fn values<T: Plain>(bytes: &[u8], at: &mut usize, count: u32) -> Vec<T> {
    let read = |_| {
        let found = value(&bytes[*at..]).expect("a value of the head");
        *at += size_of::<T>();
        found
    };
    (0..count).map(read).collect()
}

impl Head {
    /// The head that `image` begins with.
    pub(crate) fn read(image: &[u8]) -> Head {
        let header: Header = value(image).expect("a header");
        let at = &mut size_of::<Header>();
        let label = image[*at..][..header.label_len as usize].to_vec();
        *at += label.len().next_multiple_of(8);
        let segments = values(image, at, header.segments);
        let (files, ranges) = (values(image, at, header.files), values(image, at, header.ranges));
        let paths = image[*at..][..header.paths_len as usize].to_vec();
        Head { header, label, segments, files, ranges, paths }
    }

    /// Puts it in front of `image`, with the sum that it has now.
    pub(crate) fn write(&self, image: &mut [u8]) {
        let mut bytes = bytes_of(&self.header).to_vec();
        bytes.extend(&self.label);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        self.segments.iter().for_each(|segment| bytes.extend(bytes_of(segment)));
        self.files.iter().for_each(|file| bytes.extend(bytes_of(file)));
        self.ranges.iter().for_each(|range| bytes.extend(bytes_of(range)));
        bytes.extend(&self.paths);
        image[..bytes.len()].copy_from_slice(&bytes);
        sum(image);
    }
}

/// Corrects the sum over the head of `image`, as far as it says it goes.
pub(crate) fn sum(image: &mut [u8]) {
    let header: Header = value(image).expect("a header");
    let len = usize::try_from(header.head_len).map_or(DATA_OFFSET as usize, |len| len.min(image.len()));
    let sum = checksum::of_head(&image[..len]);
    image[CHECKSUM_OFFSET..][..8].copy_from_slice(&sum.to_ne_bytes());
}

/// Writes `image` in place of the one at `path`, as its maker would have left it.
pub(crate) fn put(path: &Path, image: &[u8]) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{}: {error}", path.display()),
        _ => {}
    }
    fs::write(path, image).expect("the directory is ours");
    set_mode(path, 0o400);
}

/// Writes `bytes` into the image at `path`, from `offset` on.
pub(crate) fn overwrite(path: &Path, offset: u64, bytes: &[u8]) {
    set_mode(path, 0o600);
    let file = OpenOptions::new().write(true).open(path).expect("the image is ours");
    file.write_all_at(bytes, offset).expect("it is written");
    set_mode(path, 0o400);
}

/// Sets the mode of a file or directory.
pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("the file is ours");
}
