//! Operations on the slab and the table together, as the keyspace uses them, beside a map of the standard library: what fuzzing
//! makes up, and in the tests of the crate what chance does.

use std::collections::{BTreeMap, BTreeSet};

use super::slab::{Block, CHUNKS_MAX, Handle, Slab};
use super::table::Table;

/// A block: its size, 0, its key, and the low byte of that as often as it takes.
struct Keyed;

const HEADER_BYTES: usize = 12;

impl Block for Keyed {
    fn size_bytes(block: &[u8]) -> usize {
        word(block, 0) as usize
    }
}

fn key_of(block: &[u8]) -> u32 {
    word(block, 8)
}

fn word(block: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(block[offset..offset + 4].try_into().expect("four bytes"))
}

#[derive(Default)]
struct Twin {
    table: Table,
    model: BTreeMap<u32, usize>,
    /// Bits of a hash that are alike for all keys.
    alike: u32,
    scan: Option<(u32, BTreeSet<u32>, BTreeSet<u32>)>,
}

/// Spreads keys well, but for the first bits.
fn hash(alike: u32, key: u32) -> u32 {
    (key.wrapping_mul(0x9E37_79B9)
        .rotate_left(15)
        .wrapping_mul(0x85EB_CA6B))
        >> alike
}

/// The hashes of what is in the slab.
fn hash_of(alike: u32, slab: &Slab<Keyed>) -> impl Fn(Handle) -> u32 {
    move |handle| hash(alike, key_of(slab.bytes(handle)))
}

impl Twin {
    fn hash(&self, key: u32) -> u32 {
        hash(self.alike, key)
    }

    fn find(&self, slab: &Slab<Keyed>, key: u32) -> Option<Handle> {
        let is_it = |handle| key_of(slab.bytes(handle)) == key;
        let found = self.table.find_at_home(self.hash(key), is_it);
        found.unwrap_or_else(|further| self.table.find_further(further, is_it))
    }

    fn put(&mut self, slab: &mut Slab<Keyed>, key: u32, size: usize) {
        let size = size + HEADER_BYTES;
        let (hash, old) = (self.hash(key), self.find(slab, key));
        assert_eq!(old.is_some(), self.model.insert(key, size).is_some());
        let new = slab.alloc(size).expect("handles are left");
        let block = &mut slab.bytes_mut(new)[..size];
        block.fill(key as u8);
        for (place, word) in [size as u32, 0, key].into_iter().enumerate() {
            block[4 * place..][..4].copy_from_slice(&word.to_le_bytes());
        }
        match old {
            Some(old) => {
                assert!(self.table.replace(hash, old, new));
                slab.free(old);
            }
            None => self.table.insert(hash, new, hash_of(self.alike, slab)),
        }
    }

    fn remove(&mut self, slab: &mut Slab<Keyed>, key: u32) {
        let found = self.find(slab, key);
        assert_eq!(found.is_some(), self.model.remove(&key).is_some());
        if let Some(handle) = found {
            let hash_of = hash_of(self.alike, slab);
            assert!(self.table.remove(self.hash(key), handle, hash_of));
            slab.free(handle);
        }
        if let Some((_, all_along, _)) = &mut self.scan {
            all_along.remove(&key);
        }
    }

    fn scan(&mut self, slab: &Slab<Keyed>) {
        let model = &self.model;
        let begin = || (0, model.keys().copied().collect(), BTreeSet::new());
        let (cursor, all_along, seen) = self.scan.get_or_insert_with(begin);
        let hash_of = hash_of(self.alike, slab);
        *cursor = self.table.scan(*cursor, hash_of, |handle| {
            let key = key_of(slab.bytes(handle));
            assert!(model.contains_key(&key));
            seen.insert(key);
        });
        if *cursor == 0 {
            assert!(seen.is_superset(all_along));
            self.scan = None;
        }
    }

    fn compact(&mut self, slab: &mut Slab<Keyed>) {
        let mut next = Some(0);
        while let Some(from) = next {
            next = slab.compact(from, &mut |block, old, new| {
                let hash = hash(self.alike, key_of(block));
                assert!(self.table.replace(hash, old, new));
            });
        }
        let chunk = 1 << 16;
        let large: usize = self.model.values().filter(|size| **size > chunk / 8).sum();
        let live = slab.live_bytes();
        assert!(slab.reserved_bytes() <= (live - large.min(live)) / 7 * 8 + large * 2 + 2 * chunk);
    }

    fn check(&self, slab: &Slab<Keyed>) {
        let live = self.model.values().map(|size| size.next_multiple_of(4));
        assert_eq!(slab.live_bytes(), live.sum::<usize>());
        assert_eq!(self.table.len(), self.model.len());
        assert_eq!(self.table.iter().count(), self.model.len());
        for (key, size) in &self.model {
            let handle = self.find(slab, *key).expect("it stands");
            let block = &slab.bytes(handle)[..*size];
            assert_eq!(Keyed::size_bytes(block), *size);
            assert!(block[HEADER_BYTES..].iter().all(|byte| *byte == *key as u8));
        }
    }
}

/// Carries out what the bytes say. Panics where the slab and the table are not as the map is.
pub fn drive(input: &[u8]) {
    let mut input = input.iter().copied();
    let mut slab = Slab::new(CHUNKS_MAX);
    let mut twin = Twin {
        alike: u32::from(input.next().unwrap_or_default() % 4) * 5,
        ..Twin::default()
    };
    // An operation is four bytes: what, a key, how many, how large.
    while let (Some(what), Some(key), Some(times), Some(size)) =
        (input.next(), input.next(), input.next(), input.next())
    {
        let keys = (0..u32::from(times)).map(|step| u32::from(key) * 16 + step);
        let size = usize::from(size) << (what >> 5);
        match what % 8 {
            0..=3 => keys.for_each(|key| twin.put(&mut slab, key, size)),
            4 | 5 => keys.for_each(|key| twin.remove(&mut slab, key)),
            6 => (0..times).for_each(|_| twin.scan(&slab)),
            _ => twin.compact(&mut slab),
        }
    }
    twin.check(&slab);
    let keys: Vec<u32> = twin.model.keys().copied().collect();
    keys.into_iter().for_each(|key| twin.remove(&mut slab, key));
    twin.check(&slab);
    assert!(slab.reserved_bytes() <= 1 << 16);
}
