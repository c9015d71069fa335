//! `blink warm` over an older snapshot: it is the old one, or a whole new one that starts a worker.

use std::fs;

use blink_runtime::{Start, StartMode};

use crate::kind::Kind;
use crate::support::home::Home;
use crate::support::{files, models};
use crate::sweep::Operation;

#[test]
fn over_an_older_snapshot() {
    let home = Home::of(models::compiled_one());
    let warmed = home.warm("one.blink");
    let (path, old) = (&warmed.path, fs::read(&warmed.path).expect("the image"));
    Operation {
        name: "warm",
        reset: &|| {
            home.images().iter().for_each(|path| fs::remove_file(path).expect("the directory is ours"));
            home.image(path, &old);
        },
        command: &|| home.blink("warm one.blink").into_command(),
        // No two images of one artifact are the same, so a new one is asked.
        holds: &|_, when| {
            let found = fs::read(path).unwrap_or_else(|error| panic!("{error}: {when}"));
            if found != old {
                let worker = home.launcher().launch(&home.spec("one.blink", StartMode::Snapshot));
                let mut worker = worker.unwrap_or_else(|error| panic!("{error}: {when}"));
                let answer = worker.run(&[("x", models::x().view())]).unwrap_or_else(|error| panic!("{error}: {when}"));
                assert!(files::same(answer.get(0), models::y().view()), "{when}");
                assert_eq!(*worker.start(), Start::Snapshot, "{when}");
            }
        },
        left: &|| {
            let strange = home.images().into_iter().filter(|other| other != path);
            let mut left: Vec<_> = strange.map(|path| path.display().to_string()).collect();
            let names = home.folder.names().into_iter();
            left.extend(names.filter(|name| !["cache", "one.blink", "one.onnx", "x.npy"].contains(&name.as_str())));
            left
        },
        in_engine: false,
        before_next: &|| {},
        most: Some(18),
    }
    .sweep(&Kind::ALL);
}
