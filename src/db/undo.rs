//! The one undo: a log of changes, taken back from its end to a savepoint.
//!
//! Its cost is what was touched: a keyspace keeps what a change removed or replaced, a large value
//! gives the inverse of each edit, FLUSHALL keeps the old table and SWAPDB swaps back.

use alloc::boxed::Box;

use super::effects::Draft;
use super::keyspace::{Change, Keyspace, Taken};
use super::state::State;

/// How to take one change back. Each change pushes one of these, so what is rare and large is boxed.
#[derive(Debug)]
pub enum Undo {
    Changed {
        db: u32,
        change: Change,
    },
    /// For good: see `Draft::is_final`.
    Never,
    Moved(Box<Moved>),
    Flushed {
        db: u32,
        before: Box<Keyspace>,
    },
    Swapped {
        one: u32,
        other: u32,
    },
}

/// A key that stands elsewhere now (RENAME, MOVE): both with their databases.
#[derive(Debug)]
pub struct Moved {
    pub from: (u32, Taken),
    pub to: (u32, Change),
}

impl Undo {
    pub fn apply(self, databases: &mut [Keyspace]) {
        match self {
            Undo::Changed { db, change } => databases[db as usize].undo(change),
            Undo::Moved(moved) => {
                let Moved { from, to } = *moved;
                let entry = databases[to.0 as usize].withdraw(to.1);
                databases[from.0 as usize].give_back(from.1, entry);
            }
            Undo::Flushed { db, before } => databases[db as usize] = *before,
            Undo::Swapped { one, other } => databases.swap(one as usize, other as usize),
            Undo::Never => panic!("an edit that was for good is taken back"),
        }
    }
}

impl State {
    /// Lets go of what a step replaced or removed: nothing of it will be taken back any more. What is
    /// large is freed later, a piece at a time; tables that it flushed stay while a snapshot is walking
    /// over them.
    pub fn settle(&mut self, draft: &mut Draft) {
        let State {
            databases, lazy, ..
        } = self;
        if !draft.replaced.is_empty() {
            // What was parked in a table is with it where it stands now.
            databases
                .iter_mut()
                .for_each(|keyspace| keyspace.settle(lazy));
        }
        for undo in draft.undo.drain(..) {
            match undo {
                Undo::Changed { db, .. } => databases[db as usize].settle(lazy),
                Undo::Moved(moved) => {
                    databases[moved.from.0 as usize].settle(lazy);
                    databases[moved.to.0 as usize].settle(lazy);
                }
                Undo::Flushed { mut before, .. } => {
                    before.settle(lazy);
                    if before.is_walked() {
                        self.departed.push(*before);
                    } else {
                        lazy.free_keyspace(before);
                    }
                }
                Undo::Swapped { .. } | Undo::Never => {}
            }
        }
        if draft.purges {
            // Not sooner, as changes know what they have parked by where it lies.
            databases.iter_mut().for_each(Keyspace::purge);
        }
    }
}
