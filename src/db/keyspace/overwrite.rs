//! Writing a string over another in its block, where that has just the room and nothing is taken back.

use super::block::{self, INLINE_MAX_BYTES, Payload};
use super::change::inline;
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
        if has_deadline && self.block(place.0).deadline() != deadline {
            return None;
        }
        let payload = inline(text)?;
        if self.walk.is_some() {
            return self.overwrite_under_walk(place, payload, used);
        }
        let block = self.slab.bytes_mut(place.0);
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
        block::overwrite_plain(self.slab.bytes_mut(place.0), bytes, used)
    }

    #[cold]
    fn overwrite_under_walk(&mut self, place: Place, payload: Payload, used: Used) -> Option<bool> {
        if !self.block(place.0).has_room_for(&payload) {
            return None;
        }
        self.save_early(place);
        block::overwrite(self.slab.bytes_mut(place.0), payload, used)
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
        block::add(self.slab.bytes_mut(place.0), step, used)
    }
}
