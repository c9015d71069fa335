//! From zero to as many workers as there is work for, and back.

use super::*;

#[test]
fn a_request_at_zero_is_bound_to_its_worker() {
    let mut world = World::new(4, None).with(A, terms());
    assert_eq!(world.arrive(A), [Did::Launch(1, vec![1])]);
    assert_eq!(world.arrive(A), []);
    assert_eq!(world.ran(1, 10), [Did::Run(1, vec![2])]);
    assert!(!world.is_empty());
    assert_eq!(world.ran(1, 1), []);
    assert!(world.is_empty());
    assert_eq!(world.arrive(A), [Did::Run(1, vec![3])]);
}

#[test]
fn a_burst_starts_all_workers_and_loses_nothing() {
    let mut world = World::new(8, None).with(A, at_most(8));
    let mut answered = Vec::new();
    let launched: Vec<_> = (0..64).flat_map(|_| world.arrive(A)).collect();
    let expected: Vec<_> = (1..=8).map(|worker| Did::Launch(worker, vec![worker])).collect();
    assert_eq!(launched, expected);
    while let Some((&worker, hand)) = world.hands.iter().min_by_key(|(_, hand)| hand[0].ticket) {
        answered.extend(hand.iter().map(|item| item.ticket));
        world.ran(worker, 1);
    }
    assert_eq!(answered.len(), 64);
    assert!(answered.is_sorted() && world.is_empty());
    assert_eq!(world.states(A), [WorkerState::Idle; 8]);
}

#[test]
fn one_more_is_started_where_the_wait_is_longer_than_a_start() {
    let mut world = World::new(8, None).with(A, at_most(8));
    world.arrive(A);
    // A start of 100 ms, and runs of 10 ms.
    world.millis += 100;
    world.ran(1, 10);
    world.arrive(A);
    for _ in 0..10 {
        assert_eq!(world.arrive(A), []);
    }
    assert_eq!(world.arrive(A), [Did::Launch(2, vec![3])]);
}

#[test]
fn those_that_wait_longest_end_first_and_the_fewest_stay() {
    let mut world = World::new(8, None).with(A, Terms { workers: (1, 3), ..terms() });
    world.schedule.keep(A, world.now());
    assert_eq!(world.did(), [Did::Launch(1, vec![])]);
    world.ran(1, 5);
    (0..3).for_each(|_| drop(world.arrive(A)));
    assert_eq!(world.states(A), [WorkerState::Busy, WorkerState::Starting, WorkerState::Starting]);
    world.ran(2, 10);
    world.ran(1, 10);
    world.ran(3, 10);
    assert_eq!(world.schedule.soonest(), Some(world.start + Duration::from_millis(30_015)));
    assert_eq!(world.pass(29_979), []);
    assert_eq!(world.pass(1), [Did::End(2, Some(Event::Idle))]);
    // The one that has waited least is asked, and so the other comes of age.
    assert_eq!(world.arrive(A), [Did::Run(3, vec![4])]);
    assert_eq!(world.pass(10), [Did::End(1, Some(Event::Idle))]);
    world.ended(1);
    world.ended(2);
    world.ran(3, 1);
    assert_eq!(world.pass(100_000), []);
    assert_eq!(world.schedule.soonest(), None);
    assert_eq!(world.died(3), [Did::Launch(4, vec![])]);
}

#[test]
fn a_full_queue_refuses_and_says_when_to_come_again() {
    let mut world = World::new(8, None).with(A, Terms { queue: 2, ..terms() });
    // The one that is bound to the start does not wait.
    assert_eq!((0..3).map(|_| world.arrive(A).len()).sum::<usize>(), 1);
    assert_eq!(world.arrive(A), [Did::Refuse(4, "full")]);
    assert_eq!(world.schedule.models[&A].retry_after(), Duration::from_secs(1));
    world.ran(1, 40_000);
    assert_eq!(world.schedule.models[&A].retry_after(), Duration::from_secs(40));
    world.arrive(A);
    assert_eq!(world.schedule.models[&A].retry_after(), Duration::from_secs(60));
    assert_eq!(world.arrive(A), [Did::Refuse(6, "full")]);
    let mut none = World::new(8, None).with(A, Terms { queue: 0, ..terms() });
    assert_eq!(none.arrive(A), [Did::Launch(1, vec![1])]);
    assert_eq!(none.arrive(A), [Did::Refuse(2, "full")]);
}

#[test]
fn what_is_cancelled_is_given_back_or_stopped() {
    let mut world = World::new(8, None).with(A, terms());
    world.arrive(A);
    world.arrive(A);
    assert!(world.cancel(A, 2));
    world.ran(1, 10);
    world.arrive(A);
    assert!(!world.cancel(A, 3));
    assert_eq!(world.pass(99), []);
    assert_eq!(world.pass(1), [Did::Stop(1)]);
    assert_eq!(world.pass(1000), []);
    assert_eq!(world.died(1), [Did::Refuse(3, "cancelled")]);
    assert!(world.is_empty() && world.schedule.models[&A].deaths == 0);
}

#[test]
fn a_start_that_nobody_waits_for_goes_on_for_a_while() {
    let mut world = World::new(8, None).with(A, terms());
    world.arrive(A);
    world.cancel(A, 1);
    assert_eq!(world.pass(59_999), []);
    assert_eq!(world.arrive(A), []);
    assert_eq!(world.pass(1), [Did::Stop(1)]);
    // It answered all the same, but whoever kills it may not have seen that.
    assert_eq!(world.ran(1, 0), [Did::End(1, Some(Event::Stopped)), Did::Launch(2, vec![2])]);
    assert_eq!(world.ended(1), []);
}

#[test]
fn a_run_has_its_own_limit_and_the_start_is_no_part_of_it() {
    let limit = Terms { time: Some(Duration::from_millis(50)), ..terms() };
    let mut world = World::new(8, None).with(A, limit);
    world.arrive(A);
    assert_eq!(world.pass(1000), []);
    world.schedule.started(1, world.now());
    assert_eq!(world.pass(50), [Did::Stop(1)]);
    assert_eq!(world.died(1), [Did::Refuse(1, "deadline")]);
    world.arrive(A);
    world.ran(2, 10);
    world.arrive(A);
    assert_eq!(world.pass(49), []);
    assert_eq!(world.pass(1), [Did::Stop(2)]);
}

#[test]
fn a_retired_model_finishes_and_ends() {
    let mut world = World::new(8, None).with(A, Terms { workers: (1, 1), ..terms() });
    world.schedule.keep(A, world.now());
    world.did();
    world.arrive(A);
    world.arrive(A);
    world.schedule.retire(A, world.now());
    assert_eq!(world.did(), []);
    assert_eq!(world.ran(1, 1), [Did::Run(1, vec![1])]);
    assert_eq!(world.ran(1, 1), [Did::Run(1, vec![2])]);
    assert_eq!(world.ran(1, 1), [Did::End(1, None)]);
    assert_eq!(world.ended(1), []);
    assert!(world.schedule.models.is_empty());
    // A request that had found it before is answered still.
    let mut world = world.with(A, Terms { workers: (1, 1), ..terms() });
    assert_eq!(world.arrive(A), [Did::Launch(2, vec![3])]);
    assert_eq!(world.ran(2, 1), [Did::End(2, None)]);
    world.ended(2);
    assert!(world.schedule.models.is_empty());
}

#[test]
fn everything_ends_at_once() {
    let mut world = World::new(2, None).with(A, at_most(2)).with(B, terms());
    (0..3).for_each(|_| drop(world.arrive(A)));
    world.ran(1, 1);
    world.ran(1, 1);
    world.schedule.stop(world.now());
    assert_eq!(world.did(), [Did::End(1, None), Did::Stop(2)]);
    assert_eq!(world.arrive(B), [Did::Refuse(4, "unavailable")]);
    assert_eq!(world.died(2), [Did::Refuse(2, "unavailable")]);
    world.ended(1);
    assert!(world.schedule.is_deserted() && world.is_empty());
}
