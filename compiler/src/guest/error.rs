//! Why a guest was refused, or could not be made ready: a variant for each reason.

use std::io;
use std::path::PathBuf;

use blink_runtime::CodeCacheError;

/// Why there is no guest to put into an artifact.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum GuestError {
    #[error("guest {path} cannot be read: {source}", path = path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("guest {path} is not a regular file", path = path.display())]
    NotAFile { path: PathBuf },
    #[error("guest {path} has more than 256 MiB, which is the most that is read", path = path.display())]
    TooLarge { path: PathBuf },
    #[error("guest cannot be called {name:?} after its file: rename the file")]
    Name { name: String },
    #[error("guest is empty: expected a WebAssembly module or component")]
    Empty,
    #[error("guest is WebAssembly as text: make a binary of it, such as with `wasm-tools parse`")]
    Text,
    #[error("guest is not WebAssembly: it starts with {found:02x?}, expected 00 61 73 6d (\\0asm)")]
    NotWebAssembly { found: Vec<u8> },
    #[error(
        "guest is WebAssembly of version {version}, layer {layer}: expected a module (1, 0) or a component (13, 1)"
    )]
    Version { version: u16, layer: u16 },
    #[error("guest is not valid WebAssembly, or needs a feature that guests do not have: {message}")]
    Invalid { message: String },
    #[error("guest has a shared memory: threads are not given to guests; build it without them")]
    SharedMemory,
    #[error("guest has a 64-bit memory: build it for wasm32")]
    Memory64,
    #[error("guest needs garbage collection, which guests do not have: build it for linear memory")]
    GarbageCollection,
    #[error("guest needs exception handling, which guests do not have: build it without (such as `panic = \"abort\"`)")]
    Exceptions,
    #[error("guest imports '{module}' '{name}', which is not given to guests{hint}; a module may import {known}")]
    ModuleImport { module: String, name: String, known: &'static str, hint: &'static str },
    #[error("guest imports '{name}', which is not given to guests; a component may import {known}")]
    ComponentImport { name: String, known: &'static str },
    #[error("guest has no function '_start': it is a library (a reactor); build it as a command, with a main function")]
    NoStart,
    #[error(
        "guest exports neither wasi:cli/run@0.2 nor wasi:http/incoming-handler@0.2: build it as a command, with a main \
         function, or to answer HTTP requests"
    )]
    NoRun,
    #[error("guest cannot be initialised: {message}")]
    Initialiser { message: String },
    #[error("guest's initialiser failed: {message}{hint}")]
    InitialiserTrap { message: String, hint: &'static str },
    #[error("guest's initialiser ended the guest with exit code {code}: it must return")]
    InitialiserExit { code: i32 },
    #[error("guest's initialiser took more than {seconds} s, which is the most that it may")]
    InitialiserTime { seconds: u64 },
    #[error("--optimise-guest works on modules, and the guest is a component: optimise the module that it is made of")]
    OptimiseComponent,
    #[error(
        "{program} was not found: install the package binaryen, or name the program with WASM_OPT",
        program = program.display()
    )]
    OptimiserMissing { program: PathBuf },
    #[error("{program} could not be run: {source}", program = program.display())]
    OptimiserRun { program: PathBuf, source: io::Error },
    #[error("{program} failed: {message}", program = program.display())]
    OptimiserFailed { program: PathBuf, message: String },
    #[error("{program} took more than {seconds} s, which is the most that it may", program = program.display())]
    OptimiserTime { program: PathBuf, seconds: u64 },
    #[error("guest could not be compiled: {message}")]
    Native { message: String },
    #[error(transparent)]
    Cache(CodeCacheError),
}

impl GuestError {
    /// Whether it is the guest that is to blame, rather than something around it.
    pub fn is_of_the_guest(&self) -> bool {
        use GuestError::*;
        match self {
            Unreadable { .. }
            | NotAFile { .. }
            | TooLarge { .. }
            | Name { .. }
            | Empty
            | Text
            | NotWebAssembly { .. } => true,
            Version { .. } | Invalid { .. } | SharedMemory | Memory64 | GarbageCollection | Exceptions => true,
            ModuleImport { .. } | ComponentImport { .. } | NoStart | NoRun => true,
            Initialiser { .. } | InitialiserTrap { .. } | InitialiserExit { .. } | InitialiserTime { .. } => true,
            Native { .. } => true,
            OptimiseComponent | OptimiserMissing { .. } | OptimiserRun { .. } => false,
            OptimiserFailed { .. } | OptimiserTime { .. } | Cache(_) => false,
        }
    }
}

/// An error of wasmtime's and its causes on one line.
pub(super) fn words(error: &wasmtime::Error) -> String {
    let causes: Vec<_> = error.chain().map(|cause| cause.to_string()).collect();
    one_line(&causes.join(": "))
}

/// Text without line breaks.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
