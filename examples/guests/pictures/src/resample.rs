//! Pixels of another size: bilinear, with a filter as wide as the step where a picture shrinks, so that no pixel is
//! left out. Only the rows and columns asked for are computed, in floats, rounded nowhere.

use std::ops::Range;

/// One direction of a resampling: a picture of `length` pixels becomes `resized` pixels long, of which `kept` stay.
#[derive(Clone, Debug)]
pub struct Axis {
    /// Pixels of the picture, at least one.
    pub length: usize,
    /// Pixels of the whole picture after it, at least one.
    pub resized: usize,
    /// Those of them that are computed.
    pub kept: Range<usize>,
}

/// Pixels of the picture that one pixel is made of, and their weights, which sum to one.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

impl Axis {
    fn taps(&self) -> Vec<Taps> {
        let scale = self.length as f32 / self.resized as f32;
        let reach = scale.max(1.0);
        self.kept
            .clone()
            .map(|position| {
                let centre = (position as f32 + 0.5) * scale;
                let first = ((centre - reach + 0.5).max(0.0) as usize).min(self.length - 1);
                let end = ((centre + reach + 0.5) as usize).clamp(first + 1, self.length);
                let mut weights: Vec<f32> =
                    (first..end).map(|pixel| (1.0 - ((pixel as f32 + 0.5 - centre) / reach).abs()).max(0.0)).collect();
                let sum: f32 = weights.iter().sum();
                match sum > 0.0 {
                    true => weights.iter_mut().for_each(|weight| *weight /= sum),
                    false => weights[0] = 1.0,
                }
                Taps { first, weights }
            })
            .collect()
    }
}

/// Resamples `pixels`, rows of `columns.length` pixels with `CHANNELS` values each. Gives one plane a channel, each
/// row by row, in the range 0 to 255.
pub fn resample<const CHANNELS: usize>(pixels: &[u8], columns: &Axis, rows: &Axis) -> [Vec<f32>; CHANNELS] {
    let (across, down) = (columns.taps(), rows.taps());
    let mut planes = [const { Vec::new() }; CHANNELS];
    let (Some(top), Some(bottom)) = (down.first(), down.last()) else { return planes };
    let used = top.first..bottom.first + bottom.weights.len();
    let narrow: Vec<[f32; CHANNELS]> = used
        .clone()
        .flat_map(|row| {
            let row = pixels[row * columns.length * CHANNELS..][..columns.length * CHANNELS].as_chunks::<CHANNELS>().0;
            across.iter().map(|taps| weighed(taps, row, |pixel| pixel.map(f32::from)))
        })
        .collect();
    let width = across.len();
    for taps in &down {
        let first = &narrow[(taps.first - used.start) * width..];
        for column in 0..width {
            let mut sum = [0.0; CHANNELS];
            for (row, weight) in taps.weights.iter().enumerate() {
                add(&mut sum, first[row * width + column], *weight);
            }
            planes.iter_mut().zip(sum).for_each(|(plane, value)| plane.push(value));
        }
    }
    planes
}

fn weighed<const CHANNELS: usize>(
    taps: &Taps,
    row: &[[u8; CHANNELS]],
    value: impl Fn([u8; CHANNELS]) -> [f32; CHANNELS],
) -> [f32; CHANNELS] {
    let mut sum = [0.0; CHANNELS];
    for (pixel, weight) in row[taps.first..].iter().zip(&taps.weights) {
        add(&mut sum, value(*pixel), *weight);
    }
    sum
}

fn add<const CHANNELS: usize>(sum: &mut [f32; CHANNELS], values: [f32; CHANNELS], weight: f32) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value * weight);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_of_its_own_size_stays_as_it_is() {
        let pixels: Vec<u8> = (0..35).collect();
        let axis = |length| Axis { length, resized: length, kept: 0..length };
        let [plane] = resample::<1>(&pixels, &axis(7), &axis(5));
        assert_eq!(plane, pixels.iter().map(|&pixel| f32::from(pixel)).collect::<Vec<_>>());
    }

    #[test]
    fn halves_weigh_their_neighbours() {
        let pixels = [0, 0, 80, 80];
        let [plane] = resample::<1>(
            &pixels,
            &Axis { length: 4, resized: 2, kept: 0..2 },
            &Axis { length: 1, resized: 1, kept: 0..1 },
        );
        // Pixels at 0.5, 1.5, 2.5 and a centre at 1: weights 3/4, 3/4 and 1/4 before they are made to sum to one.
        assert!((plane[0] - 80.0 / 7.0).abs() < 1e-4, "{plane:?}");
        assert!((plane[1] - 80.0 * 6.0 / 7.0).abs() < 1e-4, "{plane:?}");
    }
}
