//! [`Route`]: a path becomes a question. Names are decoded here, once; whether anything is called so, others know.

use crate::error::RequestError;

/// What a path asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Server,
    Live,
    Ready,
    Models,
    AllStatistics,
    Model { name: String, version: Option<String>, asks: Asks },
    Index,
    Load(String),
    Unload(String),
}

/// What is asked of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    Metadata,
    Ready,
    Config,
    Statistics,
    Infer,
}

impl Route {
    /// What `path` asks; a slash at its end changes nothing.
    pub(super) fn of(path: &str) -> Result<Route, RequestError> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let segments: Vec<&str> = path.strip_suffix('/').unwrap_or(path).split('/').collect();
        Ok(match segments.as_slice() {
            ["v2"] => Route::Server,
            ["v2", "health", "live"] => Route::Live,
            ["v2", "health", "ready"] => Route::Ready,
            ["v2", "models"] => Route::Models,
            ["v2", "models", "stats"] => Route::AllStatistics,
            ["v2", "models", name, "versions", version, rest @ ..] => {
                Route::Model { name: decoded(name)?, version: Some(decoded(version)?), asks: Asks::of(rest)? }
            }
            ["v2", "models", name, rest @ ..] => {
                Route::Model { name: decoded(name)?, version: None, asks: Asks::of(rest)? }
            }
            ["v2", "repository", "index"] => Route::Index,
            ["v2", "repository", "models", name, "load"] => Route::Load(plain(name)?),
            ["v2", "repository", "models", name, "unload"] => Route::Unload(plain(name)?),
            _ => return Err(nothing_here()),
        })
    }

    /// Whether it is asked by POST, and not by GET.
    pub(super) fn is_post(&self) -> bool {
        match self {
            Route::Model { asks, .. } => *asks == Asks::Infer,
            Route::Index | Route::Load(_) | Route::Unload(_) => true,
            Route::Server | Route::Live | Route::Ready | Route::Models | Route::AllStatistics => false,
        }
    }
}

impl Asks {
    fn of(segments: &[&str]) -> Result<Asks, RequestError> {
        match segments {
            [] => Ok(Asks::Metadata),
            ["ready"] => Ok(Asks::Ready),
            ["config"] => Ok(Asks::Config),
            ["stats"] => Ok(Asks::Statistics),
            ["infer"] => Ok(Asks::Infer),
            _ => Err(nothing_here()),
        }
    }
}

fn nothing_here() -> RequestError {
    RequestError::NotFound("nothing is at this path: models are at /v2/models, each below its name".into())
}

/// A segment without its percent signs.
fn decoded(segment: &str) -> Result<String, RequestError> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let digits = rest.split_first_chunk::<2>().and_then(|([high, low], after)| {
            let digit = |byte: &u8| char::from(*byte).to_digit(16);
            Some((u8::try_from(digit(high)? * 16 + digit(low)?).ok()?, after))
        });
        let Some((byte, after)) = digits else {
            return Err(RequestError::Invalid("path has a '%' without two digits after it".into()));
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).map_err(|_| RequestError::Invalid("path has a name that is not UTF-8".into()))
}

/// A segment that may come to be a file's name: one that can leave no directory.
fn plain(segment: &str) -> Result<String, RequestError> {
    let name = decoded(segment)?;
    let is_odd = |letter: char| letter.is_control() || letter == '/' || letter == '\\';
    if name.is_empty() || name.starts_with('.') || name.contains(is_odd) {
        return Err(RequestError::Invalid(format!("{name:?} is no name of a model")));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(name: &str, version: Option<&str>, asks: Asks) -> Route {
        Route::Model { name: name.into(), version: version.map(Into::into), asks }
    }

    #[test]
    fn each_path_has_its_question() {
        for (path, expected) in [
            ("/v2", Route::Server),
            ("/v2/", Route::Server),
            ("/v2/health/live", Route::Live),
            ("/v2/health/ready", Route::Ready),
            ("/v2/models", Route::Models),
            ("/v2/models/stats", Route::AllStatistics),
            ("/v2/models/m", model("m", None, Asks::Metadata)),
            ("/v2/models/m/ready", model("m", None, Asks::Ready)),
            ("/v2/models/m/versions/3", model("m", Some("3"), Asks::Metadata)),
            ("/v2/models/m/versions/3/config", model("m", Some("3"), Asks::Config)),
            ("/v2/models/m/stats", model("m", None, Asks::Statistics)),
            ("/v2/models/stats/infer", model("stats", None, Asks::Infer)),
            ("/v2/repository/index", Route::Index),
            ("/v2/repository/models/a.b/load", Route::Load("a.b".into())),
            ("/v2/repository/models/m/unload", Route::Unload("m".into())),
        ] {
            assert_eq!(Route::of(path), Ok(expected), "{path}");
        }
    }

    #[test]
    fn names_are_decoded_once_and_after_the_path_is_cut() {
        for (path, name) in [
            ("/v2/models/a%20b", "a b"),
            ("/v2/models/%C3%A9%2fx", "\u{e9}/x"),
            ("/v2/models/%2525", "%25"),
            ("/v2/models/..", ".."),
            ("/v2/models/a+b", "a+b"),
        ] {
            assert_eq!(Route::of(path), Ok(model(name, None, Asks::Metadata)), "{path}");
        }
        for path in ["/v2/models/%", "/v2/models/%4", "/v2/models/%zz", "/v2/models/%+1", "/v2/models/%ff"] {
            assert!(matches!(Route::of(path), Err(RequestError::Invalid(_))), "{path}");
        }
    }

    #[test]
    fn other_paths_are_nobody_s() {
        for path in ["", "/", "/v1/models", "/v2/models/m/versions", "/v2/models/m/x/infer", "//v2", "/v2/repository"] {
            assert!(matches!(Route::of(path), Err(RequestError::NotFound(_))), "{path}");
        }
    }

    #[test]
    fn what_is_loaded_has_a_name_that_leaves_no_directory() {
        for name in ["..", ".", "%2e%2e", "a%2fb", "..%2f..%2fetc", "a%00", "%5c", "%0a"] {
            let path = format!("/v2/repository/models/{name}/load");
            assert!(matches!(Route::of(&path), Err(RequestError::Invalid(_))), "{path}");
        }
    }

    #[test]
    fn what_changes_or_computes_is_asked_by_post() {
        for path in ["/v2/models/m/infer", "/v2/repository/index", "/v2/repository/models/m/load"] {
            assert!(Route::of(path).unwrap().is_post(), "{path}");
        }
        for path in ["/v2", "/v2/health/ready", "/v2/models/m", "/v2/models/m/stats", "/v2/models/stats"] {
            assert!(!Route::of(path).unwrap().is_post(), "{path}");
        }
    }
}
