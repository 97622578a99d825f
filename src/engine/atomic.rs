//! `atomic`: several calls as one step, which the caller ends or takes back.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{Engine, FULL, Outcome, owned};
use crate::commands::{Listed, run};
use crate::db::{Cause, ClientId, Ctx, Draft, ENTRY_MAX_BYTES, Savepoint};
use crate::error::Error;

const NOT_WITHIN: Error = Error::Said("ERR This command is not allowed in an atomic function");

/// The open step.
#[derive(Debug)]
pub(super) struct Atomic {
    client: ClientId,
    draft: Box<Draft>,
    used_before: usize,
    /// The database that the client had selected.
    selected: u32,
}

impl Engine {
    /// Opens a step: calls of this client join it until `end` or `abort`. False where one is open.
    #[inline(never)]
    pub fn begin(&mut self, now_ms: i64, client: ClientId) -> bool {
        if self.atomic.is_some() {
            return false;
        }
        if !self.state.has_room_for(ENTRY_MAX_BYTES, true) {
            // Within the step what was replaced is held, so that nothing can be moved.
            self.regain_room(ENTRY_MAX_BYTES);
        }
        let used_before = self.state.used_bytes();
        let selected = self.state.client(client).db;
        let mut draft = self.draft(now_ms);
        draft.may_block = false;
        draft.intents = Some(Vec::new());
        self.atomic = Some(Atomic {
            client,
            draft,
            used_before,
            selected,
        });
        true
    }

    /// Ends the open step: everything in it happened at one moment.
    ///
    /// # Errors
    /// `OutOfMemory` where the step took memory past its bound: it is taken back.
    #[inline(never)]
    pub fn end(&mut self) -> Result<(), Error> {
        let Some(atomic) = self.atomic.take() else {
            return Ok(());
        };
        let bounded = self.state.config.maxmemory > 0;
        if bounded && self.outgrew(atomic.used_before) {
            self.take_back(atomic);
            return Err(Error::OutOfMemory);
        }
        self.commit(atomic.draft, Cause::Atomic, &[]);
        Ok(())
    }

    /// Takes back everything since `begin`.
    #[inline(never)]
    pub fn abort(&mut self) {
        if let Some(atomic) = self.atomic.take() {
            self.take_back(atomic);
        }
    }

    fn take_back(&mut self, mut atomic: Atomic) {
        Ctx::new(&mut self.state, &mut atomic.draft, atomic.client).rollback(Savepoint::START);
        self.state.client_mut(atomic.client).db = atomic.selected;
        self.discard(atomic.draft);
    }

    /// Runs a call within the open step.
    pub(super) fn perform_within(
        &mut self,
        client: ClientId,
        listed: &Listed,
        argv: &[&[u8]],
    ) -> Outcome {
        let Some(mut atomic) = self.atomic.take() else {
            return self.failed(Error::Syntax);
        };
        if atomic.client != client {
            self.atomic = Some(atomic);
            return self.failed(Error::Said("BUSY an atomic function is running"));
        }
        if listed.command.group == "transactions" {
            // A MULTI that is left open, or taken back, would go on queueing after the step.
            self.atomic = Some(atomic);
            return self.failed(NOT_WITHIN);
        }
        if self.is_too_full(client, listed, argv) {
            self.atomic = Some(atomic);
            return self.failed(FULL);
        }
        atomic.draft.intent = atomic.draft.intents.as_ref().map_or(0, Vec::len);
        let answer = run(
            &mut Ctx::new(&mut self.state, &mut atomic.draft, client),
            listed,
            argv,
        );
        if let Some(intents) = &mut atomic.draft.intents
            && atomic.draft.effects.is_kept()
            && answer.is_ok()
        {
            intents.push(owned(argv));
        }
        let request = atomic.draft.request.take();
        self.atomic = Some(atomic);
        match answer {
            Ok(_) if request.is_some() => self.failed(NOT_WITHIN),
            Ok(reply) => Outcome::Reply(reply),
            Err(error) => self.failed(error),
        }
    }
}
