//! Which nodes of a graph compute in half floats, and in which form each of its values is asked for.

use std::collections::{HashMap, HashSet};

use blink_tensors::DType;
use bytes::Bytes;

use super::operators::{self, Role};
use super::weights;
use crate::onnx::proto::{GraphProto, NodeProto, TensorProto};
use crate::saved::SavedModel;

/// Tables of so many bytes and more are looked up in half: half as much is uploaded.
const TABLE: usize = 1 << 20;

/// Dtypes of the values that are floats, by name: [`DType::F32`] or [`DType::F16`].
pub(super) type Types = HashMap<String, DType>;

/// What a graph becomes. Nodes are told by their place.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The inputs of each node that are to be half, and its outputs that then are; `None` for a node that stays.
    pub(super) halves: Vec<Option<Sides>>,
    /// Nodes that take the half form of a value where there is one.
    pub(super) takes_either: Vec<bool>,
    /// Values that half nodes make.
    pub(super) made_half: HashSet<String>,
    /// Values that something needs as floats.
    pub(super) asked_float: HashSet<String>,
}

/// Places among a node's inputs and outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sides {
    pub(super) inputs: Vec<usize>,
    pub(super) outputs: Vec<usize>,
}

impl Plan {
    /// Looks at a graph whose nodes stand in order: what makes a value before what takes it.
    pub(super) fn of(graph: &GraphProto, opset: i64, types: &Types, saved: &SavedModel) -> Plan {
        let mut plan = Plan::default();
        let outputs: HashSet<&str> = graph.output.iter().map(|output| output.name()).collect();
        let mut constants = Constants::of(graph, saved);
        for node in &graph.node {
            let role = operators::role(node, opset);
            let sides = plan.sides(node, role, types, &outputs, &mut constants);
            if let Some(sides) = &sides {
                plan.made_half.extend(sides.outputs.iter().map(|at| node.output[*at].clone()));
            }
            plan.takes_either.push(role == Role::TakesEither);
            plan.halves.push(sides);
        }
        plan.move_casts_up(graph, types, &constants);
        plan.asked_float = plan.float_asks(graph).into_keys().map(str::to_owned).collect();
        plan
    }

    /// Makes nodes half which do nothing but move a value that is asked for in half alone: then it is cast before, where
    /// others may take the same cast.
    fn move_casts_up(&mut self, graph: &GraphProto, types: &Types, constants: &Constants<'_>) {
        let mut asks = self.float_asks(graph);
        let mut asked_half: HashSet<&str> = HashSet::new();
        for (at, node) in graph.node.iter().enumerate().rev() {
            if let (None, [from, ..], [to]) = (&self.halves[at], &node.input[..], &node.output[..])
                && operators::only_moves(node)
                && types.get(to) == Some(&DType::F32)
                && asked_half.contains(to.as_str())
                && !asks.contains_key(to.as_str())
                && !constants.has(from)
            {
                self.halves[at] = Some(Sides { inputs: vec![0], outputs: vec![0] });
                self.made_half.insert(to.clone());
                if let Some(count) = asks.get_mut(from.as_str()) {
                    *count -= 1;
                    if *count == 0 {
                        asks.remove(from.as_str());
                    }
                }
            }
            if let Some(sides) = &self.halves[at] {
                asked_half.extend(sides.inputs.iter().map(|at| node.input[*at].as_str()));
            }
        }
    }

    /// What of `node` is to be half; `None` where it stays.
    fn sides(
        &self,
        node: &NodeProto,
        role: Role,
        types: &Types,
        outputs: &HashSet<&str>,
        constants: &mut Constants<'_>,
    ) -> Option<Sides> {
        let operator = node.op_type();
        let is_float = |name: &str| types.get(name) == Some(&DType::F32);
        let inputs: Vec<usize> = node
            .input
            .iter()
            .enumerate()
            .filter(|(at, name)| is_float(name) && !operators::is_float_input(operator, *at))
            .map(|(at, _)| at)
            .collect();
        let names = || inputs.iter().map(|at| node.input[*at].as_str());
        let leads = match role {
            Role::Leads => true,
            // A large table.
            Role::Follows if operator == "Gather" => names().all(|name| constants.len(name) >= TABLE),
            Role::Follows => false,
            Role::TakesEither | Role::Stays => return None,
        };
        let follows = names().any(|name| self.made_half.contains(name));
        let is_last =
            operators::gives_probabilities(operator) && node.output.iter().any(|name| outputs.contains(name.as_str()));
        let divides = operator == "Div" && node.input.get(1).is_some_and(|divisor| !constants.has(divisor));
        if inputs.is_empty() || !(leads || follows) || is_last || divides || !names().all(|name| constants.fits(name)) {
            return None;
        }
        let is_half = |at: usize, name: &str| is_float(name) && operators::is_half_output(operator, at);
        let made = node.output.iter().enumerate().filter(|(at, name)| is_half(*at, name)).map(|(at, _)| at);
        Some(Sides { inputs: inputs.clone(), outputs: made.collect() })
    }

    /// How often each value is needed as floats; those that never are, are left out.
    fn float_asks<'a>(&self, graph: &'a GraphProto) -> HashMap<&'a str, usize> {
        let mut asks: HashMap<&str, usize> = HashMap::new();
        let mut ask = |name: &'a str| *asks.entry(name).or_default() += 1;
        graph.output.iter().for_each(|output| ask(output.name()));
        for ((node, sides), either) in graph.node.iter().zip(&self.halves).zip(&self.takes_either) {
            for (at, name) in node.input.iter().enumerate() {
                let as_half = sides.as_ref().is_some_and(|sides| sides.inputs.contains(&at));
                let is_free = *either && self.made_half.contains(name);
                if !(as_half || is_free) {
                    ask(name);
                }
            }
            // A subgraph may take any value of the graphs around it, by its name.
            let mut names = HashSet::new();
            subgraphs(node).for_each(|subgraph| names_in(subgraph, &mut names));
            names.into_iter().for_each(&mut ask);
        }
        asks
    }
}

/// The tensors of a graph that nobody can replace.
struct Constants<'a> {
    saved: &'a SavedModel,
    tensors: HashMap<&'a str, &'a TensorProto>,
    fit: HashMap<&'a str, bool>,
}

impl<'a> Constants<'a> {
    fn of(graph: &'a GraphProto, saved: &'a SavedModel) -> Constants<'a> {
        let inputs: HashSet<&str> = graph.input.iter().map(|input| input.name()).collect();
        let tensors = graph.initializer.iter().filter(|tensor| !inputs.contains(tensor.name()));
        let tensors = tensors.map(|tensor| (tensor.name(), tensor)).collect();
        Constants { saved, tensors, fit: HashMap::new() }
    }

    fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    fn floats(&self, name: &str) -> Option<Bytes> {
        self.tensors.get(name).and_then(|tensor| weights::floats(self.saved, tensor))
    }

    /// Bytes of a constant; 0 for anything else.
    fn len(&self, name: &str) -> usize {
        self.floats(name).map_or(0, |floats| floats.len())
    }

    /// Whether a value can be made half: a constant by its elements, anything else in the hope that the check finds.
    fn fits(&mut self, name: &str) -> bool {
        let Some((&name, _)) = self.tensors.get_key_value(name) else { return true };
        if let Some(known) = self.fit.get(name) {
            return *known;
        }
        let fits = self.floats(name).is_some_and(|floats| weights::fits(&floats));
        self.fit.insert(name, fits);
        fits
    }
}

/// The graphs that a node holds.
pub(super) fn subgraphs(node: &NodeProto) -> impl Iterator<Item = &GraphProto> {
    node.attribute.iter().flat_map(|attribute| attribute.g.as_deref().into_iter().chain(&attribute.graphs))
}

/// Every name that `graph` and its subgraphs use or make, those of nodes among them.
pub(super) fn names_in<'a>(graph: &'a GraphProto, names: &mut HashSet<&'a str>) {
    names.extend(graph.input.iter().chain(&graph.output).map(|value| value.name()));
    names.extend(graph.initializer.iter().map(|tensor| tensor.name()));
    names.extend(graph.sparse_initializer.iter().filter_map(|sparse| Some(sparse.values.as_ref()?.name())));
    for node in &graph.node {
        names.insert(node.name());
        names.extend(node.input.iter().chain(&node.output).map(String::as_str));
        subgraphs(node).for_each(|graph| names_in(graph, names));
    }
}
