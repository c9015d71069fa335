//! Workers that die.

use super::*;

#[test]
fn a_request_is_run_again_once_on_a_worker_started_normally() {
    let mut world = World::new(8, None).with(A, terms());
    world.arrive(A);
    world.arrive(A);
    assert_eq!(world.died(1), [Did::LaunchNormally(2, vec![1])]);
    assert_eq!(world.died(2), [Did::Refuse(1, "failed"), Did::Launch(3, vec![2])]);
    assert_eq!(world.ran(3, 1), []);
    assert!(world.is_empty());
}

#[test]
fn a_start_that_failed_is_not_tried_for_the_same_request() {
    let mut world = World::new(8, None).with(A, terms());
    world.arrive(A);
    assert_eq!(world.die(1, false), [Did::Refuse(1, "failed")]);
}

#[test]
fn deaths_in_a_row_bring_a_pause_that_doubles() {
    let mut world = World::new(8, None).with(A, at_most(4));
    world.arrive(A);
    world.died(1);
    world.died(2);
    world.arrive(A);
    // The third takes all that wait with it.
    assert_eq!(world.died(3), [Did::Refuse(2, "unavailable")]);
    assert!(world.is_empty());
    let ticket = world.tickets + 1;
    assert_eq!(world.arrive(A), [Did::Refuse(ticket, "unavailable")]);
    world.pass(1000);
    // One alone is tried, however many wait.
    assert_eq!(world.arrive(A), [Did::Launch(4, vec![ticket + 1])]);
    assert_eq!(world.arrive(A), []);
    world.die(4, false);
    world.pass(1999);
    assert_eq!(world.arrive(A), [Did::Refuse(ticket + 3, "unavailable")]);
    world.pass(1);
    assert_eq!(world.arrive(A), [Did::Launch(5, vec![ticket + 4])]);
    world.ran(5, 1);
    assert_eq!(world.schedule.models[&A].deaths, 0);
}

#[test]
fn other_workers_go_on_while_starts_pause() {
    let mut world = World::new(8, None).with(A, at_most(2));
    world.arrive(A);
    world.arrive(A);
    world.ran(1, 1);
    for worker in [2, 3] {
        world.died(worker);
    }
    world.arrive(A);
    world.arrive(A);
    assert_eq!(world.arrive(A).iter().filter(|did| matches!(did, Did::Refuse(..))).count(), 0);
}

#[test]
fn kept_workers_come_back() {
    let mut world = World::new(8, None).with(A, Terms { workers: (2, 2), ..terms() });
    world.schedule.keep(A, world.now());
    assert_eq!(world.did(), [Did::Launch(1, vec![]), Did::Launch(2, vec![])]);
    world.ran(1, 1);
    world.ran(2, 1);
    assert_eq!(world.died(1), [Did::Launch(3, vec![])]);
    assert_eq!(world.died(3), [Did::Launch(4, vec![])]);
    assert_eq!(world.died(4), []);
    assert_eq!(world.died(2), []);
    assert_eq!(world.pass(1999), []);
    assert_eq!(world.pass(1), [Did::Launch(5, vec![])]);
    world.arrive(A);
    // Until one answers there is one at a time.
    assert_eq!(world.ran(5, 1), [Did::Run(5, vec![1])]);
    assert_eq!(world.ran(5, 1), [Did::Launch(6, vec![])]);
}

#[test]
fn requests_of_a_batch_that_died_go_alone() {
    let batching = Batching { size: 4, wait: Duration::ZERO };
    let mut world = World::new(8, None).with(A, Terms { batching: Some(batching), ..terms() });
    world.rows = 1;
    world.schedule.set_batch_sizes(A, vec![false, true, true, true, true]);
    for _ in 0..4 {
        world.arrive(A);
    }
    assert_eq!(world.ran(1, 1), [Did::Run(1, vec![2, 3, 4])]);
    assert_eq!(world.died(1), [Did::LaunchNormally(2, vec![2])]);
    assert_eq!(world.ran(2, 1), [Did::Run(2, vec![3])]);
    assert_eq!(world.ran(2, 1), [Did::Run(2, vec![4])]);
}

#[test]
fn a_start_without_room_waits_a_second_and_no_longer() {
    let mut world = World::new(8, None).with(A, terms());
    for round in 0..5 {
        let ticket = world.tickets + 1;
        assert_eq!(world.arrive(A), [Did::Launch(round + 1, vec![ticket])]);
        assert_eq!(world.no_room(round + 1), [Did::Refuse(ticket, "unavailable")]);
        assert_eq!(world.arrive(A), [Did::Refuse(ticket + 1, "unavailable")]);
        world.pass(1000);
    }
    assert_eq!(world.schedule.models[&A].deaths, 0);
}

#[test]
fn what_finds_no_room_on_a_second_worker_waits_for_the_first() {
    let mut world = World::new(8, None).with(A, at_most(2));
    world.arrive(A);
    world.arrive(A);
    assert_eq!(world.no_room(2), []);
    assert_eq!(world.ran(1, 1), [Did::Run(1, vec![2])]);
}

#[test]
fn a_poisoned_file_takes_what_rests_on_it_along_and_nothing_else() {
    let mut world = World::new(2, None).with(A, at_most(2)).with(B, terms());
    assert_eq!(world.arrive(A), [Did::Launch(1, vec![1])]);
    assert_eq!(world.arrive(B), [Did::Launch(2, vec![2])]);
    assert_eq!(world.arrive(A), []);
    let now = world.now();
    world.schedule.poison(|model| *model == A, now);
    assert_eq!(world.did(), [Did::Refuse(3, "unavailable"), Did::Stop(1)]);
    // Nothing is run again, and nothing is counted against it.
    assert_eq!(world.died(1), [Did::Refuse(1, "unavailable")]);
    assert_eq!(world.ran(2, 5), []);
    assert!(world.is_empty() && world.states(A).is_empty() && world.states(B) == [WorkerState::Idle]);
}

#[test]
fn idle_workers_of_a_poisoned_file_end_and_none_is_kept() {
    let mut world = World::new(2, None).with(A, Terms { workers: (1, 2), ..terms() });
    let now = world.now();
    world.schedule.keep(A, now);
    assert_eq!(world.did(), [Did::Launch(1, vec![])]);
    world.ran(1, 5);
    let now = world.now();
    world.schedule.poison(|_| true, now);
    assert_eq!(world.did(), [Did::End(1, None)]);
    assert_eq!(world.ended(1), []);
    assert_eq!(world.pass(100_000), []);
}
