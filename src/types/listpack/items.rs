//! How a listpack is read, wherever its bytes lie.

use super::*;

/// The items of a listpack, as they are read: a view that costs nothing to copy.
///
/// Invariant: that of `Listpack`.
#[derive(Debug, Clone, Copy)]
pub struct Items<'a>(pub(super) &'a [u8]);

impl<'a> Items<'a> {
    /// Of the bytes of a listpack of ours, which `as_bytes` gave.
    #[inline]
    pub(in crate::types) fn of(bytes: &'a [u8]) -> Items<'a> {
        Items(bytes)
    }

    /// The listpack as RDB stores it.
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    pub fn size_bytes(self) -> usize {
        self.0.len() + ALLOCATION_BYTES
    }

    /// What the header says: the count, or that it is unknown.
    pub(super) fn stated_count(self) -> usize {
        usize::from(u16::from_le_bytes([self.0[4], self.0[5]]))
    }

    /// O(1) up to 65534 items, O(N) beyond.
    pub fn len(self) -> usize {
        match self.stated_count() {
            COUNT_UNKNOWN => self.iter().count(),
            count => count,
        }
    }

    pub fn is_empty(self) -> bool {
        self.0.len() == HEADER_BYTES + 1
    }

    pub fn iter(self) -> Iter<'a> {
        self.iter_between(self.first(), self.end())
    }

    /// The items from one place up to another.
    pub fn iter_between(self, start: Cursor, end: Cursor) -> Iter<'a> {
        Iter {
            bytes: self.0,
            front: start.0,
            back: end.0,
        }
    }

    /// The place of the first item: the end, where there is none.
    pub fn first(self) -> Cursor {
        Cursor(HEADER_BYTES)
    }

    /// The place behind the last item.
    pub fn end(self) -> Cursor {
        Cursor(self.0.len() - 1)
    }

    /// The place after this one; `None` at the end.
    pub fn after(self, cursor: Cursor) -> Option<Cursor> {
        (cursor < self.end()).then(|| Cursor(cursor.0 + whole_bytes(self.0, cursor.0)))
    }

    /// The place before this one; `None` at the first.
    pub fn before(self, cursor: Cursor) -> Option<Cursor> {
        (cursor > self.first()).then(|| Cursor(start_of_previous(self.0, cursor.0)))
    }

    /// The item at a place; `None` at the end.
    pub fn item(self, cursor: Cursor) -> Option<Item<'a>> {
        (cursor < self.end()).then(|| read(self.0, cursor.0).0)
    }

    /// The place of the item with an index, found from the nearer end. `None` past the end.
    pub fn seek(self, index: usize) -> Option<Cursor> {
        let len = self.len();
        if index >= len {
            return None;
        }
        let mut at;
        if index <= len / 2 {
            at = HEADER_BYTES;
            for _ in 0..index {
                at += whole_bytes(self.0, at);
            }
        } else {
            at = self.end().0;
            for _ in index..len {
                at = start_of_previous(self.0, at);
            }
        }
        Some(Cursor(at))
    }

    pub fn get(self, index: usize) -> Option<Item<'a>> {
        self.item(self.seek(index)?)
    }

    /// The first place that holds these bytes, looking at every `stride`-th item: 2 for the fields
    /// of pairs.
    pub fn find(self, bytes: &[u8], stride: usize) -> Option<Cursor> {
        let needle = Needle::new(bytes);
        let end = self.end().0;
        let mut at = HEADER_BYTES;
        while at < end {
            // Most items are short strings.
            let next = if let Some(string) = short_string(self.0, at) {
                if string.len() == bytes.len() && needle.number.is_none() && string == bytes {
                    return Some(Cursor(at));
                }
                at + string.len() + 2
            } else {
                let (item, next) = read(self.0, at);
                if needle.is(item) {
                    return Some(Cursor(at));
                }
                next
            };
            at = next;
            for _ in 1..stride {
                at = match short_string(self.0, at) {
                    Some(string) => at + string.len() + 2,
                    None => at + whole_bytes(self.0, at),
                };
            }
        }
        None
    }
}

/// The string at `at` if it is one of at most 63 bytes, which have a byte before them and one behind.
#[inline]
fn short_string(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let first = bytes[at];
    let start = at + 1;
    (first & 0b1100_0000 == 0b1000_0000)
        .then(|| &bytes[start..start + usize::from(first & 0b11_1111)])
}

/// Both ways over the items.
#[derive(Debug, Clone)]
pub struct Iter<'a> {
    bytes: &'a [u8],
    front: usize,
    back: usize,
}

impl<'a> Iterator for Iter<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        if self.front >= self.back {
            return None;
        }
        let (item, next) = read(self.bytes, self.front);
        self.front = next;
        Some(item)
    }
}

impl<'a> DoubleEndedIterator for Iter<'a> {
    fn next_back(&mut self) -> Option<Item<'a>> {
        if self.front >= self.back {
            return None;
        }
        self.back = start_of_previous(self.bytes, self.back);
        Some(read(self.bytes, self.back).0)
    }
}
