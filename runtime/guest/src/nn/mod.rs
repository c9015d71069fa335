//! wasi-nn: what a guest asks of models, by either of its interfaces. What it hands over is checked before anything is
//! made of it, and counted before it is held: no call panics, and none makes the host hold more than the limits say.
//!
//! | file | holds |
//! |---|---|
//! | `module` | the interface of modules, with `context` and `memory` |
//! | `component` | the interface of components, with `errors` |
//! | `load`, `runs` | what both ask for: models, and runs of them |
//! | `tensor`, `dtype`, `failure`, `budget` | what both check and count |

mod budget;
mod component;
mod context;
mod dtype;
mod errors;
mod failure;
mod load;
mod memory;
mod module;
mod runs;
mod tensor;

use std::sync::Arc;

use crate::cancel::Cancel;
use crate::models::Models;
use crate::request::Limits;
use budget::Budget;
pub(crate) use component::add_to_component_linker;
use load::Loader;
use module::Numbered;
pub(crate) use module::add_to_module_linker;
use runs::Runs;

/// The models of one run, and what the guest holds of them.
pub(crate) struct State {
    loader: Loader,
    runs: Runs,
    numbered: Numbered,
    last_error: Option<String>,
}

impl State {
    pub(crate) fn new(models: Arc<dyn Models>, cancel: Arc<Cancel>, limits: &Limits, load: bool) -> State {
        let budget = Budget::new(limits);
        let runs = Runs::new(budget.clone(), Arc::clone(&cancel));
        let loader = Loader { models, budget, cancel, may_load: load };
        State { loader, runs, numbered: Numbered::default(), last_error: None }
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
