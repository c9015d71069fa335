//! [`Key`]: what a snapshot is of. It decides the name of the image, and stands in the image as its label.
//!
//! A label says the same as its key and can be read back: its fields with NUL between them. Paths hold no NUL, numbers
//! and switches neither, and the model's name comes last, so it does not matter what that holds.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Bytes of the hash that an image's name tells, in two digits each.
const HASH_LEN: usize = 16;
/// What an image's name ends with.
const SUFFIX: &str = ".image";

/// What a snapshot is of: everything that can be chosen and that a worker cannot change once it is warm.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The artifact's absolute path, without symbolic links.
    pub artifact: PathBuf,
    /// The worker's program.
    pub program: PathBuf,
    /// ONNX Runtime's library.
    pub library: PathBuf,
    /// Threads of a run.
    pub threads: usize,
    /// Whether weights are packed at the start; `None`: as the compiler recorded.
    pub prepack: Option<bool>,
    /// Whether threads get a core each through the first run.
    pub pin: bool,
    /// The structure hash of the artifact whose own native code the worker may run; `None`: it runs none. So an image of a
    /// worker that has run such code is found by those alone who may run it still.
    pub own_code: Option<[u8; 32]>,
    /// The model's name in the artifact; empty for its only one.
    pub model: String,
}

impl Key {
    /// The label of its images.
    pub fn label(&self) -> Vec<u8> {
        let switch = |on: bool| if on { "1" } else { "0" };
        let threads = self.threads.to_string();
        [
            self.artifact.as_os_str().as_bytes(),
            self.program.as_os_str().as_bytes(),
            self.library.as_os_str().as_bytes(),
            threads.as_bytes(),
            self.prepack.map_or("-", switch).as_bytes(),
            switch(self.pin).as_bytes(),
            self.own_code.map_or_else(|| "-".to_owned(), |hash| digits(&hash)).as_bytes(),
            self.model.as_bytes(),
        ]
        .join(&0)
    }

    /// The key of that label; `None` where no key has it.
    pub fn from_label(label: &[u8]) -> Option<Key> {
        let mut fields = label.splitn(8, |&byte| byte == 0);
        let mut field = || fields.next();
        let path = |bytes: &[u8]| PathBuf::from(OsStr::from_bytes(bytes));
        let key = Key {
            artifact: path(field()?),
            program: path(field()?),
            library: path(field()?),
            threads: str::from_utf8(field()?).ok()?.parse().ok()?,
            prepack: match field()? {
                b"-" => None,
                switch => Some(switch == b"1"),
            },
            pin: field()? == b"1",
            own_code: match field()? {
                b"-" => None,
                hash => Some(read_digits(hash)?),
            },
            model: String::from_utf8(field()?.to_vec()).ok()?,
        };
        // Each key has one way to be written.
        (key.artifact.is_absolute() && key.label() == label).then_some(key)
    }

    /// The file name of its image. It tells that own code may be run and not which: an artifact that takes another's
    /// place has the same, so its image takes the place of the other's.
    pub fn file_name(&self) -> String {
        let named = Key { own_code: self.own_code.map(|_| [0; 32]), ..self.clone() };
        digits(&blake3::hash(&named.label()).as_bytes()[..HASH_LEN]) + SUFFIX
    }
}

/// Two digits for each byte.
fn digits(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// The hash that these are the digits of.
fn read_digits(digits: &[u8]) -> Option<[u8; 32]> {
    blake3::Hash::from_hex(digits).ok().map(|hash| *hash.as_bytes())
}

/// Whether some key has that file name. Files of other names are not ours.
pub(super) fn is_file_name(name: &[u8]) -> bool {
    name.strip_suffix(SUFFIX.as_bytes()).is_some_and(|digits| {
        digits.len() == 2 * HASH_LEN && digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key {
            artifact: "/models/resnet 50.blink".into(),
            program: "/bin/blink".into(),
            library: "/lib/onnxruntime.so".into(),
            threads: 2,
            prepack: Some(true),
            pin: true,
            own_code: None,
            model: "resnet50".into(),
        }
    }

    #[test]
    fn a_label_says_what_its_key_says() {
        let label = b"/models/resnet 50.blink\0/bin/blink\0/lib/onnxruntime.so\x002\x001\x001\0-\0resnet50";
        assert_eq!(key().label(), label);
        let odd = PathBuf::from(OsStr::from_bytes(b"/\xff\n"));
        for key in [
            key(),
            Key { model: String::new(), prepack: Some(false), ..key() },
            Key { own_code: Some([0x5a; 32]), ..key() },
            Key { model: "a\0b\0".into(), threads: usize::MAX, pin: false, ..key() },
            Key { artifact: odd.clone(), library: odd, threads: 0, prepack: None, ..key() },
        ] {
            assert_eq!(Key::from_label(&key.label()), Some(key.clone()));
            assert!(is_file_name(key.file_name().as_bytes()));
        }
    }

    #[test]
    fn keys_that_differ_have_other_names() {
        let others = [
            key(),
            Key { artifact: "/models/resnet 5".into(), ..key() },
            Key { model: "resnet5".into(), ..key() },
            Key { threads: 22, ..key() },
            Key { prepack: Some(false), ..key() },
            Key { prepack: None, ..key() },
            Key { pin: false, ..key() },
            Key { own_code: Some([1; 32]), ..key() },
            Key { program: "/bin/blink2".into(), ..key() },
            Key { library: "/lib/other.so".into(), ..key() },
        ];
        let names: std::collections::BTreeSet<_> = others.iter().map(Key::file_name).collect();
        assert_eq!(names.len(), others.len());
        assert_eq!(key().file_name(), key().file_name());
        let own_code = |byte| Key { own_code: Some([byte; 32]), ..key() };
        assert_eq!(own_code(1).file_name(), own_code(2).file_name(), "the image of one takes the other's place");
        assert_ne!(own_code(1).label(), own_code(2).label());
    }

    #[test]
    fn a_label_that_no_key_has_is_not_read() {
        let labels: [&[u8]; 11] = [
            b"",
            b"test",
            b"/a\0/b\0/c\x002\x001\x001\0-",
            b"a\0/b\0/c\x002\x001\x001\0-\0m",
            b"/a\0/b\0/c\x00+2\x001\x001\0-\0m",
            b"/a\0/b\0/c\x0002\x001\x001\0-\0m",
            b"/a\0/b\0/c\x002\x003\x001\0-\0m",
            b"/a\0/b\0/c\x002\x001\x001\0-\0\xff",
            b"/a\0/b\0/c\x002\x001\x001\0\0m",
            b"/a\0/b\0/c\x002\x001\x001\x000f\0m",
            b"/a\0/b\0/c\x002\x001\x001\0m",
        ];
        for label in labels {
            assert_eq!(Key::from_label(label), None, "{}", label.escape_ascii());
        }
    }

    #[test]
    fn only_names_of_our_own_form_are_images() {
        for name in [
            "0123456789abcdef0123456789abcde.image",
            "0123456789abcdef0123456789abcdef0.image",
            "0123456789ABCDEF0123456789abcdef.image",
            "0123456789abcdef0123456789abcdef",
            "photo.image",
            ".image",
            "",
        ] {
            assert!(!is_file_name(name.as_bytes()), "{name}");
        }
    }
}
