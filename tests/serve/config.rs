//! How a server is told what to do: flags before variables before the file, and every mistake is found before it runs.

use crate::models::{ask_one, home, is_one, place};
use crate::server::Server;

const ANY: &str = "--http 127.0.0.1:0 --grpc none --warm never";

#[test]
fn a_check_starts_nothing_and_tells_what_would_be_served() {
    let home = home(&["one", "types"]);
    place(&home, "doubled", "named/7/model.blink");
    let said = home.blink("serve models --check --http 127.0.0.1:1 --workers 0..4 --idle 30s").ok();
    for fact in ["one", "types.bool", "named", "7"] {
        assert!(said.text().contains(fact), "{}", said.text());
    }
    let report = home.blink("serve models --check --format json").ok();
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).expect("JSON");
    assert!(report["schema"].as_str().is_some_and(|schema| schema.starts_with("blink.")), "{report}");
    home.folder.write("models/broken.blink", "no artifact");
    let line = home.blink("serve models --check").run();
    assert!(!line.succeeded(), "{}", line.text());
}

#[test]
fn the_file_is_read_and_its_mistakes_are_told() {
    let home = home(&["one", "doubled"]);
    let toml = "artifacts = [\"models\"]\nhttp = \"127.0.0.1:0\"\ngrpc = \"none\"\nwarm = \"never\"\nqueue = 3\n\
        [models.one]\nworkers = \"1..2\"\n";
    home.folder.write("blink.toml", toml);
    home.blink("serve --config blink.toml --check").ok();
    let server = Server::spawn(home.blink("serve --config blink.toml").into_command());
    server.ready();
    is_one(server.infer("one", ask_one()), 1.0);
    is_one(server.infer("doubled", ask_one()), 2.0);
    drop(server);
    home.folder.write("blink.toml", toml.replace("models.one", "models.won"));
    let checked = home.blink("serve --config blink.toml --check").ok();
    assert!(checked.stderr.contains("settings of 'won'"), "{}", checked.stderr);
    let server = Server::spawn(home.blink("serve --config blink.toml").into_command());
    server.says("settings of 'won'");
    drop(server);
    for (from, to, facts) in [
        ("queue", "queeu", &["queeu", "queue", "line 5"][..]),
        ("workers", "worker", &["worker", "workers", "line 7"]),
        ("[models.one]", "[modles.one]", &["modles", "models"]),
        ("\"1..2\"", "\"2..1\"", &["2..1"]),
        ("= 3", "= \"many\"", &["many", "queue"]),
        ("= 3", "= = 3", &["line 5"]),
        ("\"127.0.0.1:0\"", "\"nowhere\"", &["nowhere", "http"]),
    ] {
        assert!(toml.contains(from), "{from}");
        home.folder.write("blink.toml", toml.replacen(from, to, 1));
        home.blink("serve --config blink.toml --check").refused(2).names(facts);
    }
}

#[test]
fn a_file_is_not_read_unless_it_is_named() {
    let home = home(&["one"]);
    home.folder.write("blink.toml", "no = \"such setting\"");
    home.blink("serve models --check").ok();
    home.blink("serve models --check").env("BLINK_CONFIG", "blink.toml").refused(2).names(&["no"]);
    home.blink("serve models --config absent.toml --check").refused(2).names(&["absent.toml"]);
}

#[test]
fn flags_before_variables_before_the_file() {
    let home = home(&["one"]);
    home.folder.write("blink.toml", "max_body = \"1000000\"\n");
    let limit = |flag: &str, variable: Option<&str>| {
        let line = format!("serve models {ANY} --config blink.toml {flag}");
        let blink = home.blink(&line);
        let blink = variable.into_iter().fold(blink, |blink, value| blink.env("BLINK_MAX_BODY", value));
        let server = Server::spawn(blink.into_command());
        server.ready();
        is_one(server.infer("one", ask_one()), 1.0);
        let words = server.infer("one", vec![b' '; 4_000_000]).json()["error"].as_str().expect("words").to_owned();
        ["3000000", "2000000", "1000000"].into_iter().find(|limit| words.contains(limit)).map(str::to_owned)
    };
    assert_eq!(limit("", None).as_deref(), Some("1000000"));
    assert_eq!(limit("", Some("2000000")).as_deref(), Some("2000000"));
    assert_eq!(limit("--max-body 3000000", Some("2000000")).as_deref(), Some("3000000"));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let home = home(&["one"]);
    let refused = [
        ("--workers 3..1", "3..1"),
        ("--workers many", "many"),
        ("--workers 0..0", "0..0"),
        ("--idle soon", "soon"),
        ("--max-body 0", "0"),
        ("--memory 12parsecs", "12parsecs"),
        ("--http nowhere", "nowhere"),
        ("--http 127.0.0.1:99999", "99999"),
        ("--warm tea", "tea"),
    ];
    for (flag, fact) in refused {
        let ended = home.blink(&format!("serve models --check {flag}")).run().failed(2);
        assert!(ended.stderr.contains(fact), "{flag}: {}", ended.stderr);
    }
    home.blink("serve absent --check").refused(1).names(&["absent"]);
    for (variable, value) in [("BLINK_QUEUE", "many"), ("BLINK_HTTP", "nowhere"), ("PORT", "many")] {
        home.blink("serve models --check").env(variable, value).refused(2).names(&[variable, value]);
    }
}

#[test]
fn two_artifacts_of_one_name_are_refused_by_both_their_names() {
    let home = home(&["one"]);
    place(&home, "doubled", "one/1/model.blink");
    let ended = home.blink("serve models --check").run();
    assert!(!ended.succeeded());
    assert!(ended.stderr.contains("one.blink") && ended.stderr.contains("model.blink"), "{}", ended.stderr);
}

#[test]
fn logs_are_json_for_those_who_ask() {
    let home = home(&["one"]);
    let server = Server::spawn(home.blink(&format!("serve models {ANY} --log json")).into_command());
    server.ready();
    let said = server.end();
    assert!(said.lines().count() > 1);
    for line in said.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line.is_object());
    }
}
