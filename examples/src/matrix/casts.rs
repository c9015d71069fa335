//! Conversions between f32 and the types that no CPU computes in: f16, bf16, 8-bit floats, 4-bit integers.
//!
//! Bit patterns are written out, from the formats' definitions.

use blink_tensors::{DType, Tensor};

use super::Case;
use crate::{GraphBuilder, attribute, values};

pub(super) fn cases() -> Vec<Case> {
    // Each list: 1, 1.5, -2, 0.5, and 240, which all of these formats hold exactly.
    let floats = [1.0f32, 1.5, -2.0, 0.5, 240.0];
    let wide = |dtype, bits: [u16; 5]| (dtype, bits.iter().flat_map(|bits| bits.to_le_bytes()).collect::<Vec<u8>>());
    let exact = [
        wide(DType::F16, [0x3c00, 0x3e00, 0xc000, 0x3800, 0x5b80]),
        wide(DType::BF16, [0x3f80, 0x3fc0, 0xc000, 0x3f00, 0x4370]),
        (DType::F8E4M3FN, vec![0x38, 0x3c, 0xc0, 0x30, 0x77]),
        (DType::F8E4M3FNUZ, vec![0x40, 0x44, 0xc8, 0x38, 0x7f]),
    ];
    // 240 has four significant bits, more than these hold; 224 has three.
    let coarse = [1.0f32, 1.5, -2.0, 0.5, 224.0];
    let narrow =
        [(DType::F8E5M2, vec![0x3c, 0x3e, 0xc0, 0x38, 0x5b]), (DType::F8E5M2FNUZ, vec![0x40, 0x42, 0xc4, 0x3c, 0x5f])];
    let both_ways = |floats: [f32; 5], (dtype, bytes): &(DType, Vec<u8>)| {
        let encoded = Tensor::from_bytes(*dtype, &[5], bytes).expect("five elements");
        [cast(values(&[5], &floats), encoded.clone()), cast(encoded, values(&[5], &floats))]
    };
    let mut cases: Vec<Case> = exact.iter().flat_map(|pair| both_ways(floats, pair)).collect();
    cases.extend(narrow.iter().flat_map(|pair| both_ways(coarse, pair)));
    // The first element of a byte is in its low half; a last odd one leaves the high half zero.
    let four_bits = |dtype, bytes: &[u8]| Tensor::from_bytes(dtype, &[5], bytes).expect("five elements");
    let (signed, unsigned) = (four_bits(DType::I4, &[0x87, 0xf1, 0x02]), four_bits(DType::U4, &[0x8f, 0x10, 0x07]));
    let (negative, positive) =
        (values(&[5], &[7f32, -8.0, 1.0, -1.0, 2.0]), values(&[5], &[15f32, 8.0, 0.0, 1.0, 7.0]));
    cases.extend([
        cast(signed.clone(), negative.clone()),
        cast(negative, signed),
        cast(unsigned.clone(), positive.clone()),
        cast(positive, unsigned),
        cast(values(&[4], &[1.9f32, -1.9, 0.0, 1e6]), values(&[4], &[1i64, -1, 0, 1_000_000])),
        cast(values(&[3], &[0i32, -7, 3]), values(&[3], &[false, true, true])),
        rounding(),
    ]);
    cases
}

fn cast(from: Tensor, to: Tensor) -> Case {
    let mut graph = GraphBuilder::new(&format!("cast_{}_to_{}", from.dtype(), to.dtype()));
    graph.node("Cast", &["x"], &["y"], [attribute::int("to", i64::from(to.dtype().onnx_code()))]);
    Case::new(graph, [("x", from)], [("y", to)])
}

/// To bf16 and back: what is left is the upper half of the bits, rounded to nearest even.
fn rounding() -> Case {
    let x = [1.0f32, 1.003_906_3, 1.011_718_8, -7.338, 1e-20];
    let mut graph = GraphBuilder::new("round_to_bf16");
    let narrow = graph.op("Cast", &["x"], [attribute::int("to", i64::from(DType::BF16.onnx_code()))]);
    graph.node("Cast", &[&narrow], &["y"], [attribute::int("to", i64::from(DType::F32.onnx_code()))]);
    let y = x.map(|x| {
        let bits = x.to_bits();
        let half = 0x7fff + ((bits >> 16) & 1);
        f32::from_bits((bits + half) & 0xffff_0000)
    });
    Case::new(graph, [("x", values(&[5], &x))], [("y", values(&[5], &y))])
}
