//! `blink keygen` and `blink sign`: both keys or neither; the artifact as it was, or as it was with a signature.

use std::fs;

use crate::kind::Kind;
use crate::support::{Folder, models};
use crate::sweep::Operation;
use crate::trial::Outcome;

/// What is in the folder and is none of `names`.
fn others(folder: &Folder, names: &[&str]) -> Vec<String> {
    folder.names().into_iter().filter(|name| !names.contains(&name.as_str())).collect()
}

#[test]
fn a_signature_over_an_older_one() {
    let folder = models::compiled_one();
    folder.blink("keygen -o first").ok();
    folder.blink("keygen -o second").ok();
    let path = folder.path("one.blink");
    let [old, new] = ["first", "second"].map(|key| {
        folder.blink(&format!("sign one.blink --key {key}")).ok();
        folder.read("one.blink")
    });
    assert!(old != new && old.len() == new.len());
    Operation {
        name: "sign",
        reset: &|| {
            let _ = fs::remove_file(&path);
            fs::write(&path, &old).expect("the folder is ours");
        },
        command: &|| folder.blink("sign one.blink --key second").into_command(),
        holds: &|outcome, when| {
            let found = fs::read(&path).unwrap_or_else(|error| panic!("{error}: {when}"));
            assert!(found == new || (found == old && outcome != Outcome::Success), "{} bytes: {when}", found.len());
        },
        left: &|| others(&folder, &["first", "first.pub", "one.blink", "one.onnx", "second", "second.pub", "x.npy"]),
        in_engine: false,
        before_next: &|| {},
        most: None,
    }
    .sweep(&Kind::ALL);
}

/// The next `keygen` makes keys under these names where this one has failed, and refuses where it has not.
#[test]
fn a_pair_of_keys() {
    let folder = Folder::new();
    let remove = || ["key", "key.pub"].iter().for_each(|name| _ = fs::remove_file(folder.path(name)));
    Operation {
        name: "keygen",
        reset: &remove,
        command: &|| folder.blink("keygen -o key").into_command(),
        holds: &|outcome, when| {
            let names = others(&folder, &[]);
            if names == ["key", "key.pub"] {
                // Both are whole: each has the key's id. An error may follow, where that cannot be told.
                let (secret, public) = (folder.read("key"), folder.read("key.pub"));
                let id = |text: &[u8]| text.split(|&byte| byte == b' ').nth(1).map(<[u8]>::to_vec);
                assert!(id(&secret).is_some() && id(&secret) == id(&public), "{when}");
            } else {
                assert!(
                    outcome != Outcome::Success && (names.is_empty() || outcome == Outcome::Abort),
                    "{names:?}: {when}"
                );
            }
        },
        left: &|| others(&folder, &["key", "key.pub"]),
        in_engine: false,
        before_next: &remove,
        most: None,
    }
    .sweep(&Kind::ALL);
}
