//! [`Device`]: where a model is to run. A name is a promise: what is asked for a GPU never runs elsewhere in silence.

use std::fmt;
use std::str::FromStr;

/// Where a model is to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Device {
    /// The CPU.
    #[default]
    Cpu,
    /// The CUDA device of this number, and nothing else.
    Cuda(u32),
    /// That device; the CPU where it cannot be used, which is told.
    CudaOrCpu(u32),
}

impl Device {
    /// The number of the CUDA device that is to be tried; `None` for the CPU.
    pub const fn ordinal(self) -> Option<u32> {
        match self {
            Device::Cpu => None,
            Device::Cuda(ordinal) | Device::CudaOrCpu(ordinal) => Some(ordinal),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu => f.write_str("cpu"),
            Device::Cuda(ordinal) => write!(f, "cuda:{ordinal}"),
            Device::CudaOrCpu(0) => f.write_str("cuda-or-cpu"),
            Device::CudaOrCpu(ordinal) => write!(f, "cuda-or-cpu:{ordinal}"),
        }
    }
}

impl FromStr for Device {
    type Err = String;

    /// Reads `cpu`, `cuda`, `cuda:N`, `cuda-or-cpu` or `cuda-or-cpu:N`; without a number it is device 0.
    fn from_str(text: &str) -> Result<Device, String> {
        let unknown = || format!("device '{text}' is not known: expected cpu, cuda, cuda:N or cuda-or-cpu");
        let (name, ordinal) = match text.split_once(':') {
            // `parse` takes a sign, which is no part of a device's name.
            Some((name, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                (name, number.parse().map_err(|_| unknown())?)
            }
            Some(_) => return Err(unknown()),
            None => (text, 0),
        };
        match name {
            "cpu" if name == text => Ok(Device::Cpu),
            "cuda" => Ok(Device::Cuda(ordinal)),
            "cuda-or-cpu" => Ok(Device::CudaOrCpu(ordinal)),
            _ => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        let names = [("cpu", Device::Cpu), ("cuda:0", Device::Cuda(0)), ("cuda:7", Device::Cuda(7))];
        let fall_back = [("cuda-or-cpu", Device::CudaOrCpu(0)), ("cuda-or-cpu:2", Device::CudaOrCpu(2))];
        for (name, device) in names.into_iter().chain(fall_back) {
            assert_eq!((name.parse(), device.to_string()), (Ok(device), name.to_owned()));
        }
        assert_eq!("cuda".parse(), Ok(Device::Cuda(0)));
        for name in ["", "gpu", "CUDA", "cpu:0", "cuda:", "cuda:-1", "cuda:+1", "cuda:x", "cuda:99999999999", ":0"] {
            let error = name.parse::<Device>().unwrap_err();
            assert!(error.contains("expected cpu, cuda, cuda:N or cuda-or-cpu"), "{name}: {error}");
        }
    }
}
