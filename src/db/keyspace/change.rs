//! Changes of a keyspace, each of which can be taken back without a copy of what was there before.
//!
//! What a change removes or replaces is *parked*: it leaves the table and stays whole on a stack of
//! its keyspace. Changes are taken back from the last to the first, so the top of the stack is what
//! the change at hand had parked. `settle` lets go of the stack, once a step is done.

use indexmap::map::raw_entry_v1::RawEntryApiV1;
use indexmap::map::raw_entry_v1::RawEntryMut;

use super::super::lazy::Lazy;
use super::entry::{deadline_weight, weight};
use super::{Deadline, Entry, Key, Keyspace, Lookup, Place};
use crate::types::{Inverses, Kind, Str, Text, Value};

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
    Overwrite(Value),
    Edit(Inverses),
    SetDeadline(Option<Deadline>),
}

/// Where an entry was taken out, to be put somewhere else.
#[derive(Debug)]
pub struct Taken {
    place: Place,
    key: Key,
}

/// What came of an edit.
pub(in crate::db) struct Edited<R> {
    pub answer: R,
    /// None where nothing changed.
    pub change: Option<Change>,
    /// The value ended empty: it is to be removed.
    pub is_empty: bool,
    /// Where the key stands now.
    pub place: Place,
}

impl Keyspace {
    /// Notes the use of a key, which is no change of it.
    pub(in crate::db) fn note_use(&mut self, place: Place, used_ms: i64) {
        self.entries[place.0].used_ms = used_ms as u32;
    }

    /// Puts an entry where the look-up for the key ended, in the place of what stands there. The key
    /// keeps its place then, so that SCAN does not lose sight of it.
    pub(in crate::db) fn put(&mut self, lookup: Lookup, key: &[u8], entry: Entry) -> Change {
        match lookup.place {
            Some(place) => {
                let old = self.replace(place, entry);
                self.parked.push((Key::default(), old));
                Change {
                    place,
                    kind: Inverted::Swap,
                }
            }
            None => Change {
                place: self.insert(lookup.hash, key.into(), entry),
                kind: Inverted::Remove,
            },
        }
    }

    /// As `put`, for a string.
    pub(in crate::db) fn put_text(
        &mut self,
        lookup: Lookup,
        key: &[u8],
        text: Text,
        deadline: Option<Deadline>,
        used_ms: i64,
    ) -> Change {
        let mut entry = Entry::new(Str::from(text).into_value(), deadline);
        entry.used_ms = used_ms as u32;
        self.put(lookup, key, entry)
    }

    /// Removes a key. O(1): what is large is freed when it is settled.
    pub(in crate::db) fn remove(&mut self, place: Place) -> Change {
        let parked = self.take_out(place);
        self.parked.push(parked);
        Change {
            place,
            kind: Inverted::Unpark,
        }
    }

    /// Takes an entry out whole, so that it can be put somewhere else. O(1).
    pub(in crate::db) fn take(&mut self, place: Place) -> (Taken, Entry) {
        let (key, entry) = self.take_out(place);
        (Taken { place, key }, entry)
    }

    /// Changes the value in its place, which has to be of this kind; weighs it before and after.
    /// That is a use of the key, whether or not anything changes.
    pub(in crate::db) fn edit<T: Kind, R>(
        &mut self,
        place: Place,
        used_ms: i64,
        change: impl FnOnce(&mut T) -> Edit<R>,
    ) -> Edited<R> {
        self.save_early(place);
        let entry = &mut self.entries[place.0];
        entry.used_ms = used_ms as u32;
        let value = T::of_mut(&mut entry.value).expect("a value of the kind that was looked for");
        self.used_bytes -= value.size_bytes();
        let (answer, inverted) = inverting(value, change);
        self.used_bytes += value.size_bytes();
        Edited {
            answer,
            change: inverted.map(|kind| Change { place, kind }),
            is_empty: value.is_empty(),
            place,
        }
    }

    /// Sets the deadline of a key, or takes it off.
    pub(in crate::db) fn set_deadline(
        &mut self,
        place: Place,
        deadline: Option<Deadline>,
    ) -> Change {
        self.save_early(place);
        let entry = &mut self.entries[place.0];
        let before = std::mem::replace(&mut entry.deadline, deadline);
        let weight = deadline_weight(self.key_at(place));
        self.list_deadline(place, before, deadline);
        match (before, deadline) {
            (None, Some(_)) => self.used_bytes += weight,
            (Some(_), None) => self.used_bytes -= weight,
            _ => {}
        }
        Change {
            place,
            kind: Inverted::SetDeadline(before),
        }
    }

    /// Takes back the last change that has not been taken back.
    pub(in crate::db) fn undo(&mut self, change: Change) {
        let place = change.place;
        match change.kind {
            Inverted::Remove | Inverted::Swap => drop(self.withdraw(change)),
            Inverted::Unpark => {
                let (key, entry) = self.unpark();
                self.insert_at(place, key, entry);
            }
            Inverted::Overwrite(before) => self.revert(place, |value| *value = before),
            Inverted::Edit(inverses) => self.revert(place, |value| {
                for inverse in inverses.into_iter().rev() {
                    value.undo(inverse);
                }
            }),
            Inverted::SetDeadline(before) => {
                self.set_deadline(place, before);
            }
        }
    }

    /// Takes back a `put`, and gives back the entry that it had put.
    pub(in crate::db) fn withdraw(&mut self, put: Change) -> Entry {
        match put.kind {
            Inverted::Remove => self.take_out(put.place).1,
            Inverted::Swap => {
                let (_, before) = self.unpark();
                self.replace(put.place, before)
            }
            other => panic!("{other:?} takes back no put"),
        }
    }

    /// Puts an entry back from where it was taken.
    pub(in crate::db) fn give_back(&mut self, taken: Taken, entry: Entry) {
        self.insert_at(taken.place, taken.key, entry);
    }

    /// Lets go of what was parked: its changes will not be taken back any more.
    pub(in crate::db) fn settle(&mut self, lazy: &mut Lazy) {
        for (_, entry) in self.parked.drain(..) {
            lazy.free(entry.value);
        }
    }

    /// Lets go of so many keys at most, of a table that nobody will look into again, and says how
    /// many. What stood under each is handed to `free`.
    pub(in crate::db) fn free_some(&mut self, most: usize, mut free: impl FnMut(Value)) -> usize {
        let freed = most.min(self.entries.len());
        for _ in 0..freed {
            self.volatile.pop();
            if let Some((_, entry)) = self.entries.pop() {
                free(entry.value);
            }
        }
        freed
    }

    fn unpark(&mut self) -> (Key, Entry) {
        let parked = self.parked.pop();
        parked.expect("what a change had parked, as undo runs backwards")
    }

    fn insert(&mut self, hash: u64, key: Key, entry: Entry) -> Place {
        self.used_bytes += weight(&key, &entry);
        if entry.deadline.is_some() {
            self.volatile.insert(key.clone());
        }
        let place = Place(self.entries.len());
        let entries = self.entries.raw_entry_mut_v1();
        match entries.from_hash(hash, |standing| *standing == key) {
            RawEntryMut::Vacant(vacant) => vacant.insert_hashed_nocheck(hash, key, entry),
            RawEntryMut::Occupied(_) => panic!("insert over a key that stands"),
        };
        if let Some(walk) = &mut self.walk {
            walk.unvisited.push(false);
        }
        place
    }

    /// Puts an entry back at the place from which it was taken out.
    fn insert_at(&mut self, place: Place, key: Key, entry: Entry) {
        let last = self.insert(self.hash(&key), key, entry);
        self.entries.swap_indices(place.0, last.0);
        if let Some(walk) = &mut self.walk {
            walk.unvisited.swap(place.0, last.0);
        }
    }

    fn replace(&mut self, place: Place, entry: Entry) -> Entry {
        self.save_early(place);
        let deadline = entry.deadline;
        self.used_bytes += weight(self.key_at(place), &entry);
        let old = std::mem::replace(&mut self.entries[place.0], entry);
        self.used_bytes -= weight(self.key_at(place), &old);
        self.list_deadline(place, old.deadline, deadline);
        old
    }

    /// Takes a key out; the last one moves into its place.
    fn take_out(&mut self, place: Place) -> (Key, Entry) {
        self.save_early(place);
        let taken = self.entries.swap_remove_index(place.0);
        let (key, entry) = taken.expect("a place where a key stands");
        self.used_bytes -= weight(&key, &entry);
        if entry.deadline.is_some() {
            self.volatile.swap_remove(&key);
        }
        if let Some(walk) = &mut self.walk {
            walk.unvisited.swap_remove(place.0);
        }
        (key, entry)
    }

    /// As `edit`, to take an edit back.
    fn revert(&mut self, place: Place, change: impl FnOnce(&mut Value)) {
        self.save_early(place);
        let value = &mut self.entries[place.0].value;
        self.used_bytes -= value.size_bytes();
        change(value);
        self.used_bytes += value.size_bytes();
    }

    fn list_deadline(&mut self, place: Place, before: Option<Deadline>, after: Option<Deadline>) {
        match (before, after) {
            (None, Some(_)) => {
                self.volatile.insert(self.key_at(place).into());
            }
            (Some(_), None) => {
                let (key, _) = self.entries.get_index(place.0).expect("a key stands there");
                self.volatile.swap_remove(key);
            }
            _ => {}
        }
    }

    fn key_at(&self, place: Place) -> &[u8] {
        self.at(place).key()
    }
}

/// Makes a change and keeps how to take it back, the value itself where it is small; nothing where
/// it changed nothing.
fn inverting<T: Kind, R>(
    value: &mut T,
    change: impl FnOnce(&mut T) -> Edit<R>,
) -> (R, Option<Inverted>) {
    if value.is_compact() {
        let before = value.clone();
        return match change(value) {
            Edit::Kept(answer) => (answer, None),
            Edit::Changed(answer) => (answer, Some(Inverted::Overwrite(before.into_value()))),
        };
    }
    value.record();
    let outcome = change(value);
    let inverses = value.recorded();
    match outcome {
        Edit::Kept(answer) => {
            debug_assert!(
                inverses.is_empty(),
                "an edit that kept the value changed it"
            );
            (answer, None)
        }
        Edit::Changed(answer) => (answer, Some(Inverted::Edit(inverses))),
    }
}
