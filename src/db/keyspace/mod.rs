//! One numbered database: keys, their values and deadlines, and what they weigh.
//!
//! An entry is a block in the slab (`block.rs` draws it) that holds the key and, where it is a short
//! string or a compact aggregate, the value; other values lie apart. The table finds blocks by hash.

mod block;
mod change;
mod entry;
mod overwrite;
mod paged;
mod slab;
mod table;
#[cfg(test)]
mod tests;
mod walk;

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::types::{Seed, Words};

use block::{Block, Entries};
use paged::{Paged, Values};
use slab::{Handle, Slab};
use table::{Further, Table};
use walk::Walk;

pub use block::Place;
pub use change::{Change, Edit, Taken};
pub use entry::{Entry, Standing, Used, is_past};

use super::random::split_mix;

pub type Key = Box<[u8]>;

/// Milliseconds since 1970 at which a key is gone.
pub type Deadline = i64;

/// Keys that INFO looks at for the mean time to live.
const AVERAGED: usize = 100;
/// One part in so many of the room is left by what makes the store grow.
const RESERVED_PART: usize = 128;
/// Where more than one part in so many is free, entries are moved together before a write is refused.
const PURGED_PART: usize = 8;
const AHEAD: usize = Keyspace::AHEAD;
/// Entries of so many bytes are in the caches of the processor as it is, or soon will be.
const CACHED_BYTES: usize = 1 << 20;
/// A processor fetches memory by lines of so many bytes.
const LINE_BYTES: usize = 64;
/// Buckets that SCAN looks at for each key that it was asked for, as in Redis: many may be empty.
const BUCKETS_A_KEY: usize = 10;

/// Keys and what stands under them, in the order of their hashes.
///
/// Invariants: `table` holds exactly the blocks of the entries that stand, each under the hash of
/// its key; `volatile` holds those of them that have a deadline, each at the place that is written in
/// it; every value apart belongs to one block, in the table or parked; `used_bytes` is the sum of
/// `Standing::weight` over the entries. It follows from their blocks and values alone: neither the room that
/// chunks and segments hold in reserve nor its growth is part of it, so that no resizing evicts.
#[derive(Debug)]
pub struct Keyspace {
    seed: Seed,
    slab: Slab<Entries>,
    table: Table,
    values: Values,
    volatile: Paged<Handle>,
    used_bytes: usize,
    /// What the changes of a step that is not done have removed or replaced, the last on top.
    parked: Vec<change::Parked>,
    /// What compact values are changed in, so that few changes allocate.
    spare: Vec<u8>,
    walk: Option<Walk>,
}

/// What looking a key up came to. Good until the next change of the keyspace.
#[derive(Debug, Clone, Copy)]
pub struct Lookup {
    hash: u32,
    pub place: Option<Place>,
    /// Whether what stands there has a deadline.
    pub has_deadline: bool,
}

impl Lookup {
    #[inline]
    pub(super) fn to_number(self) -> u64 {
        number_of(self.hash, self.place.map(|place| place.handle))
    }
}

/// The hash in the upper half, the handle in the lower, 0 where there is none.
#[inline]
fn number_of(hash: u32, found: Option<Handle>) -> u64 {
    u64::from(hash) << 32 | u64::from(found.map_or(0, Handle::get))
}

impl Keyspace {
    /// What the entries of one database may take: handles tell no more apart.
    pub const MAX_BYTES: u64 = slab::CHUNKS_MAX as u64 * slab::CHUNK_BYTES as u64;

    /// Keys that are looked ahead for at a time.
    pub const AHEAD: usize = 16;

    /// Its entries take so many bytes at most.
    pub fn new(seed: Seed, max_bytes: u64) -> Keyspace {
        let chunks = max_bytes.min(Keyspace::MAX_BYTES) / slab::CHUNK_BYTES as u64;
        Keyspace {
            seed,
            slab: Slab::new(chunks as usize),
            table: Table::default(),
            values: Values::new(),
            volatile: Paged::new(),
            used_bytes: 0,
            parked: Vec::new(),
            spare: Vec::new(),
            walk: None,
        }
    }

    pub fn len(&self) -> usize {
        self.table.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    pub fn used_bytes(&self) -> usize {
        self.used_bytes
    }

    /// Bytes of the blocks in use, and of the chunks that hold them: what lies between is free, and
    /// `purge` gives most of it back.
    pub fn slab_bytes(&self) -> (usize, usize) {
        (self.slab.live_bytes(), self.slab.reserved_bytes())
    }

    /// Whether entries whose keys and values take so many bytes can be written for sure. What makes the store grow
    /// leaves a part of the room for what does not, and still may write an entry anew (EXPIRE); that leaves a chunk into
    /// which `purge` can move the others.
    #[inline(always)]
    pub fn has_room_for(&self, bytes: usize, is_growth: bool) -> bool {
        let kept = if is_growth {
            self.slab.chunks_max() / RESERVED_PART
        } else {
            1
        };
        self.slab.has_room_for(bytes, kept)
    }

    /// Gives back the room between entries, if that makes enough of it to be worth the time.
    pub fn purge_if_sparse(&mut self) {
        let (live, reserved) = self.slab_bytes();
        if (reserved - live) * PURGED_PART > reserved {
            self.purge();
        }
    }

    /// Bytes of the table's segments and directory.
    pub fn table_bytes(&self) -> usize {
        self.table.reserved_bytes()
    }

    /// Number of keys that have a deadline.
    #[inline]
    pub fn volatile_len(&self) -> usize {
        self.volatile.len()
    }

    /// Looks a key up: the one hash and the one probe of a command.
    #[inline(never)]
    pub fn find(&self, key: &[u8]) -> Lookup {
        self.find_here(key)
    }

    /// As `find`, for the few calls that are made most, of each of which this becomes a part.
    #[inline(always)]
    pub fn find_here(&self, key: &[u8]) -> Lookup {
        self.lookup(self.search(key))
    }

    /// A look-up as `Lookup::to_number` gives it: what is no number would come back through memory.
    #[inline(never)]
    fn search(&self, key: &[u8]) -> u64 {
        let hash = (self.seed.hash_here(key) >> 32) as u32;
        number_of(hash, self.handle_of(hash, key))
    }

    /// Looks a key up whose hash is known, of this keyspace.
    #[inline]
    pub fn find_hashed(&self, hash: u32, key: &[u8]) -> Lookup {
        self.lookup(number_of(hash, self.handle_of(hash, key)))
    }

    /// The look-up of a number.
    #[inline(always)]
    pub(super) fn lookup(&self, number: u64) -> Lookup {
        let (hash, found) = ((number >> 32) as u32, Handle::new(number as u32));
        let has_deadline = |handle| self.block(handle).head().has_deadline();
        Lookup {
            hash,
            place: found.map(|handle| Place { handle, hash }),
            has_deadline: !self.volatile.is_empty() && found.is_some_and(has_deadline),
        }
    }

    /// Looks several keys up, in their order, as quickly as `look_ahead` makes it.
    pub fn find_each<'k>(
        &self,
        mut keys: impl Iterator<Item = &'k [u8]> + Clone,
        mut found: impl FnMut(Lookup),
    ) {
        if !self.is_past_caches() {
            keys.for_each(|key| found(self.find(key)));
            return;
        }
        loop {
            let (hashes, len) = self.hash_each(keys.clone());
            if len == 0 {
                return;
            }
            for (hash, key) in hashes[..len].iter().zip(keys.by_ref()) {
                found(self.find_hashed(*hash, key));
            }
        }
    }

    #[inline]
    fn handle_of(&self, hash: u32, key: &[u8]) -> Option<Handle> {
        let is_it = |handle| is_same(self.block(handle).key(), key);
        match self.table.find_at_home(hash, is_it) {
            Ok(found) => found,
            Err(further) => self.find_further(further, key),
        }
    }

    #[cold]
    fn find_further(&self, further: Further, key: &[u8]) -> Option<Handle> {
        let is_it = |handle| is_same(self.block(handle).key(), key);
        self.table.find_further(further, is_it)
    }

    /// Has the caches fetch what a look-up of each key will read, up to `AHEAD` of them. The memory that a look-up waits
    /// for is most of its time once the keys are many: first the bucket, then the block that it names. Here no key
    /// waits for another.
    pub fn look_ahead<'k>(&self, keys: impl Iterator<Item = &'k [u8]>) {
        if self.is_past_caches() {
            self.hash_each(keys);
        }
    }

    #[inline]
    fn is_past_caches(&self) -> bool {
        self.slab.reserved_bytes() >= CACHED_BYTES
    }

    /// As `look_ahead`, for what calls that name one key will look for in the value under it.
    pub fn look_into(&self, key: &[u8], words: &[Words]) {
        let place = self.find(key).place;
        if let Some(number) = place.and_then(|place| self.block(place.handle).apart()) {
            self.values[number].look_ahead(words);
        }
    }

    /// The hashes of the next keys, and of how many, looked ahead for as `look_ahead` does.
    pub fn hash_each<'k>(&self, keys: impl Iterator<Item = &'k [u8]>) -> ([u32; AHEAD], usize) {
        let (mut hashes, mut len) = ([0; AHEAD], 0);
        for (slot, key) in hashes.iter_mut().zip(keys) {
            *slot = hash_of(self.seed, key);
            len += 1;
        }
        if self.is_past_caches() {
            self.read_ahead(&hashes[..len]);
        }
        (hashes, len)
    }

    /// Reads the buckets of these hashes, then the blocks: each for all before the next for any. A processor sees some 300
    /// instructions beyond a line that it waits for, which are those of two keys from the hash to the block, and of all
    /// buckets.
    #[inline(never)]
    fn read_ahead(&self, hashes: &[u32]) {
        let mut read = 0;
        for hash in hashes {
            read ^= self.table.look_ahead(*hash);
        }
        let mut found = [None; AHEAD];
        for (slot, hash) in found.iter_mut().zip(hashes) {
            if let Ok(Some(handle)) = self.table.find_at_home(*hash, |_| true) {
                *slot = Some(handle);
            }
        }
        for handle in found.iter().flatten() {
            let bytes = self.slab.bytes(*handle);
            let further = bytes.get(LINE_BYTES).map_or(0, |byte| u32::from(*byte));
            read ^= Block::of(bytes).used().bits() ^ further;
        }
        // Nothing is done with what was read, and it is to be read all the same.
        core::hint::black_box(read);
    }

    #[inline]
    pub fn at(&self, place: Place) -> Standing<'_> {
        self.standing(place.handle)
    }

    /// As `at`, which is a use of the key unless its client is not to touch keys.
    #[inline(always)]
    pub fn read_at(&mut self, place: Place, now_ms: i64, no_touch: bool) -> Standing<'_> {
        if no_touch {
            self.at(place)
        } else {
            self.use_at(place, Used::at(now_ms))
        }
    }

    /// Whether the near cache may hold what stands here: see `note_near`.
    #[inline]
    pub(super) fn may_be_near(&self, place: Place) -> bool {
        self.block(place.handle).head().is_near()
    }

    pub fn get(&self, key: &[u8]) -> Option<Standing<'_>> {
        self.find(key).place.map(|place| self.at(place))
    }

    pub fn contains(&self, key: &[u8]) -> bool {
        self.find(key).place.is_some()
    }

    #[inline]
    fn standing(&self, handle: Handle) -> Standing<'_> {
        Standing::of_block(self.block(handle), &self.values)
    }

    /// The hash of the key in a block: 4 bytes of each entry would keep it, and few ask for it that have not just looked the
    /// key up. They are spent where it is a long one, so that no split of the table reads many of those.
    fn hash_of(&self, handle: Handle) -> u32 {
        hash_of_block(self.seed, self.block(handle))
    }

    #[inline]
    fn block(&self, handle: Handle) -> Block<'_> {
        Block::of(self.slab.bytes(handle))
    }

    /// A key at random, each as likely as the others, chosen by a number that was drawn from all of 64
    /// bits.
    pub fn random(&self, mut draw: u64) -> Option<Standing<'_>> {
        let drawn = self.table.draw(|| split_mix(&mut draw))?;
        Some(self.standing(drawn))
    }

    /// Shows about `count` keys from a cursor on, and answers the cursor to go on with; 0 begins and
    /// ends.
    ///
    /// Every key that stands all along is met just once: a cursor is a place in the order of the
    /// hashes, which no other key changes.
    pub fn scan<'k>(
        &'k self,
        cursor: u64,
        count: usize,
        mut visit: impl FnMut(Standing<'k>),
    ) -> u64 {
        let Ok(mut cursor) = u32::try_from(cursor) else {
            // No call has answered such a one: it is past the end.
            return 0;
        };
        let mut met = 0;
        for _ in 0..count.saturating_mul(BUCKETS_A_KEY) {
            let hash_of = |handle| self.hash_of(handle);
            cursor = self.table.scan(cursor, hash_of, |handle| {
                met += 1;
                visit(self.standing(handle));
            });
            if met >= count || cursor == 0 {
                break;
            }
        }
        u64::from(cursor)
    }

    /// The key with a deadline at a position below `volatile_len`. A removal moves the last one into
    /// the gap.
    pub fn volatile_at(&self, position: usize) -> Option<Standing<'_>> {
        let handle = self.volatile.get(position)?;
        Some(self.standing(*handle))
    }

    /// Mean time to live over a sample of the keys that have a deadline.
    pub fn average_ttl_ms(&self, now_ms: i64) -> i64 {
        let sample = self.volatile.iter().take(AVERAGED);
        let deadlines = sample.filter_map(|handle| self.block(*handle).deadline());
        // A deadline may be as far away as 64 bits can count, and the sum of two then is further.
        let left: Vec<i128> = deadlines
            .map(|deadline| i128::from(deadline) - i128::from(now_ms))
            .collect();
        let sum: i128 = left.iter().map(|left_ms| left_ms.max(&0)).sum();
        sum.checked_div(left.len() as i128)
            .map_or(0, |mean| mean as i64)
    }

    pub fn iter(&self) -> impl Iterator<Item = Standing<'_>> {
        self.table.iter().map(|handle| self.standing(handle))
    }

    /// Gives back the room between entries and what those have left of their blocks, by moving those of sparse chunks
    /// together. O(all). Nothing may be parked, as its changes know it by where it lies.
    pub fn purge(&mut self) {
        debug_assert!(self.parked.is_empty(), "a step is not done");
        if !self.parked.is_empty() {
            return;
        }
        let live_bytes = self.slab.live_bytes();
        let (seed, table, volatile) = (self.seed, &mut self.table, &mut self.volatile);
        let mut next = Some(0);
        while let Some(from) = next {
            next = self.slab.compact(from, &mut |block, old, new| {
                let block = Block::of(block);
                let is_there = table.replace(hash_of_block(seed, block), old, new);
                assert!(is_there, "a block that is in use and in no table");
                if block.head().has_deadline() {
                    volatile[block.listed()] = new;
                }
            });
        }
        self.used_bytes -= live_bytes - self.slab.live_bytes();
    }
}

/// The first 32 bits: those that a table looks at first are as good as any.
#[inline]
fn hash_of(seed: Seed, key: &[u8]) -> u32 {
    (seed.hash(key) >> 32) as u32
}

/// As `Keyspace::hash_of`.
#[inline]
fn hash_of_block(seed: Seed, block: Block) -> u32 {
    let kept = block.kept_hash();
    kept.unwrap_or_else(|| hash_of(seed, block.key()))
}

/// As `Keyspace::hash_of`, of any block, while the table is changed.
fn hashes_in(seed: Seed, slab: &Slab<Entries>) -> impl Fn(Handle) -> u32 {
    move |handle| hash_of_block(seed, Block::of(slab.bytes(handle)))
}

/// Whether two keys are the same. They are short, and compared eight bytes at a time right here: a call of `memcmp`
/// costs as much again, and goes byte by byte in wasm.
#[inline]
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let number = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    if one.len() != other.len() {
        return false;
    }
    // The last eight bytes may overlap those before them.
    let (Some(end), Some(other_end)) = (one.last_chunk(), other.last_chunk()) else {
        return one.iter().eq(other);
    };
    let words = one.as_chunks().0.iter().zip(other.as_chunks().0);
    number(end) == number(other_end) && words.into_iter().all(|(a, b)| number(a) == number(b))
}
