//! A picture of a digit as the network was trained to see it (`seen` in `train/train.py`): the ink alone, cut out,
//! scaled to 8 pixels, in the middle of 8 by 8. Which side is ink, the dark or the light, is told by the edge.

use guest_pictures::{Axis, Picture, resample};

const SIDE: usize = 8;
/// Shades between paper and ink, of 256, below which there is nothing to see.
const CONTRAST: u8 = 24;

/// Shape of the tensor.
pub(crate) const DIMS: [u32; 4] = [1, 1, SIDE as u32, SIDE as u32];

/// The tensor in the shape [`DIMS`], 0 for paper to 1 for ink; `None` where a picture is all of one shade.
pub(crate) fn tensor(picture: &Picture) -> Option<Vec<f32>> {
    let ink = ink(picture)?;
    let most = *ink.iter().max()?;
    let kept = |column: usize, row: usize| 3 * u32::from(ink[row * picture.width + column]) >= u32::from(most);
    let columns = extent(picture.width, |column| (0..picture.height).any(|row| kept(column, row)))?;
    let rows = extent(picture.height, |row| (0..picture.width).any(|column| kept(column, row)))?;

    let cut: Vec<u8> = rows.clone().flat_map(|row| &ink[row * picture.width..][columns.clone()]).copied().collect();
    let longer = rows.len().max(columns.len());
    let scaled = |length: usize| {
        let resized = ((2 * SIDE * length + longer) / (2 * longer)).max(1);
        Axis { length, resized, kept: 0..resized }
    };
    let (across, down) = (scaled(columns.len()), scaled(rows.len()));
    let [small] = resample::<1>(&cut, &across, &down);
    let most = small.iter().copied().fold(1.0, f32::max);

    let mut tensor = vec![0.0; SIDE * SIDE];
    let (left, top) = ((SIDE - across.resized) / 2, (SIDE - down.resized) / 2);
    for (row, values) in small.chunks(across.resized).enumerate() {
        let to = &mut tensor[(top + row) * SIDE + left..][..values.len()];
        to.iter_mut().zip(values).for_each(|(to, value)| *to = value / most);
    }
    Some(tensor)
}

/// How far each pixel is from the paper, towards the ink, 255 where it is farthest.
fn ink(picture: &Picture) -> Option<Vec<u8>> {
    let grey = picture.grey();
    let (darkest, lightest) = (*grey.iter().min()?, *grey.iter().max()?);
    if lightest - darkest < CONTRAST {
        return None;
    }
    let paper = edge(&grey, picture.width);
    let dark = u32::from(paper) * 2 >= u32::from(darkest) + u32::from(lightest);
    let distance = |shade: u8| if dark { paper.saturating_sub(shade) } else { shade.saturating_sub(paper) };
    let most = distance(if dark { darkest } else { lightest }).max(1);
    Some(grey.iter().map(|&shade| (u32::from(distance(shade)) * 255 / u32::from(most)) as u8).collect())
}

/// The middle one of the shades along the edge.
fn edge(grey: &[u8], width: usize) -> u8 {
    let rows = grey.chunks(width);
    let last = rows.len() - 1;
    let mut shades: Vec<u8> = rows
        .enumerate()
        .flat_map(|(number, row)| match number == 0 || number == last {
            true => row.to_vec(),
            false => vec![row[0], row[width - 1]],
        })
        .collect();
    let middle = shades.len() / 2;
    *shades.select_nth_unstable(middle).1
}

/// From the first to the last for which this is true.
fn extent(length: usize, kept: impl Fn(usize) -> bool) -> Option<std::ops::Range<usize>> {
    let first = (0..length).find(|&index| kept(index))?;
    let last = (first..length).rev().find(|&index| kept(index))?;
    Some(first..last + 1)
}
