//! What time does while nobody calls.

use super::Engine;
use crate::db::{Budget, Cause, Ctx, NOBODY, Role};

impl Engine {
    /// Whether time alone can change anything: somebody waits, a key has a deadline, or
    /// something large is yet to be freed.
    pub fn needs_ticks(&self) -> bool {
        !self.waiting.is_empty() || !self.state.lazy.is_empty() || self.state.has_volatile_keys()
    }

    /// Ends waits whose time is up, removes keys whose deadline has passed and frees what was removed,
    /// within a budget.
    /// A host calls it about ten times a second, or when `next_timeout_ms` has come.
    #[inline(never)]
    pub fn tick(&mut self, now_ms: i64, budget: &mut Budget) {
        if self.atomic.is_some() {
            return;
        }
        self.time_out(now_ms);
        if self.state.config.role == Role::Authority {
            self.expire(now_ms, budget);
        }
        self.state.free_lazily(budget);
    }

    fn expire(&mut self, now_ms: i64, budget: &mut Budget) {
        for db in 0..self.state.databases.len() as u32 {
            if self.state.databases[db as usize].volatile_len() == 0 {
                continue;
            }
            loop {
                let mut draft = self.draft(now_ms);
                let mut ctx = Ctx::new(&mut self.state, &mut draft, NOBODY);
                let is_full = ctx.in_db(db, |ctx| ctx.expire_some(budget));
                self.commit(draft, Cause::Expiry, &[]);
                if !is_full {
                    break;
                }
            }
        }
    }
}
