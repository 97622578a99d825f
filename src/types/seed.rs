//! The secret that keeps a table's order from being chosen by whoever picks its keys.

use core::hash::BuildHasher;

use indexmap::{IndexMap, IndexSet};

use siphasher::sip::SipHasher13;

/// By names that others choose.
pub type SeededMap<K, V> = IndexMap<K, V, Seed>;
pub type SeededSet<K> = IndexSet<K, Seed>;

/// Keys SipHash-1-3 for the tables of one engine. Drawn by the host: a table that an attacker can
/// foresee is one that he can fill with collisions.
///
/// The default is fixed, for tests; nothing but the speed of a table depends on the seed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seed(u64, u64);

impl Seed {
    pub const fn new(entropy: [u64; 2]) -> Seed {
        Seed(entropy[0], entropy[1])
    }

    /// Hashes bytes at one go, which takes half of what a `Hasher` takes that is fed in parts.
    #[inline]
    pub fn hash(self, bytes: &[u8]) -> u64 {
        self.build_hasher().hash(bytes)
    }
}

impl BuildHasher for Seed {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.0, self.1)
    }
}
