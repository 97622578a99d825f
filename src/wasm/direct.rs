//! The short way in: arguments in places that never move, one export for each shape of call.
//!
//! JavaScript writes the arguments to their places and says how long they are; what is answered is lent where
//! it stands, until the next call. A call that wants more than this answers `Tag::Ordinary`, and nothing has
//! happened: `pkg-template/src/engine/direct.ts` then makes it by `call`.

use alloc::boxed::Box;

use wasm_bindgen::prelude::*;

use super::Instance;
use super::answer::Tag;
use nookdb::engine::{Count, Moment, Outcome, Row};
use nookdb::error::Error;
use nookdb::reply::Reply;

/// Room of the first argument, mostly a key. `pkg-template/src/engine/direct.ts` has the same numbers.
const FIRST_BYTES: usize = 1024;
/// Room of the second and of the third.
const OTHER_BYTES: usize = 16 * 1024;
const ALL_BYTES: usize = FIRST_BYTES + 2 * OTHER_BYTES;
/// Arguments of a call of `direct_words`, at most.
const MOST_WORDS: usize = 64;
/// JavaScript writes short strings a word at a time.
const ALIGNMENT: usize = size_of::<u32>();
/// The verbs of `count`, beside INCRBY. `pkg-template/src/engine/direct.ts` has the same numbers.
const INCR: u32 = 0;
const DECR: u32 = 1;
/// No command has this number: said where a name is no row.
const NO_ROW: u32 = u32::MAX;

/// Where the arguments of a direct call are. As with `Scratch` one side writes while the other does
/// not run.
pub(super) struct Places(Box<Room>);

#[repr(C, align(4))]
struct Room([u8; ALL_BYTES]);

const _: () = assert!(align_of::<Room>() == ALIGNMENT);

impl Places {
    pub fn new() -> Places {
        Places(Box::new(Room([0; ALL_BYTES])))
    }

    pub fn address(&self) -> usize {
        self.0.0.as_ptr() as usize
    }

    #[inline(always)]
    fn at(&self, offset: usize, len: u32) -> &[u8] {
        &self.0.0[offset..][..len as usize]
    }

    #[inline]
    fn first(&self, len: u32) -> &[u8] {
        self.at(0, len)
    }

    #[inline]
    fn second(&self, len: u32) -> &[u8] {
        self.at(FIRST_BYTES, len)
    }

    fn third(&self, len: u32) -> &[u8] {
        self.at(FIRST_BYTES + OTHER_BYTES, len)
    }

    /// As many words as there are keys, their lengths, and then the keys, each at a multiple of `ALIGNMENT`.
    fn keys(&self, count: u32) -> impl Iterator<Item = &[u8]> + Clone {
        let (lengths, rest) = self.0.0.split_at(count as usize * ALIGNMENT);
        let mut at = 0;
        lengths.as_chunks().0.iter().map(move |length| {
            let len = u32::from_le_bytes(*length) as usize;
            let key = &rest[at..at + len];
            at += len.next_multiple_of(ALIGNMENT);
            key
        })
    }
}

#[wasm_bindgen]
impl Instance {
    /// The number of the command whose name is in the first place.
    pub fn row(&self, name_len: u32) -> u32 {
        let name = str::from_utf8(self.places.first(name_len)).unwrap_or_default();
        Row::of(name).map_or(NO_ROW, |row| row.number() as u32)
    }

    pub fn get(&mut self, now_ms: f64, client: u32, key_len: u32) -> u32 {
        let now = self.moment(now_ms);
        self.engine.count_hits(now.ms, self.near_client);
        let key = self.places.first(key_len);
        let found = self.engine.get(now, u64::from(client), key);
        let tag = found.map(|found| found.map(|value| self.answer.lend(value)));
        self.read(tag)
    }

    pub fn hget(&mut self, now_ms: f64, client: u32, key_len: u32, field_len: u32) -> u32 {
        let now = self.moment(now_ms);
        self.engine.count_hits(now.ms, self.near_client);
        let names = (self.places.first(key_len), self.places.second(field_len));
        let found = self.engine.hget(now, u64::from(client), names);
        let tag = found.map(|found| found.map(|value| self.answer.lend(value)));
        self.read(tag)
    }

    /// The answer is at the first of its words: two words a key, as of `get`.
    pub fn mget(&mut self, now_ms: f64, client: u32, count: u32) -> u32 {
        let now = self.moment(now_ms);
        self.engine.count_hits(now.ms, self.near_client);
        let (engine, answer) = (&mut self.engine, &mut self.answer);
        answer.begin_list(count as usize);
        let keys = self.places.keys(count);
        let done = engine.mget(now, u64::from(client), keys, |value| {
            answer.lend_next(value)
        });
        if done {
            answer.end_list();
            Tag::List as u32 | self.flags_of_look()
        } else {
            Tag::Ordinary as u32
        }
    }

    /// Opens a near cache of so many slots for a client, and gives the address of its words; 0 where
    /// there is no memory for them.
    pub fn near_open(&mut self, client: u32, slots: u32) -> u32 {
        self.near_client = u64::from(client);
        let near = &mut self.engine.state_mut().near;
        if near.open(slots as usize) {
            near.words().as_ptr() as u32
        } else {
            0
        }
    }

    /// Lets it hold what stands under the key in the first place, in the place of the key in the second.
    pub fn admit(&mut self, now_ms: f64, key_len: u32, former_len: u32) -> bool {
        let (key, former) = (self.places.first(key_len), self.places.second(former_len));
        self.engine
            .let_near(now_ms as i64, self.near_client, key, former)
    }

    /// Runs the command of a row with one to three arguments.
    #[allow(clippy::too_many_arguments)]
    pub fn direct(
        &mut self,
        now_ms: f64,
        client: u32,
        row: u32,
        count: u32,
        first_len: u32,
        second_len: u32,
        third_len: u32,
    ) -> u32 {
        let Some(row) = Row::numbered(row as usize) else {
            return Tag::Ordinary as u32;
        };
        let now = self.moment(now_ms);
        self.engine.count_hits(now.ms, self.near_client);
        let argv = [
            row.name(),
            self.places.first(first_len),
            self.places.second(second_len),
            self.places.third(third_len),
        ];
        let argv = &argv[..1 + count.min(3) as usize];
        if !self.headroom.is_there_for(argv) {
            return Tag::Ordinary as u32;
        }
        match self.engine.direct(now, u64::from(client), row, argv) {
            Some(outcome) => self.answer.outcome(outcome) as u32 | self.flags_of_direct(client),
            None => Tag::Ordinary as u32,
        }
    }

    /// As `direct`, with any number of arguments up to `MOST_WORDS`; they lie as the keys of `mget` do.
    pub fn direct_words(&mut self, now_ms: f64, client: u32, row: u32, count: u32) -> u32 {
        let Some(row) = Row::numbered(row as usize) else {
            return Tag::Ordinary as u32;
        };
        let now = self.moment(now_ms);
        self.engine.count_hits(now.ms, self.near_client);
        let mut argv: [&[u8]; MOST_WORDS + 1] = [&[]; MOST_WORDS + 1];
        argv[0] = row.name();
        for (place, word) in argv[1..].iter_mut().zip(self.places.keys(count)) {
            *place = word;
        }
        let argv = &argv[..1 + count as usize];
        if !self.headroom.is_there_for(argv) {
            return Tag::Ordinary as u32;
        }
        match self.engine.direct(now, u64::from(client), row, argv) {
            Some(outcome) => self.answer.outcome(outcome) as u32 | self.flags_of_direct(client),
            None => Tag::Ordinary as u32,
        }
    }

    /// SET without options, or for a time alone where that is more than 0. The value may lie right behind the key.
    #[allow(clippy::too_many_arguments)]
    pub fn set(
        &mut self,
        now_ms: f64,
        client: u32,
        key_len: u32,
        value_at: u32,
        value_len: u32,
        ttl_ms: f64,
    ) -> u32 {
        let now = self.moment(now_ms);
        self.engine.count_hits(now.ms, self.near_client);
        let key = self.places.first(key_len);
        let value = self.places.at(value_at as usize, value_len);
        if !self.headroom.is_there_for_bytes(key.len() + value.len()) {
            return Tag::Ordinary as u32;
        }
        let ttl_ms = (ttl_ms > 0.0).then_some(ttl_ms as i64);
        self.needs_ticks |= ttl_ms.is_some();
        let client = u64::from(client);
        match self.engine.set(now, client, (key, value), ttl_ms) {
            Some(()) => Tag::Ok as u32 | self.flags_of_write(),
            None => Tag::Ordinary as u32,
        }
    }

    /// INCR, DECR, or INCRBY with a step.
    pub fn count(&mut self, now_ms: f64, client: u32, key_len: u32, verb: u32, step: i32) -> u32 {
        let now = self.moment(now_ms);
        self.engine.count_hits(now.ms, self.near_client);
        let count = match verb {
            INCR => Count::Incr,
            DECR => Count::Decr,
            _ => Count::IncrBy(i64::from(step)),
        };
        let key = self.places.first(key_len);
        if !self.headroom.is_there_for_bytes(key.len()) {
            return Tag::Ordinary as u32;
        }
        match self.engine.count(now, u64::from(client), key, count) {
            Some(Ok(sum)) => self.answer.integer(sum) as u32 | self.flags_of_write(),
            Some(Err(error)) => self.fail(error),
            None => Tag::Ordinary as u32,
        }
    }

    /// ZADD of one member without options. An engine without sorted sets leaves it to the ordinary way to say so.
    pub fn zadd(
        &mut self,
        now_ms: f64,
        client: u32,
        key_len: u32,
        score: f64,
        member_len: u32,
    ) -> u32 {
        let now = self.moment(now_ms);
        self.engine.count_hits(now.ms, self.near_client);
        let (key, member) = (self.places.first(key_len), self.places.second(member_len));
        if !self.headroom.is_there_for_bytes(key.len() + member.len()) {
            return Tag::Ordinary as u32;
        }
        let pair = (score, member);
        match self.engine.zadd(now, u64::from(client), key, pair) {
            Some(Ok(is_new)) => {
                self.answer.integer(i64::from(is_new)) as u32 | self.flags_of_write()
            }
            Some(Err(error)) => self.fail(error),
            None => Tag::Ordinary as u32,
        }
    }

    /// The time of a call: negative where the clock was last read for a call before. That is good enough where no key has
    /// a deadline and nobody waits.
    #[inline(always)]
    fn moment(&self, now_ms: f64) -> Moment {
        Moment {
            ms: now_ms.abs() as i64,
            is_exact: now_ms >= 0.0 || !self.needs_ticks,
        }
    }

    /// What is left to do after a direct call.
    fn flags_of_direct(&mut self, client: u32) -> u32 {
        self.needs_ticks = self.needs_ticks || self.engine.needs_ticks_after(u64::from(client));
        self.flags_of_look()
    }

    /// As `flags_of_direct`, after what brings no deadline and lets nobody wait.
    #[inline(always)]
    fn flags_of_write(&mut self) -> u32 {
        self.needs_ticks = self.needs_ticks || self.engine.needs_ticks_after_writing();
        self.flags_of_look()
    }

    /// Ends a call that reads.
    #[inline(always)]
    fn read(&mut self, tag: Option<Result<Tag, Error>>) -> u32 {
        match tag {
            Some(Ok(tag)) => tag as u32 | self.flags_of_look(),
            Some(Err(error)) => self.fail(error),
            None => Tag::Ordinary as u32,
        }
    }

    #[cold]
    #[inline(never)]
    fn fail(&mut self, error: Error) -> u32 {
        let outcome = Outcome::Reply(Reply::Error(error));
        self.answer.outcome(outcome) as u32 | self.flags()
    }
}
