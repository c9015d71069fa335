//! [`Devices`]: the devices that models run on. Each is brought up at the server's start, so that no request waits for
//! that; one that cannot be used is an error then, or is told and replaced by the CPU for as long as the server runs.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use blink_runtime::engine::cuda::BudgetStats;
use blink_runtime::{Device, DeviceFacts, LaunchError, Launcher};
use tracing::{info, warn};

use crate::config::Config;

/// The devices of a server, by number.
#[derive(Debug, Default)]
pub struct Devices {
    known: Mutex<BTreeMap<u32, DeviceView>>,
}

/// A device, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceView {
    /// Its number.
    pub ordinal: u32,
    /// What it calls itself; empty where it cannot be used.
    pub name: String,
    /// Whether it came up at the start. Where it did not, models run on the CPU in its place.
    pub is_usable: bool,
    /// Its memory, as a model on it told it last; `None` before the first has, and once the device was lost.
    pub memory: Option<BudgetStats>,
}

impl Devices {
    /// Brings up every device that `config` names. Blocks until they are ready for models.
    ///
    /// An error: one cannot be used, and models were to run on that and nothing else.
    pub fn begin(config: &Config, launcher: &Launcher) -> Result<Devices, LaunchError> {
        let devices = Devices::default();
        for ordinal in config.devices() {
            let (name, is_usable) = match launcher.start_device(ordinal) {
                Ok(ready) => {
                    let ms = ready.phases.iter().map(|it| it.end.saturating_sub(it.begin)).sum::<u64>() / 1_000_000;
                    info!(pid = ready.pid, ms, "device cuda:{ordinal} is ready: {}", ready.name);
                    (ready.name, true)
                }
                Err(error) if config.is_bound_to(ordinal) => return Err(error),
                Err(error) => {
                    warn!("models for device cuda:{ordinal} run on the CPU until the server is started again: {error}");
                    (String::new(), false)
                }
            };
            devices.lock().insert(ordinal, DeviceView { ordinal, name, is_usable, memory: None });
        }
        Ok(devices)
    }

    /// Where a model runs that is to run on `device`: there, or on the CPU where it may and the device did not come up.
    pub fn place(&self, device: Device) -> Device {
        match device {
            Device::CudaOrCpu(ordinal) if self.lock().get(&ordinal).is_some_and(|known| !known.is_usable) => {
                Device::Cpu
            }
            device => device,
        }
    }

    /// What a model on a device tells of it.
    pub(crate) fn told(&self, facts: &DeviceFacts) {
        if let Some(known) = self.lock().get_mut(&facts.ordinal) {
            (known.name, known.memory) = (facts.name.clone(), Some(facts.budget));
        }
    }

    /// The device was lost: nothing is known of its memory until another model tells.
    pub(crate) fn lost(&self, device: Device) {
        let mut known = self.lock();
        if let Some(known) = device.ordinal().and_then(|ordinal| known.get_mut(&ordinal)) {
            known.memory = None;
        }
    }

    /// All of them.
    pub fn view(&self) -> Vec<DeviceView> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, DeviceView>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
