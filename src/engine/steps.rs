//! Steps: how one begins, and what is released when it is done.

use super::Engine;
use crate::db::{Argv, Cause, Draft, Step, split_mix};

impl Engine {
    /// A new step, with time frozen and a seed of its own.
    pub(super) fn draft(&mut self, now_ms: i64) -> Draft {
        Draft::new(now_ms, split_mix(&mut self.random))
    }

    /// Ends a step: messages, keyspace events, WATCH, journal, then those who waited for its keys.
    /// What the step flushed is let go last, unless a snapshot is still walking over it.
    pub(super) fn commit(&mut self, mut draft: Draft, cause: Cause, intent: Vec<Argv>) {
        if !draft.is_empty() {
            self.state.peak_bytes = self.state.peak_bytes.max(self.state.used_bytes());
        }
        for (channel, message) in std::mem::take(&mut draft.published) {
            self.deliver(&channel, &message);
        }
        self.notify(&std::mem::take(&mut draft.events));
        self.state.fail_watches(&draft.touched);
        for (client, db, key) in std::mem::take(&mut draft.watched) {
            self.state.watch(client, db, key);
        }
        self.record(&mut draft, cause, intent);
        self.serve(&draft);
        self.state.settle(draft);
    }

    /// Numbers the step and hands it to the journal, if it changed anything.
    fn record(&mut self, draft: &mut Draft, cause: Cause, intent: Vec<Argv>) {
        if draft.effects.is_empty() {
            return;
        }
        self.state.seq += 1;
        if self.journaling {
            let effects = std::mem::take(&mut draft.effects);
            let (seq, at_ms, seed) = (self.state.seq, draft.now_ms, draft.seed);
            self.journal.push(Step {
                seq,
                at_ms,
                seed,
                cause,
                intent,
                effects,
            });
        }
    }
}
