//! Clients that are shell scripts: what they are told, and what they may answer.

use super::super::table::TABLE;
use super::*;

const WHEEL: &Wheel = &TABLE[0].wheel;

/// A client that is a shell script; `$dest` is where it is told to deliver, and `--version` succeeds.
fn scripted(directory: &Path, script: &str, dialect: Dialect) -> Client {
    let path = directory.join("client.sh");
    let parse = "case $1 in --version|--help) exit 0;; esac\n\
                 for word in \"$@\"; do case $before in --dest|--target) dest=$word;; --requirement) list=$word;; \
                 esac; \
                 before=$word; done\n";
    fs::write(&path, format!("{parse}{script}\n")).unwrap();
    Client::new(&["sh", path.to_str().unwrap()], dialect)
}

fn fetch(script: &str, dialect: Dialect) -> Result<PathBuf, FetchError> {
    let (scripts, into) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let fetched = scripted(scripts.path(), script, dialect).fetch(WHEEL, into.path())?;
    let fetched = fetched.source(&WHEEL.members[0]);
    assert!(fetched.exists());
    Ok(fetched.strip_prefix(into.path()).unwrap().to_owned())
}

#[test]
fn the_client_is_given_the_pinned_hash_and_told_to_require_it() {
    let strict = "case \" $* \" in *' --require-hashes '*) ;; *) exit 3;; esac\n\
                  case \" $* \" in *' --no-deps '*) ;; *) exit 4;; esac\n";
    let hash = WHEEL.sha256;
    let deliver = format!("{strict}grep -q 'onnxruntime==1.31.1 --hash=sha256:{hash}' $list && touch $dest/a.whl");
    assert_eq!(fetch(&deliver, Dialect::Pip).unwrap(), Path::new("fetched/a.whl"));
}

#[test]
fn a_client_that_unpacks_delivers_the_library() {
    let deliver = format!("mkdir -p $dest/onnxruntime/capi && touch $dest/{}", WHEEL.members[0].path);
    assert_eq!(fetch(&deliver, Dialect::Uv).unwrap(), Path::new("fetched").join(WHEEL.members[0].path));
}

#[test]
fn a_failed_client_is_quoted() {
    let error = fetch("echo first >&2; for n in 1 2 3 4 5 6 7 8; do echo line $n >&2; done; exit 1", Dialect::Pip);
    let Err(FetchError::ClientFailed { stderr, .. }) = error else { panic!("{error:?}") };
    assert_eq!(stderr.lines().count(), SHOWN_LINES);
    assert!(stderr.starts_with("line 1\n") && stderr.ends_with("line 8"));
}

#[test]
fn another_file_than_the_pinned_one_is_told_apart() {
    let pip = "echo 'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.' >&2; exit 1";
    assert!(matches!(fetch(pip, Dialect::Pip), Err(FetchError::HashMismatch { .. })));
    let uv = "echo '  cause: Hash mismatch for `onnxruntime==1.31.1`' >&2; exit 1";
    assert!(matches!(fetch(uv, Dialect::Uv), Err(FetchError::HashMismatch { .. })));
}

#[test]
fn success_without_a_file_is_an_error() {
    assert!(matches!(fetch("exit 0", Dialect::Pip), Err(FetchError::NothingDelivered { .. })));
    assert!(matches!(fetch("exit 0", Dialect::Uv), Err(FetchError::NothingDelivered { .. })));
}

#[test]
fn clients_that_are_absent_or_broken_are_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let absent = Client::new(&["a-client-that-does-not-exist"], Dialect::Pip);
    let broken = Client::new(&["sh", "-c", "exit 1"], Dialect::Pip);
    let whole = scripted(directory.path(), "", Dialect::Pip);
    let found = Client::find_among(&[absent.clone(), broken.clone(), whole.clone()], WHEEL).unwrap();
    assert_eq!(found.name(), whole.name());
    let none = Client::find_among(&[absent, broken], WHEEL);
    assert!(matches!(none, Err(FetchError::NoClient { .. })));
}

#[test]
fn a_client_keeps_what_it_needs_on_its_way_where_it_delivers() {
    let deliver = "case $TMPDIR in */scratch) touch $TMPDIR/half $dest/a.whl;; *) exit 1;; esac";
    assert_eq!(fetch(deliver, Dialect::Pip).unwrap(), Path::new("fetched/a.whl"));
}

#[test]
fn errors_name_the_wheel_and_the_command_that_takes_it() {
    let gpu: &'static Wheel = Box::leak(Box::new(super::super::fixtures::pinned_wheel("nvidia-cublas", &[])));
    for (wheel, command) in [(WHEEL, "`blink setup --from FILE`"), (gpu, "`blink setup --device cuda --from FILE`")] {
        let said = FetchError::ClientFailed { client: "pip".into(), wheel, stderr: String::new() }.to_string();
        assert!(said.contains(wheel.package) && said.contains(wheel.version) && said.contains(command), "{said}");
    }
}
