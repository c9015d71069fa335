//! Npy files written: they read back as they were, start their data at 64 bytes, and refuse what npy cannot hold.

use blink_tensors::npy::{MAX_STRINGS, NpyError, decode, decode_as, encode};
use blink_tensors::{DType, DataView, Tensor, TensorView, seeded};

fn file(view: TensorView<'_>) -> Vec<u8> {
    let mut file = Vec::new();
    encode(view, &mut file).unwrap();
    file
}

fn refusal(view: TensorView<'_>) -> NpyError {
    let mut file = Vec::new();
    let error = encode(view, &mut file).expect_err("the tensor is refused");
    assert!(file.is_empty(), "nothing is written before a refusal");
    error
}

fn strings(tensor: &Tensor) -> &[String] {
    match tensor.view().data() {
        DataView::Strings(strings) => strings,
        DataView::Bytes(_) => panic!("not strings"),
    }
}

fn numpy_holds(dtype: &DType) -> bool {
    !matches!(dtype, DType::U4 | DType::I4 | DType::String)
}

#[test]
fn every_dtype_and_many_shapes_round_trip() {
    let shapes: [&[usize]; 8] = [&[], &[0], &[1], &[7], &[0, 3], &[2, 3], &[3, 1, 2, 5], &[1; 32]];
    for dtype in DType::ALL.into_iter().filter(numpy_holds) {
        for (seed, shape) in shapes.into_iter().enumerate() {
            let mut tensor = seeded::tensor(seed as u64, "x", dtype, shape).unwrap();
            // Any bits at all, but for bools: NaN with payloads, infinities, minus zero.
            if dtype != DType::Bool {
                let noise = seeded::tensor(seed as u64, "noise", DType::F64, &[4096]).unwrap();
                let bytes = tensor.bytes_mut().unwrap();
                bytes.copy_from_slice(&noise.view().bytes().unwrap()[..bytes.len()]);
            }
            let file = file(tensor.view());
            let again = decode_as(&file, Some(dtype)).unwrap();
            assert_eq!((again.dtype(), again.shape()), (dtype, shape));
            assert_eq!(again.view().bytes(), tensor.view().bytes(), "{dtype} {shape:?}");
        }
    }
}

#[test]
fn special_floats_keep_their_bits() {
    let bits = [f64::NAN.to_bits(), f64::INFINITY.to_bits(), (-0.0f64).to_bits(), 1, 0x7ff0_0000_0000_0001, u64::MAX];
    let bytes: Vec<u8> = bits.into_iter().flat_map(u64::to_le_bytes).collect();
    let tensor = Tensor::from_bytes(DType::F64, &[6], &bytes).unwrap();
    assert_eq!(decode(&file(tensor.view())).unwrap().view().bytes().unwrap(), bytes);
}

#[test]
fn data_starts_at_a_multiple_of_64() {
    for rank in 0..=32 {
        let tensor = Tensor::zeros(DType::U8, &vec![1; rank]).unwrap();
        let file = file(tensor.view());
        assert_eq!(file.len() % 64, 1, "rank {rank}");
        assert_eq!((&file[..8], file[file.len() - 2]), (&b"\x93NUMPY\x01\0"[..], b'\n'));
        let length = u16::from_le_bytes([file[8], file[9]]);
        assert_eq!(usize::from(length) + 10, file.len() - 1);
    }
}

#[test]
fn the_header_is_as_numpy_writes_it() {
    for (shape, text) in [(&[][..], "()"), (&[1][..], "(1,)"), (&[2, 3][..], "(2, 3)"), (&[0, 0, 0][..], "(0, 0, 0)")] {
        let file = file(Tensor::zeros(DType::F32, shape).unwrap().view());
        let expected = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {text}, }}");
        assert!(file[10..].starts_with(expected.as_bytes()), "{text}");
    }
}

#[test]
fn strings_round_trip() {
    let cases: [(&[usize], &[&str]); 5] = [
        (&[2, 2], &["", "a", "bc\u{e9}", "\u{1f600}\u{10ffff}"]),
        (&[2], &["", ""]),
        (&[], &["inner\0nul"]),
        (&[0, 2], &[]),
        (&[1], &["\u{feff} spaces \n"]),
    ];
    for (shape, words) in cases {
        let tensor = Tensor::strings(shape, words.iter().map(|&word| word.to_owned()).collect()).unwrap();
        let again = decode(&file(tensor.view())).unwrap();
        assert_eq!((again.shape(), strings(&again)), (shape, strings(&tensor)));
    }
}

#[test]
#[cfg_attr(miri, ignore = "a million strings take an interpreter too long")]
fn what_npy_cannot_hold_is_refused() {
    for dtype in [DType::U4, DType::I4] {
        let tensor = Tensor::zeros(dtype, &[3]).unwrap();
        assert!(matches!(refusal(tensor.view()), NpyError::NoDescr { dtype: found } if found == dtype));
    }
    let bools = Tensor::from_bytes(DType::Bool, &[2], &[1, 2]).unwrap();
    assert!(matches!(refusal(bools.view()), NpyError::Bool { index: 1, found: 2 }));
    let rank = Tensor::zeros(DType::U8, &[1; 33]).unwrap();
    assert!(matches!(refusal(rank.view()), NpyError::Rank));
    let padded = Tensor::strings(&[2], vec!["a".into(), "b\0".into()]).unwrap();
    assert!(matches!(refusal(padded.view()), NpyError::TrailingNul { index: 1 }));
    let long = Tensor::strings(&[], vec!["x".repeat((16 << 20) / 4 + 1)]).unwrap();
    assert!(matches!(refusal(long.view()), NpyError::StringBytes { .. }));
    let many = Tensor::strings(&[MAX_STRINGS + 1], vec![String::new(); MAX_STRINGS + 1]).unwrap();
    assert!(matches!(refusal(many.view()), NpyError::StringCount { .. }));
}

#[test]
fn a_full_disk_is_an_io_error() {
    let tensor = Tensor::zeros(DType::U8, &[100]).unwrap();
    for room in [0, 10, 130] {
        let mut disk = vec![0; room];
        assert!(matches!(encode(tensor.view(), &mut &mut disk[..]), Err(NpyError::Io(_))));
    }
}
