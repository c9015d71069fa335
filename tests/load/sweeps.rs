//! One model along every axis.

use blink_benches::measurement::Axis;
use blink_benches::setup::{Plan, Setup};
use blink_benches::sweep::{SweepError, SweepSpec, Swept, measure};
use blink_examples::{GraphBuilder, dims};
use blink_tensors::DType;

use crate::plan;
use crate::support::{Folder, models};

fn sweep(typed: &str, plan: &Plan, runs: usize) -> Result<Swept, SweepError> {
    measure(&typed.parse::<SweepSpec>().expect("a sweep"), plan, runs, |_| ())
}

#[test]
fn each_value_is_measured_in_every_way() {
    let folder = models::compiled_one();
    let plan = plan(&folder, "one.blink");
    let names: Vec<_> = Setup::make(&plan, |_| ()).expect("it can be started").ways;
    let names: Vec<_> = names.into_iter().map(|way| way.name).collect();
    for (typed, values) in [("threads=1,2", [1.0, 2.0]), ("batch=3,2", [2.0, 3.0])] {
        let swept = sweep(typed, &plan, 2).unwrap_or_else(|error| panic!("{typed}: {error}"));
        let points = &swept.runs.points;
        assert_eq!(points.iter().map(|point| point.at).collect::<Vec<_>>(), values, "{typed}");
        for point in points {
            assert_eq!(point.ways.iter().map(|way| way.name.clone()).collect::<Vec<_>>(), names);
            assert_eq!(point.label, point.at.to_string());
            for way in &point.ways {
                assert!(way.cold_ms.len() == 2 && !way.warm_ms.is_empty(), "{typed}: {way:?}");
                let memory = way.private_bytes.zip(way.pss_bytes);
                assert!(
                    !cfg!(target_os = "linux") || memory.is_some_and(|(private, pss)| 0 < private && private <= pss)
                );
            }
        }
        assert!(swept.checked >= 2 * 2 * names.len());
    }
    // Nothing is left of their snapshots.
    assert!(!folder.names().iter().any(|name| name.starts_with("threads") || name.starts_with("batch")));
}

#[test]
fn values_take_turns() {
    let folder = models::compiled_one();
    let heard = folder.path("heard");
    let peer = format!("told=/bin/sh -c 'echo {{threads}} >> {}; printf 42'", heard.display());
    let plan = Plan { peers: vec![peer.parse().expect("a peer")], ..plan(&folder, "one.blink") };
    sweep("threads=1,2", &plan, 3).expect("both are started");
    let heard = String::from_utf8(folder.read("heard")).expect("numbers");
    let heard: Vec<_> = heard.lines().collect();
    // Each is made ready first; then each round mirrors the one before.
    assert_eq!(heard, ["1", "2", "1", "2", "2", "1", "1", "2"]);
}

#[test]
fn workers_are_alive_at_once() {
    let folder = models::compiled_one();
    let swept = sweep("workers=3,1", &plan(&folder, "one.blink"), 2).expect("workers are started");
    let [one, three] = &swept.runs.points[..] else { panic!("{swept:?}") };
    assert_eq!((swept.runs.axis, one.at, three.at), (Axis::Workers, 1.0, 3.0));
    for (point, count) in [(one, 1), (three, 3)] {
        for way in &point.ways {
            assert_eq!(way.cold_ms.len(), 2 * count);
            assert!(way.warm_ms.len() >= 2 * count);
        }
    }
    if cfg!(target_os = "linux") {
        let normal = |point: &blink_benches::measurement::Point| {
            let way = point.ways.iter().find(|way| way.name == "normal").expect("every artifact starts normally");
            way.pss_bytes.zip(way.private_bytes).expect("Linux tells")
        };
        let ((one_pss, _), (three_pss, three_private)) = (normal(one), normal(three));
        assert!(three_pss > one_pss && three_pss >= three_private, "{one_pss} {three_pss} {three_private}");
    }
}

#[test]
fn artifacts_stand_at_their_length() {
    let folder = models::compiled_one();
    folder.model("two.onnx", &models::two());
    folder.blink("compile two.onnx -o two.blink").ok();
    let size = |name: &str| folder.read(name).len() as f64;
    let typed = format!("size={},{}", folder.path("two.blink").display(), folder.path("one.blink").display());
    let swept = sweep(&typed, &plan(&folder, "one.blink"), 1).expect("both are started");
    let found: Vec<_> = swept.runs.points.iter().map(|point| (point.label.as_str(), point.at)).collect();
    let mut expected = [("one.blink", size("one.blink")), ("two.blink", size("two.blink"))];
    expected.sort_by(|a, b| a.1.total_cmp(&b.1));
    if expected[0].1 < expected[1].1 {
        assert_eq!(found, expected);
    } else {
        assert!(expected.iter().all(|point| found.contains(point)));
    }
}

#[test]
fn what_cannot_grow_is_refused_by_name() {
    let folder = Folder::new();
    let mut graph = GraphBuilder::new("fixed");
    graph.input("x", DType::F32, &dims![2, 3]);
    graph.node("Relu", &["x"], &["y"], []);
    graph.output("y", DType::F32, &dims![2, 3]);
    folder.model("fixed.onnx", &graph.model());
    folder.blink("compile fixed.onnx -o fixed.blink").ok();
    let refused = sweep("batch=1,2", &plan(&folder, "fixed.blink"), 1);
    assert!(matches!(refused, Err(SweepError::NoSymbolicDim { model }) if model == "fixed"));
    let missing = format!("size={}", folder.path("none.blink").display());
    assert!(matches!(sweep(&missing, &plan(&folder, "fixed.blink"), 1), Err(SweepError::Setup { .. })));
}

#[test]
fn peers_that_cannot_follow_are_left_out_aloud() {
    let folder = models::compiled_one();
    let peers = vec!["fake=/bin/sh -c 'printf 42'".parse().expect("a peer")];
    let plan = Plan { peers, ..plan(&folder, "one.blink") };
    let artifact = format!("size={}", folder.path("one.blink").display());
    for typed in ["threads=1", "batch=1", "workers=1", &artifact] {
        let swept = sweep(typed, &plan, 1).unwrap_or_else(|error| panic!("{typed}: {error}"));
        assert!(swept.left_out.iter().any(|left| left.starts_with("fake along ")), "{typed}: {:?}", swept.left_out);
        assert!(swept.runs.points.iter().all(|point| point.ways.iter().all(|way| way.name != "fake")), "{typed}");
    }
}
