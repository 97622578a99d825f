//! A sequence of small items in one allocation, byte for byte as Redis lays it out.
//!
//! ```text
//! total bytes u32 LE | items u16 LE | item item ... | 0xFF
//! item: encoding and content | length of these, readable from behind
//! ```
//!
//! The encoding of an item is told by its first byte:
//!
//! ```text
//! 0vvvvvvv              integer 0..=127
//! 10llllll              string of at most 63 bytes, which follow
//! 110vvvvv v            integer of 13 bits, two's complement
//! 1110llll l            string of at most 4095 bytes
//! F0 llll               string, length as u32 LE
//! F1 F2 F3 F4           integer of 2, 3, 4, 8 bytes LE
//! ```
//!
//! Method and layout are Salvatore Sanfilippo's; RDB stores these very bytes.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

use super::buffer::{ALLOCATION_BYTES, Buffer, Buffered};
use super::number::parse_i64;

mod items;

pub use items::{Items, Iter};

const HEADER_BYTES: usize = 6;
const END: u8 = 0xFF;
/// The count saturates here: from this many items on, they have to be counted.
const COUNT_UNKNOWN: usize = 0xFFFF;
/// What Redis holds safe, far below what the u32 of the header could say.
const MAX_BYTES: usize = 1 << 30;

/// One element of a packed value: what looks like an integer is kept as one.
///
/// Two items are equal when they read the same, whichever way they are kept.
#[derive(Debug, Clone, Copy, Eq)]
pub enum Item<'a> {
    Int(i64),
    Bytes(&'a [u8]),
}

impl<'a> Item<'a> {
    /// The bytes that a client sees.
    pub fn to_bytes(self) -> Cow<'a, [u8]> {
        match self {
            Item::Int(_) => Cow::Owned(self.to_vec()),
            Item::Bytes(bytes) => Cow::Borrowed(bytes),
        }
    }

    /// The bytes that a client sees, written into `digits` where they are a number's.
    pub fn bytes_in<'b>(self, digits: &'b mut itoa::Buffer) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Item::Int(number) => digits.format(number).as_bytes(),
            Item::Bytes(bytes) => bytes,
        }
    }

    pub fn to_vec(self) -> Vec<u8> {
        self.bytes_in(&mut itoa::Buffer::new()).to_vec()
    }

    /// The integer that the item reads as, by the strict rules of `parse_i64`.
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Item::Int(number) => Some(number),
            Item::Bytes(bytes) => parse_i64(bytes),
        }
    }

    /// In bytes, as a client sees them.
    pub fn len(self) -> usize {
        match self {
            Item::Int(_) => self.bytes_in(&mut itoa::Buffer::new()).len(),
            Item::Bytes(bytes) => bytes.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        matches!(self, Item::Bytes([]))
    }

    /// As it would be kept: an integer wherever the bytes are exactly those of one.
    fn canonical(self) -> Item<'a> {
        match self.as_i64() {
            Some(number) => Item::Int(number),
            None => self,
        }
    }
}

impl PartialEq for Item<'_> {
    fn eq(&self, other: &Item<'_>) -> bool {
        match (*self, *other) {
            (Item::Int(one), Item::Int(two)) => one == two,
            (Item::Bytes(one), Item::Bytes(two)) => one == two,
            (Item::Int(number), Item::Bytes(bytes)) | (Item::Bytes(bytes), Item::Int(number)) => {
                parse_i64(bytes) == Some(number)
            }
        }
    }
}

impl<'a> From<&'a [u8]> for Item<'a> {
    fn from(bytes: &'a [u8]) -> Item<'a> {
        Item::Bytes(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Item<'a> {
    fn from(bytes: &'a [u8; N]) -> Item<'a> {
        Item::Bytes(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Item<'a> {
    fn from(bytes: &'a Vec<u8>) -> Item<'a> {
        Item::Bytes(bytes)
    }
}

impl From<i64> for Item<'_> {
    fn from(number: i64) -> Self {
        Item::Int(number)
    }
}

/// The place of an item, or the end. Any change at or before it makes it meaningless; the methods
/// that change return a place that is good again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor(usize);

/// Items in one allocation; see `Items` for how they are read.
///
/// Invariant: `bytes` is a well-formed listpack, and every item is in its shortest encoding, so that
/// the size follows from the contents. Finding an item by its index or its bytes costs O(N), with
/// nothing allocated; a change costs a move of the bytes behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listpack {
    bytes: Buffer,
}

impl Default for Listpack {
    fn default() -> Listpack {
        Listpack::in_buffer(Vec::with_capacity(Listpack::EMPTY.len()))
    }
}

impl Buffered for Listpack {
    const EMPTY: &[u8] = &[HEADER_BYTES as u8 + 1, 0, 0, 0, 0, 0, END];

    fn of(bytes: Vec<u8>) -> Listpack {
        Listpack {
            bytes: Buffer::from(bytes),
        }
    }

    fn buffer(&mut self) -> &mut Buffer {
        &mut self.bytes
    }
}

impl Listpack {
    pub fn new() -> Listpack {
        Listpack::default()
    }

    /// Takes bytes from outside: `None` unless every one of them is as it should be.
    ///
    /// What another writer encoded longer than need be is rewritten in its shortest form.
    pub fn from_bytes(bytes: Vec<u8>) -> Option<Listpack> {
        let total = u32::from_le_bytes(*bytes.first_chunk()?);
        if bytes.len() <= HEADER_BYTES
            || total as usize != bytes.len()
            || bytes.last() != Some(&END)
        {
            return None;
        }
        let (items, is_canonical) = check_items(&bytes)?;
        let mut listpack = Listpack::of(bytes);
        if ![items, COUNT_UNKNOWN].contains(&listpack.stated_count()) {
            return None;
        }
        if !is_canonical {
            let rewritten = listpack.iter().collect();
            return Some(rewritten);
        }
        listpack.write_header(items);
        Some(listpack)
    }

    /// The listpack as RDB stores it.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn size_bytes(&self) -> usize {
        self.bytes.len() + ALLOCATION_BYTES
    }

    /// Whether strings of so many bytes in all can still be added without passing the 1 GiB that
    /// Redis holds safe.
    pub fn has_room_for(&self, more_bytes: usize) -> bool {
        self.bytes.len().saturating_add(more_bytes) <= MAX_BYTES
    }

    /// As it is read.
    #[inline]
    pub fn items(&self) -> Items<'_> {
        Items(&self.bytes)
    }

    /// The methods of `Items`.
    pub fn len(&self) -> usize {
        self.items().len()
    }

    pub fn is_empty(&self) -> bool {
        self.items().is_empty()
    }

    pub fn iter(&self) -> Iter<'_> {
        self.items().iter()
    }

    pub fn iter_between(&self, start: Cursor, end: Cursor) -> Iter<'_> {
        self.items().iter_between(start, end)
    }

    pub fn first(&self) -> Cursor {
        self.items().first()
    }

    pub fn end(&self) -> Cursor {
        self.items().end()
    }

    pub fn after(&self, cursor: Cursor) -> Option<Cursor> {
        self.items().after(cursor)
    }

    pub fn before(&self, cursor: Cursor) -> Option<Cursor> {
        self.items().before(cursor)
    }

    pub fn item(&self, cursor: Cursor) -> Option<Item<'_>> {
        self.items().item(cursor)
    }

    pub fn seek(&self, index: usize) -> Option<Cursor> {
        self.items().seek(index)
    }

    pub fn get(&self, index: usize) -> Option<Item<'_>> {
        self.items().get(index)
    }

    pub fn find(&self, bytes: &[u8], stride: usize) -> Option<Cursor> {
        self.items().find(bytes, stride)
    }

    pub fn push_back<'i>(&mut self, item: impl Into<Item<'i>>) {
        self.insert(self.end(), item);
    }

    pub fn push_front<'i>(&mut self, item: impl Into<Item<'i>>) {
        self.insert(self.first(), item);
    }

    /// Puts an item before the one at a place, which becomes the place of the new one.
    pub fn insert<'i>(&mut self, before: Cursor, item: impl Into<Item<'i>>) {
        self.write(before.0..before.0, Encoded::new(item.into()));
        self.write_header(self.stated_count() + 1);
    }

    /// Puts another item in the place of one.
    pub fn replace<'i>(&mut self, cursor: Cursor, item: impl Into<Item<'i>>) {
        let end = cursor.0 + whole_bytes(&self.bytes, cursor.0);
        self.write(cursor.0..end, Encoded::new(item.into()));
        self.write_header(self.stated_count());
    }

    /// Takes out the items from a place on, at most `count`. The place is then that of what
    /// followed them.
    pub fn remove(&mut self, cursor: Cursor, count: usize) {
        let mut end = cursor.0;
        let mut removed = 0;
        while removed < count && end < self.end().0 {
            end += whole_bytes(&self.bytes, end);
            removed += 1;
        }
        let count = self.len();
        self.bytes.splice(cursor.0..end, 0);
        self.write_header(count - removed);
    }

    /// Keeps the items that `keep` says yes to, in one pass over the bytes.
    pub fn retain(&mut self, mut keep: impl FnMut(Item<'_>) -> bool) {
        let end = self.end().0;
        let (mut at, mut kept, mut items) = (HEADER_BYTES, Vec::new(), 0);
        while at < end {
            let (item, next) = read(&self.bytes, at);
            if keep(item) {
                kept.extend_from_slice(&self.bytes[at..next]);
                items += 1;
            }
            at = next;
        }
        let target = self.bytes.splice(HEADER_BYTES..end, kept.len());
        target.copy_from_slice(&kept);
        self.write_header(items);
    }

    /// Cuts the listpack in two; what stands from the place on is handed out.
    pub fn split_off(&mut self, cursor: Cursor) -> Listpack {
        let end = self.end().0;
        let mut tail = Listpack::new();
        let target = tail
            .bytes
            .splice(HEADER_BYTES..HEADER_BYTES, end - cursor.0);
        target.copy_from_slice(&self.bytes[cursor.0..end]);
        self.bytes.splice(cursor.0..end, 0);
        for half in [self, &mut tail] {
            let items = half.iter().count();
            half.write_header(items);
        }
        tail
    }

    fn stated_count(&self) -> usize {
        self.items().stated_count()
    }

    fn write_header(&mut self, items: usize) {
        let total = u32::try_from(self.bytes.len()).expect("a listpack stays far below 4 GiB");
        let count = items.min(COUNT_UNKNOWN) as u16;
        let head = self.bytes.head_mut();
        head[..4].copy_from_slice(&total.to_le_bytes());
        head[4..HEADER_BYTES].copy_from_slice(&count.to_le_bytes());
    }

    /// Puts an item in the place of a range of whole items.
    fn write(&mut self, range: Range<usize>, item: Encoded<'_>) {
        item.write(self.bytes.splice(range, item.whole_bytes()));
    }

    /// Whether the bytes are so few that they lie in the block of their key, and undo keeps a copy of the whole rather than
    /// what an edit changed.
    pub(super) fn is_compact(&self) -> bool {
        self.bytes.is_compact()
    }
}

impl<'a> FromIterator<Item<'a>> for Listpack {
    fn from_iter<I: IntoIterator<Item = Item<'a>>>(items: I) -> Listpack {
        let mut bytes = vec![0; HEADER_BYTES];
        let mut count = 0;
        for item in items {
            let item = Encoded::new(item);
            let start = bytes.len();
            bytes.resize(start + item.whole_bytes(), 0);
            item.write(&mut bytes[start..]);
            count += 1;
        }
        bytes.push(END);
        bytes.shrink_to_fit();
        let mut listpack = Listpack::of(bytes);
        listpack.write_header(count);
        listpack
    }
}

/// Bytes to look for, read as an integer once.
pub(super) struct Needle<'a> {
    bytes: &'a [u8],
    number: Option<i64>,
}

impl<'a> Needle<'a> {
    pub fn new(bytes: &'a [u8]) -> Needle<'a> {
        Needle {
            bytes,
            number: parse_i64(bytes),
        }
    }

    pub fn is(&self, item: Item<'_>) -> bool {
        match item {
            Item::Int(number) => self.number == Some(number),
            Item::Bytes(bytes) => self.bytes == bytes,
        }
    }
}

/// An item on its way into a listpack: the shortest head that can say it, and its bytes.
struct Encoded<'a> {
    head: [u8; 9],
    head_bytes: usize,
    content: &'a [u8],
}

impl<'a> Encoded<'a> {
    fn new(item: Item<'a>) -> Encoded<'a> {
        match item.canonical() {
            Item::Int(number) => Encoded::integer(number),
            Item::Bytes(bytes) => Encoded::string(bytes),
        }
    }

    fn integer(number: i64) -> Encoded<'a> {
        let le = number.to_le_bytes();
        let fits = |bits: u32| (-(1 << (bits - 1))..1 << (bits - 1)).contains(&number);
        if (0..=127).contains(&number) {
            Encoded::with_head(&[le[0]], &[])
        } else if fits(13) {
            Encoded::with_head(&[0b1100_0000 | (le[1] & 0b1_1111), le[0]], &[])
        } else if fits(16) {
            Encoded::with_head(&[0xF1, le[0], le[1]], &[])
        } else if fits(24) {
            Encoded::with_head(&[0xF2, le[0], le[1], le[2]], &[])
        } else if fits(32) {
            Encoded::with_head(&[0xF3, le[0], le[1], le[2], le[3]], &[])
        } else {
            let mut encoded = Encoded::with_head(&[0xF4; 9], &[]);
            encoded.head[1..].copy_from_slice(&le);
            encoded
        }
    }

    fn string(content: &'a [u8]) -> Encoded<'a> {
        let length = u32::try_from(content.len()).expect("an item stays far below 4 GiB");
        let le = length.to_le_bytes();
        match length {
            0..=63 => Encoded::with_head(&[0b1000_0000 | le[0]], content),
            64..=4095 => Encoded::with_head(&[0b1110_0000 | le[1], le[0]], content),
            _ => Encoded::with_head(&[0xF0, le[0], le[1], le[2], le[3]], content),
        }
    }

    fn with_head(bytes: &[u8], content: &'a [u8]) -> Encoded<'a> {
        let mut head = [0; 9];
        head[..bytes.len()].copy_from_slice(bytes);
        Encoded {
            head,
            head_bytes: bytes.len(),
            content,
        }
    }

    fn item_bytes(&self) -> usize {
        self.head_bytes + self.content.len()
    }

    fn whole_bytes(&self) -> usize {
        self.item_bytes() + back_length_bytes(self.item_bytes())
    }

    fn write(&self, target: &mut [u8]) {
        let (head, rest) = target.split_at_mut(self.head_bytes);
        let (content, back_length) = rest.split_at_mut(self.content.len());
        head.copy_from_slice(&self.head[..self.head_bytes]);
        content.copy_from_slice(self.content);
        write_back_length(back_length, self.item_bytes());
    }
}

/// How many bytes the length of an item takes behind it. That three of these steps come one early
/// is Redis's doing, and part of the format.
fn back_length_bytes(item_bytes: usize) -> usize {
    match item_bytes {
        0..=127 => 1,
        128..=16_382 => 2,
        16_383..=2_097_150 => 3,
        2_097_151..=268_435_454 => 4,
        _ => 5,
    }
}

/// Seven bits a byte, the lowest last; every byte but the first says that more come before it.
fn write_back_length(target: &mut [u8], item_bytes: usize) {
    let mut rest = item_bytes;
    for (position, byte) in target.iter_mut().enumerate().rev() {
        let more = if position > 0 { 0b1000_0000 } else { 0 };
        *byte = (rest & 0b111_1111) as u8 | more;
        rest >>= 7;
    }
}

/// Where the item begins that ends, with its length, right before `end`.
fn start_of_previous(bytes: &[u8], end: usize) -> usize {
    let (mut item_bytes, mut at, mut shift) = (0, end, 0);
    loop {
        at -= 1;
        item_bytes |= usize::from(bytes[at] & 0b111_1111) << shift;
        shift += 7;
        if bytes[at] & 0b1000_0000 == 0 {
            return at - item_bytes;
        }
    }
}

/// The bytes of the item at `at` without the length behind them; `None` where there is no item.
fn item_bytes(bytes: &[u8], at: usize) -> Option<usize> {
    let first = *bytes.get(at)?;
    Some(match first {
        0x00..=0x7F => 1,
        0x80..=0xBF => 1 + usize::from(first & 0b11_1111),
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 2 + (usize::from(first & 0b1111) << 8 | usize::from(*bytes.get(at + 1)?)),
        0xF0 => {
            let length = u32::from_le_bytes(*bytes.get(at + 1..)?.first_chunk()?);
            usize::try_from(length).ok()?.checked_add(5)?
        }
        0xF1 => 3,
        0xF2 => 4,
        0xF3 => 5,
        0xF4 => 9,
        _ => return None,
    })
}

/// The bytes of the item at `at` and of the length behind them.
fn whole_bytes(bytes: &[u8], at: usize) -> usize {
    let item_bytes = item_bytes(bytes, at).expect("checked when the listpack was made");
    item_bytes + back_length_bytes(item_bytes)
}

/// Reads the item at `at`, which must be one, and says where the next begins.
fn read(bytes: &[u8], at: usize) -> (Item<'_>, usize) {
    let first = bytes[at];
    let string = |head: usize, length: usize| {
        let start = at + head;
        (Item::Bytes(&bytes[start..start + length]), head + length)
    };
    let integer = |width: usize| {
        let number = read_integer(&bytes[at + 1..at + 1 + width]);
        (Item::Int(number), 1 + width)
    };
    let (item, item_bytes) = match first {
        0x00..=0x7F => (Item::Int(i64::from(first)), 1),
        0x80..=0xBF => string(1, usize::from(first & 0b11_1111)),
        0xC0..=0xDF => {
            let high = (first << 3) as i8 >> 3;
            let number = i64::from(high) << 8 | i64::from(bytes[at + 1]);
            (Item::Int(number), 2)
        }
        0xF1 => integer(2),
        0xF2 => integer(3),
        0xF3 => integer(4),
        0xF4 => integer(8),
        _ => {
            let item_bytes = item_bytes(bytes, at).expect("checked when the listpack was made");
            let head = if first < 0xF0 { 2 } else { 5 };
            string(head, item_bytes - head)
        }
    };
    (item, at + item_bytes + back_length_bytes(item_bytes))
}

/// Little-endian two's complement of at most eight bytes.
fn read_integer(bytes: &[u8]) -> i64 {
    let is_negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut le = [if is_negative { 0xFF } else { 0 }; 8];
    le[..bytes.len()].copy_from_slice(bytes);
    i64::from_le_bytes(le)
}

/// Walks bytes from outside: how many items there are, and whether each is in its shortest form.
/// `None` as soon as anything is not as it should be.
fn check_items(bytes: &[u8]) -> Option<(usize, bool)> {
    let end = bytes.len() - 1;
    let (mut at, mut items, mut is_canonical) = (HEADER_BYTES, 0, true);
    while at < end {
        let size = item_bytes(bytes, at)?;
        let next = at.checked_add(size)?.checked_add(back_length_bytes(size))?;
        if next > end {
            return None;
        }
        let mut back_length = [0; 5];
        let back_length = &mut back_length[..next - at - size];
        write_back_length(back_length, size);
        if bytes[at + size..next] != *back_length {
            return None;
        }
        is_canonical &= Encoded::new(read(bytes, at).0).item_bytes() == size;
        at = next;
        items += 1;
    }
    Some((items, is_canonical))
}
