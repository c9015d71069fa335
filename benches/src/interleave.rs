//! Several things launched in turns: A B C, C B A, A B C, ...
//!
//! A machine has moods (its clock, its neighbours, its caches). In turns each meets all of them, and as each order is
//! followed by its mirror image, a steady drift weighs on all alike.

/// The indices of `count` things over `rounds` rounds.
pub fn order(count: usize, rounds: usize) -> impl Iterator<Item = usize> {
    (0..rounds).flat_map(move |round| {
        (0..count).map(move |place| if round.is_multiple_of(2) { place } else { count - 1 - place })
    })
}

/// Calls `launch` with each index below `count` once a round, and gives what it gave by index, round by round. The
/// first failure ends it.
pub fn interleave<T, E>(
    count: usize,
    rounds: usize,
    mut launch: impl FnMut(usize) -> Result<T, E>,
) -> Result<Vec<Vec<T>>, E> {
    let mut gathered: Vec<Vec<T>> = (0..count).map(|_| Vec::with_capacity(rounds)).collect();
    for index in order(count, rounds) {
        gathered[index].push(launch(index)?);
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
    fn each_gets_its_own_results_in_time_order() {
        let mut time = 0;
        let launch = |index| {
            time += 1;
            Ok::<_, ()>((index, time))
        };
        assert_eq!(interleave(2, 3, launch), Ok(vec![vec![(0, 1), (0, 4), (0, 5)], vec![(1, 2), (1, 3), (1, 6)]]));
    }

    #[test]
    fn the_first_failure_ends_it() {
        let mut calls = 0;
        let failed = interleave(2, 3, |index| {
            calls += 1;
            if index == 1 { Err("no") } else { Ok(()) }
        });
        assert_eq!((failed, calls), (Err("no"), 2));
    }
}
