//! Turns, counted with ways that only say when they were launched.

use super::*;

/// Three ways, the last a peer; it writes down every launch.
struct Counted(Vec<String>);

impl Launches for Counted {
    type Error = String;

    fn ways(&self) -> Vec<(String, Kind, Option<f64>)> {
        let peer = Kind::Peer { command: "c".into() };
        [("a", Kind::Worker), ("b", Kind::Worker), ("c", peer)].map(|(name, kind)| (name.into(), kind, None)).into()
    }

    fn takes(&self, way: usize, state: State) -> bool {
        state == State::Hot || way < 2
    }

    fn start(&mut self, way: usize, state: State) -> Result<Run, String> {
        self.0.push(format!("{way} {}", state.name()));
        if self.0.len() > 100 {
            Err("too many".into())
        } else {
            Ok(Run { cold_ms: self.0.len() as f64, ..Run::default() })
        }
    }

    fn warm(&mut self, way: usize, runs: usize) -> Result<Vec<f64>, String> {
        self.0.push(format!("{way} warm"));
        Ok(vec![way as f64; runs])
    }
}

#[test]
fn ways_take_turns_and_the_first_round_is_not_counted() {
    let rounds = Rounds { states: vec![State::Hot, State::Disk], runs: 2, warm_launches: 1, warm_runs: 3 };
    let (mut counted, mut progressed) = (Counted(Vec::new()), 0);
    let ways = measure(&mut counted, &rounds, || progressed += 1).unwrap();
    let order: Vec<_> = counted.0.iter().map(String::as_str).collect();
    let hot = ["0 hot", "1 hot", "2 hot", "2 hot", "1 hot", "0 hot", "0 hot", "1 hot", "2 hot"];
    let disk = ["0 disk", "1 disk", "1 disk", "0 disk", "0 disk", "1 disk"];
    assert_eq!(order, [&hot[..], &disk, &["0 warm", "1 warm"]].concat());
    assert_eq!(ways[0].state(State::Hot).unwrap().cold_ms(), [6.0, 7.0]);
    assert_eq!(ways[1].state(State::Disk).unwrap().cold_ms(), [12.0, 15.0]);
    assert!(ways[2].state(State::Disk).is_none() && ways[2].warm_ms.is_empty());
    assert_eq!(ways[1].warm_ms, [[1.0; 3]]);
    assert!(progressed == counted.0.len() && progressed <= rounds.launches(3));
}

#[test]
fn a_failed_launch_ends_it() {
    let rounds = Rounds { states: vec![State::Hot], runs: 100, warm_launches: 1, warm_runs: 1 };
    assert_eq!(measure(&mut Counted(Vec::new()), &rounds, || ()), Err("too many".into()));
}
