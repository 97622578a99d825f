//! Edits of values, where they lie or in a copy that is written over them.

use alloc::vec::Vec;

use super::{Change, Inverted};
use crate::db::keyspace::block::{Block, Fit, Payload};
use crate::db::keyspace::entry::{Used, weight_of};
use crate::db::keyspace::{Entry, Keyspace, Lookup, Place};
use crate::types::{Compact, Value};

/// Room for what a compact value grows by before it is none any more; with more of it buffers would think of giving
/// some back.
const SPARE_BYTES: usize = Compact::MAX_BYTES + 8;

/// What a closure given to `edit` did, and what it answers.
pub enum Edit<R> {
    /// Nothing changed: no event, no effect, no undo.
    Kept(R),
    Changed(R),
}

impl<R> Edit<R> {
    pub fn when(changed: bool, answer: R) -> Edit<R> {
        if changed {
            Edit::Changed(answer)
        } else {
            Edit::Kept(answer)
        }
    }
}

/// What came of an edit.
pub(in crate::db) struct Edited {
    pub is_changed: bool,
    /// How to take it back, if that is kept.
    pub change: Option<Change>,
    /// The value ended empty: it is to be removed.
    pub is_empty: bool,
    /// Where the key stands now.
    pub place: Place,
}

impl Edited {
    /// Of a value that was written anew, if it was.
    fn anew(place: Place, change: Option<Change>, is_empty: bool) -> Edited {
        Edited {
            is_changed: change.is_some(),
            place: change.as_ref().map_or(place, |change| change.place),
            change,
            is_empty,
        }
    }
}

impl Keyspace {
    /// Changes the value by `change`, which says whether it has; weighs it before and after. That is a use of
    /// the key, whether or not anything changes. What lies in the block is changed in a copy, which is written over it
    /// or anew; anything else is changed in its place; for good, if `is_final` says so.
    pub(in crate::db) fn edit(
        &mut self,
        place: Place,
        key: &[u8],
        used: Used,
        is_final: bool,
        change: &mut dyn FnMut(&mut Value) -> bool,
    ) -> Edited {
        self.save_early(place);
        self.note_use(place, used);
        match Block::of(self.slab.bytes(place.handle)).payload() {
            Payload::Apart(number) => self.edit_apart(place, key, number, is_final, change),
            Payload::Compact(compact) => {
                let buffer = spare(&mut self.spare);
                let value = compact.to_value(core::mem::take(buffer));
                self.edit_compact(place, key, value, is_final, change)
            }
            Payload::Int(_) | Payload::Embedded(_) | Payload::Raw(_) => {
                let mut value = self.at(place).value().to_value();
                let change = change(&mut value).then(|| self.rewrite(place, key, value));
                Edited::anew(place, change, false)
            }
        }
    }

    fn edit_apart(
        &mut self,
        place: Place,
        key: &[u8],
        number: u32,
        is_final: bool,
        change: &mut dyn FnMut(&mut Value) -> bool,
    ) -> Edited {
        let value = &mut self.values[number];
        self.used_bytes -= value.size_bytes();
        let (is_changed, inverted) = if is_final {
            (change(value), None)
        } else {
            let inverted = inverting(value, change);
            (inverted.is_some(), inverted)
        };
        self.used_bytes += value.size_bytes();
        let is_empty = value.is_empty();
        if is_changed && value.compact().is_some() {
            let change = self.move_in(place, key, number, inverted);
            return Edited::anew(place, Some(change), is_empty);
        }
        Edited {
            is_changed,
            change: inverted.map(|kind| Change { place, kind }),
            is_empty,
            place,
        }
    }

    /// `value` is a copy of what stands there: for the few bytes that it has, changing that is as quick as changing
    /// what is in the block.
    fn edit_compact(
        &mut self,
        place: Place,
        key: &[u8],
        mut value: Value,
        is_final: bool,
        change: &mut dyn FnMut(&mut Value) -> bool,
    ) -> Edited {
        let is_changed = change(&mut value);
        let is_empty = value.is_empty();
        let mut edited = Edited {
            is_changed,
            change: None,
            is_empty,
            place,
        };
        if !is_changed || (is_empty && is_final) {
            // What ended empty is removed next, and needs no room for that.
            self.keep_spare(value);
            return edited;
        }
        let compact = value.compact();
        let fit = compact.and_then(|compact| Fit::of(self.block(place.handle), compact));
        if let (Some(compact), Some(fit)) = (compact, fit) {
            let before = (!is_final).then(|| self.at(place).value().to_value());
            edited.change = before.map(|before| Change {
                place,
                kind: Inverted::Overwrite(before),
            });
            self.overwrite_compact(place, compact, fit);
        } else if let Some(compact) = compact
            && is_final
        {
            edited.place = self.rewrite_for_good(place, key, compact);
        } else {
            let change = self.rewrite(place, key, value);
            return Edited::anew(place, Some(change), is_empty);
        }
        self.keep_spare(value);
        edited
    }

    /// Writes a compact value over another one in its block, which weighs what it did.
    pub(super) fn overwrite_compact(&mut self, place: Place, compact: Compact, fit: Fit) {
        fit.write(self.slab.bytes_mut(place.handle), compact);
    }

    /// Writes a compact value over another one, into a block of its size.
    fn rewrite_for_good(&mut self, place: Place, key: &[u8], compact: Compact) -> Place {
        let Place { handle: old, hash } = place;
        let block = self.block(old);
        let (deadline, used) = (block.deadline(), block.used());
        let weight = weight_of(block.size_bytes(), deadline.is_some(), None);
        let new = self.write(hash, key, Payload::Compact(compact), deadline, used);
        self.used_bytes = self.used_bytes - weight + new.weight;
        let place = self.stand_in(place, new.handle);
        self.slab.free(old);
        place
    }

    /// Room for a value that is being made, of which it may take this buffer.
    pub(in crate::db) fn spare(&mut self) -> &mut Vec<u8> {
        spare(&mut self.spare)
    }

    /// Takes the buffer of a value that is in the block now, or nowhere.
    pub(in crate::db) fn keep_spare(&mut self, value: Value) {
        if let Some(buffer) = value.into_buffer()
            && (self.spare.capacity()..=SPARE_BYTES).contains(&buffer.capacity())
        {
            self.spare = buffer;
        }
    }

    /// Writes another value under a key whose value lies in the block, or is to.
    fn rewrite(&mut self, place: Place, key: &[u8], value: Value) -> Change {
        let block = self.block(place.handle);
        let hash = place.hash;
        let mut entry = Entry::new(value, block.deadline());
        entry.used = block.used();
        let lookup = Lookup {
            hash,
            place: Some(place),
            has_deadline: entry.deadline.is_some(),
        };
        let new = self.write_entry(hash, key, entry);
        self.put_block(lookup, new)
    }

    /// Has a value that an edit has made compact lie in the block of its key. What lay apart is parked with the old
    /// block as it was before the edit, if that is known.
    #[cold]
    fn move_in(
        &mut self,
        place: Place,
        key: &[u8],
        number: u32,
        inverted: Option<Inverted>,
    ) -> Change {
        let value = self.values[number].clone();
        let change = self.rewrite(place, key, value);
        if let Some(inverted) = inverted {
            inverted.apply(&mut self.values[number]);
        }
        change
    }
}

/// The spare buffer, emptied, with room for any compact value.
fn spare(spare: &mut Vec<u8>) -> &mut Vec<u8> {
    spare.clear();
    spare.reserve_exact(SPARE_BYTES);
    spare
}

/// Makes a change and keeps how to take it back, the value itself where it is small; nothing where
/// it changed nothing.
fn inverting(value: &mut Value, change: &mut dyn FnMut(&mut Value) -> bool) -> Option<Inverted> {
    if value.is_compact() {
        let mut before = value.clone();
        return change(value).then(|| {
            before.fit();
            Inverted::Overwrite(before)
        });
    }
    value.record();
    let is_changed = change(value);
    let inverses = value.recorded();
    debug_assert!(
        is_changed || inverses.is_empty(),
        "an edit that kept the value changed it"
    );
    is_changed.then_some(Inverted::Edit(inverses))
}
