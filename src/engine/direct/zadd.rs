//! ZADD, one at a time and several together.

use super::{Moment, is_lasting};
use crate::commands::add_members;
use crate::db::{ClientId, ENTRY_MAX_BYTES, Savepoint, split_mix};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::types::{Added, Only, Score, ZSet, number};

/// So many calls are taken together.
pub const CALLS_MAX: usize = 16;

impl Engine {
    /// ZADD of one member without options, as `set` where memory is near its bound; whether it is new.
    pub fn zadd(
        &mut self,
        now: Moment,
        client: ClientId,
        key: &[u8],
        (score, member): (f64, &[u8]),
    ) -> Option<Result<bool>> {
        let score = Score::new(score)?;
        if !self.has_room_for(key.len() + member.len()) {
            return None;
        }
        let caller = self.admits(now, client, "ZADD", |keys| is_lasting(keys, key))?;
        let is_bounded = self.state.config.maxmemory > 0;
        let used_before = if is_bounded {
            self.state.used_bytes()
        } else {
            0
        };
        let mut draft = self.draft(now.ms);
        draft.is_final = !is_bounded;
        let mut ctx = caller.ctx(&mut self.state, &mut draft);
        let mut added = add_members(&mut ctx, key, &[(score, member)], Only::Any);
        if added.is_ok() {
            ctx.seal(Savepoint::START);
        }
        // A set that is packed no longer has grown by more than its member.
        if is_bounded && added.is_ok() && self.outgrew(used_before) {
            added = Err(Error::OutOfMemory);
        }
        // Nobody else reads the words of the call.
        let text = if draft.effects.is_kept() {
            number::format_f64(score.get())
        } else {
            Default::default()
        };
        let argv = [b"ZADD", key, text.as_bytes(), member];
        let answer = self.finish(draft, added.map(|(new, _)| new > 0), &argv);
        if is_bounded {
            // What can not be freed now is refused before the next step that grows.
            let _ = self.make_room(now.ms);
        }
        Some(answer)
    }

    /// ZADD of one member without options, several times with one key, where nobody is to hear of it and the set is large: as
    /// so many calls one after the other, which is quicker, as members are looked for side by side. Tells of each whether its
    /// member is new; false where nothing has happened.
    ///
    /// The words are those of each call, the last its member.
    pub fn zadd_each(
        &mut self,
        now: Moment,
        client: ClientId,
        calls: &[(Score, [&[u8]; 4])],
        mut told: impl FnMut(bool),
    ) -> bool {
        let mut pairs = [(Score::default(), [].as_slice()); CALLS_MAX];
        let Some(pairs) = pairs.get_mut(..calls.len()) else {
            return false;
        };
        let Some((_, [_, key, ..])) = calls.first() else {
            return false;
        };
        let (mut bytes, mut is_one_key) = (0, true);
        for (pair, (score, [_, other, _, member])) in pairs.iter_mut().zip(calls) {
            *pair = (*score, member);
            bytes += member.len() + ENTRY_MAX_BYTES;
            is_one_key &= key == other;
        }
        if !is_one_key || self.state.config.maxmemory > 0 || !self.has_room_for(bytes) {
            return false;
        }
        let commands = self.state.stats.commands;
        let Some(caller) = self.admits(now, client, "ZADD", |keys| is_lasting(keys, key)) else {
            return false;
        };
        let limits = self.state.config.limits;
        let (mut added, mut len) = ([Added::Kept; CALLS_MAX], 0);
        if let Some(slot) = self.quiet_slot(now.ms, caller, key) {
            slot.edit(|zset: &mut ZSet| {
                if zset.is_table() {
                    zset.add_each(pairs, Only::Any, &limits, |one| {
                        added[len] = one;
                        len += 1;
                    });
                }
                added.iter().any(|one| *one != Added::Kept)
            });
        }
        if len == 0 {
            self.state.stats.commands = commands;
            return false;
        }
        self.state.stats.commands = commands + calls.len() as u64;
        for (added, (_, argv)) in added.iter().zip(calls) {
            if *added == Added::Kept {
                // Each step draws a seed.
                split_mix(&mut self.random);
            } else if let Some(head) = self.end_quietly(now.ms) {
                self.journal.push_call(head, caller.db, argv);
            }
            told(*added == Added::New);
        }
        // `quiet_slot` has done so for the first.
        (1..len).for_each(|_| self.state.free_lazily_in_step());
        true
    }
}
