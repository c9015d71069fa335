//! Which batch sizes are right: those whose answers are, bit for bit, those of single runs. ONNX Runtime's kernels split
//! their work by size, so sums may be taken in another order; a size that shows it is not used.
//!
//! Tried on seeded inputs of the dims that the first request had.

use blink_runtime::{ONLY_MODEL, Unfilled, Worker};
use blink_tensors::{TensorView, seeded};

use super::batch::{self, Sample};

/// What a run gave: each output's bytes.
type Given = Vec<Vec<u8>>;

/// For each size up to `size`, whether its answers are those of single runs; or why that cannot be found out.
pub(super) fn sizes(worker: &mut Worker, samples: &[Sample], size: usize) -> Result<Vec<bool>, String> {
    let rows: Vec<Vec<Vec<u8>>> = (0..size).map(|row| inputs(samples, row as u64)).collect::<Result<_, _>>()?;
    let mut singles: Vec<Given> = Vec::with_capacity(size);
    for row in &rows {
        singles.push(run(worker, samples, std::slice::from_ref(row))?.ok_or("its outputs have no batch dim")?);
    }
    let mut right = vec![false, true];
    for count in 2..=size {
        let together = run(worker, samples, &rows[..count])?;
        right.push(together.is_some_and(|together| is_made_of(&together, &singles[..count])));
    }
    Ok(right)
}

/// The elements of one row of each input.
fn inputs(samples: &[Sample], seed: u64) -> Result<Vec<Vec<u8>>, String> {
    let row = |sample: &Sample| {
        let shape = batch::with_rows(&sample.shape, 1);
        let tensor = seeded::tensor(seed, &sample.name, sample.dtype, &shape).map_err(|error| error.to_string())?;
        Ok(tensor.view().bytes().unwrap_or_default().to_vec())
    };
    samples.iter().map(row).collect()
}

/// Runs the rows together; `None` where the outputs do not have as many.
fn run(worker: &mut Worker, samples: &[Sample], rows: &[Vec<Vec<u8>>]) -> Result<Option<Given>, String> {
    let shapes: Vec<_> = samples.iter().map(|sample| batch::with_rows(&sample.shape, rows.len())).collect();
    let asked: Vec<_> = samples
        .iter()
        .zip(&shapes)
        .map(|(sample, shape)| Unfilled { name: &sample.name, dtype: sample.dtype, shape, strings: None })
        .collect();
    let fill = |index: usize, bytes: &mut [u8]| {
        let parts = rows.iter().map(|row| &row[index]);
        let row = bytes.len() / rows.len().max(1);
        bytes.chunks_exact_mut(row.max(1)).zip(parts).for_each(|(to, from)| to.copy_from_slice(from));
    };
    let answer = worker.run_filled(ONLY_MODEL, &asked, fill).map_err(|error| error.to_string())?;
    let outputs: Vec<(&str, TensorView<'_>)> = answer.iter().collect();
    let bytes = |(_, view): &(&str, TensorView<'_>)| view.bytes().unwrap_or_default().to_vec();
    Ok(batch::can_be_cut(&outputs, rows.len()).then(|| outputs.iter().map(bytes).collect()))
}

/// Whether each output of `together` is those of `singles`, one after the other.
fn is_made_of(together: &Given, singles: &[Given]) -> bool {
    together.iter().enumerate().all(|(output, bytes)| {
        let parts = singles.iter().map(|single| single.get(output).map_or(&[][..], Vec::as_slice));
        parts.collect::<Vec<_>>().concat() == *bytes
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bit_is_a_difference() {
        let singles = [vec![vec![1, 2], vec![9]], vec![vec![3, 4], vec![8]]];
        assert!(is_made_of(&vec![vec![1, 2, 3, 4], vec![9, 8]], &singles));
        assert!(!is_made_of(&vec![vec![1, 2, 3, 5], vec![9, 8]], &singles));
        assert!(!is_made_of(&vec![vec![1, 2, 3, 4], vec![9]], &singles));
    }
}
