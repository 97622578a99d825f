//! Writing a string over another in its block, where that has just the room, or where nothing stands; and nothing is taken back.

use super::block::{self, INLINE_MAX_BYTES, Payload};
use super::change::inline;
use super::entry::weight_of;
use super::{Deadline, Keyspace, Lookup, Place, Used};
use crate::types::Text;

impl Keyspace {
    /// Writes a string where another one stands, so that what was there is gone, and says whether it was perhaps in the near
    /// cache. None, and nothing has happened, where it would take another block, lie apart, or have another deadline. The
    /// key weighs what it did.
    #[inline]
    pub(in crate::db) fn overwrite(
        &mut self,
        lookup: Lookup,
        text: Text,
        deadline: Option<Deadline>,
        used: Used,
    ) -> Option<bool> {
        let place = lookup.place?;
        let has_deadline = lookup.has_deadline || deadline.is_some();
        if has_deadline && self.block(place.handle).deadline() != deadline {
            return None;
        }
        let payload = inline(text)?;
        if self.walk.is_some() {
            return self.overwrite_under_walk(place, payload, used);
        }
        let block = self.slab.bytes_mut(place.handle);
        block::overwrite(block, payload, used)
    }

    /// As `overwrite`, of bytes that are no integer, where nothing has a deadline.
    #[inline(always)]
    pub(in crate::db) fn overwrite_plain(
        &mut self,
        place: Place,
        bytes: &[u8],
        used: Used,
    ) -> Option<bool> {
        if self.walk.is_some() || bytes.len() > INLINE_MAX_BYTES {
            return None;
        }
        block::overwrite_plain(self.slab.bytes_mut(place.handle), bytes, used)
    }

    /// Writes bytes that are no integer where nothing stands, for good, under a key of which this is the hash, with no deadline.
    /// False, and nothing has happened, where they would not lie in a block as others, or a walk is to be told.
    #[inline(always)]
    pub(in crate::db) fn enter_plain(
        &mut self,
        hash: u32,
        key: &[u8],
        bytes: &[u8],
        used: Used,
    ) -> bool {
        let Some(size_bytes) = block::plain_size_bytes(key, bytes) else {
            return false;
        };
        if self.walk.is_some() {
            return false;
        }
        let handle = self.slab.alloc(size_bytes);
        let handle = handle.expect("room, which was asked for before the step");
        block::write_plain(self.slab.bytes_mut(handle), used, key, bytes);
        self.used_bytes += weight_of(size_bytes, false, None);
        if !self.table.insert_at_home(hash, handle) {
            self.insert(hash, handle);
        }
        true
    }

    #[cold]
    fn overwrite_under_walk(&mut self, place: Place, payload: Payload, used: Used) -> Option<bool> {
        if !self.block(place.handle).has_room_for(&payload) {
            return None;
        }
        self.save_early(place);
        block::overwrite(self.slab.bytes_mut(place.handle), payload, used)
    }

    /// Adds to the integer that stands there, and gives the sum, and whether it was perhaps in the near cache. None, and nothing
    /// has happened, where there is no integer in the block, the sum would be none of 64 bits, or a walk is to be told.
    #[inline(always)]
    pub(in crate::db) fn add(
        &mut self,
        place: Place,
        step: i64,
        used: Used,
    ) -> Option<(i64, bool)> {
        if self.walk.is_some() {
            return None;
        }
        block::add(self.slab.bytes_mut(place.handle), step, used)
    }
}
