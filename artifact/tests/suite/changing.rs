//! Files that change while they are open: whoever reads gets an error or what was checked, and lives.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use blink_artifact::signature::{SecretKey, SignError, sign};
use blink_artifact::{Artifact, OpenError};

use crate::support::*;

/// A file of these bytes that can be written to.
fn file(image: &Image) -> (tempfile::NamedTempFile, Arc<File>) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&image.0).unwrap();
    let open = Arc::new(file.reopen().unwrap());
    (file, open)
}

/// Every rule holds both ways: what `open` refuses, `read` refuses with the same words.
#[test]
fn reading_refuses_what_mapping_refuses() {
    for image in Image::samples() {
        for bit in (0..image.0.len() * 8).step_by(61) {
            let mut flipped = image.clone();
            flipped.0[bit / 8] ^= 1 << (bit % 8);
            let (_name, open) = file(&flipped);
            let words = |artifact: Result<Artifact, OpenError>| {
                let parts = |artifact: Artifact| -> Result<(), OpenError> {
                    artifact.guest()?;
                    artifact.native_code()?;
                    artifact.verify(|_| ())
                };
                artifact.and_then(parts).map_err(|error| error.to_string())
            };
            let mapped = words(Artifact::from_file(&open, "a"));
            assert_eq!(mapped, words(Artifact::read_from(open, "a")), "bit {bit}");
            assert!(mapped.is_err() || bit / 8 >= 128 && bit / 8 < 256, "bit {bit}");
        }
    }
}

#[test]
fn what_is_read_is_what_is_mapped() {
    for image in Image::samples() {
        let (_name, open) = file(&image);
        let (mapped, read) = (Artifact::from_file(&open, "a").unwrap(), Artifact::read_from(open, "a").unwrap());
        assert_eq!((mapped.header(), mapped.sections()), (read.header(), read.sections()));
        assert_eq!((mapped.manifest(), mapped.file_id()), (read.manifest(), read.file_id()));
        assert_eq!(mapped.guest().unwrap(), read.guest().unwrap());
        assert_eq!(mapped.native_code().unwrap(), read.native_code().unwrap());
        for model in 0..mapped.header().models {
            assert_eq!(mapped.golden(model).unwrap(), read.golden(model).unwrap());
            assert_eq!(mapped.graph_and_weights(model), read.graph_and_weights(model));
        }
    }
}

/// Cut to every page: before it is opened, and between the opening and the check.
#[test]
fn a_file_that_is_cut_is_an_error_and_not_the_end() {
    for image in Image::samples() {
        let last = image.0.len() / 4096 * 4096;
        for len in (0..last).step_by(4096) {
            let (_name, open) = file(&image);
            let artifact = Artifact::read_from(Arc::clone(&open), "a").unwrap();
            open.set_len(len as u64).unwrap();
            let expected = image.0.len() as u64;
            refused!(artifact.verify(|_| ()), OpenError::Cut { expected: e, found } if (e, found) == (expected, len as u64));
            // What lies before the cut is still what it was; nothing else is given.
            match artifact.guest() {
                Ok(guest) => assert!(guest.is_none() || image.range(4).end <= len, "{len}"),
                Err(error) => assert!(matches!(error, OpenError::Cut { .. }), "{error}"),
            }
        }
    }
}

#[test]
fn a_file_that_is_written_to_is_found_by_the_level_that_looks_there() {
    for image in Image::samples() {
        for section in 0..image.sections() {
            let (_name, open) = file(&image);
            let artifact = Artifact::read_from(Arc::clone(&open), "a").unwrap();
            let at = image.range(section).start;
            open.write_all_at(&[image.0[at] ^ 1], at as u64).unwrap();
            refused!(artifact.verify(|_| ()), OpenError::SectionHash { .. });
        }
    }
}

#[test]
fn a_file_that_is_cut_is_not_signed() {
    let image = Image::with_guest();
    let (name, open) = file(&image);
    let key = SecretKey::generate().unwrap();
    let mut is_cut = false;
    let cut = |_| {
        if !std::mem::replace(&mut is_cut, true) {
            open.set_len(4096).unwrap();
        }
    };
    match sign(name.path(), &key, cut) {
        Err(SignError::Open { source: OpenError::Cut { .. }, .. }) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(open.metadata().unwrap().len(), 4096, "it was replaced");
}
