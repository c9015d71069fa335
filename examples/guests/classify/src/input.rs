//! A picture as networks trained on ImageNet take it: the shorter side scaled to 256 pixels, the middle 224 by 224 of
//! it, colours with the mean and deviation of that collection taken off, one plane a colour.

use guest_nn::bytes_of_f32;
use guest_pictures::{Axis, Picture, resample};

const SHORTER: usize = 256;
const SIDE: usize = 224;
/// Red, green and blue, of 0 to 1.
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];

/// Shape of the tensor.
pub(crate) const DIMS: [u32; 4] = [1, 3, SIDE as u32, SIDE as u32];

/// The tensor, f32 in the shape [`DIMS`].
pub(crate) fn tensor(picture: &Picture) -> Vec<u8> {
    let shorter = picture.width.min(picture.height);
    let axis = |length: usize| {
        let resized = length * SHORTER / shorter;
        let first = (resized - SIDE) / 2;
        Axis { length, resized, kept: first..first + SIDE }
    };
    let planes = resample::<3>(&picture.rgb, &axis(picture.width), &axis(picture.height));
    let mut elements = Vec::with_capacity(3 * SIDE * SIDE);
    for (plane, (mean, deviation)) in planes.iter().zip(MEAN.iter().zip(DEVIATION)) {
        elements.extend(plane.iter().map(|value| (value / 255.0 - mean) / deviation));
    }
    bytes_of_f32(&elements)
}
