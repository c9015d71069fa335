//! What a graph was optimised for: the class of machine on which an artifact's graph gives right answers.
//!
//! ONNX Runtime's highest graph level lays convolutions out in blocks as wide as the machine's vectors, and the
//! graph it saves does not say how wide. Run where blocks have another width, it answers wrongly and reports no
//! error. So a class is compared before a graph is used, and nothing here guesses: a code or a name that is not
//! listed is an error.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A class of machines that run the same graph with the same meaning.
///
/// The numbers are what artifacts store: they never change, and a new class takes a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u32)]
pub enum HostClass {
    /// Any x86-64. Portable: the graph holds no blocked layout.
    #[serde(rename = "x86-64")]
    X86_64 = 1,
    /// x86-64 with AVX2 and FMA: blocks of 8 channels.
    #[serde(rename = "x86-64-avx2")]
    X86_64Avx2 = 2,
    /// x86-64 with AVX-512F: blocks of 16 channels.
    #[serde(rename = "x86-64-avx512")]
    X86_64Avx512 = 3,
    /// Any 64-bit Arm. Portable: the graph holds no blocked layout.
    #[serde(rename = "aarch64")]
    Aarch64 = 4,
    /// 64-bit Arm with NEON: blocks as its convolution kernels take them.
    #[serde(rename = "aarch64-neon")]
    Aarch64Neon = 5,
}

/// Why a number or a name is not a [`HostClass`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum HostClassError {
    #[error("host class number {0} is unknown: expected 1 to 5; the file may be from a newer version of blink")]
    UnknownCode(u32),
    #[error("host class '{0}' is unknown: expected one of x86-64, x86-64-avx2, x86-64-avx512, aarch64, aarch64-neon")]
    UnknownName(String),
}

impl HostClass {
    /// Every class, in the order of their codes.
    pub const ALL: [HostClass; 5] =
        [HostClass::X86_64, HostClass::X86_64Avx2, HostClass::X86_64Avx512, HostClass::Aarch64, HostClass::Aarch64Neon];

    /// The number that artifacts store.
    pub const fn code(self) -> u32 {
        self as u32
    }

    /// The class that artifacts store as `code`.
    pub fn from_code(code: u32) -> Result<HostClass, HostClassError> {
        HostClass::ALL.into_iter().find(|class| class.code() == code).ok_or(HostClassError::UnknownCode(code))
    }

    /// The name: `x86-64`, `x86-64-avx512`, `aarch64`, ...
    pub const fn name(self) -> &'static str {
        match self {
            HostClass::X86_64 => "x86-64",
            HostClass::X86_64Avx2 => "x86-64-avx2",
            HostClass::X86_64Avx512 => "x86-64-avx512",
            HostClass::Aarch64 => "aarch64",
            HostClass::Aarch64Neon => "aarch64-neon",
        }
    }

    /// The portable class of the same architecture; a portable class is its own.
    pub const fn portable(self) -> HostClass {
        match self {
            HostClass::X86_64 | HostClass::X86_64Avx2 | HostClass::X86_64Avx512 => HostClass::X86_64,
            HostClass::Aarch64 | HostClass::Aarch64Neon => HostClass::Aarch64,
        }
    }

    /// Whether a graph of this class runs on every machine of its architecture.
    pub fn is_portable(self) -> bool {
        self == self.portable()
    }

    /// Whether a graph of this class gives right answers on a machine of class `host`.
    ///
    /// A portable class runs on its whole architecture; any other runs on itself alone, wider machines included.
    pub fn runs_on(self, host: HostClass) -> bool {
        self == host || self == host.portable()
    }
}

impl fmt::Display for HostClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for HostClass {
    type Err = HostClassError;

    fn from_str(name: &str) -> Result<HostClass, HostClassError> {
        let found = HostClass::ALL.into_iter().find(|class| class.name() == name);
        found.ok_or_else(|| HostClassError::UnknownName(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::HostClass::*;
    use super::*;

    #[test]
    fn a_blocked_graph_runs_on_its_own_class_alone() {
        for class in [X86_64Avx2, X86_64Avx512, Aarch64Neon] {
            let hosts: Vec<_> = HostClass::ALL.into_iter().filter(|&host| class.runs_on(host)).collect();
            assert_eq!(hosts, [class]);
        }
    }

    #[test]
    fn a_portable_graph_runs_on_its_whole_architecture() {
        let on = |class: HostClass| HostClass::ALL.into_iter().filter(|&host| class.runs_on(host)).collect::<Vec<_>>();
        assert_eq!(on(X86_64), [X86_64, X86_64Avx2, X86_64Avx512]);
        assert_eq!(on(Aarch64), [Aarch64, Aarch64Neon]);
        assert_eq!(HostClass::ALL.map(HostClass::is_portable), [true, false, false, true, false]);
    }

    #[test]
    fn codes_and_names_are_the_stored_ones_and_return_to_the_class() {
        let stored = [(1, "x86-64"), (2, "x86-64-avx2"), (3, "x86-64-avx512"), (4, "aarch64"), (5, "aarch64-neon")];
        assert_eq!(HostClass::ALL.map(|class| (class.code(), class.name())), stored);
        for class in HostClass::ALL {
            assert_eq!(HostClass::from_code(class.code()), Ok(class));
            assert_eq!(class.to_string().parse(), Ok(class));
        }
    }

    #[test]
    fn what_is_not_listed_is_refused() {
        assert_eq!(HostClass::from_code(0), Err(HostClassError::UnknownCode(0)));
        assert_eq!(HostClass::from_code(6), Err(HostClassError::UnknownCode(6)));
        assert_eq!("x86_64".parse::<HostClass>(), Err(HostClassError::UnknownName("x86_64".to_owned())));
    }
}
