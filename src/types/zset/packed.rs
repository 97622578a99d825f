//! The small form: member and score in turn, in order, in one listpack.

use core::ops::Range;

use super::Score;
use crate::types::Inverses;
use crate::types::buffer::{Buffered as _, Rewind};
use crate::types::listpack::{self, Cursor, Item, Listpack};
use crate::types::number;

/// Members in order. Everything costs O(N) and allocates nothing, which is quick for as few as the
/// limits allow.
///
/// Invariant: the items alternate between member and score, a score in the text that `number`
/// writes, so that the size follows from the contents.
#[derive(Debug, Clone, Default)]
pub(super) struct Packed {
    items: Listpack,
}

impl Packed {
    pub fn len(&self) -> usize {
        self.items.len() / 2
    }

    pub fn size_bytes(&self) -> usize {
        self.items.size_bytes()
    }

    pub fn listpack(&self) -> &Listpack {
        &self.items
    }

    pub fn is_compact(&self) -> bool {
        self.items.is_compact()
    }

    pub fn trim(&mut self) {
        self.items.trim();
    }

    pub fn record(&mut self) {
        self.items.record(Inverses::default());
    }

    pub fn recorded(&mut self) -> Option<Inverses> {
        self.items.recorded()
    }

    pub fn rewind(&mut self, rewind: Rewind) {
        self.items.rewind(rewind);
    }

    pub fn has_room_for(&self, member: &[u8]) -> bool {
        self.items.has_room_for(member.len() + SCORE_BYTES_MAX)
    }

    pub fn score(&self, member: &[u8]) -> Option<Score> {
        let at = self.items.find(member, 2)?;
        Some(score_of(self.items.item(self.items.after(at)?)?))
    }

    pub fn rank(&self, member: &[u8]) -> Option<usize> {
        self.range(0..self.len())
            .position(|(other, _)| other == Item::Bytes(member))
    }

    /// Puts a new member in its place.
    pub fn insert(&mut self, member: &[u8], score: Score) {
        let before =
            self.place_of_first(|other, other_score| (other_score, other) > (score, member));
        self.items.insert(before, member);
        let text = number::format_f64(score.get());
        match self.items.after(before) {
            Some(behind) => self.items.insert(behind, text.as_bytes()),
            None => self.items.push_back(text.as_bytes()),
        }
    }

    pub fn remove(&mut self, member: &[u8]) -> Option<Score> {
        let at = self.items.find(member, 2)?;
        let score = score_of(self.items.item(self.items.after(at)?)?);
        self.items.remove(at, 2);
        Some(score)
    }

    pub fn remove_range(&mut self, ranks: Range<usize>) {
        if let Some(at) = self.items.seek(2 * ranks.start) {
            self.items.remove(at, 2 * ranks.len());
        }
    }

    pub fn partition_point(&self, before: impl Fn(&[u8], Score) -> bool) -> usize {
        let mut digits = itoa::Buffer::new();
        self.range(0..self.len())
            .take_while(|(member, score)| before(member.bytes_in(&mut digits), *score))
            .count()
    }

    pub fn range(&self, ranks: Range<usize>) -> Pairs<'_> {
        let place = |rank: usize| self.items.seek(2 * rank).unwrap_or(self.items.end());
        Pairs {
            items: self
                .items
                .iter_between(place(ranks.start), place(ranks.end)),
            left: ranks.len(),
        }
    }

    fn place_of_first(&self, wanted: impl Fn(&[u8], Score) -> bool) -> Cursor {
        let mut at = self.items.first();
        let mut digits = itoa::Buffer::new();
        while let (Some(member), Some(behind)) = (self.items.item(at), self.items.after(at)) {
            let score = self.items.item(behind).map(score_of).unwrap_or_default();
            if wanted(member.bytes_in(&mut digits), score) {
                break;
            }
            at = self.items.after(behind).unwrap_or(self.items.end());
        }
        at
    }
}

/// No double takes more text.
const SCORE_BYTES_MAX: usize = 24;

/// The score that an item is, where it is one.
pub(super) fn read_score(item: Item<'_>) -> Option<Score> {
    match item {
        Item::Int(number) => Score::new(number as f64),
        Item::Bytes(text) => Score::parse(text),
    }
}

fn score_of(item: Item<'_>) -> Score {
    read_score(item).expect("scores were written by us")
}

/// Members with their scores, from either end.
#[derive(Debug, Clone)]
pub struct Pairs<'a> {
    items: listpack::Iter<'a>,
    left: usize,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (Item<'a>, Score);

    fn next(&mut self) -> Option<Self::Item> {
        let member = self.items.next()?;
        let score = self.items.next()?;
        self.left -= 1;
        Some((member, score_of(score)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl DoubleEndedIterator for Pairs<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let score = self.items.next_back()?;
        let member = self.items.next_back()?;
        self.left -= 1;
        Some((member, score_of(score)))
    }
}
