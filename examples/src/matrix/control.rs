//! Subgraphs: If, Loop and Scan, with values captured from the graphs around them.

use blink_compiler::onnx::proto::GraphProto;
use blink_tensors::DType;

use super::Case;
use crate::{GraphBuilder, attribute, dims, values};

pub(super) fn cases() -> Vec<Case> {
    vec![
        branch("if_then", true),
        branch("if_else", false),
        nested_if(),
        counted_loop(),
        conditional_loop(),
        empty_loop(),
        scan(),
    ]
}

/// A branch without inputs: one operator over two values captured from outside.
fn captured(name: &str, operator: &str, inputs: &[&str]) -> GraphProto {
    let mut body = GraphBuilder::new(name);
    let result = format!("{name}_result");
    body.node(operator, inputs, &[&result], []);
    body.output(&result, DType::F32, &dims![2]);
    body.graph()
}

fn choose(graph: &mut GraphBuilder, condition: &str, output: &str, then: GraphProto, other: GraphProto) {
    let branches = [attribute::graph("then_branch", then), attribute::graph("else_branch", other)];
    graph.node("If", &[condition], &[output], branches);
}

/// `y = condition ? x + w : x * w`, `w` an initializer of the outer graph.
fn branch(name: &str, condition: bool) -> Case {
    let (x, w) = ([1f32, 2.0], [10f32, 20.0]);
    let mut graph = GraphBuilder::new(name);
    graph.initializer("w", &values(&[2], &w));
    let (then, other) = (captured("sum", "Add", &["x", "w"]), captured("product", "Mul", &["x", "w"]));
    choose(&mut graph, "condition", "y", then, other);
    let y = [0, 1].map(|i| if condition { x[i] + w[i] } else { x[i] * w[i] });
    Case::new(graph, [("condition", values(&[], &[condition])), ("x", values(&[2], &x))], [("y", values(&[2], &y))])
}

/// An If inside an If; the inner one has an initializer of its own and captures from two levels up.
fn nested_if() -> Case {
    let mut inner = GraphBuilder::new("inner");
    inner.initializer("five", &values(&[1], &[5f32]));
    let sum = inner.op("Add", &["x", "five"], []);
    inner.node("Sub", &[&sum, "w"], &["inner_result"], []);
    inner.output("inner_result", DType::F32, &dims![2]);

    let mut outer = GraphBuilder::new("outer");
    choose(&mut outer, "second", "outer_result", inner.graph(), captured("negative", "Neg", &["x"]));
    outer.output("outer_result", DType::F32, &dims![2]);

    let mut graph = GraphBuilder::new("if_nested");
    graph.initializer("w", &values(&[2], &[1f32, 2.0]));
    choose(&mut graph, "first", "y", outer.graph(), captured("absolute", "Abs", &["x"]));
    let yes = values(&[], &[true]);
    Case::new(
        graph,
        [("first", yes.clone()), ("second", yes), ("x", values(&[2], &[1f32, -1.0]))],
        [("y", values(&[2], &[5f32, 2.0]))],
    )
}

/// A loop body that doubles `value` and adds the captured `w`, while it is below the captured `limit`.
fn double_and_add() -> GraphProto {
    let mut body = GraphBuilder::new("body");
    body.input("iteration", DType::I64, &dims![]);
    body.input("going_on", DType::Bool, &dims![]);
    body.input("value", DType::F32, &dims![1]);
    let double = body.op("Add", &["value", "value"], []);
    body.node("Add", &[&double, "w"], &["next"], []);
    let largest = body.op("ReduceMax", &["next"], [attribute::int("keepdims", 0)]);
    body.node("Less", &[&largest, "limit"], &["still"], []);
    body.node("Identity", &["next"], &["history_item"], []);
    body.output("still", DType::Bool, &dims![]);
    body.output("next", DType::F32, &dims![1]);
    body.output("history_item", DType::F32, &dims![1]);
    body.graph()
}

fn looped(name: &str, trips: i64, limit: f32) -> Case {
    let (start, w) = (1f32, 0.5f32);
    let mut graph = GraphBuilder::new(name);
    graph.initializer("w", &values(&[1], &[w]));
    graph.initializer("limit", &values(&[], &[limit]));
    graph.node("Loop", &["trips", "", "x"], &["y", "history"], [attribute::graph("body", double_and_add())]);
    graph.output("y", DType::F32, &dims![1]);
    graph.output("history", DType::F32, &dims!["iterations", 1]);

    let (mut value, mut history) = (start, Vec::new());
    for _ in 0..trips {
        value = value + value + w;
        history.push(value);
        if value >= limit {
            break;
        }
    }
    let history = values(&[history.len(), 1], &history);
    Case::new(
        graph,
        [("trips", values(&[], &[trips])), ("x", values(&[1], &[start]))],
        [("y", values(&[1], &[value])), ("history", history)],
    )
}

fn counted_loop() -> Case {
    looped("loop_counted", 4, f32::MAX)
}

fn conditional_loop() -> Case {
    looped("loop_conditional", 100, 50.0)
}

fn empty_loop() -> Case {
    looped("loop_empty", 0, f32::MAX)
}

/// Running sums of rows, each scaled by a captured initializer.
fn scan() -> Case {
    let rows = [1f32, 2.0, 3.0, 4.0, 5.0, 6.0];
    let mut body = GraphBuilder::new("body");
    body.input("total", DType::F32, &dims![2]);
    body.input("row", DType::F32, &dims![2]);
    let scaled = body.op("Mul", &["row", "scale"], []);
    body.node("Add", &["total", &scaled], &["next"], []);
    body.node("Identity", &["next"], &["sum"], []);
    body.output("next", DType::F32, &dims![2]);
    body.output("sum", DType::F32, &dims![2]);

    let mut graph = GraphBuilder::new("scan");
    graph.initializer("scale", &values(&[1], &[2f32]));
    graph.initializer("zero", &values(&[2], &[0f32; 2]));
    let attributes = [attribute::graph("body", body.graph()), attribute::int("num_scan_inputs", 1)];
    graph.node("Scan", &["zero", "x"], &["total_sum", "sums"], attributes);

    let (mut total, mut sums) = ([0f32; 2], Vec::new());
    for row in rows.chunks(2) {
        total = [total[0] + 2.0 * row[0], total[1] + 2.0 * row[1]];
        sums.extend(total);
    }
    Case::new(
        graph,
        [("x", values(&[3, 2], &rows))],
        [("total_sum", values(&[2], &total)), ("sums", values(&[3, 2], &sums))],
    )
}
