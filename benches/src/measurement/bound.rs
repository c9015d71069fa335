//! What frames the figures: [`Bound`], [`Overhead`], [`Noise`].

use serde::{Deserialize, Serialize};

use crate::statistics::median;

/// What no cold start can be faster than: a run of a process that has long been there, and the weights touched once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bound {
    /// The median warm run of the fastest way, in milliseconds.
    pub warm_ms: f64,
    /// Which way that was.
    pub warm_of: String,
    /// Milliseconds to read one byte of each page of the weights through a new mapping, each time it was done.
    pub touch_ms: Vec<f64>,
}

/// What the bench itself costs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Overhead {
    /// Nanoseconds between two reads of the clock with nothing in between: what the clock adds to a figure.
    pub clock_ns: f64,
    /// Milliseconds from the spawn to the first byte of a program that only writes one, by the same clock: the floor of
    /// what this machine and this bench can measure of any process.
    pub floor_ms: Option<f64>,
    /// Milliseconds that the looks after a start took (faults, memory): they stand after the clock has stopped and are
    /// in no figure.
    pub looks_ms: Option<f64>,
}

/// How calm the machine was while it was measured on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// Share of the processors' time that a hypervisor gave to others.
    pub stolen: Option<f64>,
    /// Share of the processors' time that processes which are not of the bench used.
    pub others: Option<f64>,
    /// Width of the 95 % interval of the first way's median cold start, as a share of that median.
    pub spread: Option<f64>,
    /// Median of the second half of the first way's cold starts by that of the first half, less 1.
    pub drift: Option<f64>,
    /// Why nothing should be concluded, in words; empty where the machine was calm.
    #[serde(default)]
    pub doubts: Vec<String>,
}

impl Bound {
    /// The bound in milliseconds.
    pub fn ms(&self) -> f64 {
        self.warm_ms + median(&self.touch_ms).unwrap_or(0.0)
    }
}
