//! What a step has done so far, before it is over.

use alloc::vec::Vec;

use super::write_words;
use crate::db::bytes::{NUMBER_MAX_BYTES, write_bytes, write_number};
use crate::db::keyspace::Deadline;

/// What an effect comes to beside its words, at most: its code, its database, and an index or a moment.
const EFFECT_MAX_BYTES: usize = 1 + 2 * NUMBER_MAX_BYTES;

/// An effect whose words lie elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packed {
    pub db: u32,
    pub what: What,
    /// Its words end here, and begin where those of the effect before it end.
    end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// An intent of the step, word for word, by its index. It has no words of its own.
    Intent(u32),
    Command,
    Expired(Deadline),
    /// Knows the number of the step that was the last when the key was seen.
    Evicted(u64),
}

/// What a step has done so far. It is counted even where nobody keeps it.
#[derive(Debug, Default)]
pub struct Effects {
    is_kept: bool,
    place: EffectsPlace,
    list: Vec<Packed>,
    /// Calls and keys, as they lie in a step.
    bytes: Vec<u8>,
}

/// How many effects there are; the place to which `truncate` goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EffectsPlace {
    pub commands: usize,
    /// What time and memory did.
    pub removals: usize,
}

impl EffectsPlace {
    pub const START: EffectsPlace = EffectsPlace {
        commands: 0,
        removals: 0,
    };

    fn count(self) -> usize {
        self.commands + self.removals
    }
}

impl Effects {
    /// Starts again.
    pub(in crate::db) fn begin(&mut self, is_kept: bool) {
        self.is_kept = is_kept;
        if !self.is_empty() {
            self.truncate(EffectsPlace::START);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.place.count() == 0
    }

    pub fn is_kept(&self) -> bool {
        self.is_kept
    }

    pub(in crate::db) fn place(&self) -> EffectsPlace {
        self.place
    }

    pub(in crate::db) fn truncate(&mut self, place: EffectsPlace) {
        self.place = place;
        self.list.truncate(place.count());
        let end = self.list.last().map_or(0, |last| last.end);
        self.bytes.truncate(end);
    }

    /// A command that did what the intent of this index says.
    pub(in crate::db) fn intent(&mut self, db: u32, index: usize) {
        self.place.commands += 1;
        self.push(db, What::Intent(index as u32));
    }

    pub(in crate::db) fn command<A: AsRef<[u8]>>(
        &mut self,
        db: u32,
        argv: impl IntoIterator<Item = A, IntoIter: ExactSizeIterator>,
    ) {
        self.place.commands += 1;
        if self.is_kept {
            write_words(argv, &mut self.bytes);
        }
        self.push(db, What::Command);
    }

    pub(in crate::db) fn expired(&mut self, db: u32, key: &[u8], deadline: Deadline) {
        self.removal(db, key, What::Expired(deadline));
    }

    pub(in crate::db) fn evicted(&mut self, db: u32, key: &[u8], seen_seq: u64) {
        self.removal(db, key, What::Evicted(seen_seq));
    }

    fn removal(&mut self, db: u32, key: &[u8], what: What) {
        self.place.removals += 1;
        if self.is_kept {
            write_bytes(key, &mut self.bytes);
        }
        self.push(db, what);
    }

    fn push(&mut self, db: u32, what: What) {
        if self.is_kept {
            let end = self.bytes.len();
            self.list.push(Packed { db, what, end });
        }
    }

    /// The only one, where there is no other.
    pub(super) fn only(&self) -> Option<Packed> {
        match self.list[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    /// At most what `write` writes.
    pub(super) fn most_bytes(&self) -> usize {
        self.bytes.len() + NUMBER_MAX_BYTES + self.list.len() * EFFECT_MAX_BYTES
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        write_number(self.list.len() as u64, out);
        let mut start = 0;
        for Packed { db, what, end } in &self.list {
            out.push(match what {
                What::Command => 0,
                What::Intent(_) => 1,
                What::Expired(_) => 2,
                What::Evicted(_) => 3,
            });
            write_number(u64::from(*db), out);
            match what {
                What::Command => {}
                What::Intent(index) => write_number(u64::from(*index), out),
                What::Expired(deadline) => out.extend_from_slice(&deadline.to_le_bytes()),
                What::Evicted(seen_seq) => out.extend_from_slice(&seen_seq.to_le_bytes()),
            }
            out.extend_from_slice(&self.bytes[start..*end]);
            start = *end;
        }
    }
}
