//! The structure of graphs and functions: each value made once, each value used made somewhere, no cycles.
//!
//! Nodes need not be in order; a cycle, also one through the values that a subgraph captures, is refused, and so
//! is a local function that contains itself.

use std::collections::{BTreeMap, HashMap};

use super::proto::{GraphProto, ModelProto, NodeProto};
use super::walk::{label, sparse_name, subgraphs};

/// Why the structure of a model was refused.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum GraphError {
    #[error("{scope} has {kind} without a name")]
    Unnamed { scope: String, kind: &'static str },
    #[error("{scope} makes value '{value}' more than once, the second time as {kind}: rename one")]
    DuplicateValue { scope: String, value: String, kind: &'static str },
    #[error("{user} uses value '{value}', which nothing makes: no input, initializer or node output has that name")]
    UnknownValue { user: String, value: String },
    #[error("{scope} has a node without an op type: {node}")]
    NoOpType { scope: String, node: String },
    #[error("{node} depends on its own output: the graph must have no cycle")]
    Cycle { node: String },
    #[error("function '{name}' is defined more than once")]
    DuplicateFunction { name: String },
    #[error("function '{name}' contains itself")]
    RecursiveFunction { name: String },
}

/// Checks the graph of a model, its subgraphs and its local functions.
pub(super) fn check(model: &ModelProto) -> Result<(), GraphError> {
    let graph = model.graph.iter().map(Body::of_graph);
    let functions = model.functions.iter().map(|function| Body {
        scope: format!("function '{}'", function.name()),
        inputs: function.input.iter().map(String::as_str).collect(),
        initializers: Vec::new(),
        nodes: &function.node,
        outputs: function.output.iter().map(String::as_str).collect(),
    });
    for body in graph.chain(functions) {
        let scope = body.scope.clone();
        if let Some((value, user)) = body.check()?.into_iter().next() {
            let user = user.map_or(format!("the output list of {scope}"), label);
            return Err(GraphError::UnknownValue { user, value: value.to_owned() });
        }
    }
    check_calls(model)
}

/// Values used but not made, each with the node that uses it; `None` is the graph's output list.
type Free<'a> = BTreeMap<&'a str, Option<&'a NodeProto>>;

/// What graphs and functions have in common.
struct Body<'a> {
    scope: String,
    inputs: Vec<&'a str>,
    initializers: Vec<&'a str>,
    nodes: &'a [NodeProto],
    outputs: Vec<&'a str>,
}

impl<'a> Body<'a> {
    fn of_graph(graph: &'a GraphProto) -> Body<'a> {
        let dense = graph.initializer.iter().map(|tensor| tensor.name());
        Body {
            scope: format!("graph '{}'", graph.name()),
            inputs: graph.input.iter().map(|value| value.name()).collect(),
            initializers: dense.chain(graph.sparse_initializer.iter().map(sparse_name)).collect(),
            nodes: &graph.node,
            outputs: graph.output.iter().map(|value| value.name()).collect(),
        }
    }

    /// Who makes each value: the node's index, or `None` for inputs and initializers.
    fn makers(&self) -> Result<HashMap<&'a str, Option<usize>>, GraphError> {
        let scope = || self.scope.clone();
        let duplicate =
            |value: &str, kind| GraphError::DuplicateValue { scope: scope(), value: value.to_owned(), kind };
        let mut makers = HashMap::new();
        let mut initialized = HashMap::new();
        for &name in &self.inputs {
            if name.is_empty() {
                return Err(GraphError::Unnamed { scope: scope(), kind: "an input" });
            }
            if makers.insert(name, None).is_some() {
                return Err(duplicate(name, "an input"));
            }
        }
        for &name in &self.initializers {
            if name.is_empty() {
                return Err(GraphError::Unnamed { scope: scope(), kind: "an initializer" });
            }
            // An initializer may share its name with an input, whose default it then is.
            makers.insert(name, None);
            if initialized.insert(name, ()).is_some() {
                return Err(duplicate(name, "an initializer"));
            }
        }
        for (index, node) in self.nodes.iter().enumerate() {
            if node.op_type().is_empty() {
                return Err(GraphError::NoOpType { scope: scope(), node: label(node) });
            }
            for name in node.output.iter().filter(|name| !name.is_empty()) {
                if makers.insert(name, Some(index)).is_some() {
                    return Err(duplicate(name, "a node output"));
                }
            }
        }
        Ok(makers)
    }

    /// Checks this body and the subgraphs inside it; what it uses of the outside is for the caller to find.
    fn check(&self) -> Result<Free<'a>, GraphError> {
        let makers = self.makers()?;
        let mut free = Free::new();
        let mut edges = vec![Vec::new(); self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            let mut used: Free<'a> =
                node.input.iter().filter(|name| !name.is_empty()).map(|name| (name.as_str(), Some(node))).collect();
            for graph in node.attribute.iter().flat_map(subgraphs) {
                // An outer value that a subgraph hands straight out is used by the node that holds the subgraph.
                let captured = Body::of_graph(graph).check()?;
                used.extend(captured.into_iter().map(|(value, user)| (value, user.or(Some(node)))));
            }
            for (value, user) in used {
                match makers.get(value) {
                    Some(Some(maker)) => edges[*maker].push(index),
                    Some(None) => {}
                    None => _ = free.entry(value).or_insert(user),
                }
            }
        }
        if let Some(index) = on_cycle(&edges) {
            return Err(GraphError::Cycle { node: label(&self.nodes[index]) });
        }
        for &name in &self.outputs {
            if name.is_empty() {
                return Err(GraphError::Unnamed { scope: self.scope.clone(), kind: "an output" });
            }
            if !makers.contains_key(name) {
                free.entry(name).or_insert(None);
            }
        }
        Ok(free)
    }
}

/// Checks that each function is defined once and that none contains itself.
fn check_calls(model: &ModelProto) -> Result<(), GraphError> {
    let functions = &model.functions;
    let mut index = HashMap::new();
    for (position, function) in functions.iter().enumerate() {
        let key = (function.domain(), function.name(), function.overload());
        if index.insert(key, position).is_some() {
            return Err(GraphError::DuplicateFunction { name: function.name().to_owned() });
        }
    }
    let mut edges = vec![Vec::new(); functions.len()];
    for (caller, function) in functions.iter().enumerate() {
        let mut pending: Vec<&NodeProto> = function.node.iter().collect();
        while let Some(node) = pending.pop() {
            edges[caller].extend(index.get(&(node.domain(), node.op_type(), node.overload())));
            pending.extend(node.attribute.iter().flat_map(subgraphs).flat_map(|graph| &graph.node));
        }
    }
    match on_cycle(&edges) {
        Some(position) => Err(GraphError::RecursiveFunction { name: functions[position].name().to_owned() }),
        None => Ok(()),
    }
}

/// A vertex on a cycle of the directed graph in which `edges[from]` lists each `to`.
fn on_cycle(edges: &[Vec<usize>]) -> Option<usize> {
    let mut arriving = vec![0usize; edges.len()];
    let mut reverse = vec![Vec::new(); edges.len()];
    for (from, targets) in edges.iter().enumerate() {
        for &to in targets {
            arriving[to] += 1;
            reverse[to].push(from);
        }
    }
    let mut ready: Vec<usize> = (0..edges.len()).filter(|&vertex| arriving[vertex] == 0).collect();
    while let Some(vertex) = ready.pop() {
        for &to in &edges[vertex] {
            arriving[to] -= 1;
            if arriving[to] == 0 {
                ready.push(to);
            }
        }
    }
    // Each vertex left has a predecessor that is left: walking back must return to a cycle.
    let mut vertex = arriving.iter().position(|&count| count > 0)?;
    let mut seen = vec![false; edges.len()];
    while !std::mem::replace(&mut seen[vertex], true) {
        vertex = reverse[vertex].iter().copied().find(|&from| arriving[from] > 0)?;
    }
    Some(vertex)
}

#[cfg(test)]
#[path = "graph_tests.rs"]
mod tests;
