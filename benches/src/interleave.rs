//! Several commands launched in turns: A B C, C B A, A B C, ...
//!
//! A machine has moods (its clock, its neighbours, its caches). In turns each command meets all of them, and as each
//! order is followed by its mirror image, a steady drift weighs on all alike.

use crate::launch::{Launch, LaunchError, Launched};

/// The indices of `count` commands over `rounds` rounds.
pub fn order(count: usize, rounds: usize) -> impl Iterator<Item = usize> {
    (0..rounds).flat_map(move |round| {
        (0..count).map(move |place| if round.is_multiple_of(2) { place } else { count - 1 - place })
    })
}

/// Launches each command once a round, and gives what each gave, round by round. The first failure ends it.
/// `progress` is called after each launch.
pub fn interleave(
    launches: &[Launch],
    rounds: usize,
    mut progress: impl FnMut(),
) -> Result<Vec<Vec<Launched>>, LaunchError> {
    let mut gathered: Vec<Vec<Launched>> = launches.iter().map(|_| Vec::with_capacity(rounds)).collect();
    for index in order(launches.len(), rounds) {
        gathered[index].push(launches[index].launch()?);
        progress();
    }
    Ok(gathered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_mirrors_the_one_before() {
        assert_eq!(order(3, 3).collect::<Vec<_>>(), [0, 1, 2, 2, 1, 0, 0, 1, 2]);
        assert_eq!(order(2, 2).collect::<Vec<_>>(), [0, 1, 1, 0]);
        assert_eq!(order(0, 5).count() + order(5, 0).count(), 0);
    }

    #[test]
    fn each_command_gets_its_own_results_in_time_order() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        let command = |name: &str| Launch {
            program: "/bin/sh".into(),
            arguments: [
                "-c".into(),
                format!("echo {name} >> \"$1\"; printf {name}").into(),
                "sh".into(),
                (&log).into(),
            ]
            .into(),
            timeline: None,
            expected: None,
        };
        let mut steps = 0;
        let gathered = interleave(&[command("a"), command("b")], 3, || steps += 1).unwrap();
        assert_eq!(steps, 6);
        assert!(gathered.iter().zip([b"a", b"b"]).all(|(runs, name)| runs.len() == 3 && runs[2].output == name));
        assert_eq!(std::fs::read_to_string(log).unwrap().replace('\n', ""), "abbaab");
    }
}
