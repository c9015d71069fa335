//! Makes Rust of `proto/inference.proto`, and its description for reflection. Nothing needs to be installed for it.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=proto");
    let output = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_imports(true).open_file("inference.proto")?;
    fs::write(output.join("inference.bin"), compiler.encode_file_descriptor_set())?;
    // Elements stay in the message they came in: `Bytes` is a part of it, not a copy.
    let generator = tonic_prost_build::configure().build_client(false).build_transport(false).bytes(".");
    let generator = generator.codec_path("crate::grpc::codec::Codec");
    Ok(generator.compile_fds(compiler.file_descriptor_set())?)
}
