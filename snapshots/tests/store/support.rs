//! [`Home`]: a store with artifacts beside it; and heads of images, written by hand.

use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use blink_restorer::checksum;
use blink_restorer::host::Host;
use blink_restorer::image::{
    ADDRESS_START, CHECKSUM_OFFSET, DATA_OFFSET, FileId, Header, Layout, MAGIC, PAGE, Thread, VERSION, Vdso, bytes_of,
};
use blink_snapshots::Reason;
use blink_snapshots::store::{Entry, Key, Store, StoreError};
use tempfile::TempDir;

/// Bytes of the images that [`Home::make`] makes.
pub(crate) const IMAGE_LEN: u64 = DATA_OFFSET;

/// A folder that goes with this value.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Home {
        Home(tempfile::tempdir().expect("a temporary directory"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().canonicalize().expect("the folder").join(name)
    }

    /// The store, in a directory that nobody has made yet.
    pub(crate) fn store(&self) -> Store {
        Store::new(self.path("cache/snapshots"))
    }

    /// The key of an artifact that is there.
    pub(crate) fn key(&self, model: &str) -> Key {
        let artifact = self.path(&format!("{model}.blink"));
        if !artifact.exists() {
            fs::write(&artifact, model).expect("an artifact");
        }
        let (program, library) = ("/bin/blink".into(), "/lib/onnxruntime.so".into());
        Key {
            artifact,
            program,
            library,
            threads: 2,
            prepack: Some(true),
            pin: true,
            own_code: None,
            model: model.to_owned(),
        }
    }

    /// Makes a good image of `key`, and gives its path.
    pub(crate) fn make(&self, key: &Key) -> PathBuf {
        publish(&self.store(), key, &image(&key.label(), &[&key.artifact], |_| {}));
        self.store().directory().join(key.file_name())
    }

    /// Puts `bytes` where the image of `key` belongs, as somebody else than the store would.
    pub(crate) fn put(&self, key: &Key, bytes: &[u8]) -> PathBuf {
        let path = self.make(key);
        fs::remove_file(&path).expect("the image");
        fs::write(&path, bytes).expect("an image");
        set_mode(&path, 0o400);
        path
    }

    /// What the list says of the only image.
    pub(crate) fn only(&self) -> Entry {
        let mut entries = self.store().list().expect("a list");
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries.remove(0)
    }
}

/// Publishes an image of those bytes.
pub(crate) fn publish(store: &Store, key: &Key, bytes: &[u8]) {
    let pending = store.begin(key).expect("an image can be made");
    pending.file().write_all_at(bytes, 0).expect("it can be written");
    pending.publish().expect("it can be published");
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a new mode");
}

/// The permissions of what is at `path`.
pub(crate) fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("metadata").mode() & 0o7777
}

/// The reason that a refusal is.
pub(crate) fn reason<T: std::fmt::Debug>(refused: Result<T, StoreError>) -> Reason {
    match refused {
        Err(StoreError::Refused(reason)) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

/// An image of a head and nothing else: of `label`, mapping `files` as they are now, changed by `change` before it is
/// summed up.
pub(crate) fn image(label: &[u8], files: &[&Path], change: impl FnOnce(&mut Header)) -> Vec<u8> {
    let (mut ids, mut paths) = (Vec::new(), Vec::new());
    for path in files {
        let metadata = File::open(path).and_then(|file| file.metadata()).expect("a mapped file");
        ids.push(FileId {
            device: metadata.dev(),
            inode: metadata.ino(),
            len: metadata.len(),
            modified: metadata.mtime(),
            modified_ns: metadata.mtime_nsec(),
            path: paths.len() as u64,
        });
        paths.extend_from_slice(path.as_os_str().as_bytes());
        paths.push(0);
    }
    let place = ADDRESS_START;
    let thread = Thread {
        stack_pointer: place,
        resume: place,
        fs_base: place,
        tid_address: place,
        robust_list: 0,
        robust_list_len: 0,
        rseq: 0,
        signal_stack: [0; 3],
        permitted_state: 0,
        brk: place,
        letter: place,
        actions: [[0; 4]; 64],
    };
    let tables = label.len().next_multiple_of(8) + size_of_val(&ids[..]) + paths.len();
    let mut header = Header {
        magic: MAGIC,
        version: VERSION,
        segments: 0,
        checksum: 0,
        head_len: ((size_of::<Header>() + tables) as u64).next_multiple_of(PAGE),
        image_len: IMAGE_LEN,
        files: ids.len() as u32,
        paths_len: paths.len() as u32,
        ranges: 0,
        label_len: label.len() as u32,
        host: Host::here(),
        vdso: Vdso::default(),
        layout: Layout::default(),
        thread,
    };
    change(&mut header);
    let mut bytes = [bytes_of(&header), label].concat();
    bytes.resize(size_of::<Header>() + label.len().next_multiple_of(8), 0);
    ids.iter().for_each(|id| bytes.extend_from_slice(bytes_of(id)));
    bytes.extend_from_slice(&paths);
    bytes.resize(header.head_len as usize, 0);
    let sum = checksum::of_head(&bytes);
    bytes[CHECKSUM_OFFSET..][..8].copy_from_slice(&sum.to_ne_bytes());
    bytes.resize(IMAGE_LEN as usize, 0);
    bytes
}
