//! Requests run together.

use super::*;

/// A world with a worker that waits, where batches of the sizes in `right` are.
fn batching(size: usize, wait: u64, right: &[bool]) -> World {
    let batching = Some(Batching { size, wait: Duration::from_millis(wait) });
    let mut world = World::new(8, None).with(A, Terms { batching, ..terms() });
    world.rows = 1;
    world.arrive(A);
    world.ran(1, 1);
    assert!(world.schedule.claim_batch_sizes(A) && !world.schedule.claim_batch_sizes(A));
    world.schedule.set_batch_sizes(A, right.to_vec());
    world
}

#[test]
fn the_first_waits_for_others_until_the_batch_is_full_or_its_time_is_over() {
    let mut world = batching(3, 5, &[false, true, true, true]);
    assert_eq!(world.arrive(A), []);
    assert_eq!(world.arrive(A), []);
    assert_eq!(world.arrive(A), [Did::Run(1, vec![2, 3, 4])]);
    world.ran(1, 1);
    assert_eq!(world.arrive(A), []);
    assert_eq!(world.pass(4), []);
    assert_eq!(world.schedule.soonest(), Some(world.now() + Duration::from_millis(1)));
    assert_eq!(world.arrive(A), []);
    assert_eq!(world.pass(1), [Did::Run(1, vec![5, 6])]);
}

#[test]
fn others_of_another_kind_keep_their_place() {
    let mut world = batching(4, 5, &[false, true, true, true, true]);
    world.arrive(A);
    world.kind = 7;
    world.arrive(A);
    world.kind = 0;
    world.arrive(A);
    assert_eq!(world.pass(5), [Did::Run(1, vec![2, 4])]);
    assert_eq!(world.ran(1, 1), [Did::Run(1, vec![3])]);
}

#[test]
fn sizes_that_are_not_right_are_not_used() {
    let mut world = batching(4, 5, &[false, true, true, false, false]);
    assert_eq!(world.arrive(A), []);
    assert_eq!(world.arrive(A), [Did::Run(1, vec![2, 3])]);
    assert_eq!(world.arrive(A), []);
    assert_eq!(world.arrive(A), []);
    assert_eq!(world.ran(1, 1), [Did::Run(1, vec![4, 5])]);
}

#[test]
fn rows_count_not_requests() {
    let mut world = batching(4, 5, &[false, true, true, true, true]);
    world.rows = 3;
    world.arrive(A);
    world.rows = 2;
    world.arrive(A);
    world.rows = 1;
    assert_eq!(world.hands.get(&1).map(Vec::len), Some(1), "three and two are more than four: nothing is waited for");
    assert_eq!(world.arrive(A), []);
    assert_eq!(world.ran(1, 1), []);
    assert_eq!(world.pass(5), [Did::Run(1, vec![3, 4])]);
    // Larger than any batch.
    world.rows = 9;
    world.ran(1, 1);
    assert_eq!(world.arrive(A), [Did::Run(1, vec![5])]);
}

#[test]
fn until_sizes_are_known_each_runs_alone_and_at_once() {
    let batching = Some(Batching { size: 4, wait: Duration::from_secs(1) });
    let mut world = World::new(8, None).with(A, Terms { batching, ..terms() });
    world.rows = 1;
    world.arrive(A);
    world.arrive(A);
    assert_eq!(world.ran(1, 1), [Did::Run(1, vec![2])]);
    world.schedule.claim_batch_sizes(A);
    world.arrive(A);
    assert_eq!(world.ran(1, 1), [Did::Run(1, vec![3])]);
}
