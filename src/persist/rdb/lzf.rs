//! LZF, with which RDB compresses strings: literal runs, and references to what came just before.
//!
//! ```text
//! 000LLLLL  byte ...              L + 1 literal bytes, at most 32
//! LLLDDDDD  DDDDDDDD              L + 2 bytes (L from 1 to 6), from D + 1 bytes back
//! 111DDDDD  LLLLLLLL  DDDDDDDD    L + 9 bytes, from D + 1 bytes back
//! ```
//!
//! A reference may reach into what it is itself writing: `D = 0` repeats the last byte.

use alloc::vec::Vec;

const MAX_LITERALS: usize = 32;
const MAX_DISTANCE: usize = 8192;
const MIN_MATCH: usize = 3;
const MAX_MATCH: usize = 264;
/// Three bytes can stand for 264.
const MAX_RATIO: usize = 88;
/// What compression must spare to be worth its name: as in Redis.
const MIN_SAVED: usize = 4;

const TABLE_BITS: u32 = 14;

/// Shorter strings are not worth compressing, says Redis.
const LEAST_BYTES: usize = 21;
/// Below this a look for repetitions costs more than all else that is done to keep a string, and seldom finds any.
const LEAST_LONG_BYTES: usize = 128;

/// Compresses one string after the other with the same table and buffer.
///
/// The output depends on the input alone. Where the last three bytes like these were is kept as
/// `base + position`, and `base` passes all earlier positions with each string, so that the table
/// need not be cleared.
pub struct Compressor {
    /// Made for the first string: many have nothing to compress.
    seen: Vec<u32>,
    base: u32,
    output: Vec<u8>,
    /// Shorter strings are left as they are.
    least_bytes: usize,
}

impl Default for Compressor {
    fn default() -> Compressor {
        Compressor {
            seen: Vec::new(),
            base: 1,
            output: Vec::new(),
            least_bytes: LEAST_BYTES,
        }
    }
}

impl Compressor {
    /// For those who have more room than time.
    pub fn of_long_strings() -> Compressor {
        Compressor {
            least_bytes: LEAST_LONG_BYTES,
            ..Compressor::default()
        }
    }

    /// The input compressed, or `None` where that would spare less than four bytes. O(N).
    pub fn compress(&mut self, input: &[u8]) -> Option<&[u8]> {
        if input.len() < self.least_bytes {
            return None;
        }
        let most = input.len().checked_sub(MIN_SAVED)?;
        let next_base = self.next_base(input.len())?;
        self.output.clear();
        let mut literals = 0;
        let mut at = 0;
        while at + MIN_MATCH <= input.len() && self.output.len() <= most {
            match self.earlier(input, at) {
                Some(earlier) => {
                    let length = match_length(input, earlier, at);
                    self.put_literals(&input[literals..at]);
                    self.put_reference(at - earlier, length);
                    at += length;
                    literals = at;
                }
                None => at += 1,
            }
        }
        self.put_literals(&input[literals..]);
        self.base = next_base;
        (self.output.len() <= most).then_some(&self.output)
    }

    /// The first position of the string after one of that length.
    fn next_base(&mut self, length: usize) -> Option<u32> {
        let length = u32::try_from(length).ok()?;
        if self.base.checked_add(length).is_none() {
            self.seen.fill(0);
            self.base = 1;
        }
        self.seen.resize(1 << TABLE_BITS, 0);
        self.base.checked_add(length)
    }

    /// Where the three bytes here last stood, if a reference can reach it; notes that they are here.
    fn earlier(&mut self, input: &[u8], at: usize) -> Option<usize> {
        let here = &input[at..at + MIN_MATCH];
        let word = u32::from_le_bytes([here[0], here[1], here[2], 0]);
        // Knuth's multiplicative hash; its upper bits are the good ones.
        let slot = (word.wrapping_mul(2_654_435_761) >> (32 - TABLE_BITS)) as usize;
        let position = self.base + at as u32;
        let seen = core::mem::replace(&mut self.seen[slot], position);
        let earlier = seen.checked_sub(self.base)? as usize;
        let reached = at - earlier <= MAX_DISTANCE && input[earlier..].starts_with(here);
        reached.then_some(earlier)
    }

    fn put_literals(&mut self, literals: &[u8]) {
        for run in literals.chunks(MAX_LITERALS) {
            self.output.push((run.len() - 1) as u8);
            self.output.extend_from_slice(run);
        }
    }

    fn put_reference(&mut self, distance: usize, length: usize) {
        let [low, high, ..] = (distance - 1).to_le_bytes();
        match length - 2 {
            length @ 1..=6 => self.output.push((length as u8) << 5 | high),
            length => self.output.extend([7 << 5 | high, (length - 7) as u8]),
        }
        self.output.push(low);
    }
}

fn match_length(input: &[u8], earlier: usize, at: usize) -> usize {
    let most = MAX_MATCH.min(input.len() - at);
    let same = |length: &usize| input[earlier + length] == input[at + length];
    MIN_MATCH + (MIN_MATCH..most).take_while(same).count()
}

/// What was compressed, if it comes out at exactly `length` bytes.
///
/// No more is reserved than so many compressed bytes could hold.
pub fn decompress(input: &[u8], length: usize) -> Option<Vec<u8>> {
    if length > input.len().saturating_mul(MAX_RATIO) {
        return None;
    }
    let mut output = Vec::with_capacity(length);
    let mut rest = input;
    while let Some((&control, behind)) = rest.split_first() {
        rest = behind;
        if control < 32 {
            let (literals, behind) = rest.split_at_checked(usize::from(control) + 1)?;
            output.extend_from_slice(literals);
            rest = behind;
        } else {
            let mut copied = usize::from(control >> 5) + 2;
            if control >> 5 == 7 {
                copied += usize::from(*rest.split_off_first()?);
            }
            let low = usize::from(*rest.split_off_first()?);
            let distance = (usize::from(control & 31) << 8 | low) + 1;
            repeat(&mut output, distance, copied)?;
        }
        if output.len() > length {
            return None;
        }
    }
    (output.len() == length).then_some(output)
}

/// Appends `length` bytes from `distance` bytes back, some of which may be those it appends.
fn repeat(output: &mut Vec<u8>, distance: usize, length: usize) -> Option<()> {
    let start = output.len().checked_sub(distance)?;
    if distance >= length {
        output.extend_from_within(start..start + length);
    } else {
        for at in start..start + length {
            output.push(output[at]);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn repetition_becomes_references_and_comes_back() {
        let mut compressor = Compressor::default();
        let inputs = [vec![b'x'; 10_000], b"hello, hello, hello, hello".to_vec()];
        for input in inputs {
            let compressed = compressor.compress(&input).unwrap();
            assert!(compressed.len() < input.len() - 4);
            assert_eq!(decompress(compressed, input.len()), Some(input));
        }
    }

    #[test]
    fn what_does_not_shrink_by_four_bytes_is_left_alone() {
        let mut compressor = Compressor::default();
        assert_eq!(compressor.compress(b""), None);
        assert_eq!(compressor.compress(b"abcdefghijklmnopqrstuvwxyz"), None);
        assert_eq!(compressor.compress(b"aaaaaa"), None);
    }

    #[test]
    fn the_output_does_not_depend_on_what_was_compressed_before() {
        let input = b"abcabcabcabcabcabc, abcabc".repeat(3);
        let mut used = Compressor::default();
        used.compress(&b"abcabc, abc".repeat(10));
        let fresh = Compressor::default().compress(&input).map(<[u8]>::to_vec);
        assert_eq!(used.compress(&input).map(<[u8]>::to_vec), fresh);
        used.base = u32::MAX - 3;
        assert_eq!(used.compress(&input).map(<[u8]>::to_vec), fresh);
    }

    #[test]
    fn bytes_that_are_not_lzf_are_refused() {
        let cases: [(&[u8], usize); 7] = [
            (b"\x05abc", 6),
            (b"\x00a\x20\x01", 4),
            (b"\x00a\x20", 4),
            (b"\x00a\xe0\x00", 10),
            (b"\x00a", 2),
            (b"\x01ab", 1),
            (b"\x00a", usize::MAX),
        ];
        for (input, length) in cases {
            assert_eq!(decompress(input, length), None, "{}", input.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn whatever_was_compressed_comes_back(
            words in prop::collection::vec(prop::collection::vec(0u8..4, 0..12), 0..400),
        ) {
            let input = words.concat();
            if let Some(compressed) = Compressor::default().compress(&input) {
                prop_assert!(compressed.len() + 4 <= input.len());
                prop_assert_eq!(decompress(compressed, input.len()), Some(input));
            }
        }

        #[test]
        fn no_bytes_make_decompression_panic(
            input in prop::collection::vec(any::<u8>(), 0..100),
            length in 0usize..10_000,
        ) {
            if let Some(output) = decompress(&input, length) {
                prop_assert_eq!(output.len(), length);
            }
        }
    }
}
