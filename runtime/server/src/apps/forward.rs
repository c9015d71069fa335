//! Heads on their way to a guest and back: what concerns one connection alone stays there.

use http::header::{CONNECTION, EXPECT, HOST, HeaderName, HeaderValue, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, Request, Uri, Version};

use super::Call;
use crate::error::RequestError;
use crate::front::Context;

/// Headers of one connection, beside those that its `connection` names.
const HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("http2-settings"),
    EXPECT,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A client's headers as a guest may see them: its own connection's are gone, the request's id and trace are there.
pub(super) fn passed_on(context: &Context, headers: &mut HeaderMap) {
    strip(headers);
    if let Ok(id) = HeaderValue::from_str(&context.request_id) {
        headers.insert(REQUEST_ID, id);
    }
    context.trace.write(headers);
}

/// The request as it goes to the guest, with `body` as its body: below the app's own path.
pub(super) fn request<B>(call: &Call<'_>, mut head: Parts, body: B) -> Result<Request<B>, RequestError> {
    let (path, query) = call.target();
    let target = query.map_or(path.clone(), |query| format!("{path}?{query}"));
    let host = head.uri.authority().map(|authority| authority.as_str().to_owned());
    head.uri = target.parse::<Uri>().map_err(|_| RequestError::Invalid("path is not one of HTTP".into()))?;
    head.version = Version::HTTP_11;
    head.extensions.clear();
    passed_on(call.context, &mut head.headers);
    if !head.headers.contains_key(HOST) {
        let host = host.and_then(|host| HeaderValue::from_str(&host).ok());
        head.headers.insert(HOST, host.unwrap_or(HeaderValue::from_static("localhost")));
    }
    // So that trailers of the guest's come.
    head.headers.insert(TE, HeaderValue::from_static("trailers"));
    Ok(Request::from_parts(head, body))
}

/// Takes away what concerns one connection alone.
pub(super) fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in HOP.iter().chain(&named) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_concerns_a_connection_stays_there() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Mine"),
            ("x-mine", "1"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("accept", "*/*"),
        ] {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        strip(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["accept"]);
    }
}
