//! The tensor arena's promises about places and counts: alignment, reuse, lifetimes, peaks, limits.

use blink_snapshots::{ArenaStats, Lifetime, TensorArena};

const MIB: usize = 1 << 20;

/// The address of a block of `len` bytes for a run.
fn run(arena: &TensorArena, len: usize) -> usize {
    arena.alloc(len, Lifetime::Run).unwrap().get()
}

#[test]
fn blocks_are_aligned_whatever_their_length() {
    let arena = TensorArena::new();
    let lens = [0, 1, 63, 64, 65, 4095, 4096, 100_000, 3 * MIB];
    let blocks = lens.map(|len| run(&arena, len));
    assert!(blocks.iter().all(|block| block.is_multiple_of(TensorArena::ALIGNMENT)));
    // None is empty: nothing at all takes a block of its own too.
    assert_eq!(arena.stats().run_bytes, lens.map(|len| len.max(1).next_multiple_of(64)).iter().sum::<usize>());
}

#[test]
fn what_is_given_back_is_lent_again() {
    let arena = TensorArena::new();
    let (first, _second) = (run(&arena, 100), run(&arena, 1));
    arena.free(first);
    assert_eq!(run(&arena, 128), first);
    arena.free(first);
    assert_eq!(run(&arena, 64), first);
    assert_eq!(run(&arena, 64), first + 64);
}

#[test]
fn the_smallest_gap_that_fits_is_taken_in_whichever_region_it_is() {
    let arena = TensorArena::new();
    arena.expect(MIB);
    let large: Vec<_> = (0..4).map(|_| run(&arena, MIB / 4)).collect();
    // A second region, with a gap of 4096 bytes.
    let small: Vec<_> = (0..3).map(|_| run(&arena, 4096)).collect();
    arena.free(large[1]);
    arena.free(small[1]);
    assert_eq!(run(&arena, 4000), small[1]);
    assert_eq!(run(&arena, 4000), small[2] + 4096);
    assert_eq!(run(&arena, 65_536), large[1]);
}

#[test]
fn lifetimes_have_regions_of_their_own() {
    let arena = TensorArena::new();
    let run = run(&arena, 4096);
    let session = arena.alloc(4096, Lifetime::Session).unwrap().get();
    assert_eq!((arena.stats().run_bytes, arena.stats().session_bytes), (4096, 4096));
    assert_eq!(arena.stats().mapped, 2 * (64 << 10));
    arena.free(run);
    arena.trim();
    let left = ArenaStats { run_peak: 4096, session_bytes: 4096, mapped: 64 << 10, ..Default::default() };
    assert_eq!(arena.stats(), left);
    arena.free(session);
    arena.trim();
    assert_eq!(arena.stats().mapped, 0);
}

#[test]
fn an_expected_run_lies_in_one_region_of_huge_pages() {
    let arena = TensorArena::new();
    arena.expect(10 * MIB);
    let blocks: Vec<_> = (0..10).map(|_| run(&arena, MIB)).collect();
    assert!(blocks[0].is_multiple_of(2 * MIB));
    assert!(blocks.windows(2).all(|pair| pair[1] == pair[0] + MIB));
    assert_eq!((arena.stats().mapped, arena.stats().run_peak), (10 * MIB, 10 * MIB));
}

#[test]
fn what_is_expected_is_mapped_once_and_only_where_it_is_missing() {
    let arena = TensorArena::new();
    arena.expect(0);
    assert_eq!(arena.stats().mapped, 0);
    arena.expect(4 * MIB);
    arena.expect(4 * MIB);
    arena.expect(MIB);
    assert_eq!(arena.stats().mapped, 4 * MIB);
    run(&arena, 64);
    arena.expect(4 * MIB);
    assert_eq!(arena.stats().mapped, 8 * MIB);
}

#[test]
fn what_the_kernel_refuses_is_no_panic_and_changes_nothing() {
    let arena = TensorArena::new();
    for len in [usize::MAX, usize::MAX - 63, usize::MAX / 2, isize::MAX as usize] {
        assert_eq!(arena.alloc(len, Lifetime::Run), None);
        assert_eq!(arena.alloc(len, Lifetime::Session), None);
        arena.expect(len);
    }
    assert_eq!(arena.stats(), ArenaStats::default());
    run(&arena, 64);
}

#[test]
fn an_address_that_was_not_lent_is_ignored() {
    let arena = TensorArena::new();
    let block = run(&arena, 128);
    for address in [0, 1, 0x1000, block + 1, block + 64, block - 64, usize::MAX] {
        arena.free(address);
    }
    assert_eq!(arena.stats().run_bytes, 128);
    arena.free(block);
    arena.free(block);
    assert_eq!(arena.stats().run_bytes, 0);
}

#[test]
fn the_peak_is_the_highest_end_since_it_was_reset() {
    let arena = TensorArena::new();
    arena.expect(MIB);
    let blocks = [run(&arena, 4096), run(&arena, 4096), run(&arena, 8192)];
    assert_eq!(arena.stats().run_peak, 16_384);
    arena.free(blocks[2]);
    assert_eq!(arena.stats().run_peak, 16_384);
    arena.reset_peak();
    assert_eq!(arena.stats().run_peak, 8192);
    // A gap below counts: the block above it still needs the whole.
    arena.free(blocks[0]);
    arena.reset_peak();
    assert_eq!((arena.stats().run_peak, arena.stats().run_bytes), (8192, 4096));
    run(&arena, 64);
    assert_eq!(arena.stats().run_peak, 8192);
    // Regions count one after the other.
    run(&arena, 2 * MIB);
    assert_eq!(arena.stats().run_peak, 3 * MIB);
    arena.reset_peak();
    assert_eq!(arena.stats().run_peak, 3 * MIB);
    // What lives with a session is no part of it.
    arena.alloc(8 * MIB, Lifetime::Session).unwrap();
    assert_eq!(arena.stats().run_peak, 3 * MIB);
}

#[test]
fn trimming_leaves_what_is_lent() {
    let arena = TensorArena::new();
    let blocks: Vec<_> = (0..4).map(|_| run(&arena, 2 * MIB)).collect();
    arena.free(blocks[1]);
    arena.trim();
    assert_eq!((arena.stats().mapped, arena.stats().run_bytes), (6 * MIB, 6 * MIB));
    for block in [blocks[0], blocks[2], blocks[3]] {
        arena.free(block);
    }
    arena.trim();
    assert_eq!((arena.stats().mapped, arena.stats().run_bytes), (0, 0));
    run(&arena, 64);
}
