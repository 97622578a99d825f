//! A value with what the keyspace keeps beside it: owned, and as it stands there.

use super::Deadline;
use super::block::{Block, Payload};
use super::paged::Values;
use crate::types::{Text, Value, ValueRef};

/// When a key was last used, to 8 ms. Comes round after 198 days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used(u32);

impl Used {
    const BITS: u32 = 31;
    const UNIT_MS: i64 = 8;
    /// What it comes round after.
    pub const LONGEST_MS: i64 = (1 << Used::BITS) * Used::UNIT_MS;

    pub fn at(now_ms: i64) -> Used {
        Used::from_bits((now_ms / Used::UNIT_MS) as u32)
    }

    pub(super) fn from_bits(bits: u32) -> Used {
        Used(bits % (1 << Used::BITS))
    }

    pub(super) fn bits(self) -> u32 {
        self.0
    }

    /// How long ago that was.
    pub fn idle_ms(self, now_ms: i64) -> i64 {
        let idle = Used::at(now_ms).0.wrapping_sub(self.0);
        i64::from(Used::from_bits(idle).0) * Used::UNIT_MS
    }
}

/// A value on its way into a keyspace, or out of it.
#[derive(Debug, Clone)]
pub struct Entry {
    pub value: Value,
    pub deadline: Option<Deadline>,
    pub used: Used,
}

impl Entry {
    pub fn new(value: Value, deadline: Option<Deadline>) -> Entry {
        Entry {
            value,
            deadline,
            used: Used::default(),
        }
    }
}

/// A key and what stands under it, as it is read: a view that costs nothing to copy.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    key: &'a [u8],
    value: ValueRef<'a>,
    deadline: Option<Deadline>,
    used: Used,
    block_bytes: usize,
    is_apart: bool,
}

impl<'a> Standing<'a> {
    #[inline]
    pub(super) fn of_block(block: Block<'a>, values: &'a Values) -> Standing<'a> {
        let payload = block.payload();
        Standing {
            key: block.key(),
            value: match payload {
                Payload::Int(number) => ValueRef::String(Text::Int(number)),
                Payload::Embedded(bytes) => ValueRef::String(Text::Embedded(bytes)),
                Payload::Raw(bytes) => ValueRef::String(Text::Raw(bytes)),
                Payload::Apart(number) => values[number].view(),
            },
            deadline: block.deadline(),
            used: block.used(),
            block_bytes: block.size_bytes(),
            is_apart: matches!(payload, Payload::Apart(_)),
        }
    }

    /// A key that is not in the keyspace any more, and weighs nothing.
    pub(super) fn of_entry(key: &'a [u8], entry: &'a Entry) -> Standing<'a> {
        Standing {
            key,
            value: entry.value.view(),
            deadline: entry.deadline,
            used: entry.used,
            block_bytes: 0,
            is_apart: false,
        }
    }

    pub fn key(self) -> &'a [u8] {
        self.key
    }

    pub fn value(self) -> ValueRef<'a> {
        self.value
    }

    pub fn deadline(self) -> Option<Deadline> {
        self.deadline
    }

    /// How long ago the key was last used, for eviction and OBJECT IDLETIME.
    pub fn idle_ms(self, now_ms: i64) -> i64 {
        self.used.idle_ms(now_ms)
    }

    pub fn is_past(self, now_ms: i64) -> bool {
        is_past(self.deadline, now_ms)
    }

    /// What it weighs in bytes: its block, its share of the table, its deadline's place in their list,
    /// and what is kept apart with its slot. The same whatever happened before.
    pub fn weight(self) -> usize {
        let deadline = self.deadline.map_or(0, |_| LISTED_BYTES);
        let apart = if self.is_apart {
            Values::SLOT_BYTES + self.value.size_bytes()
        } else {
            0
        };
        self.block_bytes.next_multiple_of(8) + TABLE_BYTES + deadline + apart
    }

    /// A copy of the value with its deadline.
    pub fn to_entry(self) -> Entry {
        Entry::new(self.value.to_value(), self.deadline)
    }
}

pub fn is_past(deadline: Option<Deadline>, now_ms: i64) -> bool {
    deadline.is_some_and(|deadline| deadline <= now_ms)
}

/// An entry's share of the table: a bucket of 64 bytes has 12 slots, of which 3 in 5 are taken on the mean.
const TABLE_BYTES: usize = 9;
/// A place in the list of deadlines.
const LISTED_BYTES: usize = size_of::<u32>();
