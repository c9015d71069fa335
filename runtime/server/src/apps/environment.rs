//! What a command is told of its request beside the body: variables, as CGI names them (RFC 3875).
//!
//! Credentials are not among them, nor `HTTP_PROXY`, which programs take for their own proxy.

use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, PROXY_AUTHORIZATION};
use http::request::Parts;

use super::{Call, forward};

/// The header that would become `HTTP_PROXY`.
const PROXY: HeaderName = HeaderName::from_static("proxy");

/// The variables of a request whose body has `len` bytes.
pub(super) fn of(call: &Call<'_>, head: &Parts, len: usize) -> Vec<(String, String)> {
    let (path, query) = call.target();
    let whole = head.uri.path();
    let own = whole.strip_suffix(path.as_str()).unwrap_or(whole).trim_end_matches('/');
    let mut variables = vec![
        ("REQUEST_METHOD".to_owned(), head.method.as_str().to_owned()),
        ("SCRIPT_NAME".to_owned(), decoded(own)),
        ("PATH_INFO".to_owned(), decoded(&path)),
        ("QUERY_STRING".to_owned(), query.unwrap_or_default().to_owned()),
        ("CONTENT_LENGTH".to_owned(), len.to_string()),
        ("SERVER_PROTOCOL".to_owned(), format!("{:?}", head.version)),
    ];
    let mut headers = head.headers.clone();
    forward::passed_on(call.context, &mut headers);
    for name in headers.keys() {
        if [AUTHORIZATION, PROXY_AUTHORIZATION, CONTENT_LENGTH, PROXY].contains(name) {
            continue;
        }
        let values: Vec<_> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        let variable = match name {
            name if *name == CONTENT_TYPE => "CONTENT_TYPE".to_owned(),
            name => format!("HTTP_{}", name.as_str().to_ascii_uppercase().replace('-', "_")),
        };
        variables.push((variable, values.join(", ")));
    }
    variables
}

/// A path without its escapes; as it is where that is no text.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = match rest {
            [b'%', high, low, ..] => digit(*high).zip(digit(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).unwrap_or_else(|| path.to_owned())
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_a_path_are_undone_where_that_gives_text() {
        for (path, expected) in [
            ("/a%20b%2Fc", "/a b/c"),
            ("/%c3%a9", "/\u{e9}"),
            ("/100%", "/100%"),
            ("/%4", "/%4"),
            ("/%zz", "/%zz"),
            ("/%00", "/%00"),
            ("/%ff", "/%ff"),
        ] {
            assert_eq!(decoded(path), expected);
        }
    }
}
