//! The initialiser of a component.

use wasmtime::component::{Component, Instance, Lift, Linker, ResourceTable, WasmList};
use wasmtime::{Engine, Store};
use wasmtime_wasi::p2;
use wasmtime_wizer::{ComponentInstanceState, Wizer};

use super::Failure;
use super::sandbox::{self, ComponentWasi, Limits, Said, State};
use crate::guest::scan::INITIALISER;

/// Runs it, and gives the component with its state in it.
pub(super) async fn run(engine: &Engine, wasm: &[u8], limits: Limits, said: &Said) -> Result<Vec<u8>, Failure> {
    let wizer = Wizer::new();
    let (context, instrumented) = wizer.instrument_component(wasm).map_err(Failure::Refused)?;
    let component = Component::new(engine, instrumented).map_err(Failure::Refused)?;
    let mut linker = Linker::<State<ComponentWasi>>::new(engine);
    p2::add_to_linker_async(&mut linker).map_err(Failure::Refused)?;
    linker.define_unknown_imports_as_traps(&component).map_err(Failure::Refused)?;
    let wasi = ComponentWasi { context: sandbox::wasi(said).build(), table: ResourceTable::new() };
    let mut store = sandbox::store(engine, wasi, limits);
    let instance = linker.instantiate_async(&mut store, &component).await.map_err(Failure::Ended)?;
    let initialiser = instance.get_typed_func::<(), ()>(&mut store, INITIALISER).map_err(Failure::Refused)?;
    initialiser.call_async(&mut store, ()).await.map_err(Failure::Ended)?;
    let mut reader = Reader { store, instance, failed: None };
    let wasm = wizer.snapshot_component(&context, &mut reader).await.map_err(Failure::Refused)?;
    // What could not be read was taken for zeros.
    reader.failed.map_or(Ok(wasm), |error| Err(Failure::Refused(error)))
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
