//! The memory budget. A worker takes one unit, a model's weights two.

use super::*;

#[test]
fn the_model_used_least_recently_makes_room() {
    let mut world = World::new(8, Some(7 * UNIT)).with(A, terms()).with(B, terms()).with(C, terms());
    for (model, worker) in [(A, 1), (B, 2)] {
        assert_eq!(world.arrive(model), [Did::Launch(worker, vec![worker])]);
        world.ran(worker, 1);
    }
    world.arrive(A);
    world.ran(1, 1);
    // B is put to sleep, and C starts when it is gone.
    assert_eq!(world.arrive(C), [Did::End(2, Some(Event::Evicted))]);
    assert_eq!(world.schedule.held(), 6 * UNIT);
    assert_eq!(world.pass(10), []);
    assert_eq!(world.ended(2), [Did::Launch(3, vec![4])]);
    assert_eq!(world.states(A), [WorkerState::Idle]);
}

#[test]
fn room_is_made_in_one_step_or_not_at_all() {
    let mut world = World::new(8, Some(6 * UNIT)).with(A, terms()).with(B, terms());
    let mut world = {
        world.arrive(A);
        world.ran(1, 1);
        world.arrive(B);
        // C needs all there is: A's idle worker alone would not do, and B is busy.
        world.with(C, Terms { private: 4 * UNIT, ..terms() })
    };
    assert_eq!(world.arrive(C), []);
    assert_eq!(world.states(A), [WorkerState::Idle]);
    assert_eq!(world.ran(2, 1), [Did::End(1, Some(Event::Evicted)), Did::End(2, Some(Event::Evicted))]);
    assert_eq!(world.ended(2), []);
    assert_eq!(world.ended(1), [Did::Launch(3, vec![3])]);
}

#[test]
fn a_model_that_never_fits_says_so() {
    let mut world = World::new(8, Some(2 * UNIT)).with(A, terms());
    assert_eq!(world.arrive(A), [Did::Refuse(1, "unavailable")]);
    assert!(world.is_empty());
}

#[test]
fn fewest_workers_that_never_fit_are_given_up_aloud() {
    let mut world = World::new(8, Some(3 * UNIT)).with(A, Terms { workers: (2, 2), private: 2 * UNIT, ..terms() });
    world.schedule.keep(A, world.now());
    assert_eq!(world.did(), [Did::Warn]);
    world.schedule.keep(B, world.now());
    assert_eq!(world.did(), []);
}

#[test]
fn kept_workers_are_not_taken() {
    let mut world = World::new(8, Some(5 * UNIT)).with(A, Terms { workers: (1, 2), ..terms() }).with(B, terms());
    world.schedule.keep(A, world.now());
    assert_eq!(world.did(), [Did::Launch(1, vec![])]);
    world.ran(1, 1);
    assert_eq!(world.arrive(B), [Did::Refuse(1, "unavailable")]);
}

#[test]
fn a_busy_model_that_is_far_ahead_gives_up_a_worker() {
    let mut world = World::new(8, Some(3 * UNIT)).with(A, terms()).with(B, terms());
    for _ in 0..100 {
        world.arrive(A);
    }
    world.ran(1, 10);
    assert_eq!(world.arrive(B), []);
    let mut runs = 0;
    let ended = loop {
        let did = world.ran(1, 30);
        runs += 1;
        if did.iter().any(|did| matches!(did, Did::End(..))) {
            break did;
        }
        assert!(runs < 10, "{did:?}");
    };
    assert_eq!(ended, [Did::End(1, Some(Event::Evicted))]);
    assert!(runs > 2, "a turn is longer than a run");
    assert_eq!(world.ended(1), [Did::Launch(2, vec![101])]);
    // And back: B has nothing more to do.
    assert_eq!(world.ran(2, 1), [Did::End(2, Some(Event::Evicted))]);
    assert!(matches!(&world.ended(2)[..], [Did::Launch(3, _)]));
}

#[test]
fn what_was_measured_counts() {
    let mut world = World::new(8, Some(6 * UNIT)).with(A, at_most(3)).with(B, terms());
    world.arrive(A);
    world.ran(1, 1);
    world.schedule.measured(1, 3 * UNIT, 7, world.now());
    assert_eq!(world.schedule.held(), 5 * UNIT);
    world.arrive(A);
    // Another one of A would be as large.
    assert_eq!(world.arrive(A), []);
    assert_eq!(world.schedule.workers[&1].shared, 7);
}

#[test]
fn one_that_holds_more_than_was_expected_puts_others_to_sleep() {
    let mut world = World::new(8, Some(7 * UNIT)).with(A, terms()).with(B, terms()).with(C, terms());
    for (model, worker) in [(A, 1), (B, 2)] {
        world.arrive(model);
        world.ran(worker, 1);
    }
    world.schedule.measured(2, 4 * UNIT, 0, world.now());
    assert_eq!(world.did(), [Did::End(1, Some(Event::Evicted))]);
    world.ended(1);
    // Nothing was measured that holds less, so C is expected to hold as much.
    assert_eq!(world.arrive(C), [Did::End(2, Some(Event::Evicted))]);
    // Where all that could go needs to stay, nothing goes.
    world.ended(2);
    world.schedule.measured(3, 9 * UNIT, 0, world.now());
    assert_eq!(world.did(), []);
}

#[test]
fn a_promise_that_nobody_needs_is_forgotten() {
    let mut world = World::new(8, Some(3 * UNIT)).with(A, terms()).with(B, terms());
    world.arrive(A);
    world.ran(1, 1);
    assert_eq!(world.arrive(B), [Did::End(1, Some(Event::Evicted))]);
    assert!(world.cancel(B, 2));
    assert_eq!(world.ended(1), []);
    assert!(world.schedule.plans.is_empty() && world.schedule.is_deserted());
    assert_eq!(world.arrive(A), [Did::Launch(2, vec![3])]);
}

fn on_device(device: u32) -> Terms {
    Terms { device: Some(device), weights: 0, ..terms() }
}

/// The start that found no room waits until the other's worker has gone, and no longer.
#[test]
fn room_on_a_device_is_made_by_the_one_longest_unasked() {
    let mut world = World::new(8, None).with(A, on_device(0)).with(B, on_device(0)).with(C, on_device(0));
    for (model, worker) in [(A, 1), (B, 2)] {
        world.arrive(model);
        world.ran(worker, 1);
    }
    world.arrive(C);
    assert_eq!(world.no_room(3), [Did::End(1, Some(Event::Evicted))]);
    // Who comes meanwhile waits too.
    assert_eq!(world.arrive(C), []);
    assert_eq!(world.ended(1), [Did::Launch(4, vec![3])]);
    assert_eq!(world.no_room(4), [Did::End(2, Some(Event::Evicted))]);
    assert_eq!(world.ended(2), [Did::Launch(5, vec![3])]);
    assert_eq!(world.no_room(5), [Did::Refuse(3, "unavailable"), Did::Refuse(4, "unavailable")]);
    assert!(world.is_empty());
}

#[test]
fn other_devices_busy_workers_and_kept_ones_give_no_room() {
    let kept = Terms { workers: (1, 1), ..on_device(0) };
    let mut world = World::new(8, None).with(A, on_device(1)).with(B, kept).with(C, on_device(0));
    world.arrive(A);
    world.ran(1, 1);
    world.schedule.keep(B, world.now());
    world.did();
    world.ran(2, 1);
    world.arrive(C);
    assert_eq!(world.no_room(3), [Did::Refuse(2, "unavailable")]);
    let mut world = World::new(8, None).with(A, on_device(0)).with(C, on_device(0));
    world.arrive(A);
    world.arrive(C);
    assert_eq!(world.no_room(2), [Did::Refuse(2, "unavailable")]);
}

#[test]
fn models_on_a_device_take_no_memory_here_and_give_none() {
    let mut world = World::new(8, Some(3 * UNIT)).with(A, on_device(0)).with(B, terms()).with(C, terms());
    world.arrive(A);
    world.ran(1, 1);
    assert_eq!(world.arrive(B), [Did::Launch(2, vec![2])]);
    world.ran(2, 1);
    assert_eq!(world.arrive(C), [Did::End(2, Some(Event::Evicted))]);
}
