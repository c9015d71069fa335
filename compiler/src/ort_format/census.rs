//! What a model is made of: its nodes, counted by operator and by the execution provider they were given to.

use std::collections::BTreeMap;

use super::schema::{self, node};
use super::{OrtFormatError, reader};

/// The nodes of a model, those of its subgraphs included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Number of nodes.
    pub nodes: usize,
    /// Nodes by operator, `domain:op_type`; ONNX's own domain reads `ai.onnx`.
    pub operators: BTreeMap<String, usize>,
    /// Nodes by execution provider; the empty name holds those not given to one.
    pub providers: BTreeMap<String, usize>,
}

/// Counts the nodes of the `.ort` file in `ort`. Fails as [`relayout`](super::relayout) does on a damaged file.
pub fn census(ort: &[u8]) -> Result<Census, OrtFormatError> {
    let session = reader::read(ort)?;
    let mut census = Census::default();
    session.walk(&mut |table| {
        if !table.is(&schema::NODE) {
            return;
        }
        let domain = match table.text(node::DOMAIN) {
            domain if domain.is_empty() => "ai.onnx".to_owned(),
            domain => domain,
        };
        census.nodes += 1;
        *census.operators.entry(format!("{domain}:{}", table.text(node::OPERATOR))).or_default() += 1;
        *census.providers.entry(table.text(node::PROVIDER)).or_default() += 1;
    });
    Ok(census)
}
