//! Letting go of what is large, in slices: deleting a million members stalls no call.
//!
//! What a step removed or flushed comes here once nothing can bring it back. Ticks free it within
//! their budget, and each step frees a little, so that it also ends where nothing ticks.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

use super::expiry::Budget;
use super::keyspace::Keyspace;
use super::state::State;
use crate::types::Value;

/// A value in more pieces than this is not freed at once. Redis's bound for its background thread.
const EAGER_PIECES: usize = 64;
/// Pieces that each step frees, so that the queue ends without ticks: a few microseconds.
const STEP_PIECES: usize = 64;
/// Pieces between two looks at the clock.
const SLICE_PIECES: usize = Budget::PIECE_UNITS;

/// How many pieces of a value are freed with it, and not later.
pub(super) fn pieces_at_once(pieces: usize) -> usize {
    if pieces > EAGER_PIECES { 1 } else { pieces }
}

/// What waits to be freed.
#[derive(Debug, Default)]
pub struct Lazy {
    queue: VecDeque<Doomed>,
    /// Keys that went this way since CONFIG RESETSTAT.
    pub freed_objects: u64,
}

#[derive(Debug)]
enum Doomed {
    Value(Value),
    Keyspace {
        keyspace: Box<Keyspace>,
        /// Of its keys, those whose values wait by themselves.
        apart: usize,
    },
}

impl Lazy {
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Keys that wait, each with all that it holds. O(what was queued).
    pub fn pending_objects(&self) -> usize {
        let keys = self.queue.iter().map(|doomed| match doomed {
            Doomed::Value(_) => 1,
            Doomed::Keyspace { keyspace, apart } => keyspace.len() - apart,
        });
        keys.sum()
    }

    /// Lets go of a value, now if that is quick.
    pub fn free(&mut self, value: Value) {
        if value.pieces() > EAGER_PIECES {
            self.queue.push_back(Doomed::Value(value));
        }
    }

    /// Lets go of all keys of a table. O(1).
    pub fn free_keyspace(&mut self, keyspace: Box<Keyspace>) {
        if !keyspace.is_empty() {
            self.queue
                .push_back(Doomed::Keyspace { keyspace, apart: 0 });
        }
    }

    /// Frees about so many pieces.
    fn free_some(&mut self, most: usize) {
        let mut left = most;
        while left > 0
            && let Some(doomed) = self.queue.pop_front()
        {
            let freed = match doomed {
                Doomed::Value(value) => self.free_part_of_value(value, left),
                Doomed::Keyspace { keyspace, apart } => {
                    self.free_part_of_keyspace(keyspace, apart, left)
                }
            };
            left = left.saturating_sub(freed.max(1));
        }
    }

    fn free_part_of_value(&mut self, mut value: Value, most: usize) -> usize {
        let freed = value.free_some(most);
        if freed == most {
            self.queue.push_front(Doomed::Value(value));
        } else {
            self.freed_objects += 1;
        }
        freed
    }

    fn free_part_of_keyspace(
        &mut self,
        mut keyspace: Box<Keyspace>,
        mut apart: usize,
        most: usize,
    ) -> usize {
        let (freed, keys) = keyspace.free_some(most, |value| {
            let pieces = value.pieces();
            if pieces > EAGER_PIECES {
                self.queue.push_back(Doomed::Value(value));
                apart += 1;
            }
            pieces_at_once(pieces)
        });
        let counted_apart = keys.min(apart);
        self.freed_objects += (keys - counted_apart) as u64;
        apart -= counted_apart;
        if freed >= most {
            self.queue.push_front(Doomed::Keyspace { keyspace, apart });
        }
        freed
    }
}

impl State {
    /// The share of a step.
    #[inline]
    pub fn free_lazily_in_step(&mut self) {
        if !self.lazy.is_empty() {
            self.lazy.free_some(STEP_PIECES);
        }
    }

    /// Frees what waits until the budget is spent; a piece is a unit.
    pub fn free_lazily(&mut self, budget: &mut Budget) {
        while !self.lazy.is_empty() && budget.spend(SLICE_PIECES) {
            self.lazy.free_some(SLICE_PIECES);
        }
    }

    /// Frees all that waits, for a host that is short of memory.
    pub fn free_at_once(&mut self) {
        self.lazy.free_some(usize::MAX);
    }

    /// Lets go of the flushed tables that no snapshot is walking over any more.
    pub fn release_departed(&mut self) {
        for keyspace in core::mem::take(&mut self.departed) {
            if keyspace.is_walked() {
                self.departed.push(keyspace);
            } else {
                self.lazy.free_keyspace(Box::new(keyspace));
            }
        }
    }

    /// Ends every walk over keys: the snapshot that they were for will not be finished.
    pub fn end_walks(&mut self) {
        let keyspaces = self.databases.iter_mut().chain(&mut self.departed);
        keyspaces.for_each(Keyspace::end_walk);
        self.release_departed();
    }
}
