//! The guests build for both interfaces, and the digits they are tested with are what the training script held out.

use std::fs;

use blink_examples::guests::{Guest, Interface, Size, build, digits_model, held_out, sized};

const GUESTS: [Guest; 5] = [Guest::Classify, Guest::Digits, Guest::Embed, Guest::Stream, Guest::Bytes];

/// What a file is by its first eight bytes.
fn interface(wasm: &[u8]) -> Option<Interface> {
    match wasm {
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => Some(Interface::Module),
        [0, b'a', b's', b'm', 13, 0, 1, 0, ..] => Some(Interface::Component),
        _ => None,
    }
}

fn holds(wasm: &[u8], name: &str) -> bool {
    wasm.windows(name.len()).any(|window| window == name.as_bytes())
}

#[test]
fn guests_are_modules_and_components_that_import_the_published_interfaces() {
    for (expected, import) in
        [(Interface::Module, "wasi_ephemeral_nn"), (Interface::Component, "wasi:nn/inference@0.2.0-rc-2024-10-28")]
    {
        for guest in GUESTS {
            let path = build(guest, expected).unwrap();
            let wasm = fs::read(&path).unwrap();
            assert_eq!(interface(&wasm), Some(expected), "{}", path.display());
            assert!(holds(&wasm, import), "{} does not import {import}", path.display());
            assert_eq!(holds(&wasm, "wizer-initialize"), guest == Guest::Embed, "{}", path.display());
        }
    }
}

#[test]
fn sizes_are_as_announced() {
    for interface in [Interface::Module, Interface::Component] {
        for (size, announced) in [(Size::Small, 124), (Size::Medium, 486), (Size::Large, 1300)] {
            let path = sized(size, interface).unwrap();
            let kilobytes = fs::metadata(&path).unwrap().len() / 1000;
            let near = announced * 9 / 10..=announced * 11 / 10;
            assert!(near.contains(&kilobytes), "{} has {kilobytes} KB, expected {announced}", path.display());
        }
    }
}

#[test]
fn held_out_digits_are_pictures_of_all_ten() {
    let digits = held_out();
    assert_eq!(digits.len(), 360);
    for label in 0..10 {
        let count = digits.iter().filter(|digit| digit.label == label).count();
        assert!((30..=42).contains(&count), "{count} of {label}");
    }
    for digit in &digits {
        let mut reader = png::Decoder::new(std::io::Cursor::new(&digit.png)).read_info().unwrap();
        let mut shades = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut shades).unwrap();
        assert_eq!((frame.width, frame.height), (64, 64));
        let (darkest, lightest) = (*shades.iter().min().unwrap(), *shades.iter().max().unwrap());
        assert!(lightest - darkest > 100, "a picture of shades {darkest} to {lightest} shows nothing");
    }
    assert!(digits_model().len() < 100_000);
}
