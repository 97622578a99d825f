//! The large form: a table from member to score, and the order beside it.

use std::ops::Range;

use indexmap::IndexMap;

use super::ranked::{self, Ranked};
use super::{Inverse, Score};
use crate::types::listpack::Item;
use crate::types::log::Log;
use crate::types::seed::Seed;

/// Two views of the same members: `scores` finds a member in O(1) expected, `order` walks them by
/// score and then by bytes, and counts them, in O(log N).
///
/// A member's bytes are kept once: `order` names a member by its slot, its position in `scores`, and
/// keeps a copy of the score so that only equal scores send a comparison to the bytes. The price is
/// that a removal, which moves the last member into the free slot, looks that one up in the order.
///
/// Invariant: `order` holds exactly the slots of `scores`, each with its score, in order.
#[derive(Debug, Clone)]
pub(super) struct Table {
    scores: IndexMap<Box<[u8]>, Score, Seed>,
    order: Ranked<Place>,
    /// Of all members together.
    member_bytes: usize,
    pub log: Log<Inverse>,
}

/// One member in the order.
#[derive(Debug, Clone, Copy)]
struct Place {
    score: Score,
    slot: u32,
}

/// What a table takes before it holds anything.
const TABLE_BYTES: usize = 160;
/// What a member takes besides its bytes: entry, index, allocation, and place in the order at its
/// usual fill.
const MEMBER_BYTES: usize = 80;

impl Table {
    pub fn new(seed: Seed) -> Table {
        Table {
            scores: IndexMap::with_hasher(seed),
            order: Ranked::default(),
            member_bytes: 0,
            log: Log::default(),
        }
    }

    pub fn len(&self) -> usize {
        self.scores.len()
    }

    pub fn size_bytes(&self) -> usize {
        TABLE_BYTES + MEMBER_BYTES * self.len() + self.member_bytes
    }

    pub fn score(&self, member: &[u8]) -> Option<Score> {
        self.scores.get(member).copied()
    }

    pub fn rank(&self, member: &[u8]) -> Option<usize> {
        Some(self.rank_of(self.score(member)?, member))
    }

    /// Puts a new member in, at the end of the slots.
    pub fn insert(&mut self, member: Box<[u8]>, score: Score) {
        let slot = u32::try_from(self.len()).expect("memory ends before four billion members");
        let rank = self.rank_of(score, &member);
        self.member_bytes += member.len();
        self.order.insert(rank, Place { score, slot });
        self.scores.insert(member, score);
        self.log.note(|| Inverse::Added);
    }

    /// Gives a member that is there another score.
    pub fn move_to(&mut self, member: &[u8], score: Score) {
        if let Some(slot) = self.scores.get_index_of(member) {
            let old = self.set_score(slot, score);
            self.log.note(|| Inverse::Moved {
                slot: slot as u32,
                score: old,
            });
        }
    }

    pub fn remove(&mut self, member: &[u8]) -> Option<Score> {
        let slot = self.scores.get_index_of(member)?;
        Some(self.remove_slot(slot).1)
    }

    pub fn remove_range(&mut self, ranks: Range<usize>) {
        for _ in ranks.clone() {
            let slot = self.order.get(ranks.start).slot;
            self.remove_slot(slot as usize);
        }
    }

    /// The member in a slot, which is below the length.
    pub fn at(&self, slot: usize) -> (Item<'_>, Score) {
        let (member, score) = self.entry(slot);
        (Item::Bytes(member), score)
    }

    pub fn partition_point(&self, before: impl Fn(&[u8], Score) -> bool) -> usize {
        self.order
            .partition_point(|place| before(self.member(place), place.score))
    }

    pub fn range(&self, ranks: Range<usize>) -> Pairs<'_> {
        Pairs {
            table: self,
            places: self.order.range(ranks),
        }
    }

    pub fn undo(&mut self, inverse: Inverse) {
        match inverse {
            Inverse::Added => {
                self.remove_slot(self.len() - 1);
            }
            Inverse::Moved { slot, score } => {
                self.set_score(slot as usize, score);
            }
            Inverse::Removed {
                slot,
                member,
                score,
            } => {
                self.insert(member, score);
                self.swap_slots(slot as usize, self.len() - 1);
            }
        }
    }

    fn entry(&self, slot: usize) -> (&[u8], Score) {
        let (member, score) = self.scores.get_index(slot).expect("a slot in use");
        (member, *score)
    }

    fn member(&self, place: Place) -> &[u8] {
        self.entry(place.slot as usize).0
    }

    /// How many members stand before one of this score and these bytes.
    fn rank_of(&self, score: Score, member: &[u8]) -> usize {
        self.partition_point(|other, other_score| {
            other_score < score || (other_score == score && other < member)
        })
    }

    fn rank_of_slot(&self, slot: usize) -> usize {
        let (member, score) = self.entry(slot);
        self.rank_of(score, member)
    }

    /// Gives the score of before.
    fn set_score(&mut self, slot: usize, score: Score) -> Score {
        let mut place = self.order.remove(self.rank_of_slot(slot));
        let old = std::mem::replace(&mut place.score, score);
        self.scores[slot] = score;
        let rank = self.rank_of(score, self.entry(slot).0);
        self.order.insert(rank, place);
        old
    }

    /// Takes a member out; the last one moves into its slot.
    fn remove_slot(&mut self, slot: usize) -> (Box<[u8]>, Score) {
        let last = self.len() - 1;
        self.swap_slots(slot, last);
        self.order.remove(self.rank_of_slot(last));
        let (member, score) = self.scores.pop().expect("a slot in use");
        self.member_bytes -= member.len();
        self.log.note(|| Inverse::Removed {
            slot: slot as u32,
            member: member.clone(),
            score,
        });
        (member, score)
    }

    fn swap_slots(&mut self, one: usize, other: usize) {
        if one == other {
            return;
        }
        let ranks = [self.rank_of_slot(one), self.rank_of_slot(other)];
        for (rank, slot) in ranks.into_iter().zip([other, one]) {
            let score = self.order.get(rank).score;
            let slot = slot as u32;
            self.order.replace(rank, Place { score, slot });
        }
        self.scores.swap_indices(one, other);
    }
}

/// Members with their scores, from either end.
#[derive(Debug, Clone)]
pub struct Pairs<'a> {
    table: &'a Table,
    places: ranked::Iter<'a, Place>,
}

impl<'a> Pairs<'a> {
    fn pair(&self, place: Place) -> (Item<'a>, Score) {
        (Item::Bytes(self.table.member(place)), place.score)
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (Item<'a>, Score);

    fn next(&mut self) -> Option<Self::Item> {
        let place = self.places.next()?;
        Some(self.pair(place))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.places.size_hint()
    }
}

impl DoubleEndedIterator for Pairs<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let place = self.places.next_back()?;
        Some(self.pair(place))
    }
}
