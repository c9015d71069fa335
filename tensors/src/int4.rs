//! The 4-bit integers, packed two a byte: the first of a pair in the low half, as ONNX packs them.

/// The 4 bits of element `index`; `None` past the end of `packed`.
pub fn get(packed: &[u8], index: usize) -> Option<u8> {
    let byte = *packed.get(index / 2)?;
    Some(if index.is_multiple_of(2) { byte & 0x0f } else { byte >> 4 })
}

/// Sets element `index` to the low 4 bits of `value`; the other half of the byte stays. `None`, and nothing is
/// written, past the end of `packed`.
pub fn set(packed: &mut [u8], index: usize, value: u8) -> Option<()> {
    let byte = packed.get_mut(index / 2)?;
    let shift = if index.is_multiple_of(2) { 0 } else { 4 };
    *byte = *byte & !(0x0f << shift) | (value & 0x0f) << shift;
    Some(())
}

/// The low 4 bits of `value` as a two's complement number, -8 to 7.
pub const fn signed(value: u8) -> i8 {
    (value << 4) as i8 >> 4
}

/// The first `elements` of `packed`, a byte each, 0 to 15; `None` where `packed` is not exactly as long as they take.
pub fn unpack(packed: &[u8], elements: usize) -> Option<Vec<u8>> {
    if packed.len() != elements.div_ceil(2) {
        return None;
    }
    (0..elements).map(|index| get(packed, index)).collect()
}

/// The low 4 bits of each value, packed; an odd count leaves the last high half zero.
pub fn pack(values: &[u8]) -> Vec<u8> {
    let pair = |pair: &[u8]| pair[0] & 0x0f | pair.get(1).copied().unwrap_or(0) << 4;
    values.chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bytes_unpack_and_pack() {
        let packed: Vec<u8> = (0..=u8::MAX).collect();
        let values = unpack(&packed, 512).unwrap();
        assert_eq!(values[0x21 * 2..0x21 * 2 + 2], [1, 2]);
        assert_eq!(pack(&values), packed);
    }

    #[test]
    fn an_odd_count_leaves_the_last_half_zero() {
        assert_eq!(pack(&[1, 2, 0xf3]), [0x21, 0x03]);
        assert_eq!(unpack(&[0x21, 0x03], 3).unwrap(), [1, 2, 3]);
        assert_eq!(unpack(&[0x21, 0x03], 2), None);
        assert_eq!(unpack(&[0x21], 3), None);
        assert_eq!(unpack(&[], 0), Some(Vec::new()));
    }

    #[test]
    fn set_leaves_the_neighbour_alone() {
        let mut packed = [0xff; 2];
        set(&mut packed, 1, 0x12).unwrap();
        set(&mut packed, 2, 0).unwrap();
        assert_eq!(packed, [0x2f, 0xf0]);
        assert_eq!(set(&mut packed, 4, 1), None);
        assert_eq!(get(&packed, 4), None);
    }

    #[test]
    fn signs_extend() {
        let all: Vec<i8> = (0..16).map(signed).collect();
        assert_eq!(all, [0, 1, 2, 3, 4, 5, 6, 7, -8, -7, -6, -5, -4, -3, -2, -1]);
    }
}
