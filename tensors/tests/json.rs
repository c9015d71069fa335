//! JSON lists as tensors and back, and every list, number and word that is refused.

use blink_tensors::json::{JsonError, decode, encode};
use blink_tensors::{DType, DataView, Tensor, TensorView, numeric, seeded};
use serde_json::{Value, json};

fn numbers(value: Value, dtype: DType, shape: &[usize]) -> Vec<f64> {
    let tensor = decode(&value, dtype).unwrap();
    assert_eq!((tensor.dtype(), tensor.shape()), (dtype, shape));
    numeric::iter_f64(tensor.view()).unwrap().collect()
}

fn error(value: Value, dtype: DType) -> JsonError {
    decode(&value, dtype).expect_err("the value is refused")
}

fn is_float(dtype: DType) -> bool {
    dtype == DType::BF16 || dtype.name().starts_with('f')
}

#[test]
fn the_nesting_is_the_shape() {
    assert_eq!(numbers(json!([[1, 2, 3], [4, 5, 6]]), DType::I32, &[2, 3]), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(numbers(json!(-3), DType::I4, &[]), [-3.0]);
    assert_eq!(numbers(json!([1, 15, 7]), DType::U4, &[3]), [1.0, 15.0, 7.0]);
    assert_eq!(numbers(json!([[[true]], [[0]]]), DType::Bool, &[2, 1, 1]), [1.0, 0.0]);
    assert_eq!(numbers(json!([]), DType::F32, &[0]), [0.0; 0]);
    assert_eq!(numbers(json!([[], []]), DType::F32, &[2, 0]), [0.0; 0]);
    let words = decode(&json!([["a"], [""]]), DType::String).unwrap();
    let DataView::Strings(found) = words.view().data() else { panic!("not strings") };
    assert_eq!((words.shape(), found), (&[2, 1][..], &["a".to_owned(), String::new()][..]));
}

#[test]
fn floats_round_to_nearest_and_special_ones_are_named() {
    for dtype in DType::ALL.into_iter().filter(|&dtype| is_float(dtype)) {
        assert_eq!(numbers(json!([1, -2.5, 0.0]), dtype, &[3]), [1.0, -2.5, 0.0]);
        assert!(numbers(json!("NaN"), dtype, &[])[0].is_nan());
        let infinite = decode(&json!(["Infinity", "-Infinity"]), dtype);
        if matches!(dtype, DType::F8E4M3FN | DType::F8E4M3FNUZ | DType::F8E5M2FNUZ) {
            assert!(matches!(infinite, Err(JsonError::Range { .. })), "{dtype}");
        } else {
            let values: Vec<f64> = numeric::iter_f64(infinite.unwrap().view()).unwrap().collect();
            assert_eq!(values, [f64::INFINITY, f64::NEG_INFINITY], "{dtype}");
        }
    }
    assert_eq!(numbers(json!(0.1), DType::F32, &[]), [f64::from(0.1f32)]);
    assert_eq!(numbers(json!(u64::MAX), DType::F64, &[]), [u64::MAX as f64]);
    assert_eq!(numbers(json!(-1e-300), DType::F16, &[])[0].to_bits(), (-0.0f64).to_bits());
    let read: Value = serde_json::from_str("2.2250738585072011e-308").unwrap();
    assert_eq!(numbers(read, DType::F64, &[]), [2.225_073_858_507_201e-308]);
}

#[test]
fn ragged_lists_name_the_path() {
    let length = |path: &[usize], expected, found| JsonError::Length { path: path.to_vec(), expected, found };
    assert_eq!(error(json!([[1, 2], [3]]), DType::I32), length(&[1], 2, 1));
    assert_eq!(error(json!([[[1], [2]], [[3], [4, 5]]]), DType::I32), length(&[1, 1], 1, 2));
    assert_eq!(error(json!([[], [1]]), DType::I32), length(&[1], 0, 1));
    assert_eq!(error(json!([[1], []]), DType::I32), length(&[1], 1, 0));
    assert_eq!(error(json!([[1], 2]), DType::I32), JsonError::NotList { path: vec![1], found: "a number" });
    assert!(matches!(error(json!([1, [2]]), DType::I32), JsonError::Type { path, found: "a list", .. } if path == [1]));
    // A first row that is long must not make a tensor of rows that are not there.
    let many = if cfg!(miri) { 100 } else { 100_000 };
    let mut rows = vec![json!(vec![0; many])];
    rows.extend(vec![json!([]); many]);
    assert_eq!(error(Value::Array(rows), DType::F64), length(&[1], many, 0));
}

#[test]
fn depth_is_capped() {
    let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    assert_eq!(numbers(nested(32), DType::U8, &[1; 32]), [1.0]);
    assert_eq!(error(nested(33), DType::U8), JsonError::Depth);
    assert_eq!(error(nested(100), DType::U8), JsonError::Depth);
}

#[test]
fn integers_are_whole_and_in_range() {
    let limits: [(DType, i128, i128); 10] = [
        (DType::U4, 0, 15),
        (DType::I4, -8, 7),
        (DType::U8, 0, 255),
        (DType::I8, -128, 127),
        (DType::U16, 0, 65_535),
        (DType::I16, -32_768, 32_767),
        (DType::U32, 0, u32::MAX.into()),
        (DType::I32, i32::MIN.into(), i32::MAX.into()),
        (DType::U64, 0, u64::MAX.into()),
        (DType::I64, i64::MIN.into(), i64::MAX.into()),
    ];
    let spelt = |value: i128| serde_json::from_str::<Value>(&value.to_string()).unwrap();
    for (dtype, least, greatest) in limits {
        for value in [least, greatest] {
            let tensor = decode(&spelt(value), dtype).unwrap();
            assert_eq!(encode(tensor.view(), 1), Some(spelt(value)), "{dtype}");
        }
        for value in [least - 1, greatest + 1] {
            assert!(matches!(error(spelt(value), dtype), JsonError::Range { .. }), "{dtype} {value}");
        }
        assert!(matches!(error(json!([1, 0.5]), dtype), JsonError::Fraction { path, .. } if path == [1]));
        assert_eq!(numbers(json!(2.0), dtype, &[]), [2.0]);
        for value in [json!(1e300), json!(-1e300), json!(9_007_199_254_740_994.0)] {
            assert!(matches!(error(value, dtype), JsonError::Range { .. }));
        }
    }
}

#[test]
fn finite_floats_stay_finite() {
    for (dtype, largest, over) in [
        (DType::F32, 3.402_823_466_385_288_6e38, 3.5e38),
        (DType::F16, 65_519.0, 65_520.0),
        (DType::BF16, 3.389e38, 3.4e38),
        (DType::F8E4M3FN, 464.0, 465.0),
        (DType::F8E4M3FNUZ, 247.0, 248.0),
        (DType::F8E5M2, 61_439.0, 61_440.0),
        (DType::F8E5M2FNUZ, 61_439.0, 61_440.0),
    ] {
        assert!(decode(&json!(-largest), dtype).is_ok(), "{dtype}");
        for value in [over, -over] {
            assert!(
                matches!(error(json!([[0, value]]), dtype), JsonError::Range { path, .. } if path == [0, 1]),
                "{dtype}"
            );
        }
    }
}

#[test]
fn values_of_another_kind_are_refused() {
    for dtype in DType::ALL {
        for value in [json!(null), json!({}), json!({"a": 1})] {
            assert!(matches!(error(json!([value]), dtype), JsonError::Type { path, .. } if path == [0]), "{dtype}");
        }
        let foreign = match dtype {
            DType::String => vec![json!(1), json!(true), json!(0.5)],
            DType::Bool => vec![json!("true"), json!("")],
            _ => vec![json!(true), json!("1"), json!("nan"), json!("+Infinity"), json!("")],
        };
        for value in foreign {
            assert!(matches!(error(value.clone(), dtype), JsonError::Type { .. }), "{dtype} {value}");
        }
    }
    for value in [json!(2), json!(-1), json!(0.5)] {
        assert!(matches!(error(value, DType::Bool), JsonError::Range { .. }));
    }
}

#[test]
fn every_dtype_round_trips_through_text() {
    for dtype in DType::ALL {
        for shape in [&[][..], &[0], &[5], &[2, 3, 1], &[2, 0]] {
            let mut tensor = seeded::tensor(9, "x", dtype, shape).unwrap();
            if let (true, Some(bytes)) = (is_float(dtype), tensor.bytes_mut()) {
                let noise = seeded::tensor(9, "noise", DType::F64, &[64]).unwrap();
                bytes.copy_from_slice(&noise.view().bytes().unwrap()[..bytes.len()]);
            }
            let text = encode(tensor.view(), 100).unwrap().to_string();
            let again = decode(&serde_json::from_str(&text).unwrap(), dtype).unwrap();
            assert_eq!(again.shape(), shape, "{dtype}");
            match (again.view().data(), tensor.view().data()) {
                (DataView::Strings(again), DataView::Strings(first)) => assert_eq!(again, first),
                _ => assert_eq!(numeric::max_error(again.view(), tensor.view()), Ok((0.0, 0.0)), "{dtype} {text}"),
            }
        }
    }
}

#[test]
fn numbers_are_written_short() {
    let bytes = [0.1f32, 16_777_216.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0].map(f32::to_le_bytes).concat();
    let tensor = Tensor::from_bytes(DType::F32, &[6], &bytes).unwrap();
    assert_eq!(
        encode(tensor.view(), 6).unwrap().to_string(),
        "[0.1,16777216.0,\"NaN\",\"Infinity\",\"-Infinity\",-0.0]"
    );
}

#[test]
fn the_cap_holds_for_elements_and_for_lists() {
    let tensor = Tensor::zeros(DType::U8, &[2, 3]).unwrap();
    assert_eq!(encode(tensor.view(), 5), None);
    assert_eq!(encode(tensor.view(), 6), Some(json!([[0, 0, 0], [0, 0, 0]])));
    for shape in [&[1 << 40, 0][..], &[1 << 40, 1 << 40, 0], &[1; 33]] {
        let bytes = vec![0; usize::from(shape.len() == 33)];
        assert_eq!(encode(TensorView::new(DType::U8, shape, &bytes).unwrap(), 1000), None, "{shape:?}");
    }
    assert_eq!(encode(TensorView::new(DType::U8, &[0, 1 << 40], &[]).unwrap(), 1), Some(json!([])));
}
