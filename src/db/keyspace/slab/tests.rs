use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A block of the tests: its number, its size, and bytes that follow from both.
#[derive(Debug)]
struct Numbered;

impl Block for Numbered {
    fn size_bytes(block: &[u8]) -> usize {
        read_word(block, 8) as usize
    }
}

/// The slab beside a model: what was put where.
struct Twin {
    slab: Slab<Numbered>,
    sizes: BTreeMap<Handle, (u32, usize)>,
    count: u32,
}

impl Twin {
    fn new() -> Twin {
        Twin {
            slab: Slab::new(CHUNKS_MAX),
            sizes: BTreeMap::new(),
            count: 0,
        }
    }

    fn alloc(&mut self, size_bytes: usize) -> Handle {
        let size_bytes = size_bytes.max(12);
        let handle = self.slab.alloc(size_bytes).expect("handles are left");
        self.count += 1;
        write(&mut self.slab.bytes_mut(handle)[..size_bytes], self.count);
        let before = self.sizes.insert(handle, (self.count, size_bytes));
        assert_eq!(before, None, "{handle:?} is in use");
        handle
    }

    fn free(&mut self, handle: Handle) {
        self.sizes.remove(&handle).expect("a block of ours");
        self.slab.free(handle);
    }

    fn free_nth(&mut self, nth: usize) {
        if let Some(nth) = nth.checked_rem(self.sizes.len()) {
            let handle = *self.sizes.keys().nth(nth).expect("below the length");
            self.free(handle);
        }
    }

    fn compact(&mut self) {
        let (slab, sizes) = (&mut self.slab, &mut self.sizes);
        let mut next = Some(0);
        while let Some(from) = next {
            next = slab.compact(from, &mut |block, old, new| {
                let known = sizes.remove(&old).expect("a block of ours moves");
                assert_eq!(read_word(block, 0), known.0);
                assert_eq!(sizes.insert(new, known), None, "{new:?} is in use");
            });
        }
    }

    /// Everything that the slab promises, and what it has in it.
    fn check(&self) {
        let units = |size: usize| size.div_ceil(UNIT_BYTES).max(3);
        let live: usize = self.sizes.values().map(|(_, size)| units(*size)).sum();
        assert_eq!(self.slab.live_bytes(), live * UNIT_BYTES);
        let reserved: usize = self.slab.chunks.iter().map(|chunk| chunk.len()).sum();
        assert_eq!(self.slab.reserved_bytes(), reserved);
        for (handle, (number, size)) in &self.sizes {
            let mut expected = vec![0; *size];
            write(&mut expected, *number);
            assert!(self.slab.bytes(*handle)[..*size] == expected);
        }
        self.check_chunks();
    }

    /// Every chunk is blocks without a gap, and the free ones are those of the lists.
    fn check_chunks(&self) {
        let mut walked = BTreeMap::new();
        let mut used = Vec::new();
        for chunk in 1..self.slab.chunks.len() {
            let bytes = self.slab.chunks[chunk].len();
            assert_eq!(bytes == 0, self.slab.vacant.contains(&(chunk as u32)));
            let (mut unit, mut live) = (0, 0);
            while let Some(part) = self.slab.part_at(chunk, unit) {
                match part {
                    Part::Free(units) => {
                        walked.insert(Handle::at(chunk, unit), units);
                    }
                    Part::Used(units) => {
                        used.push(Handle::at(chunk, unit));
                        live += units;
                    }
                    Part::Fresh(_) => {}
                }
                assert!(part.units() >= UNITS_MIN);
                unit += part.units();
                if unit as usize * UNIT_BYTES == bytes {
                    break;
                }
            }
            assert_eq!(unit as usize * UNIT_BYTES, bytes, "a gap in chunk {chunk}");
            assert_eq!(live, self.slab.live[chunk]);
        }
        assert!(used.iter().eq(self.sizes.keys()));
        let mut listed = BTreeMap::new();
        for (list, head) in self.slab.lists.iter().enumerate() {
            let is_filled = self.slab.filled[list / 64] >> (list % 64) & 1 == 1;
            assert_eq!(is_filled, head.is_some());
            let (mut previous, mut look) = (None, *head);
            while let Some(handle) = look {
                let (next, units) = self.slab.read_free(handle);
                assert_eq!(list_of(units), list);
                assert_eq!(
                    Handle::new(read_word(self.slab.bytes(handle), PREVIOUS)),
                    previous
                );
                assert_eq!(listed.insert(handle, units), None, "listed twice");
                (previous, look) = (Some(handle), next);
            }
        }
        assert_eq!(walked, listed);
    }
}

fn write(block: &mut [u8], number: u32) {
    let size = block.len() as u32;
    for (byte, value) in block.iter_mut().zip(number..) {
        *byte = value as u8;
    }
    write_word(block, 0, number);
    write_word(block, STATE, number);
    write_word(block, 8, size);
}

/// Miri takes some hundred times as long.
const SCALE: usize = if cfg!(miri) { 4 } else { 1 };

#[derive(Debug, Clone)]
enum Op {
    Alloc { size: usize, times: usize },
    Free { nth: usize, times: usize },
    Join,
    Compact,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    // Every byte of a block is written and read again, so under Miri those with a chunk of their own are just that large.
    let (large, apart) = if cfg!(miri) {
        (1000..1500usize, 8_200..8_300usize)
    } else {
        (3000..9000, 60_000..140_000)
    };
    let size = prop_oneof![
        8 => 12..200usize,
        2 => 200..large.start,
        1 => large,
        1 => apart,
    ];
    let op = prop_oneof![
        6 => (size, 1..40 / SCALE).prop_map(|(size, times)| Op::Alloc { size, times }),
        6 => (any::<usize>(), 1..60 / SCALE).prop_map(|(nth, times)| Op::Free { nth, times }),
        1 => Just(Op::Join),
        1 => Just(Op::Compact),
    ];
    prop::collection::vec(op, 1..if cfg!(miri) { 8 } else { 60 })
}

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(if cfg!(miri) { 3 } else { 48 })
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn blocks_keep_their_bytes_and_chunks_have_no_gaps(ops in ops()) {
        let mut twin = Twin::new();
        for (at, op) in ops.into_iter().enumerate() {
            match op {
                Op::Alloc { size, times } => for step in 0..times {
                    twin.alloc(size + step % 5);
                },
                Op::Free { nth, times } => for step in 0..times {
                    twin.free_nth(nth.wrapping_add(step * 7));
                },
                Op::Join => if !twin.slab.chunks.is_empty() {
                    twin.slab.join_some();
                },
                Op::Compact => twin.compact(),
            }
            if at % 8 == 0 {
                twin.check();
            }
        }
        twin.check();
        while !twin.sizes.is_empty() {
            twin.free_nth(0);
        }
        twin.check();
        prop_assert!(twin.slab.reserved_bytes() <= CHUNK_BYTES);
    }
}

#[test]
fn a_block_takes_its_size_rounded_up_to_four_bytes() {
    let mut twin = Twin::new();
    let mut live = 0;
    for (size, taken) in [(12, 12), (13, 16), (16, 16), (92, 92), (20_001, 20_004)] {
        twin.alloc(size);
        live += taken;
        assert_eq!((room_of(size), twin.slab.live_bytes()), (taken, live));
    }
    assert_eq!((room_of(0), room_of(8)), (12, 12));
    twin.check();
}

#[test]
fn a_freed_block_is_the_next_of_its_size() {
    let mut twin = Twin::new();
    let blocks: Vec<Handle> = (0..10).map(|_| twin.alloc(96)).collect();
    twin.free(blocks[3]);
    twin.free(blocks[7]);
    assert_eq!(twin.alloc(93), blocks[7]);
    assert_eq!(twin.alloc(96), blocks[3]);
    twin.check();
}

#[test]
#[cfg_attr(miri, ignore = "takes Miri minutes")]
fn what_was_freed_in_one_size_serves_another() {
    let mut twin = Twin::new();
    let small: Vec<Handle> = (0..20_000).map(|_| twin.alloc(48)).collect();
    let reserved = twin.slab.reserved_bytes();
    // Every other two neighbours: 96 bytes each, in pieces that only joining makes one.
    for pair in small.chunks(4) {
        twin.free(pair[0]);
        twin.free(pair[1]);
    }
    for _ in 0..5_000 {
        twin.alloc(96);
    }
    twin.check();
    // The last part is not worth a search.
    let most = reserved + reserved / JOINED_FROM + CHUNK_BYTES;
    assert!(twin.slab.reserved_bytes() <= most);
}

#[test]
#[cfg_attr(miri, ignore = "takes Miri minutes")]
fn emptied_chunks_are_given_up_but_for_one() {
    let mut twin = Twin::new();
    let blocks: Vec<Handle> = (0..10_000).map(|_| twin.alloc(96)).collect();
    assert!(twin.slab.reserved_bytes() > 14 * CHUNK_BYTES);
    blocks.into_iter().for_each(|block| twin.free(block));
    twin.check();
    assert_eq!(twin.slab.reserved_bytes(), CHUNK_BYTES);
}

#[test]
#[cfg_attr(miri, ignore = "takes Miri minutes")]
fn compaction_leaves_no_chunk_sparse_but_one() {
    let mut twin = Twin::new();
    let blocks: Vec<Handle> = (0..10_000).map(|at| twin.alloc(40 + at % 100)).collect();
    for (at, block) in blocks.into_iter().enumerate() {
        if at % 4 != 0 {
            twin.free(block);
        }
    }
    let before = twin.slab.reserved_bytes();
    twin.compact();
    twin.check();
    let (reserved, live) = (twin.slab.reserved_bytes(), twin.slab.live_bytes());
    assert!(before > 3 * live);
    assert!(
        reserved <= live / 7 * 8 + CHUNK_BYTES,
        "{reserved} for {live}"
    );
    // And what is dense stays where it is.
    let handles: Vec<Handle> = twin.sizes.keys().copied().collect();
    twin.compact();
    let moved = handles
        .iter()
        .filter(|handle| !twin.sizes.contains_key(handle));
    assert!(moved.count() * 96 < 2 * CHUNK_BYTES);
}
