//! One numbered database: keys, their values and deadlines, and what they weigh.

mod entry;
mod walk;

use indexmap::{IndexMap, IndexSet};

use crate::types::{Seed, Value};

use entry::{deadline_weight, weight};
use walk::Walk;

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
    walk: Option<Walk>,
}

impl Keyspace {
    pub fn new(seed: Seed) -> Keyspace {
        Keyspace {
            entries: IndexMap::with_hasher(seed),
            volatile: IndexSet::with_hasher(seed),
            used_bytes: 0,
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

    pub fn get(&self, key: &[u8]) -> Option<Standing<'_>> {
        self.entries.get_key_value(key).map(Standing::new)
    }

    pub fn contains(&self, key: &[u8]) -> bool {
        self.entries.contains_key(key)
    }

    /// A key at random, chosen by a number that was drawn from all of 64 bits.
    pub fn random(&self, draw: u64) -> Option<Standing<'_>> {
        let position = draw.checked_rem(self.len() as u64)?;
        self.at(position as usize)
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
            visit(self.at(position).expect("a position below the length"));
        }
        start as u64
    }

    fn at(&self, position: usize) -> Option<Standing<'_>> {
        self.entries.get_index(position).map(Standing::new)
    }

    /// The key with a deadline at a position below `volatile_len`. A removal moves the last one into
    /// the gap.
    pub fn volatile_at(&self, position: usize) -> Option<Standing<'_>> {
        self.get(self.volatile.get_index(position)?)
    }

    /// Mean time to live over a sample of the keys that have a deadline.
    pub fn average_ttl_ms(&self, now_ms: i64) -> i64 {
        let sample = self.volatile.iter().take(AVERAGED);
        let deadlines = sample.filter_map(|key| self.entries.get(key)?.deadline);
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

    /// Notes the use of a key, which is no change of it, and gives what stands there.
    pub(super) fn get_used(&mut self, key: &[u8], used_ms: i64) -> Option<Standing<'_>> {
        let (_, key, entry) = self.entries.get_full_mut(key)?;
        entry.used_ms = used_ms as u32;
        Some(Standing::new((key, entry)))
    }

    /// Puts an entry under a key that has none.
    pub(super) fn insert(&mut self, key: Key, entry: Entry) {
        self.used_bytes += weight(&key, &entry);
        if entry.deadline.is_some() {
            self.volatile.insert(key.clone());
        }
        let old = self.entries.insert(key, entry);
        assert!(old.is_none(), "insert over a key that stands");
        if let Some(walk) = &mut self.walk {
            walk.unvisited.push(false);
        }
    }

    /// Puts an entry in the place of the one under a key, and gives that back; the entry itself
    /// where there is none. The key keeps its position, so that SCAN does not lose sight of it.
    pub(super) fn replace(&mut self, key: &[u8], entry: Entry) -> Result<Entry, Entry> {
        self.save_early(key);
        let Some((_, key, standing)) = self.entries.get_full_mut(key) else {
            return Err(entry);
        };
        match (standing.deadline, entry.deadline) {
            (None, Some(_)) => {
                self.volatile.insert(key.clone());
            }
            (Some(_), None) => {
                self.volatile.swap_remove(key);
            }
            _ => {}
        }
        self.used_bytes += weight(key, &entry);
        let old = std::mem::replace(standing, entry);
        self.used_bytes -= weight(key, &old);
        Ok(old)
    }

    /// Puts an entry back at the position from which `remove` took it.
    pub(super) fn insert_at(&mut self, position: usize, key: Key, entry: Entry) {
        self.insert(key, entry);
        let last = self.entries.len() - 1;
        self.entries.swap_indices(position, last);
        if let Some(walk) = &mut self.walk {
            walk.unvisited.swap(position, last);
        }
    }

    /// Takes a key out; the last one moves into its position.
    pub(super) fn remove(&mut self, key: &[u8]) -> Option<(usize, Key, Entry)> {
        self.save_early(key);
        let (position, key, entry) = self.entries.swap_remove_full(key)?;
        self.used_bytes -= weight(&key, &entry);
        if entry.deadline.is_some() {
            self.volatile.swap_remove(&key);
        }
        if let Some(walk) = &mut self.walk {
            walk.unvisited.swap_remove(position);
        }
        Some((position, key, entry))
    }

    /// Changes the value under a key that stands; weighs it before and after. That is a use of the
    /// key, but where a change is taken back.
    pub(super) fn change<R>(
        &mut self,
        key: &[u8],
        used_ms: Option<i64>,
        change: impl FnOnce(&mut Value) -> R,
    ) -> Option<R> {
        self.save_early(key);
        let entry = self.entries.get_mut(key)?;
        if let Some(used_ms) = used_ms {
            entry.used_ms = used_ms as u32;
        }
        self.used_bytes -= entry.value.size_bytes();
        let answer = change(&mut entry.value);
        self.used_bytes += entry.value.size_bytes();
        Some(answer)
    }

    /// Sets the deadline of a key that stands, and gives back the old one.
    pub(super) fn set_deadline(
        &mut self,
        key: &[u8],
        deadline: Option<Deadline>,
    ) -> Option<Deadline> {
        self.save_early(key);
        let (_, key, entry) = self.entries.get_full_mut(key)?;
        let old = std::mem::replace(&mut entry.deadline, deadline);
        match (old, deadline) {
            (None, Some(_)) => {
                self.used_bytes += deadline_weight(key);
                self.volatile.insert(key.clone());
            }
            (Some(_), None) => {
                self.used_bytes -= deadline_weight(key);
                self.volatile.swap_remove(key);
            }
            _ => {}
        }
        old
    }
}
