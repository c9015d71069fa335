//! External data that is absent, does not fit, or is somewhere it must not be.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use blink_compiler::onnx::proto::{DataLocation, DataType, StringStringEntryProto, TensorProto};
use blink_tensors::DType;
use prost::Message;

use super::{Fault, FoundBy};
use crate::{GraphBuilder, dims};

/// Location, offset and length of a weight of 16 bytes, each with one thing wrong; `outside` is a file of 16 bytes
/// one level above the model.
pub(super) fn faults(outside: &Path) -> Vec<Fault> {
    let absolute = outside.to_string_lossy();
    [
        ("external_parent_folder", "../outside.data", "0", "16"),
        ("external_hidden_parent", "weights/../../outside.data", "0", "16"),
        ("external_absolute", &*absolute, "0", "16"),
        ("external_symbolic_link", "link.data", "0", "16"),
        ("external_linked_folder", "folder/outside.data", "0", "16"),
        ("external_hard_link", "hard.data", "0", "16"),
        ("external_memory_address", "*/_ORT_MEM_ADDR_/*", "4096", "16"),
        ("external_folder", "weights", "0", "16"),
        ("external_missing", "missing.data", "0", "16"),
        ("external_past_end", "good.data", "4", "16"),
        ("external_far_past_end", "good.data", "18446744073709551600", "16"),
        ("external_wrong_length", "good.data", "0", "12"),
        ("external_negative_offset", "good.data", "-4", "16"),
        ("external_no_location", "", "0", "16"),
    ]
    .map(|(label, location, offset, length)| {
        let bytes = model([("location", location), ("offset", offset), ("length", length)]);
        (label, FoundBy::Opening, bytes)
    })
    .into()
}

fn model(entries: [(&str, &str); 3]) -> Vec<u8> {
    let entries = entries.into_iter().filter(|(_, value)| !value.is_empty());
    let entry =
        |(key, value): (&str, &str)| StringStringEntryProto { key: Some(key.into()), value: Some(value.into()) };
    let mut graph = GraphBuilder::new("external");
    graph.input("x", DType::F32, &dims![4]);
    graph.stored(TensorProto {
        name: Some("w".to_owned()),
        dims: vec![4],
        data_type: Some(DataType::Float as i32),
        external_data: entries.map(entry).collect(),
        data_location: Some(DataLocation::External as i32),
        ..Default::default()
    });
    graph.node("Add", &["x", "w"], &["y"], []);
    graph.output("y", DType::F32, &dims![4]);
    graph.model().encode_to_vec()
}

/// Puts into `folder` what the model of that label refers to.
pub(super) fn place_data(label: &str, folder: &Path, outside: &Path) -> io::Result<()> {
    match label {
        "external_hidden_parent" | "external_folder" => fs::create_dir_all(folder.join("weights")),
        "external_symbolic_link" => symlink("../outside.data", folder.join("link.data")),
        "external_linked_folder" => symlink("..", folder.join("folder")),
        "external_hard_link" => fs::hard_link(outside, folder.join("hard.data")),
        _ if label.starts_with("external_") => fs::write(folder.join("good.data"), [0; 16]),
        _ => Ok(()),
    }
}
