//! The large form: a table from member to score, and the order beside it.

use core::ops::Range;

use super::name::Name;
use super::order::{self, Order, Path};
use super::places::{Place, Spot};
use super::{Added, Inverse, Only, Score};
use crate::types::Words;
use crate::types::listpack::Item;
use crate::types::log::Log;
use crate::types::seed::Seed;
use crate::types::slots::{AHEAD, Named, Slots};

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
    order: Order,
    /// Of the names that lie apart, together.
    apart_bytes: usize,
    pub log: Log,
}

#[derive(Debug, Clone)]
struct Member {
    name: Name,
    score: Score,
}

impl Named for Member {
    fn name(&self) -> &[u8] {
        self.name.as_bytes()
    }
}

/// What is known of a pair before it is added, if anything. All but the hash is asked again when that is done.
#[derive(Debug, Clone, Copy)]
struct Foreseen {
    hash: u32,
    /// The slot that the member seems to have, and the way to its place there.
    slot: Option<usize>,
    from: Path,
    /// The way to the place that it will have.
    to: Path,
}

impl Foreseen {
    fn of_hash(hash: u32) -> Foreseen {
        Foreseen {
            hash,
            slot: None,
            from: Path::UNKNOWN,
            to: Path::UNKNOWN,
        }
    }
}

/// What a table takes before it holds anything.
const TABLE_BYTES: usize = 160;
/// What a member takes besides a name that lies apart: entry, index, and place in the order at its usual fill.
const MEMBER_BYTES: usize = 72;

impl Table {
    pub fn new(seed: Seed) -> Table {
        Table {
            members: Slots::new(seed),
            order: Order::default(),
            apart_bytes: 0,
            log: Log::default(),
        }
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn size_bytes(&self) -> usize {
        TABLE_BYTES + MEMBER_BYTES * self.len() + self.apart_bytes
    }

    pub fn score(&self, member: &[u8]) -> Option<Score> {
        let slot = self.members.find_name(member)?;
        Some(self.members[slot].score)
    }

    pub fn rank(&self, member: &[u8]) -> Option<usize> {
        let slot = self.members.find_name(member)?;
        let place = place_of(&self.members, slot);
        Some(self.order.rank(spot(&self.members, place)))
    }

    /// Gives a member a score, unless `only` is against it.
    pub fn add(&mut self, member: &[u8], score: Score, only: Only) -> Added {
        let foreseen = Foreseen::of_hash(self.members.hash(member));
        self.add_foreseen((score, member), only, foreseen)
    }

    /// As `add` for one pair after the other, and tells what became of each. What several will look for is fetched from memory
    /// side by side, before the first of them is added.
    pub fn add_each(&mut self, pairs: &[(Score, &[u8])], only: Only, mut told: impl FnMut(Added)) {
        for pairs in pairs.chunks(AHEAD) {
            let foreseen = self.foresee(pairs);
            for (pair, foreseen) in pairs.iter().zip(foreseen) {
                told(self.add_foreseen(*pair, only, foreseen));
            }
        }
    }

    fn add_foreseen(
        &mut self,
        (score, member): (Score, &[u8]),
        only: Only,
        foreseen: Foreseen,
    ) -> Added {
        let is_it = |slot: &usize| self.members[*slot].name() == member;
        let slot =
            (foreseen.slot.filter(is_it)).or_else(|| self.members.find(foreseen.hash, member));
        let old = slot.map(|slot| self.members[slot].score);
        if old == Some(score) || !only.allows(old, score) {
            return Added::Kept;
        }
        match slot {
            Some(slot) => {
                let old = self.set_score(slot, score, foreseen);
                self.log.note(|| Inverse::Moved {
                    slot: slot as u32,
                    score: old,
                });
                Added::Moved
            }
            None => {
                self.push(member, score, foreseen);
                self.log.note(|| Inverse::Added);
                Added::New
            }
        }
    }

    /// Looks ahead for some pairs, up to `AHEAD` of them: each step is made for all before the next, so that none waits for
    /// the memory of another.
    fn foresee(&self, pairs: &[(Score, &[u8])]) -> [Foreseen; AHEAD] {
        let mut foreseen = [Foreseen::of_hash(0); AHEAD];
        for (foreseen, (_, member)) in foreseen.iter_mut().zip(pairs) {
            foreseen.hash = self.members.hash(member);
        }
        if pairs.len() == 1 || self.members.is_cached() {
            return foreseen;
        }
        let foreseen_pairs = &mut foreseen[..pairs.len()];
        for foreseen in foreseen_pairs.iter_mut() {
            foreseen.slot = self.members.find_hash(foreseen.hash);
        }
        let mut scores = [Score::default(); 2 * AHEAD];
        let ends = foreseen_pairs.iter().zip(pairs);
        for ((foreseen, (to, _)), scores) in ends.zip(scores.chunks_mut(2)) {
            let from = foreseen.slot.map_or(*to, |slot| self.members[slot].score);
            scores.copy_from_slice(&[from, *to]);
        }
        let scores = &scores[..2 * pairs.len()];
        let (paths, tied) = self.order.look_ahead::<{ 2 * AHEAD }>(scores);
        for (foreseen, paths) in foreseen_pairs.iter_mut().zip(paths.chunks(2)) {
            (foreseen.from, foreseen.to) = (paths[0], paths[1]);
        }
        // No branch, as it could not be foreseen.
        let read = |read, slot: u32| read ^ self.members[slot as usize].score.get().to_bits();
        let slots = tied.map(Option::unwrap_or_default);
        core::hint::black_box(slots.into_iter().fold(0, read));
        foreseen
    }

    pub fn remove(&mut self, member: &[u8]) -> Option<Score> {
        let hash = self.members.hash(member);
        let slot = self.members.find(hash, member)?;
        Some(self.remove_slot(hash, slot))
    }

    pub fn remove_range(&mut self, ranks: Range<usize>) {
        for _ in ranks.clone() {
            let slot = self.order.get(ranks.start).slot as usize;
            let hash = self.members.hash(self.members[slot].name());
            self.remove_slot(hash, slot);
        }
    }

    /// The member in a slot, which is below the length.
    pub fn at(&self, slot: usize) -> (Item<'_>, Score) {
        let member = &self.members[slot];
        (Item::Bytes(member.name()), member.score)
    }

    pub fn partition_point(&self, before: impl Fn(&[u8], Score) -> bool) -> usize {
        (self.order).partition_point(|place| before(self.name_of(place), place.score))
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
                self.take_out_of_order(slot, Path::UNKNOWN);
                let member = self.members.pop().expect("a member was added");
                self.apart_bytes -= member.name.bytes_apart();
            }
            Inverse::Moved { slot, score } => {
                let foreseen = Foreseen::of_hash(0);
                self.set_score(slot as usize, score, foreseen);
            }
            Inverse::Removed {
                slot,
                member,
                score,
            } => {
                let slot = slot as usize;
                self.rename(slot, self.len());
                let name = Name::from(&*member);
                self.apart_bytes += name.bytes_apart();
                self.members.insert_at(slot, Member { name, score });
                self.put_in_order(slot, Path::UNKNOWN);
            }
        }
    }

    /// Has the caches fetch what looking for members will read, and what giving them scores will, those being the words.
    pub fn look_ahead(&self, words: &[Words]) {
        let (mut pairs, mut len) = ([(Score::default(), [].as_slice()); AHEAD], 0);
        for (pair, [first, second]) in pairs.iter_mut().zip(words) {
            let score = first.and_then(Score::parse).unwrap_or_default();
            *pair = (score, second.or(*first).unwrap_or_default());
            len += 1;
        }
        core::hint::black_box(self.foresee(&pairs[..len]));
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

    fn name_of(&self, place: Place) -> &[u8] {
        self.members[place.slot as usize].name()
    }

    /// Puts a new member in, at the end of the slots.
    fn push(&mut self, member: &[u8], score: Score, foreseen: Foreseen) {
        let name = Name::from(member);
        self.apart_bytes += name.bytes_apart();
        self.members.push(foreseen.hash, Member { name, score });
        self.put_in_order(self.len() - 1, foreseen.to);
    }

    fn put_in_order(&mut self, slot: usize, path: Path) {
        let place = place_of(&self.members, slot);
        self.order.insert(spot(&self.members, place), path);
    }

    fn take_out_of_order(&mut self, slot: usize, path: Path) {
        let place = place_of(&self.members, slot);
        self.order.remove(spot(&self.members, place), path);
    }

    /// Gives the score of before.
    fn set_score(&mut self, slot: usize, score: Score, foreseen: Foreseen) -> Score {
        let old = self.members[slot].score;
        self.take_out_of_order(slot, foreseen.from);
        self.members[slot].score = score;
        self.put_in_order(slot, foreseen.to);
        old
    }

    /// Takes a member out; the last one moves into its slot.
    fn remove_slot(&mut self, hash: u32, slot: usize) -> Score {
        self.take_out_of_order(slot, Path::UNKNOWN);
        self.rename(self.len() - 1, slot);
        let Member { name, score } = self.members.swap_remove(hash, slot);
        self.apart_bytes -= name.bytes_apart();
        self.log.note(|| Inverse::Removed {
            slot: slot as u32,
            member: name.into_bytes(),
            score,
        });
        score
    }

    /// Has the order call the member of a slot by another.
    fn rename(&mut self, slot: usize, new: usize) {
        if slot < self.len() && slot != new {
            let place = place_of(&self.members, slot);
            self.order.rename(spot(&self.members, place), new as u32);
        }
    }
}

/// The place of the member in a slot.
fn place_of(members: &Slots<Member>, slot: usize) -> Place {
    Place {
        score: members[slot].score,
        slot: slot as u32,
    }
}

/// Where that place stands: behind the members of its score whose bytes are less.
fn spot(members: &Slots<Member>, place: Place) -> Spot<impl Fn(u32) -> bool> {
    let name_of = |slot: u32| members[slot as usize].name();
    Spot {
        place,
        is_upto: move |slot| slot == place.slot || name_of(slot) < name_of(place.slot),
    }
}

/// Members with their scores, from either end.
#[derive(Debug, Clone)]
pub struct Pairs<'a> {
    table: &'a Table,
    places: order::Iter<'a>,
}

impl<'a> Pairs<'a> {
    fn pair(&self, place: Place) -> (Item<'a>, Score) {
        (Item::Bytes(self.table.name_of(place)), place.score)
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
