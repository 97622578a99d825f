//! A value with what the keyspace keeps beside it: owned, and as it stands there.

use super::Deadline;
use super::block::{Block, Payload};
use super::paged::Values;
use super::slab;
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

/// A key and what stands under it, as it is read: a view that costs nothing to copy, and of which nothing is
/// read that is not asked for.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a>(Source<'a>);

#[derive(Debug, Clone, Copy)]
enum Source<'a> {
    Block(Block<'a>, &'a Values),
    /// Not in the keyspace any more.
    Entry(&'a [u8], &'a Entry),
}

impl<'a> Standing<'a> {
    #[inline]
    pub(super) fn of_block(block: Block<'a>, values: &'a Values) -> Standing<'a> {
        Standing(Source::Block(block, values))
    }

    /// A key that is not in the keyspace any more, and weighs nothing.
    pub(super) fn of_entry(key: &'a [u8], entry: &'a Entry) -> Standing<'a> {
        Standing(Source::Entry(key, entry))
    }

    pub fn key(self) -> &'a [u8] {
        match self.0 {
            Source::Block(block, _) => block.key(),
            Source::Entry(key, _) => key,
        }
    }

    #[inline]
    pub fn value(self) -> ValueRef<'a> {
        match self.0 {
            Source::Block(block, values) => match block.payload() {
                Payload::Int(number) => ValueRef::String(Text::Int(number)),
                Payload::Embedded(bytes) => ValueRef::String(Text::Embedded(bytes)),
                Payload::Raw(bytes) => ValueRef::String(Text::Raw(bytes)),
                Payload::Apart(number) => values[number].view(),
                Payload::Compact(compact) => compact.view(),
            },
            Source::Entry(_, entry) => entry.value.view(),
        }
    }

    /// As `value`, of a string that lies in its block, as most do.
    #[inline(always)]
    pub fn short_text(self) -> Option<Text<'a>> {
        match self.0 {
            Source::Block(block, _) => match block.payload_here() {
                Payload::Int(number) => Some(Text::Int(number)),
                Payload::Embedded(bytes) => Some(Text::Embedded(bytes)),
                Payload::Raw(bytes) => Some(Text::Raw(bytes)),
                Payload::Apart(_) | Payload::Compact(_) => None,
            },
            Source::Entry(..) => None,
        }
    }

    #[inline]
    pub fn deadline(self) -> Option<Deadline> {
        match self.0 {
            Source::Block(block, _) => block.deadline(),
            Source::Entry(_, entry) => entry.deadline,
        }
    }

    /// Whether every byte of the value is a character of ASCII, which the block of a short string says; none where it
    /// would have to be looked through.
    #[inline]
    pub fn known_ascii(self) -> Option<bool> {
        match self.0 {
            Source::Block(block, _) => block.head().known_ascii(),
            Source::Entry(..) => None,
        }
    }

    /// How long ago the key was last used, for eviction and OBJECT IDLETIME.
    pub fn idle_ms(self, now_ms: i64) -> i64 {
        let used = match self.0 {
            Source::Block(block, _) => block.used(),
            Source::Entry(_, entry) => entry.used,
        };
        used.idle_ms(now_ms)
    }

    #[inline]
    pub fn is_past(self, now_ms: i64) -> bool {
        is_past(self.deadline(), now_ms)
    }

    /// What it weighs in bytes: its block, its share of the table, its deadline's place in their list,
    /// and what is kept apart with its slot.
    #[inline]
    pub fn weight(self) -> usize {
        let Source::Block(block, values) = self.0 else {
            return 0;
        };
        let apart = block.apart().map(|number| &values[number]);
        weight_of(block.size_bytes(), block.head().has_deadline(), apart)
    }

    /// In how many pieces the value is freed.
    pub fn pieces(self) -> usize {
        match self.0 {
            Source::Block(block, values) => {
                block.apart().map_or(1, |number| values[number].pieces())
            }
            Source::Entry(_, entry) => entry.value.pieces(),
        }
    }

    /// A copy of the value with its deadline.
    pub fn to_entry(self) -> Entry {
        Entry::new(self.value().to_value(), self.deadline())
    }
}

#[inline]
pub fn is_past(deadline: Option<Deadline>, now_ms: i64) -> bool {
    deadline.is_some_and(|deadline| deadline <= now_ms)
}

/// What an entry weighs whose block is so large: see `Standing::weight`.
#[inline]
pub(super) fn weight_of(block_bytes: usize, has_deadline: bool, apart: Option<&Value>) -> usize {
    let deadline = if has_deadline { LISTED_BYTES } else { 0 };
    let apart = apart.map_or(0, |value| Values::SLOT_BYTES + value.size_bytes());
    slab::room_of(block_bytes) + TABLE_BYTES + deadline + apart
}

/// An entry's share of the table: a bucket of 64 bytes has 12 slots, of which 3 in 5 are taken on the mean.
pub(super) const TABLE_BYTES: usize = 9;
/// A place in the list of deadlines.
pub(super) const LISTED_BYTES: usize = size_of::<u32>();
