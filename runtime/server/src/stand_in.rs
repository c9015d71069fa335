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
    impl crate::repository::Starter for Pool {
        fn prove(&self, model: &Arc<Model>) -> Result<(), String> {
            unimplemented!()
        }
        fn warm(&self, model: &Arc<Model>) -> Result<(), String> {
            unimplemented!()
        }
        fn keep(&self, model: &Arc<Model>) {
            unimplemented!()
        }
        fn retire(&self, id: u64) {
            unimplemented!()
        }
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
