//! Native code is run where it was made for exactly this engine and host, and is what was written; else it is not.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use std::sync::Arc;

use blink_artifact::{Artifact, Manifest, SectionKind};
use blink_runtime::{GuestError, link_guest};

use super::native::trusted;
use super::programs::{answer, compile, compiled, module};
use super::support::home::Home;
use super::support::models::one;
use super::support::{Folder, forged};

/// `guest.blink` again as `other.blink`, with another manifest.
fn rewrite(folder: &Folder, change: impl FnOnce(&mut Manifest)) {
    forged::rewrite(&folder.path("guest.blink"), &folder.path("other.blink"), None, change);
}

/// Links the guest of an artifact of `folder`, which a trusted key has signed, without a cache.
fn linked(folder: &Folder, name: &str) -> Result<(), GuestError> {
    let artifact = Arc::new(Artifact::open(folder.path(name)).expect("it opens"));
    link_guest(&artifact, Some(&artifact.header().structure_hash), None).map(drop)
}

#[test]
fn code_of_an_older_patch_level_is_compiled_again_once_and_that_is_said() {
    let home = Home::of(compiled(&module("", "nop")));
    rewrite(&home.folder, |manifest| {
        manifest.guest.as_mut().and_then(|guest| guest.code.as_mut()).expect("code").wasmtime = "48.0.7".into();
    });
    let first = home.blink("run other.blink --start normal").ok();
    assert_eq!(first.stdout, answer());
    assert!(first.stderr.contains("48.0.7") && first.stderr.contains("compiled for this host"), "{}", first.stderr);
    let second = home.blink("run other.blink --start normal").ok().quiet();
    assert_eq!(second.stdout, answer());

    let codes: Vec<_> =
        fs::read_dir(home.folder.path("cache/guests")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [code] = &codes[..] else { panic!("{codes:?}") };
    fs::set_permissions(code, fs::Permissions::from_mode(0o666)).unwrap();
    let refused = home.blink("run other.blink --start normal").run();
    assert!(!refused.succeeded() && refused.stdout.is_empty(), "code that others could have written is not run");
}

#[test]
fn code_of_other_settings_is_not_run() {
    // What the code says of itself is asked too: `runtime/guest/tests/nn/foreign.rs`.
    let folder = compiled(&module("", "nop"));
    rewrite(&folder, |manifest| {
        manifest.guest.as_mut().and_then(|guest| guest.code.as_mut()).expect("code").settings = "0".repeat(16);
    });
    let error = linked(&folder, "other.blink").expect_err("an error");
    assert!(error.wants_code() && error.to_string().contains("0000000000000000"), "{error}");
}

#[test]
fn code_is_linked_once_in_each_mapping() {
    let folder = compiled(&module("", "nop"));
    let artifact = Arc::new(Artifact::open(folder.path("guest.blink")).expect("an artifact"));
    let signed = &artifact.header().structure_hash;
    let first = link_guest(&artifact, Some(signed), None).expect("a guest");
    let twice = link_guest(&artifact, Some(signed), None).err().expect("an error");
    assert!(twice.to_string().contains("already"), "{twice}");
    let other = Arc::new(Artifact::open(folder.path("guest.blink")).expect("an artifact"));
    assert!(link_guest(&other, Some(signed), None).is_ok());
    drop(first);
    assert!(link_guest(&artifact, Some(signed), None).is_ok());
}

#[test]
fn a_flipped_bit_in_what_is_run_is_refused_at_the_start() {
    let home = Home::of(compiled(&module("", "nop")));
    trusted(&home);
    home.blink("sign guest.blink --key me").ok();
    let artifact = Artifact::open(home.folder.path("guest.blink")).expect("an artifact");
    for (kind, word) in [(SectionKind::Code, "code"), (SectionKind::Guest, "guest")] {
        let section = artifact.sections().iter().find(|section| section.kind == kind).expect("a section");
        for at in [section.offset, section.offset + section.len / 2, section.end() - 1] {
            let mut bytes = home.folder.read("guest.blink");
            bytes[at as usize] ^= 1;
            home.folder.write("flipped.blink", bytes);
            home.blink("verify flipped.blink").refused(5).names(&[word]);
            let run = home.blink("run flipped.blink --start normal --trust trust").run();
            match kind {
                SectionKind::Code => {
                    run.refused(5).names(&["code", "hash"]);
                    assert!(matches!(linked(&home.folder, "flipped.blink"), Err(GuestError::Damaged { .. })));
                }
                // It is not what is run.
                _ => assert_eq!(run.ok().stdout, answer()),
            }
            // Where the code is nobody's that is trusted, it is the other way round.
            let run = home.blink("run flipped.blink --start normal").run();
            match kind {
                SectionKind::Code => assert_eq!(run.ok().stdout, answer()),
                _ => {
                    let ended = run.failed(5);
                    assert!(ended.stderr.contains("guest") && ended.stderr.contains("hash"), "{}", ended.stderr);
                }
            }
            // There is one where something was compiled.
            let _ = fs::remove_dir_all(home.folder.path("cache"));
        }
    }
}

#[test]
fn a_swapped_or_cut_guest_is_refused() {
    let home = Home::of(compiled(&module("", "nop")));
    let folder = &home.folder;
    trusted(&home);
    home.blink("sign guest.blink --key me").ok();
    let first = folder.read("guest.blink");
    compile(folder, &module("", "(call $proc_exit (i32.const 5))")).ok();
    let second = folder.read("guest.blink");
    let artifact = Artifact::open(folder.path("guest.blink")).expect("an artifact");
    let code = *artifact.sections().iter().find(|section| section.kind == SectionKind::Code).expect("code");
    // One artifact with the other's code.
    let mut swapped = first.clone();
    let end = (code.end() as usize).min(first.len());
    swapped[code.offset as usize..end].copy_from_slice(&second[code.offset as usize..end]);
    folder.write("swapped.blink", &swapped);
    home.blink("run swapped.blink --start normal --trust trust").refused(5);
    for len in [first.len() - 4096, code.offset as usize, code.offset as usize + 4096] {
        folder.write("cut.blink", &first[..len.min(first.len() - 1)]);
        home.blink("run cut.blink --start normal").refused(5);
    }
}

#[test]
fn what_is_no_program_is_not_compiled() {
    let folder = Folder::new();
    folder.model("one.onnx", &one());
    for (bytes, word) in [
        (b"this is no program".to_vec(), "WebAssembly"),
        (b"(module)".to_vec(), "text"),
        (wat::parse_str("(module)").unwrap(), "_start"),
        (wat::parse_str(r#"(module (import "env" "f" (func)) (func (export "_start")))"#).unwrap(), "env"),
    ] {
        compile(&folder, &bytes).refused(7).names(&[word]);
        assert!(!folder.path("guest.blink").exists());
    }
}
