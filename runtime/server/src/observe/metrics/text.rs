//! [`Text`]: the exposition format. A family's lines stand together, after its help and its type; a family without a
//! line is not named. Label values are escaped.

use std::fmt::{Display, Write};

use crate::observe::Histogram;

/// What is written so far.
#[derive(Default)]
pub(super) struct Text(String);

/// What kind of numbers a family has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only ever grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by upper bounds.
    Histogram,
}

/// Labels, written already.
#[derive(Clone, Default)]
pub(super) struct Labels(String);

/// The lines of one name.
pub(super) struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
    kind: Kind,
    help: &'static str,
    is_begun: bool,
}

impl Text {
    /// The lines of `name`, which has them nowhere else.
    pub(super) fn family(&mut self, name: &'static str, kind: Kind, help: &'static str) -> Family<'_> {
        Family { text: &mut self.0, name, kind, help, is_begun: false }
    }

    /// A family of one number without labels.
    pub(super) fn one(&mut self, name: &'static str, kind: Kind, help: &'static str, value: impl Display) {
        self.family(name, kind, help).line(&Labels::default(), value);
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

impl Labels {
    /// Of these names and values.
    pub(super) fn new(labels: &[(&str, &str)]) -> Labels {
        labels.iter().fold(Labels::default(), |labels, (name, value)| labels.and(name, value))
    }

    /// These and one more.
    pub(super) fn and(&self, name: &str, value: &str) -> Labels {
        let mut text = self.0.clone();
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(name);
        text.push_str("=\"");
        for sign in value.chars() {
            match sign {
                '\\' => text.push_str("\\\\"),
                '"' => text.push_str("\\\""),
                '\n' => text.push_str("\\n"),
                _ => text.push(sign),
            }
        }
        text.push('"');
        Labels(text)
    }
}

impl Family<'_> {
    /// One number.
    pub(super) fn line(&mut self, labels: &Labels, value: impl Display) {
        self.begin();
        self.put("", &labels.0, "", value);
    }

    /// Numbers by an upper bound, their sum and their count.
    pub(super) fn histogram(&mut self, labels: &Labels, histogram: &Histogram) {
        self.begin();
        let comma = if labels.0.is_empty() { "" } else { "," };
        for (bound, count) in histogram.cumulative() {
            match bound {
                Some(bound) => self.put("_bucket", &labels.0, &format!("{comma}le=\"{bound}\""), count),
                None => self.put("_bucket", &labels.0, &format!("{comma}le=\"+Inf\""), count),
            }
        }
        self.put("_sum", &labels.0, "", histogram.sum().as_secs_f64());
        self.put("_count", &labels.0, "", histogram.count());
    }

    fn begin(&mut self) {
        if std::mem::replace(&mut self.is_begun, true) {
            return;
        }
        let kind = match self.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "# HELP {0} {1}\n# TYPE {0} {kind}", self.name, self.help);
    }

    fn put(&mut self, suffix: &str, labels: &str, more: &str, value: impl Display) {
        let name = self.name;
        let _ = match labels.is_empty() && more.is_empty() {
            true => writeln!(self.text, "{name}{suffix} {value}"),
            false => writeln!(self.text, "{name}{suffix}{{{labels}{more}}} {value}"),
        };
    }
}
