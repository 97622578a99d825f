//! Calls that read: GET, HGET, MGET.

use alloc::vec::Vec;

use super::{Moment, is_lasting};
use crate::db::{Cause, ClientId, Keyspace, Standing};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::types::{Fields, Hash, Item, Kind, Str};

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

impl Engine {
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
}

fn hash_of(standing: Standing<'_>) -> Result<Fields<'_>> {
    Hash::of(standing.value()).ok_or(Error::WrongType)
}
