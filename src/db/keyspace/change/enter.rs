//! Blocks on their way into the table and out of it.

use super::Written;
use crate::db::keyspace::block::{self, Draft, INLINE_MAX_BYTES, Payload};
use crate::db::keyspace::entry::{Used, weight_of};
use crate::db::keyspace::slab::Handle;
use crate::db::keyspace::{Deadline, Entry, Keyspace, Place, hashes_in};
use crate::types::{Text, Value};

impl Keyspace {
    pub(super) fn write_entry(&mut self, hash: u32, key: &[u8], entry: Entry) -> Written {
        let Entry {
            value,
            deadline,
            used,
        } = entry;
        if let Some(payload) = in_block(&value) {
            let written = self.write(hash, key, payload, deadline, used);
            self.keep_spare(value);
            return written;
        }
        let payload = self.put_apart(value);
        self.write(hash, key, payload, deadline, used)
    }

    pub(super) fn put_apart(&mut self, mut value: Value) -> Payload<'static> {
        value.fit();
        Payload::Apart(self.values.insert(value))
    }

    pub(super) fn write(
        &mut self,
        hash: u32,
        key: &[u8],
        payload: Payload,
        deadline: Option<Deadline>,
        used: Used,
    ) -> Written {
        let draft = Draft {
            used,
            deadline,
            is_taken: self.is_ahead(hash),
            hash,
            key,
            payload,
        };
        let size_bytes = draft.size_bytes();
        let handle = self.slab.alloc(size_bytes);
        let handle = handle.expect("room, which was asked for before the step");
        draft.write(self.slab.bytes_mut(handle));
        let apart = match payload {
            Payload::Apart(number) => Some(&self.values[number]),
            _ => None,
        };
        Written {
            handle,
            weight: weight_of(size_bytes, deadline.is_some(), apart),
            has_deadline: deadline.is_some(),
        }
    }

    /// The entry in a block that is out of the table; what lies apart is taken out.
    pub(super) fn contents(&mut self, handle: Handle) -> Entry {
        let block = self.block(handle);
        let (deadline, used) = (block.deadline(), block.used());
        let value = match block.apart() {
            Some(number) => self.values.remove(number),
            None => self.standing(handle).value().to_value(),
        };
        Entry {
            value,
            deadline,
            used,
        }
    }

    /// Puts a block into the table.
    pub(super) fn enter(&mut self, place: Place) {
        let has_deadline = self.block(place.handle).head().has_deadline();
        self.enter_as(place, self.at(place).weight(), has_deadline);
    }

    /// As `enter`, of which all is known that it would read.
    #[inline]
    pub(super) fn enter_as(&mut self, place: Place, weight: usize, has_deadline: bool) {
        self.used_bytes += weight;
        if has_deadline {
            self.list(place.handle);
        }
        self.insert(place.hash, place.handle);
    }

    /// Puts a block into the table, and nothing else.
    pub(in crate::db::keyspace) fn insert(&mut self, hash: u32, handle: Handle) {
        let hash_of = hashes_in(self.seed, &self.slab);
        self.table.insert(hash, handle, hash_of);
    }

    /// Takes a block out of the table.
    pub(super) fn leave(&mut self, place: Place) {
        self.used_bytes -= self.at(place).weight();
        if self.block(place.handle).head().has_deadline() {
            self.unlist(place.handle);
        }
        let hash_of = hashes_in(self.seed, &self.slab);
        let is_there = self.table.remove(place.hash, place.handle, hash_of);
        assert!(is_there, "a block that stands and is not in the table");
    }

    /// Puts a block of the same key in the place of one in the table.
    pub(super) fn exchange(&mut self, old: Place, new: Handle) -> Place {
        let weight = |handle| self.standing(handle).weight();
        let (before, after) = (weight(old.handle), weight(new));
        self.used_bytes = self.used_bytes - before + after;
        self.stand_in(old, new)
    }

    /// As `exchange`, where the weights are known.
    pub(super) fn stand_in(&mut self, place: Place, new: Handle) -> Place {
        let Place { handle: old, hash } = place;
        let (before, after) = (self.block(old), self.block(new));
        let had_deadline = before.head().has_deadline();
        let has_deadline = after.head().has_deadline();
        let is_there = self.table.replace(hash, old, new);
        assert!(is_there, "a block that stands and is not in the table");
        match (had_deadline, has_deadline) {
            (true, true) => {
                let place = self.block(old).listed();
                self.volatile[place] = new;
                block::set_listed(self.slab.bytes_mut(new), place);
            }
            (true, false) => self.unlist(old),
            (false, true) => self.list(new),
            (false, false) => {}
        }
        Place { handle: new, hash }
    }

    fn list(&mut self, handle: Handle) {
        block::set_listed(self.slab.bytes_mut(handle), self.volatile.len());
        self.volatile.push(handle);
    }

    fn unlist(&mut self, handle: Handle) {
        let place = self.block(handle).listed();
        self.volatile.swap_remove(place);
        if let Some(moved) = self.volatile.get(place) {
            block::set_listed(self.slab.bytes_mut(*moved), place);
        }
    }
}

/// The payload of a value that is to lie in its entry's block, which follows from what it is.
fn in_block(value: &Value) -> Option<Payload<'_>> {
    match value {
        Value::String(text) => inline(text.view()),
        value => value.compact().map(Payload::Compact),
    }
}

/// The payload of a string that is short enough for its entry's block.
pub(in crate::db::keyspace) fn inline(text: Text) -> Option<Payload> {
    match text {
        Text::Int(number) => Some(Payload::Int(number)),
        Text::Embedded(bytes) => Some(Payload::Embedded(bytes)),
        Text::Raw(bytes) => (bytes.len() <= INLINE_MAX_BYTES).then_some(Payload::Raw(bytes)),
    }
}
