//! Every rule on an image's head, broken on purpose: the head says something else, and its sum is right.

use blink_restorer::image::{
    ADDRESS_END, ADDRESS_START, ANONYMOUS, DATA_OFFSET, EXECUTE, FIRST_FILE, IMAGE, MAX_FILES, PAGE, SHARED, Segment,
    WRITE,
};

use crate::fallback::{falls_back, is_used};
use crate::head::{Head, put, sum};
use crate::here::{restored, warmed_one};

/// What is broken, the name of the reason, and how.
type Rule = (&'static str, &'static str, fn(&mut Head));

/// What the image was made on.
const HOST: [Rule; 7] = [
    ("release of the kernel", "kernel", |head| head.header.host.kernel_release[0] ^= 1),
    ("build of the kernel", "kernel", |head| head.header.host.kernel_version[71] ^= 1),
    ("family of the processor", "cpu", |head| head.header.host.cpu[1][0] ^= 1 << 8),
    ("state that the kernel saves", "cpu", |head| head.header.host.saved_state ^= 1 << 2),
    ("sum of the vDSO", "vdso", |head| head.header.vdso.checksum ^= 1),
    ("length of the vDSO", "vdso", |head| head.header.vdso.mappings[0][1] -= PAGE),
    ("no vDSO", "vdso", |head| head.header.vdso.mappings[0][1] = 0),
];

/// What it is.
const FORM: [Rule; 6] = [
    ("magic", "damaged", |head| head.header.magic[0] ^= 1),
    ("version", "format", |head| head.header.version += 1),
    ("length of the image", "damaged", |head| head.header.image_len += PAGE),
    ("length of the head", "damaged", |head| head.header.head_len = DATA_OFFSET + PAGE),
    ("no length of the head", "damaged", |head| head.header.head_len = 0),
    ("label", "other-key", |head| head.label[1] ^= 1),
];

/// How many there are of everything.
const COUNTS: [Rule; 4] = [
    ("segments", "damaged", |head| head.header.segments = u32::MAX),
    ("files", "damaged", |head| head.header.files = MAX_FILES as u32 + 1),
    ("ranges", "damaged", |head| head.header.ranges = u32::MAX),
    ("paths", "damaged", |head| head.header.paths_len = u32::MAX),
];

/// What may be mapped where.
const SEGMENTS: [Rule; 14] = [
    ("executable pages of the image", "damaged", |head| of_image(head).flags |= EXECUTE),
    ("shared pages of the image", "damaged", |head| of_image(head).flags |= SHARED),
    ("pages of the image before its pages", "damaged", |head| of_image(head).offset = DATA_OFFSET - PAGE),
    ("pages behind the image", "damaged", |head| of_image(head).offset = head.header.image_len),
    ("pages far behind the image", "damaged", |head| of_image(head).offset = u64::MAX - PAGE + 1),
    ("an offset that is no page's", "damaged", |head| of_image(head).offset += 8),
    ("executable zeros", "damaged", |head| of(head, ANONYMOUS).flags |= EXECUTE),
    ("shared zeros", "damaged", |head| of(head, ANONYMOUS).flags |= SHARED),
    ("a file that is none", "damaged", |head| of(head, ANONYMOUS).source = FIRST_FILE + head.files.len() as u32),
    ("a file shared for writing", "damaged", |head| of(head, FIRST_FILE).flags |= SHARED | WRITE),
    ("an address that is no page's", "damaged", |head| of(head, ANONYMOUS).start += 8),
    ("an address of the restorer's", "damaged", |head| of(head, ANONYMOUS).start = ADDRESS_START - PAGE),
    ("an address of the kernel's", "damaged", |head| of(head, ANONYMOUS).start = ADDRESS_END),
    ("no length", "damaged", |head| of(head, ANONYMOUS).len = 0),
];

/// Where the thread is.
const THREAD: [Rule; 6] = [
    ("letter", "damaged", |head| head.header.thread.letter = 0),
    ("stack", "damaged", |head| head.header.thread.stack_pointer = ADDRESS_END),
    ("resume", "damaged", |head| head.header.thread.resume = ADDRESS_START - 1),
    ("thread pointer", "damaged", |head| head.header.thread.fs_base = u64::MAX),
    ("place of the thread's id", "damaged", |head| head.header.thread.tid_address = 1),
    ("vDSO", "damaged", |head| head.header.vdso.mappings[1][0] = ADDRESS_START - PAGE),
];

/// Which files are mapped.
const FILES: [Rule; 8] = [
    ("device of a file", "file-changed", |head| head.files[0].device ^= 1),
    ("inode of a file", "file-changed", |head| head.files[0].inode ^= 1),
    ("length of a file", "file-changed", |head| head.files[0].len += 1),
    ("time of a file", "file-changed", |head| head.files[0].modified -= 1),
    ("nanoseconds of a file", "file-changed", |head| head.files[0].modified_ns ^= 1),
    ("path of a file", "unreadable", |head| head.paths[1] ^= 1),
    ("a path outside the paths", "damaged", |head| head.files[0].path = u64::MAX),
    ("a path without an end", "damaged", |head| *head.paths.last_mut().expect("a path") = b'x'),
];

/// Which parts of them are read ahead.
const RANGES: [Rule; 5] = [
    ("a part of nothing", "damaged", |head| head.ranges[0].source = u64::from(ANONYMOUS)),
    ("a part of a file that is none", "damaged", |head| head.ranges[0].source = u64::MAX),
    ("a part behind the image", "damaged", |head| head.ranges[0].offset = head.header.image_len),
    ("a part that begins nowhere", "damaged", |head| head.ranges[0].offset = u64::MAX - PAGE + 1),
    ("a part without an end", "damaged", |head| head.ranges[0].len = u64::MAX - PAGE + 1),
];

/// The first segment of this source.
fn of(head: &mut Head, source: u32) -> &mut Segment {
    head.segments.iter_mut().find(|segment| segment.source == source).expect("there is one")
}

fn of_image(head: &mut Head) -> &mut Segment {
    of(head, IMAGE)
}

/// Breaks each of `rules` in an image of its own.
fn each_is_seen(rules: &[Rule]) {
    let (home, warmed) = warmed_one();
    let (launcher, whole) = (home.launcher(), std::fs::read(&warmed.path).expect("the image"));
    for (what, name, break_it) in rules {
        let (mut image, mut head) = (whole.clone(), Head::read(&whole));
        break_it(&mut head);
        head.write(&mut image);
        assert!(image != whole, "{what}");
        put(&warmed.path, &image);
        falls_back(&home, &launcher, name, what);
        assert!(std::fs::read(&warmed.path).is_ok_and(|found| found == image), "{what}: the image is another one");
    }
    put(&warmed.path, &whole);
    restored(&home);
    is_used(home.blink("run one.blink --input x.npy"));
}

#[test]
fn of_the_host() {
    each_is_seen(&HOST);
}

#[test]
fn of_every_leaf_of_the_processor() {
    let (home, warmed) = warmed_one();
    let (launcher, whole) = (home.launcher(), std::fs::read(&warmed.path).expect("the image"));
    for leaf in 0..Head::read(&whole).header.host.cpu.len() {
        let (mut image, mut head) = (whole.clone(), Head::read(&whole));
        head.header.host.cpu[leaf][3] ^= 1 << 4;
        head.write(&mut image);
        put(&warmed.path, &image);
        falls_back(&home, &launcher, "cpu", &format!("leaf {leaf} of the processor"));
    }
}

#[test]
fn of_the_form() {
    each_is_seen(&FORM);
}

#[test]
fn of_the_counts() {
    each_is_seen(&COUNTS);
}

#[test]
fn of_the_segments() {
    each_is_seen(&SEGMENTS);
}

#[test]
fn of_the_thread() {
    each_is_seen(&THREAD);
}

#[test]
fn of_the_files() {
    each_is_seen(&FILES);
}

#[test]
fn of_the_parts_that_are_read_ahead() {
    each_is_seen(&RANGES);
}

#[test]
fn of_the_sum() {
    let (home, warmed) = warmed_one();
    let (launcher, whole) = (home.launcher(), std::fs::read(&warmed.path).expect("the image"));
    let last = Head::read(&whole).header.head_len as usize - 1;
    for at in [last, 16, size_of::<blink_restorer::image::Header>() + 400] {
        let mut image = whole.clone();
        image[at] ^= 0x80;
        put(&warmed.path, &image);
        falls_back(&home, &launcher, "damaged", &format!("byte {at}"));
        // With its own sum the last byte is good again: zeros behind everything that is told.
        if at == last {
            sum(&mut image);
            put(&warmed.path, &image);
            restored(&home);
        }
    }
}

#[test]
fn of_the_length() {
    let (home, warmed) = warmed_one();
    let (launcher, whole) = (home.launcher(), std::fs::read(&warmed.path).expect("the image"));
    let head_len = Head::read(&whole).header.head_len as usize;
    let lengths = [
        0,
        1,
        8,
        100,
        4096,
        head_len,
        DATA_OFFSET as usize - 1,
        DATA_OFFSET as usize,
        whole.len() / 2,
        whole.len() - 1,
    ];
    for len in lengths {
        put(&warmed.path, &whole[..len]);
        falls_back(&home, &launcher, "damaged", &format!("{len} bytes"));
    }
    put(&warmed.path, &[&whole[..], &[0; 4096]].concat());
    falls_back(&home, &launcher, "damaged", "a page more");
    put(&warmed.path, &vec![0; whole.len()]);
    falls_back(&home, &launcher, "damaged", "zeros");
}
