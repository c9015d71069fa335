//! [`Level`]: how much of an artifact is checked beyond its structure, and when. What each finds, and what it does not:
//! `docs/security.md`, "Levels of checking".

use std::fmt;
use std::str::FromStr;

/// How much of an artifact is checked, and when. Its structure is checked at each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// What can execute, before it does: graph, metadata, native code. Weights are trusted.
    #[default]
    Code,
    /// Then every byte, beside later work, after the first answer.
    Lazy,
    /// Every byte, before the first answer is given.
    Full,
}

impl Level {
    /// Every level, in order of what it costs.
    pub const ALL: [Level; 3] = [Level::Code, Level::Lazy, Level::Full];

    /// The name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Code => "code",
            Level::Lazy => "lazy",
            Level::Full => "full",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Level, String> {
        let found = Level::ALL.into_iter().find(|level| level.name() == text);
        found.ok_or_else(|| format!("'{text}' is no level of checking, expected code, lazy or full"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_as_they_are_written() {
        for level in Level::ALL {
            assert_eq!(level.to_string().parse(), Ok(level));
        }
        assert!("Full".parse::<Level>().is_err() && "".parse::<Level>().is_err());
    }
}
