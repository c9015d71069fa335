//! Tests of the structure checks, on graphs written down as (op type, inputs, outputs).

use super::super::proto::{AttributeProto, FunctionProto, TensorProto, ValueInfoProto};
use super::*;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| name.to_string()).collect()
}

fn node(op_type: &str, input: &[&str], output: &[&str]) -> NodeProto {
    NodeProto {
        op_type: Some(op_type.to_owned()),
        input: names(input),
        output: names(output),
        name: Some(op_type.to_lowercase()),
        ..Default::default()
    }
}

fn graph(input: &[&str], node: Vec<NodeProto>, output: &[&str]) -> GraphProto {
    let values = |names: &[&str]| -> Vec<ValueInfoProto> {
        names.iter().map(|name| ValueInfoProto { name: Some(name.to_string()), ..Default::default() }).collect()
    };
    GraphProto { input: values(input), node, output: values(output), ..Default::default() }
}

fn holding(mut node: NodeProto, body: GraphProto) -> NodeProto {
    node.attribute.push(AttributeProto { g: Some(Box::new(body)), ..Default::default() });
    node
}

fn checked(graph: GraphProto) -> Result<(), GraphError> {
    check(&ModelProto { graph: Some(graph), ..Default::default() })
}

fn initializer(name: &str) -> TensorProto {
    TensorProto { name: Some(name.to_owned()), ..Default::default() }
}

#[test]
fn a_graph_out_of_order_with_optional_values_passes() {
    let nodes = vec![node("Add", &["a", "w", ""], &["y", ""]), node("Relu", &["x"], &["a", ""])];
    let mut graph = graph(&["x", "w"], nodes, &["y"]);
    graph.initializer = vec![initializer("w")];
    assert!(checked(graph).is_ok());
}

#[test]
fn each_value_is_made_once() {
    let relu = || node("Relu", &["x"], &["y"]);
    let twice = [
        graph(&["x", "x"], vec![relu()], &["y"]),
        graph(&["x"], vec![relu(), relu()], &["y"]),
        graph(&["x"], vec![node("Relu", &["x"], &["x"])], &["x"]),
        GraphProto { initializer: vec![initializer("w"), initializer("w")], ..graph(&[], vec![], &["w"]) },
    ];
    for graph in twice {
        assert!(matches!(checked(graph), Err(GraphError::DuplicateValue { .. })));
    }
    assert!(matches!(checked(graph(&[""], vec![], &[])), Err(GraphError::Unnamed { .. })));
}

#[test]
fn each_value_used_is_made() {
    let unknown = checked(graph(&["x"], vec![node("Add", &["x", "w"], &["y"])], &["y"]));
    assert!(matches!(unknown, Err(GraphError::UnknownValue { value, .. }) if value == "w"));
    let unknown = checked(graph(&["x"], vec![], &["y"]));
    assert!(matches!(unknown, Err(GraphError::UnknownValue { value, .. }) if value == "y"));
    assert!(matches!(checked(graph(&["x"], vec![node("", &["x"], &["y"])], &["y"])), Err(GraphError::NoOpType { .. })));
}

#[test]
fn subgraphs_see_the_values_around_them() {
    let inner = || graph(&[], vec![node("Add", &["x", "a"], &["b"])], &["b"]);
    let nest = |graph_inside| graph(&[], vec![holding(node("If", &["c"], &["d"]), graph_inside)], &["d"]);
    let outer = |inputs: &[&str]| {
        let nodes = vec![holding(node("If", &["c"], &["y"]), nest(inner())), node("Relu", &["x"], &["a"])];
        graph(inputs, nodes, &["y"])
    };
    assert!(checked(outer(&["x", "c"])).is_ok());
    let unknown = checked(outer(&["c"]));
    assert!(matches!(unknown, Err(GraphError::UnknownValue { value, .. }) if value == "x"));
}

#[test]
fn cycles_are_refused_also_through_subgraphs() {
    let nodes = vec![
        node("Relu", &["x"], &["r"]),
        node("Add", &["r", "b"], &["a"]),
        node("Neg", &["a"], &["b"]),
        node("Abs", &["b"], &["y"]),
    ];
    let cycle = checked(graph(&["x"], nodes, &["y"]));
    assert!(matches!(cycle, Err(GraphError::Cycle { node }) if node.contains("Add") || node.contains("Neg")));
    let body = graph(&[], vec![node("Neg", &["y"], &["t"])], &["t"]);
    let cycle = checked(graph(&["c"], vec![holding(node("If", &["c"], &["y"]), body)], &["y"]));
    assert!(matches!(cycle, Err(GraphError::Cycle { .. })));
}

#[test]
fn functions_are_checked_and_cannot_contain_themselves() {
    let function = |name: &str, callee: &str| FunctionProto {
        name: Some(name.to_owned()),
        input: names(&["x"]),
        output: names(&["y"]),
        node: vec![node(callee, &["x"], &["y"])],
        ..Default::default()
    };
    let checked = |functions: Vec<FunctionProto>| check(&ModelProto { functions, ..Default::default() });
    assert!(checked(vec![function("f", "g"), function("g", "Relu")]).is_ok());
    let recursive = checked(vec![function("f", "g"), function("g", "f")]);
    assert!(matches!(recursive, Err(GraphError::RecursiveFunction { .. })));
    let twice = checked(vec![function("f", "Relu"), function("f", "Neg")]);
    assert!(matches!(twice, Err(GraphError::DuplicateFunction { .. })));
    let mut broken = function("f", "Relu");
    broken.node[0].input = names(&["z"]);
    assert!(matches!(checked(vec![broken]), Err(GraphError::UnknownValue { .. })));
}
