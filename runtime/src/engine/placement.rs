//! [`Placement`]: which nodes of a session the device computes, and which are left to the CPU.

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char};
use std::ptr;
use std::slice;

use ort::AsPointer;
use ort::sys::{OrtEpAssignedNode, OrtEpAssignedSubgraph};

use super::{EngineError, check};

/// The option that has ONNX Runtime remember where it has put each node.
pub(super) const RECORD: &str = "session.record_ep_graph_assignment_info";
/// What ONNX Runtime calls the provider that takes what no other does.
const CPU: &str = "CPUExecutionProvider";

/// Nodes of a session, by who computes them. Copies between the two are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Placement {
    /// Nodes that the device computes.
    pub on_device: u64,
    /// Nodes that the CPU computes, by operator.
    pub on_cpu: BTreeMap<String, u64>,
}

impl Placement {
    /// That of a session that was made with [`RECORD`].
    pub(super) fn of(session: &ort::session::Session) -> Result<Placement, EngineError> {
        let (mut subgraphs, mut count) = (ptr::null::<*const OrtEpAssignedSubgraph>(), 0);
        // SAFETY: the pointers to results are valid; what they point to lives as long as the session.
        check(unsafe { (ort::api().Session_GetEpGraphAssignmentInfo)(session.ptr(), &mut subgraphs, &mut count) })?;
        let mut placement = Placement::default();
        // SAFETY: ONNX Runtime gave so many pointers there.
        for &subgraph in unsafe { list(subgraphs, count) } {
            let (mut nodes, mut count, mut name) = (ptr::null::<*const OrtEpAssignedNode>(), 0, ptr::null());
            // SAFETY: the subgraph is the session's, and the pointers to results are valid.
            check(unsafe { (ort::api().EpAssignedSubgraph_GetNodes)(subgraph, &mut nodes, &mut count) })?;
            // SAFETY: as above.
            check(unsafe { (ort::api().EpAssignedSubgraph_GetEpName)(subgraph, &mut name) })?;
            if text(name) != CPU {
                placement.on_device += count as u64;
                continue;
            }
            // SAFETY: ONNX Runtime gave so many pointers there.
            for &node in unsafe { list(nodes, count) } {
                let mut operator = ptr::null();
                // SAFETY: the node is the session's, and the pointer to the result is valid.
                check(unsafe { (ort::api().EpAssignedNode_GetOperatorType)(node, &mut operator) })?;
                *placement.on_cpu.entry(text(operator)).or_default() += 1;
            }
        }
        Ok(placement)
    }

    /// The nodes that the CPU computes, in words: `Gather 2, Shape 1`.
    pub fn cpu_nodes(&self) -> String {
        let words = self.on_cpu.iter().map(|(operator, count)| format!("{operator} {count}"));
        words.collect::<Vec<_>>().join(", ")
    }
}

/// # Safety
/// `start` is null, or the first of `count` pointers that stay there.
unsafe fn list<'a, T>(start: *const *const T, count: usize) -> &'a [*const T] {
    if start.is_null() {
        return &[];
    }
    // SAFETY: promised by the caller.
    unsafe { slice::from_raw_parts(start, count) }
}

fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: ONNX Runtime's names are NUL-terminated and live as long as the session.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
