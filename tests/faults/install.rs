//! `blink setup` from a wheel over an older library: it is the old one or the new one, and its stamp never vouches for
//! another.

use std::fs;
use std::io::{Cursor, Write};

use blink_runtime::library::{CACHE_VARIABLE, FILE_NAME, LIBRARY_VARIABLE, ORT_VERSION};
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;

use crate::kind::Kind;
use crate::support::Folder;
use crate::sweep::Operation;
use crate::trial::Outcome;

/// Starts as a shared library does. `blink setup` loads nothing.
fn library(seed: u32) -> Vec<u8> {
    let noise = (0..1_500_000u32).map(|n| (n.wrapping_add(seed).wrapping_mul(2_654_435_761) >> 24) as u8);
    b"\x7fELF".iter().copied().chain(noise).collect()
}

fn wheel(library: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let name = format!("onnxruntime/capi/libonnxruntime.so.{ORT_VERSION}");
    writer.start_file(name, SimpleFileOptions::default()).expect("a member");
    writer.write_all(library).expect("room");
    writer.finish().expect("a wheel").into_inner()
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sweep(name: &'static str, source: &str) {
    let folder = Folder::new();
    let (old, new) = (library(1), library(2));
    folder.write("old.so", &old);
    folder.write("new.so", &new);
    folder.write("new.whl", wheel(&new));
    let setup = |source: &str| {
        let blink = folder.blink(&format!("setup --from {source} --allow-unverified"));
        blink.env(CACHE_VARIABLE, folder.path("cache")).without(LIBRARY_VARIABLE)
    };
    setup("old.so").ok();
    let place = folder.path("cache").join("onnxruntime").join(ORT_VERSION);
    let names = || -> Vec<String> {
        let entries = fs::read_dir(&place).expect("the cache");
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
    };
    let (target, stamp) = (place.join(FILE_NAME), place.join(format!("{FILE_NAME}.sha256")));
    let old_stamp = fs::read(&stamp).expect("a stamp");
    Operation {
        name,
        reset: &|| {
            [&target, &stamp].into_iter().for_each(|path| _ = fs::remove_file(path));
            fs::write(&target, &old).expect("the cache is ours");
            fs::write(&stamp, &old_stamp).expect("the cache is ours");
        },
        command: &|| setup(source).into_command(),
        holds: &|outcome, when| {
            let found = fs::read(&target).unwrap_or_else(|error| panic!("{error}: {when}"));
            assert!(found == new || (found == old && outcome != Outcome::Success), "{} bytes: {when}", found.len());
            let stamped = fs::read_to_string(&stamp).unwrap_or_default();
            let stamped = stamped.split_once("  ").map(|(hash, _)| hash);
            let vouches = stamped.is_none_or(|stamped| stamped == hash(&found));
            assert!(vouches && (outcome != Outcome::Success || stamped.is_some()), "{stamped:?}: {when}");
        },
        left: &|| {
            let known = [".lock", FILE_NAME, &format!("{FILE_NAME}.sha256")];
            names().into_iter().filter(|name| !known.contains(&name.as_str())).collect()
        },
        in_engine: false,
        before_next: &|| {},
        most: None,
    }
    .sweep(&Kind::ALL);
}

#[test]
fn out_of_a_wheel() {
    sweep("setup, wheel", "new.whl");
}

#[test]
fn a_library() {
    sweep("setup, library", "new.so");
}
