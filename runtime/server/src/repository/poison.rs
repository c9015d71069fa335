//! What a look does about files that are not what they were: the one that is served was written to where it lies, or its
//! workers have found it poisoned. It is served no more, until another one is in its place.

use blink_artifact::Artifact;

use super::error::LoadError;
use super::open::Opened;
use super::scan::Candidate;
use super::swap::Looker;

impl Looker {
    /// Poisons what is served from the place of `candidate` where that very file was written to since. `opened`: what it
    /// is now. One that has only got another time goes on: every byte of it is looked at, and is as it was.
    pub(super) fn poison_written(&self, candidate: &Candidate, opened: Option<&Opened>) {
        let Some(known) = self.known.get(&candidate.path) else { return };
        let Some(now) = opened.map(|opened| opened.identity).or(candidate.identity.as_ref().ok().copied()) else {
            return;
        };
        let served = known.slots.iter().filter_map(|(name, version)| self.table.served(name, *version));
        for model in served.filter(|model| !model.integrity.is_poisoned() && model.integrity.was_written(&now)) {
            let is_whole = || Artifact::read_from(model.file.clone(), &model.path).and_then(|all| all.verify(|_| ()));
            let is_same = opened
                .and_then(|opened| opened.models.first())
                .is_some_and(|new| model.integrity.is_of_same_bytes(&new.integrity) && is_whole().is_ok());
            if !is_same {
                self.starter.poison(&model, "it was written to in place");
            }
        }
    }

    /// Serves no more what was found to be poisoned. What lies in its place is opened when it is another file.
    pub(super) fn drop_poisoned(&mut self) {
        let mut dropped = Vec::new();
        for known in self.known.values_mut() {
            for (name, version) in &known.slots {
                let served = self.table.served(name, *version);
                let Some(model) = served.filter(|model| model.integrity.is_poisoned()) else { continue };
                let reason = known.failure.get_or_insert(LoadError::Poisoned).to_string();
                self.table.change(|rows| rows.stop(name, *version, &reason));
                dropped.push(model);
            }
        }
        self.retire(dropped, "poisoned");
    }
}
