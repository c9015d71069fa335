//! What `blink.toml` may hold, and what each mistake is told as.

use std::time::Duration;

use super::super::values::OrNone;
use super::*;

fn read_text(text: &str) -> Result<Partial, ConfigError> {
    parse(Path::new("blink.toml"), text)
}

#[test]
fn settings_of_the_server_of_all_models_and_of_one() {
    let text = r#"
        artifacts = ["one.blink", "more"]
        http = "127.0.0.1:80"
        grpc = "none"
        max_body = 1024
        poll = "none"
        allow_repository_control = true
        workers = 2
        worker_cpu = 1.5
        [models.one]
        workers = "0..4"
        batch = 8
        [apps."shop"]
        prefix = "/shop"
        idle = "1m"
    "#;
    let read = read_text(text).unwrap();
    assert_eq!(read.models.as_deref(), Some(&["one.blink".into(), "more".into()][..]));
    assert_eq!((read.http.as_ref().map(Vec::len), read.grpc, read.max_body), (Some(1), Some(vec![]), Some(1024)));
    assert_eq!((read.poll, read.allow_repository_control), (Some(OrNone(None)), Some(true)));
    assert_eq!((read.defaults.workers, read.defaults.worker_cpu), (Some((2, 2)), Some(OrNone(Some(150)))));
    let one = PartialModel { workers: Some((0, 4)), batch: Some(OrNone(Some(8))), ..PartialModel::default() };
    assert_eq!(read.named["one"], one);
    let shop =
        PartialModel { prefix: Some("/shop".into()), idle: Some(Duration::from_secs(60)), ..PartialModel::default() };
    assert_eq!(read.named["shop"], shop);
}

#[test]
fn unknown_keys_are_errors_with_a_suggestion_and_the_line() {
    let unknown = |text: &str| match read_text(text).unwrap_err() {
        ConfigError::UnknownKey { line, found, suggestion, .. } => (line, found, suggestion),
        other => panic!("{other}"),
    };
    assert_eq!(unknown("idle = '1s'\nmax_boody = 1"), (2, "max_boody".into(), Some("max_body".into())));
    assert_eq!(unknown("max-body = 1"), (1, "max-body".into(), Some("max_body".into())));
    assert_eq!(unknown("[models.a]\n\nworker = 1"), (3, "worker".into(), Some("workers".into())));
    // What only the whole server has, or only a guest.
    assert_eq!(unknown("[models.a]\nhttp = 'none'"), (2, "http".into(), None));
    assert_eq!(unknown("[models.a]\nprefix = '/a'"), (2, "prefix".into(), None));
    assert_eq!(unknown("[apps.a]\nbatch = 2"), (2, "batch".into(), None));
    assert_eq!(unknown("prefix = '/a'"), (1, "prefix".into(), None));
    assert_eq!(unknown("[model.a]\nidle = '1s'"), (1, "model".into(), Some("models".into())));
}

#[test]
fn values_are_refused_where_they_stand() {
    let refused = |text: &str| match read_text(text).unwrap_err() {
        ConfigError::Value { line, key, .. } => (line, key),
        other => panic!("{other}"),
    };
    assert_eq!(refused("\n\nidle = 30"), (3, "idle".into()));
    assert_eq!(refused("idle = ['1s', '2s']"), (1, "idle".into()));
    assert_eq!(refused("http = ['127.0.0.1:1', 'x']"), (1, "http".into()));
    assert_eq!(refused("[apps.a]\nprefix = '/v2'"), (2, "prefix".into()));
    let wrong_type = |text: &str| matches!(read_text(text), Err(ConfigError::Type { .. }));
    assert!(wrong_type("idle = 2020-01-01") && wrong_type("idle = [['1s']]") && wrong_type("queue = 0x10"));
    assert!(wrong_type("apps = 3") && wrong_type("[models]\na = 3"));
}

#[test]
fn names_are_checked_and_are_of_one_kind() {
    assert!(matches!(read_text("[models.\"a/b\"]"), Err(ConfigError::Name { line: 1, .. })));
    assert!(matches!(read_text("[models.a]\n[apps.a]"), Err(ConfigError::ModelAndApp { .. })));
}

#[test]
fn broken_toml_is_told_with_its_line() {
    assert!(matches!(read_text("idle = '1s'\nqueue = "), Err(ConfigError::Syntax { line: 2, .. })));
    assert!(matches!(read_text("idle = '1s'\nidle = '2s'"), Err(ConfigError::Syntax { line: 2, .. })));
}

#[test]
fn files_are_bounded_text_and_their_paths_start_where_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("blink.toml");
    assert!(matches!(read(&path), Err(ConfigError::Read { .. })));
    std::fs::write(&path, b"\n\xff").unwrap();
    assert!(matches!(read(&path), Err(ConfigError::Syntax { line: 2, .. })));
    std::fs::write(&path, vec![b'#'; MAX_LEN as usize + 1]).unwrap();
    assert!(matches!(read(&path), Err(ConfigError::TooLong { .. })));
    std::fs::write(&path, "artifacts = ['here.blink', '/there']\nhttp = 'unix:b.sock'").unwrap();
    let partial = read(&path).unwrap();
    assert_eq!(partial.models, Some(vec![directory.path().join("here.blink"), "/there".into()]));
    assert_eq!(partial.http, Some(vec![Address::Unix(directory.path().join("b.sock"))]));
}
