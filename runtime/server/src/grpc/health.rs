//! `grpc.health.v1`: whether the server can answer, and whether one model can, by its name.
//!
//! What is said is looked up when it is asked; nothing is kept that could be out of date.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};
use tonic::codegen::tokio_stream::Stream;
use tonic::server::NamedService;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse, health_server};

use super::proto::grpc_inference_service_server::GrpcInferenceServiceServer;
use super::service::Inference;
use crate::error::RequestError;
use crate::state::State;

/// How often a watched status is looked up.
const LOOK: Duration = Duration::from_millis(250);

/// The health service.
pub(super) struct Health {
    state: Arc<State>,
}

impl Health {
    pub(super) fn new(state: Arc<State>) -> Health {
        Health { state }
    }
}

/// What is said of a service: the whole server, where it has no name or the protocol's, or the model of that name.
fn status_of(state: &State, service: &str) -> ServingStatus {
    let is_ready = state.readiness.is_ready();
    let is_server = service.is_empty() || service == GrpcInferenceServiceServer::<Inference>::NAME;
    let found = if is_server { Ok(()) } else { state.model(service, None).map(drop) };
    match found {
        Err(RequestError::NotFound(_)) => ServingStatus::ServiceUnknown,
        Ok(()) if is_ready => ServingStatus::Serving,
        _ => ServingStatus::NotServing,
    }
}

#[tonic::async_trait]
impl health_server::Health for Health {
    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        match status_of(&self.state, &request.get_ref().service) {
            ServingStatus::ServiceUnknown => Err(Status::not_found("neither a service nor a model of this server")),
            status => Ok(Response::new(HealthCheckResponse { status: status.into() })),
        }
    }

    type WatchStream = Watched;

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Watched>, Status> {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let service = request.into_inner().service;
        Ok(Response::new(Watched { state: Arc::clone(&self.state), service, look, last: None, is_over: false }))
    }
}

/// The status of one service, each time it changes. Ends when the server does.
pub(super) struct Watched {
    state: Arc<State>,
    service: String,
    look: Interval,
    last: Option<ServingStatus>,
    is_over: bool,
}

impl Stream for Watched {
    type Item = Result<HealthCheckResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while !self.is_over {
            if self.look.poll_tick(context).is_pending() {
                return Poll::Pending;
            }
            self.is_over = self.state.readiness.is_draining();
            let status = status_of(&self.state, &self.service);
            if self.last.replace(status) != Some(status) {
                return Poll::Ready(Some(Ok(HealthCheckResponse { status: status.into() })));
            }
        }
        Poll::Ready(None)
    }
}
