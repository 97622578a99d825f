//! Writing a string over another in its block, where that has just the room and nothing is taken back.

use super::block;
use super::change::inline;
use super::{Deadline, Keyspace, Lookup, Used};
use crate::types::Text;

impl Keyspace {
    /// Writes a string where another one stands, so that what was there is gone; false, and nothing has happened, where it
    /// would take another block, lie apart, or have another deadline. The key weighs what it did.
    pub(in crate::db) fn overwrite(
        &mut self,
        lookup: Lookup,
        text: Text,
        deadline: Option<Deadline>,
        used: Used,
    ) -> bool {
        let (Some(place), Some(payload)) = (lookup.place, inline(text)) else {
            return false;
        };
        let block = self.block(place.0);
        let before = lookup.has_deadline.then(|| block.deadline()).flatten();
        if !block.has_room_for(&payload) || before != deadline {
            return false;
        }
        self.save_early(place);
        let block = self.slab.bytes_mut(place.0);
        block::set_used(block, used);
        block::set_payload(block, payload);
        true
    }
}
