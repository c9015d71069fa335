//! [`begin`]: lines on stderr, for people or as JSON. What a client sent cannot break a line or colour it.
//!
//! `BLINK_LOG_LEVEL` says how much: a level (`error`, `warn`, `info`, `debug`), and levels of modules after it, such as
//! `info,pool=debug`. Other libraries are never heard below `warn`, unless they are named.

use std::env;
use std::fmt;
use std::io::{self, IsTerminal};
use std::str::FromStr;

use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::LogFormat;

/// The variable that says how much is logged.
pub const LOG_VARIABLE: &str = "BLINK_LOG_LEVEL";

/// Why nothing is logged.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum LogError {
    #[error("{LOG_VARIABLE} has '{found}': expected off, error, warn, info or debug, or pairs such as pool=debug")]
    Level { found: String },
    #[error("{LOG_VARIABLE} is not UTF-8")]
    Text,
    #[error("log was begun before in this process")]
    Begun,
}

/// Writes events to stderr from now on, once a process.
pub fn begin(format: LogFormat) -> Result<(), LogError> {
    let asked = match env::var(LOG_VARIABLE) {
        Ok(asked) => asked,
        Err(env::VarError::NotPresent) => String::new(),
        Err(env::VarError::NotUnicode(_)) => return Err(LogError::Text),
    };
    let registry = tracing_subscriber::registry().with(targets(&asked)?);
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let begun = match format {
        LogFormat::Json => registry.with(lines.json().flatten_event(true).with_current_span(false)).try_init(),
        LogFormat::Text => {
            let is_coloured = io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
            registry.with(lines.event_format(Text { is_coloured })).try_init()
        }
    };
    begun.map_err(|_| LogError::Begun)
}

/// What is let through, as `asked`.
fn targets(asked: &str) -> Result<Targets, LogError> {
    let (mut level, mut named) = (LevelFilter::INFO, Vec::new());
    for part in asked.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let unknown = || LogError::Level { found: part.to_owned() };
        let parse = |text: &str| match text.trim() {
            "" => Err(unknown()),
            text => LevelFilter::from_str(text).map_err(|_| unknown()),
        };
        match part.split_once('=') {
            None => level = parse(part)?,
            Some((target, asked)) => named.push((target.trim(), parse(asked)?)),
        }
    }
    let targets = Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("blink", level);
    let whole = |target: &str| match target.contains("::") || target.starts_with("blink") {
        true => target.to_owned(),
        false => format!("blink_server::{target}"),
    };
    let names = |targets: Targets, (target, level): (&str, LevelFilter)| {
        let elsewhere = targets.with_target(target, level);
        elsewhere.with_target(whole(target), level)
    };
    Ok(named.into_iter().fold(targets, names))
}

/// Lines for people: time, level, module, words, fields.
struct Text {
    is_coloured: bool,
}

impl<S, N> FormatEvent<S, N> for Text
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let metadata = event.metadata();
        SystemTime.format_time(&mut line)?;
        let (name, colour) = level(*metadata.level());
        let module = metadata.target().strip_prefix("blink_server::").unwrap_or(metadata.target());
        match self.is_coloured {
            true => write!(line, " \u{1b}[{colour}m{name:5}\u{1b}[0m \u{1b}[2m{module}\u{1b}[0m ")?,
            false => write!(line, " {name:5} {module} ")?,
        }
        let mut fields = String::new();
        context.format_fields(Writer::new(&mut fields), event)?;
        for sign in fields.chars() {
            match sign.is_control() {
                true => write!(line, "{}", sign.escape_default())?,
                false => line.write_char(sign)?,
            }
        }
        writeln!(line)
    }
}

/// A level's name and colour.
fn level(level: Level) -> (&'static str, &'static str) {
    match level {
        Level::ERROR => ("error", "31"),
        Level::WARN => ("warn", "33"),
        Level::INFO => ("info", "32"),
        Level::DEBUG => ("debug", "34"),
        Level::TRACE => ("trace", "35"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Written {
        type Writer = Written;
        fn make_writer(&'a self) -> Written {
            self.clone()
        }
    }

    #[test]
    fn a_line_is_one_line_whatever_a_client_sent() {
        let written = Written::default();
        let layer = tracing_subscriber::fmt::layer().with_writer(written.clone());
        let subscriber = tracing_subscriber::registry()
            .with(targets("info").unwrap())
            .with(layer.with_ansi(false).event_format(Text { is_coloured: false }));
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(target: "blink_server::pool", model = "a\nb\u{1b}[31m", why = %"c\nd\u{1b}", "refused");
            tracing::debug!(target: "blink_server::pool", "not asked for");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("warn  pool refused model=\"a\\nb"), "{text}");
        assert!(text.ends_with('\n') && text.lines().count() == 1 && !text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_level_is_for_what_it_names() {
        let lets = |asked: &str, target: &str, level: Level| targets(asked).unwrap().would_enable(target, &level);
        assert!(lets("", "blink_server::pool", Level::INFO) && !lets("", "blink_server::pool", Level::DEBUG));
        assert!(lets("debug", "blink_runtime", Level::DEBUG) && !lets("debug", "hyper", Level::INFO));
        assert!(lets("warn,pool=debug", "blink_server::pool::worker", Level::DEBUG));
        assert!(!lets("warn,pool=debug", "blink_server::rest", Level::INFO));
        assert!(lets("info,h2=debug", "h2", Level::DEBUG) && !lets("off", "blink_server", Level::ERROR));
        for bad in ["loud", "pool=loud", "pool=", "info pool"] {
            assert!(matches!(targets(bad), Err(LogError::Level { .. })), "{bad}");
        }
    }
}
