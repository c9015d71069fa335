//! [`Opened`] and [`Started`]: an artifact's models, and its guest, in a worker: before its walls are raised, and
//! after.

use std::fs::File;
use std::sync::Arc;
use std::thread;

use blink_artifact::Artifact;
use blink_guest::Guest;

use crate::channel::{Arguments, Failure, FailureClass, Mode, ONLY};
use crate::engine::Engine;
use crate::engine::cuda::DeviceHost;
use crate::guest::{CodeCache, GuestError, link};
use crate::instance::{Instance, StartOptions};
use crate::library::{self, Library, Origin};
use crate::model::{Model, ModelError};
use crate::timeline::{Phase, Recorded, Timeline, now};

/// What a worker has started.
pub(super) struct Started {
    /// The model that was named, or the artifact's only one; all of them where they belong to a guest.
    instances: Vec<Arc<Instance>>,
    /// The guest, where there is one and no model was named.
    guest: Option<Guest>,
    /// How the models were started.
    pub(super) options: StartOptions,
}

/// What a worker has opened: from here on it needs no path, but those that its guest is granted.
pub(super) struct Opened {
    models: Vec<Model>,
    /// The guest, where there is one and no model was named.
    linked: Option<Result<Guest, Failure>>,
    on: Place,
}

/// Where the models are to start.
enum Place {
    Cpu(Library),
    Device(&'static DeviceHost),
}

impl Opened {
    /// Opens the artifact, which is in `file` where that is given, loads ONNX Runtime, and links the guest beside that.
    /// With a `host` models are to start on its device, where no guest can be.
    pub(super) fn open(
        arguments: &Arguments,
        file: Option<File>,
        host: Option<&'static DeviceHost>,
        timeline: &mut Timeline,
    ) -> Result<Opened, Failure> {
        let path = &arguments.artifact;
        let artifact = timeline.record(Phase::Open, || {
            let opened = file.map_or_else(|| Artifact::open(path), |file| Artifact::from_file(&file, path));
            opened.map(Arc::new).map_err(|source| ModelError::Open { path: path.clone(), source })
        });
        let artifact = artifact.map_err(|error| Failure::of(&error))?;
        Model::check_device(&artifact, arguments.device).map_err(|error| Failure::of(&error))?;
        let has_guest = artifact.manifest().guest.is_some() && arguments.model.is_none();
        let models = match host {
            Some(_) if has_guest => {
                let message = "guest cannot run in the worker of a device: name one model, or give --device cpu".into();
                return Err(Failure { class: FailureClass::Device, message });
            }
            _ => Model::of_worker_in(&artifact, arguments.model.as_deref()).map_err(|error| Failure::of(&error))?,
        };
        if let Some(host) = host {
            return Ok(Opened { models, linked: None, on: Place::Device(host) });
        }
        let linked = || {
            let begin = now();
            let linked =
                link(&artifact, arguments.signed.as_ref(), arguments.code.as_deref().map(CodeCache::at).as_ref());
            (linked, Recorded { phase: Phase::Link, begin, end: now() })
        };
        let (library, linked) = if has_guest {
            let (library, (linked, recorded)) = beside(arguments.mode, linked, || load(arguments, timeline));
            timeline.add(recorded);
            (library, Some(linked.map_err(|error: GuestError| Failure::of(&error))))
        } else {
            (load(arguments, timeline), None)
        };
        Ok(Opened { models, linked, on: Place::Cpu(library?) })
    }

    /// Starts the models. Their graphs are read here, and not before.
    pub(super) fn start(self, arguments: &Arguments, timeline: &mut Timeline) -> Result<Started, Failure> {
        let options = arguments.options();
        let start = |model: Model| match &self.on {
            Place::Cpu(library) => Instance::start_on(library, &model, &options, timeline).map(Arc::new),
            Place::Device(host) => {
                Instance::start_on_device(host, &model, &options, &arguments.on_device, timeline).map(Arc::new)
            }
        };
        let instances: Result<_, _> = self.models.into_iter().map(start).collect();
        Ok(Started {
            instances: instances.map_err(|error| Failure::of(&error))?,
            guest: self.linked.transpose()?,
            options,
        })
    }
}

impl Started {
    /// The models.
    pub(super) fn instances(&self) -> &[Arc<Instance>] {
        &self.instances
    }

    /// Has its models leave their device. What they have there is kept for their next start, as far as there is room;
    /// `discard`: nothing is.
    pub(super) fn leave_device(self, discard: bool) {
        for instance in self.instances {
            // Nobody else has it: a guest, which would, is not on a device.
            if let Ok(instance) = Arc::try_unwrap(instance) {
                instance.leave_device(discard);
            }
        }
    }

    /// The model of this index in the artifact; [`ONLY`]: the only one.
    pub(super) fn instance(&self, index: u32) -> Result<&Instance, Failure> {
        let named = self.instances.iter().find(|instance| instance.model().index() == index);
        let found = named.or_else(|| self.instances.first().filter(|_| index == ONLY && self.instances.len() == 1));
        found.map(|found| &**found).ok_or_else(|| {
            let known: Vec<_> = self.instances.iter().map(|known| known.model().record().name.as_str()).collect();
            let message = format!("worker has several models: ask for one of {}", known.join(", "));
            Failure { class: FailureClass::NoSuchModel, message }
        })
    }

    /// The guest.
    pub(super) fn guest(&self) -> Result<&Guest, Failure> {
        self.guest.as_ref().ok_or_else(|| Failure {
            class: FailureClass::Guest,
            message: "worker has no guest: its artifact has none, or it was started for one model".into(),
        })
    }
}

/// Does both: `other` on a thread of its own where this process is to answer, and first where it is to be written down.
fn beside<A: Send, B>(mode: Mode, other: impl Fn() -> A + Send + Sync, work: impl FnOnce() -> B) -> (B, A) {
    thread::scope(|scope| {
        let begun = (mode == Mode::Serve).then(|| thread::Builder::new().spawn_scoped(scope, &other));
        match begun {
            Some(Ok(thread)) => {
                let done = work();
                // A panic there is this thread's too.
                (done, thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            }
            _ => {
                let others = other();
                (work(), others)
            }
        }
    })
}

/// Finds and loads ONNX Runtime, which reads what it must know of the machine.
fn load(arguments: &Arguments, timeline: &mut Timeline) -> Result<Library, Failure> {
    let library = match &arguments.library {
        Some(path) => Ok(Library { path: path.clone(), origin: Origin::Environment }),
        None => library::find(),
    };
    let library = library.map_err(|error| Failure::of(&error))?;
    Engine::start(&library, timeline).map_err(|error| Failure::of(&error))?;
    Ok(library)
}
