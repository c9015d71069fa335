//! Requests that no honest client sends, in good HTTP: each is refused in words, and the next good one is answered.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::http::Reply;
use crate::models::{ask_one, home, is_one};
use crate::server::Server;
use crate::support::home::Home;

/// A server that enemies talk to.
struct Target {
    server: Server,
    _home: Home,
}

impl Target {
    fn new(words: &str) -> Target {
        let home = home(&["one", "two", "types"]);
        Target { server: Server::start(&home, words), _home: home }
    }

    /// Posts to a model with these headers.
    fn post(&self, model: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        self.server.connect().request("POST", &format!("/v2/models/{model}/infer"), headers, body)
    }

    /// The answer is a refusal, and a good request is answered after it.
    fn refused(&self, reply: Reply, status: u16, facts: &[&str]) {
        reply.refused(status, facts);
        self.lives();
    }

    /// A body in JSON is refused.
    fn refuses(&self, model: &str, body: impl AsRef<[u8]>, facts: &[&str]) {
        self.refused(self.post(model, &[], body.as_ref()), 400, facts);
    }

    /// JSON with bytes after it is refused.
    fn refuses_binary(&self, model: &str, json: &str, tail: &[u8], facts: &[&str]) {
        let body = [json.as_bytes(), tail].concat();
        let length = json.len().to_string();
        let headers = [("inference-header-content-length", length.as_str())];
        self.refused(self.post(model, &headers, &body), 400, facts);
    }

    fn lives(&self) {
        is_one(self.server.infer("one", ask_one()), 1.0);
    }
}

/// A request with this tensor as its one input.
fn tensor(name: &str, shape: &str, dtype: &str, rest: &str) -> String {
    format!(r#"{{"inputs":[{{"name":{name},"shape":{shape},"datatype":{dtype},{rest}}}]}}"#)
}

/// The same to `one`, in all but its shape and its data as it should be.
fn shaped(shape: &str, rest: &str) -> String {
    tensor("\"x\"", shape, "\"FP32\"", rest)
}

#[test]
fn dims_that_multiply_past_all_bounds() {
    let target = Target::new("");
    let dims = ["[16,1152921504606846978]", "[4611686018427387904,4611686018427387904,16]", "[18446744073709551615,2]"];
    for shape in dims {
        target.refuses("one", shaped(shape, r#""data":[1,2,3]"#), &["x"]);
        let said = shaped(shape, r#""parameters":{"binary_data_size":32}"#);
        target.refuses_binary("one", &said, &[0; 32], &["x"]);
    }
    let many = format!("[{}]", vec!["2"; 70].join(","));
    for shape in ["[-1,3]", "[2.5,3]", "[18446744073709551616]", "[\"2\",3]", "[[2],3]", "[0,0,0]", "[]", &many, "null"]
    {
        target.refuses("one", shaped(shape, r#""data":[1,2,3,4,5,6]"#), &[]);
    }
}

#[test]
fn json_nested_without_end() {
    let target = Target::new("");
    for depth in [100, 250_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nest = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            target.refuses("one", &nest, &[]);
            target.refuses("one", open.repeat(depth), &[]);
            target.refuses("one", shaped("[2,3]", &format!("\"data\":{nest}")), &[]);
        }
        let shape = "[".repeat(depth) + &"]".repeat(depth);
        target.refuses("one", shaped(&shape, "\"data\":[1]"), &[]);
    }
    // Where nobody looks at it, it must not hurt either.
    let ignored = format!("{}{}", "[".repeat(250_000), "]".repeat(250_000));
    let body = ask_one().replacen('{', &format!("{{\"own\":{ignored},"), 1);
    let reply = target.post("one", &[], body.as_bytes());
    assert!(reply.status == 200 || reply.status == 400, "{reply:?}");
    target.lives();
}

#[test]
fn what_is_no_request_at_all() {
    let target = Target::new("");
    let whole = ask_one();
    let bodies: [&[u8]; 12] = [
        b"",
        b" ",
        b"null",
        b"[]",
        b"{}",
        b"42",
        b"\"inputs\"",
        b"{\"inputs\":null}",
        b"{\"inputs\":[]}",
        b"{\"inputs\":[null]}",
        b"{\"inputs\":[{}]}",
        b"\xff\xfe\x00{",
    ];
    bodies.iter().for_each(|body| target.refuses("one", body, &[]));
    for end in 0..whole.len() {
        target.post("one", &[], &whole.as_bytes()[..end]).refused(400, &[]);
    }
    target.refuses("one", whole.clone() + "x", &[]);
    target.refuses("one", whole.clone() + &whole, &[]);
}

#[test]
fn data_that_do_not_fit() {
    let target = Target::new("");
    let lists = [
        "[1,2,3,4,5]",
        "[1,2,3,4,5,6,7]",
        "[]",
        "[1,2,3,4,5,\"6\"]",
        "[1,2,3,4,5,null]",
        "[1,2,3,4,5,true]",
        "[[1,2,3],[4,5]]",
        "{\"0\":1}",
        "\"AAAA\"",
        "[1,2,3,4,5,NaN]",
        "[1,2,3,4,5,1e999]",
    ];
    for data in lists {
        target.refuses("one", shaped("[2,3]", &format!("\"data\":{data}")), &[]);
    }
    target.refuses("one", shaped("[2,3]", "\"parameters\":{}"), &["x"]);
    let of = |dtype: &str, value: &str| {
        let json = tensor("\"x\"", "[1]", &format!("\"{}\"", dtype.to_uppercase()), &format!("\"data\":[{value}]"));
        target.refuses(&format!("types.{dtype}"), json, &[]);
    };
    for (dtype, values) in [
        ("uint8", ["256", "-1", "1.5"]),
        ("int8", ["128", "-129", "\"1\""]),
        ("uint64", ["18446744073709551616", "-1", "1.5"]),
        ("int64", ["9223372036854775808", "-9223372036854775809", "1e30"]),
        ("bool", ["2", "\"true\"", "null"]),
        ("bytes", ["1", "null", "[\"a\",\"b\"]"]),
    ] {
        values.iter().for_each(|value| of(dtype, value));
    }
}

#[test]
fn binary_data_that_are_not_as_long_as_they_say() {
    let target = Target::new("");
    let sized = |size: &str| shaped("[2,3]", &format!("\"parameters\":{{\"binary_data_size\":{size}}}"));
    for size in ["23", "25", "0", "-24", "1e3", "24.5", "\"24\"", "null", "18446744073709551615", "99999999999"] {
        target.refuses_binary("one", &sized(size), &[0; 24], &[]);
    }
    for length in [0, 23, 25, 48] {
        target.refuses_binary("one", &sized("24"), &vec![0; length], &[]);
    }
    // Both ways at once.
    let both = shaped("[2,3]", "\"data\":[1,2,3,4,5,6],\"parameters\":{\"binary_data_size\":24}");
    target.refuses_binary("one", &both, &[0; 24], &["x"]);
    // A bool that is neither.
    let bools = tensor("\"x\"", "[4]", "\"BOOL\"", "\"parameters\":{\"binary_data_size\":4}");
    target.refuses_binary("types.bool", &bools, &[0, 1, 2, 255], &[]);
}

#[test]
fn a_head_that_is_not_as_long_as_it_says() {
    let target = Target::new("");
    let body = ask_one();
    let past = (body.len() + 1).to_string();
    for length in [past.as_str(), "99999999999", "18446744073709551616", "-1", "abc", "1.5", "", "10"] {
        let headers = [("inference-header-content-length", length)];
        target.refused(target.post("one", &headers, body.as_bytes()), 400, &[]);
    }
}

#[test]
fn a_million_parts_of_one_byte() {
    let target = Target::new("");
    let body = ask_one();
    let mut connection = target.server.connect();
    connection
        .send(crate::http::head("POST", "/v2/models/one/infer", &[("transfer-encoding", "chunked")], 0))
        .expect("it is read");
    let padded = body + &" ".repeat(1_000_000);
    let parts: Vec<u8> = padded.bytes().flat_map(|byte| [b'1', b'\r', b'\n', byte, b'\r', b'\n']).collect();
    connection.send(parts).expect("it is read");
    connection.send("0\r\n\r\n").expect("it is read");
    is_one(connection.reply(), 1.0);
    target.lives();
}

/// The most memory that a process has had, in bytes.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().strip_suffix(" kB").and_then(|kib| kib.parse::<u64>().ok()).expect("a number") * 1024
}

#[test]
fn a_bomb_is_not_unpacked() {
    let target = Target::new("--max-body 1MiB");
    target.lives();
    let before = peak(target.server.pid());
    // 1 GiB of blanks, twice packed: a megabyte on the wire, or a thousand bytes.
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    (0..1024).for_each(|_| packed.write_all(&vec![b' '; 1 << 20]).expect("memory"));
    let bomb = packed.finish().expect("memory");
    target.refused(target.post("one", &[("content-encoding", "gzip")], &bomb), 413, &["1048576", "max_body"]);
    let grown = peak(target.server.pid()) - before;
    assert!(grown < 16 << 20, "{grown} bytes more for a body of 1 MiB at most");
}

#[test]
fn compression_that_is_none() {
    let target = Target::new("");
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(ask_one().as_bytes()).expect("memory");
    let good = packed.finish().expect("memory");
    is_one(target.post("one", &[("content-encoding", "gzip")], &good), 1.0);
    for bad in [b"no gzip".to_vec(), good[..good.len() / 2].to_vec(), good[..good.len() - 1].to_vec(), Vec::new()] {
        for encoding in ["gzip", "deflate"] {
            target.refused(target.post("one", &[("content-encoding", encoding)], &bad), 400, &[]);
        }
    }
    let mut wrong = good.clone();
    let sum = wrong.len() - 8;
    wrong[sum] ^= 1;
    target.refused(target.post("one", &[("content-encoding", "gzip")], &wrong), 400, &[]);
    target.refused(target.post("one", &[("content-encoding", "br")], &good), 400, &["gzip"]);
}

/// The limit is 64 MiB: as long, and one element longer.
#[test]
fn as_much_as_fits_and_one_element_more() {
    let target = Target::new("");
    let limit = 64 << 20;
    let ask = |body: usize| {
        // JSON may end in blanks, so its length is one for all.
        let size = body - 256;
        let rest = format!("\"parameters\":{{\"binary_data_size\":{size}}}");
        let asked = tensor("\"x\"", &format!("[{}]", size / 4), "\"FP32\"", &rest);
        let head = format!("{:256}", asked.replacen('{', "{\"parameters\":{\"binary_data_output\":true},", 1));
        let tail = vec![0x3fu8; size];
        let whole = [head.as_bytes(), &tail].concat();
        assert_eq!(whole.len(), body);
        (target.post("types.fp32", &[("inference-header-content-length", "256")], &whole), tail)
    };
    let (reply, tail) = ask(limit);
    assert!(reply.ok().body.ends_with(&tail), "the answer is not what was sent");
    let (reply, _) = ask(limit + 4);
    target.refused(reply, 413, &["67108864"]);
}

#[test]
fn tensors_named_twice() {
    let target = Target::new("");
    let input = r#"{"name":"x","shape":[2,3],"datatype":"FP32","data":[1,2,3,4,5,6]}"#;
    target.refuses("one", format!(r#"{{"inputs":[{input},{input}]}}"#), &["x"]);
    let outputs = r#"[{"name":"y"},{"name":"y"}]"#;
    target.refuses("one", format!(r#"{{"inputs":[{input}],"outputs":{outputs}}}"#), &["y"]);
    target.refuses("one", format!(r#"{{"inputs":[{input}],"inputs":[{input}]}}"#), &[]);
    let twice = input.replacen("\"shape\":[2,3]", "\"shape\":[2,3],\"shape\":[2,3]", 1);
    target.refuses("one", format!(r#"{{"inputs":[{twice}]}}"#), &[]);
    let many = vec![input.replace("\"x\"", "\"y\""); 10_000].join(",");
    target.refuses("one", format!(r#"{{"inputs":[{many}]}}"#), &[]);
}

#[test]
fn names_that_mean_something_elsewhere() {
    let target = Target::new("");
    for name in ["..", "../one", "", " ", "one ", "/etc/passwd", "one\\u0000", "\\ud800", "%2e%2e", "one.blink"] {
        let json = tensor(&format!("\"{name}\""), "[2,3]", "\"FP32\"", "\"data\":[1,2,3,4,5,6]");
        target.refuses("one", json, &[]);
    }
    for dtype in ["FLOAT", "fp32", "", "FP32 ", "\\u0000"] {
        let json = tensor("\"x\"", "[2,3]", &format!("\"{dtype}\""), "\"data\":[1,2,3,4,5,6]");
        target.refuses("one", json, &[]);
    }
    let long = "x".repeat(1 << 20);
    target.refuses("one", tensor(&format!("\"{long}\""), "[2,3]", "\"FP32\"", "\"data\":[1]"), &[]);
}

#[test]
fn paths_that_lead_elsewhere() {
    let target = Target::new("");
    let models = [
        "..",
        "%2e%2e",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e%2f%2e%2e",
        "one%00",
        "%00",
        "%20",
        "one%20",
        "one%2f",
        "one.blink",
        "%ff%fe",
        "one%",
        "one%zz",
        "%252e%252e",
    ];
    for model in models {
        for path in [format!("/v2/models/{model}"), format!("/v2/models/{model}/infer")] {
            let method = if path.ends_with("infer") { "POST" } else { "GET" };
            let reply = target.server.connect().request(method, &path, &[], ask_one().as_bytes());
            assert!([400, 404].contains(&reply.status), "{path}: {reply:?}");
            reply.refused(reply.status, &[]);
        }
    }
    for version in ["0", "-1", "1.0", "+1", "01%00", "one", "99999999999999999999", "..", "%2e"] {
        let reply = target.server.get(&format!("/v2/models/one/versions/{version}"));
        assert!([400, 404].contains(&reply.status), "{version}: {reply:?}");
    }
    let long = format!("/v2/models/{}", "x".repeat(30_000));
    let reply = target.server.get(&long);
    assert!([400, 404, 414, 431].contains(&reply.status), "{}", reply.status);
    target.lives();
}

#[test]
fn strings_whose_lengths_lie() {
    let target = Target::new("");
    let word = |length: u32, text: &[u8]| [&length.to_le_bytes(), text].concat();
    let cases = [
        (1, word(5, b"four")),
        (1, word(u32::MAX, b"")),
        (1, word(0x7fff_ffff, b"four")),
        (1, [word(4, b"four"), vec![0; 3]].concat()),
        (1, [word(4, b"four"), word(0, b"")].concat()),
        (2, word(4, b"four")),
        (1, vec![1, 0, 0]),
        (1, Vec::new()),
        (1, word(2, b"\xff\xfe")),
        (1_000_000_000, word(0, b"")),
    ];
    for (count, tail) in cases {
        let rest = format!("\"parameters\":{{\"binary_data_size\":{}}}", tail.len());
        let json = tensor("\"x\"", &format!("[{count}]"), "\"BYTES\"", &rest);
        target.refuses_binary("types.bytes", &json, &tail, &["x"]);
    }
}
