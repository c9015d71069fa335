//! Tells which digit a picture shows, over HTTP: a component that exports `wasi:http/incoming-handler`.
//!
//! | request | answer |
//! |---|---|
//! | `POST` with a picture, a JPEG or PNG file of at most 4 MiB | 200 `{"digit": 7, "probability": 0.9981}` |
//! | `POST` with anything else | 400, or 413 where it is longer, and `{"error": "..."}` |
//! | any other method | 405 |
//!
//! The model (`digits`) is the one in `../digits/train/`. For wasm32-wasip2 alone: modules have no HTTP.
#![cfg(target_env = "p2")]

use std::error::Error;
use std::io::Read;

use digits::Digit;
use guest_nn::Model;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam, StatusCode,
};

/// Longest picture, in bytes.
const LONGEST: u64 = 4 << 20;

struct App;

#[allow(unsafe_code, unreachable_pub, clippy::undocumented_unsafe_blocks)]
mod export {
    use super::App;
    wasip2::http::proxy::export!(App);
}

impl Guest for App {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let (status, text) = match answer(&request) {
            Ok(Digit { digit, probability }) => {
                (200, format!("{{\"digit\": {digit}, \"probability\": {probability:.4}}}\n"))
            }
            // Words of ours and of decoders: neither quotes nor line breaks.
            Err((status, why)) => (status, format!("{{\"error\": \"{}\"}}\n", why.replace(['"', '\\', '\n'], " "))),
        };
        respond(out, status, &text);
    }
}

fn answer(request: &IncomingRequest) -> Result<Digit, (StatusCode, String)> {
    if !matches!(request.method(), Method::Post) {
        return Err((405, "send a picture by POST".into()));
    }
    let picture = read(request).map_err(|why| (400, why))?;
    if picture.len() as u64 > LONGEST {
        return Err((413, format!("picture has more than {LONGEST} bytes, which is the most that is read")));
    }
    tell(&picture).map_err(|error| (400, error.to_string()))
}

/// The body, or so much of it that it is seen to be too long.
fn read(request: &IncomingRequest) -> Result<Vec<u8>, String> {
    let body = request.consume().map_err(|()| "request has no body")?;
    let stream = body.stream().map_err(|()| "body was read already")?;
    let mut bytes = Vec::new();
    stream.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| format!("picture cannot be read: {error}"))?;
    Ok(bytes)
}

fn tell(picture: &[u8]) -> Result<Digit, Box<dyn Error>> {
    let model = Model::named("digits")?;
    let mut context = model.context()?;
    digits::tell(&mut context, picture)
}

/// Sends the answer. Where nobody listens any more, there is nobody to tell.
fn respond(out: ResponseOutparam, status: StatusCode, text: &str) {
    let headers = Fields::new();
    let _ = headers.append("content-type", b"application/json");
    let _ = headers.append("content-length", text.len().to_string().as_bytes());
    let response = OutgoingResponse::new(headers);
    let _ = response.set_status_code(status);
    let body = response.body();
    ResponseOutparam::set(out, Ok(response));
    if let Ok(body) = body {
        if let Ok(stream) = body.write() {
            let _ = stream.blocking_write_and_flush(text.as_bytes());
        }
        let _ = OutgoingBody::finish(body, None);
    }
}
