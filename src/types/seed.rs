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

    /// Hashes bytes as the `Hasher` does, at one go: a word at a time from where they are, with nothing in memory
    /// meanwhile, which for a key of 20 bytes takes two thirds of what the library's own takes.
    #[inline(never)]
    pub fn hash(self, bytes: &[u8]) -> u64 {
        self.hash_here(bytes)
    }

    /// As `hash`, for where a call of it would be felt.
    #[inline(always)]
    pub fn hash_here(self, bytes: &[u8]) -> u64 {
        let mut lanes = Lanes::new(self);
        let (words, rest) = bytes.as_chunks();
        for word in words {
            lanes.take(u64::from_le_bytes(*word));
        }
        lanes.take((bytes.len() as u64) << 56 | last_word(bytes, rest));
        lanes.finish()
    }
}

/// The bytes behind the last whole word, the first of them lowest.
#[inline]
fn last_word(bytes: &[u8], rest: &[u8]) -> u64 {
    if let Some(end) = bytes.last_chunk() {
        // In two steps, as none may shift all of it out.
        return (u64::from_le_bytes(*end) >> 8) >> (56 - 8 * rest.len());
    }
    rest.iter()
        .rfold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// The state of SipHash-1-3 (Aumasson, Bernstein 2012): a round for each word, and three at the end.
#[derive(Debug, Clone, Copy)]
struct Lanes([u64; 4]);

impl Lanes {
    #[inline]
    fn new(Seed(key, other): Seed) -> Lanes {
        Lanes([
            key ^ 0x736f_6d65_7073_6575,
            other ^ 0x646f_7261_6e64_6f6d,
            key ^ 0x6c79_6765_6e65_7261,
            other ^ 0x7465_6462_7974_6573,
        ])
    }

    #[inline]
    fn take(&mut self, word: u64) {
        self.0[3] ^= word;
        self.round();
        self.0[0] ^= word;
    }

    #[inline]
    fn round(&mut self) {
        let [mut a, mut b, mut c, mut d] = self.0;
        a = a.wrapping_add(b);
        c = c.wrapping_add(d);
        b = b.rotate_left(13) ^ a;
        d = d.rotate_left(16) ^ c;
        a = a.rotate_left(32);
        c = c.wrapping_add(b);
        a = a.wrapping_add(d);
        b = b.rotate_left(17) ^ c;
        d = d.rotate_left(21) ^ a;
        c = c.rotate_left(32);
        self.0 = [a, b, c, d];
    }

    #[inline]
    fn finish(mut self) -> u64 {
        self.0[2] ^= 0xff;
        self.round();
        self.round();
        self.round();
        let [a, b, c, d] = self.0;
        a ^ b ^ c ^ d
    }
}

impl BuildHasher for Seed {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_hash_at_one_go_is_that_of_the_library(
            bytes in prop::collection::vec(any::<u8>(), 0..70),
            seed: [u64; 2],
        ) {
            let expected = SipHasher13::new_with_keys(seed[0], seed[1]).hash(&bytes);
            prop_assert_eq!(Seed::new(seed).hash(&bytes), expected);
        }
    }
}
