//! The digits that the network of the guest `digits` has not seen, as pictures that people would have: larger, with
//! paper around them, dark on light and light on dark in turn. Made of the grid beside the training script.

use std::io::Cursor;

/// The grid, as `examples/guests/digits/train/train.py` writes it: 8x8 digits in 17 shades, 15 apart.
const GRID: &[u8] = include_bytes!("../../guests/digits/train/held-out.png");
/// What they are, a line a row of the grid.
const LABELS: &str = include_str!("../../guests/digits/train/held-out.txt");
/// The network.
const MODEL: &[u8] = include_bytes!("../../guests/digits/train/digits.onnx");

/// Pixels of a digit in the grid, in each direction.
const SMALL: usize = 8;
/// Pixels of a digit in a picture.
const LARGE: usize = 48;
/// Paper on each side of it.
const MARGIN: usize = 8;

/// A picture and what it shows.
#[derive(Clone, Debug)]
pub struct Digit {
    /// A PNG file.
    pub png: Vec<u8>,
    /// 0 to 9.
    pub label: u8,
}

/// The network, an ONNX file: `picture` f32 [1, 1, 8, 8] to `scores` f32 [1, 10].
pub fn digits_model() -> &'static [u8] {
    MODEL
}

/// All 360 of them, 64x64 pixels each.
pub fn held_out() -> Vec<Digit> {
    let (columns, grid) = grid();
    let labels = LABELS.bytes().filter(u8::is_ascii_digit);
    let digit = |(number, label): (usize, u8)| {
        let (row, column) = (number / columns, number % columns);
        let shade = |x: usize, y: usize| grid[(row * SMALL + y) * columns * SMALL + column * SMALL + x];
        let ink = picture(shade);
        let shades = if number % 2 == 0 { ink.iter().map(|ink| 255 - ink).collect() } else { ink };
        Digit { png: png(&shades), label: label - b'0' }
    };
    labels.enumerate().map(digit).collect()
}

/// Digits in a row, and all shades, 0 to 240.
fn grid() -> (usize, Vec<u8>) {
    let mut decoder = png::Decoder::new(Cursor::new(GRID));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().expect("the grid is a PNG file");
    let mut shades = vec![0; reader.output_buffer_size().expect("the grid is small")];
    let frame = reader.next_frame(&mut shades).expect("the grid is whole");
    assert_eq!(frame.color_type, png::ColorType::Grayscale, "the grid has no colours");
    (frame.width as usize / SMALL, shades)
}

/// Ink of a larger digit on paper, each pixel mixed of the four around it.
fn picture(shade: impl Fn(usize, usize) -> u8) -> Vec<u8> {
    const SIDE: usize = LARGE + 2 * MARGIN;
    let place = |pixel: usize| {
        let centre = (pixel as f32 + 0.5) * SMALL as f32 / LARGE as f32 - 0.5;
        let centre = centre.clamp(0.0, (SMALL - 1) as f32);
        let first = (centre as usize).min(SMALL - 2);
        (first, centre - first as f32)
    };
    let mut ink = vec![0; SIDE * SIDE];
    for y in 0..LARGE {
        for x in 0..LARGE {
            let ((left, across), (top, down)) = (place(x), place(y));
            let at = |x: usize, y: usize| f32::from(shade(left + x, top + y));
            let upper = at(0, 0) * (1.0 - across) + at(1, 0) * across;
            let lower = at(0, 1) * (1.0 - across) + at(1, 1) * across;
            let mixed = upper * (1.0 - down) + lower * down;
            ink[(y + MARGIN) * SIDE + x + MARGIN] = (mixed * 255.0 / 240.0).round() as u8;
        }
    }
    ink
}

/// A square picture of these shades as a PNG file.
fn png(shades: &[u8]) -> Vec<u8> {
    let side = shades.len().isqrt() as u32;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().expect("memory takes a header");
    writer.write_image_data(shades).expect("memory takes a picture");
    writer.finish().expect("memory takes an end");
    file
}
