//! What is told of a model for a device, in `compile` and `inspect` alike.

use std::io::{self, Write};

use blink_artifact::manifest::{DeviceTrial, OutputError, Precision};

use crate::output::mib;

/// What is known of it.
pub(crate) struct Told<'a> {
    pub(crate) precision: Precision,
    pub(crate) error: Option<&'a [OutputError]>,
    pub(crate) cudnn: bool,
    pub(crate) trial: Option<&'a DeviceTrial>,
}

impl Told<'_> {
    /// Prints it: `outputs` are the model's, in order; `weights` the bytes that are uploaded.
    pub(crate) fn print<'a>(
        &self,
        outputs: impl Iterator<Item = &'a str>,
        weights: u64,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let outputs: Vec<_> = outputs.collect();
        let cudnn = if self.cudnn { "needs cuDNN" } else { "needs no cuDNN" };
        let (precision, weights) = (self.precision.name(), mib(weights));
        writeln!(out, "    device  CUDA, {precision}, {weights:.1} MiB of weights to upload, {cudnn}")?;
        match (self.precision, self.error) {
            (Precision::Fp32, _) => {}
            (Precision::Fp16, None) => writeln!(out, "    error   not known: there was nothing to compare")?,
            (Precision::Fp16, Some(errors)) => {
                for (output, OutputError { max_abs, max_rel }) in outputs.iter().zip(errors) {
                    let error = format!("at most {max_abs:.2e}, {max_rel:.2e} of its largest value");
                    writeln!(out, "    error   {output}: {error}, against fp32")?;
                }
            }
        }
        let Some(trial) = self.trial else { return writeln!(out, "    trial   none: no device has run it yet") };
        let on_cpu: u64 = trial.on_cpu.values().sum();
        let (device, on_device) = (&trial.device, trial.on_device);
        writeln!(out, "    trial   {device}: {on_device} nodes on it, {on_cpu} on the CPU")?;
        for (operator, count) in &trial.on_cpu {
            writeln!(out, "            {count:>5} {operator} on the CPU")?;
        }
        for (output, OutputError { max_abs, max_rel }) in outputs.iter().zip(trial.error.iter().flatten()) {
            let error = format!("at most {max_abs:.2e}, {max_rel:.2e} of its largest value");
            writeln!(out, "            {output}: {error}, against the CPU")?;
        }
        let (mib, runs) = (mib(trial.peak), trial.runs.name());
        writeln!(out, "            {mib:.1} MiB of its memory besides the weights; {runs} runs")
    }
}
