//! The whole service on requests made by hand, without a network: a server without models.

use std::sync::Arc;
use std::time::SystemTime;

use blink_runtime::Launcher;
use bytes::{BufMut, Bytes, BytesMut};
use http::{Method, Request, Version};
use http_body_util::{BodyExt, Full};
use prost::Message;
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::Service;
use super::proto::*;
use crate::config::{Config, Partial, Warm, resolve};
use crate::devices::Devices;
use crate::guests::Guests;
use crate::observe::RecentStarts;
use crate::pool::{Pool, PoolLimits};
use crate::repository::Repository;
use crate::state::{Readiness, State};

const INFERENCE: &str = "inference.GRPCInferenceService";

/// A ready server of an empty directory, and what keeps that.
fn server() -> (tempfile::TempDir, Arc<State>, Service) {
    let directory = tempfile::tempdir().unwrap();
    let partial = Partial { models: Some(vec![directory.path().to_owned()]), ..Partial::default() };
    let config = resolve(partial, None, []).unwrap().config;
    let config = Config { warm: Warm::Never, poll: None, max_body: 10_000, ..config };
    let recent = RecentStarts::default();
    let limits = PoolLimits { memory: None, running: 1 };
    let pool = Pool::new(Launcher::new("blink"), Devices::default(), Guests::none(), limits, recent.clone());
    let repository = Repository::open(&config, Arc::new(pool.clone())).unwrap();
    let (readiness, started) = (Readiness::default(), SystemTime::now());
    readiness.loaded();
    let state = Arc::new(State { config, repository, pool, recent, readiness, started });
    (directory, Arc::clone(&state), Service::new(state))
}

/// Messages as they are framed on a connection.
fn framed(messages: &[impl Message]) -> Bytes {
    let mut body = BytesMut::new();
    for message in messages {
        body.put_u8(0);
        body.put_u32(message.encoded_len() as u32);
        message.encode(&mut body).unwrap();
    }
    body.freeze()
}

/// Calls, and gives the status with its words, and the messages.
async fn call<T: Message + Default>(service: &Service, path: &str, body: Bytes) -> (Code, String, Vec<T>) {
    let request = Request::builder().method(Method::POST).version(Version::HTTP_2).uri(path);
    let request = request.header("content-type", "application/grpc").body(Full::new(body)).unwrap();
    let (head, body) = service.answer(request).await.into_parts();
    let body = body.collect().await.unwrap();
    let ends = body.trailers().cloned().unwrap_or(head.headers);
    let status = tonic::Status::from_header_map(&ends).unwrap();
    let (mut bytes, mut messages) = (body.to_bytes(), Vec::new());
    while !bytes.is_empty() {
        let len = u32::from_be_bytes(bytes[1..5].try_into().unwrap()) as usize;
        messages.push(T::decode(bytes.split_to(5 + len).slice(5..)).unwrap());
    }
    (status.code(), status.message().to_owned(), messages)
}

fn on_a_runtime<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[test]
fn a_server_tells_of_itself() {
    on_a_runtime(async {
        let (_directory, state, service) = server();
        let of = |call: &str| format!("/{INFERENCE}/{call}");
        let empty = || framed(&[ServerReadyRequest {}]);
        let (code, _, ready) = call::<ServerReadyResponse>(&service, &of("ServerReady"), empty()).await;
        assert_eq!((code, ready), (Code::Ok, vec![ServerReadyResponse { ready: true }]));
        let (_, _, metadata) = call::<ServerMetadataResponse>(&service, &of("ServerMetadata"), empty()).await;
        assert_eq!(metadata[0].name, "blink");
        assert!(metadata[0].extensions.contains(&"statistics".to_owned()));
        let (code, _, index) = call::<RepositoryIndexResponse>(&service, &of("RepositoryIndex"), empty()).await;
        assert_eq!((code, index[0].models.len()), (Code::Ok, 0));
        state.readiness.begin_draining();
        let (_, _, ready) = call::<ServerReadyResponse>(&service, &of("ServerReady"), empty()).await;
        let (_, _, live) = call::<ServerLiveResponse>(&service, &of("ServerLive"), empty()).await;
        assert_eq!((ready[0].ready, live[0].live), (false, true));
    });
}

#[test]
fn what_is_not_there_is_said_by_its_code() {
    on_a_runtime(async {
        let (_directory, _state, service) = server();
        for (path, code) in [
            (format!("/{INFERENCE}/ModelInfer"), Code::NotFound),
            (format!("/{INFERENCE}/ModelMetadata"), Code::NotFound),
            (format!("/{INFERENCE}/ModelConfig"), Code::NotFound),
            (format!("/{INFERENCE}/ModelStatistics"), Code::NotFound),
            (format!("/{INFERENCE}/RepositoryModelLoad"), Code::PermissionDenied),
            (format!("/{INFERENCE}/RepositoryModelUnload"), Code::PermissionDenied),
            (format!("/{INFERENCE}/TraceSetting"), Code::Unimplemented),
            (format!("/{INFERENCE}/"), Code::Unimplemented),
            ("/other.Service/Call".to_owned(), Code::Unimplemented),
            ("/".to_owned(), Code::Unimplemented),
        ] {
            let request = framed(&[ModelMetadataRequest { name: "none".into(), version: String::new() }]);
            let (found, words, _) = call::<ServerLiveResponse>(&service, &path, request).await;
            assert_eq!(found, code, "{path}: {words}");
        }
        let ready = framed(&[ModelReadyRequest { name: "none".into(), version: "1".into() }]);
        let (code, _, ready) = call::<ModelReadyResponse>(&service, &format!("/{INFERENCE}/ModelReady"), ready).await;
        assert_eq!((code, ready[0].ready), (Code::Ok, false));
    });
}

#[test]
fn messages_that_are_none_are_refused_and_large_ones_too() {
    on_a_runtime(async {
        let (_directory, _state, service) = server();
        let path = format!("/{INFERENCE}/ModelInfer");
        let large = framed(&[ModelInferRequest { id: "x".repeat(20_000), ..Default::default() }]);
        let (mut cut, mut wrong) = (BytesMut::from(&large[..5]), BytesMut::from(&b"\0\0\0\0\x04"[..]));
        cut[3..5].copy_from_slice(&[0, 200]);
        wrong.extend_from_slice(b"\xff\xff\xff\xff");
        // Each input takes two bytes here and hundreds once it is decoded.
        let many = ModelInferRequest { inputs: vec![Default::default(); 4097], ..Default::default() };
        for (body, code) in [
            (large, Code::OutOfRange),
            (framed(&[many]), Code::InvalidArgument),
            (cut.freeze(), Code::Internal),
            (wrong.freeze(), Code::Internal),
            (Bytes::from_static(b"\x01\0\0\0\0"), Code::Internal),
            (Bytes::from_static(b"\x07\0\0\0\0"), Code::Internal),
            (Bytes::new(), Code::Internal),
        ] {
            let len = body.len();
            let (found, words, _) = call::<ModelInferResponse>(&service, &path, body).await;
            assert_eq!(found, code, "{len} bytes: {words}");
        }
    });
}

#[test]
fn a_request_that_fails_does_not_end_its_stream() {
    on_a_runtime(async {
        let (_directory, _state, service) = server();
        let asked = |id: &str| ModelInferRequest { model_name: "none".into(), id: id.into(), ..Default::default() };
        let body = framed(&[asked("first"), asked("second")]);
        let path = format!("/{INFERENCE}/ModelStreamInfer");
        let (code, _, answers) = call::<ModelStreamInferResponse>(&service, &path, body).await;
        assert_eq!((code, answers.len()), (Code::Ok, 2));
        for (answer, id) in answers.iter().zip(["first", "second"]) {
            assert!(answer.error_message.contains("none"), "{}", answer.error_message);
            assert_eq!(answer.infer_response.as_ref().unwrap().id, id);
        }
    });
}

#[test]
fn health_follows_the_server() {
    on_a_runtime(async {
        let (_directory, state, service) = server();
        let asked = |service: &str| framed(&[HealthCheckRequest { service: service.into() }]);
        let check = "/grpc.health.v1.Health/Check";
        for (name, serving) in [("", 1), (INFERENCE, 1)] {
            let (code, _, found) = call::<HealthCheckResponse>(&service, check, asked(name)).await;
            assert_eq!((code, found[0].status), (Code::Ok, serving), "{name}");
        }
        let (code, _, _) = call::<HealthCheckResponse>(&service, check, asked("none")).await;
        assert_eq!(code, Code::NotFound);
        state.readiness.begin_draining();
        let (_, _, found) = call::<HealthCheckResponse>(&service, check, asked("")).await;
        assert_eq!(found[0].status, 2);
        let watch = "/grpc.health.v1.Health/Watch";
        let (code, _, found) = call::<HealthCheckResponse>(&service, watch, asked("")).await;
        assert_eq!((code, found.len(), found[0].status), (Code::Ok, 1, 2));
    });
}
