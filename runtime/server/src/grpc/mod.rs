//! The protocol over gRPC, with `grpc.health.v1` and reflection beside it.
//!
//! | file | what it is |
//! |---|---|
//! | `service.rs` | the calls |
//! | `infer.rs`, `stream.rs` | inference: one request, and streams of them |
//! | `request.rs`, `answer.rs`, `contents.rs` | messages as values of `protocol/`, and back |
//! | `codec.rs` | messages, of no more fields than any has |
//! | `timeout.rs`, `body.rs` | how long a client waits, and is waited for |
//! | `describe.rs`, `repository.rs` | metadata, configuration, statistics; the model repository |
//! | `health.rs` | `grpc.health.v1` |
//! | `status.rs` | errors |
//!
//! A message is at most as large as the configuration says, after decompression. An answer is compressed where the
//! request was, and alike: common clients say of themselves that they understand gzip, and would pay for it in each
//! answer.

mod answer;
mod body;
mod codec;
mod contents;
mod describe;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod health;
mod infer;
mod repository;
mod request;
mod service;
mod status;
mod stream;
mod timeout;

/// Messages and the service's skeleton, made from `proto/inference.proto`.
#[allow(missing_docs, unreachable_pub, clippy::all)]
mod proto {
    include!(concat!(env!("OUT_DIR"), "/inference.rs"));
}

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, Response, StatusCode, Version};
use tonic::Status;
use tonic::codec::CompressionEncoding;
use tonic::codegen::{BoxFuture, Service as Call, StdError};
use tonic::server::NamedService;
use tonic_health::pb::health_server::HealthServer;

use self::body::Flowing;
use self::health::Health;
use self::proto::grpc_inference_service_server::GrpcInferenceServiceServer;
use self::service::{Arrived, Inference};
use crate::front::Body;
use crate::state::State;

/// The protocol's description, for reflection.
const DESCRIPTION: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/inference.bin"));

/// What answers gRPC requests. Clones are the same service.
#[derive(Clone)]
pub struct Service {
    state: Arc<State>,
    inference: GrpcInferenceServiceServer<Inference>,
    health: HealthServer<Health>,
    reflection: Reflection,
}

/// A service of either reflection protocol, whose types have no names.
type Reflection = [(&'static str, Arc<dyn Fn(Request<Body>) -> Answer + Send + Sync>); 2];
type Answer = BoxFuture<Response<Body>, Infallible>;

impl Service {
    /// The services of this server.
    pub fn new(state: Arc<State>) -> Service {
        let most = state.config.max_body;
        let inference = GrpcInferenceServiceServer::new(Inference::new(Arc::clone(&state)))
            .accept_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Deflate)
            .max_decoding_message_size(most)
            .max_encoding_message_size(most);
        let health = HealthServer::new(Health::new(Arc::clone(&state)));
        Service { state, inference, health, reflection: reflection() }
    }

    /// Answers one request, which is gRPC by its content type.
    pub async fn answer<B>(&self, mut request: Request<B>) -> Response<Body>
    where
        B: hyper::body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<StdError>,
    {
        if let Err(status) = spoken(request.version(), request.headers()) {
            let mut refused = Response::new(Body::empty());
            *refused.status_mut() = status;
            return refused;
        }
        request.extensions_mut().insert(Arrived(Instant::now()));
        let path = request.uri().path();
        // What a stream's client says next, and when, is its own affair.
        let is_stream = path.ends_with("/ModelStreamInfer") || path.ends_with("/ServerReflectionInfo");
        let patience = self.state.config.client_timeout;
        let request = request.map(|body| match is_stream {
            true => Body::new(body),
            false => Body::new(Flowing::new(body, patience)),
        });
        let Ok(response) = self.dispatch(request).await;
        response
    }

    fn dispatch(&self, request: Request<Body>) -> Answer {
        let service = request.uri().path().split('/').nth(1).unwrap_or_default();
        if service == GrpcInferenceServiceServer::<Inference>::NAME {
            let mut inference = self.inference.clone();
            if let Some(encoding) = sent_compressed(request.headers()) {
                inference = inference.send_compressed(encoding);
            }
            return inference.call(request);
        }
        if service == HealthServer::<Health>::NAME {
            return self.health.clone().call(request);
        }
        if let Some((_, answer)) = self.reflection.iter().find(|(name, _)| *name == service) {
            return answer(request);
        }
        Box::pin(async { Ok(Status::unimplemented("this server has no such service").into_http()) })
    }
}

/// How a request is compressed, and so its answer.
fn sent_compressed(headers: &HeaderMap) -> Option<CompressionEncoding> {
    match headers.get("grpc-encoding")?.as_bytes() {
        b"gzip" => Some(CompressionEncoding::Gzip),
        b"deflate" => Some(CompressionEncoding::Deflate),
        _ => None,
    }
}

/// Refuses what is not gRPC as it is spoken here: over HTTP/2, of protobuf messages.
fn spoken(version: Version, headers: &HeaderMap) -> Result<(), StatusCode> {
    if version != Version::HTTP_2 {
        return Err(StatusCode::HTTP_VERSION_NOT_SUPPORTED);
    }
    let content = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match content.split(';').next().unwrap_or_default().trim() {
        "application/grpc" | "application/grpc+proto" => Ok(()),
        _ => Err(StatusCode::UNSUPPORTED_MEDIA_TYPE),
    }
}

/// A service by its name.
type Named = (&'static str, Arc<dyn Fn(Request<Body>) -> Answer + Send + Sync>);

fn reflection() -> Reflection {
    fn named<S>(service: S) -> Named
    where
        S: NamedService + Call<Request<Body>, Response = Response<Body>, Error = Infallible, Future = Answer>,
        S: Clone + Send + Sync + 'static,
    {
        (S::NAME, Arc::new(move |request| service.clone().call(request)))
    }
    let builder = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTION)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let built = "descriptions are part of this build";
    [named(builder().build_v1().expect(built)), named(builder().build_v1alpha().expect(built))]
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod form_tests {
    use super::*;

    fn status(version: Version, content: &'static str) -> Option<StatusCode> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, http::HeaderValue::from_static(content))]);
        spoken(version, &headers).err()
    }

    #[test]
    fn other_forms_of_grpc_are_refused() {
        assert_eq!(status(Version::HTTP_2, "application/grpc"), None);
        assert_eq!(status(Version::HTTP_2, "application/grpc+proto; charset=x"), None);
        for content in ["application/grpc-web", "application/grpc+json", "application/grpcx", ""] {
            assert_eq!(status(Version::HTTP_2, content), Some(StatusCode::UNSUPPORTED_MEDIA_TYPE), "{content}");
        }
        assert_eq!(status(Version::HTTP_11, "application/grpc"), Some(StatusCode::HTTP_VERSION_NOT_SUPPORTED));
    }

    #[test]
    fn both_forms_of_reflection_are_there() {
        let names = reflection().map(|(name, _)| name);
        let expected = ["v1", "v1alpha"].map(|version| format!("grpc.reflection.{version}.ServerReflection"));
        assert_eq!(names.as_slice(), expected);
    }
}
