//! [`Guests`]: native code for the guests that are served, made here where none is there that is trusted.
//!
//! The server links no compiler: whoever starts it gives it one. Nothing is compiled while a request waits, but for code
//! that was there when its guest was loaded and is not any more.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use blink_artifact::Artifact;
use blink_artifact::signature::Vouched;
use blink_runtime::{CodeCache, CodeCacheError, GuestError, NativeCode};
use tracing::info;

use crate::model::Model;
use crate::observe::Event;

/// Compiles the guest of an artifact for this host into a cache, and gives how long that took.
pub type MakeCode = Arc<dyn Fn(&Artifact, &CodeCache) -> Result<Duration, String> + Send + Sync>;

/// Whoever makes native code, one guest at a time.
pub struct Guests {
    make: MakeCode,
    alone: Mutex<()>,
}

impl fmt::Debug for Guests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guests")
    }
}

impl Guests {
    /// With this compiler.
    pub fn new(make: MakeCode) -> Guests {
        Guests { make, alone: Mutex::new(()) }
    }

    /// Without one: guests are served whose code is there already.
    pub fn none() -> Guests {
        Guests::new(Arc::new(|_, _| Err("this server has no compiler".into())))
    }

    /// Makes native code for `model`, the guest of `artifact`, where there is none that it may run.
    pub fn make_ready(&self, model: &Model, artifact: &Artifact) -> Result<(), String> {
        let cache = CodeCache::of_user().map_err(|error| error.to_string())?;
        let signed = model.own_code.as_ref().map(Vouched::structure_hash);
        match blink_runtime::native_code(artifact, signed, Some(&cache)) {
            Ok(NativeCode::Own | NativeCode::Cached) => Ok(()),
            Ok(NativeCode::None) | Err(GuestError::Cache(CodeCacheError::Damaged { .. })) => {
                self.make(model, artifact, &cache)
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// Makes native code for `model`, whatever there is.
    pub fn make_again(&self, model: &Model) -> Result<(), String> {
        let cache = CodeCache::of_user().map_err(|error| error.to_string())?;
        let artifact = Artifact::from_file(&model.file, &model.path).map_err(|error| error.to_string())?;
        self.make(model, &artifact, &cache)
    }

    fn make(&self, model: &Model, artifact: &Artifact, cache: &CodeCache) -> Result<(), String> {
        let _alone = self.alone.lock().unwrap_or_else(PoisonError::into_inner);
        info!(
            model = model.name,
            version = model.version,
            "guest has no native code that may be run here: compiling it"
        );
        let seconds = (self.make)(artifact, cache)?.as_secs_f64();
        model.statistics.happened(Event::GuestCompiled);
        info!(
            model = model.name,
            version = model.version,
            seconds,
            "guest compiled for this host, and kept in the cache"
        );
        Ok(())
    }
}
