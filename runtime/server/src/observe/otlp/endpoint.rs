//! [`Endpoint`]: where spans go. Plain HTTP only: a collector on the host, or a proxy there, does the rest.

use http::Uri;

use super::OtlpError;

/// The port of OTLP over HTTP.
const PORT: u16 = 4318;
/// Where collectors take traces, unless the endpoint says otherwise.
const PATH: &str = "/v1/traces";

/// A collector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// Its name or address, as sockets take it.
    pub(super) host: String,
    pub(super) port: u16,
    /// What it is called in the request.
    pub(super) authority: String,
    pub(super) path: String,
}

impl Endpoint {
    pub(super) fn parse(text: &str) -> Result<Endpoint, OtlpError> {
        let wrong = |why| OtlpError::Endpoint { endpoint: text.to_owned(), why };
        let uri: Uri = text.parse().map_err(|_| wrong("it is no URL"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(wrong("only plain http is spoken; send to a collector on this host")),
            _ => return Err(wrong("it does not begin with http://")),
        }
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("it holds a name or a password, which plain http would show to all"));
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err(wrong("it names no host"));
        }
        let path = match uri.path_and_query().map(|path| path.as_str()) {
            None | Some("" | "/") => PATH.to_owned(),
            Some(path) => path.to_owned(),
        };
        Ok(Endpoint { host, port: authority.port_u16().unwrap_or(PORT), authority: authority.to_string(), path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_plain_http() {
        let of = |text: &str| Endpoint::parse(text).map(|found| (found.host, found.port, found.path));
        assert_eq!(of("http://localhost"), Ok(("localhost".into(), 4318, "/v1/traces".into())));
        assert_eq!(of("http://[::1]:99/"), Ok(("::1".into(), 99, "/v1/traces".into())));
        assert_eq!(of("http://a.b:99/x?y"), Ok(("a.b".into(), 99, "/x?y".into())));
        for bad in ["", "localhost:4318", "https://a", "grpc://a", "http://", "http:///x", "http://u:p@a", "http://a b"]
        {
            assert!(matches!(of(bad), Err(OtlpError::Endpoint { .. })), "{bad}");
        }
    }
}
