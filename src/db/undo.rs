//! The one undo: a log of inverses, applied from its end back to a savepoint.
//!
//! Its cost is what was touched: a compact value is kept whole, a large one gives the inverse of
//! each change, FLUSHALL keeps the old table and SWAPDB swaps back.

use super::keyspace::{Deadline, Entry, Key, Keyspace};
use crate::types::{Inverse, Value};

/// How to take one change back.
#[derive(Debug)]
pub enum Undo {
    Inserted {
        db: u32,
        key: Key,
    },
    Removed {
        db: u32,
        position: usize,
        key: Key,
        entry: Entry,
    },
    Replaced {
        db: u32,
        key: Key,
        before: Entry,
    },
    Changed {
        db: u32,
        key: Key,
        before: Value,
    },
    Edited {
        db: u32,
        key: Key,
        inverses: Vec<Inverse>,
    },
    Moved {
        db: u32,
        position: usize,
        from: Key,
        to: (u32, Key),
        /// What stood at the new place.
        over: Option<Entry>,
    },
    Deadline {
        db: u32,
        key: Key,
        before: Option<Deadline>,
    },
    Flushed {
        db: u32,
        before: Keyspace,
    },
    Swapped {
        one: u32,
        other: u32,
    },
}

impl Undo {
    pub fn apply(self, databases: &mut [Keyspace]) {
        match self {
            Undo::Inserted { db, key } => {
                databases[db as usize].remove(&key);
            }
            Undo::Removed {
                db,
                position,
                key,
                entry,
            } => {
                databases[db as usize].insert_at(position, key, entry);
            }
            Undo::Replaced { db, key, before } => {
                let now = databases[db as usize].replace(&key, before);
                debug_assert!(
                    now.is_ok(),
                    "undo runs backwards: what replaced it still stands"
                );
            }
            Undo::Changed { db, key, before } => {
                databases[db as usize].change(&key, None, |value| *value = before);
            }
            Undo::Edited { db, key, inverses } => {
                databases[db as usize].change(&key, None, |value| {
                    for inverse in inverses.into_iter().rev() {
                        value.undo(inverse);
                    }
                });
            }
            Undo::Moved {
                db,
                position,
                from,
                to,
                over,
            } => {
                let entry = match over {
                    Some(over) => databases[to.0 as usize].replace(&to.1, over).ok(),
                    None => databases[to.0 as usize]
                        .remove(&to.1)
                        .map(|(_, _, entry)| entry),
                };
                let entry = entry.expect("undo runs backwards: what was moved still stands");
                databases[db as usize].insert_at(position, from, entry);
            }
            Undo::Deadline { db, key, before } => {
                databases[db as usize].set_deadline(&key, before);
            }
            Undo::Flushed { db, before } => databases[db as usize] = before,
            Undo::Swapped { one, other } => databases.swap(one as usize, other as usize),
        }
    }
}
