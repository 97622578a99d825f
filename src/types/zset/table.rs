//! The large form: a table from member to score, and the order beside it.

use alloc::boxed::Box;
use core::ops::Range;

use super::ranked::{self, Ranked, Seek, lower_bound};
use super::{Added, Inverse, Only, Score};
use crate::types::Words;
use crate::types::listpack::Item;
use crate::types::log::Log;
use crate::types::seed::Seed;
use crate::types::slots::{Named, Slots};

/// Two views of the same members: `members` finds one in O(1) expected, `order` walks them by
/// score and then by bytes, and counts them, in O(log N).
///
/// A member's bytes are kept once: `order` names a member by its slot, its position in `members`, and
/// keeps a copy of the score so that only equal scores send a comparison to the bytes. The price is
/// that a removal, which moves the last member into the free slot, looks that one up in the order.
///
/// Invariant: `order` holds exactly the slots of `members`, each with its score, in order.
#[derive(Debug, Clone)]
pub(super) struct Table {
    members: Slots<Member>,
    order: Ranked<Place>,
    /// Of all members together.
    member_bytes: usize,
    pub log: Log,
}

#[derive(Debug, Clone)]
struct Member {
    bytes: Box<[u8]>,
    score: Score,
}

impl Named for Member {
    fn name(&self) -> &[u8] {
        &self.bytes
    }
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
            members: Slots::new(seed),
            order: Ranked::default(),
            member_bytes: 0,
            log: Log::default(),
        }
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn size_bytes(&self) -> usize {
        TABLE_BYTES + MEMBER_BYTES * self.len() + self.member_bytes
    }

    pub fn score(&self, member: &[u8]) -> Option<Score> {
        let slot = self.members.find_name(member)?;
        Some(self.members[slot].score)
    }

    pub fn rank(&self, member: &[u8]) -> Option<usize> {
        let slot = self.members.find_name(member)?;
        let score = self.members[slot].score;
        Some(self.order.rank(Spot::of(&self.members, score, slot)))
    }

    /// Gives a member a score, unless `only` is against it.
    pub fn add(&mut self, member: &[u8], score: Score, only: Only) -> Added {
        let hash = self.members.hash(member);
        let slot = self.members.find(hash, member);
        let old = slot.map(|slot| self.members[slot].score);
        if old == Some(score) || !only.allows(old, score) {
            return Added::Kept;
        }
        match slot {
            Some(slot) => {
                let old = self.set_score(slot, score);
                self.log.note(|| Inverse::Moved {
                    slot: slot as u32,
                    score: old,
                });
                Added::Moved
            }
            None => {
                self.push(hash, member.into(), score);
                self.log.note(|| Inverse::Added);
                Added::New
            }
        }
    }

    pub fn remove(&mut self, member: &[u8]) -> Option<Score> {
        let hash = self.members.hash(member);
        let slot = self.members.find(hash, member)?;
        Some(self.remove_slot(hash, slot))
    }

    pub fn remove_range(&mut self, ranks: Range<usize>) {
        for _ in ranks.clone() {
            let slot = self.order.get(ranks.start).slot as usize;
            let hash = self.members.hash(&self.members[slot].bytes);
            self.remove_slot(hash, slot);
        }
    }

    /// The member in a slot, which is below the length.
    pub fn at(&self, slot: usize) -> (Item<'_>, Score) {
        let member = &self.members[slot];
        (Item::Bytes(&member.bytes), member.score)
    }

    pub fn partition_point(&self, before: impl Fn(&[u8], Score) -> bool) -> usize {
        (self.order).partition_point(|place| before(self.bytes_of(place), place.score))
    }

    /// As `partition_point`, for what asks the score alone and so spares a look at each member.
    pub fn partition_point_by_score(&self, before: impl Fn(Score) -> bool) -> usize {
        self.order.partition_point(|place| before(place.score))
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
                let slot = self.len() - 1;
                let score = self.members[slot].score;
                self.order.remove(Spot::of(&self.members, score, slot));
                let member = self.members.pop().expect("a member was added");
                self.member_bytes -= member.bytes.len();
            }
            Inverse::Moved { slot, score } => {
                self.set_score(slot as usize, score);
            }
            Inverse::Removed {
                slot,
                member,
                score,
            } => {
                self.member_bytes += member.len();
                let slot = slot as usize;
                self.rename(slot, self.len());
                let bytes = member;
                self.members.insert_at(slot, Member { bytes, score });
                self.put_in_order(score, slot);
            }
        }
    }

    /// Has the caches fetch what giving members scores will read, those being the words: the member, then where it stands
    /// in the order and where it will stand, then members that have that score.
    pub fn look_ahead(&self, words: &[Words]) {
        let members = words
            .iter()
            .map(|[first, second]| second.or(*first).unwrap_or_default());
        let found = self.members.look_ahead(members);
        let (mut scores, mut len) = ([Score::default(); ranked::AHEAD], 0);
        for (member, [score, _]) in found.iter().zip(words) {
            if let (Some(member), Some(score)) = (member, score.and_then(Score::parse)) {
                scores[len..len + 2].copy_from_slice(&[member.score, score]);
                len += 2;
            }
        }
        let scores = &scores[..len];
        let found = (self.order).look_ahead(scores, |place, score| place.score < score);
        for (places, score) in found.iter().zip(scores).skip(1).step_by(2) {
            let tied = places.iter().take_while(|place| place.score == *score);
            for place in tied.take(ranked::FEW_TIED) {
                core::hint::black_box(self.bytes_of(*place).first());
            }
        }
    }

    pub fn pieces(&self) -> usize {
        self.members.len()
    }

    /// Lets go of so many members and leaves at most; how many.
    pub fn free_some(&mut self, most: usize) -> usize {
        let mut freed = self.members.free(most);
        while freed < most && self.order.free_leaf() > 0 {
            freed += 1;
        }
        freed
    }

    fn bytes_of(&self, place: Place) -> &[u8] {
        &self.members[place.slot as usize].bytes
    }

    /// Puts a new member in, at the end of the slots.
    fn push(&mut self, hash: u32, bytes: Box<[u8]>, score: Score) {
        self.member_bytes += bytes.len();
        self.members.push(hash, Member { bytes, score });
        self.put_in_order(score, self.len() - 1);
    }

    fn put_in_order(&mut self, score: Score, slot: usize) {
        let place = Place {
            score,
            slot: slot as u32,
        };
        let spot = Spot::of(&self.members, score, slot);
        self.order.insert(place, spot);
    }

    /// Gives the score of before.
    fn set_score(&mut self, slot: usize, score: Score) -> Score {
        let old = self.members[slot].score;
        self.order.remove(Spot::of(&self.members, old, slot));
        self.members[slot].score = score;
        self.put_in_order(score, slot);
        old
    }

    /// Takes a member out; the last one moves into its slot.
    fn remove_slot(&mut self, hash: u32, slot: usize) -> Score {
        let score = self.members[slot].score;
        self.order.remove(Spot::of(&self.members, score, slot));
        self.rename(self.len() - 1, slot);
        let member = self.members.swap_remove(hash, slot);
        self.member_bytes -= member.bytes.len();
        self.log.note(|| Inverse::Removed {
            slot: slot as u32,
            member: member.bytes,
            score,
        });
        score
    }

    /// Has the order call the member of a slot by another.
    fn rename(&mut self, slot: usize, new: usize) {
        if slot < self.len() && slot != new {
            let score = self.members[slot].score;
            let place = Place {
                score,
                slot: new as u32,
            };
            self.order
                .replace(Spot::of(&self.members, score, slot), place);
        }
    }
}

/// A member of which score and slot are known, where it stands in the order.
struct Spot<'m> {
    members: &'m Slots<Member>,
    score: Score,
    slot: usize,
}

/// So many members of one score are asked for their slot before any is asked for its bytes.
const FEW_SLOTS: usize = 8;

impl Spot<'_> {
    fn of(members: &Slots<Member>, score: Score, slot: usize) -> Spot<'_> {
        Spot {
            members,
            score,
            slot,
        }
    }

    /// Bytes lie anywhere in memory, where scores and slots lie in the order itself.
    fn is_upto_by_bytes(&self, slot: usize) -> bool {
        let bytes_of = |slot: usize| &*self.members[slot].bytes;
        slot == self.slot || bytes_of(slot) < bytes_of(self.slot)
    }
}

impl Seek<Place> for Spot<'_> {
    #[inline]
    fn is_before(&self, place: Place) -> bool {
        place.score < self.score
    }

    #[inline]
    fn is_tied(&self, place: Place) -> bool {
        place.score == self.score
    }

    fn is_upto(&self, place: Place) -> bool {
        if self.is_tied(place) {
            self.is_upto_by_bytes(place.slot as usize)
        } else {
            self.is_before(place)
        }
    }

    #[inline]
    fn place_in(&self, leaf: &[Place]) -> usize {
        let first = lower_bound(leaf, |place| self.is_before(place));
        let mut tied = leaf[first..].iter().take(FEW_SLOTS);
        match tied.position(|place| place.slot as usize == self.slot) {
            Some(further) => first + further,
            None => self.point_in(leaf) - 1,
        }
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
        (Item::Bytes(self.table.bytes_of(place)), place.score)
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
