//! Which parts of which files a start reads: recorded from a restored worker that has answered, and read ahead by
//! whoever launches the next one while they are not in memory.
//!
//! The idea is REAP's (Ustiugov et al., ASPLOS 2021): a function touches nearly the same pages at every start.

use blink_restorer::image::{ANONYMOUS, PAGE, Range, Segment};

use super::head::OwnedHead;
use super::process::{Process, ProcessError};

/// Pages between two parts that are read along: reading on costs less than beginning again.
const GAP: u64 = 64;

/// The parts that `process` has touched, which was restored from the image of `head`: by file, in order.
pub(crate) fn touched(process: Process, head: &OwnedHead) -> Result<Vec<Range>, ProcessError> {
    let mut pages: Vec<(u64, u64)> = Vec::new();
    let segments = head.head().segments;
    for (index, segment) in segments.iter().enumerate() {
        if segment.source == ANONYMOUS {
            continue;
        }
        let later = &segments[index + 1..];
        for (page, present) in
            process.present_pages(segment.start, segment.start + segment.len)?.into_iter().enumerate()
        {
            let address = segment.start + page as u64 * PAGE;
            let is_replaced = |later: &Segment| (later.start..later.start + later.len).contains(&address);
            if present && !later.iter().any(is_replaced) {
                pages.push((u64::from(segment.source), segment.offset + page as u64 * PAGE));
            }
        }
    }
    pages.sort_unstable();
    let mut ranges: Vec<Range> = Vec::new();
    for (source, offset) in pages {
        match ranges.last_mut() {
            Some(last) if last.source == source && offset <= last.offset + last.len + GAP * PAGE => {
                last.len = last.len.max(offset + PAGE - last.offset);
            }
            _ => ranges.push(Range { source, offset, len: PAGE }),
        }
    }
    Ok(ranges)
}
