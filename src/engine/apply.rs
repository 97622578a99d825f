//! Doing again what was done elsewhere, or before: the journal read back, a replica fed.

use alloc::vec::Vec;

use super::Engine;
use crate::commands::execute;
use crate::db::{Cause, Ctx, Effect, Event, NOBODY, Standing, Step};
use crate::error::Result;

impl Engine {
    /// Applies the effects of a step as they are: no deadline passes, nothing is evicted.
    ///
    /// # Errors
    /// Where an effect does not fit the state, which means that the state is not the one that it
    /// was computed on, or where a database is full. Nothing of the step remains then.
    #[inline(never)]
    pub fn apply(&mut self, step: &Step) -> Result<()> {
        self.make_room_for(&step.effects)?;
        let journaling = core::mem::replace(&mut self.journaling, false);
        let mut draft = self.draft(step.at_ms);
        self.journaling = journaling;
        draft.applying = true;
        draft.may_block = false;
        let mut ctx = Ctx::new(&mut self.state, &mut draft, NOBODY);
        let start = ctx.savepoint();
        for effect in &step.effects {
            if let Err(error) = apply_one(&mut ctx, effect) {
                ctx.rollback(start);
                return Err(error);
            }
        }
        self.commit(draft, Cause::Load, &[]);
        self.state.seq = step.seq;
        Ok(())
    }
}

fn apply_one(ctx: &mut Ctx, effect: &Effect) -> Result<()> {
    match effect {
        Effect::Command { db, argv } => {
            let argv: Vec<&[u8]> = argv.iter().map(|argument| &**argument).collect();
            ctx.in_db(*db, |ctx| execute(ctx, &argv)).map(|_| ())
        }
        Effect::Expired { db, key, deadline } => {
            ctx.in_db(*db, |ctx| {
                let current = ctx.keyspace().get(key).and_then(Standing::deadline);
                if current == Some(*deadline) {
                    ctx.remove(key, Event::Expired);
                }
            });
            Ok(())
        }
        Effect::Evicted { db, key, .. } => {
            ctx.in_db(*db, |ctx| ctx.remove(key, Event::Evicted));
            Ok(())
        }
    }
}
