//! Npy files spelt out for the tests: a version, the header's text and the data.

/// A file of version `major`.0 whose header is padded as NumPy pads it.
pub(crate) fn npy(major: u8, text: &str, data: &[u8]) -> Vec<u8> {
    let prelude = if major == 1 { 10 } else { 12 };
    let total = (prelude + text.len() + 1).next_multiple_of(64);
    let mut file = b"\x93NUMPY".to_vec();
    file.extend([major, 0]);
    let length = (total - prelude) as u32;
    file.extend(&length.to_le_bytes()[..prelude - 8]);
    file.extend(text.as_bytes());
    file.resize(total - 1, b' ');
    file.push(b'\n');
    file.extend(data);
    file
}

/// As [`npy`], of version 1.0, with the three keys in NumPy's order.
pub(crate) fn array(descr: &str, fortran_order: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    npy(1, &format!("{{'descr': '{descr}', 'fortran_order': {fortran_order}, 'shape': {shape}, }}"), data)
}
