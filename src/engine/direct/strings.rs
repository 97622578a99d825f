//! Calls that write strings: SET, INCR and its like.

use alloc::string::ToString;

use super::{Caller, Moment, is_lasting};
use crate::commands::{add, sum_of};
use crate::db::{Cause, ClientId, Deadline, Event, Head, Savepoint, Ttl, split_mix};
use crate::engine::Engine;
use crate::error::Result;
use crate::types::{Str, Text};

/// A command that adds to the integer under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    Incr,
    Decr,
    IncrBy(i64),
}

impl Count {
    #[inline]
    fn name(self) -> &'static str {
        match self {
            Count::Incr => "INCR",
            Count::Decr => "DECR",
            Count::IncrBy(_) => "INCRBY",
        }
    }

    /// Hands over the call as a client sends it.
    fn with_argv<R>(self, key: &[u8], take: impl FnOnce(&[&[u8]]) -> R) -> R {
        let name = self.name().as_bytes();
        match self {
            Count::Incr | Count::Decr => take(&[name, key]),
            Count::IncrBy(step) => {
                let mut digits = itoa::Buffer::new();
                take(&[name, key, digits.format(step).as_bytes()])
            }
        }
    }

    #[inline]
    fn step(self) -> i64 {
        match self {
            Count::Incr => 1,
            Count::Decr => -1,
            Count::IncrBy(step) => step,
        }
    }
}

impl Engine {
    /// SET without options, or with EX or PX alone, for so many milliseconds. Where memory is near its bound it is left to `call`,
    /// which makes room. A journal is told of a time that PX was asked for, which means the same.
    #[inline]
    pub fn set(
        &mut self,
        now: Moment,
        client: ClientId,
        (key, value): (&[u8], &[u8]),
        ttl_ms: Option<i64>,
    ) -> Option<()> {
        let deadline = match ttl_ms {
            None => None,
            Some(ttl_ms) if !now.is_exact || ttl_ms <= 0 => return None,
            Some(ttl_ms) => Some(now.ms.checked_add(ttl_ms)?),
        };
        if !self.has_room_for(key.len() + value.len()) {
            return None;
        }
        let caller = self.admits(now, client, "SET", |keys| is_lasting(keys, key))?;
        if let Some(slot) = self.quiet_slot(now.ms, caller, key) {
            slot.set(value, deadline);
            if let Some(head) = self.end_quietly(now.ms) {
                match deadline {
                    None => self.journal.push_set(head, caller.db, key, value),
                    Some(at) => (self.journal).push_set_for(head, caller.db, (key, value), at),
                }
            }
        } else {
            self.set_heard(now.ms, caller, (key, value), deadline);
        }
        Some(())
    }

    /// SET without options of each of some keys and values, as `Engine::get_each` reads them; how many were set. It ends
    /// before one of which somebody is to hear, or for which there may be no room; no key is hashed where that is the first.
    pub fn set_each(&mut self, now: Moment, client: ClientId, pairs: &[(&[u8], &[u8])]) -> usize {
        let Some((key, value)) = pairs.first() else {
            return 0;
        };
        let is_quiet = self.waiting.is_empty() && self.state.is_quiet();
        if !is_quiet || !self.has_room_for(key.len() + value.len()) {
            return 0;
        }
        let commands = self.state.stats.commands;
        let Some(caller) = self.admits(now, client, "SET", |_| false) else {
            return 0;
        };
        let keyspace = &self.state.databases[caller.db as usize];
        let (hashes, _) = keyspace.hash_each(pairs.iter().map(|(key, _)| *key));
        let mut done = 0;
        for (hash, (key, value)) in hashes.iter().zip(pairs) {
            if !self.waiting.is_empty() || !self.has_room_for(key.len() + value.len()) {
                break;
            }
            self.state.free_lazily_in_step();
            let found = self.state.databases[caller.db as usize].find_hashed(*hash, key);
            let slot = (self.state).quiet_slot_found(caller.db, key, found, now.ms);
            let Some(slot) = slot else {
                break;
            };
            slot.set(value, None);
            if let Some(head) = self.end_quietly(now.ms) {
                self.journal.push_set(head, caller.db, key, value);
            }
            done += 1;
        }
        self.state.stats.commands = commands + done as u64;
        done
    }

    /// As `set`, where somebody hears of it.
    #[cold]
    #[inline]
    fn set_heard(
        &mut self,
        now_ms: i64,
        caller: Caller,
        (key, value): (&[u8], &[u8]),
        deadline: Option<Deadline>,
    ) {
        let mut draft = self.draft(now_ms);
        let mut ctx = caller.ctx(&mut self.state, &mut draft);
        let ttl = deadline.map_or(Ttl::Clear, Ttl::At);
        ctx.slot(key).put_text(Event::Set, Text::of(value), ttl);
        match deadline {
            None => {
                ctx.seal(Savepoint::START);
                self.commit(draft, Cause::Command, &[b"SET", key, value]);
            }
            Some(at) => {
                let [ttl, at] = [at - now_ms, at].map(|ms| ms.to_string());
                ctx.effect([b"SET", key, value, b"PXAT", at.as_bytes()]);
                let argv = [b"SET", key, value, b"PX", ttl.as_bytes()];
                self.commit(draft, Cause::Command, &argv);
            }
        }
    }

    /// INCR, DECR and INCRBY, as `set` where memory is near its bound.
    #[inline(always)]
    pub fn count(
        &mut self,
        now: Moment,
        client: ClientId,
        key: &[u8],
        count: Count,
    ) -> Option<Result<i64>> {
        if !self.has_room_for(key.len()) {
            return None;
        }
        let name = count.name();
        let caller = self.admits(now, client, name, |keys| is_lasting(keys, key))?;
        if let Some(mut slot) = self.quiet_slot(now.ms, caller, key)
            && let Some(sum) = slot.add(count.step())
        {
            self.end_counted(now.ms, caller, key, count);
            return Some(Ok(sum));
        }
        Some(self.count_anew(now.ms, caller, key, count))
    }

    /// As `count`, where the sum is not just written over what stands there.
    #[cold]
    #[inline]
    fn count_anew(&mut self, now_ms: i64, caller: Caller, key: &[u8], count: Count) -> Result<i64> {
        if let Some(slot) = self.quiet_slot(now_ms, caller, key) {
            let sum = slot.view::<Str>();
            let sum = sum.and_then(|text| sum_of(text, count.step()));
            match sum {
                Ok(sum) => {
                    let deadline = slot.deadline();
                    slot.put_text(Text::Int(sum), deadline);
                    self.end_counted(now_ms, caller, key, count);
                }
                // Each step draws a seed.
                Err(_) => _ = split_mix(&mut self.random),
            }
            return self.counted(sum);
        }
        let mut draft = self.draft(now_ms);
        let mut ctx = caller.ctx(&mut self.state, &mut draft);
        let sum = add(&mut ctx, key, count.step());
        if sum.is_ok() {
            ctx.seal(Savepoint::START);
        }
        count.with_argv(key, |argv| self.finish(draft, sum, argv))
    }

    /// Ends the step of a count that came to a sum.
    #[inline(always)]
    fn end_counted(&mut self, now_ms: i64, caller: Caller, key: &[u8], count: Count) {
        if let Some(head) = self.end_quietly(now_ms) {
            self.keep_count(head, caller.db, key, count);
        }
    }

    #[inline]
    fn keep_count(&mut self, head: Head, db: u32, key: &[u8], count: Count) {
        count.with_argv(key, |argv| self.journal.push_call(head, db, argv));
    }
}
