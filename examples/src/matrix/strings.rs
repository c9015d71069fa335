//! Strings: as inputs, outputs and initializers; compared, looked up, normalised and parsed.

use blink_tensors::Tensor;

use super::Case;
use crate::{GraphBuilder, attribute, values};

pub(super) fn cases() -> Vec<Case> {
    vec![equal(), labels(), upper(), parsed(), concatenated(), empty()]
}

fn strings(shape: &[usize], words: &[&str]) -> Tensor {
    Tensor::strings(shape, words.iter().map(|word| word.to_string()).collect()).expect("as many as the shape says")
}

fn equal() -> Case {
    let (x, w) = (["cat", "dog", "", "\u{e9}"], ["cat", "Dog", "", "e"]);
    let mut graph = GraphBuilder::new("string_equal");
    graph.initializer("w", &strings(&[4], &w));
    graph.node("Equal", &["x", "w"], &["y"], []);
    let y: Vec<bool> = x.iter().zip(w).map(|(&x, w)| x == w).collect();
    Case::new(graph, [("x", strings(&[4], &x))], [("y", values(&[4], &y))])
}

/// The label of the highest score: an initializer of strings, looked up by ArgMax.
fn labels() -> Case {
    let labels = ["cat", "dog", "bird"];
    let mut graph = GraphBuilder::new("string_labels");
    graph.initializer("labels", &strings(&[3], &labels));
    let best = graph.op("ArgMax", &["scores"], [attribute::int("axis", 1), attribute::int("keepdims", 0)]);
    graph.node("Gather", &["labels", &best], &["label"], []);
    let scores = values(&[2, 3], &[0.1f32, 0.7, 0.2, 0.3, 0.3, 0.4]);
    Case::new(graph, [("scores", scores)], [("label", strings(&[2], &[labels[1], labels[2]]))])
}

fn upper() -> Case {
    let words = ["monday", "Tuesday", "wednesday"];
    let mut graph = GraphBuilder::new("string_upper");
    // The default locale is not installed everywhere.
    let attributes = [attribute::string("case_change_action", "UPPER"), attribute::string("locale", "C")];
    graph.node("StringNormalizer", &["x"], &["y"], attributes);
    let shouted = words.map(|word| word.to_ascii_uppercase());
    let shouted: Vec<&str> = shouted.iter().map(String::as_str).collect();
    Case::new(graph, [("x", strings(&[3], &words))], [("y", strings(&[3], &shouted))])
}

fn parsed() -> Case {
    let words = ["1.5", "-2", "1e3"];
    let mut graph = GraphBuilder::new("cast_string_to_f32");
    graph.node("Cast", &["x"], &["y"], [attribute::int("to", 1)]);
    let numbers = words.map(|word| word.parse::<f32>().expect("a number"));
    Case::new(graph, [("x", strings(&[3], &words))], [("y", values(&[3], &numbers))])
}

fn concatenated() -> Case {
    let mut graph = GraphBuilder::new("string_concat");
    graph.initializer("suffix", &strings(&[], &["-ing"]));
    graph.node("StringConcat", &["x", "suffix"], &["y"], []);
    Case::new(graph, [("x", strings(&[2, 1], &["go", ""]))], [("y", strings(&[2, 1], &["go-ing", "-ing"]))])
}

fn empty() -> Case {
    let mut graph = GraphBuilder::new("string_empty");
    graph.node("Concat", &["x", "x"], &["y"], [attribute::int("axis", 0)]);
    Case::new(graph, [("x", strings(&[0, 2], &[]))], [("y", strings(&[0, 2], &[]))])
}
