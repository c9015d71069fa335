//! [`Clock`]: tells the caller of each stage as it begins, and adds up the seconds of each.

use std::path::Path;
use std::time::Instant;

use crate::request::Stage;

/// Who hears of stages: which, and the file that it is about.
pub(crate) type Heard<'a> = &'a mut dyn FnMut(Stage, &Path);

/// Seconds of each stage.
pub(crate) struct Clock<'a> {
    heard: Heard<'a>,
    seconds: Vec<(Stage, f64)>,
    running: Option<(Stage, Instant)>,
}

impl<'a> Clock<'a> {
    pub(crate) fn new(heard: Heard<'a>) -> Clock<'a> {
        Clock { heard, seconds: Vec::new(), running: None }
    }

    /// A stage begins, and the one before it ends.
    pub(crate) fn begin(&mut self, stage: Stage, file: &Path) {
        self.end();
        self.running = Some((stage, Instant::now()));
        (self.heard)(stage, file);
    }

    /// Every stage's seconds, in the order in which each began first.
    pub(crate) fn finish(mut self) -> Vec<(Stage, f64)> {
        self.end();
        self.seconds
    }

    fn end(&mut self) {
        let Some((stage, begun)) = self.running.take() else { return };
        let seconds = begun.elapsed().as_secs_f64();
        match self.seconds.iter_mut().find(|(known, _)| *known == stage) {
            Some((_, sum)) => *sum += seconds,
            None => self.seconds.push((stage, seconds)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_comes_again_is_added_to_itself() {
        let mut heard = Vec::new();
        let mut hear = |stage: Stage, file: &Path| heard.push((stage, file.to_owned()));
        let mut clock = Clock::new(&mut hear);
        for (stage, file) in [(Stage::Read, "a"), (Stage::Read, "b"), (Stage::Try, "a"), (Stage::Read, "c")] {
            clock.begin(stage, Path::new(file));
        }
        let stages: Vec<_> = clock.finish().into_iter().map(|(stage, _)| stage).collect();
        assert_eq!(stages, [Stage::Read, Stage::Try]);
        assert_eq!(heard.len(), 4);
    }
}
