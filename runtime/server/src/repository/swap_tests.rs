//! What a look makes of a directory that changes: new, replaced, broken, gone, unloaded, twice.

use std::fs;

use tempfile::TempDir;

use super::super::table::ModelState;
use super::super::testing::{Recorder, Shape, config, write};
use super::*;
use crate::error::RequestError;

/// A directory, whoever looks at it, and what it asks.
struct Scene {
    directory: TempDir,
    looker: Looker,
    recorder: Arc<Recorder>,
}

impl Scene {
    fn new(names: &[&str]) -> Scene {
        let directory = tempfile::tempdir().unwrap();
        names.iter().for_each(|name| put(&directory, name, Shape::default()));
        let recorder = Arc::new(Recorder::default());
        let config = config(&[directory.path().to_owned()]);
        let mut looker = Looker::new(&config, Arc::default(), Arc::clone(&recorder) as _, Warmer::none());
        looker.first_look().unwrap();
        Scene { directory, looker, recorder }
    }

    fn put(&self, name: &str, shape: Shape) {
        put(&self.directory, name, shape);
    }

    fn break_file(&self, name: &str) {
        let path = self.directory.path().join(name);
        fs::write(path.with_extension("new"), "broken").unwrap();
        fs::rename(path.with_extension("new"), path).unwrap();
    }

    fn look(&mut self) -> Vec<String> {
        self.looker.look(None);
        self.recorder.asked()
    }

    fn id(&self, name: &str, version: u64) -> Option<u64> {
        self.looker.table.served(name, version).map(|model| model.id)
    }

    fn state(&self, name: &str) -> (ModelState, String) {
        let entry = self.looker.table.index().into_iter().find(|entry| entry.name == name).unwrap();
        (entry.state, entry.reason)
    }
}

fn put(directory: &TempDir, name: &str, shape: Shape) {
    let path = directory.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    write(&path, shape);
}

#[test]
fn at_first_all_is_served_and_nothing_proved() {
    let mut scene = Scene::new(&["a.blink", "b/1/model.blink", "b/2/model.blink"]);
    assert_eq!(scene.recorder.asked(), ["keep a", "keep b", "keep b"]);
    assert_eq!(scene.look(), [""; 0]);
    assert_eq!((scene.looker.table.versions("b"), scene.looker.table.models().len()), (vec![1, 2], 3));
}

#[test]
fn a_new_file_takes_over_once_it_is_proved() {
    let mut scene = Scene::new(&["a.blink"]);
    let (first, _) = (scene.id("a", 1), scene.recorder.asked());
    scene.put("a.blink", Shape::default());
    assert_eq!(scene.look(), ["prove a", "keep a", "retire"]);
    assert!(scene.id("a", 1).is_some() && scene.id("a", 1) != first);
    assert_eq!(scene.look(), [""; 0]);
}

#[test]
fn what_does_not_start_leaves_the_old_one_and_is_not_tried_again() {
    let mut scene = Scene::new(&["a.blink"]);
    let (first, _) = (scene.id("a", 1), scene.recorder.asked());
    scene.recorder.broken.lock().unwrap().insert("a".into());
    scene.put("a.blink", Shape::default());
    assert_eq!(scene.look(), ["prove a"]);
    assert_eq!((scene.id("a", 1), scene.look()), (first, vec![]));
    let (state, reason) = scene.state("a");
    assert!(state == ModelState::Ready && reason.contains("log"), "{reason}");
    // Until somebody asks for it.
    assert!(matches!(scene.looker.load("a"), Err(RequestError::Unavailable(_))));
    scene.recorder.broken.lock().unwrap().clear();
    assert_eq!(scene.looker.load("a"), Ok(()));
    assert!(scene.id("a", 1) != first && scene.state("a").1.is_empty());
}

#[test]
fn a_broken_file_leaves_the_old_one_and_heals() {
    let mut scene = Scene::new(&["a.blink"]);
    let (first, _) = (scene.id("a", 1), scene.recorder.asked());
    scene.break_file("a.blink");
    assert_eq!((scene.look(), scene.id("a", 1)), (vec![], first));
    assert!(scene.state("a").1.contains("not an artifact"));
    scene.put("a.blink", Shape::default());
    assert_eq!(scene.look(), ["prove a", "keep a", "retire"]);
    assert_eq!(scene.state("a"), (ModelState::Ready, String::new()));
}

#[test]
fn a_file_that_is_being_written_is_served_when_it_is_whole() {
    let mut scene = Scene::new(&[]);
    let other = tempfile::tempdir().unwrap();
    put(&other, "a.blink", Shape::default());
    let bytes = fs::read(other.path().join("a.blink")).unwrap();
    fs::write(scene.directory.path().join("a.blink"), &bytes[..5000]).unwrap();
    assert_eq!((scene.look(), scene.state("a").0), (vec![], ModelState::Unavailable));
    fs::write(scene.directory.path().join("a.blink"), &bytes).unwrap();
    assert_eq!(scene.look(), ["keep a"]);
}

#[test]
fn a_higher_version_is_proved_and_a_lower_one_need_not_be() {
    let mut scene = Scene::new(&["a/5/model.blink"]);
    scene.recorder.asked();
    scene.put("a/4/model.blink", Shape::default());
    assert_eq!(scene.look(), ["keep a"]);
    scene.recorder.broken.lock().unwrap().insert("a".into());
    scene.put("a/6/model.blink", Shape { models: 1, ..Shape::default() });
    assert_eq!(scene.look(), ["prove a"]);
    assert_eq!(scene.looker.table.versions("a"), [4, 5]);
    assert_eq!(scene.looker.table.find("a", None).unwrap().version, 5);
}

#[test]
fn what_is_gone_is_retired_unless_its_directory_cannot_be_looked_at() {
    let mut scene = Scene::new(&["a.blink", "b.blink"]);
    scene.recorder.asked();
    fs::remove_file(scene.directory.path().join("a.blink")).unwrap();
    assert_eq!((scene.look(), scene.looker.table.index().len()), (vec!["retire".into()], 1));
    let (there, away) = (scene.directory.path().to_owned(), scene.directory.path().with_extension("away"));
    fs::rename(&there, &away).unwrap();
    assert_eq!((scene.look(), scene.id("b", 1).is_some()), (vec![], true));
    fs::rename(&away, &there).unwrap();
    assert_eq!((scene.look(), scene.id("b", 1).is_some()), (vec![], true));
}

#[test]
fn an_unloaded_model_stays_away_until_it_is_loaded() {
    let mut scene = Scene::new(&["a.blink", "b.blink"]);
    scene.recorder.asked();
    assert_eq!(scene.looker.unload("a"), Ok(()));
    assert_eq!((scene.recorder.asked(), scene.id("a", 1)), (vec!["retire".into()], None));
    scene.put("a.blink", Shape::default());
    assert_eq!((scene.look(), scene.state("a")), (vec![], (ModelState::Unavailable, "it was unloaded".into())));
    assert_eq!((scene.looker.load("a"), scene.recorder.asked()), (Ok(()), vec!["keep a".into()]));
    // What is served already is left as it is.
    assert_eq!((scene.looker.load("a"), scene.recorder.asked()), (Ok(()), vec![]));
    assert!(matches!(scene.looker.load("c"), Err(RequestError::NotFound(_))));
    assert!(matches!(scene.looker.unload("c"), Err(RequestError::NotFound(_))));
}

#[test]
fn one_of_several_models_is_unloaded_and_loaded_alone() {
    let mut scene = Scene::new(&[]);
    scene.put("a.blink", Shape { models: 2, ..Shape::default() });
    assert_eq!(scene.look(), ["keep a.m0", "keep a.m1"]);
    let other = scene.id("a.m0", 1);
    assert_eq!((scene.looker.unload("a.m1"), scene.recorder.asked()), (Ok(()), vec!["retire".into()]));
    assert_eq!((scene.looker.load("a.m1"), scene.recorder.asked()), (Ok(()), vec!["keep a.m1".into()]));
    assert_eq!(scene.id("a.m0", 1), other);
    // With one model less, its name goes.
    scene.put("a.blink", Shape::default());
    assert_eq!(scene.look(), ["keep a", "retire", "retire"]);
    assert_eq!(scene.looker.table.models().len(), 1);
}

#[test]
fn two_of_one_name_are_an_error_at_first_and_later_the_first_stays() {
    let mut scene = Scene::new(&["a.blink"]);
    scene.recorder.asked();
    scene.put("a/1/model.blink", Shape::default());
    let first = scene.id("a", 1);
    assert_eq!((scene.look(), scene.id("a", 1)), (vec![], first));
    let mut again = Looker::new(&scene.looker.config, Arc::default(), Arc::clone(&scene.recorder) as _, Warmer::none());
    assert!(matches!(again.first_look(), Err(RepositoryError::Twice { name, version: 1, .. }) if name == "a"));
    // When the first goes, the second is served.
    fs::remove_file(scene.directory.path().join("a.blink")).unwrap();
    assert_eq!(scene.look(), ["retire", "keep a"]);
}

#[test]
fn two_apps_do_not_share_a_prefix() {
    let mut scene = Scene::new(&[]);
    scene.looker.config.defaults.prefix = Some("/shop".into());
    ["a.blink", "b.blink"].iter().for_each(|name| scene.put(name, Shape { guest: true, ..Shape::default() }));
    assert_eq!(scene.look(), ["make code a", "keep a", "make code b"]);
    assert!(scene.state("b").1.contains("/shop"));
}

/// Writes to where it lies.
fn written(scene: &Scene, name: &str, change: impl FnOnce(&fs::File)) {
    use std::os::unix::fs::PermissionsExt;
    let path = scene.directory.path().join(name);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    change(&fs::File::options().write(true).open(path).unwrap());
}

#[test]
fn what_is_cut_where_it_lies_is_served_no_more() {
    let mut scene = Scene::new(&["a.blink", "b.blink"]);
    scene.recorder.asked();
    written(&scene, "a.blink", |file| file.set_len(100).unwrap());
    assert_eq!(scene.look(), ["poison a", "retire"]);
    assert_eq!((scene.id("a", 1), scene.state("a").0), (None, ModelState::Unavailable));
    assert!(scene.id("b", 1).is_some());
    assert!(matches!(scene.looker.table.find("a", None), Err(RequestError::Unavailable(_))));
    // It is no more than broken from then on, and another file is another matter.
    assert_eq!(scene.look(), [""; 0]);
    scene.put("a.blink", Shape::default());
    assert_eq!(scene.look(), ["keep a"]);
    assert_eq!(scene.state("a"), (ModelState::Ready, String::new()));
}

#[test]
fn what_is_written_over_is_another_one_and_what_is_touched_is_not() {
    let mut scene = Scene::new(&["a.blink"]);
    scene.recorder.asked();
    let old = std::time::SystemTime::UNIX_EPOCH;
    written(&scene, "a.blink", |file| file.set_modified(old).unwrap());
    assert_eq!(scene.look(), ["prove a", "keep a", "retire"]);
    let other = scene.directory.path().join("other");
    write(&other, Shape { model_name: "other", ..Shape::default() });
    let bytes = fs::read(&other).unwrap();
    written(&scene, "a.blink", |file| {
        file.set_len(0).unwrap();
        std::os::unix::fs::FileExt::write_all_at(file, &bytes, 0).unwrap();
    });
    assert_eq!(scene.look(), ["poison a", "prove a", "keep a", "retire"]);
    assert_eq!(scene.state("a"), (ModelState::Ready, String::new()));
}

#[test]
fn what_a_worker_has_found_poisoned_waits_for_another_file() {
    let mut scene = Scene::new(&["a.blink"]);
    scene.recorder.asked();
    scene.looker.table.served("a", 1).unwrap().integrity.poison();
    // At once, before any look.
    assert!(matches!(scene.looker.table.find("a", None), Err(RequestError::Unavailable(_))));
    assert_eq!(scene.state("a").0, ModelState::Unavailable);
    assert_eq!(scene.look(), ["retire"]);
    assert_eq!(scene.look(), [""; 0]);
    assert!(scene.state("a").1.contains("changed while it was served"));
    scene.put("a.blink", Shape::default());
    assert_eq!(scene.look(), ["keep a"]);
    assert_eq!(scene.state("a"), (ModelState::Ready, String::new()));
}
