//! Levels of checking, as they are typed; and artifacts that change while a verb reads them: words and a code, never a
//! signal. (That no process here was ended by one, every run of `blink` in these tests asserts.)

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Stdio;
use std::time::Duration;

use blink_artifact::SectionKind;

use crate::support::Ended;
use crate::support::changes::{compiled_wide, cut, flip};

#[test]
fn each_level_refuses_what_it_looks_at() {
    let folder = compiled_wide();
    for level in ["code", "lazy", "full"] {
        folder.blink(&format!("run wide.blink --input x.npy --verify {level}")).ok();
    }
    for kind in [SectionKind::Weights, SectionKind::Graph] {
        fs::copy(folder.path("wide.blink"), folder.path("damaged.blink")).expect("a copy");
        flip(&folder.path("damaged.blink"), kind);
        let run = |level: &str| folder.blink(&format!("run damaged.blink --input x.npy --verify {level}"));
        if kind == SectionKind::Graph {
            for level in ["code", "lazy", "full"] {
                run(level).refused(5).names(&["damaged.blink", "graph", "hash"]);
            }
            fs::remove_file(folder.path("damaged.blink")).expect("our file");
            continue;
        }
        run("code").ok();
        run("full").refused(5).names(&["damaged.blink", "weights of model 0", "hash"]);
        // The answer may have been given by then; the code tells that it is not to be used.
        let told = run("lazy").run().failed(5);
        assert!(told.stderr.contains("weights of model 0"), "{}", told.stderr);
        fs::remove_file(folder.path("damaged.blink")).expect("our file");
    }
    folder.blink("run wide.blink --input x.npy --verify some").run().misused().names(&["some", "code", "lazy", "full"]);
}

/// Cut at some moment of each verb's life, over and over: it ends by itself, and either had what it needed by then or says
/// that the file is not whole.
#[test]
fn a_file_that_is_cut_meanwhile_is_an_error_in_words() {
    let folder = compiled_wide();
    folder.blink("keygen -o me").ok();
    let whole = folder.read("wide.blink");
    let verbs = [
        "verify cut.blink",
        "verify cut.blink --no-run",
        "inspect cut.blink",
        "sign cut.blink --key me",
        "run cut.blink --input x.npy --start normal",
        "run cut.blink --input x.npy --start normal --verify full",
    ];
    for verb in verbs {
        for pause in 0..12 {
            fs::write(folder.path("cut.blink"), &whole).expect("room");
            let mut command = folder.blink(verb).into_command();
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let child = command.spawn().expect("blink starts");
            std::thread::sleep(Duration::from_millis(pause * 3));
            cut(&folder.path("cut.blink"));
            let ended = Ended::new(verb.to_owned(), child.wait_with_output().expect("our child"));
            if !ended.succeeded() {
                ended.failed(5);
            }
            fs::remove_file(folder.path("cut.blink")).expect("our file");
        }
    }
}

/// A link is what whoever has named it means by it, once: all that is done is done to the file behind it.
#[test]
fn links_are_followed_once() {
    let folder = compiled_wide();
    let link = |to: &str, name: &str| symlink(folder.path(to), folder.path(name)).expect("a link");
    link("wide.blink", "link.blink");
    link("absent.blink", "nowhere.blink");
    link("loop.blink", "loop.blink");
    for verb in ["run", "verify", "inspect"] {
        let more = if verb == "run" { "--input x.npy" } else { "" };
        folder.blink(&format!("{verb} link.blink {more}")).ok();
        folder.blink(&format!("{verb} nowhere.blink {more}")).refused(1).names(&["nowhere.blink"]);
        folder.blink(&format!("{verb} loop.blink {more}")).refused(1).names(&["loop.blink"]);
    }
    folder.blink("keygen -o me").ok();
    folder.blink("sign link.blink --key me").ok();
    assert!(fs::symlink_metadata(folder.path("link.blink")).expect("a link").is_symlink());
    folder.blink("verify wide.blink --key me.pub").ok();
}
