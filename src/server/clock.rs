//! The time and the chance that the engine is handed.

use std::hash::{BuildHasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970. A clock set before that counts as 1970.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}

/// A number that nobody can foresee: the standard library draws the keys of its hashers from the
/// system's own source, and SipHash keeps them secret.
pub fn entropy() -> u64 {
    RandomState::new().hash_one(now_ms())
}
