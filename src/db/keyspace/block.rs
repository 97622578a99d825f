//! An entry as it lies in the slab: one block, of just the bytes that it takes.
//!
//! ```text
//! 0   head          from the lowest bit: 10 length of the key, 11 length of the payload, 3 form,
//!                   1 has a deadline, 1 taken by the snapshot that is being made, 1 a string
//!                   in the block that is all ASCII, 1 perhaps in the near cache, 4 units of the slab
//!                   that the block has beyond those that it needs
//! 4   last use      31 bits (`Used`); then the bit that is the slab's
//!     deadline      8 bytes, and 4 for its place in the list of deadlines: only if the head says so
//!     key length    4 bytes, and 4 for the hash of the key: only where 10 bits do not hold the length, and are all ones
//!     key
//!     payload       of an integer 8 bytes; of a string that is not long, and of an aggregate that is
//!                   compact, its bytes; of anything else 4 bytes, its number in `Values`
//! ```
//!
//! The hash of a shorter key is not among it: see [`Keyspace::hash_of`](super::Keyspace::hash_of).

use super::Deadline;
use super::entry::Used;
use super::slab::{self, Handle};
use crate::types::{Compact, Packing, Text};

const HEAD: usize = 0;
const USED: usize = 4;
const HEADER_BYTES: usize = 8;
const DEADLINE: usize = HEADER_BYTES;
const LISTED: usize = DEADLINE + size_of::<Deadline>();
const DEADLINE_BYTES: usize = 12;
const KEY_BITS: u32 = 10;
const KEY_MASK: u32 = (1 << KEY_BITS) - 1;
/// From this length on a key has its length and its hash before it.
pub(super) const LONG_KEY: usize = KEY_MASK as usize;
const LONG_KEY_HASH: usize = size_of::<u32>();
const LONG_KEY_BYTES: usize = LONG_KEY_HASH + size_of::<u32>();
const PAYLOAD_BITS: u32 = 11;
const PAYLOAD_MASK: u32 = (1 << PAYLOAD_BITS) - 1;
const FORM_SHIFT: u32 = KEY_BITS + PAYLOAD_BITS;
const FORM_MASK: u32 = 7;
const HAS_DEADLINE: u32 = 1 << 24;
const TAKEN: u32 = 1 << 25;
const ASCII: u32 = 1 << 26;
const NEAR: u32 = 1 << 27;
const SPARE_SHIFT: u32 = 28;
/// What an aggregate may leave of its block when it shrinks, so that it need not move, nor when it grows again.
const SPARE_UNITS_MAX: usize = (1 << (u32::BITS - SPARE_SHIFT)) - 1;

/// Up to this length a string lies in the block of its entry; what is longer has a buffer of its own,
/// in which it can grow.
pub(super) const INLINE_MAX_BYTES: usize = 1024;

const _: () = assert!(INLINE_MAX_BYTES <= PAYLOAD_MASK as usize);
const _: () = assert!(Compact::MAX_BYTES <= INLINE_MAX_BYTES);

/// What the payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Int,
    Embedded,
    Raw,
    /// Among the `Values`, under this number.
    Apart,
    /// An aggregate.
    Compact(Packing),
}

impl Form {
    #[inline]
    fn of_bits(bits: u32) -> Form {
        match bits {
            0 => Form::Int,
            1 => Form::Embedded,
            2 => Form::Raw,
            4 => Form::Compact(Packing::Hash),
            #[cfg(feature = "sets")]
            5 => Form::Compact(Packing::Integers),
            #[cfg(feature = "sets")]
            6 => Form::Compact(Packing::Set),
            _ => Form::Apart,
        }
    }

    #[inline]
    fn bits(self) -> u32 {
        match self {
            Form::Int => 0,
            Form::Embedded => 1,
            Form::Raw => 2,
            Form::Apart => 3,
            Form::Compact(Packing::Hash) => 4,
            #[cfg(feature = "sets")]
            Form::Compact(Packing::Integers) => 5,
            #[cfg(feature = "sets")]
            Form::Compact(Packing::Set) => 6,
        }
    }
}

/// A value as it goes into a block and comes out of one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Payload<'a> {
    Int(i64),
    Embedded(&'a [u8]),
    Raw(&'a [u8]),
    Apart(u32),
    Compact(Compact<'a>),
}

/// The first word of a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head(u32);

impl Head {
    #[inline]
    pub fn form(self) -> Form {
        Form::of_bits((self.0 >> FORM_SHIFT) & FORM_MASK)
    }

    #[inline]
    pub fn has_deadline(self) -> bool {
        self.0 & HAS_DEADLINE != 0
    }

    #[inline]
    pub fn is_taken(self) -> bool {
        self.0 & TAKEN != 0
    }

    #[inline]
    pub fn is_near(self) -> bool {
        self.0 & NEAR != 0
    }

    /// Whether a string in the block is all ASCII: looked at when it was written, as it is read far more often. Nothing
    /// is said of what lies apart, which may change where it is, and nothing that means anything of aggregates.
    #[inline]
    pub fn known_ascii(self) -> Option<bool> {
        (self.form() != Form::Apart).then_some(self.0 & ASCII != 0)
    }

    /// Units that the block has beyond those that it needs.
    #[inline]
    fn spare_units(self) -> usize {
        (self.0 >> SPARE_SHIFT) as usize
    }

    #[inline]
    fn payload_len(self) -> usize {
        ((self.0 >> KEY_BITS) & PAYLOAD_MASK) as usize
    }

    /// Where the key begins and ends behind the header, which these bytes follow.
    #[inline]
    fn key_at(self, rest: &[u8]) -> (usize, usize) {
        let start = self.deadline_bytes();
        let len = (self.0 & KEY_MASK) as usize;
        if len == LONG_KEY {
            Head::long_key_at(rest, start)
        } else {
            (start, start + len)
        }
    }

    #[inline]
    fn deadline_bytes(self) -> usize {
        if self.has_deadline() {
            DEADLINE_BYTES
        } else {
            0
        }
    }

    #[cold]
    fn long_key_at(rest: &[u8], at: usize) -> (usize, usize) {
        let start = at + LONG_KEY_BYTES;
        (start, start + word(rest, at) as usize)
    }
}

/// A block, read; each part when it is asked for, most of them from the header alone. It may be followed
/// by others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block<'a> {
    header: &'a [u8; HEADER_BYTES],
    rest: &'a [u8],
}

impl<'a> Block<'a> {
    #[inline]
    pub fn of(bytes: &'a [u8]) -> Block<'a> {
        let parts = bytes.split_first_chunk();
        let (header, rest) = parts.expect("no block is shorter than its header");
        Block { header, rest }
    }

    #[inline]
    pub fn used(self) -> Used {
        Used::from_bits(word(self.header, USED))
    }

    #[inline]
    pub fn head(self) -> Head {
        Head(word(self.header, HEAD))
    }

    #[inline]
    pub fn deadline(self) -> Option<Deadline> {
        let has_deadline = self.head().has_deadline();
        has_deadline.then(|| i64::from_le_bytes(array(self.rest, 0)))
    }

    /// The place in the list of deadlines of one that has a deadline.
    pub fn listed(self) -> usize {
        word(self.rest, LISTED - HEADER_BYTES) as usize
    }

    #[inline]
    pub fn key(self) -> &'a [u8] {
        let (start, end) = self.head().key_at(self.rest);
        &self.rest[start..end]
    }

    /// The hash of a long key; that of a shorter one is as quickly made.
    #[inline]
    pub fn kept_hash(self) -> Option<u32> {
        let head = self.head();
        let is_long = head.0 & KEY_MASK == KEY_MASK;
        is_long.then(|| word(self.rest, head.deadline_bytes() + LONG_KEY_HASH))
    }

    #[inline]
    pub fn payload(self) -> Payload<'a> {
        self.payload_here()
    }

    /// As `payload`, for the few calls that are made most.
    #[inline(always)]
    pub fn payload_here(self) -> Payload<'a> {
        let head = self.head();
        let (_, start) = head.key_at(self.rest);
        let payload = &self.rest[start..];
        match head.form() {
            Form::Int => Payload::Int(i64::from_le_bytes(array(payload, 0))),
            Form::Embedded => Payload::Embedded(&payload[..head.payload_len()]),
            Form::Raw => Payload::Raw(&payload[..head.payload_len()]),
            Form::Apart => Payload::Apart(word(payload, 0)),
            Form::Compact(packing) => Payload::Compact(Compact {
                packing,
                bytes: &payload[..head.payload_len()],
            }),
        }
    }

    /// The number of a value that is kept apart.
    #[inline]
    pub fn apart(self) -> Option<u32> {
        let (_, start) = self.head().key_at(self.rest);
        (self.head().form() == Form::Apart).then(|| word(self.rest, start))
    }

    /// What its contents need.
    #[inline]
    pub fn needed_bytes(self) -> usize {
        let head = self.head();
        HEADER_BYTES + head.key_at(self.rest).1 + head.payload_len()
    }

    /// What it takes: also what an aggregate has left of it.
    #[inline]
    pub fn size_bytes(self) -> usize {
        self.needed_bytes() + self.head().spare_units() * slab::UNIT_BYTES
    }

    /// Whether another payload would take the block as it is, all of it in units of the slab and no more; and
    /// nothing lies apart that would be left alone.
    #[inline]
    pub fn has_room_for(self, payload: &Payload) -> bool {
        let fixed = HEADER_BYTES + self.head().key_at(self.rest).1;
        let units = |payload_len: usize| (fixed + payload_len).div_ceil(slab::UNIT_BYTES);
        self.head().form() != Form::Apart
            && self.head().spare_units() == 0
            && units(payload.len()) == units(self.head().payload_len())
    }
}

/// What the slab knows of an entry.
#[derive(Debug)]
pub(super) struct Entries;

impl slab::Block for Entries {
    #[inline]
    fn size_bytes(block: &[u8]) -> usize {
        Block::of(block).size_bytes()
    }

    fn needed_bytes(block: &[u8]) -> usize {
        Block::of(block).needed_bytes()
    }

    fn trim(block: &mut [u8]) {
        let head = word(block, HEAD);
        write_word(block, HEAD, head & !(u32::MAX << SPARE_SHIFT));
    }
}

/// An entry on its way into a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draft<'a> {
    pub used: Used,
    pub deadline: Option<Deadline>,
    pub is_taken: bool,
    pub hash: u32,
    pub key: &'a [u8],
    pub payload: Payload<'a>,
}

impl Draft<'_> {
    pub fn size_bytes(&self) -> usize {
        let deadline = if self.deadline.is_some() {
            DEADLINE_BYTES
        } else {
            0
        };
        let long = if self.key.len() < LONG_KEY {
            0
        } else {
            LONG_KEY_BYTES
        };
        HEADER_BYTES + deadline + long + self.key.len() + self.payload.len()
    }

    /// Writes it into a block of its size; its place in the list of deadlines is not said yet.
    pub fn write(&self, block: &mut [u8]) {
        let mut head = self.key.len().min(LONG_KEY) as u32;
        if self.is_taken {
            head |= TAKEN;
        }
        let mut at = HEADER_BYTES;
        if let Some(deadline) = self.deadline {
            head |= HAS_DEADLINE;
            block[DEADLINE..LISTED].copy_from_slice(&deadline.to_le_bytes());
            at += DEADLINE_BYTES;
        }
        write_word(block, USED, self.used.bits());
        if self.key.len() >= LONG_KEY {
            write_word(block, at, self.key.len() as u32);
            write_word(block, at + LONG_KEY_HASH, self.hash);
            at += LONG_KEY_BYTES;
        }
        let (key, payload) = block[at..].split_at_mut(self.key.len());
        copy(self.key, key);
        head |= self.payload.write(payload);
        write_word(block, HEAD, head);
    }
}

impl Payload<'_> {
    /// What the head says of it; `is_ascii` where it is a string in the block that is all ASCII, or an integer.
    #[inline]
    fn head_of(&self, is_ascii: bool) -> u32 {
        let ascii = if is_ascii { ASCII } else { 0 };
        (self.len() as u32) << KEY_BITS | self.form().bits() << FORM_SHIFT | ascii
    }

    /// Writes it where it has room, and says what the head does, as `head`.
    #[inline]
    fn write(&self, room: &mut [u8]) -> u32 {
        let is_ascii = match self {
            Payload::Int(number) => {
                room[..8].copy_from_slice(&number.to_le_bytes());
                true
            }
            Payload::Embedded(bytes) | Payload::Raw(bytes) => copy(bytes, &mut room[..bytes.len()]),
            Payload::Compact(Compact { bytes, .. }) => {
                room[..bytes.len()].copy_from_slice(bytes);
                false
            }
            Payload::Apart(number) => {
                write_word(room, 0, *number);
                false
            }
        };
        self.head_of(is_ascii)
    }

    #[inline]
    fn form(&self) -> Form {
        match self {
            Payload::Int(_) => Form::Int,
            Payload::Embedded(_) => Form::Embedded,
            Payload::Raw(_) => Form::Raw,
            Payload::Apart(_) => Form::Apart,
            Payload::Compact(Compact { packing, .. }) => Form::Compact(*packing),
        }
    }

    #[inline]
    fn len(&self) -> usize {
        match self {
            Payload::Int(_) => size_of::<i64>(),
            Payload::Embedded(bytes)
            | Payload::Raw(bytes)
            | Payload::Compact(Compact { bytes, .. }) => bytes.len(),
            Payload::Apart(_) => size_of::<u32>(),
        }
    }
}

/// Changes of a block that leave it its size.
pub(super) fn set_used(block: &mut [u8], used: Used) {
    write_word(block, USED, used.bits());
}

pub(super) fn set_taken(block: &mut [u8], is_taken: bool) {
    let head = word(block, HEAD) & !TAKEN;
    write_word(block, HEAD, if is_taken { head | TAKEN } else { head });
}

pub(super) fn set_near(block: &mut [u8]) {
    let head = word(block, HEAD);
    write_word(block, HEAD, head | NEAR);
}

/// Of one that has a deadline.
pub(super) fn set_deadline(block: &mut [u8], deadline: Deadline) {
    block[DEADLINE..LISTED].copy_from_slice(&deadline.to_le_bytes());
}

pub(super) fn set_listed(block: &mut [u8], place: usize) {
    // There are fewer entries than handles.
    write_word(block, LISTED, place as u32);
}

/// Of one that is an integer.
pub(super) fn set_int(block: &mut [u8], number: i64) {
    let start = payload_at(block);
    block[start..][..8].copy_from_slice(&number.to_le_bytes());
}

/// What a write leaves of a head: nothing of the payload, and what was near is far.
const OF_KEY: u32 =
    !(PAYLOAD_MASK << KEY_BITS | FORM_MASK << FORM_SHIFT | ASCII | NEAR | u32::MAX << SPARE_SHIFT);

/// Writes another payload, now used, and says whether the old one was perhaps near; none, and nothing is written, where it has no room, as
/// `has_room_for` says.
pub(super) fn overwrite(block: &mut [u8], payload: Payload, used: Used) -> Option<bool> {
    if !Block::of(block).has_room_for(&payload) {
        return None;
    }
    let (header, rest) = block.split_first_chunk_mut::<HEADER_BYTES>()?;
    let head = Head(word(header, HEAD));
    let (_, start) = head.key_at(rest);
    let written = payload.write(&mut rest[start..]);
    write_word(header, USED, used.bits());
    write_word(header, HEAD, head.0 & OF_KEY | written);
    Some(head.is_near())
}

/// What a string takes that is no integer, under a key and without a deadline; none where it would not lie in its block as
/// `write_plain` writes it.
#[inline(always)]
pub(super) fn plain_size_bytes(key: &[u8], bytes: &[u8]) -> Option<usize> {
    let fits = key.len() < LONG_KEY && bytes.len() <= INLINE_MAX_BYTES;
    fits.then_some(HEADER_BYTES + key.len() + bytes.len())
}

/// As `Draft::write`, of such a string, which no walk has to take.
#[inline(always)]
pub(super) fn write_plain(block: &mut [u8], used: Used, key: &[u8], bytes: &[u8]) {
    let size_bytes = HEADER_BYTES + key.len() + bytes.len();
    let (header, rest) = block[..size_bytes].split_at_mut(HEADER_BYTES);
    let (key_room, room) = rest.split_at_mut(key.len());
    copy(key, key_room);
    let is_ascii = copy(bytes, room);
    let payload = match Text::plain(bytes) {
        Text::Embedded(bytes) => Payload::Embedded(bytes),
        _ => Payload::Raw(bytes),
    };
    write_word(header, USED, used.bits());
    write_word(header, HEAD, payload.head_of(is_ascii) | key.len() as u32);
}

/// As `overwrite`, of bytes that are no integer over a string that has no deadline, in as few words as that can be said.
#[inline(always)]
pub(super) fn overwrite_plain(block: &mut [u8], bytes: &[u8], used: Used) -> Option<bool> {
    let (header, rest) = block.split_first_chunk_mut::<HEADER_BYTES>()?;
    let head = Head(word(header, HEAD));
    let key_len = (head.0 & KEY_MASK) as usize;
    let is_string = matches!(head.form(), Form::Int | Form::Embedded | Form::Raw);
    if head.has_deadline() || key_len == LONG_KEY || !is_string {
        return None;
    }
    let units =
        |payload_len: usize| (HEADER_BYTES + key_len + payload_len).div_ceil(slab::UNIT_BYTES);
    if units(bytes.len()) != units(head.payload_len()) {
        return None;
    }
    let is_ascii = copy(bytes, rest.get_mut(key_len..key_len + bytes.len())?);
    let payload = match Text::plain(bytes) {
        Text::Embedded(bytes) => Payload::Embedded(bytes),
        _ => Payload::Raw(bytes),
    };
    write_word(header, USED, used.bits());
    write_word(header, HEAD, head.0 & OF_KEY | payload.head_of(is_ascii));
    Some(head.is_near())
}

/// Adds to one that is an integer, now used, and gives the sum and whether it was perhaps near; none, and nothing is written, where it is none,
/// or the sum would not be one.
#[inline]
pub(super) fn add(block: &mut [u8], step: i64, used: Used) -> Option<(i64, bool)> {
    let (header, rest) = block.split_first_chunk_mut::<HEADER_BYTES>()?;
    let head = Head(word(header, HEAD));
    if head.form() != Form::Int {
        return None;
    }
    let (_, start) = head.key_at(rest);
    let number: &mut [u8; 8] = rest[start..].first_chunk_mut()?;
    let sum = i64::from_le_bytes(*number).checked_add(step)?;
    *number = sum.to_le_bytes();
    write_word(header, USED, used.bits());
    write_word(header, HEAD, head.0 & !NEAR);
    Some((sum, head.is_near()))
}

/// How another compact value goes into a block that holds one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fit {
    start: usize,
    spare: usize,
}

impl Fit {
    /// None where it needs more than the block has, or far less.
    #[inline]
    pub fn of(block: Block, compact: Compact) -> Option<Fit> {
        let head = block.head();
        let start = HEADER_BYTES + head.key_at(block.rest).1;
        let units = |payload_len: usize| (start + payload_len).div_ceil(slab::UNIT_BYTES);
        let (before, after) = (units(head.payload_len()), units(compact.bytes.len()));
        let spare = (before + head.spare_units()).checked_sub(after)?;
        (spare <= SPARE_UNITS_MAX).then_some(Fit { start, spare })
    }

    pub fn write(self, block: &mut [u8], compact: Compact) {
        let written = Payload::Compact(compact).write(&mut block[self.start..]);
        let head = word(block, HEAD) & OF_KEY | (self.spare as u32) << SPARE_SHIFT;
        write_word(block, HEAD, head | written);
    }
}

/// Of one whose value is kept apart.
pub(super) fn set_apart(block: &mut [u8], number: u32) {
    let start = payload_at(block);
    write_word(block, start, number);
}

fn payload_at(block: &[u8]) -> usize {
    let Block { header, rest } = Block::of(block);
    HEADER_BYTES + Head(word(header, HEAD)).key_at(rest).1
}

/// Copies bytes to a place that is as long, and says whether they are all ASCII: looked at on the way, in words, which for short
/// strings is less than a call of `memory.copy` by itself takes. The compiler would make one of a loop that copies word by word, and does
/// not of two words a turn.
#[inline]
fn copy(from: &[u8], to: &mut [u8]) -> bool {
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let number = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    let Some(end) = from.last_chunk::<8>() else {
        to.copy_from_slice(from);
        return from.is_ascii();
    };
    let (words, to_words) = (from.as_chunks::<8>().0, to.as_chunks_mut::<8>().0);
    let (pairs, rest) = words.as_chunks();
    let (to_pairs, to_rest) = to_words.as_chunks_mut();
    let mut bits = number(end);
    for ([one, other], [to_one, to_other]) in pairs.iter().zip(to_pairs) {
        bits |= number(one) | number(other);
        *to_other = *other;
        *to_one = *one;
    }
    if let (Some(word), Some(to)) = (rest.first(), to_rest.first_mut()) {
        bits |= number(word);
        *to = *word;
    }
    // What is behind the last word overlaps it.
    if let Some(to) = to.last_chunk_mut() {
        *to = *end;
    }
    bits & HIGHS == 0
}

#[inline]
fn array<const N: usize>(block: &[u8], offset: usize) -> [u8; N] {
    let bytes = block[offset..offset + N].try_into();
    bytes.expect("as many bytes")
}

#[inline]
fn word(block: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(array(block, offset))
}

#[inline]
fn write_word(block: &mut [u8], offset: usize, word: u32) {
    block[offset..offset + 4].copy_from_slice(&word.to_le_bytes());
}

/// Where a key stands, and its hash, by which the table knows it. Good until it is written anew or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub(super) handle: Handle,
    pub(super) hash: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_the_same_bytes_and_says_whether_they_are_ascii() {
        for len in 0..70 {
            let mut bytes: Vec<u8> = (0..len).map(|at| b'a' + at as u8 % 26).collect();
            let mut copied = vec![0xff; len];
            assert!(copy(&bytes, &mut copied), "{len} letters");
            assert_eq!(copied, bytes);
            for at in 0..len {
                bytes[at] |= 0x80;
                assert!(!copy(&bytes, &mut copied), "{at} of {len} is no letter");
                assert_eq!(copied, bytes);
                bytes[at] &= 0x7f;
            }
        }
    }
}
