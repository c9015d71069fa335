//! A platform that launches inference workers itself: from a snapshot, on demand, and back to zero.
//!
//! ```text
//! cargo run --example embed -- MODEL.blink
//! ```
//! The artifact must have a golden run, whose inputs are used here. The platform's own binary is its workers' too.

use std::error::Error;

use blink_runtime::{Launcher, Model, WorkerSpec, golden, worker};

fn main() -> Result<(), Box<dyn Error>> {
    if worker::is_asked_for() {
        worker::enter();
    }
    let artifact = std::env::args_os().nth(1).ok_or("usage: embed MODEL.blink")?;
    let launcher = Launcher::new(std::env::current_exe()?);
    let spec = WorkerSpec::new(&artifact);

    // Once for each artifact and host. A worker without a snapshot starts normally.
    if let Err(error) = launcher.warm(&spec) {
        eprintln!("no snapshot: {error}");
    }

    let model = Model::open(&artifact)?;
    let inputs = golden::inputs(model.record())?.ok_or("model has no golden run: compile it with --golden-dim")?;
    let inputs: Vec<_> = inputs.iter().map(|(name, tensor)| (name.as_str(), tensor.view())).collect();
    for _ in 0..2 {
        let mut worker = launcher.launch(&spec)?;
        for (name, tensor) in worker.run(&inputs)?.iter() {
            println!("{name}: {} {:?}", tensor.dtype(), tensor.shape());
        }
        println!("{} start, {:.1} ms to its first answer", worker.start().name(), worker.timeline().total_ms());
        // Back to zero: what is left is a file.
        worker.end();
    }
    Ok(())
}
