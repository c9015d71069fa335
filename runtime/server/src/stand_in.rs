//! Signatures of what is being written on other branches. Removed when they come.
#![allow(missing_docs, unused_variables, clippy::unimplemented)]

pub mod pool {
    use crate::{
        error::RequestError,
        model::Model,
        observe::{RecentStarts, Times},
        protocol::InputTensor,
    };
    use blink_runtime::{GuestReport, GuestRequest, Launcher};
    use blink_tensors::TensorView;
    use std::{os::fd::OwnedFd, sync::Arc, time::Instant};
    #[derive(Clone)]
    pub struct Pool;
    pub struct PoolLimits {
        pub memory: Option<u64>,
        pub running: usize,
    }
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum WorkerState {
        Starting,
        Idle,
        Busy,
        Ending,
    }
    pub struct PoolView {
        pub models: Vec<ModelView>,
        pub memory: u64,
        pub running: usize,
    }
    pub struct ModelView {
        pub id: u64,
        pub queued: usize,
        pub workers: Vec<WorkerView>,
    }
    pub struct WorkerView {
        pub pid: u32,
        pub state: WorkerState,
        pub start: Option<&'static str>,
        pub since: Instant,
        pub private: u64,
        pub shared: u64,
        pub answered: u64,
    }
    impl Pool {
        pub fn new(launcher: Launcher, limits: PoolLimits, recent: RecentStarts) -> Pool {
            unimplemented!()
        }
        pub async fn infer<T: Send + 'static>(
            &self,
            model: &Arc<Model>,
            inputs: Vec<InputTensor>,
            deadline: Instant,
            finish: impl FnOnce(&[(&str, TensorView<'_>)]) -> T + Send + 'static,
        ) -> Result<(T, Times), RequestError> {
            unimplemented!()
        }
        pub async fn run_guest(
            &self,
            model: &Arc<Model>,
            request: GuestRequest,
            streams: [OwnedFd; 3],
            deadline: Instant,
        ) -> Result<GuestReport, RequestError> {
            unimplemented!()
        }
        pub fn view(&self) -> PoolView {
            unimplemented!()
        }
        pub fn stop(&self) {
            unimplemented!()
        }
    }
}
pub mod repository {
    use crate::{config::Config, error::RequestError, model::Model};
    use std::sync::Arc;
    #[derive(Clone)]
    pub struct Repository;
    #[derive(Debug, thiserror::Error)]
    pub enum RepositoryError {}
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ModelState {
        Ready,
        Loading,
        Unloading,
        Unavailable,
    }
    pub struct IndexEntry {
        pub name: String,
        pub version: u64,
        pub state: ModelState,
        pub reason: String,
        pub model: Option<Arc<Model>>,
    }
    impl Repository {
        pub fn open(config: &Config, starter: Arc<super::pool::Pool>) -> Result<Repository, RepositoryError> {
            unimplemented!()
        }
        pub fn find(&self, name: &str, version: Option<u64>) -> Result<Arc<Model>, RequestError> {
            unimplemented!()
        }
        pub fn app(&self, path: &str) -> Option<(Arc<Model>, usize)> {
            unimplemented!()
        }
        pub fn versions(&self, name: &str) -> Vec<u64> {
            unimplemented!()
        }
        pub fn index(&self) -> Vec<IndexEntry> {
            unimplemented!()
        }
        pub fn models(&self) -> Vec<Arc<Model>> {
            unimplemented!()
        }
        pub fn look(&self) {
            unimplemented!()
        }
        pub async fn load(&self, name: &str) -> Result<(), RequestError> {
            unimplemented!()
        }
        pub async fn unload(&self, name: &str) -> Result<(), RequestError> {
            unimplemented!()
        }
    }
}
pub mod listen {
    use crate::config::Config;
    use std::io;
    pub struct Listener;
    pub struct Listeners;
    #[derive(Debug, thiserror::Error)]
    pub enum ListenError {}
    pub struct Notifier;
    pub struct Signals;
    pub enum Signal {
        Reload,
        End,
    }
    impl Listener {
        pub async fn accept(&self) -> io::Result<tokio::net::TcpStream> {
            unimplemented!()
        }
        pub fn address(&self) -> String {
            unimplemented!()
        }
    }
    impl Listeners {
        pub fn open(config: &Config) -> Result<Listeners, ListenError> {
            unimplemented!()
        }
        pub fn into_listeners(self) -> Vec<Listener> {
            unimplemented!()
        }
    }
    impl Notifier {
        pub fn from_environment() -> Notifier {
            unimplemented!()
        }
        pub fn ready(&self) {
            unimplemented!()
        }
        pub fn stopping(&self) {
            unimplemented!()
        }
    }
    impl Signals {
        pub fn new() -> Result<Signals, ListenError> {
            unimplemented!()
        }
        pub async fn next(&mut self) -> Signal {
            unimplemented!()
        }
    }
}
    }
}
pub mod apps {
    use crate::{
        front::{Body, Context},
        model::Model,
        state::State,
    };
    use std::sync::Arc;
    pub async fn answer(
        state: &Arc<State>,
        app: Arc<Model>,
        rest: String,
        request: http::Request<hyper::body::Incoming>,
        context: &Context,
    ) -> http::Response<Body> {
        unimplemented!()
    }
}
