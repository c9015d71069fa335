//! `--device` of `bench ARTIFACT`: where it is measured, and what makes no sense there.
//!
//! On a device all starts are made in its resident worker, which is started once, before anything is measured. They have
//! no process of their own: there is no snapshot of them, no file that could be taken out of memory, nothing that the
//! kernel counts for one of them.

use blink_benches::device::Resident;
use blink_benches::measurement::{Axis, State};
use blink_benches::setup::Plan;
use blink_runtime::{Device, LaunchError};
use blink_server::config::values;

use super::WrongUse;
use super::start::StartArgs;

/// Where it is measured.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct DeviceArgs {
    /// Where to run: cpu, cuda, cuda:N, or cuda-or-cpu, which falls back and says so [default: the CPU; an artifact for
    /// CUDA has to be told].
    #[arg(long, value_name = "DEVICE")]
    device: Option<Device>,
    /// Most memory of the device that its worker may hold, such as 8GiB [default: nine tenths of what is free].
    #[arg(long, value_name = "SIZE", requires = "device", value_parser = values::size)]
    device_memory: Option<u64>,
    /// Refuse a model of which the device leaves nodes to the CPU.
    #[arg(long, requires = "device")]
    strict_placement: bool,
}

impl DeviceArgs {
    /// Refuses what makes no sense on a device.
    pub(super) fn check(&self, args: &StartArgs) -> Result<(), WrongUse> {
        if self.device.and_then(Device::ordinal).is_none() {
            return Ok(());
        }
        let refusals = [
            (
                !args.subject.start.is_empty(),
                "--start is of processes: on a device each start is made in its worker, with weights that were there \
                 (kept) and with weights uploaded anew (uploaded); leave it out",
            ),
            (
                args.rounds.state.contains(&State::Disk),
                "--state disk is of processes: the worker of a device has its files in memory; leave it out",
            ),
            (args.subject.stdin.is_some(), "--stdin is of guests, and no guest runs on a device: leave it out"),
            (
                !args.against.is_empty(),
                "--against holds a peer to its own bits, which a device does not promise: leave it out; benches/gpu.sh \
                 measures ONNX Runtime in Python on the same device",
            ),
            (
                args.sweep.iter().any(|sweep| sweep.axis() == Axis::Threads),
                "--sweep threads is of runs on the CPU: on a device sweep batch, size or workers",
            ),
        ];
        refusals.into_iter().find(|(is_asked, _)| *is_asked).map_or(Ok(()), |(_, why)| Err(WrongUse(why)))
    }

    /// Has `plan` be measured there; what had to be given up, in words.
    pub(super) fn place(&self, plan: &mut Plan) -> Result<Vec<String>, LaunchError> {
        plan.strict_placement = self.strict_placement;
        plan.device = self.device;
        let Some((device, ordinal)) = self.device.and_then(|device| Some((device, device.ordinal()?))) else {
            return Ok(Vec::new());
        };
        match (Resident::start(&plan.program, ordinal, self.device_memory), device) {
            (Ok(resident), _) => {
                (plan.device, plan.resident) = (Some(Device::Cuda(ordinal)), Some(resident));
                Ok(Vec::new())
            }
            (Err(error @ (LaunchError::Device { .. } | LaunchError::Resident { .. })), Device::CudaOrCpu(_)) => {
                plan.device = Some(Device::Cpu);
                Ok(vec![format!("{device}: measured on the CPU in its place: {error}")])
            }
            (Err(error), _) => Err(error),
        }
    }
}
