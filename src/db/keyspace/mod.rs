//! One numbered database: keys, their values and deadlines, and what they weigh.

mod change;
mod entry;
#[allow(dead_code)]
mod slab;
#[allow(dead_code)]
mod table;
mod walk;

use indexmap::map::raw_entry_v1::RawEntryApiV1;
use indexmap::{IndexMap, IndexSet};

use crate::types::Seed;

use walk::Walk;

pub use change::{Change, Edit, Taken};
pub use entry::{Entry, Standing, is_past};

pub type Key = Box<[u8]>;

/// Milliseconds since 1970 at which a key is gone.
pub type Deadline = i64;

/// Keys that INFO looks at for the mean time to live.
const AVERAGED: usize = 100;

/// Keys and what stands under them.
///
/// A table in order of insertion in which removal moves the last key into the gap, so that SCAN by
/// descending position meets every key that stood there all along, and any position can be drawn
/// at random. Invariants: `volatile` holds exactly the keys that have a deadline; `used_bytes` is
/// the sum of `weight` over the entries.
#[derive(Debug)]
pub struct Keyspace {
    entries: IndexMap<Key, Entry, Seed>,
    volatile: IndexSet<Key, Seed>,
    used_bytes: usize,
    /// What the changes of a step that is not done have removed or replaced, the last on top.
    parked: Vec<(Key, Entry)>,
    walk: Option<Walk>,
}

/// Where a key stands. Good until the next change of the keyspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(usize);

/// What looking a key up came to. Good until the next change of the keyspace.
#[derive(Debug, Clone, Copy)]
pub struct Lookup {
    hash: u64,
    pub place: Option<Place>,
}

impl Keyspace {
    pub fn new(seed: Seed) -> Keyspace {
        Keyspace {
            entries: IndexMap::with_hasher(seed),
            volatile: IndexSet::with_hasher(seed),
            used_bytes: 0,
            parked: Vec::new(),
            walk: None,
        }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn used_bytes(&self) -> usize {
        self.used_bytes
    }

    /// Number of keys that have a deadline.
    pub fn volatile_len(&self) -> usize {
        self.volatile.len()
    }

    /// Looks a key up: the one hash and the one probe of a command.
    pub fn find(&self, key: &[u8]) -> Lookup {
        let hash = self.hash(key);
        let entries = self.entries.raw_entry_v1();
        let position = entries.index_from_hash(hash, |standing| **standing == *key);
        Lookup {
            hash,
            place: position.map(Place),
        }
    }

    pub fn at(&self, place: Place) -> Standing<'_> {
        let pair = self.entries.get_index(place.0);
        Standing::new(pair.expect("a place where a key stands"))
    }

    pub fn get(&self, key: &[u8]) -> Option<Standing<'_>> {
        self.find(key).place.map(|place| self.at(place))
    }

    pub fn contains(&self, key: &[u8]) -> bool {
        self.find(key).place.is_some()
    }

    fn hash(&self, key: &[u8]) -> u64 {
        self.entries.hasher().hash(key)
    }

    /// A key at random, chosen by a number that was drawn from all of 64 bits.
    pub fn random(&self, draw: u64) -> Option<Standing<'_>> {
        let position = draw.checked_rem(self.len() as u64)?;
        Some(self.at(Place(position as usize)))
    }

    /// Shows about `count` keys from a cursor on, and answers the cursor to go on with; 0 begins and
    /// ends.
    ///
    /// Every key that stands all along is met: a removal moves the last key into the gap, and that
    /// one was visited, or the gap lies behind the cursor as well.
    pub fn scan<'k>(
        &'k self,
        cursor: u64,
        count: usize,
        mut visit: impl FnMut(Standing<'k>),
    ) -> u64 {
        let len = self.len();
        let end = match usize::try_from(cursor) {
            Ok(0) | Err(_) => len,
            Ok(cursor) => cursor.min(len),
        };
        let start = end.saturating_sub(count);
        for position in (start..end).rev() {
            visit(self.at(Place(position)));
        }
        start as u64
    }

    /// The key with a deadline at a position below `volatile_len`. A removal moves the last one into
    /// the gap.
    pub fn volatile_at(&self, position: usize) -> Option<Standing<'_>> {
        self.get(self.volatile.get_index(position)?)
    }

    /// Mean time to live over a sample of the keys that have a deadline.
    pub fn average_ttl_ms(&self, now_ms: i64) -> i64 {
        let sample = self.volatile.iter().take(AVERAGED);
        let deadlines = sample.filter_map(|key| self.get(key)?.deadline());
        // A deadline may be as far away as 64 bits can count, and the sum of two then is further.
        let left: Vec<i128> = deadlines
            .map(|deadline| i128::from(deadline) - i128::from(now_ms))
            .collect();
        let sum: i128 = left.iter().map(|left_ms| left_ms.max(&0)).sum();
        sum.checked_div(left.len() as i128)
            .map_or(0, |mean| mean as i64)
    }

    pub fn iter(&self) -> impl Iterator<Item = Standing<'_>> {
        self.entries.iter().map(Standing::new)
    }
}
