//! The short way into the engine, for a caller in the same process that makes millions of small calls.
//!
//! It is the same command by a shorter way: the row is known by its number and not looked up by name,
//! arguments are slices of the caller's buffer, and what is read is lent and not copied. Whatever
//! is special about a client or the store (a queue, an open step, a replica ...) is left to `call`:
//! then nothing has happened, and `None` says so. `tests/direct.rs` holds the two ways to each other.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::{Engine, Outcome};
#[cfg(feature = "sorted-sets")]
use crate::commands::add_members;
use crate::commands::{Listed, add, sum_of, table};
use crate::db::{
    Cause, ClientId, Ctx, Deadline, Draft, ENTRY_MAX_BYTES, Event, Head, Keyspace, QuietSlot, Resp,
    Role, Savepoint, Standing, State, Ttl, split_mix,
};
use crate::error::{Error, Result};
#[cfg(feature = "sorted-sets")]
use crate::types::{Added, Only, Score, ZSet, number};
use crate::types::{Fields, Hash, Item, Kind, Str, Text, Words};

/// When a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    pub ms: i64,
    /// False where the clock was last read for a call shortly before, in the same turn of the caller. Such a
    /// call never decides whether a deadline has passed: it is left to one that has looked.
    pub is_exact: bool,
}

/// A string as it is lent.
#[derive(Debug, Clone, Copy)]
pub struct Lent<'a> {
    pub item: Item<'a>,
    known_ascii: Option<bool>,
}

impl<'a> Lent<'a> {
    /// What stands under a key, which has to be a string.
    #[inline(always)]
    fn of(standing: Standing<'a>) -> Result<Lent<'a>> {
        let text = match standing.short_text() {
            Some(text) => text,
            None => <Str as Kind>::of(standing.value()).ok_or(Error::WrongType)?,
        };
        Ok(Lent {
            item: text.as_item(),
            known_ascii: standing.known_ascii(),
        })
    }

    /// A part of what stands there.
    #[inline]
    fn part(item: Item<'a>) -> Lent<'a> {
        Lent {
            item,
            known_ascii: None,
        }
    }

    /// Whether every byte is a character of ASCII, for callers whose strings are none of bytes. O(1) for most.
    #[inline]
    pub fn is_ascii(self) -> bool {
        self.known_ascii.unwrap_or_else(|| match self.item {
            Item::Int(_) => true,
            Item::Bytes(bytes) => bytes.is_ascii(),
        })
    }
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

/// So many calls are taken together.
#[cfg(feature = "sorted-sets")]
pub const CALLS_MAX: usize = 16;

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

    /// GET. What stands there is lent to `answer`.
    pub fn get<R>(
        &mut self,
        now: Moment,
        client: ClientId,
        key: &[u8],
        answer: impl FnOnce(Option<Lent>) -> R,
    ) -> Option<Result<R>> {
        let caller = self.admits(now, client, "GET", |keys| is_lasting(keys, key))?;
        if let Some(standing) = self.read_quietly(now.ms, caller, key) {
            let lent = match standing.map(Lent::of) {
                None => None,
                Some(Ok(lent)) => Some(lent),
                Some(Err(error)) => return Some(self.counted(Err(error))),
            };
            return Some(Ok(answer(lent)));
        }
        let mut draft = self.draft(now.ms);
        let mut ctx = caller.ctx(&mut self.state, &mut draft);
        let lent = ctx.read_whole(key).map(Lent::of).transpose();
        let answer = lent.map(answer);
        Some(self.finish(draft, answer, &[b"GET", key]))
    }

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

    /// ZADD of one member without options, as `set` where memory is near its bound; whether it is new.
    #[cfg(feature = "sorted-sets")]
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
    #[cfg(feature = "sorted-sets")]
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

    /// Of an engine without sorted sets.
    #[cfg(not(feature = "sorted-sets"))]
    pub fn zadd(
        &mut self,
        _: Moment,
        _: ClientId,
        _: &[u8],
        _: (f64, &[u8]),
    ) -> Option<Result<bool>> {
        None
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

    /// HGET. What stands there is lent to `answer`.
    pub fn hget<R>(
        &mut self,
        now: Moment,
        client: ClientId,
        (key, field): (&[u8], &[u8]),
        answer: impl FnOnce(Option<Lent>) -> R,
    ) -> Option<Result<R>> {
        let caller = self.admits(now, client, "HGET", |keys| is_lasting(keys, key))?;
        if let Some(standing) = self.read_quietly(now.ms, caller, key) {
            let hash = standing.map(hash_of).transpose();
            let answer =
                hash.map(|hash| answer(hash.and_then(|hash| hash.get(field)).map(Lent::part)));
            return Some(self.counted(answer));
        }
        let mut draft = self.draft(now.ms);
        let mut ctx = caller.ctx(&mut self.state, &mut draft);
        let answer = ctx
            .read::<Hash>(key)
            .map(|hash| answer(hash.and_then(|hash| hash.get(field)).map(Lent::part)));
        Some(self.finish(draft, answer, &[b"HGET", key, field]))
    }

    /// MGET. What stands under each key is lent to `answer`, in their order; false where nothing has happened.
    pub fn mget<'k>(
        &mut self,
        now: Moment,
        client: ClientId,
        keys: impl Iterator<Item = &'k [u8]> + Clone,
        mut answer: impl FnMut(Option<Lent>),
    ) -> bool {
        let are_lasting = |keyspace: &Keyspace| keys.clone().all(|key| is_lasting(keyspace, key));
        let Some(caller) = self.admits(now, client, "MGET", are_lasting) else {
            return false;
        };
        let mut draft = self.draft(now.ms);
        let mut ctx = caller.ctx(&mut self.state, &mut draft);
        // A key of another kind is as good as none here.
        ctx.read_all(keys.clone(), |standing| {
            answer(standing.and_then(|standing| Lent::of(standing).ok()));
        });
        if draft.is_idle() {
            self.discard(draft);
        } else {
            let argv: Vec<&[u8]> = core::iter::once(b"MGET".as_slice()).chain(keys).collect();
            self.commit(draft, Cause::Command, &argv);
        }
        true
    }

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

    /// As `Ctx::read_whole` in a step of its own, where nobody is to hear of it.
    #[inline(always)]
    fn read_quietly(
        &mut self,
        now_ms: i64,
        caller: Caller,
        key: &[u8],
    ) -> Option<Option<Standing<'_>>> {
        self.state.free_lazily_in_step();
        let Caller { db, no_touch, .. } = caller;
        let standing = self.state.read_quietly(db, key, now_ms, no_touch)?;
        // Each step draws a seed.
        split_mix(&mut self.random);
        Some(standing)
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

fn hash_of(standing: Standing<'_>) -> Result<Fields<'_>> {
    Hash::of(standing.value()).ok_or(Error::WrongType)
}

/// Whether time takes nothing from this key.
#[inline]
fn is_lasting(keyspace: &Keyspace, key: &[u8]) -> bool {
    keyspace.volatile_len() == 0
        || keyspace
            .get(key)
            .is_none_or(|entry| entry.deadline().is_none())
}
