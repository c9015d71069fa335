//! Every setting by its name, once: `max_body` in the file is `BLINK_MAX_BODY` in the environment and `--max-body` on
//! the command line. A name that is not in these tables is no setting.

use std::path::PathBuf;

use super::partial::{Partial, PartialModel};
use super::values::{self, ValueError, or_none};

/// One setting: its name in the file, and how texts become its value.
pub(super) struct Key<T: 'static> {
    pub(super) name: &'static str,
    pub(super) set: fn(&mut T, &[&str]) -> Result<(), ValueError>,
}

/// Settings of the whole server.
pub(super) const SERVER: &[Key<Partial>] = &[
    Key { name: "artifacts", set: |to, texts| put(&mut to.models, Ok(texts.iter().map(PathBuf::from).collect())) },
    Key { name: "require_signature", set: |to, texts| put(&mut to.require_signature, one(texts, values::switch)) },
    Key { name: "trust", set: |to, texts| put(&mut to.trust, one(texts, values::directory)) },
    Key { name: "verify", set: |to, texts| put(&mut to.level, one(texts, values::level)) },
    Key { name: "http", set: |to, texts| put(&mut to.http, many(texts, values::address)) },
    Key { name: "grpc", set: |to, texts| put(&mut to.grpc, many(texts, values::address)) },
    Key { name: "max_body", set: |to, texts| put(&mut to.max_body, one(texts, values::body_size)) },
    Key { name: "client_timeout", set: |to, texts| put(&mut to.client_timeout, one(texts, values::time_above_zero)) },
    Key { name: "connections", set: |to, texts| put(&mut to.connections, one(texts, values::count)) },
    Key { name: "memory", set: |to, texts| put(&mut to.memory, one(texts, |text| or_none(text, values::size))) },
    Key {
        name: "device_memory",
        set: |to, texts| put(&mut to.device_memory, one(texts, |text| or_none(text, values::size))),
    },
    Key { name: "running", set: |to, texts| put(&mut to.running, one(texts, |text| or_none(text, values::count))) },
    Key {
        name: "allow_repository_control",
        set: |to, texts| put(&mut to.allow_repository_control, one(texts, values::switch)),
    },
    Key { name: "poll", set: |to, texts| put(&mut to.poll, one(texts, |text| or_none(text, values::time_above_zero))) },
    Key { name: "drain", set: |to, texts| put(&mut to.drain, one(texts, values::time)) },
    Key { name: "warm", set: |to, texts| put(&mut to.warm, one(texts, values::warm)) },
    Key { name: "log", set: |to, texts| put(&mut to.log, one(texts, values::log_format)) },
    Key { name: "otlp", set: |to, texts| put(&mut to.otlp, one(texts, |text| or_none(text, values::collector))) },
    Key { name: "no_page", set: |to, texts| put(&mut to.no_page, one(texts, values::switch)) },
];

/// Settings of each model: for all of them beside the server's, for one in its own table.
pub(super) const MODEL: &[Key<PartialModel>] = &[
    Key { name: "workers", set: |to, texts| put(&mut to.workers, one(texts, values::workers)) },
    Key { name: "idle", set: |to, texts| put(&mut to.idle, one(texts, values::time)) },
    Key { name: "queue", set: |to, texts| put(&mut to.queue, one(texts, values::count_or_zero)) },
    Key { name: "timeout", set: |to, texts| put(&mut to.timeout, one(texts, values::time_above_zero)) },
    Key { name: "time", set: |to, texts| put(&mut to.time, one(texts, |text| or_none(text, values::time_above_zero))) },
    Key {
        name: "worker_memory",
        set: |to, texts| put(&mut to.worker_memory, one(texts, |text| or_none(text, values::size))),
    },
    Key {
        name: "worker_cpu",
        set: |to, texts| put(&mut to.worker_cpu, one(texts, |text| or_none(text, values::cpus))),
    },
    Key { name: "threads", set: |to, texts| put(&mut to.threads, one(texts, |text| or_none(text, values::count))) },
    Key { name: "start", set: |to, texts| put(&mut to.start, one(texts, values::start)) },
    Key { name: "sandbox", set: |to, texts| put(&mut to.sandbox, one(texts, values::sandbox)) },
    Key { name: "device", set: |to, texts| put(&mut to.device, one(texts, |text| or_none(text, values::device))) },
    Key { name: "strict_placement", set: |to, texts| put(&mut to.strict_placement, one(texts, values::switch)) },
];

/// Settings of models that have no guest.
pub(super) const BATCHES: &[Key<PartialModel>] = &[
    Key { name: "batch", set: |to, texts| put(&mut to.batch, one(texts, |text| or_none(text, values::count))) },
    Key { name: "batch_wait", set: |to, texts| put(&mut to.batch_wait, one(texts, values::time)) },
];

/// Settings of one guest.
pub(super) const APP: &[Key<PartialModel>] =
    &[Key { name: "prefix", set: |to, texts| put(&mut to.prefix, one(texts, values::prefix)) }];

fn put<T>(to: &mut Option<T>, value: Result<T, ValueError>) -> Result<(), ValueError> {
    *to = Some(value?);
    Ok(())
}

/// The value of a setting that has one.
fn one<T>(texts: &[&str], read: impl FnOnce(&str) -> Result<T, ValueError>) -> Result<T, ValueError> {
    match texts {
        [text] => read(text),
        _ => Err(ValueError { found: texts.join(", "), expected: "one value" }),
    }
}

/// The values of a setting that has any number of them; `none` alone is none.
fn many<T>(texts: &[&str], read: impl FnMut(&str) -> Result<T, ValueError>) -> Result<Vec<T>, ValueError> {
    if texts == ["none"] { Ok(Vec::new()) } else { texts.iter().copied().map(read).collect() }
}

/// The known name that `found` was probably meant to be.
pub(crate) fn nearest<'a>(found: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |name: &str| strsim::damerau_levenshtein(found, name);
    let allowed = if found.chars().count() > 5 { 2 } else { 1 };
    known.map(|name| (distance(name), name)).filter(|(distance, _)| *distance <= allowed).min().map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_is_suggested_and_nothing_else() {
        let names = || SERVER.iter().map(|key| key.name);
        assert_eq!(nearest("max_bdy", names()), Some("max_body"));
        assert_eq!(nearest("htttp", names()), Some("http"));
        assert_eq!((nearest("port", names()), nearest("x", names())), (None, None));
    }

    #[test]
    fn no_name_stands_twice() {
        let model = [MODEL, BATCHES, APP].into_iter().flatten().map(|key| key.name);
        let mut names: Vec<_> = SERVER.iter().map(|key| key.name).chain(model).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
