//! A candidate becomes [`Model`]s: opened once, checked through that descriptor, which they keep. The mapping goes.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use blink_artifact::manifest::{GuestRecord, ModelRecord};
use blink_artifact::signature::Vouched;
use blink_artifact::{Artifact, ExecutionProvider, OpenError, open_file};
use blink_runtime::{Device, Level};
use tracing::error;

use super::error::LoadError;
use super::name;
use super::scan::Candidate;
use super::starter::Starter;
use crate::config::{Config, ModelSettings};
use crate::integrity::{Identity, Integrity};
use crate::model::{Entry, Model};
use crate::observe::Statistics;

/// What a worker holds for itself beside its arena, in bytes, until it was measured.
const WORKER: u64 = 8 << 20;

/// An artifact that can be served here.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) identity: Identity,
    pub(super) models: Vec<Arc<Model>>,
}

/// Opens and checks the artifact of `candidate`, by reads: this process lives, whatever happens to the file meanwhile.
/// ONNX Runtime is not asked, and no weights are read but where a signature or the full level is asked for: then every
/// byte is checked, and nothing comes after that for an artifact that is not admitted. `poisoned` counts files that are.
///
/// Of a guest whose own native code is not trusted, native code is made here, where there is none yet.
pub(super) fn open(
    candidate: &Candidate,
    config: &Config,
    starter: &dyn Starter,
    poisoned: &Arc<AtomicU64>,
) -> Result<Opened, LoadError> {
    let path = &candidate.path;
    let io = |source| LoadError::from(&OpenError::Io { path: path.clone(), source });
    let file = Arc::new(open_file(path).map_err(io)?);
    let identity = Identity::of(&file).map_err(io)?;
    let refused = |error| LoadError::from(&error);
    let artifact = Arc::new(Artifact::read_from(Arc::clone(&file), path).map_err(refused)?);
    match config.trust.as_ref().filter(|_| config.require_signature) {
        Some(trust) => drop(trust.admit(&artifact)?),
        None if config.level == Level::Full => artifact.verify(|_| ()).map_err(refused)?,
        None => {}
    }
    let structure = artifact.header().structure_hash;
    let integrity = Arc::new(Integrity::new(identity, structure, config.level, Arc::clone(poisoned)));
    // Of every model alike: host class and ONNX Runtime are the artifact's.
    let first = artifact.manifest().models.first().map(|model| model.name.as_str());
    blink_runtime::Model::of(Arc::clone(&artifact), first)?;
    let models = models(candidate, config, &artifact, &file, &integrity)?;
    if let [app] = &models[..]
        && app.guest.is_some()
        && let Err(words) = starter.make_code(app, &artifact)
    {
        error!(model = app.name, version = app.version, "{}: {words}", path.display());
        return Err(LoadError::NoCode);
    }
    Ok(Opened { identity, models })
}

/// What a trusted key has signed, where it is this artifact and that matters.
fn own_code(artifact: &Artifact, config: &Config) -> Option<Vouched> {
    config.trust.as_ref().filter(|_| artifact.has_native_code())?.vouch(artifact.header()).ok()
}

fn models(
    candidate: &Candidate,
    config: &Config,
    artifact: &Artifact,
    file: &Arc<File>,
    integrity: &Arc<Integrity>,
) -> Result<Vec<Arc<Model>>, LoadError> {
    let manifest = artifact.manifest();
    let all = || (0..).zip(&manifest.models);
    let weights = |index| (artifact.graph(index).len() + artifact.weights(index).len()) as u64;
    let new = |name: &str, entry, guest: Option<&GuestRecord>, weights, arenas: u64| {
        let settings = config.settings(name).clone();
        let device = device(artifact, &settings)?;
        if let (Some(device), true) = (device.filter(|device| device.ordinal().is_some()), guest.is_some()) {
            return Err(LoadError::GuestDevice { device });
        }
        Ok(Arc::new(Model {
            id: next_id(),
            name: name.to_owned(),
            version: candidate.version,
            path: candidate.path.clone(),
            file: Arc::clone(file),
            integrity: Arc::clone(integrity),
            is_admitted: config.require_signature,
            own_code: own_code(artifact, config),
            entry,
            guest: guest.map(|guest| guest.kind),
            weights,
            private: WORKER.saturating_add(arenas),
            device,
            settings,
            statistics: Statistics::default(),
        }))
    };
    if let Some(guest) = &manifest.guest {
        let arenas = all().map(|(_, model)| arena(model)).fold(0, u64::saturating_add);
        let weights = all().map(|(index, _)| weights(index)).fold(0, u64::saturating_add);
        return Ok(vec![new(&candidate.name, None, Some(guest), weights, arenas)?]);
    }
    let name_of = |model: &ModelRecord| match &manifest.models[..] {
        [_] => Ok(candidate.name.clone()),
        _ => {
            let name = format!("{}.{}", candidate.name, model.name);
            let refused = |rule| LoadError::ModelName { model: model.name.clone(), rule };
            name::check(&name).map(|()| name).map_err(refused)
        }
    };
    let one = |(index, model): (u32, &ModelRecord)| {
        let name = (manifest.models.len() > 1).then(|| model.name.clone());
        let entry = Entry { name, inputs: model.inputs.clone(), outputs: model.outputs.clone() };
        new(&name_of(model)?, Some(entry), None, weights(index), arena(model))
    };
    all().map(one).collect()
}

/// Where a model of this artifact runs. One for the CPU runs there, whatever is said of devices.
fn device(artifact: &Artifact, settings: &ModelSettings) -> Result<Option<Device>, LoadError> {
    let said = match artifact.header().provider {
        ExecutionProvider::Cpu => None,
        ExecutionProvider::Cuda => settings.device,
    };
    blink_runtime::Model::check_device(artifact, said)?;
    Ok(said)
}

fn arena(model: &ModelRecord) -> u64 {
    model.arena.peak.saturating_add(model.arena.resident)
}

fn next_id() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::scan::scan;
    use super::super::testing::{Recorder, Shape, config, write};
    use super::*;

    fn opened(path: &Path) -> Result<Opened, LoadError> {
        let sources = [path.to_owned()];
        open(&scan(&sources).candidates[0], &config(&sources), &Recorder::default(), &Arc::default())
    }

    #[test]
    fn one_model_is_called_like_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("net.blink");
        write(&path, Shape::default());
        let opened = opened(&path).unwrap();
        let [model] = &opened.models[..] else { panic!("{opened:?}") };
        assert_eq!((model.name.as_str(), model.version, model.guest), ("net", 1, None));
        let entry = model.entry.as_ref().unwrap();
        assert_eq!((entry.name.as_ref(), entry.inputs.len(), entry.outputs.len()), (None, 1, 1));
        assert!(model.weights > 0 && model.private > WORKER);
        assert_ne!(model.id, self::opened(&path).unwrap().models[0].id);
    }

    #[test]
    fn several_models_are_called_by_both_names_and_a_guest_by_its_files() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("net.blink");
        write(&path, Shape { models: 2, ..Shape::default() });
        let models = opened(&path).unwrap().models;
        let names = models.iter().map(|model| (model.name.as_str(), model.entry.as_ref().unwrap().name.as_deref()));
        assert!(names.eq([("net.m0", Some("m0")), ("net.m1", Some("m1"))]));
        write(&path, Shape { models: 2, guest: true, ..Shape::default() });
        let opened = opened(&path).unwrap();
        let [app] = &opened.models[..] else { panic!("{opened:?}") };
        assert!(app.name == "net" && app.entry.is_none() && app.guest.is_some());
    }

    #[test]
    fn a_guest_for_which_no_code_can_be_made_is_not_served() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("net.blink");
        write(&path, Shape { guest: true, ..Shape::default() });
        let sources = [path];
        let (recorder, candidate) = (Recorder::default(), scan(&sources).candidates.remove(0));
        assert!(open(&candidate, &config(&sources), &recorder, &Arc::default()).is_ok());
        assert_eq!(recorder.asked(), ["make code net"]);
        recorder.broken.lock().unwrap().insert("net".into());
        assert!(matches!(open(&candidate, &config(&sources), &recorder, &Arc::default()), Err(LoadError::NoCode)));
    }

    #[test]
    fn an_artifact_for_cuda_runs_where_it_is_told_to_and_no_other_does() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("net.blink");
        let placed = |shape, said| {
            write(&path, shape);
            let sources = [path.clone()];
            let mut config = config(&sources);
            config.defaults.device = said;
            let opened = open(&scan(&sources).candidates[0], &config, &Recorder::default(), &Arc::default());
            opened.map(|opened| opened.models[0].device)
        };
        let (cuda, devices) = (Shape { is_cuda: true, ..Shape::default() }, [Device::Cpu, Device::CudaOrCpu(1)]);
        for device in devices.map(Some) {
            assert_eq!(placed(cuda, device), Ok(device));
            assert_eq!(placed(Shape::default(), device), Ok(None));
        }
        let error = placed(cuda, None).unwrap_err();
        assert!(matches!(error, LoadError::Device { .. }) && error.to_string().contains("--device"), "{error}");
    }

    #[test]
    fn what_does_not_fit_here_is_refused_in_words_without_a_path() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("net.blink");
        let refused = |shape| {
            write(&path, shape);
            let error = opened(&path).unwrap_err();
            assert!(!error.to_string().contains(&*directory.path().to_string_lossy()), "{error}");
            error
        };
        assert!(matches!(refused(Shape { is_foreign: true, ..Shape::default() }), LoadError::Host { .. }));
        assert!(matches!(refused(Shape { is_old: true, ..Shape::default() }), LoadError::OrtVersion { .. }));
        let models = Shape { models: 2, model_name: "a/b", ..Shape::default() };
        assert!(matches!(refused(models), LoadError::ModelName { .. }));
        std::fs::write(&path, "no artifact").unwrap();
        assert!(matches!(opened(&path), Err(LoadError::Open { .. })));
    }
}
