//! Records come as they were written; damaged ones are refused, whatever was damaged.

use blink_tensors::{AlignedBuffer, DType, DataView, Tensor, TensorView};

use super::super::write;
use super::*;

fn tensors() -> Vec<(&'static str, Tensor)> {
    let strings = ["", "zwölf", "a\0b"].map(str::to_owned).to_vec();
    vec![
        ("x", Tensor::from_bytes(DType::F32, &[2, 3], &[7; 24]).unwrap()),
        ("odd", Tensor::from_bytes(DType::I4, &[3], &[0x21, 0x03]).unwrap()),
        ("words", Tensor::strings(&[3, 1], strings).unwrap()),
        ("", Tensor::from_bytes(DType::U8, &[], &[255]).unwrap()),
        ("empty", Tensor::zeros(DType::F64, &[usize::MAX, 0, usize::MAX]).unwrap()),
        ("no words", Tensor::strings(&[0], vec![]).unwrap()),
    ]
}

fn views<'a>(tensors: &'a [(&'static str, Tensor)]) -> Vec<(&'static str, TensorView<'a>)> {
    tensors.iter().map(|(name, tensor)| (*name, tensor.view())).collect()
}

fn assert_same(found: TensorView<'_>, expected: TensorView<'_>) {
    assert_eq!((found.dtype(), found.shape()), (expected.dtype(), expected.shape()));
    match (found.data(), expected.data()) {
        (DataView::Bytes(a), DataView::Bytes(b)) => assert_eq!(a, b),
        (DataView::Strings(a), DataView::Strings(b)) => assert_eq!(a, b),
        _ => panic!("other elements"),
    }
}

const PHASE: Recorded = Recorded { phase: Phase::Output, begin: 1, end: u64::MAX };

fn written(start: usize) -> (SharedMemory, Place) {
    let mut memory = SharedMemory::new().unwrap();
    let place = write(&mut memory, start, &views(&tensors()), &[PHASE]).unwrap();
    (memory, place)
}

#[test]
fn what_is_written_is_read() {
    for start in [0, 1, 64, 3 << 20] {
        let (mut memory, place) = written(start);
        let record = Record::read(&mut memory, place).unwrap();
        let (tensors, found) = (tensors(), record.tensors(&memory));
        assert_eq!(found.len(), tensors.len());
        for ((name, found), (expected_name, expected)) in found.into_iter().zip(&tensors) {
            assert_eq!(name, *expected_name);
            assert_same(found, expected.view());
            if let Some(bytes) = found.bytes() {
                assert!((bytes.as_ptr() as usize).is_multiple_of(AlignedBuffer::ALIGNMENT));
            }
        }
        assert_eq!(record.phases, [PHASE]);
        assert!(record.get(tensors.len(), &memory).is_none());
    }
}

#[test]
fn nothing_at_all_is_a_record() {
    let mut memory = SharedMemory::new().unwrap();
    let place = write(&mut memory, 0, &[], &[]).unwrap();
    let record = Record::read(&mut memory, place).unwrap();
    assert_eq!((record.len(), record.phases.len()), (0, 0));
}

#[test]
fn texts_come_back_too() {
    let mut memory = SharedMemory::new().unwrap();
    let place = write_text(&mut memory, 77, "wörds").unwrap();
    assert_eq!(read_text(&mut memory, place).unwrap(), "wörds");
    let elsewhere = Place { offset: u64::MAX, ..place };
    assert!(matches!(read_text(&mut memory, elsewhere), Err(ChannelError::Place { .. })));
}

#[test]
fn places_outside_the_memory_are_refused() {
    let (mut memory, place) = written(0);
    let long = memory.len() as u64;
    for (offset, len) in [(long, 1), (u64::MAX, 2), (0, u64::MAX), (long - 1, 2), (1 << 40, 8)] {
        let found = Record::read(&mut memory, Place { offset, len, ..place });
        assert!(matches!(found, Err(ChannelError::Place { .. })), "{offset} {len}");
    }
    let found = Record::read(&mut memory, Place { memory_len: 1 << 40, ..place });
    assert!(matches!(found, Err(ChannelError::Memory(_))));
}

#[test]
fn a_shorter_or_longer_table_is_refused() {
    let (mut memory, place) = written(0);
    for len in 0..place.len {
        assert!(Record::read(&mut memory, Place { len, ..place }).is_err(), "{len} of {}", place.len);
    }
    assert!(Record::read(&mut memory, Place { len: place.len + 1, ..place }).is_err());
}

/// Every word of the table in turn is made every one of these: it may still be a record, it may not be a panic, and
/// nothing is allocated for what is only announced.
#[test]
fn no_number_in_a_table_is_trusted() {
    let (mut memory, place) = written(0);
    let table = place.offset as usize..(place.offset + place.len) as usize;
    let mut refused = 0;
    for at in table.start..=table.end - 8 {
        for number in [0, 1, 2, 63, 1 << 20, 1 << 31, 1 << 32, 1 << 62, u64::MAX >> 1, u64::MAX - 63, u64::MAX] {
            let kept = memory.bytes()[at..at + 8].to_vec();
            memory.bytes_mut()[at..at + 8].copy_from_slice(&u64::to_le_bytes(number));
            match Record::read(&mut memory, place) {
                Ok(record) => _ = record.tensors(&memory),
                Err(_) => refused += 1,
            }
            memory.bytes_mut()[at..at + 8].copy_from_slice(&kept);
        }
    }
    assert!(refused > 1000, "{refused}");
    assert!(Record::read(&mut memory, place).is_ok());
}
