//! The page's files, held in the program, and the headers that bind a browser.

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, Response};
use http_body_util::Full;

use crate::front::Body;

/// Only this server is asked, and only its files are run. Nobody frames the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Path, type, content.
const FILES: [(&str, &str, &str); 10] = [
    ("/", HTML, include_str!("files/page.html")),
    ("/page/page.css", CSS, include_str!("files/page.css")),
    ("/page/main.js", SCRIPT, include_str!("files/main.js")),
    ("/page/dom.js", SCRIPT, include_str!("files/dom.js")),
    ("/page/figures.js", SCRIPT, include_str!("files/figures.js")),
    ("/page/charts.js", SCRIPT, include_str!("files/charts.js")),
    ("/page/tables.js", SCRIPT, include_str!("files/tables.js")),
    ("/page/starts.js", SCRIPT, include_str!("files/starts.js")),
    ("/page/tensor.js", SCRIPT, include_str!("files/tensor.js")),
    ("/page/form.js", SCRIPT, include_str!("files/form.js")),
];

/// The file at `path`.
pub(super) fn find(path: &str) -> Option<Response<Body>> {
    let (_, kind, content) = FILES.iter().find(|(file, ..)| *file == path)?;
    let mut response = Response::new(Body::new(Full::new(Bytes::from_static(content.as_bytes()))));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    // A new server may have a new page under the same names.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    guard(headers);
    Some(response)
}

/// Headers that every answer of the page has.
pub(super) fn guard(headers: &mut HeaderMap) {
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let own = HeaderValue::from_static("same-origin");
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), own);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every name of a file in the page's files is one that is served, and no address of another server is in them.
    #[test]
    fn the_page_asks_for_what_is_there_and_for_nothing_else() {
        let mut asked = BTreeSet::new();
        for (file, _, content) in FILES {
            for line in content.lines() {
                for (mark, before) in [("\"/page/", ""), ("from \"./", "/page/")] {
                    for rest in line.split(mark).skip(1) {
                        let name = rest.split('"').next().unwrap();
                        asked.insert(format!("{}{name}", if before.is_empty() { "/page/" } else { before }));
                    }
                }
                let elsewhere = line.replace("http://www.w3.org/2000/svg", "");
                assert!(!elsewhere.contains("://") && !elsewhere.contains("@import"), "{file}: {line}");
                assert!(line.chars().count() <= 120, "{file}: {line}");
            }
            assert!(!content.contains("innerHTML") && !content.contains("eval("), "{file}");
        }
        let served: BTreeSet<String> = FILES.iter().skip(1).map(|(file, ..)| (*file).to_owned()).collect();
        assert_eq!(asked, served);
        assert!(find("/page/").is_none() && find("/page/../page/main.js").is_none() && find("").is_none());
        let page = find("/").unwrap();
        assert_eq!(page.headers()[CONTENT_SECURITY_POLICY], POLICY);
    }
}
