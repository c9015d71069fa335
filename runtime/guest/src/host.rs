//! [`Host`]: what an instance's host functions work on. It lives as long as the instance.

use wasmtime::component::ResourceTable;
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::http::Outgoing;
use crate::limiter::Limiter;
use crate::nn;

/// State of one instance; `W` is its WASI, which is of another type for modules than for components.
pub(crate) struct Host<W> {
    pub(crate) wasi: W,
    pub(crate) nn: nn::State,
    pub(crate) limiter: Limiter,
}

/// The WASI of a module.
pub(crate) type ModuleWasi = WasiP1Ctx;

/// The WASI of a component, with the table of all resources that it holds, and what `wasi:http` needs.
pub(crate) struct ComponentWasi {
    pub(crate) context: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) http: WasiHttpCtx,
    pub(crate) outgoing: Outgoing,
}

impl ComponentWasi {
    pub(crate) fn new(context: WasiCtx, table: ResourceTable) -> ComponentWasi {
        ComponentWasi { context, table, http: WasiHttpCtx::new(), outgoing: Outgoing::default() }
    }
}

impl WasiHttpView for Host<ComponentWasi> {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let ComponentWasi { table, http, outgoing, .. } = &mut self.wasi;
        WasiHttpCtxView { hooks: outgoing, table, ctx: http }
    }
}

impl WasiView for Host<ComponentWasi> {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi.context, table: &mut self.wasi.table }
    }
}
