//! Sorted sets.

mod name;
mod order;
mod packed;
mod places;
mod score;
mod table;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::{Bound, Range};

use packed::Packed;
pub use score::{LexBound, Only, Score};
use table::Table;

use super::log::NOT_RECORDING;
use super::{Inverses, Item, Kind, Limits, Listpack, Seed, Words, kind};

/// Members, each with a score, ordered by score and then by bytes.
///
/// Ranks count from 0, the lowest score first. Everything that selects (by rank, by score, by bytes)
/// comes down to a range of ranks: `score_range` and `lex_range` find it, `range` walks it from
/// either end, `remove_range` takes it out, and its length is the count.
///
/// Costs are those of the table: O(log N) to find, add, move or remove, O(1) for the score of a
/// member; the packed form takes O(N), N being at most what the limits say.
#[derive(Debug, Clone, Default)]
pub struct ZSet {
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    Packed(Packed),
    Table(Box<Table>),
}

impl Default for Form {
    fn default() -> Form {
        Form::Packed(Packed::default())
    }
}

/// What became of a member that was given a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    New,
    /// It was there with another score.
    Moved,
    /// Nothing changed: the score was that already, or a condition was not met.
    Kept,
}

/// One change to a table, turned round. A slot is a position in the table, which a walk by cursor
/// shows, so an undo restores it too.
#[derive(Debug, Clone)]
pub enum Inverse {
    /// The member in the last slot is new.
    Added,
    /// The member in a slot had this score.
    Moved { slot: u32, score: Score },
    /// A member stood in this slot, before the last one took its place.
    Removed {
        slot: u32,
        member: Box<[u8]>,
        score: Score,
    },
}

impl From<Inverse> for super::Inverse {
    fn from(inverse: Inverse) -> super::Inverse {
        super::Inverse::ZSet(inverse)
    }
}

impl ZSet {
    /// Takes members in any order; nothing where one comes twice.
    pub fn from_pairs<'m, M: Into<Item<'m>>>(
        pairs: impl IntoIterator<Item = (M, Score)>,
        limits: &Limits,
    ) -> Option<ZSet> {
        let mut zset = ZSet::default();
        let mut digits = itoa::Buffer::new();
        for (member, score) in pairs {
            let member = member.into().bytes_in(&mut digits);
            if zset.add(member, score, Only::Any, limits) != Added::New {
                return None;
            }
        }
        Some(zset)
    }

    /// Takes the packed form as another Redis has written it: members and scores in turn. Nothing
    /// where a score is none or a member comes twice.
    pub fn from_listpack(items: &Listpack, limits: &Limits) -> Option<ZSet> {
        if items.len() % 2 == 1 {
            return None;
        }
        let mut pairs = Vec::with_capacity(items.len() / 2);
        let mut items = items.iter();
        while let (Some(member), Some(score)) = (items.next(), items.next()) {
            pairs.push((member, packed::read_score(score)?));
        }
        ZSet::from_pairs(pairs, limits)
    }

    /// The packed form as it lies, for RDB; nothing in the large form.
    pub fn as_listpack(&self) -> Option<&Listpack> {
        match &self.form {
            Form::Packed(packed) => Some(packed.listpack()),
            Form::Table(_) => None,
        }
    }

    /// The answer to OBJECT ENCODING. The name of the large form is Redis's; there is no skiplist.
    pub fn encoding(&self) -> &'static str {
        match self.form {
            Form::Packed(_) => "listpack",
            Form::Table(_) => "skiplist",
        }
    }

    /// Whether it is in the large form.
    pub fn is_table(&self) -> bool {
        matches!(self.form, Form::Table(_))
    }

    pub fn len(&self) -> usize {
        match &self.form {
            Form::Packed(packed) => packed.len(),
            Form::Table(table) => table.len(),
        }
    }

    pub fn score(&self, member: &[u8]) -> Option<Score> {
        match &self.form {
            Form::Packed(packed) => packed.score(member),
            Form::Table(table) => table.score(member),
        }
    }

    /// The rank of a member, counted from the lowest score.
    pub fn rank(&self, member: &[u8]) -> Option<usize> {
        match &self.form {
            Form::Packed(packed) => packed.rank(member),
            Form::Table(table) => table.rank(member),
        }
    }

    /// Gives a member a score, unless `only` is against it.
    pub fn add(&mut self, member: &[u8], score: Score, only: Only, limits: &Limits) -> Added {
        let packed = match &mut self.form {
            Form::Table(table) => return table.add(member, score, only),
            Form::Packed(packed) => packed,
        };
        let old = packed.score(member);
        if old == Some(score) || !only.allows(old, score) {
            return Added::Kept;
        }
        if old.is_some() {
            packed.remove(member);
            packed.insert(member, score);
            return Added::Moved;
        }
        let fits = packed.len() < limits.zset_max_listpack_entries
            && member.len() <= limits.zset_max_listpack_value
            && packed.has_room_for(member);
        if fits {
            packed.insert(member, score);
            return Added::New;
        }
        self.table(limits.seed).add(member, score, only)
    }

    /// As `add` for one pair after the other, and tells what became of each; where they are several, and the set is large, in
    /// less time than one by one.
    pub fn add_each(
        &mut self,
        pairs: &[(Score, &[u8])],
        only: Only,
        limits: &Limits,
        mut told: impl FnMut(Added),
    ) {
        let mut pairs = pairs;
        // While it is packed, any of them may make it a table.
        while let (Form::Packed(_), [(score, member), rest @ ..]) = (&self.form, pairs) {
            told(self.add(member, *score, only, limits));
            pairs = rest;
        }
        if let Form::Table(table) = &mut self.form {
            table.add_each(pairs, only, told);
        }
    }

    /// Gives the score that the member had.
    pub fn remove(&mut self, member: &[u8]) -> Option<Score> {
        match &mut self.form {
            Form::Packed(packed) => packed.remove(member),
            Form::Table(table) => table.remove(member),
        }
    }

    /// Removes the members of a range of ranks, which ends within the length.
    pub fn remove_range(&mut self, ranks: Range<usize>) {
        match &mut self.form {
            Form::Packed(packed) => packed.remove_range(ranks),
            Form::Table(table) => table.remove_range(ranks),
        }
    }

    /// The members of a range of ranks, which ends within the length, from either end.
    pub fn range(&self, ranks: Range<usize>) -> Iter<'_> {
        match &self.form {
            Form::Packed(packed) => Iter(Walk::Packed(packed.range(ranks))),
            Form::Table(table) => Iter(Walk::Table(table.range(ranks))),
        }
    }

    /// All members in order.
    pub fn iter(&self) -> Iter<'_> {
        self.range(0..self.len())
    }

    /// The ranks of the members whose scores lie between two bounds.
    pub fn score_range(&self, min: Bound<Score>, max: Bound<Score>) -> Range<usize> {
        let start = self.partition_point_by_score(|score| match min {
            Bound::Unbounded => false,
            Bound::Included(min) => score < min,
            Bound::Excluded(min) => score <= min,
        });
        let end = self.partition_point_by_score(|score| match max {
            Bound::Unbounded => true,
            Bound::Included(max) => score <= max,
            Bound::Excluded(max) => score < max,
        });
        start..end.max(start)
    }

    /// The ranks of the members whose bytes lie between two bounds. Means something only where all
    /// scores are equal, as in Redis.
    pub fn lex_range(&self, min: LexBound<'_>, max: LexBound<'_>) -> Range<usize> {
        let start = self.partition_point(|member, _| min.begins_after(member));
        let end = self.partition_point(|member, _| max.ends_after(member));
        start..end.max(start)
    }

    /// The member with an index in the order of the form: O(1) unless the set is packed.
    pub fn get_index(&self, index: usize) -> Option<(Item<'_>, Score)> {
        match &self.form {
            Form::Packed(packed) if index < packed.len() => packed.range(index..index + 1).next(),
            Form::Table(table) if index < table.len() => Some(table.at(index)),
            _ => None,
        }
    }

    /// Any member, each as likely as another if every `pick` is.
    pub fn random(&self, pick: u64) -> Option<(Item<'_>, Score)> {
        let len = self.len() as u64;
        self.get_index(pick.checked_rem(len)? as usize)
    }

    /// The cursor to go on with and the next members of a walk, as `Hash::scan`.
    pub fn scan(&self, cursor: u64, count: usize) -> (u64, Vec<(Item<'_>, Score)>) {
        match &self.form {
            Form::Packed(packed) => (0, packed.range(0..packed.len()).collect()),
            Form::Table(table) => {
                let range = super::scanned(cursor, count, table.len());
                let members = range.clone().rev().map(|slot| table.at(slot));
                (range.start as u64, members.collect())
            }
        }
    }

    /// As `Hash::look_ahead`, for members and the scores that they may be given.
    pub(in crate::types) fn look_ahead(&self, words: &[Words]) {
        if let Form::Table(table) = &self.form {
            table.look_ahead(words);
        }
    }

    /// As `Hash::pieces`.
    pub(in crate::types) fn pieces(&self) -> usize {
        match &self.form {
            Form::Packed(_) => 1,
            Form::Table(table) => table.pieces(),
        }
    }

    /// As `Hash::free_some`.
    pub(in crate::types) fn free_some(&mut self, most: usize) -> usize {
        match &mut self.form {
            Form::Packed(_) => 0,
            Form::Table(table) => table.free_some(most),
        }
    }

    /// Gives back room that was taken while the value was made.
    pub(super) fn fit(&mut self) {
        if let Form::Packed(packed) = &mut self.form {
            packed.trim();
        }
    }

    fn partition_point(&self, before: impl Fn(&[u8], Score) -> bool) -> usize {
        match &self.form {
            Form::Packed(packed) => packed.partition_point(before),
            Form::Table(table) => table.partition_point(before),
        }
    }

    fn partition_point_by_score(&self, before: impl Fn(Score) -> bool) -> usize {
        match &self.form {
            Form::Packed(packed) => packed.partition_point(|_, score| before(score)),
            Form::Table(table) => table.partition_point_by_score(before),
        }
    }

    /// The table, which the set becomes if it is not yet.
    fn table(&mut self, seed: Seed) -> &mut Table {
        if let Form::Packed(packed) = &mut self.form {
            let noted = packed.recorded();
            let mut table = Table::new(seed);
            let mut digits = itoa::Buffer::new();
            for (member, score) in packed.range(0..packed.len()) {
                table.add(member.bytes_in(&mut digits), score, Only::Any);
            }
            let form = core::mem::replace(&mut self.form, Form::Table(Box::new(table)));
            if let (Some(mut noted), Form::Table(table)) = (noted, &mut self.form) {
                let old = ZSet { form }.into_value();
                noted.push(crate::types::Inverse::Form(Box::new(old)));
                table.log.start(noted);
            }
        }
        match &mut self.form {
            Form::Table(table) => table,
            Form::Packed(_) => unreachable!("it was made a table above"),
        }
    }
}

/// Members with their scores, from either end.
#[derive(Debug, Clone)]
pub struct Iter<'a>(Walk<'a>);

#[derive(Debug, Clone)]
enum Walk<'a> {
    Packed(packed::Pairs<'a>),
    Table(table::Pairs<'a>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = (Item<'a>, Score);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Walk::Packed(pairs) => pairs.next(),
            Walk::Table(pairs) => pairs.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Walk::Packed(pairs) => pairs.size_hint(),
            Walk::Table(pairs) => pairs.size_hint(),
        }
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Walk::Packed(pairs) => pairs.next_back(),
            Walk::Table(pairs) => pairs.next_back(),
        }
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl Kind for ZSet {
    type View<'a> = &'a ZSet;

    kind!(ZSet);

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn size_bytes(&self) -> usize {
        match &self.form {
            Form::Packed(packed) => packed.size_bytes(),
            Form::Table(table) => table.size_bytes(),
        }
    }

    fn is_compact(&self) -> bool {
        matches!(&self.form, Form::Packed(packed) if packed.is_compact())
    }

    fn record(&mut self) {
        match &mut self.form {
            Form::Packed(packed) => packed.record(),
            Form::Table(table) => table.log.start(Inverses::default()),
        }
    }

    fn recorded(&mut self) -> Inverses {
        match &mut self.form {
            Form::Packed(packed) => packed.recorded().expect(NOT_RECORDING),
            Form::Table(table) => table.log.finish(),
        }
    }

    fn undo(&mut self, inverse: super::Inverse) {
        match (inverse, &mut self.form) {
            (super::Inverse::ZSet(inverse), Form::Table(table)) => table.undo(inverse),
            (super::Inverse::Rewind(rewind), Form::Packed(packed)) => packed.rewind(rewind),
            (super::Inverse::Form(old), _) => *self = super::taken(*old),
            _ => panic!("undo of another form than that of the sorted set"),
        }
    }
}

#[cfg(test)]
mod tests;
