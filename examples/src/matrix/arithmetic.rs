//! Addition in every dtype that ONNX Runtime adds in, with the wrap-around of integers, and logic on bool.

use blink_tensors::{DType, Tensor};

use super::Case;
use crate::{GraphBuilder, values};

macro_rules! wrapping {
    ($($number:ty),*) => {
        [$({
            let x = [0, 1, <$number>::MAX, <$number>::MIN];
            let w = [5, <$number>::MAX, 1, <$number>::MAX];
            let sums: Vec<$number> = x.iter().zip(w).map(|(&x, w)| x.wrapping_add(w)).collect();
            add(values(&[4], &x), values(&[4], &w), values(&[4], &sums))
        }),*]
    };
}

macro_rules! float {
    ($number:ty) => {{
        let x: [$number; 4] = [0.5, -1.25, 3e30, -0.0];
        let w: [$number; 4] = [0.25, 1.25, 1e30, 0.0];
        let sums: Vec<$number> = x.iter().zip(w).map(|(x, w)| x + w).collect();
        add(values(&[4], &x), values(&[4], &w), values(&[4], &sums))
    }};
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = wrapping!(u8, i8, u16, i16, u32, i32, u64, i64).to_vec();
    cases.extend([float!(f32), float!(f64), half(), logic(), comparison()]);
    cases
}

fn add(x: Tensor, w: Tensor, sums: Tensor) -> Case {
    let mut graph = GraphBuilder::new(&format!("add_{}", x.dtype()));
    graph.initializer("w", &w);
    graph.node("Add", &["x", "w"], &["y"], []);
    Case::new(graph, [("x", x)], [("y", sums)])
}

/// 1 + 1 = 2, 0.5 + -2 = -1.5, the largest half + itself = infinity, as bits.
fn half() -> Case {
    let tensor = |bits: [u16; 3]| {
        let bytes: Vec<u8> = bits.iter().flat_map(|bits| bits.to_le_bytes()).collect();
        Tensor::from_bytes(DType::F16, &[3], &bytes).expect("three halves")
    };
    add(tensor([0x3c00, 0x3800, 0x7bff]), tensor([0x3c00, 0xc000, 0x7bff]), tensor([0x4000, 0xbe00, 0x7c00]))
}

fn logic() -> Case {
    let (a, b) = ([true, true, false, false], [true, false, true, false]);
    let mut graph = GraphBuilder::new("logic_bool");
    graph.node("And", &["a", "b"], &["both"], []);
    graph.node("Not", &["a"], &["not_a"], []);
    let both: Vec<bool> = a.iter().zip(b).map(|(&a, b)| a && b).collect();
    let not: Vec<bool> = a.iter().map(|a| !a).collect();
    Case::new(
        graph,
        [("a", values(&[2, 2], &a)), ("b", values(&[2, 2], &b))],
        [("both", values(&[2, 2], &both)), ("not_a", values(&[2, 2], &not))],
    )
}

fn comparison() -> Case {
    let x = [-1.5f32, 0.0, 2.5];
    let mut graph = GraphBuilder::new("where_less");
    graph.initializer("limit", &values(&[], &[0.5f32]));
    graph.initializer("small", &values(&[], &[-1i64]));
    graph.initializer("big", &values(&[], &[1i64]));
    let less = graph.op("Less", &["x", "limit"], []);
    graph.node("Where", &[&less, "small", "big"], &["y"], []);
    let y = x.map(|x| if x < 0.5 { -1i64 } else { 1 });
    Case::new(graph, [("x", values(&[3], &x))], [("y", values(&[3], &y))])
}
