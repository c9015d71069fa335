//! The Open Inference Protocol over HTTP, byte by byte: what the clients of `../clients` do not show.

use serde_json::json;

use crate::models::{ask_one, home, is_one};
use crate::server::Server;
use crate::support::home::Home;
use crate::support::models::{X, Y};

fn serving() -> (Home, Server) {
    let home = home(&["one", "two", "types"]);
    let server = Server::start(&home, "");
    (home, server)
}

fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

#[test]
fn health_is_json_with_both_keys() {
    let (_home, server) = serving();
    for path in ["/v2/health/live", "/v2/health/ready"] {
        let reply = server.get(path).ok();
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.json(), json!({ "live": true, "ready": true }), "{path}");
    }
    for path in ["/v2/models/one/ready", "/v2/models/one/versions/1/ready"] {
        server.get(path).ok();
    }
}

#[test]
fn what_there_is_can_be_listed() {
    let (_home, server) = serving();
    let models = server.get("/v2/models").ok();
    for name in ["one", "two", "types.bool", "types.bytes"] {
        assert!(models.text().contains(&format!("\"{name}\"")), "{}", models.text());
    }
    let index = server.post("/v2/repository/index", "{}").ok().json();
    assert_eq!(index.as_array().map(Vec::len), Some(16), "{index}");
    let ready = server.post("/v2/repository/index", r#"{"ready":true}"#).ok().json();
    assert_eq!(ready, index);
    for path in ["/v2", "/v2/models/two", "/v2/models/two/versions/1", "/v2/models/two/config", "/v2/models/two/stats"]
    {
        let reply = server.get(path).ok();
        assert_eq!(reply.header("content-type"), Some("application/json"), "{path}");
        reply.json();
    }
}

/// As `curl --data` sends it, and as clients do that say nothing of what they send.
#[test]
fn any_content_type_will_do() {
    let (_home, server) = serving();
    for given in [None, Some("application/json"), Some("application/x-www-form-urlencoded"), Some("text/plain")] {
        let headers: Vec<_> = given.iter().map(|value| ("content-type", *value)).collect();
        let path = "/v2/models/one/infer";
        is_one(server.connect().request("POST", path, &headers, ask_one().as_bytes()), 1.0);
    }
}

#[test]
fn an_answer_tells_what_it_is() {
    let (_home, server) = serving();
    let reply = server.infer("one", ask_one()).ok();
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("inference-header-content-length"), None, "nothing is binary");
    let reply = reply.json();
    assert_eq!((&reply["model_name"], &reply["model_version"]), (&"one".into(), &"1".into()));
    assert_eq!(reply.get("id"), None, "the client gave none");
}

#[test]
fn a_body_may_be_the_one_input() {
    let (_home, server) = serving();
    let ask = |values: &[f32]| {
        let headers = [("inference-header-content-length", "0")];
        server.connect().request("POST", "/v2/models/one/infer", &headers, &bytes(values))
    };
    let reply = ask(&X).ok();
    // It is binary, as it was asked.
    let length: usize = reply.header("inference-header-content-length").expect("a length").parse().expect("a number");
    assert_eq!(reply.body[length..], bytes(&Y));
    let head: serde_json::Value = serde_json::from_slice(&reply.body[..length]).expect("JSON");
    assert_eq!(head["outputs"][0]["shape"], json!([2, 2]), "{head}");
    assert_eq!(head["outputs"][0]["parameters"]["binary_data_size"], 16, "{head}");
    ask(&X[..5]).refused(400, &["x"]);
}

#[test]
fn tensors_may_be_binary_one_by_one() {
    let (_home, server) = serving();
    let head = json!({
        "inputs": [
            { "name": "a", "shape": [2], "datatype": "INT64", "parameters": { "binary_data_size": 16 } },
            { "name": "b", "shape": [2], "datatype": "INT64", "data": [5, -6] },
        ],
        "outputs": [{ "name": "product", "parameters": { "binary_data": true } }, { "name": "sum" }],
    })
    .to_string();
    let body: Vec<u8> = head.bytes().chain([3i64, 4].iter().flat_map(|number| number.to_le_bytes())).collect();
    let length = head.len().to_string();
    let headers = [("inference-header-content-length", length.as_str())];
    let reply = server.connect().request("POST", "/v2/models/two/infer", &headers, &body).ok();
    let length: usize = reply.header("inference-header-content-length").expect("a length").parse().expect("a number");
    let (head, tail) = reply.body.split_at(length);
    let head: serde_json::Value = serde_json::from_slice(head).expect("JSON");
    assert_eq!((&head["outputs"][0]["name"], &head["outputs"][1]["name"]), (&"product".into(), &"sum".into()));
    assert_eq!(head["outputs"][1]["data"], json!([8, -2]));
    assert_eq!(tail, [15i64, -24].iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>());
}

/// Data may be nested as the shape is, and may stand before what tells its dtype.
#[test]
fn data_may_be_nested_and_keys_in_any_order() {
    let (_home, server) = serving();
    let body = r#" {"unknown":{"a":[1]},"inputs":[{"data":[[1,2.0,3e0],[-1,0.5,0]],"parameters":{"own":1},
        "shape":[2,3],"extra":null,"datatype":"FP32","name":"x"}],"parameters":{"own":"word"}} "#;
    is_one(server.infer("one", body), 1.0);
}

#[test]
fn a_connection_is_kept() {
    let (_home, server) = serving();
    let mut connection = server.connect();
    for _ in 0..3 {
        is_one(connection.request("POST", "/v2/models/one/infer", &[], ask_one().as_bytes()), 1.0);
        connection.request("POST", "/v2/models/one/infer", &[], b"{").refused(400, &[]);
        connection.request("GET", "/v2/absent", &[], b"").refused(404, &[]);
    }
}

#[test]
fn requests_may_follow_each_other_unanswered() {
    let (_home, server) = serving();
    let mut connection = server.connect();
    let body = ask_one();
    let whole = crate::http::head("POST", "/v2/models/one/infer", &[], body.len()) + &body;
    connection.send(whole.repeat(5)).expect("it is read");
    (0..5).for_each(|_| is_one(connection.reply(), 1.0));
}

#[test]
fn answers_are_compressed_for_those_who_ask() {
    let (_home, server) = serving();
    let numbers: Vec<String> = (0..9000).map(|number| (number % 100).to_string()).collect();
    let body =
        format!(r#"{{"inputs":[{{"name":"x","shape":[3000,3],"datatype":"FP32","data":[{}]}}]}}"#, numbers.join(","));
    let ask = |accepted: Option<&str>| {
        let headers: Vec<_> = accepted.iter().map(|value| ("accept-encoding", *value)).collect();
        server.connect().request("POST", "/v2/models/one/infer", &headers, body.as_bytes()).ok()
    };
    let plain = ask(None);
    assert_eq!(plain.header("content-encoding"), None);
    for (accepted, magic) in [("gzip", [0x1f, 0x8b]), ("gzip, deflate", [0x1f, 0x8b]), ("deflate", [0x78, 0])] {
        let packed = ask(Some(accepted));
        let encoding = packed.header("content-encoding").expect("an encoding");
        assert!(accepted.contains(encoding), "{accepted}: {encoding}");
        assert!(packed.body.len() < plain.body.len() / 2, "{accepted}: {} bytes", packed.body.len());
        assert!(packed.body[0] == magic[0] || encoding != "gzip", "{accepted}");
    }
    for unknown in ["identity", "br", "gzip;q=0"] {
        assert_eq!(ask(Some(unknown)).body, plain.body, "{unknown}");
    }
}

#[test]
fn every_answer_has_an_id_and_a_place_in_a_trace() {
    let (_home, server) = serving();
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let parent = format!("00-{trace}-b7ad6b7169203331-01");
    let headers = [("x-request-id", "mine-42"), ("traceparent", parent.as_str())];
    for (path, status) in [("/v2/health/live", 200), ("/v2/models/absent", 404)] {
        let reply = server.connect().request("GET", path, &headers, b"");
        assert_eq!((reply.status, reply.header("x-request-id")), (status, Some("mine-42")));
        let given = reply.header("traceparent").expect("a place");
        assert!(given.starts_with(&format!("00-{trace}-")) && given != parent, "{given}");
        let own = server.get(path);
        assert!(own.header("x-request-id").is_some_and(|id| !id.is_empty() && id != "mine-42"), "{own:?}");
    }
}

#[test]
fn what_is_not_there_is_said_in_json() {
    let (_home, server) = serving();
    for path in ["/v2/models/absent", "/v2/models/absent/ready", "/v2/models/one/versions/7", "/v2/what", "/v3", "/x/y"]
    {
        server.get(path).refused(404, &[]);
    }
    for (method, path) in [("GET", "/v2/models/one/infer"), ("DELETE", "/v2/models/one"), ("PUT", "/v2/health/live")] {
        let reply = server.connect().request(method, path, &[], b"");
        reply.refused(405, &[]);
        assert!(reply.header("allow").is_some_and(|allowed| allowed.contains("GET") || allowed == "POST"), "{reply:?}");
    }
}

#[test]
fn models_come_and_go_only_where_that_is_allowed() {
    let (_home, server) = serving();
    for verb in ["load", "unload"] {
        server.post(&format!("/v2/repository/models/one/{verb}"), "").refused(403, &[]);
    }
    is_one(server.infer("one", ask_one()), 1.0);
}
