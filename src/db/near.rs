//! What JavaScript may answer by itself: which keys its near cache holds, told in words that both sides see.
//!
//! The cache is direct-mapped: the hash of a key gives its slot, and a slot holds one key. JavaScript has the keys and the
//! values; here is a word for each slot, the hash of the key whose value may still be given, and every change of a
//! key clears it. A key with a deadline is never let in: time changes nothing that is cached. A hit
//! leaves the time in a second word, which counts as the use that it was.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::state::State;

/// Longer keys are not cached.
pub const NEAR_KEY_MAX_BYTES: usize = 128;

/// Words before those of the slots: how many hits were not counted yet, the low 32 bits of the millisecond of
/// the last one, what the cache weighs in bytes, and the number of the command that the last one was.
const HEAD_WORDS: usize = 4;
const HITS: usize = 0;
const HIT_MS: usize = 1;
const BYTES: usize = 2;
const ROW: usize = 3;

/// Validity and use of the slots; without slots where there is no such cache.
///
/// Layout: the head, a word per slot for the hash of its key (0: nothing), a word per slot for the low 32 bits
/// of the millisecond of the last hit (0: none since it was let in).
#[derive(Debug, Default)]
pub struct Near {
    words: Box<[u32]>,
    /// The database whose keys are cached.
    db: u32,
}

/// What was answered without the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hits {
    pub count: u32,
    pub last_ms: i64,
    /// The number of the command that was the last.
    pub last_row: usize,
}

impl Near {
    /// Begins with empty slots, a power of two of them.
    /// False where there is no memory for them.
    pub fn open(&mut self, slots: usize) -> bool {
        assert!(
            slots.is_power_of_two(),
            "slots are chosen by bits of a hash"
        );
        let len = HEAD_WORDS + 2 * slots;
        let mut words = Vec::new();
        let is_there = words.try_reserve_exact(len).is_ok();
        if is_there {
            words.resize(len, 0);
            self.words = words.into();
        }
        is_there
    }

    /// Where JavaScript finds the words.
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    pub fn is_open(&self) -> bool {
        !self.words.is_empty()
    }

    /// What the cache holds in JavaScript, in bytes.
    pub fn bytes(&self) -> u32 {
        self.words.get(BYTES).copied().unwrap_or_default()
    }

    /// Lets a key of a database in, in the place of what its slot held.
    fn admit(&mut self, db: u32, key: &[u8]) {
        self.keep_to(db);
        if let Some((slot, hash)) = self.slot(key) {
            let used = slot + self.slots();
            self.words[slot] = hash;
            self.words[used] = 0;
        }
    }

    /// Forgets what was cached of any other database.
    pub fn keep_to(&mut self, db: u32) {
        if db != self.db {
            self.forget_all();
            self.db = db;
        }
    }

    /// To be called for every change of a key, whatever the database, unless `Keyspace::may_be_near` says that it is not here.
    #[inline]
    pub fn forget(&mut self, key: &[u8]) {
        if let Some((slot, hash)) = self.slot(key)
            && self.words[slot] == hash
        {
            self.words[slot] = 0;
        }
    }

    pub fn forget_all(&mut self) {
        let end = HEAD_WORDS + self.slots();
        if self.is_open() {
            self.words[HEAD_WORDS..end].fill(0);
        }
    }

    /// Whether there were hits since they were last taken.
    #[inline(always)]
    pub fn has_hits(&self) -> bool {
        self.words.get(HITS).is_some_and(|hits| *hits > 0)
    }

    /// Hits since this was last asked; none where there were none.
    pub fn take_hits(&mut self, now_ms: i64) -> Option<Hits> {
        let hits = self.words.get_mut(HITS).filter(|hits| **hits > 0)?;
        let count = core::mem::take(hits);
        let ago_ms = (now_ms as u32).wrapping_sub(self.words[HIT_MS]);
        Some(Hits {
            count,
            last_ms: now_ms - i64::from(ago_ms),
            last_row: self.words[ROW] as usize,
        })
    }

    /// How long ago a key was used, that being what its entry says, if no hit was later.
    pub fn idle_ms(&self, db: u32, key: &[u8], idle_ms: i64, now_ms: i64) -> i64 {
        if db != self.db {
            return idle_ms;
        }
        let used_ms = self
            .slot(key)
            .and_then(|(slot, hash)| self.used_ms(slot, hash));
        used_ms.map_or(idle_ms, |used_ms| {
            idle_ms.min(i64::from((now_ms as u32).wrapping_sub(used_ms)))
        })
    }

    /// When the key in a slot was last hit, if it was, for the entry to keep before the slot is given to another.
    pub fn last_hit_ms(&self, db: u32, key: &[u8]) -> Option<u32> {
        let (slot, hash) = self.slot(key).filter(|_| db == self.db)?;
        self.used_ms(slot, hash)
    }

    fn used_ms(&self, slot: usize, hash: u32) -> Option<u32> {
        let used_ms = self.words[slot + self.slots()];
        (self.words[slot] == hash && used_ms != 0).then_some(used_ms)
    }

    fn slots(&self) -> usize {
        self.words.len().saturating_sub(HEAD_WORDS) / 2
    }

    /// The slot of a key, and its hash; none where it cannot be cached.
    fn slot(&self, key: &[u8]) -> Option<(usize, u32)> {
        if !self.is_open() || key.len() > NEAR_KEY_MAX_BYTES {
            return None;
        }
        let hash = hash(key);
        Some((HEAD_WORDS + (hash as usize & (self.slots() - 1)), hash))
    }
}

impl State {
    /// Lets the cache hold what stands under a key of a database, if anything does. Its block is marked, so that most
    /// changes of other keys need not ask here.
    pub fn admit_near(&mut self, db: u32, key: &[u8]) {
        let keyspace = &mut self.databases[db as usize];
        if let Some(place) = keyspace.find(key).place {
            keyspace.note_near(place);
            self.near.admit(db, key);
        }
    }
}

/// A hash that JavaScript draws as well (`pkg-template/src/engine/near.ts`), of no more than twelve bytes, as each of them costs
/// it as much as the rest of a look into its cache: the last six, where most keys differ, and six on the way there. Never 0.
/// Keys that collide in it, by chance or because somebody makes them, miss the cache, and no more.
fn hash(key: &[u8]) -> u32 {
    const LAST: usize = 6;
    let mut sample = [0; 12];
    let sample = if key.len() <= sample.len() {
        key
    } else {
        let (head, last) = key.split_at(key.len() - LAST);
        let (on_the_way, end) = sample.split_at_mut(LAST);
        for (byte, eighths) in on_the_way.iter_mut().zip(2..) {
            *byte = head[head.len() * eighths / 8];
        }
        end.copy_from_slice(last);
        &sample
    };
    let mix = |hash: u32, bytes: &[u8]| {
        let word = bytes
            .iter()
            .fold(0, |word, byte| word << 8 | u32::from(*byte));
        let mixed = (hash ^ word).wrapping_mul(0x9e37_79b1);
        mixed ^ mixed >> 15
    };
    sample.chunks(4).fold(key.len() as u32, mix).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Config;
    use crate::types::Text;

    fn near() -> Near {
        let mut near = Near::default();
        near.open(16);
        near
    }

    fn holds(near: &Near, key: &[u8]) -> bool {
        near.slot(key)
            .is_some_and(|(slot, hash)| near.words[slot] == hash)
    }

    #[test]
    fn a_change_of_a_key_clears_its_slot_and_that_of_no_other() {
        let mut near = near();
        near.admit(0, b"a");
        near.forget(b"b");
        assert!(holds(&near, b"a"));
        near.forget(b"a");
        assert!(!holds(&near, b"a"));
    }

    /// `tests/js/near.test.ts` has the same: where they differed, nothing would ever be cached.
    #[test]
    fn keys_have_the_hashes_that_javascript_gives_them() {
        for (key, expected) in [
            ("", 1),
            ("a", 1422724091),
            ("abcd", 1872743006),
            ("abcde", 3864508325),
            ("abcdefghijkl", 2871869105),
            ("abcdefghijklm", 4196242135),
            ("app:session:10000000", 200011377),
            ("session:550e8400-e29b-41d4-a716-446655440000", 2126744708),
        ] {
            assert_eq!(hash(key.as_bytes()), expected, "{key}");
        }
        assert_eq!(hash(&[b'k'; NEAR_KEY_MAX_BYTES]), 3173994940);
    }

    #[test]
    fn another_database_is_cached_afresh() {
        let mut near = near();
        near.admit(0, b"a");
        near.keep_to(1);
        assert!(!holds(&near, b"a"));
    }

    #[test]
    fn a_hit_is_a_use_of_the_key_until_the_key_changes() {
        let mut near = near();
        near.admit(0, b"a");
        let (slot, _) = near.slot(b"a").expect("a short key");
        near.words[slot + 16] = 900;
        assert_eq!(near.idle_ms(0, b"a", 500, 1000), 100);
        assert_eq!(
            near.idle_ms(0, b"a", 50, 1000),
            50,
            "the entry was used later"
        );
        assert_eq!(
            near.idle_ms(1, b"a", 500, 1000),
            500,
            "a key of another database"
        );
        near.forget(b"a");
        assert_eq!(near.idle_ms(0, b"a", 500, 1000), 500);
    }

    /// Most changes ask the block of the key whether they are to come here.
    #[test]
    fn every_change_of_a_key_that_was_let_in_is_heard_of() {
        let texts = ["as long", "another", "much longer than before", "12", "13"];
        let mut state = State::new(Config::default(), 0, [0; 5]);
        state.near.open(16);
        let put = |state: &mut State, text: &str, deadline| {
            let slot = state.quiet_slot(0, b"a", 0).expect("nobody hears");
            slot.put_text(Text::of(text.as_bytes()), deadline);
        };
        for before in texts {
            for after in texts {
                for deadline in [None, Some(5)] {
                    put(&mut state, before, None);
                    put(&mut state, before, None);
                    assert!(!holds(&state.near, b"a"), "nobody has let it in");
                    state.admit_near(0, b"a");
                    assert!(holds(&state.near, b"a"));
                    put(&mut state, after, deadline);
                    assert!(!holds(&state.near, b"a"), "{before} {after} {deadline:?}");
                }
            }
        }
    }

    #[test]
    fn without_slots_nothing_is_cached() {
        let mut near = Near::default();
        near.admit(0, b"a");
        near.forget(b"a");
        near.forget_all();
        assert_eq!(
            (near.take_hits(0), near.bytes(), near.words().len()),
            (None, 0, 0)
        );
    }
}
