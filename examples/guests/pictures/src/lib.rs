//! Pictures for guests: JPEG and PNG to pixels, and pixels to the few that a model takes.
//!
//! A picture is red, green and blue, eight bits each, whatever it was in its file: grey, palette, 16 bits, CMYK.
//! What is transparent shows white. The orientation that a camera notes beside the pixels is not applied. Refused:
//! other formats, broken files, and pictures of more than 100 million pixels or with a side of more than 65535.

mod decode;
mod error;
mod resample;

pub use error::Error;
pub use resample::{Axis, resample};

/// Largest picture taken, in pixels.
pub const MOST_PIXELS: usize = 100_000_000;
/// Longest side taken, in pixels.
pub const LONGEST_SIDE: usize = 65_535;

/// A picture in memory.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Pixels in a row, at least one.
    pub width: usize,
    /// Rows, at least one.
    pub height: usize,
    /// Red, green, blue of each pixel, row by row from the top.
    pub rgb: Vec<u8>,
}

impl Picture {
    /// The picture in the bytes of a JPEG or PNG file.
    pub fn decode(bytes: &[u8]) -> Result<Picture, Error> {
        match bytes {
            [0x89, b'P', b'N', b'G', ..] => decode::png(bytes),
            [0xff, 0xd8, ..] => decode::jpeg(bytes),
            [] => Err(Error::Empty),
            _ => Err(Error::Format),
        }
    }

    /// How bright each pixel is, by the weights of ITU-R BT.601.
    pub fn grey(&self) -> Vec<u8> {
        let weigh = |&[red, green, blue]: &[u8; 3]| {
            ((299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue) + 500) / 1000) as u8
        };
        self.rgb.as_chunks().0.iter().map(weigh).collect()
    }
}
