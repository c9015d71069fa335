//! The initialiser of a module.

use wasmparser::ValType;
use wasmtime::{Engine, Instance, Linker, Module, Store, Val};
use wasmtime_wasi::p1::{self, WasiP1Ctx};
use wasmtime_wizer::{InstanceState, SnapshotVal, Wizer};

use super::Failure;
use super::sandbox::{self, Limits, Said, State};
use crate::guest::scan::INITIALISER;

/// Runs it, and gives the module with its state in it.
pub(super) async fn run(engine: &Engine, wasm: &[u8], limits: Limits, said: &Said) -> Result<Vec<u8>, Failure> {
    let wizer = Wizer::new();
    let (context, instrumented) = wizer.instrument(wasm).map_err(Failure::Refused)?;
    let module = Module::new(engine, instrumented).map_err(Failure::Refused)?;
    let mut linker = Linker::<State<WasiP1Ctx>>::new(engine);
    p1::add_to_linker_async(&mut linker, |state| &mut state.wasi).map_err(Failure::Refused)?;
    linker.define_unknown_imports_as_traps(&module).map_err(Failure::Refused)?;
    let mut store = sandbox::store(engine, sandbox::wasi(said).build_p1(), limits);
    let instance = linker.instantiate_async(&mut store, &module).await.map_err(Failure::Ended)?;
    let initialiser = instance.get_typed_func::<(), ()>(&mut store, INITIALISER).map_err(Failure::Refused)?;
    initialiser.call_async(&mut store, ()).await.map_err(Failure::Ended)?;
    wizer.snapshot(&context, &mut Reader { store, instance }).await.map_err(Failure::Refused)
}

/// Reads an instance's state, by the exports that the instrumented module has for it.
struct Reader {
    store: Store<State<WasiP1Ctx>>,
    instance: Instance,
}

impl InstanceState for Reader {
    async fn global_get(&mut self, name: &str, _: ValType) -> SnapshotVal {
        let global = self.instance.get_global(&mut self.store, name).expect("the instrumented module exports it");
        match global.get(&mut self.store) {
            Val::I32(value) => SnapshotVal::I32(value),
            Val::I64(value) => SnapshotVal::I64(value),
            Val::F32(value) => SnapshotVal::F32(value),
            Val::F64(value) => SnapshotVal::F64(value),
            Val::V128(value) => SnapshotVal::V128(value.as_u128()),
            _ => unreachable!("a module with mutable references is refused before it is instrumented"),
        }
    }

    async fn memory_contents(&mut self, name: &str, contents: impl FnOnce(&[u8]) + Send) {
        let memory = self.instance.get_memory(&mut self.store, name).expect("the instrumented module exports it");
        contents(memory.data(&self.store));
    }
}
