//! A set of integers in one sorted array, byte for byte as Redis lays it out.
//!
//! ```text
//! bytes per integer u32 LE, 2 4 or 8 | integers u32 LE | integer LE ...
//! ```
//!
//! The array widens when an integer comes that it cannot say, and stays wide.

use alloc::vec::Vec;

use super::buffer::{ALLOCATION_BYTES, Buffer, Buffered};

const HEADER_BYTES: usize = 8;

/// Sorted integers without duplicates. A search costs O(log N), a change a move of what is behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intset {
    bytes: Buffer,
}

impl Default for Intset {
    fn default() -> Intset {
        Intset::in_buffer(Vec::with_capacity(HEADER_BYTES))
    }
}

impl Buffered for Intset {
    const EMPTY: &[u8] = &[2, 0, 0, 0, 0, 0, 0, 0];

    fn of(bytes: Vec<u8>) -> Intset {
        Intset {
            bytes: Buffer::from(bytes),
        }
    }

    fn buffer(&mut self) -> &mut Buffer {
        &mut self.bytes
    }
}

impl Intset {
    pub fn new() -> Intset {
        Intset::default()
    }

    /// Takes bytes from outside: `None` unless they are sorted integers of one width.
    pub fn from_bytes(bytes: Vec<u8>) -> Option<Intset> {
        let width = u32::from_le_bytes(*bytes.first_chunk()?);
        let len = u32::from_le_bytes(*bytes.get(4..)?.first_chunk()?);
        let is_width = matches!(width, 2 | 4 | 8);
        let contents = u64::from(width) * u64::from(len);
        if !is_width || contents != (bytes.len() - HEADER_BYTES) as u64 {
            return None;
        }
        let intset = Intset::of(bytes);
        intset
            .iter()
            .is_sorted_by(|one, two| one < two)
            .then_some(intset)
    }

    /// The intset as RDB stores it.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn size_bytes(&self) -> usize {
        self.bytes.len() + ALLOCATION_BYTES
    }

    /// As it is read.
    #[inline]
    pub fn integers(&self) -> Integers<'_> {
        Integers(&self.bytes)
    }

    /// The methods of `Integers`.
    pub fn len(&self) -> usize {
        self.integers().len()
    }

    pub fn is_empty(&self) -> bool {
        self.integers().is_empty()
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = i64> + ExactSizeIterator + '_ {
        self.integers().iter()
    }

    pub fn get(&self, index: usize) -> Option<i64> {
        self.integers().get(index)
    }

    pub fn contains(&self, number: i64) -> bool {
        self.integers().contains(number)
    }

    /// Whether it was not there yet.
    pub fn insert(&mut self, number: i64) -> bool {
        let Err(index) = self.search(number) else {
            return false;
        };
        if width_of(number) > self.width() {
            self.widen(width_of(number));
        }
        let width = self.width();
        let at = HEADER_BYTES + index * width;
        let target = self.bytes.splice(at..at, width);
        target.copy_from_slice(&number.to_le_bytes()[..width]);
        self.write_len();
        true
    }

    /// Whether it was there.
    pub fn remove(&mut self, number: i64) -> bool {
        let Ok(index) = self.search(number) else {
            return false;
        };
        let at = HEADER_BYTES + index * self.width();
        self.bytes.splice(at..at + self.width(), 0);
        self.write_len();
        true
    }

    fn search(&self, number: i64) -> Result<usize, usize> {
        self.integers().search(number)
    }

    fn width(&self) -> usize {
        self.integers().width()
    }

    fn widen(&mut self, width: usize) {
        let integers: Vec<i64> = self.iter().collect();
        let contents = HEADER_BYTES..self.bytes.len();
        let target = self.bytes.splice(contents, integers.len() * width);
        for (place, number) in target.chunks_exact_mut(width).zip(integers) {
            place.copy_from_slice(&number.to_le_bytes()[..width]);
        }
        self.bytes.head_mut()[0] = width as u8;
    }

    fn write_len(&mut self) {
        let len = u32::try_from(self.len()).expect("an intset stays far below 2^32 integers");
        self.bytes.head_mut()[4..].copy_from_slice(&len.to_le_bytes());
    }
}

/// The integers of an intset, as they are read: a view that costs nothing to copy.
///
/// Invariant: that of `Intset`.
#[derive(Debug, Clone, Copy)]
pub struct Integers<'a>(&'a [u8]);

impl<'a> Integers<'a> {
    /// Of the bytes of an intset of ours, which `as_bytes` gave.
    #[inline]
    pub(super) fn of(bytes: &'a [u8]) -> Integers<'a> {
        Integers(bytes)
    }

    /// The intset as RDB stores it.
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    pub fn size_bytes(self) -> usize {
        self.0.len() + ALLOCATION_BYTES
    }

    pub fn len(self) -> usize {
        (self.0.len() - HEADER_BYTES) / self.width()
    }

    pub fn is_empty(self) -> bool {
        self.0.len() == HEADER_BYTES
    }

    /// In ascending order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = i64> + ExactSizeIterator + 'a {
        self.0[HEADER_BYTES..]
            .chunks_exact(self.width())
            .map(read_integer)
    }

    /// The integer with an index in ascending order.
    pub fn get(self, index: usize) -> Option<i64> {
        let start = HEADER_BYTES + index.checked_mul(self.width())?;
        self.0
            .get(start..start.checked_add(self.width())?)
            .map(read_integer)
    }

    pub fn contains(self, number: i64) -> bool {
        self.search(number).is_ok()
    }

    /// Where the number is, or where it would have to stand.
    fn search(self, number: i64) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let start = HEADER_BYTES + middle * self.width();
            match read_integer(&self.0[start..start + self.width()]).cmp(&number) {
                core::cmp::Ordering::Less => low = middle + 1,
                core::cmp::Ordering::Greater => high = middle,
                core::cmp::Ordering::Equal => return Ok(middle),
            }
        }
        Err(low)
    }

    /// In bytes: 2, 4 or 8.
    fn width(self) -> usize {
        usize::from(self.0[0])
    }
}

fn width_of(number: i64) -> usize {
    if i16::try_from(number).is_ok() {
        2
    } else if i32::try_from(number).is_ok() {
        4
    } else {
        8
    }
}

/// Little-endian two's complement of 2, 4 or 8 bytes.
fn read_integer(bytes: &[u8]) -> i64 {
    match *bytes {
        [a, b] => i64::from(i16::from_le_bytes([a, b])),
        [a, b, c, d] => i64::from(i32::from_le_bytes([a, b, c, d])),
        [a, b, c, d, e, f, g, h] => i64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => unreachable!("an intset has a width of 2, 4 or 8 bytes"),
    }
}
