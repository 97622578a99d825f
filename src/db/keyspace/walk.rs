//! A snapshot's walk over the keyspace of one moment, in slices, while commands go on changing it.

use super::{Entry, Key, Keyspace, Place, Standing};

/// A snapshot in the making: which positions it has still to visit, and what changed before it came.
#[derive(Debug)]
pub(super) struct Walk {
    /// Which database this was when the walk began: SWAPDB takes the walk along.
    db: u32,
    pub(super) unvisited: Vec<bool>,
    /// Positions at and above this one were visited, or are new.
    next: usize,
    early: Vec<(Key, Entry)>,
}

impl Keyspace {
    /// Starts a walk: what stands now is what it will yield, as of database `db`.
    pub fn begin_walk(&mut self, db: u32) {
        let len = self.entries.len();
        self.walk = Some(Walk {
            db,
            unvisited: vec![true; len],
            next: len,
            early: Vec::new(),
        });
    }

    pub fn is_walked(&self) -> bool {
        self.walk.is_some()
    }

    /// Gives the next entries of the walk to `visit` with the database that they were in, and ends
    /// the walk after the last. Cost: at most `budget` positions, and those entries that were saved
    /// early.
    pub fn walk(&mut self, budget: usize, mut visit: impl FnMut(u32, Standing<'_>)) {
        let Some(walk) = &mut self.walk else { return };
        for (key, entry) in walk.early.drain(..) {
            visit(walk.db, Standing::new((&key, &entry)));
        }
        // What was removed below `next` may have brought an unvisited key there, never above.
        let mut left = budget;
        walk.next = walk.next.min(walk.unvisited.len());
        while walk.next > 0 && left > 0 {
            walk.next -= 1;
            left -= 1;
            if std::mem::replace(&mut walk.unvisited[walk.next], false) {
                let pair = self.entries.get_index(walk.next);
                visit(walk.db, Standing::new(pair.expect("a bit for each key")));
            }
        }
        if walk.next == 0 {
            self.walk = None;
        }
    }

    /// Forgets the walk; its snapshot will not be finished.
    pub fn end_walk(&mut self) {
        self.walk = None;
    }

    /// Keeps what is about to change for the walk, if that has not come to it yet.
    pub(super) fn save_early(&mut self, place: Place) {
        let Some(walk) = &mut self.walk else { return };
        if std::mem::replace(&mut walk.unvisited[place.0], false) {
            let pair = self.entries.get_index(place.0);
            let (key, entry) = pair.expect("a bit for each key");
            walk.early.push((key.clone(), entry.clone()));
        }
    }
}
