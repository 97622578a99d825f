//! A value with what the keyspace keeps beside it: owned, and as it stands there.

use super::{Deadline, Key};
use crate::types::{Value, ValueRef};

/// A value on its way into a keyspace, or out of it.
#[derive(Debug, Clone)]
pub struct Entry {
    pub value: Value,
    pub deadline: Option<Deadline>,
    /// Low 32 bits of the millisecond at which the key was last used; wraps after 49 days.
    pub used_ms: u32,
}

impl Entry {
    pub fn new(value: Value, deadline: Option<Deadline>) -> Entry {
        Entry {
            value,
            deadline,
            used_ms: 0,
        }
    }
}

/// A key and what stands under it, as it is read: a view that costs nothing to copy.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    key: &'a Key,
    entry: &'a Entry,
}

impl<'a> Standing<'a> {
    pub(super) fn new((key, entry): (&'a Key, &'a Entry)) -> Standing<'a> {
        Standing { key, entry }
    }

    pub fn key(self) -> &'a [u8] {
        self.key
    }

    pub fn value(self) -> ValueRef<'a> {
        self.entry.value.view()
    }

    pub fn deadline(self) -> Option<Deadline> {
        self.entry.deadline
    }

    /// How long ago the key was last used, for eviction and OBJECT IDLETIME.
    pub fn idle_ms(self, now_ms: i64) -> u32 {
        (now_ms as u32).wrapping_sub(self.entry.used_ms)
    }

    pub fn is_past(self, now_ms: i64) -> bool {
        is_past(self.entry.deadline, now_ms)
    }

    /// What it weighs in bytes: its place in the table, its key, its value, its deadline.
    pub fn weight(self) -> usize {
        weight(self.key, self.entry)
    }

    /// A copy of the value with its deadline.
    pub fn to_entry(self) -> Entry {
        Entry::new(self.value().to_value(), self.entry.deadline)
    }
}

pub fn is_past(deadline: Option<Deadline>, now_ms: i64) -> bool {
    deadline.is_some_and(|deadline| deadline <= now_ms)
}

/// Weight of a key beside its bytes and its value's: a slot of the table.
const SLOT_BYTES: usize = size_of::<(usize, Key, Entry)>() + size_of::<usize>();
/// Weight of a deadline: the key once more, in the set of keys that have one.
const DEADLINE_BYTES: usize = size_of::<(usize, Key)>() + size_of::<usize>();

pub(super) fn weight(key: &[u8], entry: &Entry) -> usize {
    let deadline = if entry.deadline.is_some() {
        deadline_weight(key)
    } else {
        0
    };
    SLOT_BYTES + key.len() + entry.value.size_bytes() + deadline
}

pub(super) fn deadline_weight(key: &[u8]) -> usize {
    DEADLINE_BYTES + key.len()
}
