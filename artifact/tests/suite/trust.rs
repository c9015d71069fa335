//! Directories of trusted keys: read whole or not at all, and what they admit.

use std::fs;
use std::path::Path;

use blink_artifact::signature::{AdmitError, KeyError, KeyFileError, SignatureError, TrustError, TrustStore};
use blink_artifact::{Artifact, OpenError};

use crate::support::*;

/// A trust directory with both keys.
fn both(home: &Path) -> TrustStore {
    let directory = home.join("trust");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("me.pub"), key().public().to_text()).unwrap();
    fs::write(directory.join("you.pub"), other_key().public().to_text()).unwrap();
    fs::write(directory.join(".hidden"), "not looked at").unwrap();
    TrustStore::read(&directory).unwrap()
}

#[test]
fn what_a_trusted_key_has_signed_is_admitted() {
    let home = tempfile::tempdir().unwrap();
    let store = both(home.path());
    assert!(store.keys().eq([key().public().id(), other_key().public().id()]));
    let artifact = Artifact::open(signed(home.path())).unwrap();
    let vouched = store.admit(&artifact).unwrap();
    assert_eq!(vouched.key(), key().public().id());
    assert!(vouched.is_of(&artifact) && !vouched.is_of(&Image::with_guest().open().unwrap()));
}

#[test]
fn all_else_is_refused_by_its_own_words() {
    let home = tempfile::tempdir().unwrap();
    let store = both(home.path());
    let path = home.path().join("a.blink");
    unsigned(&path);
    refused!(store.admit(&Artifact::open(&path).unwrap()), AdmitError::Signature(SignatureError::Unsigned));
    fs::remove_file(home.path().join("trust/me.pub")).unwrap();
    let (store, found) = (TrustStore::read(&home.path().join("trust")).unwrap(), key().public().id());
    let path = signed(home.path());
    let refused = store.admit(&Artifact::open(&path).unwrap());
    refused!(refused, AdmitError::Signature(SignatureError::NotTrusted { found: id }) if id == found);
}

#[test]
fn every_bit_of_the_signature_block_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let store = both(home.path());
    let whole = Image(fs::read(signed(home.path())).unwrap());
    for bit in 128 * 8..256 * 8 {
        let mut image = whole.clone();
        image.0[bit / 8] ^= 1 << (bit % 8);
        let Ok(artifact) = image.open() else { continue };
        let error = store.admit(&artifact).expect_err(&format!("bit {bit} was admitted"));
        let own = match bit / 8 {
            136..144 => matches!(error, AdmitError::Signature(SignatureError::NotTrusted { .. })),
            144..208 => matches!(error, AdmitError::Signature(SignatureError::Wrong { .. })),
            _ => false,
        };
        assert!(own, "bit {bit} was refused with {error:?}");
    }
}

#[test]
fn a_damaged_section_is_not_admitted_though_the_signature_holds() {
    let home = tempfile::tempdir().unwrap();
    let store = both(home.path());
    let mut image = Image(fs::read(signed(home.path())).unwrap());
    let weights = image.open().unwrap().sections().last().unwrap().offset as usize;
    image.0[weights] ^= 1;
    let artifact = image.open().unwrap();
    assert_eq!(artifact.verify_signature(key().public()), Ok(()));
    refused!(store.admit(&artifact), AdmitError::Damaged(OpenError::SectionHash { .. }));
}

#[test]
fn a_directory_that_is_missing_empty_or_open_to_everybody_is_none() {
    let home = tempfile::tempdir().unwrap();
    refused!(TrustStore::read(&home.path().join("absent")), TrustError::Read { .. });
    refused!(TrustStore::read(home.path()), TrustError::Empty { .. });
    let directory = home.path().join("trust");
    both(home.path());
    set_mode(&directory, 0o777);
    refused!(TrustStore::read(&directory), TrustError::Writable { mode: 0o777, .. });
    set_mode(&directory, 0o755);
    TrustStore::read(&directory).unwrap();
    refused!(TrustStore::read(&directory.join("me.pub")), TrustError::Read { .. });
}

#[test]
fn nothing_in_a_directory_is_passed_over() {
    let home = tempfile::tempdir().unwrap();
    both(home.path());
    let directory = home.path().join("trust");
    let with = |name: &str, text: &str| {
        let path = directory.join(name);
        fs::write(&path, text).unwrap();
        let read = TrustStore::read(&directory);
        fs::remove_file(path).unwrap();
        read
    };
    refused!(with("README", "keys"), TrustError::Stray { .. });
    refused!(with("key", &key().to_text()), TrustError::Stray { .. });
    let broken = |read| match read {
        Err(TrustError::Key(KeyFileError::Key { source, .. })) => source,
        other => panic!("expected a broken key, found {other:?}"),
    };
    assert!(matches!(broken(with("a.pub", "")), KeyError::NotAKey { .. }));
    assert!(matches!(broken(with("a.pub", &key().to_text())), KeyError::Kind { .. }));
    let cut = key().public().to_text();
    assert!(matches!(broken(with("a.pub", &cut[..60])), KeyError::Length { .. }));
    fs::create_dir(directory.join("b.pub")).unwrap();
    assert!(matches!(broken(TrustStore::read(&directory)), KeyError::NotAFile));
    fs::remove_dir(directory.join("b.pub")).unwrap();
    set_mode(&directory.join("me.pub"), 0o666);
    assert!(matches!(broken(TrustStore::read(&directory)), KeyError::Writable { mode: 0o666 }));
}
