//! Compression of bodies: gzip, and deflate in its zlib form.
//!
//! What a client sends is decoded in a stream that ends at the limit: memory is taken for what came out, never for
//! what a header says.

use std::io::{self, Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};

use super::blocking;
use crate::error::RequestError;

/// A way to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
}

impl Coding {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
        }
    }

    fn of(name: &str) -> Option<Coding> {
        match name.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Some(Coding::Gzip),
            "deflate" => Some(Coding::Deflate),
            _ => None,
        }
    }
}

/// What a client takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accepted {
    /// What it likes best.
    pub(super) coding: Coding,
    /// Whether that is all it names. HTTP libraries name several in every request; one alone was chosen by somebody.
    pub(super) is_chosen: bool,
}

impl Accepted {
    /// What the client of these headers takes; `None`: it should be sent what there is as it is.
    pub(super) fn of(headers: &HeaderMap) -> Option<Accepted> {
        let lists = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|list| list.to_str().ok());
        let (mut best, mut named) = (None, 0);
        for item in lists.flat_map(|list| list.split(',')) {
            named += 1;
            let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
            let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.parse::<f32>().ok());
            let Some((coding, weight)) = Coding::of(name.trim()).zip(weight.filter(|weight| *weight > 0.0)) else {
                continue;
            };
            if best.is_none_or(|(_, most)| weight > most) {
                best = Some((coding, weight));
            }
        }
        best.map(|(coding, _)| Accepted { coding, is_chosen: named == 1 })
    }
}

/// What a client sent, decoded as its headers say, if it comes to at most `limit` bytes.
pub(super) async fn decoded(headers: &HeaderMap, body: Bytes, limit: usize) -> Result<Bytes, RequestError> {
    let mut given = headers.get_all(CONTENT_ENCODING).iter();
    let coding = match (given.next().map(|name| name.to_str().unwrap_or("?").trim()), given.next()) {
        (None | Some("" | "identity"), None) => return Ok(body),
        (Some(name), None) => Coding::of(name),
        (_, Some(_)) => None,
    };
    let Some(coding) = coding else {
        return Err(RequestError::Invalid("content-encoding of a request is one of gzip, deflate, identity".into()));
    };
    blocking(move || decompress(coding, &body, limit)).await
}

fn decompress(coding: Coding, body: &[u8], limit: usize) -> Result<Bytes, RequestError> {
    let (read, left) = match coding {
        Coding::Gzip => (read(MultiGzDecoder::new(body), limit), 0),
        Coding::Deflate => {
            let mut decoder = ZlibDecoder::new(body);
            (read(&mut decoder, limit), decoder.get_ref().len())
        }
    };
    let name = coding.name();
    match read {
        Ok(read) if read.len() > limit => Err(RequestError::TooLarge { limit }),
        Ok(_) if left > 0 => Err(RequestError::Invalid(format!("body has {left} bytes after its end as {name}"))),
        Ok(read) => Ok(read.into()),
        Err(error) => Err(RequestError::Invalid(format!("body is not {name}, as its content-encoding says: {error}"))),
    }
}

/// All of it, or one byte more than `limit`.
fn read(decoder: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    decoder.take((limit as u64).saturating_add(1)).read_to_end(&mut read)?;
    Ok(read)
}

/// `body`, compressed.
pub(super) async fn encoded(coding: Coding, body: Bytes) -> Result<Bytes, RequestError> {
    blocking(move || {
        let compressed = compress(coding, &body);
        compressed.map_err(|error| RequestError::Failed(format!("answer cannot be compressed: {error}")))
    })
    .await
}

fn compress(coding: Coding, body: &[u8]) -> io::Result<Bytes> {
    let out = Vec::with_capacity(body.len() / 2);
    let compressed = match coding {
        Coding::Gzip => {
            let mut encoder = GzEncoder::new(out, Compression::fast());
            encoder.write_all(body)?;
            encoder.finish()?
        }
        Coding::Deflate => {
            let mut encoder = ZlibEncoder::new(out, Compression::fast());
            encoder.write_all(body)?;
            encoder.finish()?
        }
    };
    Ok(compressed.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: http::HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn what_is_compressed_is_read_back() {
        for coding in [Coding::Gzip, Coding::Deflate] {
            for body in [&b""[..], b"x", &[7; 100_000]] {
                let compressed = compress(coding, body).unwrap();
                assert_eq!(decompress(coding, &compressed, body.len()).unwrap(), body);
            }
        }
        let two = [compress(Coding::Gzip, b"a").unwrap(), compress(Coding::Gzip, b"b").unwrap()].concat();
        assert_eq!(decompress(Coding::Gzip, &two, 2).unwrap(), &b"ab"[..]);
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        for coding in [Coding::Gzip, Coding::Deflate] {
            let bomb = compress(coding, &vec![0; 8 << 20]).unwrap();
            assert!(bomb.len() < 1 << 17);
            assert_eq!(decompress(coding, &bomb, 1 << 20), Err(RequestError::TooLarge { limit: 1 << 20 }));
            assert!(decompress(coding, &bomb, 8 << 20).is_ok());
        }
    }

    #[test]
    fn what_is_not_compressed_is_refused() {
        for coding in [Coding::Gzip, Coding::Deflate] {
            let good = compress(coding, &[1; 1000]).unwrap();
            let trailing = [&good[..], b"more"].concat();
            for bad in [&b""[..], b"{}", &good[..good.len() - 1], &trailing] {
                assert!(
                    matches!(decompress(coding, bad, 1 << 20), Err(RequestError::Invalid(_))),
                    "{coding:?} {bad:?}"
                );
            }
        }
    }

    #[test]
    fn a_client_gets_what_it_likes_best() {
        for (given, expected) in [
            (&["gzip"][..], Some((Coding::Gzip, true))),
            (&["deflate;q=0.5"], Some((Coding::Deflate, true))),
            (&["gzip, deflate, br"], Some((Coding::Gzip, false))),
            (&["br", "GZIP;q=0.5,deflate; q=0.8"], Some((Coding::Deflate, false))),
            (&["gzip;q=0"], None),
            (&["identity"], None),
            (&["*"], None),
            (&["gzip;q=x"], None),
            (&[], None),
        ] {
            let accepted = Accepted::of(&headers(ACCEPT_ENCODING, given));
            assert_eq!(accepted.map(|accepted| (accepted.coding, accepted.is_chosen)), expected, "{given:?}");
        }
    }

    #[test]
    fn a_body_is_decoded_as_its_header_says() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let decode =
            |values: &[&str], body: Bytes| runtime.block_on(decoded(&headers(CONTENT_ENCODING, values), body, 100));
        let plain = Bytes::from_static(b"{}");
        assert_eq!(decode(&[], plain.clone()), Ok(plain.clone()));
        assert_eq!(decode(&["identity"], plain.clone()), Ok(plain.clone()));
        assert_eq!(decode(&["gzip"], compress(Coding::Gzip, b"{}").unwrap()), Ok(plain.clone()));
        for values in [&["br"][..], &["gzip, gzip"], &["gzip", "gzip"]] {
            assert!(matches!(decode(values, plain.clone()), Err(RequestError::Invalid(_))), "{values:?}");
        }
    }
}
