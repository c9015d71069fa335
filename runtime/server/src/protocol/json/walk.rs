//! [`Walk`]: the leaves of nested lists, one after the other, without a tree of them.
//!
//! The lists are flat, or each is as long as the dim it stands for. Nothing is checked of a leaf's own form.

use blink_tensors::MAX_RANK;

/// Walks over text that is JSON.
pub(super) struct Walk<'a> {
    text: &'a str,
    at: usize,
    shape: &'a [usize],
    /// Lists that are open.
    depth: usize,
    /// Items of each open list, the outermost at 1.
    items: [usize; MAX_RANK + 1],
    /// In how many lists the leaves stand.
    leaf_depth: Option<usize>,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// A number, string, bool or null.
    Leaf(&'a str),
    /// An object, where no list has one.
    Object,
    /// Lists that are neither flat nor nested as the shape is.
    Nesting,
    /// Nothing more.
    End,
}

impl<'a> Walk<'a> {
    /// Walks over `text`, a tensor of `shape`, which has at most [`MAX_RANK`] dims.
    pub(super) fn new(text: &'a str, shape: &'a [usize]) -> Walk<'a> {
        Walk { text, at: 0, shape, depth: 0, items: [0; MAX_RANK + 1], leaf_depth: None }
    }

    pub(super) fn next(&mut self) -> Found<'a> {
        let text = self.text.as_bytes();
        while let Some(&byte) = text.get(self.at) {
            match byte {
                b' ' | b'\n' | b'\r' | b'\t' | b',' => self.at += 1,
                b'[' if self.open() => self.at += 1,
                b']' if self.close() => self.at += 1,
                b'[' | b']' => return Found::Nesting,
                b'{' => return Found::Object,
                _ if self.leaf() => return Found::Leaf(self.take(byte)),
                _ => return Found::Nesting,
            }
        }
        Found::End
    }

    fn open(&mut self) -> bool {
        self.items[self.depth] += 1;
        self.depth += 1;
        let fits = self.depth <= self.shape.len().clamp(1, MAX_RANK);
        if fits {
            self.items[self.depth] = 0;
        }
        fits && self.leaf_depth.is_none_or(|leaves| self.depth <= leaves)
    }

    fn close(&mut self) -> bool {
        let Some(outer) = self.depth.checked_sub(1) else { return false };
        let found = self.items[self.depth];
        self.depth = outer;
        let is_flat = match self.leaf_depth {
            Some(leaves) => leaves == 1,
            None => outer == 0,
        };
        is_flat || self.shape.contains(&0) || self.shape.get(outer) == Some(&found)
    }

    fn leaf(&mut self) -> bool {
        self.items[self.depth] += 1;
        match self.leaf_depth {
            Some(leaves) => leaves == self.depth,
            None => {
                self.leaf_depth = Some(self.depth);
                self.depth == 1 || self.depth == self.shape.len()
            }
        }
    }

    fn take(&mut self, first: u8) -> &'a str {
        let rest = &self.text[self.at..];
        let bytes = rest.as_bytes();
        let len = if first == b'"' {
            let mut end = 1;
            while end < bytes.len() && bytes[end] != b'"' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            (end + 1).min(bytes.len())
        } else {
            bytes.iter().position(|byte| b",]} \n\r\t".contains(byte)).unwrap_or(bytes.len())
        };
        self.at += len;
        rest.get(..len).unwrap_or(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(text: &str, shape: &[usize]) -> Vec<String> {
        let mut walk = Walk::new(text, shape);
        let mut leaves = Vec::new();
        loop {
            match walk.next() {
                Found::Leaf(leaf) => leaves.push(leaf.to_owned()),
                Found::End => return leaves,
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn leaves_are_cut_out_at_their_delimiters() {
        assert_eq!(leaves("[ 1,-2.5e3 , true,null]", &[4]), ["1", "-2.5e3", "true", "null"]);
        assert_eq!(leaves(r#"["a,]\"", "\\", "é"]"#, &[3]), [r#""a,]\"""#, r#""\\""#, "\"é\""]);
        assert_eq!(leaves("[[[1],[2]],[[3],[4]]]", &[2, 2, 1]), ["1", "2", "3", "4"]);
    }

    #[test]
    fn text_that_is_no_json_ends_without_a_panic() {
        for text in ["]", "[\"abc", "[\"é\\", "[[", "\\", "[1]]"] {
            let mut walk = Walk::new(text, &[1]);
            let mut steps = 0;
            while matches!(walk.next(), Found::Leaf(_)) {
                steps += 1;
                assert!(steps < 10, "{text}");
            }
        }
    }
}
