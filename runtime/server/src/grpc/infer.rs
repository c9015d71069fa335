//! Inference: one request, and streams of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tonic::codegen::BoxStream;
use tonic::codegen::tokio_stream::Stream;
use tonic::{Request, Status};

use super::proto::{ModelInferRequest, ModelInferResponse, ModelStreamInferResponse};
use super::request::Asked;
use super::service::Arrived;
use super::status::words;
use super::stream::Answers;
use super::{answer, timeout};
use crate::error::RequestError;
use crate::front::guarded;
use crate::state::State;

/// Answers one request.
pub(super) async fn one(
    state: &State,
    request: Request<ModelInferRequest>,
) -> Result<ModelInferResponse, RequestError> {
    let allowed = timeout::of_headers(request.metadata())?;
    let arrived = arrived(&request);
    infer(state, request.into_inner(), arrived, allowed).await
}

/// Answers each request that comes; the headers' time is the whole stream's.
pub(super) fn stream<Requests>(
    state: Arc<State>,
    request: Request<Requests>,
) -> Result<BoxStream<ModelStreamInferResponse>, RequestError>
where
    Requests: Stream<Item = Result<ModelInferRequest, Status>> + Send + Unpin + 'static,
{
    let allowed = timeout::of_headers(request.metadata())?;
    let began = arrived(&request);
    let left = move || allowed.map(|allowed| allowed.saturating_sub(began.elapsed()));
    let for_end = Arc::clone(&state);
    let ending = move || match left() {
        Some(Duration::ZERO) => Some(Status::deadline_exceeded("the time that this stream had is over")),
        _ if for_end.readiness.is_draining() => Some(Status::unavailable("the server is ending")),
        _ => None,
    };
    let answer = move |message: ModelInferRequest| {
        let state = Arc::clone(&state);
        async move {
            let id = message.id.clone();
            // Of one request of the stream, and not of the others on it.
            let infer = guarded(&state.readiness, infer(&state, message, Instant::now(), left()));
            let answered = infer.await.unwrap_or_else(|| Err(RequestError::Failed("internal error".into())));
            match answered {
                Ok(response) => {
                    ModelStreamInferResponse { error_message: String::new(), infer_response: Some(response) }
                }
                Err(error) => {
                    let infer_response = Some(ModelInferResponse { id, ..ModelInferResponse::default() });
                    ModelStreamInferResponse { error_message: words(&error), infer_response }
                }
            }
        }
    };
    Ok(Box::pin(Answers::new(request.into_inner(), answer, ending)))
}

async fn infer(
    state: &State,
    message: ModelInferRequest,
    arrived: Instant,
    allowed: Option<Duration>,
) -> Result<ModelInferResponse, RequestError> {
    let model = state.model(&message.model_name, Some(&message.model_version))?;
    let Asked { mut request, raw } = Asked::of(message)?;
    request.timeout = timeout::shorter(request.timeout, allowed);
    let id = request.id.clone().unwrap_or_default();
    let response = state.infer(&model, request, arrived, move |outputs| answer::encode(outputs, raw)).await?;
    Ok(ModelInferResponse { model_name: model.name.clone(), model_version: model.version.to_string(), id, ..response })
}

fn arrived<T>(request: &Request<T>) -> Instant {
    request.extensions().get().map_or_else(Instant::now, |Arrived(at)| *at)
}
