//! Changes of a keyspace, each of which can be taken back without a copy of what was there before.
//!
//! What a change removes or replaces is *parked*: it leaves the table and stays whole on a stack of
//! its keyspace. Changes are taken back from the last to the first, so the top of the stack is what
//! the change at hand had parked. `settle` lets go of the stack, once a step is done.

pub(super) mod edit;
mod enter;
mod undo;

use super::block::{self, Block, Payload};
use super::entry::Used;
use super::slab::Handle;
use super::{Deadline, Entry, Keyspace, Lookup, Place, Standing};
use crate::types::{Inverses, Kind, Str, Text, Value};

pub use edit::Edit;
pub(super) use enter::inline;

/// One change of a keyspace, which this keyspace can take back while nothing later stands.
#[derive(Debug)]
pub struct Change {
    place: Place,
    kind: Inverted,
}

/// What has to be done at the place.
#[derive(Debug)]
enum Inverted {
    Remove,
    /// Puts back what was parked, where nothing stands.
    Unpark,
    /// Puts back what was parked, over what stands now.
    Swap,
    SetInt(i64),
    Overwrite(Value),
    Edit(Inverses),
    SetDeadline(Deadline),
}

impl Inverted {
    /// Takes an edit back where the value lies.
    fn apply(self, value: &mut Value) {
        match self {
            Inverted::Overwrite(before) => *value = before,
            Inverted::Edit(inverses) => {
                for inverse in inverses.into_iter().rev() {
                    value.undo(inverse);
                }
            }
            other => panic!("{other:?} is no edit of a value"),
        }
    }
}

/// A block that is out of the table until its step is done.
#[derive(Debug)]
pub(super) enum Parked {
    Whole(Handle),
    /// Its value, where that lies apart, belongs to the block that has replaced it, or was taken.
    Shell(Handle),
}

/// A block that was just written and is not in the table yet.
struct Written {
    handle: Handle,
    weight: usize,
    has_deadline: bool,
}

/// That an entry was taken out, to be put somewhere else. Its block is parked: earlier changes of the step
/// know it by where it lies.
#[derive(Debug)]
pub struct Taken(Place);

impl Keyspace {
    /// Notes the use of a key, which is no change of it.
    #[inline]
    pub(in crate::db) fn note_use(&mut self, place: Place, used: Used) {
        block::set_used(self.slab.bytes_mut(place.handle), used);
    }

    /// Notes that the near cache may hold what stands here, until it is written anew.
    pub(in crate::db) fn note_near(&mut self, place: Place) {
        block::set_near(self.slab.bytes_mut(place.handle));
    }

    /// As `at`, and notes the use.
    #[inline(always)]
    pub(in crate::db) fn use_at(&mut self, place: Place, used: Used) -> Standing<'_> {
        let block = self.slab.bytes_mut(place.handle);
        block::set_used(block, used);
        Standing::of_block(Block::of(block), &self.values)
    }

    /// Puts an entry where the look-up for the key ended, in the place of what stands there.
    pub(in crate::db) fn put(&mut self, lookup: Lookup, key: &[u8], entry: Entry) -> Change {
        let new = self.write_entry(lookup.hash, key, entry);
        self.put_block(lookup, new)
    }

    /// As `put`, for a string.
    pub(in crate::db) fn put_text(
        &mut self,
        lookup: Lookup,
        key: &[u8],
        text: Text,
        deadline: Option<Deadline>,
        used: Used,
    ) -> Change {
        if let (Some(place), Text::Int(number)) = (lookup.place, text)
            && let Some(change) = self.overwrite_int(place, number, deadline)
        {
            self.note_use(place, used);
            return change;
        }
        let payload = match inline(text) {
            Some(payload) => payload,
            None => self.put_apart(Str::from(text).into_value()),
        };
        let new = self.write(lookup.hash, key, payload, deadline, used);
        self.put_block(lookup, new)
    }

    /// Writes an integer over another one, where nothing else changes.
    fn overwrite_int(
        &mut self,
        place: Place,
        number: i64,
        deadline: Option<Deadline>,
    ) -> Option<Change> {
        let block = self.block(place.handle);
        let Payload::Int(before) = block.payload() else {
            return None;
        };
        if block.deadline() != deadline {
            return None;
        }
        self.save_early(place);
        block::set_int(self.slab.bytes_mut(place.handle), number);
        Some(Change {
            place,
            kind: Inverted::SetInt(before),
        })
    }

    fn put_block(&mut self, lookup: Lookup, new: Written) -> Change {
        let place = Place {
            handle: new.handle,
            hash: lookup.hash,
        };
        let kind = match lookup.place {
            Some(old) => {
                self.save_early(old);
                self.exchange(old, new.handle);
                self.parked.push(Parked::Whole(old.handle));
                Inverted::Swap
            }
            None => {
                self.enter_as(place, new.weight, new.has_deadline);
                Inverted::Remove
            }
        };
        Change { place, kind }
    }

    /// Removes a key. O(1): what is large is freed when it is settled.
    pub(in crate::db) fn remove(&mut self, place: Place) -> Change {
        self.save_early(place);
        self.leave(place);
        self.parked.push(Parked::Whole(place.handle));
        Change {
            place,
            kind: Inverted::Unpark,
        }
    }

    /// Takes an entry out whole, so that it can be put somewhere else. O(1).
    pub(in crate::db) fn take(&mut self, place: Place) -> (Taken, Entry) {
        self.save_early(place);
        self.leave(place);
        self.parked.push(Parked::Shell(place.handle));
        (Taken(place), self.contents(place.handle))
    }

    /// Sets the deadline of a key, or takes it off.
    pub(in crate::db) fn set_deadline(
        &mut self,
        place: Place,
        deadline: Option<Deadline>,
    ) -> Change {
        self.save_early(place);
        match (self.block(place.handle).deadline(), deadline) {
            (Some(before), Some(deadline)) => {
                block::set_deadline(self.slab.bytes_mut(place.handle), deadline);
                Change {
                    place,
                    kind: Inverted::SetDeadline(before),
                }
            }
            _ => self.resize_for(place, deadline),
        }
    }

    /// Writes a block anew, with room for a deadline or without.
    fn resize_for(&mut self, place: Place, deadline: Option<Deadline>) -> Change {
        let block = self.block(place.handle);
        let bytes = self.slab.bytes(place.handle)[..block.needed_bytes()].to_vec();
        let block = Block::of(&bytes);
        let new = self.write(
            place.hash,
            block.key(),
            block.payload(),
            deadline,
            block.used(),
        );
        self.parked.push(Parked::Shell(place.handle));
        Change {
            place: self.exchange(place, new.handle),
            kind: Inverted::Swap,
        }
    }
}
