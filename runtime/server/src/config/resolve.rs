//! From what each source says to one [`Config`]: flag before variable before file before default.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use blink_artifact::signature::TrustStore;
use tracing::warn;

use super::error::ConfigError;
use super::partial::{Partial, PartialModel};
use super::values::OrNone;
use super::{Address, Batching, Config, ModelSettings, file, variables};

/// How long the first request of a batch waits for others, where nothing is said.
const BATCH_WAIT: Duration = Duration::from_millis(2);

/// A configuration, and what of its sources is probably a slip.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The configuration.
    pub config: Config,
    /// For the operator, a line each.
    pub warnings: Vec<String>,
}

impl Resolved {
    /// Logs the warnings.
    pub fn tell(&self) {
        self.warnings.iter().for_each(|warning| warn!("{warning}"));
    }
}

/// Reads the file `named` (else `BLINK_CONFIG`, else none) and the variables, and puts `flags` before both.
///
/// No file is read that was not named. `PORT` counts where neither `http` nor `grpc` is said anywhere: then there is
/// one listener for everything, on all addresses.
pub fn resolve(
    flags: Partial,
    named: Option<&Path>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Resolved, ConfigError> {
    let variables = variables::read(environment)?;
    let file: Option<PathBuf> = named.map(Path::to_owned).or(variables.file);
    let file = file.as_deref().map(file::read).transpose()?.unwrap_or_default();
    let mut warnings = variables.warnings;
    let config = complete(flags.over(variables.partial).over(file), variables.port, &mut warnings)?;
    Ok(Resolved { config, warnings })
}

/// Puts defaults in for all that nobody has said.
fn complete(said: Partial, port: Option<u16>, warnings: &mut Vec<String>) -> Result<Config, ConfigError> {
    let models = said.models.filter(|models| !models.is_empty()).ok_or(ConfigError::NoModels)?;
    let (http, grpc) = match (said.http, said.grpc, port) {
        (None, None, Some(port)) => (vec![Address::Tcp((Ipv4Addr::UNSPECIFIED, port).into())], Vec::new()),
        (http, grpc, _) => (http.unwrap_or_else(|| local(8080)), grpc.unwrap_or_else(|| local(9000))),
    };
    let otlp = said.otlp.and_then(|OrNone(otlp)| otlp);
    if otlp.is_some() && !cfg!(feature = "otlp") {
        return Err(ConfigError::NoOtlp);
    }
    let require_signature = said.require_signature.unwrap_or(false);
    let trust = trust(require_signature, said.trust.as_deref(), warnings)?;
    let mut named = BTreeMap::new();
    for (name, model) in said.named {
        let whom = format!("model '{name}'");
        named.insert(name, settings(model.over(said.defaults.clone()), &whom)?);
    }
    Ok(Config {
        models,
        require_signature,
        trust,
        level: said.level.unwrap_or_default(),
        http,
        grpc,
        max_body: said.max_body.unwrap_or(64 << 20),
        client_timeout: said.client_timeout.unwrap_or(Duration::from_secs(30)),
        connections: said.connections.unwrap_or(1024),
        memory: said.memory.and_then(|OrNone(memory)| memory),
        device_memory: said.device_memory.and_then(|OrNone(memory)| memory),
        running: said.running.and_then(|OrNone(running)| running),
        repository_control: said.allow_repository_control.unwrap_or(false),
        poll: said.poll.map_or(Some(Duration::from_secs(2)), |OrNone(poll)| poll),
        drain: said.drain.unwrap_or(Duration::from_secs(25)),
        warm: said.warm.unwrap_or_default(),
        log: said.log.unwrap_or_default(),
        otlp,
        page: !said.no_page.unwrap_or(false),
        defaults: settings(said.defaults, "all models")?,
        named,
    })
}

/// The trusted keys: of `directory`, else of the user's own. Those that are asked for must be in order; where nobody has
/// asked, nobody is trusted, and that is a warning.
fn trust(
    is_required: bool,
    directory: Option<&Path>,
    warnings: &mut Vec<String>,
) -> Result<Option<Arc<TrustStore>>, ConfigError> {
    if is_required {
        let directory = directory.map_or_else(TrustStore::of_user, |directory| Ok(directory.to_owned()))?;
        return Ok(Some(Arc::new(TrustStore::read(&directory)?)));
    }
    match TrustStore::find(directory) {
        Err(error) if directory.is_none() => {
            warnings.push(format!("no key is trusted: {error}"));
            Ok(None)
        }
        found => Ok(found?.map(Arc::new)),
    }
}

fn settings(said: PartialModel, whom: &str) -> Result<ModelSettings, ConfigError> {
    let ModelSettings { workers, idle, queue, timeout, start, sandbox, .. } = ModelSettings::default();
    let batching = match (said.batch, said.batch_wait) {
        (None, Some(_)) => return Err(ConfigError::WaitWithoutBatch { whom: whom.to_owned() }),
        // A batch of one is a request alone.
        (None | Some(OrNone(None | Some(1))), _) => None,
        (Some(OrNone(Some(size))), wait) => Some(Batching { size, wait: wait.unwrap_or(BATCH_WAIT) }),
    };
    Ok(ModelSettings {
        workers: said.workers.unwrap_or(workers),
        idle: said.idle.unwrap_or(idle),
        queue: said.queue.unwrap_or(queue),
        timeout: said.timeout.unwrap_or(timeout),
        time: said.time.and_then(|OrNone(time)| time),
        memory: said.worker_memory.and_then(|OrNone(memory)| memory),
        cpu: said.worker_cpu.and_then(|OrNone(cpu)| cpu),
        threads: said.threads.and_then(|OrNone(threads)| threads),
        start: said.start.unwrap_or(start),
        sandbox: said.sandbox.unwrap_or(sandbox),
        device: said.device.and_then(|OrNone(device)| device),
        strict_placement: said.strict_placement.unwrap_or(false),
        batching,
        prefix: said.prefix,
    })
}

fn local(port: u16) -> Vec<Address> {
    vec![Address::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))]
}

#[cfg(test)]
mod tests {
    use blink_artifact::signature::{SecretKey, TrustError};
    use blink_runtime::Device;

    use super::*;

    fn with_models() -> Partial {
        Partial { models: Some(vec!["m.blink".into()]), ..Partial::default() }
    }

    fn resolved(flags: Partial, file: &str, variables: &[(&str, &str)]) -> Result<Resolved, ConfigError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("blink.toml");
        std::fs::write(&path, file).unwrap();
        resolve(flags, Some(&path), variables.iter().map(|(name, value)| (name.into(), value.into())))
    }

    #[test]
    fn a_flag_comes_before_a_variable_before_the_file_before_the_default() {
        let file = "idle = '3s'\nqueue = 3\ntimeout = '3s'";
        let variables = [("BLINK_IDLE", "2s"), ("BLINK_QUEUE", "2")];
        let defaults = PartialModel { idle: Some(Duration::from_secs(1)), ..PartialModel::default() };
        let config = resolved(Partial { defaults, ..with_models() }, file, &variables).unwrap().config;
        let ModelSettings { idle, queue, timeout, workers, .. } = config.defaults;
        assert_eq!((idle, queue, timeout), (Duration::from_secs(1), 2, Duration::from_secs(3)));
        assert_eq!(workers, ModelSettings::default().workers);
    }

    #[test]
    fn a_model_of_its_own_differs_in_what_it_says() {
        let file = "queue = 3\nidle = '3s'\n[models.a]\nidle = '4s'\n[models.b]\nbatch = 1";
        let config = resolved(with_models(), file, &[("BLINK_QUEUE", "2")]).unwrap().config;
        assert_eq!((config.settings("a").queue, config.settings("a").idle), (2, Duration::from_secs(4)));
        assert_eq!((config.settings("c").idle, config.settings("b").batching), (Duration::from_secs(3), None));
    }

    #[test]
    fn a_device_may_be_one_models_own() {
        let file = "device = 'cuda:1'\ndevice_memory = '2GiB'\n[models.a]\ndevice = 'none'\nstrict_placement = true";
        let config = resolved(with_models(), file, &[]).unwrap().config;
        let of = |name: &str| (config.settings(name).device, config.settings(name).strict_placement);
        assert_eq!((of("a"), of("b")), ((None, true), (Some(Device::Cuda(1)), false)));
        assert_eq!(config.device_memory, Some(2 << 30));
        let config = resolved(with_models(), file, &[("BLINK_DEVICE", "cuda-or-cpu")]).unwrap().config;
        assert_eq!(config.settings("b").device, Some(Device::CudaOrCpu(0)));
    }

    #[test]
    fn port_is_for_all_unless_listeners_are_named() {
        let all = resolved(with_models(), "", &[("PORT", "8000")]).unwrap().config;
        assert_eq!((all.http, all.grpc), (vec![Address::Tcp(([0, 0, 0, 0], 8000).into())], vec![]));
        let named = resolved(with_models(), "http = '127.0.0.1:1'", &[("PORT", "8000")]).unwrap().config;
        assert_eq!((named.http, named.grpc), (vec![Address::Tcp(([127, 0, 0, 1], 1).into())], local(9000)));
    }

    #[test]
    fn a_file_is_read_where_it_is_named_and_only_there() {
        let none = [("BLINK_CONFIG".into(), "/nowhere/blink.toml".into())];
        assert!(matches!(resolve(with_models(), None, none), Err(ConfigError::Read { .. })));
        assert!(resolve(with_models(), None, []).is_ok());
        assert!(matches!(resolve(Partial::default(), None, []), Err(ConfigError::NoModels)));
    }

    #[test]
    fn batching_has_a_size() {
        let batching = |file: &str| resolved(with_models(), file, &[]).map(|all| all.config.settings("a").batching);
        let of = |size, wait| Some(Batching { size, wait: Duration::from_millis(wait) });
        assert_eq!(batching("batch = 8").unwrap(), of(8, 2));
        assert_eq!(batching("batch = 8\nbatch_wait = '5ms'\n[models.a]\nbatch = 4").unwrap(), of(4, 5));
        assert_eq!(batching("batch = 8\n[models.a]\nbatch = 'none'").unwrap(), None);
        assert!(matches!(batching("[models.a]\nbatch_wait = '5ms'"), Err(ConfigError::WaitWithoutBatch { .. })));
    }

    #[test]
    fn keys_that_are_named_must_be_there_and_ask_for_no_signature() {
        assert!(!resolved(with_models(), "require_signature = false", &[]).unwrap().config.require_signature);
        let of = |file: &str| resolved(with_models(), file, &[]);
        for keys in ["trust = '/nowhere'", "require_signature = true\ntrust = '/nowhere'"] {
            assert!(matches!(of(keys), Err(ConfigError::Trust(TrustError::Read { .. }))));
        }
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("a.pub"), SecretKey::from_seed(&[1; 32]).public().to_text()).unwrap();
        let trust = directory.path().to_str().unwrap();
        let variables = [("BLINK_REQUIRE_SIGNATURE", "true"), ("BLINK_TRUST", trust)];
        let config = resolved(with_models(), "trust = 'absent'", &variables).unwrap().config;
        assert_eq!((config.require_signature, config.trust.unwrap().keys().count()), (true, 1));
        let config = of(&format!("trust = '{trust}'")).unwrap().config;
        assert_eq!((config.require_signature, config.trust.unwrap().keys().count()), (false, 1));
    }

    #[cfg(not(feature = "otlp"))]
    #[test]
    fn a_build_without_export_says_so() {
        let otlp = resolved(with_models(), "otlp = 'http://127.0.0.1:4318'", &[]);
        assert!(matches!(otlp, Err(ConfigError::NoOtlp)));
    }
}
