//! The keyspace of one moment in chunks, each an RDB file of its own with its own checksum.
//!
//! A snapshot is made in slices while commands go on: what is about to change before the walk has come
//! to it is kept for the walk (`db::Keyspace`). A chunk that cannot be read costs its own keys alone.

use alloc::vec::Vec;

use super::rdb::{About, LoadError, Reader, Target, Writer, crc64};
use crate::db::{Entry, Key, State};
use crate::types::Limits;

/// A chunk is handed out when it has come to this; one value may take it further.
const CHUNK_BYTES: usize = 512 * 1024;

/// A snapshot in the making.
pub struct Snapshot {
    about: About,
    target: Target,
    /// The last step that it holds.
    base_seq: u64,
    writer: Writer,
    keys: u64,
}

/// What a slice of work came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Slice {
    /// Nothing to hand out yet.
    Walked,
    Chunk(Chunk),
    /// The last chunk, if anything was left for one.
    Done(Option<Chunk>),
}

#[derive(Debug, PartialEq, Eq)]
pub struct Chunk {
    pub bytes: Vec<u8>,
    pub keys: u64,
}

impl Snapshot {
    /// Starts a snapshot of what stands now; one that was under way ends. O(keys) in bits.
    #[inline(never)]
    pub fn begin(state: &mut State, now_ms: i64, target: Target) -> Snapshot {
        state.end_walks();
        for (db, keyspace) in state.databases.iter_mut().enumerate() {
            keyspace.begin_walk(db as u32);
        }
        let about = About {
            created_s: now_ms.div_euclid(1000),
            used_memory_bytes: state.used_bytes(),
        };
        Snapshot {
            about,
            target,
            base_seq: state.seq,
            writer: Writer::new(target, about).hurried(),
            keys: 0,
        }
    }

    pub fn base_seq(&self) -> u64 {
        self.base_seq
    }

    /// Goes on by at most `budget` keys, and those that were about to change meanwhile.
    pub fn walk(&mut self, state: &mut State, budget: usize) -> Slice {
        state.release_departed();
        let mut keyspaces = state.databases.iter_mut().chain(&mut state.departed);
        let Some(keyspace) = keyspaces.find(|keyspace| keyspace.is_walked()) else {
            return Slice::Done((self.keys > 0).then(|| self.cut()));
        };
        keyspace.walk(budget, |db, standing| {
            self.keys += 1;
            self.writer.standing(db, standing);
        });
        if self.writer.pending_bytes() < CHUNK_BYTES {
            Slice::Walked
        } else {
            Slice::Chunk(self.cut())
        }
    }

    /// Ends what was written so far as a chunk.
    fn cut(&mut self) -> Chunk {
        let next = Writer::new(self.target, self.about).hurried();
        let bytes = core::mem::replace(&mut self.writer, next).finish();
        Chunk {
            bytes,
            keys: core::mem::take(&mut self.keys),
        }
    }
}

/// Lets go of a snapshot that will not be finished.
pub fn abandon(state: &mut State) {
    state.end_walks();
}

/// Everything of the state as one RDB file.
#[inline(never)]
pub fn export(state: &State, now_ms: i64, target: Target) -> Vec<u8> {
    let about = About {
        created_s: now_ms.div_euclid(1000),
        used_memory_bytes: state.used_bytes(),
    };
    let mut writer = Writer::new(target, about);
    for (db, keyspace) in (0..).zip(&state.databases) {
        if !keyspace.is_empty() {
            writer.open_db(db, keyspace.len(), keyspace.volatile_len());
        }
        for standing in keyspace.iter() {
            writer.standing(db, standing);
        }
    }
    writer.finish()
}

/// Reads a chunk whole, or nothing of it: keys under a checksum that is wrong are not to be believed.
///
/// # Errors
/// The first thing that is wrong with it.
#[inline(never)]
pub fn read_chunk(bytes: &[u8], limits: &Limits) -> Result<Vec<(u32, Key, Entry)>, LoadError> {
    let entries = Reader::new(bytes, limits)?;
    entries
        .map(|entry| {
            let entry = entry?;
            let value = Entry::new(entry.value, entry.deadline_ms);
            Ok((entry.db, entry.key, value))
        })
        .collect()
}

/// Whether a chunk is as it was written, whatever it says: its last bytes are the CRC-64 of all before. That of zeros is zero,
/// and zeros are what a disk may have in the place of what was lost with its power.
pub fn is_whole(bytes: &[u8]) -> bool {
    bytes.split_last_chunk().is_some_and(|(body, stored)| {
        let sum = u64::from_le_bytes(*stored);
        crc64(0, body) == sum && (sum != 0 || body.iter().any(|byte| *byte != 0))
    })
}

/// Names of keys that a damaged chunk may have held, as far as they can still be made out.
#[inline(never)]
pub fn names_in(bytes: &[u8], limits: &Limits) -> Vec<Key> {
    let Ok(entries) = Reader::new(bytes, limits) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok().map(|entry| entry.key))
        .collect()
}
