//! The table of a set: members in slots.

use alloc::boxed::Box;

use crate::types::log::Log;
use crate::types::slots::{Named, Slots};
use crate::types::{self, Item, Seed};

/// What a member in the table costs beside its bytes: a box and a hash in the entry, a slot in the
/// index, the bookkeeping of an allocation. Of a 64-bit machine, on all machines.
pub(super) const ENTRY_BYTES: usize = 56;
pub(super) const TABLE_BYTES: usize = 128;

#[derive(Debug, Clone)]
pub(super) struct Table {
    pub members: Slots<Box<[u8]>>,
    /// Of the members together.
    pub content_bytes: usize,
    pub log: Log,
}

impl Named for Box<[u8]> {
    fn name(&self) -> &[u8] {
        self
    }
}

/// One change to a table of members, turned round.
#[derive(Debug)]
pub enum Inverse {
    /// Takes out the last member.
    Added,
    Removed {
        position: usize,
        member: Box<[u8]>,
    },
}

impl From<Inverse> for types::Inverse {
    fn from(inverse: Inverse) -> types::Inverse {
        types::Inverse::Set(inverse)
    }
}

impl Table {
    /// `None` if a member comes twice.
    pub fn of<'m>(members: impl Iterator<Item = Item<'m>>, seed: Seed) -> Option<Table> {
        let mut table = Table {
            members: Slots::new(seed),
            content_bytes: 0,
            log: Log::default(),
        };
        for member in members {
            if !table.insert(member) {
                return None;
            }
        }
        Some(table)
    }

    pub fn insert(&mut self, member: Item<'_>) -> bool {
        let mut digits = itoa::Buffer::new();
        let member = member.bytes_in(&mut digits);
        let hash = self.members.hash(member);
        if self.members.find(hash, member).is_some() {
            return false;
        }
        self.members.push(hash, member.into());
        self.content_bytes += member.len();
        self.log.note(|| Inverse::Added);
        true
    }

    pub fn remove(&mut self, member: Item<'_>) -> bool {
        let mut digits = itoa::Buffer::new();
        let member = member.bytes_in(&mut digits);
        let hash = self.members.hash(member);
        let Some(position) = self.members.find(hash, member) else {
            return false;
        };
        let member = self.members.swap_remove(hash, position);
        self.content_bytes -= member.len();
        self.log.note(|| Inverse::Removed { position, member });
        true
    }

    pub fn undo(&mut self, inverse: Inverse) {
        match inverse {
            Inverse::Added => {
                let member = self.members.pop().expect("a member was added");
                self.content_bytes -= member.len();
            }
            Inverse::Removed { position, member } => {
                self.content_bytes += member.len();
                self.members.insert_at(position, member);
            }
        }
    }
}
