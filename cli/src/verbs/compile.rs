//! `blink compile`: ONNX models in, and a guest beside them; one artifact out.

pub(crate) mod confines;
pub(crate) mod device;
mod report;

use std::path::PathBuf;

use blink_artifact::HostClass;
use blink_artifact::manifest::Precision;
use blink_compiler::{
    CompileDevice, GuestSource, ModelSource, Prepack, Request, Summary, Target, TrialPlace, compile_apart,
};
use blink_runtime::{Device, Launcher, host, library, thread_count};
use clap::ValueEnum;
use serde::Serialize;

use self::confines::ConfineFlags;
use crate::output::{Output, note};
use crate::verbs::native;
use crate::{exit, program, progress};

/// Compile ONNX models, and a WebAssembly guest beside them, to one artifact.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CompileArgs {
    /// A model: ONNX, whose external data must lie in its directory, or an artifact, whose models are taken over.
    #[arg(value_name = "MODEL.onnx", required_unless_present = "model")]
    pub(crate) first: Option<PathBuf>,
    /// A further model, under its file's stem or the name given; may be repeated.
    #[arg(long, value_name = "[NAME=]FILE")]
    pub(crate) model: Vec<ModelSource>,
    /// The program around the models: a WebAssembly command that asks them by wasi-nn.
    #[arg(long, value_name = "FILE.wasm")]
    pub(crate) guest: Option<PathBuf>,
    /// Have `wasm-opt` (or the program that WASM_OPT names) work on the guest first.
    #[arg(long, requires = "guest")]
    pub(crate) optimise_guest: bool,
    /// The artifact to write [default: the guest's or else the first model's name with .blink, in this directory].
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// What the one model is called in the artifact [default: its file's stem].
    #[arg(long, conflicts_with = "model")]
    pub(crate) name: Option<String>,
    /// The hosts it is for: `host` (this one's class), `portable` (every host of this architecture, slower), or a class.
    #[arg(long, value_name = "TARGET", default_value = "host", value_parser = target)]
    pub(crate) target: TargetArg,
    /// What runs the graphs. Compiling for CUDA needs no device; the artifact is portable.
    #[arg(long, value_enum, default_value = "cpu")]
    pub(crate) device: DeviceArg,
    /// What most of each graph computes in on the device [default: fp32]; its inputs and outputs stay as they are.
    #[arg(long, value_enum)]
    pub(crate) precision: Option<PrecisionArg>,
    /// Where an artifact for CUDA is tried: cuda, cuda:N, or none [default: cuda, where its libraries and a device are].
    #[arg(long, value_name = "DEVICE", value_parser = try_on)]
    pub(crate) try_on: Option<TryOn>,
    /// Fix a symbolic dim, in every ONNX model that has it.
    #[arg(long, value_name = "NAME=SIZE", value_parser = dim)]
    pub(crate) set_dim: Vec<(String, u64)>,
    /// Size of a symbolic dim in the golden runs only.
    #[arg(long, value_name = "NAME=SIZE", value_parser = dim)]
    pub(crate) golden_dim: Vec<(String, u64)>,
    /// Whether weights are packed at start: as is faster to the first answer (measured), always, or never.
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) prepack: PrepackArg,
    /// Seed of the golden runs' inputs.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Threads to measure with [default: what the CPU quota allows].
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    #[command(flatten)]
    pub(crate) confines: ConfineFlags,
}

/// `--target` as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub(crate) enum TargetArg {
    Host,
    Portable,
    Class(HostClass),
}

/// `--try-on` as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub(crate) enum TryOn {
    None,
    Cuda(u32),
}

/// `--device` as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub(crate) enum DeviceArg {
    Cpu,
    Cuda,
}

/// `--precision` as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub(crate) enum PrecisionArg {
    Fp32,
    Fp16,
}

/// Arguments that do not go together.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub(crate) enum Contradiction {
    #[error(
        "--precision {} is for a device, this artifact is for the CPU, which computes as the model says: add --device \
         cuda, or leave --precision out", of(*precision)
    )]
    PrecisionOfCpu { precision: PrecisionArg },
    #[error("--try-on is for a device, this artifact is for the CPU: add --device cuda, or leave --try-on out")]
    TrialOfCpu,
    #[error(
        "--target {class} does not go with --device cuda: an artifact for a device is portable; leave --target out, or \
         give host or portable, which mean the same there"
    )]
    TargetOfDevice { class: HostClass },
}

fn of(precision: PrecisionArg) -> &'static str {
    match precision {
        PrecisionArg::Fp32 => "fp32",
        PrecisionArg::Fp16 => "fp16",
    }
}

/// `--prepack` as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub(crate) enum PrepackArg {
    Auto,
    On,
    Off,
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    #[serde(flatten)]
    summary: &'a Summary,
}

/// Compiles in a child process, with progress on stderr and the summary on stdout.
pub(crate) fn run(args: &CompileArgs, output: &Output) -> anyhow::Result<()> {
    let threads = thread_count(args.threads)?;
    let request = Request {
        models: args.models(),
        guest: args.guest.clone().map(|path| GuestSource {
            path,
            optimise: args.optimise_guest,
            // What a child has made, which has read what nobody trusts, is no code for the cache.
            cache: None,
        }),
        output: args.output.clone().unwrap_or_else(|| args.default_output()),
        device: args.device()?,
        trial: args.trial()?,
        target: args.target.target(),
        prepack: match args.prepack {
            PrepackArg::Auto => Prepack::Auto,
            PrepackArg::On => Prepack::On,
            PrepackArg::Off => Prepack::Off,
        },
        set_dims: args.set_dim.clone(),
        golden_dims: args.golden_dim.clone(),
        seed: args.seed,
        threads,
        complete: false,
    };
    let confines = args.confines.confines()?;
    let steps = 3 * request.models.len() + 2 + 2 * usize::from(request.guest.is_some());
    let bar = progress::steps("reading".into(), steps as u64);
    let result = compile_apart(&request, &confines, |stage, file| {
        bar.set_message(stage.doing());
        bar.inc(1);
        if output.verbose > 0 {
            bar.suspend(|| note!("{} {}", stage.doing(), file.display()));
        }
    });
    bar.finish_and_clear();
    let mut summary = result?;
    if request.guest.is_some()
        && let Err(error) = native::keep(&summary.output)
    {
        summary.notes.push(format!("the guest is compiled again when it is run: {}", exit::line(&error)));
    }
    summary.notes.iter().for_each(|words| note!("note: {words}"));
    if output.verbose > 0 && !summary.missing_walls.is_empty() {
        note!("note: compiled without walls that this kernel does not give: {}", summary.missing_walls.join(", "));
    }
    output.print(&Report { schema: "blink.compile/2", summary: &summary }, |out| report::print(&summary, out))
}

impl CompileArgs {
    fn device(&self) -> Result<CompileDevice, Contradiction> {
        match (self.device, self.precision, self.target) {
            (DeviceArg::Cpu, Some(precision), _) => Err(Contradiction::PrecisionOfCpu { precision }),
            (DeviceArg::Cpu, None, _) => Ok(CompileDevice::Cpu),
            (DeviceArg::Cuda, _, TargetArg::Class(class)) => Err(Contradiction::TargetOfDevice { class }),
            (DeviceArg::Cuda, Some(PrecisionArg::Fp16), _) => Ok(CompileDevice::Cuda { precision: Precision::Fp16 }),
            (DeviceArg::Cuda, Some(PrecisionArg::Fp32) | None, _) => {
                Ok(CompileDevice::Cuda { precision: Precision::Fp32 })
            }
        }
    }

    /// Where to try what is for CUDA. Where nobody asked for it, a machine without the libraries is no news.
    fn trial(&self) -> anyhow::Result<Option<TrialPlace>> {
        let (ordinal, is_required) = match (self.device, self.try_on) {
            (DeviceArg::Cpu, Some(_)) => return Err(Contradiction::TrialOfCpu.into()),
            (DeviceArg::Cpu, None) | (DeviceArg::Cuda, Some(TryOn::None)) => return Ok(None),
            (DeviceArg::Cuda, None) if library::find_cuda().is_err() => return Ok(None),
            (DeviceArg::Cuda, None) => (0, false),
            (DeviceArg::Cuda, Some(TryOn::Cuda(ordinal))) => (ordinal, true),
        };
        let launcher = Launcher::new(program::path()?);
        Ok(Some(TrialPlace { launcher, ordinal, is_required }))
    }

    fn models(&self) -> Vec<ModelSource> {
        let first = self.first.iter().map(|path| ModelSource { path: path.clone(), name: self.name.clone() });
        first.chain(self.model.iter().cloned()).collect()
    }

    /// In this directory, called after the guest, else after the first model.
    fn default_output(&self) -> PathBuf {
        let models = self.models();
        let named = self.guest.as_ref().or(models.first().map(|model| &model.path));
        PathBuf::from(named.and_then(|path| path.file_stem()).unwrap_or_default()).with_added_extension("blink")
    }
}

impl TargetArg {
    fn target(self) -> Target {
        match self {
            TargetArg::Host => Target::Class(host::class()),
            TargetArg::Portable => Target::Portable,
            TargetArg::Class(class) => Target::Class(class),
        }
    }
}

fn try_on(text: &str) -> Result<TryOn, String> {
    match (text, text.parse()) {
        ("none", _) => Ok(TryOn::None),
        (_, Ok(Device::Cuda(ordinal))) => Ok(TryOn::Cuda(ordinal)),
        _ => Err(format!("'{text}' is not none, cuda or cuda:N")),
    }
}

fn target(text: &str) -> Result<TargetArg, String> {
    match text {
        "host" => Ok(TargetArg::Host),
        "portable" => Ok(TargetArg::Portable),
        class => {
            class.parse::<HostClass>().map(TargetArg::Class).map_err(|error| format!("{error}; or host, portable"))
        }
    }
}

fn dim(text: &str) -> Result<(String, u64), String> {
    let wanted = || format!("'{text}' is not NAME=SIZE, such as batch=1");
    let (name, size) = text.rsplit_once('=').ok_or_else(wanted)?;
    let size = size.parse().map_err(|_| wanted())?;
    if name.is_empty() { Err(wanted()) } else { Ok((name.to_owned(), size)) }
}
