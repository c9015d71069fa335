//! Every reason for which the program does not restore an image. Nothing has been run when one is told.

/// A reason, as the program tells it: a code and two details.
///
/// The codes are part of what the program and its launcher agree on; they are never used again for another reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The file does not begin as an image does, or is shorter than it says.
    NotAnImage,
    /// The image has another format version: this one.
    Version(u32),
    /// The head's sum is not the one it carries: it is damaged.
    Checksum,
    /// The head's sum is right and its contents break a rule of the format.
    Layout,
    /// The kernel is another one, or another build.
    Kernel,
    /// The processor has other features.
    Cpu,
    /// The kernel's own code in each process (vDSO) is other than it was, or is not there.
    Vdso,
    /// The file at this index of the image's table cannot be opened: the error number.
    Unreadable(u32, u32),
    /// The file at this index of the image's table is not the one that was mapped: it was replaced or changed.
    Changed(u32),
    /// The kernel refused a step: its number, the error number.
    Forbidden(u32, u32),
}

/// What the program asks of the kernel and cannot do without.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Reading the image's head.
    Read,
    /// Copying the environment to where it stays.
    Environment,
    /// Unmapping what the kernel has mapped for the program.
    Clear,
    /// Moving the vDSO to where it was.
    Vdso,
    /// Mapping a segment.
    Map,
    /// Setting the thread pointer.
    ThreadPointer,
    /// Asking for processor state (AMX).
    ProcessorState,
}

impl Step {
    /// Every step, by its number.
    pub const ALL: [Step; 7] =
        [Step::Read, Step::Environment, Step::Clear, Step::Vdso, Step::Map, Step::ThreadPointer, Step::ProcessorState];

    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Step::Read => "reading the image",
            Step::Environment => "mapping the environment",
            Step::Clear => "unmapping the restorer's stack",
            Step::Vdso => "moving the vDSO",
            Step::Map => "mapping a segment",
            Step::ThreadPointer => "setting the thread pointer",
            Step::ProcessorState => "asking for processor state",
        }
    }
}

impl Refusal {
    /// As it travels: code, first and second detail.
    pub const fn encode(self) -> (u32, u64, u64) {
        match self {
            Refusal::NotAnImage => (1, 0, 0),
            Refusal::Version(found) => (2, found as u64, 0),
            Refusal::Checksum => (3, 0, 0),
            Refusal::Layout => (4, 0, 0),
            Refusal::Kernel => (5, 0, 0),
            Refusal::Cpu => (6, 0, 0),
            Refusal::Vdso => (7, 0, 0),
            Refusal::Unreadable(index, error) => (8, index as u64, error as u64),
            Refusal::Changed(index) => (9, index as u64, 0),
            Refusal::Forbidden(step, error) => (10, step as u64, error as u64),
        }
    }

    /// The reason that travelled; `None` where there is none of that code.
    pub const fn decode(code: u32, a: u64, b: u64) -> Option<Refusal> {
        Some(match code {
            1 => Refusal::NotAnImage,
            2 => Refusal::Version(a as u32),
            3 => Refusal::Checksum,
            4 => Refusal::Layout,
            5 => Refusal::Kernel,
            6 => Refusal::Cpu,
            7 => Refusal::Vdso,
            8 => Refusal::Unreadable(a as u32, b as u32),
            9 => Refusal::Changed(a as u32),
            10 => Refusal::Forbidden(a as u32, b as u32),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_travel() {
        let all = [
            Refusal::NotAnImage,
            Refusal::Version(7),
            Refusal::Checksum,
            Refusal::Layout,
            Refusal::Kernel,
            Refusal::Cpu,
            Refusal::Vdso,
            Refusal::Unreadable(3, 2),
            Refusal::Changed(5),
            Refusal::Forbidden(1, 12),
        ];
        for refusal in all {
            let (code, a, b) = refusal.encode();
            assert_eq!(Refusal::decode(code, a, b), Some(refusal));
        }
        assert_eq!(Refusal::decode(0, 0, 0), None);
        assert_eq!(Refusal::decode(11, 0, 0), None);
    }
}
