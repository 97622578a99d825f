//! Changes of a keyspace, each of which can be taken back without a copy of what was there before.
//!
//! What a change removes or replaces is *parked*: it leaves the table and stays whole on a stack of
//! its keyspace. Changes are taken back from the last to the first, so the top of the stack is what
//! the change at hand had parked. `settle` lets go of the stack, once a step is done.

use alloc::vec::Vec;

use super::super::lazy::Lazy;
use super::block::{self, Block, Draft, Fit, INLINE_MAX_BYTES, Payload};
use super::entry::{Used, weight_of};
use super::slab::Handle;
use super::{Deadline, Entry, Keyspace, Lookup, Place, Standing};
use crate::types::{Compact, Inverses, Kind, Str, Text, Value};

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
pub struct Taken(());

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
    /// Notes the use of a key, which is no change of it.
    #[inline]
    pub(in crate::db) fn note_use(&mut self, place: Place, used: Used) {
        block::set_used(self.slab.bytes_mut(place.0), used);
    }

    /// Notes that the near cache may hold what stands here, until it is written anew.
    pub(in crate::db) fn note_near(&mut self, place: Place) {
        block::set_near(self.slab.bytes_mut(place.0));
    }

    /// As `at`, and notes the use.
    #[inline(always)]
    pub(in crate::db) fn use_at(&mut self, place: Place, used: Used) -> Standing<'_> {
        let block = self.slab.bytes_mut(place.0);
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
        let block = self.block(place.0);
        let Payload::Int(before) = block.payload() else {
            return None;
        };
        if block.deadline() != deadline {
            return None;
        }
        self.save_early(place);
        block::set_int(self.slab.bytes_mut(place.0), number);
        Some(Change {
            place,
            kind: Inverted::SetInt(before),
        })
    }

    fn put_block(&mut self, lookup: Lookup, new: Written) -> Change {
        let kind = match lookup.place {
            Some(old) => {
                self.save_early(old);
                self.exchange(old.0, new.handle);
                self.parked.push(Parked::Whole(old.0));
                Inverted::Swap
            }
            None => {
                self.enter_as(new.handle, lookup.hash, new.weight, new.has_deadline);
                Inverted::Remove
            }
        };
        Change {
            place: Place(new.handle),
            kind,
        }
    }

    /// Removes a key. O(1): what is large is freed when it is settled.
    pub(in crate::db) fn remove(&mut self, place: Place) -> Change {
        self.save_early(place);
        self.leave(place.0);
        self.parked.push(Parked::Whole(place.0));
        Change {
            place,
            kind: Inverted::Unpark,
        }
    }

    /// Takes an entry out whole, so that it can be put somewhere else. O(1).
    pub(in crate::db) fn take(&mut self, place: Place) -> (Taken, Entry) {
        self.save_early(place);
        self.leave(place.0);
        self.parked.push(Parked::Shell(place.0));
        (Taken(()), self.contents(place.0))
    }

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
        match Block::of(self.slab.bytes(place.0)).payload() {
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
        let fit = compact.and_then(|compact| Fit::of(self.block(place.0), compact));
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
    fn overwrite_compact(&mut self, place: Place, compact: Compact, fit: Fit) {
        fit.write(self.slab.bytes_mut(place.0), compact);
    }

    /// Writes a compact value over another one, into a block of its size.
    fn rewrite_for_good(&mut self, place: Place, key: &[u8], compact: Compact) -> Place {
        let old = place.0;
        let block = self.block(old);
        let (hash, deadline, used) = (block.hash(), block.deadline(), block.used());
        let weight = weight_of(block.size_bytes(), deadline.is_some(), None);
        let new = self.write(hash, key, Payload::Compact(compact), deadline, used);
        self.used_bytes = self.used_bytes - weight + new.weight;
        self.stand_in(old, new.handle);
        self.slab.free(old);
        Place(new.handle)
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
        let block = self.block(place.0);
        let hash = block.hash();
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

    /// Sets the deadline of a key, or takes it off.
    pub(in crate::db) fn set_deadline(
        &mut self,
        place: Place,
        deadline: Option<Deadline>,
    ) -> Change {
        self.save_early(place);
        match (self.block(place.0).deadline(), deadline) {
            (Some(before), Some(deadline)) => {
                block::set_deadline(self.slab.bytes_mut(place.0), deadline);
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
        let block = self.block(place.0);
        let bytes = self.slab.bytes(place.0)[..block.needed_bytes()].to_vec();
        let block = Block::of(&bytes);
        let (hash, key, used) = (block.hash(), block.key(), block.used());
        let new = self
            .write(hash, key, block.payload(), deadline, used)
            .handle;
        self.exchange(place.0, new);
        self.parked.push(Parked::Shell(place.0));
        Change {
            place: Place(new),
            kind: Inverted::Swap,
        }
    }

    /// Takes back the last change that has not been taken back.
    pub(in crate::db) fn undo(&mut self, change: Change) {
        let place = change.place;
        match change.kind {
            Inverted::Remove => {
                self.leave(place.0);
                self.let_go(Parked::Whole(place.0));
            }
            Inverted::Swap => {
                let replaced = self.unpark_over(place);
                self.let_go(replaced);
            }
            Inverted::Unpark => {
                let (Parked::Whole(handle) | Parked::Shell(handle)) = self.unpark();
                self.enter(handle);
            }
            Inverted::SetInt(before) => block::set_int(self.slab.bytes_mut(place.0), before),
            edit @ (Inverted::Overwrite(_) | Inverted::Edit(_)) => self.revert(place, edit),
            Inverted::SetDeadline(before) => {
                block::set_deadline(self.slab.bytes_mut(place.0), before);
            }
        }
    }

    /// Takes back a `put`, and gives back the entry that it had put.
    pub(in crate::db) fn withdraw(&mut self, put: Change) -> Entry {
        match put.kind {
            Inverted::Remove => self.leave(put.place.0),
            Inverted::Swap => {
                self.unpark_over(put.place);
            }
            _ => panic!("only a put is withdrawn"),
        }
        let entry = self.contents(put.place.0);
        self.slab.free(put.place.0);
        entry
    }

    /// Puts an entry back from where it was taken.
    pub(in crate::db) fn give_back(&mut self, _: Taken, entry: Entry) {
        let (Parked::Whole(handle) | Parked::Shell(handle)) = self.unpark();
        if self.block(handle).apart().is_some() {
            let number = self.values.insert(entry.value);
            block::set_apart(self.slab.bytes_mut(handle), number);
        }
        self.enter(handle);
    }

    /// Lets go of what was parked: its changes will not be taken back any more.
    pub(in crate::db) fn settle(&mut self, lazy: &mut Lazy) {
        while let Some(parked) = self.parked.pop() {
            if let Some(value) = self.let_go(parked) {
                lazy.free(value);
            }
        }
    }

    /// Lets go of about so many pieces of a keyspace into which nobody will look again, and says of how many, and how many keys went with
    /// them. What lay apart is handed to `free` first, which says how many pieces that took; entries go by segments and chunks, and
    /// none of them is looked at. It is done when there were fewer pieces than asked for.
    pub(in crate::db) fn free_some(
        &mut self,
        most: usize,
        mut free: impl FnMut(Value) -> usize,
    ) -> (usize, usize) {
        /// What a segment or a chunk counts for: giving one back takes the allocator about as long as that.
        const PART_PIECES: usize = 16;
        let (mut pieces, mut keys) = (0, 0);
        while pieces < most {
            if let Some(slot) = self.values.dismantle() {
                pieces += slot.map_or(1, &mut free);
            } else if let Some(count) = self.table.dismantle() {
                keys += count;
                pieces += PART_PIECES;
            } else if self.slab.dismantle() {
                pieces += PART_PIECES;
            } else {
                break;
            }
        }
        (pieces, keys)
    }

    /// Frees a block that is out of the table, and gives what it owned apart.
    fn let_go(&mut self, parked: Parked) -> Option<Value> {
        let (handle, apart) = match parked {
            Parked::Whole(handle) => (handle, self.block(handle).apart()),
            Parked::Shell(handle) => (handle, None),
        };
        self.slab.free(handle);
        apart.map(|number| self.values.remove(number))
    }

    /// What was parked last. A walk knows it: it was saved before it was parked.
    fn unpark(&mut self) -> Parked {
        let parked = self.parked.pop();
        let parked = parked.expect("what a change had parked, as undo runs backwards");
        let (Parked::Whole(handle) | Parked::Shell(handle)) = parked;
        let is_taken = self.is_ahead(self.block(handle).hash());
        block::set_taken(self.slab.bytes_mut(handle), is_taken);
        parked
    }

    /// Puts what was parked last in the place of what stands now, and answers that.
    fn unpark_over(&mut self, place: Place) -> Parked {
        match self.unpark() {
            Parked::Whole(before) => {
                self.exchange(place.0, before);
                Parked::Whole(place.0)
            }
            Parked::Shell(before) => {
                self.exchange(place.0, before);
                Parked::Shell(place.0)
            }
        }
    }

    /// As `edit`, to take an edit back.
    fn revert(&mut self, place: Place, edit: Inverted) {
        let Some(number) = self.block(place.0).apart() else {
            return self.revert_compact(place, edit);
        };
        let value = &mut self.values[number];
        self.used_bytes -= value.size_bytes();
        edit.apply(value);
        self.used_bytes += value.size_bytes();
    }

    fn revert_compact(&mut self, place: Place, edit: Inverted) {
        let before = match &edit {
            Inverted::Overwrite(before) => before.compact(),
            _ => None,
        };
        let before = before.expect("what is inline is written anew or overwritten");
        let fit = Fit::of(self.block(place.0), before).expect("the block that it was in");
        self.overwrite_compact(place, before, fit);
    }
}

/// Blocks on their way into the table and out of it.
impl Keyspace {
    fn write_entry(&mut self, hash: u32, key: &[u8], entry: Entry) -> Written {
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

    fn put_apart(&mut self, mut value: Value) -> Payload<'static> {
        value.fit();
        Payload::Apart(self.values.insert(value))
    }

    fn write(
        &mut self,
        hash: u32,
        key: &[u8],
        payload: Payload,
        deadline: Option<Deadline>,
        used: Used,
    ) -> Written {
        let draft = Draft {
            hash,
            used,
            deadline,
            is_taken: self.is_ahead(hash),
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
    fn contents(&mut self, handle: Handle) -> Entry {
        let block = self.block(handle);
        let (deadline, used) = (block.deadline(), block.used());
        let value = match block.apart() {
            Some(number) => self.values.remove(number),
            None => self.at(Place(handle)).value().to_value(),
        };
        Entry {
            value,
            deadline,
            used,
        }
    }

    /// Puts a block into the table.
    fn enter(&mut self, handle: Handle) {
        let block = self.block(handle);
        let (hash, has_deadline) = (block.hash(), block.head().has_deadline());
        self.enter_as(handle, hash, self.at(Place(handle)).weight(), has_deadline);
    }

    /// As `enter`, of which all is known that it would read.
    #[inline]
    fn enter_as(&mut self, handle: Handle, hash: u32, weight: usize, has_deadline: bool) {
        self.used_bytes += weight;
        if has_deadline {
            self.list(handle);
        }
        let slab = &self.slab;
        let hash_of = |handle| Block::of(slab.bytes(handle)).hash();
        self.table.insert(hash, handle, hash_of);
    }

    /// Takes a block out of the table.
    fn leave(&mut self, handle: Handle) {
        self.used_bytes -= self.at(Place(handle)).weight();
        if self.block(handle).head().has_deadline() {
            self.unlist(handle);
        }
        let slab = &self.slab;
        let hash_of = |handle| Block::of(slab.bytes(handle)).hash();
        let is_there = self.table.remove(hash_of(handle), handle, hash_of);
        assert!(is_there, "a block that stands and is not in the table");
    }

    /// Puts a block of the same key in the place of one in the table.
    fn exchange(&mut self, old: Handle, new: Handle) {
        let weight = |block| Standing::of_block(block, &self.values).weight();
        let (before, after) = (weight(self.block(old)), weight(self.block(new)));
        self.used_bytes = self.used_bytes - before + after;
        self.stand_in(old, new);
    }

    /// As `exchange`, where the weights are known.
    fn stand_in(&mut self, old: Handle, new: Handle) {
        let (before, after) = (self.block(old), self.block(new));
        let hash = before.hash();
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

/// The spare buffer, emptied, with room for any compact value.
fn spare(spare: &mut Vec<u8>) -> &mut Vec<u8> {
    spare.clear();
    spare.reserve_exact(SPARE_BYTES);
    spare
}

/// The payload of a value that is to lie in its entry's block, which follows from what it is.
fn in_block(value: &Value) -> Option<Payload<'_>> {
    match value {
        Value::String(text) => inline(text.view()),
        value => value.compact().map(Payload::Compact),
    }
}

/// The payload of a string that is short enough for its entry's block.
pub(super) fn inline(text: Text) -> Option<Payload> {
    match text {
        Text::Int(number) => Some(Payload::Int(number)),
        Text::Embedded(bytes) => Some(Payload::Embedded(bytes)),
        Text::Raw(bytes) => (bytes.len() <= INLINE_MAX_BYTES).then_some(Payload::Raw(bytes)),
    }
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
