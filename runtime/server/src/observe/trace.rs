//! [`TraceContext`]: where a request stands in its caller's trace, as W3C Trace Context writes it.
//!
//! It reads strictly: a `traceparent` that breaks a rule is ignored, and whoever asked begins a trace of its own. A
//! `tracestate` that breaks a rule is dropped alone.

use std::fmt::Write;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use rand::RngExt;

use crate::front::{Context, Seen};

/// The header that names trace and caller.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The header that tracing systems keep their own words in.
pub const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Members of a `tracestate`, at most.
const MEMBERS: usize = 32;
/// Bytes of a `tracestate` that is passed on.
const STATE: usize = 512;
/// Characters of a `traceparent` of version 00.
const LENGTH: usize = 55;
/// The flag that says that the caller keeps this trace.
const SAMPLED: u8 = 1;

/// A span's place in a trace: the caller's as parsed, one of ours after [`TraceContext::child`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// Never all zeros.
    trace: [u8; 16],
    /// Never all zeros.
    span: [u8; 8],
    parent: Option<[u8; 8]>,
    flags: u8,
    state: String,
}

impl TraceContext {
    /// What a caller's headers say; `None` where they say nothing, or break a rule.
    pub fn parse(headers: &HeaderMap) -> Option<TraceContext> {
        let mut all = headers.get_all(TRACEPARENT).iter();
        let (first, None) = (all.next()?, all.next()) else { return None };
        let mut context = traceparent(first.to_str().ok()?.trim_matches([' ', '\t']))?;
        context.state = tracestate(headers).unwrap_or_default();
        Some(context)
    }

    /// A trace that begins here, and is kept.
    pub fn begin() -> TraceContext {
        TraceContext { trace: id(), span: id(), parent: None, flags: SAMPLED, state: String::new() }
    }

    /// A new span below this one.
    pub fn child(&self) -> TraceContext {
        TraceContext { span: id(), parent: Some(self.span), ..self.clone() }
    }

    /// Whether the caller keeps this trace.
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// The trace: 32 digits.
    pub fn trace_id(&self) -> String {
        hex(&self.trace)
    }

    /// The span: 16 digits.
    pub fn span_id(&self) -> String {
        hex(&self.span)
    }

    /// The span above, where it is known: 16 digits.
    pub fn parent_id(&self) -> Option<String> {
        self.parent.map(|parent| hex(&parent))
    }

    /// The `tracestate` as it came; empty where there was none.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// The `traceparent` of this place.
    pub fn header(&self) -> String {
        format!("00-{}-{}-{:02x}", hex(&self.trace), hex(&self.span), self.flags & SAMPLED)
    }

    /// Writes this place into the headers of an answer, or of a request that follows.
    pub fn write(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.header()) {
            headers.insert(TRACEPARENT, value);
        }
        if let (false, Ok(value)) = (self.state.is_empty(), HeaderValue::from_str(&self.state)) {
            headers.insert(TRACESTATE, value);
        }
    }
}

/// An id that no other has.
fn id<const N: usize>() -> [u8; N] {
    let mut id = [0; N];
    while id == [0; N] {
        rand::rng().fill(&mut id[..]);
    }
    id
}

/// `bytes` in lower case.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}

/// A request that is over.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// Its id, its trace, when it came.
    pub context: &'a Context,
    /// What it was for, and where its time went.
    pub seen: &'a Seen,
    /// How it asked.
    pub method: &'a Method,
    /// Where it asked.
    pub path: &'a str,
    /// How it was answered.
    pub status: StatusCode,
}

/// Sends the span of a request on, where spans are wanted. Never waits.
pub fn finished(outcome: &Outcome<'_>) {
    super::otlp::request(outcome);
}

fn traceparent(text: &str) -> Option<TraceContext> {
    let bytes = text.as_bytes();
    let [version] = digits(bytes.get(..2)?)?;
    let is_whole = match version {
        0 => bytes.len() == LENGTH,
        0xff => false,
        // A later version may say more after what this one says.
        _ => bytes.len() == LENGTH || bytes.get(LENGTH) == Some(&b'-'),
    };
    let dashes = [2, 35, 52].iter().all(|&at| bytes.get(at) == Some(&b'-'));
    if !is_whole || !dashes {
        return None;
    }
    let trace: [u8; 16] = digits(&bytes[3..35])?;
    let span: [u8; 8] = digits(&bytes[36..52])?;
    let [flags] = digits(&bytes[53..55])?;
    let is_named = trace != [0; 16] && span != [0; 8];
    is_named.then_some(TraceContext { trace, span, parent: None, flags, state: String::new() })
}

/// `N` bytes of hexadecimal digits in lower case.
fn digits<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    (text.len() == 2 * N).then_some(bytes)
}

/// All `tracestate` headers as one, without empty members; members at the end go where it is too long.
fn tracestate(headers: &HeaderMap) -> Option<String> {
    let mut members: Vec<(&str, &str)> = Vec::new();
    for value in headers.get_all(TRACESTATE) {
        for member in value.to_str().ok()?.split(',').map(|member| member.trim_matches([' ', '\t'])) {
            if member.is_empty() {
                continue;
            }
            let (key, value) = member.split_once('=')?;
            let is_new = members.iter().all(|(other, _)| *other != key);
            if !is_key(key) || !is_value(value) || !is_new || members.len() == MEMBERS {
                return None;
            }
            members.push((key, value));
        }
    }
    let mut state = String::new();
    for (key, value) in members {
        let comma = usize::from(!state.is_empty());
        if state.len() + comma + key.len() + 1 + value.len() > STATE {
            break;
        }
        _ = write!(state, "{}{key}={value}", if comma == 1 { "," } else { "" });
    }
    Some(state)
}

fn is_key(key: &str) -> bool {
    let signs =
        |part: &str| part.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/'));
    let begins = |part: &str, with_digit: bool| {
        part.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || (with_digit && byte.is_ascii_digit()))
    };
    match key.split_once('@') {
        Some((tenant, system)) => {
            let fits = tenant.len() <= 241 && system.len() <= 14;
            fits && begins(tenant, true) && begins(system, false) && signs(tenant) && signs(system)
        }
        None => key.len() <= 256 && begins(key, false) && signs(key),
    }
}

fn is_value(value: &str) -> bool {
    let printable = |byte: u8| (0x20..=0x7e).contains(&byte) && byte != b',' && byte != b'=';
    !value.is_empty() && value.len() <= 256 && value.bytes().all(printable) && !value.ends_with(' ')
}

#[cfg(test)]
#[path = "trace_tests.rs"]
mod tests;
