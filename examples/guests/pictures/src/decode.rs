//! Files to pixels. Sizes are checked by the header, before room is made for pixels.

use std::io::Cursor;

use png::{ColorType, Transformations};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use crate::{Error, LONGEST_SIDE, MOST_PIXELS, Picture};

pub(crate) fn jpeg(bytes: &[u8]) -> Result<Picture, Error> {
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::RGB)
        .set_max_width(LONGEST_SIDE)
        .set_max_height(LONGEST_SIDE)
        .set_strict_mode(true);
    let broken = |reason: &dyn std::fmt::Debug| Error::Broken { format: "JPEG", reason: format!("{reason:?}") };
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| broken(&error))?;
    let (width, height) = decoder.dimensions().ok_or_else(|| broken(&"no size"))?;
    check(width, height)?;
    let rgb = decoder.decode().map_err(|error| broken(&error))?;
    match rgb.len() == 3 * width * height {
        true => Ok(Picture { width, height, rgb }),
        false => Err(broken(&"unknown colours")),
    }
}

pub(crate) fn png(bytes: &[u8]) -> Result<Picture, Error> {
    let broken = |error: png::DecodingError| Error::Broken { format: "PNG", reason: error.to_string() };
    let limits = png::Limits { bytes: 8 * MOST_PIXELS };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(Transformations::normalize_to_color8());
    decoder.set_ignore_text_chunk(true);
    let mut reader = decoder.read_info().map_err(broken)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    check(width, height)?;
    let size = reader.output_buffer_size().ok_or(Error::Large { width, height })?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(broken)?;
    if (frame.width as usize, frame.height as usize) != (width, height) {
        return Err(Error::Broken { format: "PNG", reason: "its first frame is not the whole picture".to_owned() });
    }
    let rgb = match frame.color_type {
        ColorType::Rgb => pixels,
        ColorType::Rgba => {
            pixels.as_chunks().0.iter().flat_map(|&[r, g, b, a]| [r, g, b].map(|c| over(c, a))).collect()
        }
        ColorType::Grayscale => pixels.iter().flat_map(|&grey| [grey; 3]).collect(),
        ColorType::GrayscaleAlpha => pixels.as_chunks().0.iter().flat_map(|&[grey, a]| [over(grey, a); 3]).collect(),
        ColorType::Indexed => {
            return Err(Error::Broken { format: "PNG", reason: "its palette was not applied".to_owned() });
        }
    };
    Ok(Picture { width, height, rgb })
}

fn check(width: usize, height: usize) -> Result<(), Error> {
    match width.checked_mul(height) {
        Some(1..=MOST_PIXELS) if width.max(height) <= LONGEST_SIDE => Ok(()),
        _ => Err(Error::Large { width, height }),
    }
}

/// A colour of this opacity over white.
fn over(colour: u8, alpha: u8) -> u8 {
    let (colour, alpha) = (u32::from(colour), u32::from(alpha));
    ((colour * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}
