//! An artifact for a guest and models that were not compiled together: made in a scratch directory, and gone with the run.
//!
//! Models that are artifacts already are taken over as they are. The guest's native code is kept in the cache, so only a
//! guest that has changed is compiled again.

use std::path::{Path, PathBuf};

use blink_compiler::{GuestSource, ModelSource, Request, compile};
use blink_runtime::{CodeCache, thread_count};

use super::{RunArgs, WrongUse};
use crate::output::{Output, note};
use crate::verbs::scratch::Scratch;

/// Such an artifact, while it is there.
pub(super) struct Composed {
    path: PathBuf,
    _scratch: Scratch,
}

impl Composed {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// The artifact that `--guest` and `--model` describe; `None` where they do not.
pub(super) fn compose(args: &RunArgs, output: &Output) -> anyhow::Result<Option<Composed>> {
    let Some(guest) = &args.grants.guest else { return Ok(None) };
    let model = |typed: &String| typed.parse().map_err(|error: String| WrongUse(format!("--model {error}")));
    let models: Vec<ModelSource> = args.model.iter().map(model).collect::<Result<_, _>>()?;
    if models.is_empty() {
        return Err(WrongUse("--guest needs the models it asks for: give --model [NAME=]FILE".into()).into());
    }
    let scratch = Scratch::new(None)?;
    let path = scratch.path().join("composed.blink");
    let guest = GuestSource { path: guest.clone(), optimise: false, cache: Some(CodeCache::of_user()?) };
    let request = Request { guest: Some(guest), ..Request::new(models, path.clone(), thread_count(args.threads)?) };
    let summary = compile(&request, |stage, file| {
        if output.verbose > 0 {
            note!("{} {}", stage.doing(), file.display());
        }
    })?;
    summary.notes.iter().for_each(|words| note!("note: {words}"));
    Ok(Some(Composed { path, _scratch: scratch }))
}
