//! The graph as its plan wants it: half nodes between casts, each value cast once at most.
//!
//! A value keeps its name as long as it is float, so that outputs, subgraphs and nodes that stay need no change. Its
//! half form has a name of its own; but a constant that is asked for as half alone is stored so, under its own name.

use std::collections::{HashMap, HashSet};
use std::io;

use blink_tensors::DType;

use super::plan::{Plan, Sides, Types, names_in};
use super::weights::{self, Writer};
use crate::onnx::proto::{AttributeProto, AttributeType, DataType, GraphProto, NodeProto};
use crate::saved::SavedModel;

/// A constant that is asked for in both forms is stored twice up to so many bytes of floats, and cast in every run where
/// it is larger.
const STORED_TWICE: usize = 64 << 10;

/// A graph that has been rewritten. The order of its nodes is still one that can be run.
pub(super) struct Rewritten {
    pub(super) graph: GraphProto,
    /// For each node, the places of its half values, where it is one that computes in half.
    pub(super) halves: Vec<Option<Sides>>,
    /// Casts that were put in.
    pub(super) casts: u64,
}

/// Rewrites `graph`; half floats that are stored outside it go into `writer`.
pub(super) fn rewrite(
    graph: &GraphProto,
    plan: &Plan,
    types: &Types,
    saved: &SavedModel,
    writer: &mut Writer<'_>,
) -> io::Result<Rewritten> {
    let mut names = HashSet::new();
    names_in(graph, &mut names);
    let mut out = GraphProto { node: Vec::new(), initializer: Vec::new(), value_info: Vec::new(), ..graph.clone() };
    let mut forms = Forms { taken: names.into_iter().map(str::to_owned).collect(), half_of: HashMap::new() };
    let mut asked_half: HashSet<&str> = HashSet::new();
    for (node, sides) in graph.node.iter().zip(&plan.halves) {
        asked_half.extend(sides.iter().flat_map(|sides| &sides.inputs).map(|at| node.input[*at].as_str()));
    }
    let inputs: HashSet<&str> = graph.input.iter().map(|input| input.name()).collect();
    for tensor in &graph.initializer {
        let name = tensor.name();
        let floats = weights::floats(saved, tensor).filter(|_| asked_half.contains(name) && !inputs.contains(name));
        let is_float_too = plan.asked_float.contains(name);
        if let Some(floats) = floats.filter(|floats| !is_float_too || floats.len() <= STORED_TWICE) {
            let half = if is_float_too { forms.new_name(name) } else { name.to_owned() };
            out.initializer.push(writer.halved(tensor, &half, &floats)?);
            forms.half_of.insert(name.to_owned(), half);
            if !is_float_too {
                continue;
            }
        }
        out.initializer.push(tensor.clone());
    }
    let mut rewritten = Rewritten { graph: out, halves: Vec::new(), casts: 0 };
    for ((node, sides), either) in graph.node.iter().zip(&plan.halves).zip(&plan.takes_either) {
        let mut node = node.clone();
        let Some(sides) = sides else {
            if *either {
                let form = |name: &String| forms.half_of.get(name).filter(|_| plan.made_half.contains(name));
                node.input.iter_mut().for_each(|name| *name = form(name).unwrap_or(name).clone());
            }
            forms.remember_cast(&node, types);
            rewritten.push(node, None);
            continue;
        };
        for at in &sides.inputs {
            let name = node.input[*at].clone();
            let half = match forms.half_of.get(&name) {
                Some(half) => half.clone(),
                None => {
                    let half = forms.new_half(&name);
                    rewritten.push_cast(cast(&half, &name, &half, DataType::Float16));
                    half
                }
            };
            node.input[*at] = half;
        }
        let mut floats = Vec::new();
        for at in &sides.outputs {
            let name = node.output[*at].clone();
            let half = forms.new_half(&name);
            if plan.asked_float.contains(&name) {
                floats.push((half.clone(), name));
            }
            node.output[*at] = half;
        }
        rewritten.push(node, Some(sides.clone()));
        for (half, float) in floats {
            rewritten.push_cast(cast(&half, &half, &float, DataType::Float));
        }
    }
    let made: HashSet<&str> = rewritten.graph.node.iter().flat_map(|node| &node.output).map(String::as_str).collect();
    let still_there = graph.value_info.iter().filter(|value| made.contains(value.name()));
    rewritten.graph.value_info = still_there.cloned().collect();
    Ok(rewritten)
}

impl Rewritten {
    fn push(&mut self, node: NodeProto, sides: Option<Sides>) {
        self.graph.node.push(node);
        self.halves.push(sides);
    }

    fn push_cast(&mut self, cast: NodeProto) {
        self.push(cast, None);
        self.casts += 1;
    }
}

/// The half forms of values, by the names of their float forms.
struct Forms {
    taken: HashSet<String>,
    half_of: HashMap<String, String>,
}

impl Forms {
    fn new_name(&mut self, float: &str) -> String {
        let mut name = format!("{float}_f16");
        while !self.taken.insert(name.clone()) {
            name.push('_');
        }
        name
    }

    fn new_half(&mut self, float: &str) -> String {
        let half = self.new_name(float);
        self.half_of.insert(float.to_owned(), half.clone());
        half
    }

    /// A value that the model itself makes of a half one has that as its half form.
    fn remember_cast(&mut self, node: &NodeProto, types: &Types) {
        let is = |name: &String, dtype| types.get(name) == Some(&dtype);
        if let ("Cast", [from], [to]) = (node.op_type(), &node.input[..], &node.output[..])
            && is(from, DType::F16)
            && is(to, DType::F32)
        {
            self.half_of.insert(to.clone(), from.clone());
        }
    }
}

/// A node called `name` that makes `to`, of this dtype, of `from`. No two nodes may have one name; so it goes by the value
/// that was made for it.
pub(super) fn cast(name: &str, from: &str, to: &str, dtype: DataType) -> NodeProto {
    let to_dtype = AttributeProto {
        name: Some("to".to_owned()),
        r#type: Some(AttributeType::Int.into()),
        i: Some(i64::from(dtype as i32)),
        ..AttributeProto::default()
    };
    NodeProto {
        name: Some(name.to_owned()),
        op_type: Some("Cast".to_owned()),
        input: vec![from.to_owned()],
        output: vec![to.to_owned()],
        attribute: vec![to_dtype],
        ..NodeProto::default()
    }
}
