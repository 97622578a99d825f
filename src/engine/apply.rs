//! Doing again what was done elsewhere, or before: the journal read back, a replica fed.

use alloc::vec::Vec;

use super::memory::has_room_again;
use super::{Engine, FULL};
use crate::commands::execute;
use crate::db::{Cause, Ctx, Event, NOBODY, Standing, Step, Taken, TakenEffect};
use crate::error::{Error, Result};

impl Engine {
    /// Applies the effects of a step as they are: no deadline passes, nothing is evicted.
    ///
    /// # Errors
    /// Where an effect does not fit the state, which means that the state is not the one that it
    /// was computed on, or where a database is full. Nothing of the step remains then.
    pub fn apply(&mut self, step: &Step) -> Result<()> {
        self.apply_effects(step.seq, step.at_ms, || {
            step.effects.iter().map(TakenEffect::from)
        })
    }

    /// As `apply`, for a step of a record: nothing of it is copied first.
    ///
    /// # Errors
    /// Those of `apply`.
    #[inline(never)]
    pub fn apply_taken(&mut self, step: Taken) -> Result<()> {
        let head = step.head();
        self.apply_effects(head.seq, head.at_ms, || step.effects())
    }

    fn apply_effects<'a, Effects: Iterator<Item = TakenEffect<'a>>>(
        &mut self,
        seq: u64,
        at_ms: i64,
        effects: impl Fn() -> Effects,
    ) -> Result<()> {
        let is_short = self.is_short_for(effects());
        let journaling = core::mem::replace(&mut self.journaling, false);
        let mut draft = self.draft(at_ms);
        self.journaling = journaling;
        draft.applying = true;
        draft.may_block = false;
        let mut ctx = Ctx::new(&mut self.state, &mut draft, NOBODY);
        let start = ctx.savepoint();
        for effect in effects() {
            if let Err(error) = apply_one(&mut ctx, effect, is_short) {
                ctx.rollback(start);
                return Err(error);
            }
        }
        self.commit(draft, Cause::Load, &[]);
        self.state.seq = seq;
        Ok(())
    }
}

fn apply_one(ctx: &mut Ctx, effect: TakenEffect, is_short: bool) -> Result<()> {
    let (TakenEffect::Command { db, .. }
    | TakenEffect::Expired { db, .. }
    | TakenEffect::Evicted { db, .. }) = effect;
    if db as usize >= ctx.state.databases.len() {
        return Err(Error::Said("ERR DB index is out of range"));
    }
    ctx.in_db(db, |ctx| match effect {
        TakenEffect::Command { call, .. } => {
            let argv: Vec<&[u8]> = call.words().collect();
            if is_short && !has_room_again(ctx.state, &argv) {
                return Err(FULL);
            }
            execute(ctx, &argv).map(|_| ())
        }
        TakenEffect::Expired { key, deadline, .. } => {
            let current = ctx.keyspace().get(key).and_then(Standing::deadline);
            if current == Some(deadline) {
                ctx.remove(key, Event::Expired);
            }
            Ok(())
        }
        TakenEffect::Evicted { key, .. } => {
            ctx.remove(key, Event::Evicted);
            Ok(())
        }
    })
}
