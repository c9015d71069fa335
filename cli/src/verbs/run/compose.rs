//! An artifact for a guest and models that were not compiled together: made in a scratch directory, and gone with the run.
//!
//! Models that are artifacts already are taken over as they are. The guest's native code is kept in the cache, so only a
//! guest that has changed is compiled again.

use std::path::{Path, PathBuf};

use blink_compiler::{GuestSource, ModelSource, Prepack, Request, Target, compile};
use blink_runtime::{CodeCache, host, thread_count};

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
    let models = args.model.iter().map(|typed| model(typed)).collect::<Result<Vec<_>, _>>()?;
    if models.is_empty() {
        return Err(WrongUse("--guest needs the models it asks for: give --model [NAME=]FILE".into()).into());
    }
    let scratch = Scratch::new(None)?;
    let path = scratch.path().join("composed.blink");
    let request = Request {
        models,
        guest: Some(GuestSource { path: guest.clone(), optimise: false, cache: Some(CodeCache::of_user()?) }),
        output: path.clone(),
        target: Target::Class(host::class()),
        prepack: Prepack::Auto,
        set_dims: Vec::new(),
        golden_dims: Vec::new(),
        seed: 1,
        threads: thread_count(args.threads)?,
    };
    let summary = compile(&request, |stage, file| {
        if output.verbose > 0 {
            note!("{} {}", stage.doing(), file.display());
        }
    })?;
    summary.notes.iter().for_each(|words| note!("note: {words}"));
    Ok(Some(Composed { path, _scratch: scratch }))
}

/// `NAME=FILE`, or `FILE`.
fn model(typed: &str) -> Result<ModelSource, WrongUse> {
    let (name, file) = match typed.split_once('=') {
        Some((name, file)) => (Some(name.to_owned()), file),
        None => (None, typed),
    };
    if file.is_empty() || name.as_ref().is_some_and(String::is_empty) {
        return Err(WrongUse(format!("--model '{typed}' is not FILE or NAME=FILE, such as m=resnet50.blink")));
    }
    Ok(ModelSource { path: file.into(), name })
}
