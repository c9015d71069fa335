//! What the writer refuses: parts that are not as announced, artifacts that break the format, places it cannot write.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use blink_artifact::{ArtifactWriter, ManifestError, OpenError, SectionKind, WriteError};

use crate::support::*;

/// A place for an artifact. The directory must be empty when it goes.
struct Empty(tempfile::TempDir);

impl Empty {
    fn new() -> Empty {
        Empty(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("a.blink")
    }
}

impl Drop for Empty {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(fs::read_dir(self.0.path()).unwrap().count(), 0, "something was left behind");
        }
    }
}

#[test]
fn a_length_other_than_announced() {
    let home = Empty::new();
    for (announced, given) in [(1, 0), (10, 9), (10, 11), (5 << 20, (5 << 20) - 1), (1, 5 << 20), (u64::MAX, 1)] {
        let mut writer = ArtifactWriter::create(&home.path(), plan(1, 2)).unwrap();
        let section =
            writer.section(SectionKind::Manifest, None, 4096, announced, |out| out.write_all(&vec![0; given]));
        refused!(
            section,
            WriteError::SectionLength { kind: SectionKind::Manifest, found, expected }
                if (found, expected) == (given as u64, announced)
        );
    }
}

#[test]
fn too_few_or_too_many_sections() {
    let home = Empty::new();
    for planned in [5, 256] {
        refused!(
            write_all(&home.path(), plan(1, planned), &parts()),
            WriteError::SectionCount { found: 4, planned: p } if p == planned as u32
        );
    }
    for planned in [2, 3] {
        refused!(
            write_all(&home.path(), plan(1, planned), &parts()),
            WriteError::SectionCount { found, planned: p } if (found, p) == (planned + 1, planned as u32)
        );
    }
}

#[test]
fn plans_that_no_artifact_can_have() {
    let home = Empty::new();
    for sections in [0, 1, 257, u32::MAX as usize] {
        refused!(
            ArtifactWriter::create(&home.path(), plan(1, sections)).map(drop),
            WriteError::Invalid(OpenError::SectionCount { found }) if found == sections as u32
        );
    }
    for models in [0, 65, u32::MAX] {
        refused!(
            ArtifactWriter::create(&home.path(), plan(models, 2)).map(drop),
            WriteError::Invalid(OpenError::ModelCount { found }) if found == models
        );
    }
}

#[test]
fn sections_that_no_artifact_can_have() {
    let home = Empty::new();
    let mut writer = ArtifactWriter::create(&home.path(), plan(1, 2)).unwrap();
    for alignment in [0, 1, 3, 2048, 4097, 4 << 20, u32::MAX] {
        let section = writer.section(SectionKind::Manifest, None, alignment, 1, |out| out.write_all(b"x"));
        refused!(
            section,
            WriteError::Invalid(OpenError::SectionAlignment { index: 0, found }) if found == alignment
        );
    }
    let section = writer.section(SectionKind::Manifest, None, 4096, 0, |_| Ok(()));
    refused!(section, WriteError::Invalid(OpenError::SectionEmpty { index: 0 }));
}

#[test]
fn what_breaks_the_format_is_not_given_out() {
    let home = Empty::new();
    let without = |at: usize| {
        let mut parts = parts();
        parts.remove(at);
        write_all(&home.path(), plan(1, 3), &parts)
    };
    refused!(without(0), WriteError::Invalid(OpenError::ManifestPlace { index: 0, .. }));
    refused!(without(1), WriteError::Invalid(OpenError::Manifest(ManifestError::GoldenPlace { .. })));
    refused!(without(2), WriteError::Invalid(OpenError::WeightsPlace { .. }));
    let changed = |change: fn(&mut Vec<Part>)| {
        let mut parts = parts();
        change(&mut parts);
        write_all(&home.path(), plan(1, parts.len()), &parts)
    };
    refused!(changed(|p| p.swap(1, 3)), WriteError::Invalid(OpenError::WeightsPlace { .. }));
    refused!(changed(|p| p[3].model = Some(1)), WriteError::Invalid(OpenError::SectionModel { .. }));
    refused!(changed(|p| p[0].bytes.push(b'}')), WriteError::Invalid(OpenError::Manifest(ManifestError::Json(_))));
    refused!(changed(|p| p.push(p[2].clone())), WriteError::Invalid(OpenError::SectionsOfModel { found: 2, .. }));
}

#[test]
fn a_guest_that_breaks_the_format_is_not_given_out() {
    let home = Empty::new();
    let changed = |change: fn(&mut Vec<Part>)| {
        let mut parts = parts_with_guest();
        change(&mut parts);
        write_all(&home.path(), plan(1, parts.len()), &parts)
    };
    let bad = |pattern: fn(&ManifestError) -> bool, change: fn(&mut Vec<Part>)| {
        refused!(changed(change), WriteError::Invalid(OpenError::Manifest(found)) if pattern(&found));
    };
    refused!(changed(|p| drop(p.remove(4))), WriteError::Invalid(OpenError::CodePlace { index: 4 }));
    refused!(changed(|p| p.swap(4, 5)), WriteError::Invalid(OpenError::CodePlace { index: 4 }));
    refused!(changed(|p| p.push(p[4].clone())), WriteError::Invalid(OpenError::SecondGuest { index: 6 }));
    refused!(changed(|p| p[4].model = Some(0)), WriteError::Invalid(OpenError::SectionModel { index: 4, .. }));
    bad(|e| matches!(e, ManifestError::CodeWithoutSection), |p| drop(p.pop()));
    bad(|e| matches!(e, ManifestError::GuestWithoutSection), |p| p.truncate(4));
    bad(|e| matches!(e, ManifestError::GuestUnknown), |p| p[0] = parts().swap_remove(0));
}

#[test]
fn a_device_that_breaks_the_format_is_not_given_out() {
    let home = Empty::new();
    let bad = |plan, parts: &[Part], pattern: fn(&ManifestError) -> bool| {
        refused!(
            write_all(&home.path(), plan, parts),
            WriteError::Invalid(OpenError::Manifest(found)) if pattern(&found)
        );
    };
    bad(plan_for_cuda(1, 4), &parts(), |e| matches!(e, ManifestError::NoDevice { .. }));
    bad(plan(1, 4), &parts_for_device(), |e| matches!(e, ManifestError::StrayDevice { .. }));
    bad(plan_for_cuda(1, 3), &parts_for_device()[..3], |e| matches!(e, ManifestError::WeightPlace { .. }));
}

#[test]
fn a_section_tried_again_after_it_had_given_something() {
    let home = Empty::new();
    let failing = |given: usize| {
        let mut writer = ArtifactWriter::create(&home.path(), plan(1, 4)).unwrap();
        let failed = writer.section(SectionKind::Manifest, None, 4096, 8192, |out| {
            out.write_all(&vec![0; given])?;
            Err(std::io::ErrorKind::Interrupted.into())
        });
        refused!(failed, WriteError::Io { .. });
        for Part { kind, model, alignment, bytes } in parts() {
            writer.section(kind, model, alignment, bytes.len() as u64, |out| out.write_all(&bytes)).unwrap();
        }
        writer.finish()
    };
    for given in [1, 4096, 8192] {
        refused!(failing(given), WriteError::Invalid(OpenError::SectionOffset { index: 0, expected: 4096, .. }));
    }
    assert_eq!(failing(0).unwrap().artifact().weights(0), parts()[3].bytes);
}

#[test]
fn destinations_that_cannot_be_files() {
    let home = tempfile::tempdir().unwrap();
    let at = |path: &Path| ArtifactWriter::create(path, plan(1, 2)).map(drop);
    fs::write(home.path().join("file"), "").unwrap();
    fs::create_dir(home.path().join("directory")).unwrap();
    std::os::unix::fs::symlink("directory", home.path().join("link")).unwrap();
    for name in ["", "new/", "new/.", "..", "new/.."] {
        let path = if name.is_empty() { "".into() } else { home.path().join(name) };
        refused!(at(&path), WriteError::NoFileName { path: p } if p == path);
    }
    refused!(at(Path::new("/")), WriteError::NoFileName { .. });
    for name in ["directory", "link"] {
        refused!(at(&home.path().join(name)), WriteError::NotAFile { .. });
    }
    refused!(at(Path::new("/dev/null")), WriteError::NotAFile { .. });
    for (name, kind) in [
        ("missing/a.blink", std::io::ErrorKind::NotFound),
        ("file/a.blink", std::io::ErrorKind::NotADirectory),
        ("nul\0byte/a.blink", std::io::ErrorKind::InvalidInput),
    ] {
        refused!(at(&home.path().join(name)), WriteError::Io { source, .. } if source.kind() == kind);
    }
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 3);
}

#[test]
fn a_directory_that_may_not_be_written() {
    let home = tempfile::tempdir().unwrap();
    let closed = home.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::write(closed.join("a.blink"), "older").unwrap();
    for path in [home.path(), &closed] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o555)).unwrap();
    }
    // Permissions do not bind root: that thread, and only it, becomes somebody else.
    std::thread::scope(|scope| {
        let attempt = scope.spawn(|| {
            #[cfg(target_os = "linux")]
            if std::os::unix::fs::MetadataExt::uid(&fs::metadata(&closed).unwrap()) == 0 {
                let nobody = rustix::fs::Uid::from_raw(65_534);
                rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
            }
            write(&closed.join("a.blink"), 1, &parts())
        });
        refused!(
            attempt.join().unwrap(),
            WriteError::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied
        );
    });
    assert_eq!(fs::read_dir(&closed).unwrap().count(), 1);
    assert_eq!(fs::read(closed.join("a.blink")).unwrap(), b"older");
    for path in [home.path(), &closed] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}
