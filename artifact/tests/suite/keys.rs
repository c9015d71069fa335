//! Keys as text and as files: one form, and each way to break it.

use std::fs;
use std::path::Path;

use blink_artifact::signature::{KeyError, KeyFileError, PublicKey, SecretKey};

use crate::support::*;

/// The error of a key's own, without its file.
fn of_key<T: std::fmt::Debug>(read: Result<T, KeyFileError>) -> KeyError {
    match read.unwrap_err() {
        KeyFileError::Key { source, .. } => source,
        other => panic!("expected an error of the key, found {other:?}"),
    }
}

#[test]
fn keys_are_one_line_and_read_back() {
    let key = key();
    assert_eq!(SecretKey::from_text(&key.to_text()).unwrap().to_text(), key.to_text());
    let text = key.public().to_text();
    assert_eq!(&PublicKey::from_text(&text).unwrap(), key.public());
    assert_eq!(PublicKey::from_text(text.trim_end()).unwrap().id(), key.public().id());
    let words: Vec<&str> = text.trim_end().split(' ').collect();
    assert_eq!((words[0], words[1].len(), words[2].len()), ("blink-ed25519-public", 16, 64));
    assert_eq!(words[1], key.public().id().to_string());
}

#[test]
fn the_text_of_a_key_is_promised() {
    // RFC 8032, 7.1, test 1.
    let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let bytes: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&seed[2 * at..2 * at + 2], 16).unwrap()).collect();
    let key = SecretKey::from_seed(&bytes.try_into().unwrap());
    let id = key.public().id();
    assert_eq!(id.to_string(), "2e501fb68b08c77b");
    assert_eq!(key.public().to_text(), format!("blink-ed25519-public {id} {public}\n"));
    assert_eq!(key.to_text(), format!("blink-ed25519-secret {id} {seed}\n"));
}

#[test]
fn a_secret_is_not_shown_by_accident() {
    let key = key();
    let secret = key.to_text().split(' ').nth(2).unwrap().trim_end().to_owned();
    assert!(!format!("{key:?}").contains(&secret));
}

#[test]
fn texts_that_are_no_keys_are_refused_each_in_its_way() {
    let text = key().public().to_text();
    let read = |text: &str| PublicKey::from_text(text);
    for other in ["", "\n", "key", "RWQ minisign", &format!(" {text}"), &text.to_uppercase(), &text.replace(' ', "  ")]
    {
        refused!(read(other), KeyError::NotAKey { .. });
    }
    for more in [format!("{} x\n", text.trim_end()), text.rsplit_once(' ').unwrap().0.to_owned()] {
        refused!(read(&more), KeyError::NotAKey { .. });
    }
    refused!(read(&key().to_text()), KeyError::Kind { found: "blink-ed25519-secret", .. });
    refused!(SecretKey::from_text(&text), KeyError::Kind { found: "blink-ed25519-public", .. });
    let line = text.trim_end();
    refused!(read(&line[..line.len() - 1]), KeyError::Length { what: "key", found: 63, expected: 64 });
    refused!(read(&format!("{line}0")), KeyError::Length { what: "key", found: 65, .. });
    refused!(read(&format!("{line}\n\n")), KeyError::Length { what: "key", .. });
    refused!(read(&line.replacen("public ", "public 0", 1)), KeyError::Length { what: "id", found: 17, expected: 16 });
    refused!(read(&format!("{}G", &line[..line.len() - 1])), KeyError::Digit { what: "key" });
    refused!(read(&format!("{}é", &line[..line.len() - 2])), KeyError::Digit { what: "key" });
}

#[test]
fn a_key_whose_id_does_not_fit_is_refused_at_every_digit() {
    let (public, secret) = (key().public().to_text(), key().to_text());
    for at in public.trim_end().len() - 81..public.trim_end().len() {
        let mut bytes = public.clone().into_bytes();
        if bytes[at] == b' ' {
            continue;
        }
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        // Half of all other digits are no key at all.
        refused!(PublicKey::from_text(str::from_utf8(&bytes).unwrap()), KeyError::Id { .. } | KeyError::NoKey);
        let mut bytes = secret.clone().into_bytes();
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        refused!(SecretKey::from_text(str::from_utf8(&bytes).unwrap()), KeyError::Id { .. });
    }
}

#[test]
fn a_key_that_would_have_signed_anything_is_none() {
    for weak in ["00".repeat(32), format!("01{}", "00".repeat(31))] {
        let text = format!("blink-ed25519-public {} {weak}\n", "0".repeat(16));
        refused!(PublicKey::from_text(&text), KeyError::NoKey);
    }
}

#[test]
fn files_of_keys_are_written_once() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("me");
    let public = key().write(&path).unwrap();
    assert_eq!((public.as_path(), mode(&path)), (home.path().join("me.pub").as_path(), 0o600));
    assert_eq!(SecretKey::read(&path).unwrap().to_text(), key().to_text());
    assert_eq!(&PublicKey::read(&public).unwrap(), key().public());
    let kept = || [&path, &public].map(|path| fs::read(path).unwrap());
    let before = kept();
    refused!(other_key().write(&path), KeyFileError::Exists { path } if path == public);
    assert!(kept() == before);
    // Either of them is enough, and then there is neither more nor less than before.
    fs::remove_file(&public).unwrap();
    refused!(other_key().write(&path), KeyFileError::Exists { path: found } if found == path);
    assert!(!public.exists() && fs::read(&path).unwrap() == before[0]);
    refused!(key().write(&home.path().join("absent/me")), KeyFileError::Write { .. });
}

#[test]
fn a_secret_key_that_others_can_read_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("me");
    let public = key().write(&path).unwrap();
    for refused in [0o640, 0o604, 0o644, 0o620, 0o601, 0o666] {
        set_mode(&path, refused);
        let error = of_key(SecretKey::read(&path));
        assert!(matches!(error, KeyError::Readable { mode } if mode == refused), "{error}");
    }
    set_mode(&path, 0o400);
    SecretKey::read(&path).unwrap();
    set_mode(&public, 0o646);
    assert!(matches!(of_key(PublicKey::read(&public)), KeyError::Writable { mode: 0o646 }));
}

#[test]
fn files_that_are_no_keys_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("key");
    assert!(matches!(of_key(PublicKey::read(&path)), KeyError::Read(_)));
    assert!(matches!(of_key(PublicKey::read(home.path())), KeyError::NotAFile));
    assert!(matches!(of_key(PublicKey::read(Path::new("/dev/null"))), KeyError::NotAFile));
    fs::write(&path, [b'a'; 257]).unwrap();
    assert!(matches!(of_key(PublicKey::read(&path)), KeyError::TooLong { limit: 256 }));
    fs::write(&path, [0xff; 100]).unwrap();
    assert!(matches!(of_key(PublicKey::read(&path)), KeyError::NotAKey { .. }));
}
