//! A table whose entries are numbered, found by their name, and whose growth no call pays for alone.

use alloc::vec::Vec;

use hashbrown::HashTable;

use super::Seed;

/// Entries in a chunk: what stands behind the last full one is all that a growth moves.
const CHUNK: usize = 512;
/// References in a segment of the index: splitting one takes some tens of microseconds.
const SEGMENT_MAX: usize = 3584;
/// Names that are looked ahead for at a time.
pub(super) const AHEAD: usize = 16;
/// A table of fewer entries is in the caches of the processor as it is, or soon will be.
const CACHED_LEN: usize = 4096;
/// Bits of a hash that can choose a segment.
const HASH_BITS: u32 = u32::BITS;

/// What a table finds by bytes.
pub(super) trait Named {
    fn name(&self) -> &[u8];
}

/// Entries by slot, their position, and by name: O(1) expected.
///
/// A removal moves the last entry into the gap, so that slots stay dense: any can be drawn at random,
/// and a walk from the last to the first meets what stands all along. The index is extendible
/// hashing over hashbrown's tables: the top bits of a hash choose a segment, a full segment splits
/// by itself.
///
/// Invariants: each chunk but the last is full; `index` holds exactly the slots below `len`; the
/// entries of `directory` that share a segment's bits are all of that segment.
#[derive(Debug, Clone)]
pub(super) struct Slots<E> {
    chunks: Vec<Vec<E>>,
    len: usize,
    /// Which segment holds the hashes that begin so; 2^`depth` of them.
    directory: Vec<u32>,
    depth: u32,
    segments: Vec<Segment>,
    seed: Seed,
}

#[derive(Debug, Clone)]
struct Segment {
    /// How many top bits its hashes share.
    depth: u32,
    table: HashTable<Reference>,
}

/// An entry in the index, with enough of its hash to move it without a look at its name.
#[derive(Debug, Clone, Copy)]
struct Reference {
    hash: u32,
    slot: u32,
}

impl Reference {
    /// What hashbrown wants: good bits at both ends of a word of any width.
    fn spread(self) -> u64 {
        spread(self.hash)
    }
}

fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl<E: Named> Slots<E> {
    pub fn new(seed: Seed) -> Slots<E> {
        Slots {
            chunks: Vec::new(),
            len: 0,
            directory: vec![0],
            depth: 0,
            segments: vec![Segment {
                depth: 0,
                table: HashTable::new(),
            }],
            seed,
        }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The hash of a name, which `find` and `push` want.
    pub fn hash(&self, name: &[u8]) -> u32 {
        (self.seed.hash(name) >> 32) as u32
    }

    pub fn find(&self, hash: u32, name: &[u8]) -> Option<usize> {
        let segment = &self.segments[self.segment_of(hash)];
        let found = segment.table.find(spread(hash), |reference| {
            reference.hash == hash && self[reference.slot as usize].name() == name
        });
        found.map(|reference| reference.slot as usize)
    }

    /// The slot of an entry whose name has that hash. It need not be the one that is sought, and is not looked at.
    #[cfg(feature = "sorted-sets")]
    #[inline]
    pub fn find_hash(&self, hash: u32) -> Option<usize> {
        let segment = &self.segments[self.segment_of(hash)];
        let found = (segment.table).find(spread(hash), |reference| reference.hash == hash);
        found.map(|reference| reference.slot as usize)
    }

    /// Whether the table is so small that looking ahead brings nothing.
    pub fn is_cached(&self) -> bool {
        self.len < CACHED_LEN
    }

    /// Has the caches fetch what `find` will read for each name, up to `AHEAD` of them, as `Keyspace::look_ahead` does for
    /// keys: no look-up waits for another here. Gives an entry that may be the one, for what is to be read of it next.
    pub fn look_ahead<'n>(&self, names: impl Iterator<Item = &'n [u8]>) -> [Option<&E>; AHEAD] {
        let mut entries = [None; AHEAD];
        if self.is_cached() {
            return entries;
        }
        let mut references = [None; AHEAD];
        for (reference, name) in references.iter_mut().zip(names) {
            let hash = self.hash(name);
            let segment = &self.segments[self.segment_of(hash)];
            *reference = segment.table.find(spread(hash), |_| true);
        }
        for (entry, reference) in entries.iter_mut().zip(references) {
            *entry = reference.and_then(|reference: &Reference| self.get(reference.slot as usize));
        }
        let read = |read, entry: &&E| read ^ entry.name().first().copied().unwrap_or_default();
        core::hint::black_box(entries.iter().flatten().fold(0, read));
        entries
    }

    pub fn find_name(&self, name: &[u8]) -> Option<usize> {
        self.find(self.hash(name), name)
    }

    /// Puts an entry that is not there yet into the next slot.
    pub fn push(&mut self, hash: u32, entry: E) {
        let slot = u32::try_from(self.len).expect("memory ends before four billion entries");
        let segment = self.segment_with_room(hash);
        let reference = Reference { hash, slot };
        segment
            .table
            .insert_unique(reference.spread(), reference, |other| other.spread());
        if self.len.is_multiple_of(CHUNK) {
            let room = if self.len == 0 { 4 } else { CHUNK };
            self.chunks.push(Vec::with_capacity(room));
        }
        self.chunks[self.len / CHUNK].push(entry);
        self.len += 1;
    }

    /// Takes out the last entry.
    pub fn pop(&mut self) -> Option<E> {
        let last = self.len.checked_sub(1)?;
        let hash = self.hash(self[last].name());
        self.forget(hash, last);
        self.pop_entry()
    }

    /// Takes out the entry in a slot, of that hash; the last one moves into its place.
    pub fn swap_remove(&mut self, hash: u32, slot: usize) -> E {
        self.forget(hash, slot);
        let last = self.len - 1;
        if slot < last {
            let hash = self.hash(self[last].name());
            self.rename(hash, last, slot as u32);
            self.swap_entries(slot, last);
        }
        self.pop_entry().expect("a slot in use")
    }

    /// Puts an entry that is not there yet into a slot; what stood there moves to the end.
    pub fn insert_at(&mut self, slot: usize, entry: E) {
        self.push(self.hash(entry.name()), entry);
        self.swap(slot, self.len - 1);
    }

    /// Exchanges the slots of two entries.
    fn swap(&mut self, one: usize, other: usize) {
        if one == other {
            return;
        }
        let hashes = [one, other].map(|slot| self.hash(self[slot].name()));
        // The first goes by a number that no slot has until the second has left its own.
        let nowhere = u32::MAX;
        self.rename(hashes[0], one, nowhere);
        self.rename(hashes[1], other, one as u32);
        self.rename(hashes[0], nowhere as usize, other as u32);
        self.swap_entries(one, other);
    }

    fn swap_entries(&mut self, one: usize, other: usize) {
        let (low, high) = (one.min(other), one.max(other));
        let (before, behind) = self.chunks.split_at_mut(high / CHUNK);
        match before.get_mut(low / CHUNK) {
            Some(chunk) => core::mem::swap(&mut chunk[low % CHUNK], &mut behind[0][high % CHUNK]),
            None => behind[0].swap(low % CHUNK, high % CHUNK),
        }
    }

    pub fn get(&self, slot: usize) -> Option<&E> {
        self.chunks.get(slot / CHUNK)?.get(slot % CHUNK)
    }

    pub fn iter(&self) -> Iter<'_, E> {
        self.chunks.iter().flatten()
    }

    /// Lets go of so many entries at most, for a table that nobody will look into again; how many.
    pub fn free(&mut self, most: usize) -> usize {
        // Without its index the table is only a stack of entries.
        self.segments.truncate(1);
        let freed = most.min(self.len);
        for _ in 0..freed {
            self.pop_entry();
        }
        freed
    }

    fn pop_entry(&mut self) -> Option<E> {
        let chunk = self.chunks.last_mut()?;
        let entry = chunk.pop();
        if chunk.is_empty() {
            self.chunks.pop();
        }
        self.len -= 1;
        entry
    }

    fn segment_of(&self, hash: u32) -> usize {
        let place = u64::from(hash) >> (HASH_BITS - self.depth);
        self.directory[place as usize] as usize
    }

    fn segment_with_room(&mut self, hash: u32) -> &mut Segment {
        loop {
            let at = self.segment_of(hash);
            let segment = &self.segments[at];
            if segment.table.len() < SEGMENT_MAX || segment.depth == HASH_BITS {
                return &mut self.segments[at];
            }
            self.split(at, hash);
        }
    }

    /// Splits the segment of a hash by one more bit.
    fn split(&mut self, at: usize, hash: u32) {
        if self.segments[at].depth == self.depth {
            self.directory = (self.directory.iter())
                .flat_map(|&segment| [segment, segment])
                .collect();
            self.depth += 1;
        }
        let depth = self.segments[at].depth + 1;
        let is_right = |hash: u32| hash >> (HASH_BITS - depth) & 1 == 1;
        let mut right = HashTable::with_capacity(SEGMENT_MAX);
        let left = &mut self.segments[at];
        left.depth = depth;
        for moved in left.table.extract_if(|it| is_right(it.hash)) {
            right.insert_unique(moved.spread(), moved, |other| other.spread());
        }
        let new = self.segments.len() as u32;
        self.segments.push(Segment {
            depth,
            table: right,
        });
        // The places that begin with the bits of the right half lie side by side.
        let prefix = (u64::from(hash) >> (HASH_BITS - depth)) | 1;
        let width = self.depth - depth;
        let start = (prefix << width) as usize;
        self.directory[start..start + (1 << width)].fill(new);
    }

    /// Takes a slot out of the index.
    fn forget(&mut self, hash: u32, slot: usize) {
        let at = self.segment_of(hash);
        let found = (self.segments[at].table)
            .find_entry(spread(hash), |reference| reference.slot as usize == slot);
        match found {
            Ok(found) => {
                found.remove();
            }
            Err(_) => unreachable!("the index holds every slot"),
        }
    }

    fn rename(&mut self, hash: u32, slot: usize, new: u32) {
        let at = self.segment_of(hash);
        let found = (self.segments[at].table)
            .find_mut(spread(hash), |reference| reference.slot as usize == slot);
        found.expect("the index holds every slot").slot = new;
    }
}

/// Over the entries, by slot.
pub(super) type Iter<'a, E> = core::iter::Flatten<core::slice::Iter<'a, Vec<E>>>;

impl<E> core::ops::Index<usize> for Slots<E> {
    type Output = E;

    fn index(&self, slot: usize) -> &E {
        &self.chunks[slot / CHUNK][slot % CHUNK]
    }
}

impl<E> core::ops::IndexMut<usize> for Slots<E> {
    fn index_mut(&mut self, slot: usize) -> &mut E {
        &mut self.chunks[slot / CHUNK][slot % CHUNK]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone, PartialEq)]
    struct Word(String);

    impl Named for Word {
        fn name(&self) -> &[u8] {
            self.0.as_bytes()
        }
    }

    fn word(number: usize) -> Word {
        Word(format!("word:{number}"))
    }

    fn push(slots: &mut Slots<Word>, word: Word) {
        slots.push(slots.hash(word.name()), word);
    }

    /// That the index finds every entry in its slot, and nothing else is in it.
    fn check(slots: &Slots<Word>) {
        for (slot, word) in slots.iter().enumerate() {
            assert_eq!(slots.find_name(word.name()), Some(slot));
        }
        let indexed: usize = slots.segments.iter().map(|it| it.table.len()).sum();
        assert_eq!(indexed, slots.len());
        assert_eq!(slots.directory.len(), 1 << slots.depth);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn it_is_a_vector_that_finds_its_words(
            pushed in 0usize..12_000,
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4), 0..800),
        ) {
            let mut slots = Slots::new(Seed::default());
            let mut twin: Vec<Word> = (0..pushed).map(word).collect();
            twin.iter().cloned().for_each(|word| push(&mut slots, word));
            for (number, (one, other, change)) in changes.into_iter().enumerate() {
                if twin.is_empty() || change == 0 {
                    let word = word(pushed + number);
                    twin.push(word.clone());
                    push(&mut slots, word);
                } else if change == 1 {
                    let slot = one.index(twin.len());
                    let hash = slots.hash(twin[slot].name());
                    prop_assert_eq!(slots.swap_remove(hash, slot), twin.swap_remove(slot));
                } else if change == 2 {
                    let (one, other) = (one.index(twin.len()), other.index(twin.len()));
                    slots.swap(one, other);
                    twin.swap(one, other);
                } else {
                    prop_assert_eq!(slots.pop(), twin.pop());
                }
            }
            check(&slots);
            prop_assert_eq!(slots.iter().cloned().collect::<Vec<_>>(), twin);
        }
    }

    #[test]
    fn a_growth_moves_one_segment_at_a_time() {
        let mut slots = Slots::new(Seed::default());
        for number in 0..100_000 {
            push(&mut slots, word(number));
        }
        check(&slots);
        assert!(slots.segments.len() > 100_000 / SEGMENT_MAX);
        assert!(
            slots
                .segments
                .iter()
                .all(|it| it.table.len() <= SEGMENT_MAX)
        );
    }

    #[test]
    fn it_is_freed_in_pieces() {
        let mut slots = Slots::new(Seed::default());
        (0..10_000).for_each(|number| push(&mut slots, word(number)));
        assert_eq!(slots.free(6_000), 6_000);
        assert_eq!(slots.len(), 4_000);
        assert_eq!(slots.free(6_000), 4_000);
        assert_eq!(slots.free(6_000), 0);
    }
}
