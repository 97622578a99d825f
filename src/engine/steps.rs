//! Steps: how one begins, and what is released when it is done.

use alloc::boxed::Box;

use super::Engine;
use crate::db::{Cause, Draft, Head, Intents, split_mix};

impl Engine {
    /// A new step, with time frozen and a seed of its own.
    #[inline]
    pub(super) fn draft(&mut self, now_ms: i64) -> Box<Draft> {
        let seed = split_mix(&mut self.random);
        let mut draft = self.spare.take().unwrap_or_default();
        draft.begin(now_ms, seed, self.journaling);
        draft.names_touched = !self.state.watches.is_empty() || !self.waiting.is_empty();
        draft
    }

    /// Lets go of a step that is over, and keeps its room for the next.
    #[inline]
    pub(super) fn discard(&mut self, mut draft: Box<Draft>) {
        if !draft.is_idle() {
            draft.clear();
        }
        self.spare = Some(draft);
    }

    /// Ends a step of one call, or of those that the draft names.
    #[inline]
    pub(super) fn commit(&mut self, mut draft: Box<Draft>, cause: Cause, argv: &[&[u8]]) {
        self.state.free_lazily_in_step();
        if !draft.is_idle() {
            self.release(&mut draft, cause, argv);
            draft.clear();
        }
        self.spare = Some(draft);
    }

    /// Messages, keyspace events, WATCH, journal, then those who waited for the keys of the step.
    /// What it flushed is let go last, unless a snapshot is still walking over it.
    #[inline]
    fn release(&mut self, draft: &mut Draft, cause: Cause, argv: &[&[u8]]) {
        if !draft.is_empty() {
            self.state.peak_bytes = self.state.peak_bytes.max(self.state.used_bytes());
        }
        if draft.tells() {
            self.tell(draft);
        }
        self.record(draft, cause, argv);
        self.serve(draft);
        self.state.settle(draft);
    }

    fn tell(&mut self, draft: &mut Draft) {
        for (channel, message) in core::mem::take(&mut draft.published) {
            self.deliver(&channel, &message);
        }
        self.notify(&draft.events);
        self.state.fail_watches(&draft.touched);
        for (client, db, key) in core::mem::take(&mut draft.watched) {
            self.state.watch(client, db, key);
        }
    }

    /// Numbers the step and hands it to the journal, if it changed anything.
    #[inline]
    fn record(&mut self, draft: &Draft, cause: Cause, argv: &[&[u8]]) {
        if draft.effects.is_empty() {
            return;
        }
        self.state.seq += 1;
        if draft.effects.is_kept() {
            let intents = match &draft.intents {
                Some(calls) => Intents::Calls(calls),
                None if argv.is_empty() => Intents::Calls(&[]),
                None => Intents::Call(argv),
            };
            let head = Head {
                seq: self.state.seq,
                at_ms: draft.now_ms,
                seed: draft.drawn_from(),
                cause,
            };
            self.journal.push(head, intents, &draft.effects);
        }
    }
}
