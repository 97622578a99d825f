//! A value with what the keyspace keeps beside it.

use super::Deadline;
use crate::types::Value;

/// What stands under a key.
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

    /// How long ago the key was last used, for eviction and OBJECT IDLETIME.
    pub fn idle_ms(&self, now_ms: i64) -> u32 {
        (now_ms as u32).wrapping_sub(self.used_ms)
    }

    pub fn is_past(&self, now_ms: i64) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now_ms)
    }
}
