//! Calls that read: GET, HGET, MGET.

use alloc::vec::Vec;

use super::{Caller, Moment, is_lasting};
use crate::db::{Cause, ClientId, Keyspace, Lookup, Place, Standing, split_mix};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::types::{Hash, Item, Kind, Str};

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
        match standing.short_text() {
            Some(text) => Ok(Lent {
                item: text.as_item(),
                known_ascii: standing.known_ascii(),
            }),
            None => Lent::of_other(standing),
        }
    }

    /// As `of`, where that is no string that lies in its block.
    #[cold]
    #[inline]
    fn of_other(standing: Standing<'a>) -> Result<Lent<'a>> {
        let text = <Str as Kind>::of(standing.value()).ok_or(Error::WrongType)?;
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

impl Engine {
    /// GET. What stands there is lent.
    #[inline(always)]
    pub fn get(
        &mut self,
        now: Moment,
        client: ClientId,
        key: &[u8],
    ) -> Option<Result<Option<Lent<'_>>>> {
        let caller = self.admits(now, client, "GET", |keys| is_lasting(keys, key))?;
        let Some(place) = self.find_read(now.ms, caller, &[b"GET", key]) else {
            return Some(Ok(None));
        };
        let keyspace = &mut self.state.databases[caller.db as usize];
        let standing = keyspace.read_at(place, now.ms, caller.no_touch);
        let lent = Lent::of(standing);
        self.state.stats.errors += u64::from(lent.is_err());
        Some(lent.map(Some))
    }

    /// GET of each of some keys, as so many calls one after the other: what lets one in is looked at once, and the keys are
    /// looked for side by side. What stands there is lent to `answer`, which says whether to go on; how many were answered.
    /// It ends before one of which somebody may want to hear; none is hashed where anybody listens, as the first may be missing.
    pub fn get_each(
        &mut self,
        now: Moment,
        client: ClientId,
        keys: &[&[u8]],
        mut answer: impl FnMut(Result<Option<Lent>>) -> bool,
    ) -> usize {
        if self.state.hears() {
            return 0;
        }
        let commands = self.state.stats.commands;
        let Some(caller) = self.admits(now, client, "GET", |_| false) else {
            return 0;
        };
        let (hashes, _) = self.state.databases[caller.db as usize].hash_each(keys.iter().copied());
        let mut done = 0;
        for (hash, key) in hashes.iter().zip(keys) {
            self.state.free_lazily_in_step();
            let found = self.state.databases[caller.db as usize].find_hashed(*hash, key);
            let Some(lent) = self.read_each(now.ms, caller, found) else {
                break;
            };
            let is_error = lent.is_err();
            let goes_on = answer(lent);
            self.state.stats.errors += u64::from(is_error);
            done += 1;
            if !goes_on {
                break;
            }
        }
        self.state.stats.commands = commands + done as u64;
        done
    }

    /// One of them, which was looked up.
    #[inline(always)]
    fn read_each(
        &mut self,
        now_ms: i64,
        caller: Caller,
        found: Lookup,
    ) -> Option<Result<Option<Lent<'_>>>> {
        let Some(place) = self.found_quietly(now_ms, caller, found)? else {
            return Some(Ok(None));
        };
        let keyspace = &mut self.state.databases[caller.db as usize];
        let standing = keyspace.read_at(place, now_ms, caller.no_touch);
        Some(Lent::of(standing).map(Some))
    }

    /// HGET. What stands there is lent.
    #[inline]
    pub fn hget(
        &mut self,
        now: Moment,
        client: ClientId,
        (key, field): (&[u8], &[u8]),
    ) -> Option<Result<Option<Lent<'_>>>> {
        let caller = self.admits(now, client, "HGET", |keys| is_lasting(keys, key))?;
        let Some(place) = self.find_read(now.ms, caller, &[b"HGET", key, field]) else {
            return Some(Ok(None));
        };
        let keyspace = &mut self.state.databases[caller.db as usize];
        let standing = keyspace.read_at(place, now.ms, caller.no_touch);
        let hash = Hash::of(standing.value());
        self.state.stats.errors += u64::from(hash.is_none());
        let answer = hash.map(|hash| hash.get(field).map(Lent::part));
        Some(answer.ok_or(Error::WrongType))
    }

    /// Where the key that a call names first stands. That it does not is heard by whoever listens.
    #[inline(always)]
    fn find_read(&mut self, now_ms: i64, caller: Caller, argv: &[&[u8]]) -> Option<Place> {
        self.state.free_lazily_in_step();
        let found = self.state.databases[caller.db as usize].find_here(argv[1]);
        match self.found_quietly(now_ms, caller, found) {
            Some(place) => place,
            None => {
                self.miss_heard(now_ms, caller, argv);
                None
            }
        }
    }

    /// As `State::found_quietly` in a step of its own, where nobody is to hear of it.
    #[inline(always)]
    fn found_quietly(
        &mut self,
        now_ms: i64,
        caller: Caller,
        found: Lookup,
    ) -> Option<Option<Place>> {
        let place = self.state.found_quietly(caller.db, found, now_ms)?;
        // Each step draws a seed.
        split_mix(&mut self.random);
        Some(place)
    }

    /// The step of a call whose key is not there, or not any more, where somebody may hear of that.
    #[cold]
    #[inline]
    fn miss_heard(&mut self, now_ms: i64, caller: Caller, argv: &[&[u8]]) {
        let mut draft = self.draft(now_ms);
        let mut ctx = caller.ctx(&mut self.state, &mut draft);
        let standing = ctx.read_whole(argv[1]);
        debug_assert!(standing.is_none(), "an authority removes what is past");
        self.commit(draft, Cause::Command, argv);
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
}
