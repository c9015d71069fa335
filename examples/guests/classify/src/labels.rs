//! Names of classes, a line each, in the order of a model's scores.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};
use std::path::Path;

/// The thousand classes of ImageNet-1k.
const IMAGENET: &str = include_str!("../labels.txt");

/// Names of classes.
#[derive(Debug)]
pub(crate) struct Labels(Cow<'static, str>);

impl Labels {
    /// The lines of a file, or the classes of ImageNet-1k.
    pub(crate) fn of(file: Option<&Path>) -> Result<Labels, String> {
        match file {
            None => Ok(Labels(Cow::Borrowed(IMAGENET))),
            Some(path) => std::fs::read_to_string(path)
                .map(|lines| Labels(Cow::Owned(lines)))
                .map_err(|error| format!("labels {} cannot be read: {error}", path.display())),
        }
    }

    /// The name of a class; its number where it has none.
    pub(crate) fn of_class(&self, class: usize) -> impl Display {
        Label { name: self.0.lines().nth(class), class }
    }
}

struct Label<'a> {
    name: Option<&'a str>,
    class: usize,
}

impl Display for Label<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self.name {
            Some(name) => formatter.write_str(name),
            None => write!(formatter, "class {}", self.class),
        }
    }
}
