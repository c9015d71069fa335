//! Npz archives: NumPy's own, ours read back, and those that lie about what is in them.

mod support;

use std::io::{Cursor, Write};

use blink_tensors::npy::NpyError;
use blink_tensors::npz::{Limits, NpzError, decode, decode_as, encode};
use blink_tensors::{DType, Tensor, numeric, seeded};
use support::array;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// `numpy.savez_compressed(file, **{"x": int32 [[0, 1], [2, 3]], "/model/y:0": float32 [1.5]})`, NumPy 2.4.
const NUMPY: &str = "504b03042d0000000800000021003db3eaf4ffffffffffffffff05001400782e6e70790100100090000000000000005000000000\
    0000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9369a2aea3a09e965f54529498179f5f94920a12774bcc294e058a17672416a402f91\
    a463a0a469a3a0ab50a64032e0620600462262066066200504b03042d00000008000000210054792e83ffffffffffffffff0e0014002f6d6f64656c\
    2f793a302e6e707901001000840000000000000048000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9366a2aea3a09e965f5\
    4529498179f5f94920a12774bcc294e058a17672416a402f91a863a9a3a0ab50a14002e068603f600504b01022d032d0000000800000021003db3ea\
    f45000000090000000050000000000000000000000800100000000782e6e7079504b01022d032d00000008000000210054792e8348000000840000\
    000e00000000000000000000008001870000002f6d6f64656c2f793a302e6e7079504b050600000000020002006f0000000f0100000000";

fn numpy() -> Vec<u8> {
    let digits: Vec<u8> =
        NUMPY.bytes().filter_map(|byte| (byte as char).to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, data) in entries {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        archive.start_file(*name, options).unwrap();
        archive.write_all(data).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn one() -> Vec<u8> {
    array("|u1", "False", "(1,)", &[7])
}

/// Replaces every occurrence of `from`, which is as long as `to`.
fn patched(mut file: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    for at in 0..=file.len() - from.len() {
        if file[at..].starts_with(from) {
            file[at..at + to.len()].copy_from_slice(to);
        }
    }
    file
}

#[test]
fn numpys_archive_is_read() {
    let tensors = decode(&numpy()).unwrap();
    let names: Vec<_> = tensors.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["x", "/model/y:0"]);
    let values = |index: usize| numeric::iter_f64(tensors[index].1.view()).unwrap().collect::<Vec<_>>();
    assert_eq!((tensors[0].1.shape(), values(0)), (&[2, 2][..], vec![0.0, 1.0, 2.0, 3.0]));
    assert_eq!((tensors[1].1.dtype(), values(1)), (DType::F32, vec![1.5]));
}

#[test]
fn tensors_round_trip_and_archives_are_deterministic() {
    let names = ["x", "/model/layer.1/y:0", "\u{e9}\u{1f600}", "a b", "..", "z.npy"];
    let dtypes = [DType::F32, DType::I64, DType::String, DType::Bool, DType::BF16, DType::F8E5M2];
    let tensors: Vec<Tensor> =
        dtypes.iter().zip(names).map(|(&dtype, name)| seeded::tensor(1, name, dtype, &[3, 5]).unwrap()).collect();
    let entries: Vec<_> = names.iter().zip(&tensors).map(|(name, tensor)| (name.to_string(), tensor.view())).collect();
    let write = || {
        let mut file = Cursor::new(Vec::new());
        encode(&entries, &mut file).unwrap();
        file.into_inner()
    };
    let file = write();
    assert_eq!(file, write());
    let wanted = |name: &str| (name == "z.npy").then_some(DType::F8E5M2);
    let again = decode_as(&file, Limits::default(), wanted).unwrap();
    assert_eq!(again.len(), entries.len());
    for ((name, tensor), (expected, view)) in again.iter().zip(&entries) {
        assert_eq!((name, tensor.dtype(), tensor.shape()), (expected, view.dtype(), view.shape()));
        assert_eq!(tensor.view().bytes(), view.bytes());
    }
}

#[test]
fn an_empty_archive_has_no_tensors() {
    let mut file = Cursor::new(Vec::new());
    encode(&[], &mut file).unwrap();
    assert_eq!(decode(file.get_ref()).unwrap().len(), 0);
}

#[test]
fn names_are_unique_and_end_in_npy() {
    let twice = patched(archive(&[("a.npy", &one()), ("b.npy", &one())]), b"b.npy", b"a.npy");
    assert!(matches!(decode(&twice), Err(NpzError::DuplicateName)));
    for name in ["a", "a.txt", ".npy", "a.npy/", "a.NPY"] {
        assert!(matches!(decode(&archive(&[(name, &one())])), Err(NpzError::Name { .. })), "{name}");
    }
    let tensor = Tensor::zeros(DType::U8, &[]).unwrap();
    let entry = |name: &str| (name.to_owned(), tensor.view());
    let write = |entries: &[_]| encode(entries, Cursor::new(Vec::new()));
    assert!(matches!(write(&[entry("a"), entry("a")]), Err(NpzError::DuplicateName)));
    assert!(matches!(write(&[entry("")]), Err(NpzError::Name { .. })));
    assert!(matches!(write(&[entry(&"a".repeat(70_000))]), Err(NpzError::Zip(_))));
}

#[test]
#[cfg_attr(miri, ignore = "megabytes deflated take an interpreter too long")]
fn limits_hold() {
    let file = archive(&[("a.npy", &one()), ("b.npy", &one())]);
    let size = one().len() as u64;
    let limits = Limits { entries: 2, entry_bytes: size, total_bytes: 2 * size };
    assert_eq!(decode_as(&file, limits, |_| None).unwrap().len(), 2);
    let refused = |limits| decode_as(&file, limits, |_| None).unwrap_err();
    assert!(matches!(refused(Limits { entries: 1, ..limits }), NpzError::Entries { expected: 1, found: 2 }));
    assert!(matches!(refused(Limits { entry_bytes: size - 1, ..limits }), NpzError::EntrySize { .. }));
    assert!(matches!(refused(Limits { total_bytes: 2 * size - 1, ..limits }), NpzError::TotalSize { .. }));
    let names: Vec<String> = (0..4097).map(|index| format!("{index}.npy")).collect();
    let many = archive(&names.iter().map(|name| (name.as_str(), &[][..])).collect::<Vec<_>>());
    assert!(matches!(decode(&many), Err(NpzError::Entries { expected: 4096, found: 4097 })));
}

/// An entry that inflates to more, or to less, than the archive declares.
#[test]
#[cfg_attr(miri, ignore = "megabytes deflated take an interpreter too long")]
fn a_declared_size_that_lies_is_refused() {
    let bomb = array("|u1", "False", "(1000000,)", &[0; 1_000_000]);
    let file = archive(&[("a.npy", &bomb)]);
    assert!(file.len() < 5000);
    let honest = (bomb.len() as u32).to_le_bytes();
    let lying = |declared: u32| decode(&patched(file.clone(), &honest, &declared.to_le_bytes())).unwrap_err();
    assert!(matches!(lying(1), NpzError::Read { .. }));
    assert!(matches!(lying(bomb.len() as u32 - 1), NpzError::Read { .. }));
    assert!(matches!(lying(2_000_000), NpzError::DeclaredSize { declared: 2_000_000, .. }));
}

#[test]
fn damage_is_an_error_wherever_it_is() {
    let file = numpy();
    // An interpreter takes one of many.
    let step = if cfg!(miri) { 41 } else { 1 };
    for len in (0..file.len()).step_by(step) {
        assert!(decode(&file[..len]).is_err(), "cut at {len}");
    }
    for at in (0..file.len()).step_by(step) {
        let mut changed = file.clone();
        changed[at] ^= 0x55;
        // Names and times may change without harm; all that is asked is an answer.
        if let Ok(tensors) = decode(&changed) {
            assert!(tensors.len() <= 2);
        }
    }

    // A byte of the deflated data: the checksum tells.
    let mut changed = file.clone();
    changed[100] ^= 1;
    assert!(matches!(decode(&changed), Err(NpzError::Read { .. })));
    assert!(matches!(decode(b"not a zip"), Err(NpzError::Zip(_))));
}

#[test]
fn an_entry_that_is_no_npy_says_which() {
    let file = archive(&[("a.npy", &one()), ("b.npy", b"\x93NUMPZ\x01\0")]);
    assert!(matches!(decode(&file), Err(NpzError::Npy { name, source: NpyError::Magic }) if name == "b"));
    let tensor = Tensor::zeros(DType::I4, &[1]).unwrap();
    let found = encode(&[("w".into(), tensor.view())], Cursor::new(Vec::new()));
    assert!(matches!(found, Err(NpzError::Npy { name, source: NpyError::NoDescr { .. } }) if name == "w"));
}

#[test]
fn entries_that_share_bytes_are_refused() {
    // Both directory entries point at the first local header.
    let file = archive(&[("a.npy", &one()), ("b.npy", &one())]);
    let second = file.windows(4).rposition(|window| window == b"PK\x03\x04").unwrap() as u32;
    let last_entry = file.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
    let mut shared = file;
    assert_eq!(shared[last_entry + 42..last_entry + 46], second.to_le_bytes());
    shared[last_entry + 42..last_entry + 46].fill(0);
    assert!(matches!(decode(&shared), Err(NpzError::Overlap)));
}
