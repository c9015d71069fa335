//! A published wheel and what is taken out of it, pinned by hashes; the tables are made of these.

use std::fmt;

/// A wheel, by the names that a package client knows it under.
#[derive(Debug)]
pub(crate) struct Wheel {
    /// The package's name.
    pub(crate) package: &'static str,
    /// The package's version.
    pub(crate) version: &'static str,
    /// The Python version to ask for, as a tag has it. A wheel for any Python takes any.
    pub(crate) python: &'static str,
    /// The wheel's platform tag; one of them where it has several.
    pub(crate) platform: &'static str,
    /// SHA-256 of the wheel, in lower-case hexadecimal.
    pub(crate) sha256: &'static str,
    /// Size of the wheel, in bytes.
    pub(crate) bytes: u64,
    /// The files that are taken out of it.
    pub(crate) members: &'static [Member],
}

/// A library inside a wheel.
#[derive(Debug)]
pub(crate) struct Member {
    /// Its path inside the wheel.
    pub(crate) path: &'static str,
    /// SHA-256 of the library, in lower-case hexadecimal.
    pub(crate) sha256: &'static str,
    /// Size of the library, in bytes.
    pub(crate) bytes: u64,
}

impl Wheel {
    /// The one line of a requirements file that admits this wheel and no other.
    pub(crate) fn requirement(&self) -> String {
        format!("{}=={} --hash=sha256:{}\n", self.package, self.version, self.sha256)
    }

    /// The command that installs this wheel.
    pub(crate) fn command(&self) -> &'static str {
        if self.package == "onnxruntime" { "blink setup" } else { "blink setup --device cuda" }
    }
}

impl fmt::Display for Wheel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.package, self.version)
    }
}

impl Member {
    /// The name that it is installed under.
    pub(crate) fn file_name(&self) -> &'static str {
        self.path.rsplit_once('/').map_or(self.path, |(_, name)| name)
    }
}
