//! The short way into the engine, for a caller in the same process that makes millions of small calls.
//!
//! It is the same command by a shorter way: the row is known by its number and not looked up by name,
//! arguments are slices of the caller's buffer, and what is read is lent and not copied. Whatever
//! is special about a client or the store (a queue, an open step, a replica ...) is left to `call`:
//! then nothing has happened, and `None` says so. `tests/direct.rs` holds the two ways to each other.

mod near;
mod read;
mod strings;
#[cfg(feature = "sorted-sets")]
mod zadd;

use alloc::boxed::Box;

use super::{Engine, Outcome};
use crate::commands::{Listed, table};
use crate::db::{
    Cause, ClientId, Ctx, Draft, ENTRY_MAX_BYTES, Head, Keyspace, QuietSlot, Resp, Role, Savepoint,
    State, split_mix,
};
use crate::error::Result;
use crate::types::Words;

pub use read::Lent;
pub use strings::Count;
#[cfg(feature = "sorted-sets")]
pub use zadd::CALLS_MAX;

/// When a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    pub ms: i64,
    /// False where the clock was last read for a call shortly before, in the same turn of the caller. Such a
    /// call never decides whether a deadline has passed: it is left to one that has looked.
    pub is_exact: bool,
}

/// The number of a command, for callers that name it once and call it often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row(usize);

impl Row {
    pub fn of(name: &str) -> Option<Row> {
        let rows = table().rows();
        let at = rows
            .iter()
            .position(|listed| listed.is_called(name.as_bytes()))?;
        // What changes the client itself (SELECT, WATCH ...), or other databases than its own, or asks
        // something of the host (SAVE ...), is looked after by `call`.
        let of_client = ["connection", "transactions", "pubsub", "server"];
        let of_others = ["MOVE", "SWAPDB", "COPY"];
        let is_special = of_client.contains(&rows[at].command.group) || of_others.contains(&name);
        (!is_special).then_some(Row(at))
    }

    /// The row that was given this number by `number`.
    #[inline]
    pub fn numbered(number: usize) -> Option<Row> {
        (number < table().rows().len()).then_some(Row(number))
    }

    #[inline]
    pub fn number(self) -> usize {
        self.0
    }

    /// The first word of a call.
    #[inline]
    pub fn name(self) -> &'static [u8] {
        self.listed().command.name.as_bytes()
    }

    #[inline]
    fn listed(self) -> &'static Listed {
        &table().rows()[self.0]
    }
}

/// A client whose call was let in, looked up once.
#[derive(Debug, Clone, Copy)]
struct Caller {
    client: ClientId,
    db: u32,
    no_touch: bool,
}

impl Caller {
    #[inline]
    fn ctx<'a>(self, state: &'a mut State, draft: &'a mut Draft) -> Ctx<'a> {
        Ctx {
            state,
            draft,
            client: self.client,
            db: self.db,
            no_touch: self.no_touch,
        }
    }
}

impl Engine {
    /// Runs a command that is named by its row; `argv` begins with its name all the same.
    #[inline]
    pub fn direct(
        &mut self,
        now: Moment,
        client: ClientId,
        row: Row,
        argv: &[&[u8]],
    ) -> Option<Outcome> {
        let listed = row.listed();
        let sure = now.is_exact || !self.state.has_volatile_keys();
        if !sure || !listed.accepts(argv.len()) {
            return None;
        }
        self.admits(now, client, listed.command.name, |_| true)?;
        Some(self.perform(now.ms, client, listed, argv))
    }

    /// Has the keys of a client's next calls fetched from memory, all at once; nothing comes of it but that these are
    /// quicker.
    #[inline]
    pub fn look_ahead<'k>(&self, client: ClientId, keys: impl Iterator<Item = &'k [u8]>) {
        let db = self.state.client(client).db as usize;
        self.state.databases[db].look_ahead(keys);
    }

    /// As `look_ahead`, for what calls that name one key will look for in the value under it.
    #[inline]
    pub fn look_into(&self, client: ClientId, key: &[u8], words: &[Words]) {
        let db = self.state.client(client).db as usize;
        self.state.databases[db].look_into(key, words);
    }

    /// Whether a key and a value that take so many bytes leave memory within its bound.
    #[inline(always)]
    fn has_room_for(&self, bytes: usize) -> bool {
        let bound = self.state.config.maxmemory;
        let is_within = bound == 0 || self.state.used_bytes() + bytes + ENTRY_MAX_BYTES <= bound;
        is_within && self.state.has_room_for(bytes + ENTRY_MAX_BYTES, true)
    }

    /// As `needs_ticks`, for what a direct call may have brought about: it changes the database of its client alone.
    #[inline]
    pub fn needs_ticks_after(&self, client: ClientId) -> bool {
        let db = self.state.client(client).db as usize;
        !self.waiting.is_empty()
            || !self.state.lazy.is_empty()
            || self.state.databases[db].volatile_len() > 0
    }

    /// As `needs_ticks_after`, for what brings no deadline and lets nobody wait.
    #[inline(always)]
    pub fn needs_ticks_after_writing(&self) -> bool {
        !self.state.lazy.is_empty()
    }

    /// Lets a call in, as `admit` does, if there is nothing about it that only `admit` knows. Where the time is not
    /// exact, the keys that it asks for are to be lasting.
    #[inline(always)]
    fn admits(
        &mut self,
        now: Moment,
        client: ClientId,
        name: &'static str,
        are_lasting: impl FnOnce(&Keyspace) -> bool,
    ) -> Option<Caller> {
        if self.atomic.is_some() || self.state.config.role != Role::Authority {
            return None;
        }
        let caller = self.state.clients.get_mut(client)?;
        let listens = caller.resp == Resp::Two && caller.subscriptions() > 0;
        if !caller.authenticated || caller.queue.is_some() || listens {
            return None;
        }
        let keyspace = &self.state.databases[caller.db as usize];
        if !now.is_exact && !are_lasting(keyspace) {
            return None;
        }
        caller.active_ms = now.ms;
        caller.last_command = name;
        self.state.stats.commands += 1;
        Some(Caller {
            client,
            db: caller.db,
            no_touch: caller.no_touch,
        })
    }

    /// As `Ctx::slot` in a step of its own, where nobody is to hear of it.
    #[inline(always)]
    fn quiet_slot<'k>(
        &mut self,
        now_ms: i64,
        caller: Caller,
        key: &'k [u8],
    ) -> Option<QuietSlot<'_, 'k>> {
        self.state.free_lazily_in_step();
        if !self.waiting.is_empty() {
            return None;
        }
        self.state.quiet_slot(caller.db, key, now_ms)
    }

    /// Numbers a step of one call that changed one key; its head, where the journal is to be told.
    #[inline(always)]
    #[must_use]
    fn end_quietly(&mut self, now_ms: i64) -> Option<Head> {
        // Each step draws a seed, though these draw nothing from it.
        split_mix(&mut self.random);
        self.state.seq += 1;
        self.journaling.then_some(Head {
            seq: self.state.seq,
            at_ms: now_ms,
            seed: 0,
            cause: Cause::Command,
        })
    }

    /// Counts the errors that calls come to.
    #[inline]
    fn counted<R>(&mut self, answer: Result<R>) -> Result<R> {
        self.state.stats.errors += u64::from(answer.is_err());
        answer
    }

    /// Ends the step of a command that may have failed.
    #[inline]
    fn finish<R>(&mut self, mut draft: Box<Draft>, answer: Result<R>, argv: &[&[u8]]) -> Result<R> {
        if answer.is_err() {
            Ctx::new(&mut self.state, &mut draft, crate::db::NOBODY).rollback(Savepoint::START);
        }
        self.commit(draft, Cause::Command, argv);
        self.counted(answer)
    }
}

#[cfg(not(feature = "sorted-sets"))]
impl Engine {
    /// Of an engine without sorted sets.
    pub fn zadd(
        &mut self,
        _: Moment,
        _: ClientId,
        _: &[u8],
        _: (f64, &[u8]),
    ) -> Option<Result<bool>> {
        None
    }
}

/// Whether time takes nothing from this key.
#[inline]
fn is_lasting(keyspace: &Keyspace, key: &[u8]) -> bool {
    keyspace.volatile_len() == 0
        || keyspace
            .get(key)
            .is_none_or(|entry| entry.deadline().is_none())
}
