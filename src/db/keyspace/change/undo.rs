//! Taking changes back, or letting go of what that would have needed.

use super::{Change, Inverted, Parked, Taken};
use crate::db::keyspace::block::{self, Fit};
use crate::db::keyspace::{Entry, Keyspace, Place};
use crate::db::lazy::Lazy;
use crate::types::Value;

impl Keyspace {
    /// Takes back the last change that has not been taken back.
    pub(in crate::db) fn undo(&mut self, change: Change) {
        let place = change.place;
        match change.kind {
            Inverted::Remove => {
                self.leave(place);
                self.let_go(Parked::Whole(place.handle));
            }
            Inverted::Swap => {
                let replaced = self.unpark_over(place);
                self.let_go(replaced);
            }
            Inverted::Unpark => {
                self.unpark(place.hash);
                self.enter(place);
            }
            Inverted::SetInt(before) => block::set_int(self.slab.bytes_mut(place.handle), before),
            edit @ (Inverted::Overwrite(_) | Inverted::Edit(_)) => self.revert(place, edit),
            Inverted::SetDeadline(before) => {
                block::set_deadline(self.slab.bytes_mut(place.handle), before);
            }
        }
    }

    /// Takes back a `put`, and gives back the entry that it had put.
    pub(in crate::db) fn withdraw(&mut self, put: Change) -> Entry {
        match put.kind {
            Inverted::Remove => self.leave(put.place),
            Inverted::Swap => {
                self.unpark_over(put.place);
            }
            _ => panic!("only a put is withdrawn"),
        }
        let entry = self.contents(put.place.handle);
        self.slab.free(put.place.handle);
        entry
    }

    /// Puts an entry back from where it was taken.
    pub(in crate::db) fn give_back(&mut self, Taken(place): Taken, entry: Entry) {
        self.unpark(place.hash);
        if self.block(place.handle).apart().is_some() {
            let number = self.values.insert(entry.value);
            block::set_apart(self.slab.bytes_mut(place.handle), number);
        }
        self.enter(place);
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

    /// What was parked last, of a key of this hash. A walk knows it: it was saved before it was parked.
    fn unpark(&mut self, hash: u32) -> Parked {
        let parked = self.parked.pop();
        let parked = parked.expect("what a change had parked, as undo runs backwards");
        let (Parked::Whole(handle) | Parked::Shell(handle)) = parked;
        let is_taken = self.is_ahead(hash);
        block::set_taken(self.slab.bytes_mut(handle), is_taken);
        parked
    }

    /// Puts what was parked last in the place of what stands now, and answers that.
    fn unpark_over(&mut self, place: Place) -> Parked {
        match self.unpark(place.hash) {
            Parked::Whole(before) => {
                self.exchange(place, before);
                Parked::Whole(place.handle)
            }
            Parked::Shell(before) => {
                self.exchange(place, before);
                Parked::Shell(place.handle)
            }
        }
    }

    /// As `edit`, to take an edit back.
    fn revert(&mut self, place: Place, edit: Inverted) {
        let Some(number) = self.block(place.handle).apart() else {
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
        let fit = Fit::of(self.block(place.handle), before).expect("the block that it was in");
        self.overwrite_compact(place, before, fit);
    }
}
