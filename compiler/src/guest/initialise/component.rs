//! The initialiser of a component.

use wasmparser::{Parser, Payload};
use wasmtime::component::{Component, Instance, Lift, Linker, ResourceTable, WasmList};
use wasmtime::{Engine, Store};
use wasmtime_wasi::p2;
use wasmtime_wizer::{ComponentInstanceState, Wizer};

use super::Failure;
use super::sandbox::{self, ComponentWasi, Limits, Said, State};
use crate::guest::scan::INITIALISER;

/// What the component's export is called while it is worked on; as long as the name it has.
///
/// Wizer drops the initialiser by its name from the core modules as well, where it most often has the same one, and
/// where the component still refers to it.
const OURS: &str = "blink-initialize";
const _: () = assert!(OURS.len() == INITIALISER.len());

/// Runs it, and gives the component with its state in it.
pub(super) async fn run(engine: &Engine, wasm: &[u8], limits: Limits, said: &Said) -> Result<Vec<u8>, Failure> {
    let renamed = rename(wasm);
    let mut wizer = Wizer::new();
    wizer.init_func(OURS);
    let (context, instrumented) = wizer.instrument_component(&renamed).map_err(Failure::Refused)?;
    let component = Component::new(engine, instrumented).map_err(Failure::Refused)?;
    let mut linker = Linker::<State<ComponentWasi>>::new(engine);
    p2::add_to_linker_async(&mut linker).map_err(Failure::Refused)?;
    linker.define_unknown_imports_as_traps(&component).map_err(Failure::Refused)?;
    let wasi = ComponentWasi { context: sandbox::wasi(said).build(), table: ResourceTable::new() };
    let mut store = sandbox::store(engine, wasi, limits);
    let instance = linker.instantiate_async(&mut store, &component).await.map_err(Failure::Ended)?;
    let initialiser = instance.get_typed_func::<(), ()>(&mut store, OURS).map_err(Failure::Refused)?;
    initialiser.call_async(&mut store, ()).await.map_err(Failure::Ended)?;
    let mut reader = Reader { store, instance, failed: None };
    let wasm = wizer.snapshot_component(&context, &mut reader).await.map_err(Failure::Refused)?;
    // What could not be read was taken for zeros.
    reader.failed.map_or(Ok(wasm), |error| Err(Failure::Refused(error)))
}

/// A component whose own export of the initialiser has the name [`OURS`].
fn rename(wasm: &[u8]) -> Vec<u8> {
    let mut renamed = wasm.to_vec();
    let mut depth = 0usize;
    // What cannot be read, Wizer refuses.
    for payload in Parser::new(0).parse_all(wasm).map_while(Result::ok) {
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for (start, export) in exports.into_iter_with_offsets().map_while(Result::ok) {
                    let place = renamed[start..].windows(OURS.len()).position(|name| name == INITIALISER.as_bytes());
                    if let (INITIALISER, Some(place)) = (export.name.name, place) {
                        renamed[start + place..][..OURS.len()].copy_from_slice(OURS.as_bytes());
                    }
                }
            }
            _ => {}
        }
    }
    renamed
}

/// Reads an instance's state, by the functions that the instrumented component has for it. They are WebAssembly, too,
/// and may fail: one grows a memory.
struct Reader {
    store: Store<State<ComponentWasi>>,
    instance: Instance,
    failed: Option<wasmtime::Error>,
}

impl Reader {
    async fn call<R: Lift + Send + Sync + 'static>(&mut self, instance: &str, function: &str) -> Option<R> {
        let result = self.try_call(instance, function).await;
        result.map_err(|error| self.failed = Some(error)).ok()
    }

    async fn try_call<R: Lift + Send + Sync + 'static>(&mut self, name: &str, function: &str) -> wasmtime::Result<R> {
        let Reader { store, instance, .. } = self;
        let missing = || wasmtime::Error::msg(format!("instrumented component has no '{name}' '{function}'"));
        let found = instance.get_export_index(&mut *store, None, name).ok_or_else(missing)?;
        let function = instance.get_export_index(&mut *store, Some(&found), function).ok_or_else(missing)?;
        let function = instance.get_typed_func::<(), (R,)>(&mut *store, function)?;
        Ok(function.call_async(&mut *store, ()).await?.0)
    }
}

impl ComponentInstanceState for Reader {
    async fn call_func_ret_list_u8(&mut self, instance: &str, func: &str, contents: impl FnOnce(&[u8]) + Send) {
        match self.call::<WasmList<u8>>(instance, func).await {
            Some(list) => contents(list.as_le_slice(&self.store)),
            None => contents(&[]),
        }
    }

    async fn call_func_ret_s32(&mut self, instance: &str, func: &str) -> i32 {
        self.call(instance, func).await.unwrap_or_default()
    }

    async fn call_func_ret_s64(&mut self, instance: &str, func: &str) -> i64 {
        self.call(instance, func).await.unwrap_or_default()
    }

    async fn call_func_ret_f32(&mut self, instance: &str, func: &str) -> u32 {
        self.call::<f32>(instance, func).await.unwrap_or_default().to_bits()
    }

    async fn call_func_ret_f64(&mut self, instance: &str, func: &str) -> u64 {
        self.call::<f64>(instance, func).await.unwrap_or_default().to_bits()
    }
}
