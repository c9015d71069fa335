//! Writes example models to disk: `write resnet50|bert|tiny|large|matrix|refused DIRECTORY`.
//!
//! `matrix` gives each case a folder in the layout of ONNX's own test data: `model.onnx`, and inputs and expected
//! outputs as tensors in `test_data_set_0`.

use std::fs;
use std::io;
use std::path::Path;

use blink_examples::bert::{Bert, Gelu};
use blink_examples::large::Large;
use blink_examples::matrix::cases;
use blink_examples::resnet50::ResNet;
use blink_examples::{refused, stored, write};
use prost::Message;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(what), Some(directory)) = (arguments.next(), arguments.next()) else {
        return Err(io::Error::other("usage: write resnet50|bert|tiny|large|matrix|refused DIRECTORY"));
    };
    let directory = Path::new(&directory);
    fs::create_dir_all(directory)?;
    match what.as_str() {
        "resnet50" => _ = write(&ResNet::default().model(), directory.join("resnet50.onnx"))?,
        "bert" => _ = write(&Bert::default().model(), directory.join("bert.onnx"))?,
        "tiny" => {
            write(&ResNet::tiny().model(), directory.join("resnet.onnx"))?;
            write(&Bert::tiny().model(), directory.join("bert.onnx"))?;
            write(&Bert { gelu: Gelu::Operator, ..Bert::tiny() }.model(), directory.join("bert-gelu.onnx"))?;
        }
        "large" => _ = Large::default().write(directory)?,
        "matrix" => write_matrix(directory)?,
        "refused" => {
            for file in refused::write_all(directory)? {
                println!("{} {:?} {}", file.label, file.found_by, file.path.display());
            }
        }
        _ => return Err(io::Error::other(format!("unknown model '{what}'"))),
    }
    Ok(())
}

fn write_matrix(directory: &Path) -> io::Result<()> {
    for case in cases() {
        let folder = directory.join(&case.name);
        let data = folder.join("test_data_set_0");
        fs::create_dir_all(&data)?;
        write(&case.model, folder.join("model.onnx"))?;
        for (kind, tensors) in [("input", &case.inputs), ("output", &case.expected)] {
            for (index, (name, tensor)) in tensors.iter().enumerate() {
                fs::write(data.join(format!("{kind}_{index}.pb")), stored(name, tensor).encode_to_vec())?;
            }
        }
        fs::write(folder.join("tolerance"), case.tolerance.to_string())?;
    }
    Ok(())
}
