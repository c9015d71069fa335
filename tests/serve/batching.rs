//! Requests that are run together get the answers that each gets alone, bit for bit.

use std::thread;

use crate::http::Reply;
use crate::models::{ask_scaled, home, is_one};
use crate::server::Server;

/// A request to `network` with `images` images, each of them of its own kind.
fn ask_network(images: usize, seed: usize) -> String {
    let pixel = |at: usize| format!("{}", ((at * 31 + seed * 7919) % 255) as f32 / 255.0);
    let data: Vec<_> = (0..images * 3 * 32 * 32).map(pixel).collect();
    let data = data.join(",");
    format!(
        r#"{{"inputs":[{{"name":"input","shape":[{images},3,32,32],"datatype":"FP32","data":[{data}]}}],
        "id":"{seed}"}}"#
    )
}

fn logits(reply: Reply, images: usize, seed: usize) -> String {
    let reply = reply.ok().json();
    assert_eq!(reply["id"], seed.to_string(), "an answer to another request");
    assert_eq!(reply["outputs"][0]["shape"], serde_json::json!([images, 10]), "{reply}");
    reply["outputs"][0]["data"].to_string()
}

/// Runs of several requests together.
fn together(server: &Server, model: &str) -> f64 {
    let model = format!("model=\"{model}\"");
    let all = server.metric("blink_batch_runs_total", &[&model]);
    all - server.metric("blink_batch_runs_total", &[&model, "size=\"1\""])
}

#[test]
fn answers_are_the_same_run_together_or_not() {
    let home = home(&["network"]);
    // Some have more than one image.
    let images = |seed: usize| 1 + seed % 3;
    let alone = Server::start(&home, "");
    let expected: Vec<_> = (0..48)
        .map(|seed| logits(alone.infer("network", ask_network(images(seed), seed)), images(seed), seed))
        .collect();
    drop(alone);
    let server = Server::start(&home, "--batch 8 --batch-wait 20ms --workers 0..2");
    for round in 0..2 {
        let asked = server.at_once("network", (0..48).map(|seed| ask_network(images(seed), seed)).collect());
        for ((seed, reply), expected) in asked.into_iter().enumerate().zip(&expected) {
            assert_eq!(&logits(reply, images(seed), seed), expected, "round {round}, request {seed}");
        }
    }
    let told = server.said().lines().any(|line| line.contains(" warn ") && line.contains("batch"));
    assert!(together(&server, "network") > 0.0 || told, "nothing was run together, and nothing was said of it");
}

#[test]
fn a_product_of_matrices_is_run_together() {
    let home = home(&["one"]);
    let server = Server::start(&home, "--batch 16 --batch-wait 50ms");
    is_one(server.infer("one", ask_scaled(1.0)), 1.0);
    let factors: Vec<f32> = (1..=64u8).map(f32::from).collect();
    let asked = server.at_once("one", factors.iter().map(|factor| ask_scaled(*factor)).collect());
    asked.into_iter().zip(factors).for_each(|(reply, factor)| is_one(reply, factor));
    assert!(together(&server, "one") > 0.0, "{:?}", server.metrics());
}

/// One that cannot be run does not spoil the others' run, and a model without a free batch is not batched.
#[test]
fn what_does_not_fit_is_left_out() {
    let home = home(&["one", "slow"]);
    let server = Server::start(&home, "--batch 8 --batch-wait 50ms");
    thread::scope(|scope| {
        let good = scope.spawn(|| server.at_once("one", (1..=8u8).map(|f| ask_scaled(f32::from(f))).collect()));
        let bad = r#"{"inputs":[{"name":"x","shape":[2,4],"datatype":"FP32","data":[1,2,3,4,5,6,7,8]}]}"#;
        server.at_once("one", vec![bad.to_owned(); 4]).iter().for_each(|reply| reply.refused(400, &["4"]));
        for (factor, reply) in (1..=8u8).zip(good.join().expect("answers")) {
            is_one(reply, f32::from(factor));
        }
    });
    let slow = (0..4).map(|x| crate::models::ask_slow(5, x)).collect();
    for (x, reply) in (0..).zip(server.at_once("slow", slow)) {
        crate::models::is_slow(reply, 5, x);
    }
    assert_eq!(together(&server, "slow"), 0.0);
}
