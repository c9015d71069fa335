//! What is taken for a trace, and what is not.

use super::*;

const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn headers(lines: &[(HeaderName, &str)]) -> HeaderMap {
    let value = |text: &str| HeaderValue::from_str(text).expect("a header's value");
    lines.iter().map(|(name, text)| (name.clone(), value(text))).collect()
}

fn parent(text: &str) -> Option<TraceContext> {
    TraceContext::parse(&headers(&[(TRACEPARENT, text)]))
}

fn state(lines: &[&str]) -> String {
    let mut all = headers(&[(TRACEPARENT, GOOD)]);
    for line in lines {
        all.append(TRACESTATE, HeaderValue::from_str(line).expect("a header's value"));
    }
    TraceContext::parse(&all).expect("a trace").state().to_owned()
}

#[test]
fn a_trace_goes_on() {
    let context = parent(GOOD).expect("a trace");
    assert_eq!((context.header().as_str(), context.is_sampled()), (GOOD, true));
    let child = context.child();
    assert_eq!((child.trace_id(), child.parent_id()), (context.trace_id(), Some(context.span_id())));
    assert_ne!(child.span_id(), context.span_id());
    assert_eq!(parent(&child.header()).map(|context| context.span_id()), Some(child.span_id()));
    let begun = TraceContext::begin();
    assert_ne!(begun.trace_id(), TraceContext::begin().trace_id());
    assert_eq!(parent(&begun.header()), Some(begun));
}

#[test]
fn a_later_version_may_say_more() {
    let later = GOOD.replacen("00", "cc", 1);
    assert_eq!(parent(&later), parent(GOOD));
    assert_eq!(parent(&format!("{later}-more")), parent(GOOD));
    assert_eq!(parent(&format!("{later}more")), None);
}

#[test]
fn what_breaks_a_rule_is_no_trace() {
    let zeros = GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32));
    let nobody = GOOD.replace("00f067aa0ba902b7", &"0".repeat(16));
    let (longer, upper) = (format!("{GOOD}-"), GOOD.to_uppercase());
    for bad in ["", "00", "00-", &GOOD[..54], &longer, &upper, &zeros, &nobody, &GOOD.replacen("00", "ff", 1)] {
        assert_eq!(parent(bad), None, "{bad}");
    }
    for (from, to) in [("-4", "_4"), ("4b", "4g"), ("4b", "+b"), ("-01", "-0x"), ("-01", "- 1")] {
        assert_eq!(parent(&GOOD.replacen(from, to, 1)), None, "{from} as {to}");
    }
    let mut twice = headers(&[(TRACEPARENT, GOOD)]);
    twice.append(TRACEPARENT, HeaderValue::from_static(GOOD));
    assert_eq!(TraceContext::parse(&twice), None);
    assert_eq!(TraceContext::parse(&HeaderMap::new()), None);
}

#[test]
fn a_state_is_passed_on_or_dropped() {
    assert_eq!(state(&["a=1, 0t@v=x y ,", "b_-*/=!"]), "a=1,0t@v=x y,b_-*/=!");
    let many: Vec<String> = (0..33).map(|index| format!("k{index}=v")).collect();
    assert_eq!(state(&[&many[..32].join(",")]).split(',').count(), 32);
    for bad in ["a", "=1", "A=1", "a=1,a=2", "a=", "a=b=c", "1a=1", "a@1=1", "a@=1", &many.join(",")] {
        assert_eq!(state(&[bad]), "", "{bad}");
    }
    let long = "x".repeat(250);
    let whole = state(&[&format!("a={long},b={long},c={long}")]);
    assert_eq!(whole, format!("a={long},b={long}"));
    let mut out = HeaderMap::new();
    TraceContext { state: "a=1".into(), ..parent(GOOD).expect("a trace") }.write(&mut out);
    assert_eq!((out[TRACEPARENT].as_bytes(), out[TRACESTATE].as_bytes()), (GOOD.as_bytes(), &b"a=1"[..]));
}
