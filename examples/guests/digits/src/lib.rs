//! Tells which digit a picture shows: the part that does not care where pictures come from and answers go.

mod seen;

use std::error::Error;

use guest_nn::{Context, DType, Input, Output, bytes_of_f32, f32s, softmax};
use guest_pictures::Picture;

/// A digit, and how likely it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Digit {
    /// 0 to 9.
    pub digit: usize,
    /// 0 to 1.
    pub probability: f32,
}

/// The digit on a picture, a JPEG or PNG file, as the model of `context` tells it.
///
/// Fails for what is no such file, for a picture all of one shade, and where the model fails.
pub fn tell(context: &mut Context<'_>, picture: &[u8]) -> Result<Digit, Box<dyn Error>> {
    let tensor = seen::tensor(&Picture::decode(picture)?).ok_or("picture is all of one shade, expected a digit")?;
    let bytes = bytes_of_f32(&tensor);
    let input = Input { name: "picture", dtype: DType::F32, dims: &seen::DIMS, bytes: &bytes };
    let output = Output { name: "scores", bytes: 10 * size_of::<f32>() };
    let probabilities = softmax(&f32s(&context.run(&[input], &[output])?.concat()));
    let likeliest = probabilities.iter().enumerate().max_by(|(_, left), (_, right)| left.total_cmp(right));
    let (digit, &probability) = likeliest.ok_or("model gave no scores")?;
    Ok(Digit { digit, probability })
}
