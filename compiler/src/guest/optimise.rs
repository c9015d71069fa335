//! `wasm-opt`, a program of the binaryen package, on request: whole-program optimisation of a module.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::GuestError;
use super::error::one_line;

/// Variable that names the program.
const VARIABLE: &str = "WASM_OPT";
/// How long it may take.
const TIME: Duration = Duration::from_secs(600);
/// How often one looks whether it has ended.
const PATIENCE: Duration = Duration::from_millis(5);
/// Most characters of its words that are told again.
const MAX_WORDS: usize = 500;
/// Names stay; features that compilers of guests use, which the module no longer names.
const ARGUMENTS: [&str; 9] = [
    "-O3",
    "-g",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// The module in `wasm`, optimised by the program that `WASM_OPT` names, else by `wasm-opt` of `PATH`.
pub(crate) fn optimise(wasm: &[u8]) -> Result<Vec<u8>, GuestError> {
    let program = std::env::var_os(VARIABLE).filter(|name| !name.is_empty()).unwrap_or(OsString::from("wasm-opt"));
    run(Path::new(&program), wasm, TIME)
}

/// The same by `program`, which may take `time`.
pub(super) fn run(program: &Path, wasm: &[u8], time: Duration) -> Result<Vec<u8>, GuestError> {
    let named = || PathBuf::from(program);
    let failed = |source| GuestError::OptimiserRun { program: named(), source };
    let scratch = tempfile::tempdir().map_err(failed)?;
    let [before, after, said] = ["before.wasm", "after.wasm", "said"].map(|name| scratch.path().join(name));
    std::fs::write(&before, wasm).map_err(failed)?;
    let mut command = Command::new(program);
    command.args(ARGUMENTS).arg(&before).arg("-o").arg(&after);
    // To a file: nobody reads while it runs.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&said).map_err(failed)?);
    let child = command.spawn().map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => GuestError::OptimiserMissing { program: named() },
        _ => failed(source),
    })?;
    match wait(child, time).map_err(failed)? {
        None => Err(GuestError::OptimiserTime { program: named(), seconds: time.as_secs() }),
        Some(status) if !status.success() => {
            let words = String::from_utf8_lossy(&std::fs::read(&said).unwrap_or_default()).into_owned();
            let words: String = one_line(&words).chars().take(MAX_WORDS).collect();
            Err(GuestError::OptimiserFailed { program: named(), message: format!("{status} {words}") })
        }
        Some(_) => std::fs::read(&after).map_err(failed),
    }
}

/// The child's end, or `None` once it was ended after `time`.
fn wait(mut child: Child, time: Duration) -> io::Result<Option<ExitStatus>> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begun.elapsed() > time {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(PATIENCE);
    }
}
