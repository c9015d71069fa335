//! The order in which a model's weights are first used.
//!
//! Nodes run in topological order, the lower index first among those that are ready. A node uses its inputs, then
//! its attributes, then what the subgraphs among them use. A name means the innermost graph's weight of that name.
//! Weights that no node uses come last, in file order.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use super::OrtFormatError;
use super::schema::{self, attribute, graph, node, sparse_tensor, tensor};
use super::tree::Table;

/// Smallest tensor that ONNX Runtime uses in place: it copies those of 127 bytes and less.
const MIN_WEIGHT: usize = 128;

/// A tensor large enough to move, and the node that uses it first.
pub(super) struct Weight<'t, 'a> {
    pub(super) tensor: &'t Table<'a>,
    pub(super) first_use: Option<&'t Table<'a>>,
    /// Whether it is the value of a node's attribute rather than an initializer.
    pub(super) in_attribute: bool,
}

/// Every tensor of the model that is to move, in order of first use.
pub(super) fn by_first_use<'t, 'a>(session: &'t Table<'a>) -> Result<Vec<Weight<'t, 'a>>, OrtFormatError> {
    let (table, slot) = (schema::MODEL.name, schema::model::GRAPH);
    let main = session.main_graph().ok_or(OrtFormatError::MissingField { table, slot })?;
    let mut order = Order { weights: Vec::new(), seen: HashSet::new(), scopes: Vec::new() };
    order.graph(main);
    let mut external = None;
    session.walk(&mut |table| {
        if table.is(&schema::TENSOR) {
            order.tensor(table, None, false);
            if table.scalar(tensor::EXTERNAL_OFFSET).is_some_and(|offset| offset as i64 >= 0) {
                external = Some(table);
            }
        }
    });
    match external {
        Some(table) => Err(OrtFormatError::ExternalData { tensor: table.text(tensor::NAME) }),
        None => Ok(order.weights),
    }
}

struct Order<'t, 'a> {
    weights: Vec<Weight<'t, 'a>>,
    /// Where the data of the weights already in order starts.
    seen: HashSet<usize>,
    /// The initializers, dense and sparse, of the graphs around the current node, innermost last.
    scopes: Vec<HashMap<&'a [u8], &'t Table<'a>>>,
}

impl<'t, 'a> Order<'t, 'a> {
    fn graph(&mut self, table: &'t Table<'a>) {
        let mut names = HashMap::new();
        for initializer in table.tables(graph::INITIALIZERS) {
            names.insert(initializer.string(tensor::NAME).unwrap_or_default(), initializer);
        }
        for sparse in table.tables(graph::SPARSE_INITIALIZERS) {
            let name = sparse.table(sparse_tensor::VALUES).and_then(|values| values.string(tensor::NAME));
            names.insert(name.unwrap_or_default(), sparse);
        }
        self.scopes.push(names);
        for node in topological(table.tables(graph::NODES)) {
            self.node(node);
        }
        self.scopes.pop();
    }

    fn node(&mut self, table: &'t Table<'a>) {
        for name in table.strings(node::INPUTS) {
            let owner = self.scopes.iter().rev().find_map(|names| names.get(name).copied());
            if let Some(owner) = owner {
                owner.walk(&mut |tensor| self.tensor(tensor, Some(table), false));
            }
        }
        for argument in table.tables(node::ATTRIBUTES) {
            let tensors = argument.tables(attribute::TENSOR).iter().chain(argument.tables(attribute::TENSORS));
            tensors.for_each(|tensor| self.tensor(tensor, Some(table), true));
            let graphs = argument.tables(attribute::GRAPH).iter().chain(argument.tables(attribute::GRAPHS));
            graphs.for_each(|graph| self.graph(graph));
        }
    }

    /// Takes `tensor` in, where it is a tensor to move that was not met before.
    fn tensor(&mut self, tensor: &'t Table<'a>, first_use: Option<&'t Table<'a>>, in_attribute: bool) {
        if tensor.is(&schema::TENSOR)
            && let Some(data) = tensor.data(tensor::DATA)
            && data.len() >= MIN_WEIGHT
            && self.seen.insert(data.start)
        {
            self.weights.push(Weight { tensor, first_use, in_attribute });
        }
    }
}

/// The nodes in the order they run; those on a cycle, which no valid model has, last.
fn topological<'t, 'a>(nodes: &'t [Table<'a>]) -> Vec<&'t Table<'a>> {
    let index = |at: usize| nodes[at].scalar(node::INDEX).unwrap_or(0);
    let mut producers = HashMap::new();
    for (at, node) in nodes.iter().enumerate() {
        for output in node.strings(node::OUTPUTS).iter().filter(|name| !name.is_empty()) {
            producers.insert(*output, at);
        }
    }
    let mut consumers = vec![Vec::new(); nodes.len()];
    let mut missing = vec![0usize; nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        for input in node.strings(node::INPUTS).iter().chain(node.strings(node::IMPLICIT_INPUTS)) {
            if let Some(&producer) = producers.get(input) {
                consumers[producer].push(at);
                missing[at] += 1;
            }
        }
    }
    let ready = (0..nodes.len()).filter(|&at| missing[at] == 0);
    let mut ready: BinaryHeap<_> = ready.map(|at| Reverse((index(at), at))).collect();
    let mut order = Vec::with_capacity(nodes.len());
    while let Some(Reverse((_, at))) = ready.pop() {
        order.push(&nodes[at]);
        for &consumer in &consumers[at] {
            missing[consumer] -= 1;
            if missing[consumer] == 0 {
                ready.push(Reverse((index(consumer), consumer)));
            }
        }
    }
    order.extend(nodes.iter().zip(missing).filter(|(_, missing)| *missing > 0).map(|(node, _)| node));
    order
}
