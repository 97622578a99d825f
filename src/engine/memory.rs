//! `maxmemory`: making room before a step that may grow, and refusing one that grew too far.

use alloc::vec::Vec;

use super::Engine;
use crate::commands::{Flags, Listed, table};
use crate::db::{Cause, ClientId, Ctx, ENTRY_MAX_BYTES, Policy, Queue, State, TakenEffect};
use crate::error::{Error, Result};

/// What an argument may take as a key of its own, beside its bytes.
const WORD_BYTES: usize = 32;
const FREEING: [&str; 4] = ["DEL", "UNLINK", "FLUSHDB", "FLUSHALL"];

/// What a command with words of these lengths may take in blocks.
fn room_for_words(lengths: impl Iterator<Item = usize>) -> usize {
    lengths.fold(ENTRY_MAX_BYTES, |sum, len| {
        sum.saturating_add(len + WORD_BYTES)
    })
}

/// Whether a call of a step that is done again, and was let in as a whole, finds room for the entries that it writes.
pub(super) fn has_room_again(state: &State, argv: &[&[u8]]) -> bool {
    let is_freeing = argv
        .first()
        .is_some_and(|name| FREEING.iter().any(|known| known.as_bytes() == *name));
    is_freeing || state.has_room_for(room_for_words(argv.iter().map(|word| word.len())), false)
}

impl Engine {
    /// Whether this call, or anything that it will run from its queue, may need more memory.
    pub(super) fn may_grow(&self, client: ClientId, listed: &Listed) -> bool {
        self.state.config.maxmemory > 0 && self.listed_has_flag(client, listed, Flags::GROWS)
    }

    /// Whether this call may need more memory, for a host that has little left to give.
    pub fn grows(&self, client: ClientId, argv: &[&[u8]]) -> bool {
        self.has_flag(client, argv, Flags::GROWS)
    }

    /// Whether this call may change a key, for a host that could not keep the change.
    pub fn writes(&self, client: ClientId, argv: &[&[u8]]) -> bool {
        self.has_flag(client, argv, Flags::WRITE)
    }

    /// Whether the reply to this call may tell what became of a key, for a host that could not keep that. EXEC tells by its emptiness
    /// alone that a key that is watched has changed; what counts keys for the operator, as INFO does, is not meant.
    pub fn tells_of_keys(&self, client: ClientId, argv: &[&[u8]]) -> bool {
        self.state.client(client).queue.is_some()
            || self.writes(client, argv)
            || self.has_flag(client, argv, Flags::READS)
    }

    /// Whether a database is so full that there may be no room for the entries that this call writes. DEL and its kin are
    /// let in always.
    pub(super) fn is_too_full(&self, client: ClientId, listed: &Listed, argv: &[&[u8]]) -> bool {
        let flags = listed.command.flags;
        // Where there is a queue, whatever else comes joins it.
        let has_queue = || self.state.client(client).queue.is_some();
        let bytes = if flags.has(Flags::NOT_QUEUED) && has_queue() {
            self.room_for_call(client, argv)
        } else if flags.has(Flags::WRITE) {
            room_for_words(argv.iter().map(|word| word.len()))
        } else {
            return false;
        };
        if self.state.has_room_for(bytes, true) {
            return false;
        }
        let has = |flag| self.listed_has_flag(client, listed, flag);
        let is_freeing = FREEING.contains(&listed.command.name);
        has(Flags::GROWS)
            || (has(Flags::WRITE) && !is_freeing && !self.state.has_room_for(bytes, false))
    }

    /// What a call may take in blocks: those of its arguments, and for each command one that it writes anew.
    pub(super) fn room_for_call(&self, client: ClientId, argv: &[&[u8]]) -> usize {
        let queue = self.state.client(client).queue.as_ref();
        let queued = |queue: &Queue| queue.bytes() + queue.commands().len() * ENTRY_MAX_BYTES;
        queue.map_or(0, queued) + room_for_words(argv.iter().map(|word| word.len()))
    }

    /// Moves entries together where that makes room for others, of so many bytes.
    pub(super) fn regain_room(&mut self, bytes: usize) {
        for keyspace in &mut self.state.databases {
            if !keyspace.has_room_for(bytes, true) {
                keyspace.purge_if_sparse();
            }
        }
    }

    /// Before what is done again: moves entries together where there may be too little room for all of it. Whether there still
    /// may be too little: then each effect is to be asked for, as each call was when it was made, and together they may take
    /// far less than it seems.
    pub(super) fn is_short_for<'a>(
        &mut self,
        effects: impl Iterator<Item = TakenEffect<'a>>,
    ) -> bool {
        let of_effect = |effect| match effect {
            TakenEffect::Command { call, .. } => room_for_words(call.words().map(<[u8]>::len)),
            TakenEffect::Expired { .. } | TakenEffect::Evicted { .. } => 0,
        };
        let mut bytes = 0_usize;
        // Not to the end: the same words may be named any number of times.
        let short = effects.map(of_effect).find(|more| {
            bytes = bytes.saturating_add(*more);
            *more > 0 && !self.state.has_room_for(bytes, true)
        });
        if short.is_none() {
            return false;
        }
        self.regain_room(bytes);
        true
    }

    fn has_flag(&self, client: ClientId, argv: &[&[u8]], flag: Flags) -> bool {
        table()
            .find(argv)
            .is_ok_and(|listed| self.listed_has_flag(client, listed, flag))
    }

    /// Whether a command has a flag, or EXEC anything in its queue.
    fn listed_has_flag(&self, client: ClientId, listed: &Listed, flag: Flags) -> bool {
        let queue = self.state.client(client).queue.as_ref();
        let queued = queue.filter(|_| listed.command.name == "EXEC");
        let mut commands = queued.into_iter().flat_map(|queue| queue.commands());
        listed.command.flags.has(flag)
            || commands.any(|argv| {
                let argv: Vec<&[u8]> = argv.iter().map(|argument| &**argument).collect();
                table()
                    .find(&argv)
                    .is_ok_and(|listed| listed.command.flags.has(flag))
            })
    }

    /// Evicts until memory is within its bound. Each victim is a step of its own, between those of
    /// commands. Cost: a few look-ups for each key that goes.
    pub(super) fn make_room(&mut self, now_ms: i64) -> Result<()> {
        while self.state.used_bytes() > self.state.config.maxmemory {
            let mut draft = self.draft(now_ms);
            let found = Ctx::new(&mut self.state, &mut draft, crate::db::NOBODY).evict_one();
            self.commit(draft, Cause::Eviction, &[]);
            if !found {
                return Err(Error::OutOfMemory);
            }
        }
        Ok(())
    }

    /// Whether a step took memory past a bound that evicting others can not bring back.
    pub(super) fn outgrew(&self, used_before: usize) -> bool {
        let config = &self.state.config;
        let used = self.state.used_bytes();
        let grown = used.saturating_sub(used_before);
        match config.policy {
            _ if grown == 0 || used <= config.maxmemory => false,
            Policy::NoEviction => true,
            Policy::AllKeysLru => grown > config.maxmemory,
            Policy::VolatileTtl => grown > config.maxmemory || !self.state.has_volatile_keys(),
        }
    }
}
