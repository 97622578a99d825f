//! What the near cache of a caller, which answers reads by itself, asks of the engine.

use super::Row;
use crate::db::{ClientId, Ctx};
use crate::engine::Engine;

impl Engine {
    /// Lets the near cache of a caller hold what it has just read; false where it may not. The use that was
    /// made of the `former` key of the slot goes into its entry.
    pub fn let_near(&mut self, now_ms: i64, client: ClientId, key: &[u8], former: &[u8]) -> bool {
        let Some(caller) = self.client(client) else {
            return false;
        };
        let (db, is_plain) = (caller.db, caller.queue.is_none() && !caller.no_touch);
        let standing = self.state.databases[db as usize].get(key);
        let is_lasting = standing.is_some_and(|standing| standing.deadline().is_none());
        if !is_plain || !is_lasting || self.atomic.is_some() {
            return false;
        }
        if let Some(hit_ms) = self.state.near.last_hit_ms(db, former) {
            let idle_ms = (now_ms as u32).wrapping_sub(hit_ms);
            let mut draft = self.spare.take().unwrap_or_default();
            draft.begin(now_ms, 0, false);
            let mut ctx = Ctx::new(&mut self.state, &mut draft, client);
            ctx.slot(former).set_idle(i64::from(idle_ms));
            self.discard(draft);
        }
        self.state.admit_near(db, key);
        true
    }

    /// Counts what the near cache of a client has answered: each was a command that hit.
    #[inline(always)]
    pub fn count_hits(&mut self, now_ms: i64, client: ClientId) {
        if self.state.near.has_hits() {
            self.count_some_hits(now_ms, client);
        }
    }

    #[cold]
    #[inline]
    fn count_some_hits(&mut self, now_ms: i64, client: ClientId) {
        if let Some(hits) = self.state.near.take_hits(now_ms) {
            self.state.stats.commands += u64::from(hits.count);
            self.state.stats.hits += u64::from(hits.count);
            let caller = self.state.client_mut(client);
            caller.active_ms = hits.last_ms;
            if let Some(row) = Row::numbered(hits.last_row) {
                caller.last_command = row.listed().command.name;
            }
        }
    }

    /// Has the near cache hold nothing that its client would not be answered: after SELECT, CLIENT NO-TOUCH.
    pub fn keep_near(&mut self, client: ClientId) {
        let caller = self.state.client(client);
        let (db, is_use) = (caller.db, !caller.no_touch);
        if is_use {
            self.state.near.keep_to(db);
        } else {
            self.state.near.forget_all();
        }
    }
}
