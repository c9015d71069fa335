//! Which of the wanted wheels a given file is: told by the libraries that it holds, not by its name.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use super::CudaError;
use crate::setup::wheel::Wheel;

/// The files that the user gave, each with the wheel that it is of.
pub(super) struct Given<'a>(Vec<(&'a Path, &'static Wheel)>);

impl<'a> Given<'a> {
    /// Looks into every file; each must be another one of `wheels`.
    pub(super) fn new(paths: &'a [PathBuf], wheels: &'static [Wheel]) -> Result<Given<'a>, CudaError> {
        let mut given: Vec<(&Path, &'static Wheel)> = Vec::new();
        for path in paths {
            let wheel = recognise(path, wheels)?;
            if let Some((first, _)) = given.iter().find(|(_, other)| std::ptr::eq(*other, wheel)) {
                return Err(CudaError::GivenTwice { first: first.into(), second: path.clone(), wheel });
            }
            given.push((path, wheel));
        }
        Ok(Given(given))
    }

    /// The file that is `wheel`; `None` where none was given.
    pub(super) fn get(&self, wheel: &Wheel) -> Option<&'a Path> {
        self.0.iter().find(|(_, other)| std::ptr::eq(*other, wheel)).map(|(path, _)| *path)
    }
}

/// The wheel of `wheels` all of whose members are in the archive at `path`.
fn recognise(path: &Path, wheels: &'static [Wheel]) -> Result<&'static Wheel, CudaError> {
    let unreadable = |source| CudaError::NotAWheel { path: path.to_owned(), expected: wheels.iter().collect(), source };
    let file = File::open(path).map_err(unreadable)?;
    let archive = ZipArchive::new(BufReader::new(file)).map_err(|error| unreadable(io::Error::from(error)))?;
    let is_in = |wheel: &&Wheel| wheel.members.iter().all(|member| archive.index_for_name(member.path).is_some());
    let unknown = || CudaError::UnknownWheel { path: path.to_owned(), expected: wheels.iter().collect() };
    wheels.iter().find(is_in).ok_or_else(unknown)
}

/// The wheels by package, version and platform, for a message.
pub(super) fn list(wheels: &[&'static Wheel]) -> String {
    let wheels: Vec<_> = wheels.iter().map(|wheel| format!("{wheel} ({})", wheel.platform)).collect();
    wheels.join(", ")
}
