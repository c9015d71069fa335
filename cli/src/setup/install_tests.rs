//! Installing from wheels and libraries that are right, wrong, cut short and hostile.

use super::super::fixtures::{MEMBER, library, pin, wheel};
use super::super::table::Pinned;
use super::*;

struct Place {
    directory: tempfile::TempDir,
    target: PathBuf,
}

impl Place {
    fn new() -> Place {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("libonnxruntime.so");
        Place { directory, target }
    }

    fn install(&self, bytes: &[u8], pinned: &'static Pinned, accept: Accept) -> Result<String, InstallError> {
        let source = self.directory.path().join("source");
        fs::write(&source, bytes).unwrap();
        let staging = tempfile::tempdir_in(&self.directory).unwrap();
        install(&source, (&pinned.wheel, pinned.library()), accept, staging.path(), &self.target)
    }
}

#[test]
fn wheel_and_library_install_the_same_bytes_read_only_and_stamped() {
    let library = library();
    let pinned = pin(&library);
    for source in [wheel(MEMBER, &library), library.clone()] {
        let place = Place::new();
        let found = place.install(&source, pinned, Accept::Pinned).unwrap();
        assert_eq!(found, pinned.library().sha256);
        assert_eq!(fs::read(&place.target).unwrap(), library);
        assert_eq!(fs::metadata(&place.target).unwrap().permissions().mode() & 0o777, 0o444);
        assert_eq!(read_stamp(&place.target).as_deref(), Some(pinned.library().sha256));
        assert_eq!(hash_file(&place.target).unwrap(), found);
    }
}

#[test]
fn another_library_is_refused_and_leaves_what_stands_alone() {
    let library = library();
    let pinned = pin(&library);
    let place = Place::new();
    place.install(&library, pinned, Accept::Pinned).unwrap();
    let mut other = library.clone();
    *other.last_mut().unwrap() ^= 1;
    for source in [other.clone(), wheel(MEMBER, &other)] {
        let refused = place.install(&source, pinned, Accept::Pinned);
        let Err(InstallError::WrongHash { expected, found, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!((expected, found), (pinned.library().sha256, hex(&Sha256::digest(&other))));
        assert_eq!(fs::read(&place.target).unwrap(), library);
        assert_eq!(read_stamp(&place.target).as_deref(), Some(pinned.library().sha256));
    }
}

#[test]
fn another_library_is_taken_where_any_is_and_stamped_as_itself() {
    let library = library();
    let other = [&library[..], b"more"].concat();
    for source in [other.clone(), wheel(MEMBER, &other)] {
        let place = Place::new();
        let found = place.install(&source, pin(&library), Accept::Any).unwrap();
        assert_eq!(found, hex(&Sha256::digest(&other)));
        assert_eq!(read_stamp(&place.target), Some(found));
    }
}

#[test]
fn a_wheel_is_never_unpacked_beyond_the_pinned_size() {
    let library = library();
    let bomb = wheel(MEMBER, &vec![0; 20 << 20]);
    let refused = Place::new().install(&bomb, pin(&library), Accept::Pinned);
    assert!(matches!(refused, Err(InstallError::TooLarge { most, .. }) if most == library.len() as u64), "{refused:?}");
}

#[test]
fn every_cut_and_any_flipped_byte_of_a_wheel_is_refused() {
    let library = library();
    let pinned = pin(&library);
    let whole = wheel(MEMBER, &library);
    for cut in (4..whole.len()).step_by(whole.len() / 23) {
        let refused = Place::new().install(&whole[..cut], pinned, Accept::Pinned);
        assert!(matches!(refused, Err(InstallError::CorruptWheel { .. })), "cut at {cut}: {refused:?}");
    }
    for at in (4..whole.len()).step_by(whole.len() / 101) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x40;
        let place = Place::new();
        // A flip in a field that is not used changes nothing; what must never happen is another library in place.
        if place.install(&flipped, pinned, Accept::Pinned).is_ok() {
            assert_eq!(fs::read(&place.target).unwrap(), library, "flip at {at}");
        } else {
            assert!(!place.target.exists(), "flip at {at}");
        }
    }
}

#[test]
fn files_of_other_kinds_are_told_apart() {
    let library = library();
    let pinned = pin(&library);
    for other in [&b"#!/bin/sh\n"[..], b"", b"PK"] {
        let refused = Place::new().install(other, pinned, Accept::Any);
        assert!(matches!(refused, Err(InstallError::UnknownKind { .. })), "{refused:?}");
    }
    let empty_handed = Place::new().install(&wheel("onnxruntime/other.so", &library), pinned, Accept::Any);
    assert!(matches!(empty_handed, Err(InstallError::NotInWheel { .. })), "{empty_handed:?}");
    let place = Place::new();
    let absent =
        install(&place.target, (&pinned.wheel, pinned.library()), Accept::Any, place.directory.path(), &place.target);
    assert!(matches!(absent, Err(InstallError::Read { .. })), "{absent:?}");
}
