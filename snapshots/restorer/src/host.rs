//! [`Host`]: what must be the same for a process to go on where another was written down.
//!
//! Which code runs was decided in the image by what the processor said (the C library's functions, ONNX Runtime's
//! kernels, the layout of packed weights), and what the kernel promises was learned from the kernel.

use crate::refusal::Refusal;

/// Kernel and processor.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    /// CPUID leaves 0, 1, 7, 7.1, 0xd, 0x80000001 and 0x80000008: eax, ebx, ecx and edx of each, without what differs
    /// between the cores of one machine. Few, because a virtual machine leaves its guest at each.
    pub cpu: [[u32; 4]; 7],
    /// XCR0: the processor state that the kernel saves.
    pub saved_state: u64,
    /// The kernel's release (`uname -r`), filled up with zeros.
    pub kernel_release: [u8; 72],
    /// The kernel's build (`uname -v`), filled up with zeros.
    pub kernel_version: [u8; 72],
}

impl Host {
    /// Whether a process of `self` can go on on `here`.
    pub fn check(&self, here: &Host) -> Result<(), Refusal> {
        if (self.kernel_release, self.kernel_version) != (here.kernel_release, here.kernel_version) {
            return Err(Refusal::Kernel);
        }
        if (self.cpu, self.saved_state) != (here.cpu, here.saved_state) {
            return Err(Refusal::Cpu);
        }
        Ok(())
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
impl Host {
    /// The host this code runs on.
    pub fn here() -> Host {
        let (kernel_release, kernel_version) = crate::system::kernel();
        let (cpu, saved_state) = processor();
        Host { cpu, saved_state, kernel_release, kernel_version }
    }
}

/// CPUID as [`Host::cpu`] keeps it, and XCR0.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn processor() -> ([[u32; 4]; 7], u64) {
    use core::arch::x86_64::__cpuid_count;
    /// CPUID.1:ECX, the kernel has switched XSAVE on.
    const OSXSAVE: u32 = 1 << 27;
    // The last two are on every processor of this architecture; asked for a leaf above its highest, Intel's answer with
    // the highest.
    const LEAVES: [(u32, u32); 7] = [(0, 0), (1, 0), (7, 0), (7, 1), (0xd, 0), (0x8000_0001, 0), (0x8000_0008, 0)];
    let mut cpu = LEAVES.map(|(leaf, sub)| {
        let found = __cpuid_count(leaf, sub);
        [found.eax, found.ebx, found.ecx, found.edx]
    });
    let highest = cpu[0][0];
    for (found, (leaf, _)) in cpu.iter_mut().zip(LEAVES) {
        if (highest + 1..0x8000_0000).contains(&leaf) {
            *found = [0; 4];
        }
    }
    let has_xsave = cpu[1][2] & OSXSAVE != 0;
    // The id of the core that asks, and how many there are.
    cpu[1][1] &= 0x0000_ff00;
    // How many bytes the state takes that is in use at this moment.
    cpu[4][1] = 0;
    // How many cores there are.
    cpu[6][2] = 0;
    (cpu, if has_xsave { crate::system::saved_state() } else { 0 })
}

#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "asks kernel and processor, by inline assembly")]
    fn a_host_is_itself_and_no_other() {
        let here = Host::here();
        assert_eq!(here.check(&Host::here()), Ok(()));
        assert!(here.kernel_release[0] != 0 && here.kernel_version[0] != 0 && here.cpu[0] != [0; 4]);
        let mut other = here;
        other.kernel_version[3] ^= 1;
        assert_eq!(other.check(&here), Err(Refusal::Kernel));
        let mut other = here;
        other.cpu[2][1] ^= 1 << 16;
        assert_eq!(other.check(&here), Err(Refusal::Cpu));
        let mut other = here;
        other.saved_state ^= 1 << 7;
        assert_eq!(other.check(&here), Err(Refusal::Cpu));
    }
}
