//! A snapshot's walk over the keyspace of one moment, in slices, while commands go on changing it.
//!
//! It goes in the order of the hashes. What is before its place was visited. What is behind it, and is new,
//! or has changed and was saved for the walk before it did, is marked as taken in its block; the walk goes
//! past those and takes the marks off. So outside of a walk nothing is marked.

use alloc::vec::Vec;

use super::block;
use super::slab::Handle;
use super::{Entry, Key, Keyspace, Place, Standing};

/// A snapshot in the making.
#[derive(Debug)]
pub(super) struct Walk {
    /// Which database this was when the walk began: SWAPDB takes the walk along.
    db: u32,
    /// The first hash that was not visited.
    next: u32,
    is_done: bool,
    /// What changed before the walk came to it, as it was.
    early: Vec<(Key, Entry)>,
}

impl Keyspace {
    /// Starts a walk: what stands now is what it will yield, as of database `db`.
    pub fn begin_walk(&mut self, db: u32) {
        self.end_walk();
        self.walk = Some(Walk {
            db,
            next: 0,
            is_done: false,
            early: Vec::new(),
        });
    }

    pub fn is_walked(&self) -> bool {
        self.walk.is_some()
    }

    /// Gives the next entries of the walk to `visit` with the database that they were in, and ends
    /// the walk after the last. Cost: about `budget` entries and buckets, and those entries that were
    /// saved early.
    pub fn walk(&mut self, budget: usize, mut visit: impl FnMut(u32, Standing<'_>)) {
        let Some(mut walk) = self.walk.take() else {
            return;
        };
        for (key, entry) in walk.early.drain(..) {
            visit(walk.db, Standing::of_entry(&key, &entry));
        }
        let mut left = budget;
        let mut met: Vec<Handle> = Vec::new();
        while !walk.is_done && left > 0 {
            let hash_of = |handle| self.hash_of(handle);
            walk.next = self
                .table
                .scan(walk.next, hash_of, |handle| met.push(handle));
            walk.is_done = walk.next == 0;
            left = left.saturating_sub(met.len().max(1));
            for handle in met.drain(..) {
                if self.block(handle).head().is_taken() {
                    block::set_taken(self.slab.bytes_mut(handle), false);
                } else {
                    visit(walk.db, self.standing(handle));
                }
            }
        }
        if !walk.is_done {
            self.walk = Some(walk);
        }
    }

    /// Forgets the walk; its snapshot will not be finished. O(all) where there is one, as marks are taken
    /// off.
    pub fn end_walk(&mut self) {
        if self.walk.take().is_none() {
            return;
        }
        for handle in self.table.iter() {
            block::set_taken(self.slab.bytes_mut(handle), false);
        }
    }

    /// Whether the walk has yet to come to this hash.
    pub(super) fn is_ahead(&self, hash: u32) -> bool {
        self.walk.as_ref().is_some_and(|walk| hash >= walk.next)
    }

    /// Keeps what is about to change for the walk, if that has not come to it yet.
    #[inline]
    pub(super) fn save_early(&mut self, place: Place) {
        if self.walk.is_some() {
            self.save(place);
        }
    }

    #[cold]
    fn save(&mut self, place: Place) {
        let block = self.block(place.handle);
        if block.head().is_taken() || !self.is_ahead(place.hash) {
            return;
        }
        let standing = self.at(place);
        let (key, mut entry) = (Key::from(standing.key()), standing.to_entry());
        entry.used = block.used();
        block::set_taken(self.slab.bytes_mut(place.handle), true);
        if let Some(walk) = &mut self.walk {
            walk.early.push((key, entry));
        }
    }
}
