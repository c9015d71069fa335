//! A platform's loop: nothing runs, a request comes, a worker is there a blink later, answers, and goes.
//!
//! `cargo run --release -p blink-runtime --example embed -- target/release/blink model.blink`

use std::error::Error;
use std::path::PathBuf;

use blink_artifact::Artifact;
use blink_artifact::manifest::Dim;
use blink_runtime::{Launcher, WorkerSpec};
use blink_tensors::seeded;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(blink), Some(artifact)) = (arguments.next(), arguments.next()) else {
        return Err("expected the blink binary and an artifact".into());
    };
    let inputs = Artifact::open(&artifact)?.manifest().models[0].inputs.clone();
    let launcher = Launcher::new(blink);
    let spec = WorkerSpec::new(artifact);
    launcher.warm(&spec)?;
    for request in 0..3 {
        let mut tensors = Vec::new();
        for input in &inputs {
            let dims = input.dims.as_deref().ok_or("an input without a rank")?;
            let shape: Vec<_> =
                dims.iter().map(|dim| if let Dim::Fixed(size) = dim { *size as usize } else { 1 }).collect();
            tensors.push((input.name.as_str(), seeded::tensor(request, &input.name, input.dtype, &shape)?));
        }
        let views: Vec<_> = tensors.iter().map(|(name, tensor)| (*name, tensor.view())).collect();
        let mut worker = launcher.launch(&spec)?;
        let outputs = worker.run(&views)?.len();
        let (start, ms) = (worker.start().name(), worker.timeline().total_ms());
        println!("request {request}: {outputs} outputs, {start} start, {ms:.1} ms from nothing to the answer");
        worker.end();
    }
    Ok(())
}
