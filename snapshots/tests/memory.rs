//! The memory behind the arena's addresses: it can be used, no two blocks share a byte, and it is given back.
#![allow(unsafe_code)]

use std::ptr;

use blink_snapshots::{Lifetime, TensorArena};

/// SplitMix64: the same numbers on every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}

/// A block, filled with its own mark.
struct Filled {
    address: usize,
    len: usize,
    mark: u8,
}

impl Filled {
    fn new(arena: &TensorArena, len: usize, lifetime: Lifetime, mark: u8) -> Filled {
        let address = arena.alloc(len, lifetime).unwrap().get();
        // SAFETY: the arena lends `len` bytes at this address to nobody else.
        unsafe { ptr::with_exposed_provenance_mut::<u8>(address).write_bytes(mark, len) };
        Filled { address, len, mark }
    }

    /// Gives the block back, and says whether it still held its mark.
    fn give(self, arena: &TensorArena) -> bool {
        // SAFETY: the block is lent until `free` below, and was written in `new`.
        let bytes = unsafe { std::slice::from_raw_parts(ptr::with_exposed_provenance::<u8>(self.address), self.len) };
        let whole = bytes.iter().all(|&byte| byte == self.mark);
        arena.free(self.address);
        whole
    }
}

/// Takes and gives blocks at random.
fn churn(arena: &TensorArena, seed: u64, rounds: usize) {
    let mut numbers = Numbers(seed);
    let mut held: Vec<Filled> = Vec::new();
    for round in 0..rounds {
        if held.len() < 40 && numbers.below(5) < 3 {
            let len = match numbers.below(20) {
                0 => numbers.below(1 << 20),
                _ => numbers.below(5000),
            };
            let lifetime = if numbers.below(4) == 0 { Lifetime::Session } else { Lifetime::Run };
            held.push(Filled::new(arena, len, lifetime, (seed as usize * 31 + round) as u8));
        } else if !held.is_empty() {
            let block = held.swap_remove(numbers.below(held.len()));
            assert!(block.give(arena), "another block was written over this one");
        } else if numbers.below(50) == 0 {
            arena.trim();
        }
    }
    assert!(held.into_iter().all(|block| block.give(arena)), "another block was written over one");
}

#[test]
fn no_two_blocks_share_a_byte() {
    let arena = TensorArena::new();
    churn(&arena, 1, 20_000);
    assert_eq!((arena.stats().run_bytes, arena.stats().session_bytes), (0, 0));
    arena.trim();
    assert_eq!(arena.stats().mapped, 0);
}

#[test]
fn threads_share_it_and_no_byte_of_it() {
    let arena = TensorArena::new();
    std::thread::scope(|scope| {
        for seed in 1..=4 {
            let arena = &arena;
            scope.spawn(move || churn(arena, seed, 5000));
        }
        scope.spawn(|| {
            for _ in 0..200 {
                arena.trim();
                arena.reset_peak();
                let stats = arena.stats();
                assert!(stats.run_bytes + stats.session_bytes <= stats.mapped);
                assert!(stats.run_bytes <= stats.run_peak && stats.run_peak <= stats.mapped);
            }
        });
    });
    assert_eq!((arena.stats().run_bytes, arena.stats().session_bytes), (0, 0));
}

#[test]
fn a_fresh_region_is_zeros_to_its_last_byte() {
    let arena = TensorArena::new();
    for len in [64 << 10, 3 << 20] {
        let block = arena.alloc(len, Lifetime::Run).unwrap().get();
        // SAFETY: the block is lent, and fresh anonymous memory is zeros.
        let bytes = unsafe { std::slice::from_raw_parts(ptr::with_exposed_provenance::<u8>(block), len) };
        assert!(bytes.iter().all(|&byte| byte == 0));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn memory_goes_back_to_the_kernel_when_it_is_trimmed_or_the_arena_dropped() {
    // Large, so that what other tests map meanwhile does not reach its middle.
    const LEN: usize = 1 << 32;
    let is_mapped = |address: usize| {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().filter_map(|line| line.split_once(' ')?.0.split_once('-')).any(|(start, end)| {
            let bounds = [start, end].map(|bound| usize::from_str_radix(bound, 16).unwrap());
            (bounds[0]..bounds[1]).contains(&address)
        })
    };
    let middle = |arena: &TensorArena| arena.alloc(LEN, Lifetime::Run).unwrap().get() + LEN / 2;
    let arena = TensorArena::new();
    let address = middle(&arena);
    assert!(is_mapped(address));
    arena.free(address - LEN / 2);
    assert!(is_mapped(address));
    arena.trim();
    assert!(!is_mapped(address));
    let address = middle(&arena);
    assert!(is_mapped(address));
    drop(arena);
    assert!(!is_mapped(address));
}
