//! `blink.toml`: the same settings by the same names, and tables for single models. Every key is known or an error.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Address;
use super::error::ConfigError;
use super::keys::{APP, BATCHES, Key, MODEL, SERVER, nearest};
use super::partial::{Partial, PartialModel};
use crate::repository::name;

/// Most bytes of a configuration.
const MAX_LEN: u64 = 1 << 20;

/// Reads the file at `path`. Relative paths in it start at its own directory.
pub(super) fn read(path: &Path) -> Result<Partial, ConfigError> {
    let failed = |source| ConfigError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_LEN + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > MAX_LEN {
        return Err(ConfigError::TooLong { path: path.to_owned(), limit: MAX_LEN });
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = line_at(error.as_bytes(), error.utf8_error().valid_up_to());
        ConfigError::Syntax { path: path.to_owned(), line, message: "not UTF-8: expected TOML".into() }
    })?;
    let mut partial = parse(path, &text)?;
    let base = path.parent().unwrap_or(Path::new(""));
    partial.models.iter_mut().flatten().for_each(|model| *model = base.join(&*model));
    partial.trust.iter_mut().for_each(|trust| *trust = base.join(&*trust));
    for address in partial.http.iter_mut().chain(&mut partial.grpc).flatten() {
        if let Address::Unix(path) = address {
            *path = base.join(&*path);
        }
    }
    Ok(partial)
}

/// Reads `text`, the content of the file at `path`.
fn parse(path: &Path, text: &str) -> Result<Partial, ConfigError> {
    let document = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_at(text.as_bytes(), span.start));
        let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        ConfigError::Syntax { path: path.to_owned(), line, message }
    })?;
    let file = ConfigFile { path, text };
    let mut partial = Partial::default();
    for (key, value) in document.get_ref() {
        let name: &str = key.get_ref();
        if name == "models" || name == "apps" {
            file.named(&mut partial, name, value)?;
        } else if !file.set(&mut partial, SERVER, name, value)?
            && !file.set(&mut partial.defaults, MODEL, name, value)?
            && !file.set(&mut partial.defaults, BATCHES, name, value)?
        {
            let known =
                SERVER.iter().map(|key| key.name).chain(model_keys(&[MODEL, BATCHES])).chain(["models", "apps"]);
            return Err(file.unknown(key, "the file", known));
        }
    }
    Ok(partial)
}

/// A file being read, for what errors tell.
struct ConfigFile<'a> {
    path: &'a Path,
    text: &'a str,
}

impl ConfigFile<'_> {
    /// Reads the tables below `[models]` or `[apps]`.
    fn named(&self, to: &mut Partial, kind: &str, value: &Spanned<DeValue<'_>>) -> Result<(), ConfigError> {
        let own = if kind == "apps" { APP } else { BATCHES };
        for (key, value) in self.table(kind, value)? {
            let (name, at) = (key.get_ref().to_string(), key.span().start);
            let line = self.line(at);
            if let Err(rule) = name::check(&name) {
                return Err(ConfigError::Name { path: self.path(), line, name, rule });
            }
            let table = format!("{kind}.{name}");
            let mut model = PartialModel::default();
            for (key, value) in self.table(&table, value)? {
                let known = [MODEL, own];
                if !self.set(&mut model, known[0], key.get_ref(), value)?
                    && !self.set(&mut model, known[1], key.get_ref(), value)?
                {
                    return Err(self.unknown(key, &format!("[{table}]"), model_keys(&known)));
                }
            }
            if to.named.insert(name.clone(), model).is_some() {
                return Err(ConfigError::ModelAndApp { path: self.path(), line, name });
            }
        }
        Ok(())
    }

    /// Sets the setting `name` of `keys`; says whether there is one.
    fn set<T>(
        &self,
        to: &mut T,
        keys: &[Key<T>],
        name: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<bool, ConfigError> {
        let Some(key) = keys.iter().find(|key| key.name == name) else { return Ok(false) };
        let texts = match value.get_ref() {
            DeValue::Array(values) => values.iter().map(|value| self.text(name, value)).collect::<Result<_, _>>()?,
            _ => vec![self.text(name, value)?],
        };
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let line = self.line(value.span().start);
        (key.set)(to, &texts).map(|()| true).map_err(|source| ConfigError::Value {
            path: self.path(),
            line,
            key: name.to_owned(),
            source,
        })
    }

    /// A single value as it would be typed on the command line.
    fn text(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<String, ConfigError> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            DeValue::Boolean(value) => Ok(value.to_string()),
            DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
            DeValue::Float(number) => Ok(number.as_str().to_owned()),
            other => {
                let expected = "text, a decimal number, true or false";
                Err(self.wrong_type(key, other, value.span().start, expected))
            }
        }
    }

    fn table<'a, 'i>(&self, key: &str, value: &'a Spanned<DeValue<'i>>) -> Result<&'a DeTable<'i>, ConfigError> {
        let wrong = || self.wrong_type(key, value.get_ref(), value.span().start, "a table of settings");
        value.get_ref().as_table().ok_or_else(wrong)
    }

    fn wrong_type(&self, key: &str, found: &DeValue<'_>, at: usize, expected: &'static str) -> ConfigError {
        let (path, line, key) = (self.path(), self.line(at), key.to_owned());
        ConfigError::Type { path, line, key, found: kind(found), expected }
    }

    fn unknown<'k>(
        &self,
        key: &Spanned<impl AsRef<str>>,
        table: &str,
        known: impl Iterator<Item = &'k str>,
    ) -> ConfigError {
        let found = key.get_ref().as_ref().to_owned();
        let suggestion = nearest(&found.replace('-', "_"), known).map(str::to_owned);
        let (path, line) = (self.path(), self.line(key.span().start));
        ConfigError::UnknownKey { path, line, table: table.to_owned(), found, suggestion }
    }

    fn path(&self) -> PathBuf {
        self.path.to_owned()
    }

    fn line(&self, at: usize) -> usize {
        line_at(self.text.as_bytes(), at)
    }
}

fn model_keys(tables: &[&'static [Key<PartialModel>]]) -> impl Iterator<Item = &'static str> {
    tables.iter().copied().flatten().map(|key| key.name)
}

fn line_at(text: &[u8], at: usize) -> usize {
    text.iter().take(at).filter(|&&byte| byte == b'\n').count() + 1
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
