//! [`Guest`]: native code with its imports resolved, ready to be instantiated again and again.

use std::sync::Arc;

use blink_artifact::manifest::{CodeRecord, GuestKind};
use wasmtime::component::InstancePre as ComponentPre;
use wasmtime::{Engine, InstancePre, Linker, component};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::{p1, p2};
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use crate::code::{Claimed, Code, InPlace, Loaded};
use crate::host::{ComponentWasi, Host, ModuleWasi};
use crate::{nn, settings};

/// Why a guest cannot be run here.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum LinkError {
    #[error(
        "guest's native code was made by wasmtime {} for {} (settings {}), this blink runs {} (settings {})",
        found.wasmtime,
        found.target,
        found.settings,
        settings::WASMTIME,
        settings::hash()
    )]
    Foreign { found: CodeRecord },
    #[error("guest's native code does not run on this host: {message}")]
    Host { message: String },
    #[error("guest is linked already, by this same mapping of its code: use that one, or open its artifact once more")]
    Twice,
    #[error("guest cannot be linked: {message}; compile it again")]
    Import { message: String },
    #[error("engine for guests cannot be made: {message}")]
    Engine { message: String },
}

/// A guest that is linked. Runs may come one after another, each in an instance of its own.
pub struct Guest {
    pub(crate) name: String,
    pub(crate) engine: Engine,
    pub(crate) program: Program,
    /// After all that was loaded from the code.
    _claimed: Claimed,
    /// At last.
    _code: Code,
}

pub(crate) enum Program {
    Module(InstancePre<Host<ModuleWasi>>),
    Component(CommandPre<Host<ComponentWasi>>),
    Http(ProxyPre<Host<ComponentWasi>>),
}

impl Guest {
    /// Maps `code`, which `record` tells of, and resolves its imports. `name` is what the guest sees as its own.
    pub fn link(name: &str, kind: GuestKind, record: &CodeRecord, code: Code) -> Result<Guest, LinkError> {
        if !settings::fits(record) {
            return Err(LinkError::Foreign { found: record.clone() });
        }
        let claimed = code.claim().ok_or(LinkError::Twice)?;
        let mut config = settings::config();
        config.with_custom_code_memory(Some(Arc::new(InPlace)));
        let engine = Engine::new(&config).map_err(|error| LinkError::Engine { message: words(&error) })?;
        let loaded = code.load(&engine, kind).map_err(|error| LinkError::Host { message: words(&error) })?;
        let program = match loaded {
            Loaded::Module(module) => Program::Module(link_module(&engine, &module).map_err(import)?),
            Loaded::Component(component) if kind == GuestKind::Http => {
                let linked = link_component(&engine, &component, kind).map_err(import)?;
                Program::Http(ProxyPre::new(linked).map_err(import)?)
            }
            Loaded::Component(component) => {
                let linked = link_component(&engine, &component, kind).map_err(import)?;
                Program::Component(CommandPre::new(linked).map_err(import)?)
            }
        };
        Ok(Guest { name: name.to_owned(), engine, program, _claimed: claimed, _code: code })
    }
}

fn link_module(engine: &Engine, module: &wasmtime::Module) -> wasmtime::Result<InstancePre<Host<ModuleWasi>>> {
    let mut linker = Linker::new(engine);
    p1::add_to_linker_async(&mut linker, |host: &mut Host<ModuleWasi>| &mut host.wasi)?;
    nn::add_to_module_linker(&mut linker, |host| &mut host.nn)?;
    if module.get_export("_start").and_then(|start| start.func().cloned()).is_none() {
        wasmtime::bail!("it exports no function '_start': expected a command, as `wasm32-wasip1` programs are");
    }
    linker.instantiate_pre(module)
}

fn link_component(
    engine: &Engine,
    component: &component::Component,
    kind: GuestKind,
) -> wasmtime::Result<ComponentPre<Host<ComponentWasi>>> {
    let mut linker = component::Linker::<Host<ComponentWasi>>::new(engine);
    p2::add_to_linker_async(&mut linker)?;
    if kind == GuestKind::Http {
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    }
    nn::add_to_component_linker(&mut linker, |host| (&mut host.nn, &mut host.wasi.table))?;
    linker.instantiate_pre(component)
}

fn import(error: wasmtime::Error) -> LinkError {
    LinkError::Import { message: words(&error) }
}

/// An error and its causes on one line.
pub(crate) fn words(error: &wasmtime::Error) -> String {
    let causes: Vec<_> = error.chain().map(|cause| cause.to_string()).collect();
    causes.join(": ").split_whitespace().collect::<Vec<_>>().join(" ")
}
