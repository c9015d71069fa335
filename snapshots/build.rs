//! Compiles the restorer's program, which is embedded in this crate.
//!
//! Cargo cannot: the program has no standard library, and every program of a workspace unwinds alike. Only x86-64 Linux
//! has one; elsewhere workers start normally.

use std::env;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=restorer/src");
    println!("cargo::rustc-check-cfg=cfg(restorer)");
    let variable = |name: &str| env::var(name).unwrap_or_default();
    if variable("CARGO_CFG_TARGET_OS") != "linux" || variable("CARGO_CFG_TARGET_ARCH") != "x86_64" {
        return;
    }
    let output = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("restorer");
    let mut rustc = Command::new(env::var_os("RUSTC").expect("cargo sets RUSTC"));
    rustc.args(["--crate-name", "blink_restorer_program", "--crate-type", "bin", "--edition", "2024"]);
    rustc.args(["--target", &variable("TARGET")]);
    for option in [
        "panic=abort",
        "opt-level=2",
        "codegen-units=1",
        "relocation-model=static",
        "strip=symbols",
        "force-unwind-tables=no",
    ] {
        rustc.args(["-C", option]);
    }
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        let mut option = std::ffi::OsString::from("linker=");
        option.push(linker);
        rustc.arg("-C").arg(option);
    }
    for argument in ["-nostartfiles", "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none", "-Wl,--gc-sections"] {
        rustc.args(["-C", &format!("link-arg={argument}")]);
    }
    rustc.arg("restorer/src/main.rs").arg("-o").arg(&output);
    let status = rustc.status().expect("rustc starts");
    assert!(status.success(), "the restorer could not be compiled: {rustc:?} ended with {status}");
    println!("cargo::rustc-cfg=restorer");
}
