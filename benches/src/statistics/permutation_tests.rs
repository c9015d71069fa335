//! Deals whose outcome can be counted by hand, and made-up noise with and without a change in it.

use super::super::tests::times;
use super::*;

fn p(old: &[f64], new: &[f64]) -> f64 {
    PermutationTest::of(old, new).unwrap().p
}

#[test]
fn p_is_the_share_of_deals_that_can_be_counted_by_hand() {
    // Of the 20 ways to deal out six samples, two part the three least from the three greatest.
    let found = p(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]);
    assert!((found - 0.1).abs() < 0.01, "{found}");
    // Of the 70 ways to deal out eight, again two.
    let found = p(&[5.0, 6.0, 7.0, 8.0], &[1.0, 2.0, 3.0, 4.0]);
    assert!((found - 2.0 / 70.0).abs() < 0.006, "{found}");
}

#[test]
fn it_is_two_sided_and_the_same_each_time() {
    let mut random = Random::new(4);
    let (old, new) = (times(&mut random, 30, 50.0), times(&mut random, 30, 51.0));
    assert_eq!(PermutationTest::of(&old, &new), PermutationTest::of(&old, &new));
    assert!((p(&old, &new) - p(&new, &old)).abs() < 0.01);
}

#[test]
fn p_is_never_nothing_and_the_same_on_both_sides_is_no_change() {
    let (low, high) = ([1.0; 50], [2.0; 50]);
    assert_eq!(p(&low, &high), 1.0 / (PERMUTATIONS + 1) as f64);
    assert_eq!(p(&low, &low), 1.0);
    assert_eq!((PermutationTest::of(&[], &low), PermutationTest::of(&low, &[])), (None, None));
    assert_eq!(p(&[1.0], &[2.0]), 1.0);
    assert_eq!(p(&[f64::MAX; 30], &[f64::MIN; 30]), 1.0);
}

#[test]
fn real_changes_are_found() {
    let mut random = Random::new(12);
    let mut found = |change: f64, count| {
        let is_found = |_: &i32| p(&times(&mut random, count, 40.0), &times(&mut random, count, 40.0 + change)) < 0.01;
        (0..100).filter(is_found).count()
    };
    let (three_ms, two_ms) = (found(3.0, 50), found(2.0, 30));
    assert!(three_ms >= 99 && two_ms >= 95, "{three_ms} and {two_ms} of 100");
}

#[test]
fn noise_is_called_a_change_as_seldom_as_p_says() {
    let mut random = Random::new(21);
    let mut called = |bound: f64, trials: i32| {
        let is_called = |_: &i32| p(&times(&mut random, 20, 40.0), &times(&mut random, 20, 40.0)) < bound;
        (0..trials).filter(is_called).count()
    };
    // 4 are expected of the first and 80 of the second; three standard deviations more would be 10 and 104.
    let (one, twenty) = (called(0.01, 400), called(0.2, 400));
    assert!(one <= 10 && (56..=104).contains(&twenty), "{one} and {twenty} of 400");
}

#[test]
fn an_unsure_constant_does_not_make_a_sure_change() {
    let mut random = Random::new(8);
    // Cold is the same; warm fell by less than it is unsure by, and by as much as a third of what is over.
    let (old, new) = (times(&mut random, 50, 41.0), times(&mut random, 50, 41.0));
    let (old_warm, new_warm) = (vec![40.0, 41.0, 39.0], vec![39.0, 40.0, 38.0]);
    let less = |cold: &[f64], warm: f64| cold.iter().map(|cold| cold - warm).collect::<Vec<_>>();
    assert!(p(&less(&old, 40.0), &less(&new, 39.0)) < 0.01);
    let over = |cold, warm| Derived::of(vec![cold, warm], |values| values[0] - values[1]).unwrap();
    let (old, new) = (over(old, old_warm), over(new, new_warm));
    assert!(PermutationTest::of_derived(&old, &new, PERMUTATIONS).unwrap().p > 0.05);
}

#[test]
fn sides_of_other_makings_are_not_compared() {
    let one = Derived::plain(&[1.0]).unwrap();
    let two = Derived::of(vec![vec![1.0], vec![2.0]], |values| values[0] - values[1]).unwrap();
    assert_eq!(PermutationTest::of_derived(&one, &two, 10), None);
    assert!(
        Derived::of(vec![vec![1.0], vec![]], |values| values[0]).is_none() && Derived::of(vec![], |_| 0.0).is_none()
    );
}

#[test]
fn holm_corrects_by_how_many_are_left() {
    assert_eq!(holm(&[0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
    assert_eq!(holm(&[0.5, 0.9]), [1.0, 1.0]);
    assert!(holm(&[]).is_empty());
}
