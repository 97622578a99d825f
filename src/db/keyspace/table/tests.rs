use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::db::split_mix;

/// The table beside a model: which handle has which hash. A handle is one more than its place in `hashes`.
#[derive(Default)]
struct Twin {
    table: Table,
    hashes: Vec<u32>,
    standing: BTreeMap<Handle, u32>,
    scan: Option<Scan>,
    /// The most hashes that one call asked for.
    most_asked: usize,
}

/// A scan under way.
struct Scan {
    cursor: u32,
    /// What stood from its start until now.
    all_along: BTreeSet<Handle>,
    seen: BTreeSet<Handle>,
}

fn handle(number: usize) -> Handle {
    Handle::new(number as u32).expect("not 0")
}

/// The hashes of the handles, and how often they were asked for.
fn ask<'a>(hashes: &'a [u32], asked: &'a Cell<usize>) -> impl Fn(Handle) -> u32 + 'a {
    move |handle| {
        asked.set(asked.get() + 1);
        hashes[handle.get() as usize - 1]
    }
}

impl Twin {
    fn insert(&mut self, hash: u32) -> Handle {
        self.hashes.push(hash);
        let handle = handle(self.hashes.len());
        let asked = Cell::new(0);
        self.table.insert(hash, handle, ask(&self.hashes, &asked));
        self.most_asked = self.most_asked.max(asked.get());
        self.standing.insert(handle, hash);
        handle
    }

    fn remove(&mut self, handle: Handle) {
        let hash = self.standing.remove(&handle).expect("it stands");
        let asked = Cell::new(0);
        let ask = ask(&self.hashes, &asked);
        assert!(self.table.remove(hash, handle, &ask));
        assert!(!self.table.remove(hash, handle, &ask));
        self.most_asked = self.most_asked.max(asked.get());
        if let Some(scan) = &mut self.scan {
            scan.all_along.remove(&handle);
        }
    }

    fn replace(&mut self, old: Handle) {
        let hash = self.standing.remove(&old).expect("it stands");
        self.hashes.push(hash);
        let new = handle(self.hashes.len());
        assert!(self.table.replace(hash, old, new));
        assert!(!self.table.replace(hash, old, new));
        self.standing.insert(new, hash);
        if let Some(scan) = &mut self.scan {
            // It is the same entry by another name.
            for names in [&mut scan.all_along, &mut scan.seen] {
                if names.remove(&old) {
                    names.insert(new);
                }
            }
        }
    }

    /// The first from about this place on.
    fn nth(&self, nth: usize) -> Option<Handle> {
        let place = handle(nth % self.hashes.len().max(1) + 1);
        let mut from = self.standing.range(place..);
        let (handle, _) = from.next().or_else(|| self.standing.first_key_value())?;
        Some(*handle)
    }

    /// One call of a scan, and how many hashes it asked for; at its end, what the guarantee says of it.
    fn scan(&mut self) -> usize {
        let standing = &self.standing;
        let scan = self.scan.get_or_insert_with(|| Scan {
            cursor: 0,
            all_along: standing.keys().copied().collect(),
            seen: BTreeSet::new(),
        });
        let asked = Cell::new(0);
        let hash_of = ask(&self.hashes, &asked);
        let next = self.table.scan(scan.cursor, hash_of, |handle| {
            assert!(standing.contains_key(&handle), "{handle:?} is not there");
            assert!(scan.seen.insert(handle), "{handle:?} came twice");
        });
        assert!(next == 0 || next > scan.cursor);
        scan.cursor = next;
        if next == 0 {
            let scan = self.scan.take().expect("it is under way");
            assert!(
                scan.seen.is_superset(&scan.all_along),
                "an entry was missed"
            );
        }
        asked.get()
    }

    fn check(&self) {
        assert_eq!(self.table.len(), self.standing.len());
        let mut all: Vec<Handle> = self.table.iter().collect();
        all.sort_unstable();
        assert!(all.iter().eq(self.standing.keys()));
        for (handle, hash) in &self.standing {
            let found = find(&self.table, *hash, |candidate| candidate == *handle);
            assert_eq!(found, Some(*handle));
        }
        self.check_segments();
    }

    fn check_segments(&self) {
        let table = &self.table;
        assert_eq!(table.pages.len(), table.segments.len());
        let stashed: usize = table.segments.iter().map(|one| one.stash.len()).sum();
        assert_eq!(table.stashed, stashed);
        let Some(last) = table.directory.len().checked_sub(1) else {
            return;
        };
        assert_eq!(last + 1, 1 << table.depth);
        let mut depths = [0; DEPTH_MAX as usize + 1];
        for (at, (segment, page)) in table.segments.iter().zip(&table.pages).enumerate() {
            depths[segment.depth as usize] += 1;
            assert_eq!(segment.len, entries_of(page, segment).count());
            let mut passed = [0; BUCKETS];
            for (bucket, slots) in page.iter().enumerate() {
                for (slot, handle) in slots.handles.iter().enumerate() {
                    let Some(handle) = handle else {
                        assert_eq!(slots.print(slot), 0);
                        assert_eq!(slots.marks.strayed() >> slot & 1, 0);
                        continue;
                    };
                    let hash = self.standing[handle];
                    let print = hash >> tag_shift(segment.depth);
                    assert_eq!(slots.tags[slot], tag_of(print));
                    assert_eq!(slots.marks.next(slot), print >> u8::BITS & 1);
                    let home = home_of(hash, segment.depth);
                    let has_strayed = slots.marks.strayed() >> slot & 1 == 1;
                    assert_eq!(has_strayed, home != bucket);
                    from_home(home)
                        .take_while(|at| *at != bucket)
                        .for_each(|at| passed[at] += 1);
                }
            }
            passed
                .iter_mut()
                .for_each(|passed| *passed += segment.stash.len());
            for (bucket, passed) in page.iter().zip(passed) {
                let told = bucket.marks.passed();
                assert!(told == u8::MAX || usize::from(told) == passed);
            }
            for handle in entries_of(page, segment) {
                let route = table.route(self.standing[&handle]).expect("a directory");
                assert_eq!((route.segment(), route.depth()), (at, segment.depth));
            }
        }
        assert_eq!(depths, table.depths);
        assert!(
            depths[table.depth as usize] > 0,
            "the directory is too large"
        );
    }
}

/// How alike the hashes of a test are.
#[derive(Debug, Clone, Copy)]
enum Hashes {
    Good,
    /// They begin alike, as no good function would have it.
    Alike,
    Same,
}

#[derive(Debug, Clone)]
enum Op {
    Insert(usize),
    Remove { nth: usize, times: usize },
    RemoveFrom { first: u32, bits: u32 },
    Replace(usize),
    Scan(usize),
    Clear,
}

const SCALE: usize = if cfg!(miri) { 40 } else { 1 };

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        8 => (1..2000 / SCALE).prop_map(Op::Insert),
        4 => (any::<usize>(), 1..1500 / SCALE).prop_map(|(nth, times)| Op::Remove { nth, times }),
        2 => (any::<u32>(), 0..4u32).prop_map(|(first, bits)| Op::RemoveFrom { first, bits }),
        2 => any::<usize>().prop_map(Op::Replace),
        8 => (1..200 / SCALE).prop_map(Op::Scan),
        1 => Just(Op::Clear),
    ];
    prop::collection::vec(op, 1..if cfg!(miri) { 8 } else { 30 })
}

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(if cfg!(miri) { 3 } else { 32 })
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn everything_is_found_and_a_scan_meets_what_stands_all_along(
        ops in ops(),
        hashes in prop_oneof![6 => Just(Hashes::Good), 1 => Just(Hashes::Alike), 1 => Just(Hashes::Same)],
        mut seed: u64,
    ) {
        let mut twin = Twin::default();
        let mut draw = || {
            let hash = split_mix(&mut seed) as u32;
            match hashes {
                Hashes::Good => hash,
                Hashes::Alike => hash >> 18 | 0x1234 << 18,
                Hashes::Same => 0x8765_4321,
            }
        };
        for (at, op) in ops.into_iter().enumerate() {
            match op {
                Op::Insert(times) => for _ in 0..times {
                    twin.insert(draw());
                },
                Op::Remove { nth, times } => for step in 0..times {
                    if let Some(handle) = twin.nth(nth.wrapping_mul(step + 1)) {
                        twin.remove(handle);
                    }
                },
                Op::RemoveFrom { first, bits } => {
                    let near = |hash: u32| (hash ^ first).leading_zeros() >= bits;
                    let near = twin.standing.iter().filter(|(_, hash)| near(**hash));
                    let near: Vec<Handle> = near.map(|(handle, _)| *handle).collect();
                    near.into_iter().for_each(|handle| twin.remove(handle));
                }
                Op::Replace(nth) => if let Some(handle) = twin.nth(nth) {
                    twin.replace(handle);
                },
                Op::Scan(times) => for _ in 0..times {
                    twin.scan();
                },
                Op::Clear => {
                    twin.table = Table::default();
                    twin.standing.clear();
                    twin.scan = None;
                }
            }
            if at % 4 == 0 {
                twin.check();
            }
        }
        twin.check();
        if let Hashes::Good = hashes {
            prop_assert!(twin.most_asked <= SPLIT_LEN);
            prop_assert_eq!(twin.table.stashed, 0);
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "takes Miri minutes")]
fn a_call_moves_one_segment_at_most() {
    let (mut twin, mut seed) = (Twin::default(), 1);
    let mut pages = 0;
    for _ in 0..40_000 {
        twin.insert(split_mix(&mut seed) as u32);
        assert!(twin.table.pages.len() <= pages + 1);
        pages = twin.table.pages.len();
    }
    assert!(pages > 64);
    twin.check();
    while let Some(handle) = twin.nth(0) {
        twin.remove(handle);
        assert!(twin.table.pages.len() + 1 >= pages);
        pages = twin.table.pages.len();
    }
    assert!(twin.most_asked <= SPLIT_LEN);
    assert_eq!((pages, twin.table.directory.len()), (1, 1));
}

#[test]
#[cfg_attr(miri, ignore = "takes Miri minutes")]
fn two_of_three_splits_ask_for_few_hashes() {
    let (mut twin, mut seed) = (Twin::default(), 1);
    let (mut few, mut all) = (0, 0);
    for _ in 0..80_000 {
        let (hash, pages) = (split_mix(&mut seed) as u32, twin.table.pages.len());
        twin.most_asked = 0;
        twin.insert(hash);
        if pages == 0 || twin.table.pages.len() == pages {
            continue;
        }
        let depth = twin.table.route(hash).expect("a directory").depth();
        if tag_shift(depth) == tag_shift(depth - 1) {
            few += 1;
            assert!(twin.most_asked < SPLIT_LEN / 4, "{}", twin.most_asked);
        } else {
            all += 1;
            assert!(twin.most_asked >= SPLIT_LEN);
        }
    }
    assert!(few > 60 && all > 30, "{few} {all}");
}

#[test]
#[cfg_attr(miri, ignore = "takes Miri minutes")]
fn merges_and_scans_ask_for_the_hashes_of_what_strayed() {
    let (mut twin, mut seed) = (Twin::default(), 1);
    for _ in 0..40_000 {
        twin.insert(split_mix(&mut seed) as u32);
    }
    twin.most_asked = 0;
    let pages = twin.table.pages.len();
    let mut scanned = (0, 0);
    while scanned == (0, 0) || twin.scan.is_some() {
        let asked = twin.scan();
        scanned = (scanned.0 + asked, scanned.1.max(asked));
    }
    assert!(scanned.0 < 40_000 / 4, "{scanned:?}");
    while let Some(handle) = twin.nth(0) {
        twin.remove(handle);
    }
    assert!(pages > 64 && twin.table.pages.len() == 1);
    assert!(twin.most_asked < MERGE_LEN / 4, "{}", twin.most_asked);
}

#[test]
fn a_bucket_knows_the_bit_by_which_its_segment_splits() {
    for depth in 0..DEPTH_MAX {
        let bit = u32::BITS - BUCKET_BITS - 1 - depth;
        let in_print = bit.checked_sub(tag_shift(depth)).expect("a bit of a print");
        // The lowest is not kept as it is, where a tag would be 0.
        assert!((1..PRINT_BITS).contains(&in_print), "{depth}: {in_print}");
    }
}

#[test]
fn a_bucket_knows_where_an_entry_goes_when_two_segments_become_one() {
    let mut seed = 1;
    for depth in 1..=DEPTH_MAX {
        for _ in 0..500 {
            let mut hash = split_mix(&mut seed) as u32;
            if hash.is_multiple_of(4) {
                // A tag of 0 is kept as 1.
                hash &= !(0xff << tag_shift(depth));
            }
            let mut bucket = Bucket::EMPTY;
            bucket.fill(0, hash >> tag_shift(depth), handle(1), false);
            let first = hash & !(u32::MAX >> (depth + BUCKET_BITS));
            let known = known_of(first, bucket.print(0), depth);
            let place = |hash: u32| {
                let print = hash >> tag_shift(depth - 1);
                let next = print >> u8::BITS & 1;
                (home_of(hash, depth - 1), tag_of(print), next)
            };
            assert_eq!(place(known), place(hash), "{depth}: {hash:#x}");
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "takes Miri minutes")]
fn hashes_that_are_all_the_same_cost_time_and_no_memory() {
    let mut twin = Twin::default();
    for _ in 0..2 * SEGMENT_SLOTS {
        twin.insert(7);
    }
    twin.check();
    assert!(twin.table.stashed > 0);
    assert!(twin.table.directory.len() <= 64 * DIRECTORY_MAX);
    assert!(twin.table.draw(|| 3).is_some());
    while let Some(handle) = twin.nth(0) {
        twin.remove(handle);
    }
    twin.check();
}

#[test]
#[cfg_attr(miri, ignore = "takes Miri minutes")]
fn every_entry_is_drawn_as_often_as_the_others() {
    // One segment is nearly empty, its neighbour nearly full; the rest is deeper.
    let (mut twin, mut seed) = (Twin::default(), 1);
    for at in 0..3000 {
        let hash = split_mix(&mut seed) as u32;
        twin.insert(if at % 8 == 0 { hash } else { hash | 1 << 31 });
    }
    const DRAWS_EACH: usize = 50;
    let mut drawn: BTreeMap<Handle, usize> = BTreeMap::new();
    for _ in 0..DRAWS_EACH * twin.standing.len() {
        let handle = twin.table.draw(|| split_mix(&mut seed)).expect("not empty");
        *drawn.entry(handle).or_default() += 1;
    }
    assert_eq!(drawn.len(), twin.standing.len());
    // Seven standard deviations of a fair draw: about the square root of the mean.
    assert!(drawn.values().all(|times| times.abs_diff(DRAWS_EACH) < 50));
    let low = drawn
        .iter()
        .filter(|(handle, _)| twin.standing[handle] >> 31 == 0);
    let low_times: usize = low.clone().map(|(_, times)| times).sum();
    let mean = low_times as f64 / low.count() as f64;
    assert!((mean - DRAWS_EACH as f64).abs() < 3.0, "{mean}");
}

#[test]
fn a_bucket_finds_its_tags() {
    let mut bucket = Bucket::EMPTY;
    for tag in 1..=12u8 {
        assert!(bucket.put(u32::from(tag) * 21, handle(tag.into()), false));
    }
    assert!(!bucket.put(1, handle(99), false));
    assert_eq!(bucket.matches(0), 0);
    for tag in 1..=12 {
        let matches = bucket.matches(tag * 21);
        assert_eq!(
            bucket.handles[Bucket::slot_of(matches)],
            Some(handle(tag.into()))
        );
    }
    assert_eq!(bucket.matches(5), 0);
}

fn find(table: &Table, hash: u32, is_it: impl Fn(Handle) -> bool) -> Option<Handle> {
    let found = table.find_at_home(hash, &is_it);
    found.unwrap_or_else(|further| table.find_further(further, &is_it))
}
