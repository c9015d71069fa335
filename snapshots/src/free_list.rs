//! Which parts of one region are free: best fit, lowest address first, neighbours merged.
//!
//! Only arithmetic on offsets; no memory is touched here. Lists are short (tens of entries), so they are scanned.

/// The free parts of a region of known length, in offsets from its start.
#[derive(Debug)]
pub struct FreeList {
    /// Disjoint, sorted, never adjacent.
    free: Vec<(usize, usize)>,
    len: usize,
}

impl FreeList {
    /// A list for a region of `len` bytes, all free.
    pub fn new(len: usize) -> FreeList {
        FreeList { free: vec![(0, len)], len }
    }

    /// Length of the smallest free part that holds `len` bytes.
    pub fn best_fit(&self, len: usize) -> Option<usize> {
        self.free.iter().map(|&(_, free)| free).filter(|&free| free >= len).min()
    }

    /// Takes `len` bytes from the smallest free part that holds them, and gives their offset.
    pub fn take(&mut self, len: usize) -> Option<usize> {
        let fit = self.best_fit(len)?;
        let index = self.free.iter().position(|&(_, free)| free == fit)?;
        let (offset, free) = self.free[index];
        if free == len {
            self.free.remove(index);
        } else {
            self.free[index] = (offset + len, free - len);
        }
        Some(offset)
    }

    /// Gives `len` bytes at `offset` back.
    pub fn give(&mut self, offset: usize, len: usize) {
        let index = self.free.partition_point(|&(start, _)| start < offset);
        self.free.insert(index, (offset, len));
        self.merge_with_next(index);
        if index > 0 {
            self.merge_with_next(index - 1);
        }
    }

    fn merge_with_next(&mut self, index: usize) {
        let (start, len) = self.free[index];
        if let Some(&(next, next_len)) = self.free.get(index + 1)
            && start + len == next
        {
            self.free[index].1 = len + next_len;
            self.free.remove(index + 1);
        }
    }

    /// One past the highest byte that is taken; 0 where nothing is.
    pub fn taken_end(&self) -> usize {
        match self.free.last() {
            Some(&(start, len)) if start + len == self.len => start,
            _ => self.len,
        }
    }

    /// The free parts: offset and length, in order.
    pub fn parts(&self) -> impl Iterator<Item = (usize, usize)> {
        self.free.iter().copied()
    }

    /// Whether nothing is taken.
    pub fn is_whole(&self) -> bool {
        self.free == [(0, self.len)]
    }
}

#[cfg(test)]
mod tests {
    use super::FreeList;

    #[test]
    fn takes_the_smallest_part_that_fits() {
        let mut list = FreeList::new(1024);
        let parts: Vec<_> = [256, 64, 128, 64].map(|len| list.take(len).unwrap()).into();
        assert_eq!(parts, [0, 256, 320, 448]);
        list.give(0, 256);
        list.give(320, 128);
        assert_eq!(list.take(128), Some(320));
        assert_eq!(list.take(200), Some(0));
        assert_eq!(list.take(600), None);
        assert_eq!(list.best_fit(57), Some(512));
    }

    #[test]
    fn is_whole_again_after_giving_back_in_any_order() {
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        for order in orders {
            let mut list = FreeList::new(300);
            let parts = [100, 100, 100].map(|len| (list.take(len).unwrap(), len));
            assert_eq!(list.best_fit(1), None);
            let mut taken = [true; 3];
            for index in order {
                assert!(!list.is_whole());
                assert_eq!(list.taken_end(), 100 * (1 + taken.iter().rposition(|&taken| taken).unwrap()));
                list.give(parts[index].0, parts[index].1);
                taken[index] = false;
            }
            assert!(list.is_whole());
            assert_eq!(list.taken_end(), 0);
            assert_eq!(list.take(300), Some(0));
            assert_eq!(list.taken_end(), 300);
        }
    }

    #[test]
    fn lent_parts_never_overlap() {
        let mut list = FreeList::new(1 << 16);
        let mut lent: Vec<(usize, usize)> = Vec::new();
        let mut state = 7u64;
        for _ in 0..5000 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let len = ((state >> 33) as usize % 4000 + 1).next_multiple_of(64);
            if state >> 62 < 2
                && let Some(offset) = list.take(len)
            {
                assert!(lent.iter().all(|&(start, other)| offset + len <= start || start + other <= offset));
                assert!(offset + len <= 1 << 16);
                lent.push((offset, len));
            } else if !lent.is_empty() {
                let (offset, len) = lent.swap_remove((state >> 40) as usize % lent.len());
                list.give(offset, len);
            }
        }
        lent.drain(..).for_each(|(offset, len)| list.give(offset, len));
        assert!(list.is_whole());
    }
}
