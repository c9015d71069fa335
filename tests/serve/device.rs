//! Models on a device, in a server that has others on the CPU. The device is a stand-in, whose log tells what was uploaded
//! to it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use blink_runtime::library::LIBRARY_VARIABLE;

use crate::http::Http;
use crate::models::{ask_heavy, ask_one, ask_slow, home, is_heavy, is_one, place};
use crate::server::{Server, wait};
use crate::support::cuda::Machine;
use crate::support::folder::Blink;
use crate::support::home::Home;

/// Bytes of the weights of `heavy`.
const WEIGHTS: u64 = 4 << 20;

/// `blink` in this home, on this machine.
fn blink(home: &Home, machine: &Machine, line: &str) -> Blink {
    // Named, the one library would be that of both devices.
    let blink = home.blink(line).without(LIBRARY_VARIABLE);
    machine.environment().into_iter().fold(blink, |blink, (name, value)| blink.env(name, value))
}

/// A server of that home on that machine; ready.
fn serve(home: &Home, machine: &Machine, words: &str) -> Server {
    let line = format!("serve models --http 127.0.0.1:0 --grpc none {words}");
    let server = Server::spawn(blink(home, machine, &line).into_command());
    server.ready();
    server
}

/// How many times weights of `heavy` were uploaded.
fn uploads(machine: &Machine) -> u64 {
    let log = machine.log();
    log.sizes("copy to-device").into_iter().filter(|bytes| *bytes >= 64 << 10).sum::<u64>() / WEIGHTS
}

fn event(server: &Server, model: &str, event: &str) -> f64 {
    let labels = [format!("model=\"{model}\""), format!("event=\"{event}\"")];
    server.metric("blink_worker_events_total", &labels.each_ref().map(String::as_str))
}

#[test]
fn models_on_a_device_stand_beside_those_on_the_cpu() {
    let (home, machine) = (home(&["one", "one-cuda", "heavy-cuda"]), Machine::with_onnx_runtime());
    let server = serve(&home, &machine, "--device cuda:0 --warm never");
    // It is there before anybody asks.
    assert_eq!(machine.log().count("context retain"), 1);
    server.says("device cuda:0 is ready");
    for _ in 0..2 {
        is_one(server.infer("one", ask_one()), 1.0);
        is_one(server.infer("one-cuda", ask_one()), 1.0);
        is_heavy(server.infer("heavy-cuda", ask_heavy()), 3);
    }
    let pid = |model: &str| server.workers(model)[0].pid;
    assert_eq!(pid("one-cuda"), pid("heavy-cuda"), "one process has the device");
    assert_ne!(pid("one"), pid("one-cuda"));
    assert_eq!(server.model("one")["device"], serde_json::Value::Null);
    assert_eq!(server.model("heavy-cuda")["device"], "cuda:0");
    let starts = |model| server.metric("blink_first_answer_seconds_count", &[model, "kind=\"resident\""]);
    wait("starts that are counted", || (starts("model=\"heavy-cuda\"") == 1.0).then_some(()));
    assert_eq!(starts("model=\"one\""), 0.0);
    let held = || server.metric("blink_device_memory_bytes", &["kind=\"held\""]);
    wait("what the device holds", || (held() >= WEIGHTS as f64).then_some(()));
    assert_eq!(server.metric("blink_device_usable", &["device=\"cuda:0\""]), 1.0);
    assert_eq!(uploads(&machine), 1);
    server.end();
}

#[test]
fn without_a_device_artifacts_for_one_are_not_served() {
    let (home, machine) = (home(&["one", "one-cuda"]), Machine::with_onnx_runtime());
    let checked = blink(&home, &machine, "serve models --check").run().failed(4);
    assert!(checked.stderr.contains("--device cuda"), "{}", checked.stderr);
    let server = serve(&home, &machine, "--warm never");
    is_one(server.infer("one", ask_one()), 1.0);
    server.infer("one-cuda", ask_one()).refused(503, &["one-cuda", "--device cuda"]);
    assert_eq!(machine.log().events(), []);
    drop(server);
    // On the CPU they are the same models.
    let server = serve(&home, &machine, "--device cpu --warm never");
    is_one(server.infer("one-cuda", ask_one()), 1.0);
    assert_eq!(machine.log().events(), []);
}

#[test]
fn a_device_that_cannot_be_used_is_an_error_or_told() {
    let (home, machine) = (home(&["one", "one-cuda"]), Machine::with_onnx_runtime().broken("libcuda.so.1"));
    let ended = blink(&home, &machine, "serve models --http 127.0.0.1:0 --grpc none --device cuda").run().failed(6);
    assert!(ended.stderr.contains("cuda:0") && ended.stderr.contains("driver"), "{}", ended.stderr);
    let server = serve(&home, &machine, "--device cuda-or-cpu --warm never");
    server.says("models for device cuda:0 run on the CPU");
    is_one(server.infer("one-cuda", ask_one()), 1.0);
    is_one(server.infer("one", ask_one()), 1.0);
    wait("a start that is counted", || (event(&server, "one-cuda", "fell_back") == 1.0).then_some(()));
    assert_eq!(event(&server, "one", "fell_back"), 0.0);
    assert_eq!(server.metric("blink_device_usable", &["device=\"cuda:0\""]), 0.0);
    server.end();
}

#[test]
fn equal_weights_are_uploaded_once() {
    let (home, machine) = (home(&["heavy-cuda"]), Machine::with_onnx_runtime());
    place(&home, "heavy-cuda", "again.blink");
    place(&home, "heavier-cuda", "other.blink");
    let server = serve(&home, &machine, "--device cuda --warm never");
    for model in ["heavy-cuda", "again"] {
        is_heavy(server.infer(model, ask_heavy()), 3);
    }
    assert_eq!(uploads(&machine), 1);
    is_heavy(server.infer("other", ask_heavy()), 5);
    assert_eq!(uploads(&machine), 2);
}

#[test]
fn a_model_that_sleeps_leaves_its_weights_there() {
    let (home, machine) = (home(&["heavy-cuda"]), Machine::with_onnx_runtime());
    let server = serve(&home, &machine, "--device cuda --warm never --idle 100ms");
    let at_rest = machine.log().held("device");
    for _ in 0..3 {
        is_heavy(server.infer("heavy-cuda", ask_heavy()), 3);
        server.asleep("heavy-cuda");
        // Its arena has a mebibyte.
        let asleep = machine.log().held("device") - at_rest;
        assert!((WEIGHTS..WEIGHTS + 4096).contains(&asleep), "{asleep}");
    }
    assert_eq!(uploads(&machine), 1);
    assert_eq!(event(&server, "heavy-cuda", "idle"), 3.0);
}

#[test]
fn a_model_without_room_is_told_and_the_others_answer() {
    let (home, machine) = (home(&["heavy-cuda", "heavier-cuda", "one-cuda"]), Machine::with_onnx_runtime());
    // Workers that are to be kept make no room for others.
    let toml = "device = 'cuda'\ndevice_memory = '7MiB'\nwarm = 'never'\n[models.heavy-cuda]\nworkers = '1..1'\n";
    home.folder.write("blink.toml", toml);
    let server = serve(&home, &machine, "--config blink.toml");
    is_heavy(server.infer("heavy-cuda", ask_heavy()), 3);
    let ask = |model: &str, body: &str| {
        Http::to(server.http()).request("POST", &format!("/v2/models/{model}/infer"), &[], body.as_bytes())
    };
    for _ in 0..2 {
        let reply = ask("heavier-cuda", &ask_heavy());
        assert_eq!(reply.header("retry-after"), Some("1"), "{reply:?}");
        reply.refused(503, &["heavier-cuda", "no room", "come again"]);
        is_heavy(server.infer("heavy-cuda", ask_heavy()), 3);
    }
    // A run that needs more than there is fails alone, and its worker lives.
    is_one(server.infer("one-cuda", ask_one()), 1.0);
    let worker = server.workers("one-cuda");
    let rows = 400_000;
    let zeros = vec!["0"; 3 * rows].join(",");
    let many = format!(r#"{{"inputs":[{{"name":"x","shape":[{rows},3],"datatype":"FP32","data":[{zeros}]}}]}}"#);
    let reply = ask("one-cuda", &many);
    assert_eq!(reply.header("retry-after"), Some("1"), "{reply:?}");
    reply.refused(503, &["one-cuda", "no room"]);
    is_one(server.infer("one-cuda", ask_one()), 1.0);
    assert_eq!(server.workers("one-cuda")[0].pid, worker[0].pid);
    assert!(event(&server, "heavier-cuda", "device_full") >= 1.0);
    assert_eq!(event(&server, "heavier-cuda", "crash") + event(&server, "one-cuda", "crash"), 0.0);
}

#[test]
fn who_is_asked_gets_the_room_of_who_is_not() {
    let (home, machine) = (home(&["heavy-cuda", "heavier-cuda"]), Machine::with_onnx_runtime());
    let server = serve(&home, &machine, "--device cuda --device-memory 7MiB --warm never");
    for _ in 0..2 {
        is_heavy(server.infer("heavy-cuda", ask_heavy()), 3);
        is_heavy(server.infer("heavier-cuda", ask_heavy()), 5);
        assert_eq!(server.workers("heavy-cuda"), [], "its worker made room");
    }
    // Each made the other's weights give way.
    assert_eq!(uploads(&machine), 4);
    assert_eq!(server.metric("blink_worker_events_total", &["event=\"evicted\""]), 3.0);
}

#[test]
fn a_lost_device_costs_its_own_request_and_comes_up_again() {
    // The device's own first product is the first of each process.
    let machine = Machine::with_onnx_runtime().lost("cublasSgemm_v2", 5, 700);
    let home = home(&["one-cuda", "heavy-cuda", "one"]);
    let server = serve(&home, &machine, "--device cuda --warm never");
    is_heavy(server.infer("heavy-cuda", ask_heavy()), 3);
    is_one(server.infer("one", ask_one()), 1.0);
    for _ in 0..2 {
        is_one(server.infer("one-cuda", ask_one()), 1.0);
    }
    let [before] = &server.workers("one-cuda")[..] else { panic!("one worker") };
    server.infer("one-cuda", ask_one()).refused(503, &["one-cuda", "lost", "come again"]);
    is_one(server.infer("one-cuda", ask_one()), 1.0);
    let after = &server.workers("one-cuda")[0];
    assert_ne!(after.pid, before.pid);
    // It was there too, had no part in it, and notices nothing.
    is_heavy(server.infer("heavy-cuda", ask_heavy()), 3);
    assert_eq!(server.workers("heavy-cuda")[0].pid, after.pid);
    is_one(server.infer("one", ask_one()), 1.0);
    assert_eq!(event(&server, "one-cuda", "device_lost"), 1.0);
    assert_eq!(server.metric("blink_devices_lost_total", &[]), 1.0);
    assert_eq!(server.metric("blink_requests_total", &["model=\"heavy-cuda\"", "outcome=\"success\""]), 2.0);
    server.end();
}

#[test]
fn what_has_no_effect_on_a_device_is_told() {
    let (home, machine) = (home(&["one", "one-cuda"]), Machine::with_onnx_runtime());
    let words = "'one-cuda' runs on cuda:0, where these have no effect: worker_memory, start";
    let line = "--device cuda --worker-memory 512MiB --start snapshot";
    let checked = blink(&home, &machine, &format!("serve models --check {line}")).ok();
    assert!(checked.stderr.contains(words) && !checked.stderr.contains("'one' "), "{}", checked.stderr);
    let server = serve(&home, &machine, line);
    server.says(words);
    is_one(server.infer("one-cuda", ask_one()), 1.0);
    // A snapshot is made of the other alone.
    server.says("snapshot is there");
    let said = server.end();
    assert!(!said.contains("no snapshot"), "{said}");
}

/// In a process with others a run is stopped, and nothing else.
#[test]
fn a_run_past_its_time_ends_alone() {
    let (home, machine) = (home(&["slow-cuda", "one-cuda"]), Machine::with_onnx_runtime());
    let server = serve(&home, &machine, "--device cuda --warm never --time 300ms");
    is_one(server.infer("one-cuda", ask_one()), 1.0);
    server.infer("slow-cuda", ask_slow(10_000_000, 0)).refused(504, &["300 ms"]);
    assert_eq!(event(&server, "slow-cuda", "stopped"), 1.0);
    is_one(server.infer("one-cuda", ask_one()), 1.0);
    assert_eq!(server.infer("slow-cuda", ask_slow(1, 0)).status, 200);
    assert_eq!(server.workers("slow-cuda")[0].pid, server.workers("one-cuda")[0].pid);
    assert_eq!(server.metric("blink_devices_lost_total", &[]), 0.0);
}

/// Requests of many clients to models that come, go and make room for each other, while the device is lost now and then:
/// each gets its right answer or is told to come again.
#[test]
fn nothing_is_mixed_up_under_load() {
    let machine = Machine::with_onnx_runtime().lost("cublasSgemm_v2", 40, 700);
    let home = home(&["one-cuda", "heavy-cuda", "heavier-cuda", "one"]);
    let words = "--device cuda --device-memory 8MiB --warm never --idle 20ms --workers 0..2";
    let server = serve(&home, &machine, words);
    let models = ["one-cuda", "heavy-cuda", "heavier-cuda", "one"];
    let answered = AtomicUsize::new(0);
    thread::scope(|scope| {
        for client in 0..8 {
            let (server, answered) = (&server, &answered);
            scope.spawn(move || {
                for turn in 0..25 {
                    let model = models[(client + turn * 3) % models.len()];
                    let body = if model.starts_with("one") { ask_one() } else { ask_heavy() };
                    let reply = server.infer(model, body);
                    if model != "one" && reply.status == 503 {
                        continue;
                    }
                    answered.fetch_add(1, Ordering::Relaxed);
                    match model {
                        "heavy-cuda" => is_heavy(reply, 3),
                        "heavier-cuda" => is_heavy(reply, 5),
                        _ => is_one(reply, 1.0),
                    }
                }
            });
        }
    });
    let answered = answered.into_inner();
    assert!(answered >= 100, "most have an answer, and not {answered} of 200");
    assert!(server.metric("blink_devices_lost_total", &[]) >= 1.0);
    models.into_iter().for_each(|model| server.asleep(model));
    server.end();
}
