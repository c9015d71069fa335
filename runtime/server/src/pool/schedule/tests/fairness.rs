//! Models take turns by the time they use.

use super::*;

/// Lets the only slot's worker finish, each run of a model as long as `length` says, and counts the runs of A.
fn share_of_a(world: &mut World, runs: usize, length: impl Fn(u64) -> u64) -> usize {
    let mut of_a = 0;
    for _ in 0..runs {
        let (&worker, _) = world.hands.first_key_value().unwrap();
        let model = world.schedule.workers[&worker].model;
        of_a += usize::from(model == A);
        world.arrive(model);
        world.ran(worker, length(model));
    }
    of_a
}

#[test]
fn a_model_of_short_runs_gets_as_much_time_as_one_of_long_ones() {
    let mut world = World::new(1, None).with(A, terms()).with(B, terms());
    for _ in 0..4 {
        world.arrive(A);
        world.arrive(B);
    }
    let of_a = share_of_a(&mut world, 400, |model| if model == A { 30 } else { 10 });
    assert!((90..=110).contains(&of_a), "{of_a}");
}

#[test]
fn rest_brings_no_credit() {
    let mut world = World::new(1, None).with(A, terms()).with(B, terms());
    world.arrive(B);
    share_of_a(&mut world, 1000, |_| 10);
    // A comes after B has had ten seconds for itself: from here on they are equal.
    (0..4).for_each(|_| drop(world.arrive(A)));
    let of_a = share_of_a(&mut world, 100, |_| 10);
    assert!((48..=52).contains(&of_a), "{of_a}");
}

#[test]
fn slots_bind_all_models_together() {
    let mut world = World::new(2, None).with(A, at_most(4)).with(B, at_most(4));
    assert_eq!(world.arrive(A), [Did::Launch(1, vec![1])]);
    assert_eq!(world.arrive(A), [Did::Launch(2, vec![2])]);
    assert_eq!(world.arrive(A), []);
    assert_eq!(world.arrive(B), []);
    // B was charged nothing yet.
    assert_eq!(world.ran(1, 1), [Did::Launch(3, vec![4])]);
    assert_eq!(world.ran(3, 1), [Did::Run(1, vec![3])]);
    assert_eq!(world.schedule.running(), 2);
}
