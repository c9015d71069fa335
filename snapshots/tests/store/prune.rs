//! What is removed, and what stays.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use blink_snapshots::store::{Key, Prune, Pruned, Removed, StoreError, Why};

use crate::support::{Home, IMAGE_LEN, image, publish, set_mode};

/// Makes the images `a`, `b`, `c`, of which `b` is the oldest, and a broken one of `d`, which is the newest.
fn four(home: &Home) -> [Key; 4] {
    let keys = ["a", "b", "c", "d"].map(|model| home.key(model));
    for (key, hours) in keys.iter().zip([2, 3, 1, 0]) {
        let made = SystemTime::now() - Duration::from_secs(hours * 3600);
        let path = home.make(key);
        File::open(path).and_then(|file| file.set_modified(made)).expect("an older file");
    }
    fs::write(&keys[3].artifact, "changed").expect("the artifact");
    keys
}

fn removed(pruned: &Pruned) -> Vec<(String, Why)> {
    let key = |removed: &Removed| removed.entry.key.clone().expect("its key is readable");
    pruned.removed.iter().map(|removed| (key(removed).model, removed.why)).collect()
}

fn kept(home: &Home) -> Vec<String> {
    let entries = home.store().list().expect("a list");
    let mut models: Vec<_> = entries.into_iter().filter_map(|entry| Some(entry.key?.model)).collect();
    models.sort();
    models
}

#[test]
fn useless_images_go() {
    let home = Home::new();
    four(&home);
    let pruned = home.store().prune(Prune::Invalid).expect("no refusal");
    assert_eq!(removed(&pruned), [("d".to_owned(), Why::Invalid)]);
    assert_eq!(pruned.removed[0].entry.verdict.as_ref().expect_err("a reason").name(), "file-changed");
    assert_eq!((kept(&home), pruned.kept.len()), (["a", "b", "c"].map(str::to_owned).to_vec(), 3));
    assert!(home.store().prune(Prune::Invalid).expect("no refusal").removed.is_empty());
}

#[test]
fn the_oldest_go_until_the_rest_fits() {
    let home = Home::new();
    four(&home);
    let pruned = home.store().prune(Prune::MaxBytes(3 * IMAGE_LEN)).expect("no refusal");
    assert_eq!(removed(&pruned), [("d".to_owned(), Why::Invalid)], "the useless ones make room first");
    let pruned = home.store().prune(Prune::MaxBytes(2 * IMAGE_LEN + 1)).expect("no refusal");
    assert_eq!(removed(&pruned), [("b".to_owned(), Why::Size)]);
    let pruned = home.store().prune(Prune::MaxBytes(2 * IMAGE_LEN - 1)).expect("no refusal");
    assert_eq!(removed(&pruned), [("a".to_owned(), Why::Size)]);
    assert_eq!(kept(&home), ["c"]);
    let pruned = home.store().prune(Prune::MaxBytes(0)).expect("no refusal");
    assert_eq!((removed(&pruned), pruned.kept.len()), (vec![("c".to_owned(), Why::Size)], 0));
}

#[test]
fn all_go_and_what_is_not_ours_stays() {
    let home = Home::new();
    four(&home);
    let notes = home.store().directory().join("photo.image");
    fs::write(&notes, "a user's own").expect("a file");
    let pruned = home.store().prune(Prune::All).expect("no refusal");
    assert_eq!(pruned.removed.len(), 4);
    assert!(notes.exists() && kept(&home).is_empty());
    assert!(home.store().directory().exists());
}

#[test]
fn what_cannot_be_removed_is_told_and_keeps_no_other() {
    let home = Home::new();
    let keys = four(&home);
    let path = home.store().directory().join(home.key("e").file_name());
    fs::create_dir(&path).expect("a directory");
    set_mode(&path, 0o700);
    let pruned = home.store().prune(Prune::All).expect("no refusal");
    assert_eq!(pruned.removed.len(), keys.len());
    match &pruned.failed[..] {
        [StoreError::Io { path: found, .. }] => assert_eq!(*found, path),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_image_in_use_goes_and_its_user_keeps_it() {
    let home = Home::new();
    let key = home.key("a");
    home.make(&key);
    let mut found = home.store().find(&key).expect("no refusal").expect("an image");
    assert_eq!(home.store().prune(Prune::All).expect("no refusal").removed.len(), 1);
    assert!(home.store().find(&key).expect("no refusal").is_none());
    let mut bytes = Vec::new();
    found.file.read_to_end(&mut bytes).expect("it can be read");
    assert_eq!(bytes.len() as u64, IMAGE_LEN);
    assert!(!home.store().remove(&found).expect("no error"), "its name is gone already");
}

#[test]
fn an_image_that_was_made_again_is_not_removed_for_the_older() {
    let home = Home::new();
    let key = home.key("a");
    home.make(&key);
    let older = home.store().find(&key).expect("no refusal").expect("an image");
    home.make(&key);
    assert!(!home.store().remove(&older).expect("no error"));
    let newer = home.store().find(&key).expect("no refusal").expect("an image");
    assert!(home.store().remove(&newer).expect("no error"));
    assert!(home.store().find(&key).expect("no refusal").is_none());
}

#[test]
fn makers_publish_while_others_prune() {
    let home = Home::new();
    let keys = ["a", "b"].map(|model| home.key(model));
    home.make(&keys[0]);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let pruner = scope.spawn(|| {
            let mut count = 0;
            while !done.load(Ordering::Relaxed) {
                let pruned = home.store().prune(Prune::All).expect("no refusal");
                assert!(pruned.failed.is_empty(), "{:?}", pruned.failed);
                count += pruned.removed.len();
            }
            count
        });
        let maker = |key: &Key| {
            let bytes = image(&key.label(), &[&key.artifact], |_| {});
            for _ in 0..100 {
                publish(&home.store(), key, &bytes);
            }
        };
        let makers = keys.each_ref().map(|key| scope.spawn(move || maker(key)));
        makers.into_iter().for_each(|maker| maker.join().expect("a maker never fails"));
        done.store(true, Ordering::Relaxed);
        assert!(pruner.join().expect("the pruner never fails") > 0);
    });
    keys.iter().for_each(|key| _ = home.make(key));
    assert_eq!(kept(&home), ["a", "b"]);
    assert!(only_images(home.store().directory()));
}

/// Nothing else was left behind.
fn only_images(directory: &Path) -> bool {
    let mut entries = fs::read_dir(directory).expect("the directory").map(|entry| entry.expect("an entry").path());
    entries.all(|path| path.extension().is_some_and(|extension| extension == "image"))
}
