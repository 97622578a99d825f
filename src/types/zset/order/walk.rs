//! Walks over a range of ranks, from either end.

use core::ops::Range;

use super::Order;
use crate::types::zset::places::{self, Place};

/// Walks a range of ranks from either end.
#[derive(Debug, Clone)]
pub(in crate::types::zset) struct Iter<'a> {
    pub(super) order: &'a Order,
    /// The ranks that are still to come.
    pub(super) left: Range<usize>,
    /// The rest of the leaf at the front, which may reach past the range.
    pub(super) head: places::Iter<'a>,
    /// The rest of the leaf at the back, as far.
    pub(super) tail: places::Iter<'a>,
}

impl Iterator for Iter<'_> {
    type Item = Place;

    fn next(&mut self) -> Option<Place> {
        if self.left.is_empty() {
            return None;
        }
        let next = self.head.next().or_else(|| {
            let (leaf, at) = self.order.leaf(self.left.start);
            self.head = leaf.iter(at..leaf.len());
            self.head.next()
        });
        self.left.start += 1;
        next
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left.len(), Some(self.left.len()))
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Place> {
        if self.left.is_empty() {
            return None;
        }
        let next = self.tail.next_back().or_else(|| {
            let (leaf, at) = self.order.leaf(self.left.end - 1);
            self.tail = leaf.iter(0..at + 1);
            self.tail.next_back()
        });
        self.left.end -= 1;
        next
    }
}

impl ExactSizeIterator for Iter<'_> {}
