//! A node's worth of places in an order, and the search among them.

use alloc::vec::Vec;
use core::ops::Range;
use core::{iter, slice};

use super::Score;

/// Places in a node: 0.8 KiB. A shift within it moves half as much on average.
pub(super) const PLACES_MAX: usize = 64;
/// Scores that are counted together. Each step of a binary search waits for the one before it; comparisons that are
/// counted do not wait for each other, and a processor makes several at once.
const BLOCK: usize = 16;
/// So many members that are tied are looked at one after the other; more are halved.
const FEW_TIED: usize = 3;

/// A member in the order: the slot that it has in the table, and a copy of its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub score: Score,
    pub slot: u32,
}

/// What is sought: a place, and how members of its score stand to its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<F> {
    pub place: Place,
    /// Whether the member in a slot stands before the one that is sought, or is it.
    pub is_upto: F,
}

/// Places in order: first by score, then as the members are.
///
/// Scores and slots lie side by side, as a search reads scores alone, but where some are tied. Scores fill one block, two or
/// four, so that it need not ask how many there are.
///
/// Invariant: what stands in `scores` behind the last slot is the highest score, which is below no other.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    scores: Vec<Score>,
    slots: Vec<u32>,
}

impl Places {
    pub fn of(place: Place) -> Places {
        let mut places = Places::default();
        places.insert(0, place);
        places
    }

    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// The place at an index, which is below the length.
    pub fn at(&self, index: usize) -> Place {
        Place {
            score: self.scores[index],
            slot: self.slots[index],
        }
    }

    pub fn iter(&self, range: Range<usize>) -> Iter<'_> {
        let slots = &self.slots[range.clone()];
        Iter(iter::zip(&self.scores[range], slots))
    }

    /// How many scores are below one.
    #[inline]
    pub fn below(&self, score: Score) -> usize {
        let (blocks, _) = self.scores.as_chunks::<BLOCK>();
        let block = self.block_of(score);
        blocks.get(block).map_or(0, |block| below(block, score)) + block * BLOCK
    }

    /// How many whole blocks are below a score, the last one left aside.
    #[inline]
    fn block_of(&self, score: Score) -> usize {
        let is_below = |block: &[Score; BLOCK]| usize::from(block[BLOCK - 1] < score);
        match self.scores.as_chunks().0 {
            [one, two, three, _] => is_below(one) + is_below(two) + is_below(three),
            [one, _] => is_below(one),
            _ => 0,
        }
    }

    /// The first of two steps that read all that `below` will, for several nodes one after the other; of what is read
    /// something is given, so that it is read.
    #[inline]
    pub fn look_ahead(&self) -> u64 {
        let lasts = self.scores.iter().skip(BLOCK - 1).step_by(BLOCK);
        lasts.fold(0, |read, score| read ^ score.get().to_bits())
    }

    /// The second one.
    #[inline]
    pub fn look_at_block(&self, score: Score) -> u64 {
        let start = self.block_of(score) * BLOCK;
        let scores =
            [start, start + BLOCK / 2].map(|at| self.scores.get(at).copied().unwrap_or_default());
        let slot = self.slots.get(start).copied().unwrap_or_default();
        scores[0].get().to_bits() ^ scores[1].get().to_bits() ^ u64::from(slot)
    }

    /// How many places are before what is sought, or are it.
    #[inline]
    pub fn point<F: Fn(u32) -> bool>(&self, spot: &Spot<F>) -> usize {
        let score = spot.place.score;
        let mut point = self.below(score);
        // Few are tied as a rule, and to tell takes long.
        for _ in 0..FEW_TIED {
            match self.slots.get(point) {
                Some(slot) if self.scores[point] == score && (spot.is_upto)(*slot) => point += 1,
                _ => return point,
            }
        }
        let is_upto = |place: Place| {
            place.score < score || (place.score == score && (spot.is_upto)(place.slot))
        };
        self.partition_point(point, is_upto)
    }

    /// Whether a score is above that at an index and below the next: one that is tied with neither stands behind the one, and
    /// before the other.
    #[inline]
    pub fn surrounds(&self, index: usize, score: Score) -> bool {
        let is_above = self.scores.get(index).is_some_and(|low| *low < score);
        is_above && self.scores.get(index + 1).is_none_or(|high| score < *high)
    }

    /// Where the place stands that is sought, in the node that holds it. Members of one score are told by their slots, as these
    /// lie here, and their bytes anywhere.
    #[inline]
    pub fn index_of(&self, place: Place) -> usize {
        let first = self.below(place.score);
        let mut tied = self.slots[first..].iter();
        first + (tied.position(|slot| *slot == place.slot)).expect("a member that is in the order")
    }

    /// The first index from `start` on where `before` is false.
    pub fn partition_point(&self, start: usize, before: impl Fn(Place) -> bool) -> usize {
        let (mut start, mut end) = (start, self.len());
        while start < end {
            let middle = start.midpoint(end);
            if before(self.at(middle)) {
                start = middle + 1;
            } else {
                end = middle;
            }
        }
        start
    }

    /// The slot that a member of this score meets at an index, where it meets one: who is to be compared with it.
    #[inline]
    pub fn tied_at(&self, index: usize, score: Score) -> Option<u32> {
        let slot = self.slots.get(index)?;
        (self.scores[index] == score).then_some(*slot)
    }

    /// Puts a place in where there is room for it.
    #[inline]
    pub fn insert(&mut self, index: usize, place: Place) {
        let len = self.len();
        if len == self.scores.len() {
            let wider = (2 * len).max(BLOCK);
            self.scores.resize(wider, Score::HIGHEST);
        }
        self.scores.copy_within(index..len, index + 1);
        self.scores[index] = place.score;
        self.slots.insert(index, place.slot);
    }

    #[inline]
    pub fn remove(&mut self, index: usize) -> Place {
        let removed = self.at(index);
        self.scores.copy_within(index + 1..self.slots.len(), index);
        self.slots.remove(index);
        self.scores[self.slots.len()] = Score::HIGHEST;
        removed
    }

    /// Writes another place over one, which leaves the order as it is.
    pub fn set(&mut self, index: usize, place: Place) {
        self.scores[index] = place.score;
        self.slots[index] = place.slot;
    }

    /// Takes out all places from an index on.
    pub fn split_off(&mut self, index: usize) -> Places {
        let mut right = Places::default();
        right.append(self, index);
        self.scores[index..].fill(Score::HIGHEST);
        self.slots.truncate(index);
        right
    }

    /// Takes in what another holds from an index on.
    pub fn append(&mut self, other: &Places, index: usize) {
        let (len, more) = (self.len(), other.len() - index);
        let width = (len + more).next_power_of_two().max(BLOCK);
        if width > self.scores.len() {
            self.scores.resize(width, Score::HIGHEST);
        }
        self.scores[len..len + more].copy_from_slice(&other.scores[index..other.len()]);
        self.slots.extend_from_slice(&other.slots[index..]);
    }
}

/// How many scores of a block are below one. Each comparison gives a byte, and a product adds eight bytes up.
#[inline]
fn below(block: &[Score; BLOCK], score: Score) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let are_below = block.map(|other| u8::from(other < score));
    let halves = are_below.as_chunks().0.iter().copied();
    let sums: u64 = halves.map(u64::from_ne_bytes).sum();
    (sums.wrapping_mul(ONES) >> 56) as usize
}

/// Places, from either end.
#[derive(Debug, Clone)]
pub(super) struct Iter<'a>(iter::Zip<slice::Iter<'a, Score>, slice::Iter<'a, u32>>);

impl Default for Iter<'_> {
    fn default() -> Self {
        Iter(iter::zip(&[], &[]))
    }
}

impl Iterator for Iter<'_> {
    type Item = Place;

    #[inline]
    fn next(&mut self) -> Option<Place> {
        let (&score, &slot) = self.0.next()?;
        Some(Place { score, slot })
    }
}

impl DoubleEndedIterator for Iter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Place> {
        let (&score, &slot) = self.0.next_back()?;
        Some(Place { score, slot })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn place((score, slot): (f64, u32)) -> Place {
        let score = Score::new(score).expect("a number");
        Place { score, slot }
    }

    fn key(place: Place) -> (Score, u32) {
        (place.score, place.slot)
    }

    /// The invariant, and that these are the places.
    fn check(places: &Places, twin: &[Place]) {
        assert_eq!(places.iter(0..places.len()).collect::<Vec<_>>(), twin);
        assert!([0, 16, 32, 64].contains(&places.scores.len()));
        assert!(places.scores.len() >= places.len());
        let behind = &places.scores[places.len()..];
        assert!(behind.iter().all(|score| *score == Score::HIGHEST));
    }

    fn score() -> impl Strategy<Value = f64> {
        let few = prop::sample::select(vec![f64::NEG_INFINITY, -1.0, 0.0, 2.5, f64::INFINITY]);
        prop_oneof![few, (0..50).prop_map(f64::from)]
    }

    proptest! {
        #[test]
        fn they_are_a_sorted_vector(
            changes in prop::collection::vec((score(), 0..40u32, any::<prop::sample::Index>(), 0..6), 0..200),
            sought in score(),
        ) {
            let (mut places, mut twin) = (Places::default(), Vec::<Place>::new());
            for (score, slot, index, change) in changes {
                let place = place((score, slot));
                let found = twin.binary_search_by_key(&key(place), |other| key(*other));
                match (change, found) {
                    (0..4, Err(at)) if twin.len() < PLACES_MAX => {
                        let spot = Spot { place, is_upto: |other| other <= slot };
                        prop_assert_eq!(places.point(&spot), at);
                        places.insert(at, place);
                        twin.insert(at, place);
                    }
                    (4, Ok(at)) => {
                        prop_assert_eq!(places.index_of(place), at);
                        prop_assert_eq!(places.remove(at), twin.remove(at));
                    }
                    (5, _) => {
                        let at = index.index(twin.len() + 1);
                        let right = places.split_off(at);
                        check(&places, &twin[..at]);
                        check(&right, &twin[at..]);
                        places.append(&right, 0);
                    }
                    _ => {}
                }
                check(&places, &twin);
            }
            let sought = place((sought, 0)).score;
            let below = twin.partition_point(|place| place.score < sought);
            prop_assert_eq!(places.below(sought), below);
            prop_assert_eq!(places.partition_point(0, |place| place.score < sought), below);
            for at in 0..=twin.len() {
                let low = at < twin.len() && twin[at].score < sought;
                let high = twin.get(at + 1).is_none_or(|next| sought < next.score);
                // The last place may be said not to be the one.
                prop_assert!(!places.surrounds(at, sought) || (low && high));
                let tied = twin.get(at).filter(|place| place.score == sought);
                prop_assert_eq!(places.tied_at(at, sought), tied.map(|place| place.slot));
            }
        }
    }
}
