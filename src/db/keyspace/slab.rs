//! Blocks of bytes in chunks of 64 KiB, named by numbers of 32 bits.
//!
//! A block as the slab sees it, in steps of 4 bytes:
//!
//! ```text
//! in use   | 4 bytes | 31 bits, then 0 | the rest                       |   what its owner writes
//! free     | next    | size,      1    | previous | rubbish             |   12 bytes at least
//! ```
//!
//! Nothing is kept beside a block: the owner can tell the size of its own ([`Block`]), so a chunk can be
//! walked from its start, block by block, which is how neighbours that are free are joined and how
//! sparse chunks are emptied. Sizes are exact, so that no size wastes a part of what it takes.
//!
//! Room is looked for in this order: a free block of just this size; the `fresh` region, from which
//! blocks are cut one after the other; the smallest larger free block, which becomes the fresh region;
//! what joining the free neighbours of a few chunks gives; a new chunk. So every call is bounded by the
//! walk over a few chunks, microseconds, however much there is.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::num::NonZeroU32;

#[cfg(test)]
mod tests;

/// Blocks begin at multiples of this and have a multiple of it as their size.
pub const UNIT_BYTES: usize = 4;
/// A power of two, so that a handle is cut into chunk and place by a shift.
const CHUNK_UNITS: u32 = 1 << CHUNK_BITS;
const CHUNK_BITS: u32 = 14;
pub const CHUNK_BYTES: usize = CHUNK_UNITS as usize * UNIT_BYTES;
/// Chunks that a handle can tell apart.
pub const CHUNKS_MAX: usize = 1 << (u32::BITS - CHUNK_BITS);
/// What a free block must hold of its own.
const UNITS_MIN: u32 = 3;
/// What is larger has a chunk of its own, of just its size.
const SHARED_MAX: u32 = CHUNK_UNITS / 8;
/// Where a block does not fit into what is left of a chunk, at least this much of it is taken: less
/// is sparse. What is left is smaller than the block, or so little larger that the rest could not stand alone.
const DENSE_UNITS: u32 = CHUNK_UNITS - SHARED_MAX - (UNITS_MIN - 1);

/// Free blocks below this size have a list for each size, as those of most entries whose value lies in the block; above it there is
/// one for each power of two.
const EXACT_UNITS: u32 = 320;
const LISTS: usize = (EXACT_UNITS + CHUNK_BITS - EXACT_UNITS.ilog2() + 1) as usize;
/// Blocks of a list that are looked at for one that fits.
const LOOKS: usize = 8;
/// Chunks whose free neighbours are joined before a new one is taken.
const JOINED_AT_ONCE: usize = 4;
/// They are joined where at least one part in this many is free; less would give too little.
const JOINED_FROM: usize = 8;

/// The name of a block: where it begins, counted in units over all chunks. Never 0, so that one that
/// may be missing takes no more room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Handle(NonZeroU32);

impl Handle {
    /// The handle that `get` gave, or none for 0.
    #[inline]
    pub fn new(number: u32) -> Option<Handle> {
        NonZeroU32::new(number).map(Handle)
    }

    #[inline]
    pub fn get(self) -> u32 {
        self.0.get()
    }

    #[inline]
    fn chunk(self) -> usize {
        (self.get() >> CHUNK_BITS) as usize
    }

    /// In units from the start of its chunk.
    #[inline]
    fn unit(self) -> u32 {
        self.get() % CHUNK_UNITS
    }

    fn at(chunk: usize, unit: u32) -> Handle {
        debug_assert!(chunk > 0 && chunk < CHUNKS_MAX && unit < CHUNK_UNITS);
        Handle::new(((chunk as u32) << CHUNK_BITS) | unit).expect("no block is in chunk 0")
    }
}

/// What the slab has to know of the blocks in it.
pub trait Block {
    /// The size with which this block was asked for, read from its first bytes; what follows them up
    /// to the end of the chunk is there too, and means nothing.
    fn size_bytes(block: &[u8]) -> usize;

    /// As `size_bytes`, without what its owner could do without.
    fn needed_bytes(block: &[u8]) -> usize {
        Self::size_bytes(block)
    }

    /// Has a block be of the size that it needs.
    fn trim(_block: &mut [u8]) {}
}

/// Memory for blocks of one kind.
///
/// Invariants: every chunk that is shared is a sequence of blocks, free and in use, and perhaps the
/// `fresh` region, without gaps; every free block is in the list of its size; `live[chunk]` counts the
/// units in use there.
#[derive(Debug)]
pub struct Slab<B> {
    /// An empty one is vacant; the first is never used, so that no handle is 0.
    chunks: Vec<Box<[u8]>>,
    live: Vec<u32>,
    vacant: Vec<u32>,
    fresh: Fresh,
    lists: [Option<Handle>; LISTS],
    /// Which lists are not empty, a bit for each.
    filled: [u64; LISTS.div_ceil(64)],
    /// There are never more chunks.
    chunks_max: usize,
    /// Where joining free neighbours goes on.
    join_next: usize,
    live_units: usize,
    reserved_bytes: usize,
    block: PhantomData<fn() -> B>,
}

/// Room within one chunk that no list knows. Never of fewer units than a block has.
#[derive(Debug, Clone, Copy, Default)]
struct Fresh {
    chunk: usize,
    unit: u32,
    units: u32,
}

/// Whether a block of this size can be cut from so much room: what is left must be able to stand alone.
fn fits(units: u32, room: u32) -> bool {
    room == units || room >= units + UNITS_MIN
}

fn units_of(size_bytes: usize) -> u32 {
    u32::try_from(size_bytes.div_ceil(UNIT_BYTES)).map_or(u32::MAX, |units| units.max(UNITS_MIN))
}

fn list_of(units: u32) -> usize {
    if units < EXACT_UNITS {
        units as usize
    } else {
        (EXACT_UNITS + units.ilog2() - EXACT_UNITS.ilog2()) as usize
    }
}

/// What a block of this size takes.
#[inline]
pub fn room_of(size_bytes: usize) -> usize {
    const LEAST: usize = UNITS_MIN as usize * UNIT_BYTES;
    size_bytes.next_multiple_of(UNIT_BYTES).max(LEAST)
}

impl<B: Block> Slab<B> {
    /// Takes so many chunks at most, the one that is never used among them.
    pub fn new(chunks_max: usize) -> Slab<B> {
        assert!(chunks_max <= CHUNKS_MAX, "chunks that no handle could name");
        Slab {
            chunks: Vec::new(),
            live: Vec::new(),
            vacant: Vec::new(),
            fresh: Fresh::default(),
            lists: [None; LISTS],
            filled: Default::default(),
            chunks_max,
            join_next: 1,
            live_units: 0,
            reserved_bytes: 0,
            block: PhantomData,
        }
    }

    /// Bytes of the blocks in use, each rounded up to a unit.
    pub fn live_bytes(&self) -> usize {
        self.live_units * UNIT_BYTES
    }

    /// Bytes of all chunks.
    pub fn reserved_bytes(&self) -> usize {
        self.reserved_bytes
    }

    /// Whether blocks of so many bytes together, each rounded up, can be had for sure, however they are cut, and `kept`
    /// chunks more. Room between blocks is not looked at: `compact` makes chunks of it.
    #[inline(always)]
    pub fn has_room_for(&self, size_bytes: usize, kept: usize) -> bool {
        // A large block is the only one in its chunk, and others leave less than such a one unused.
        let needed = size_bytes / (SHARED_MAX as usize * UNIT_BYTES) + 1;
        let spare = self.chunks_max - self.chunks.len().max(1) + self.vacant.len();
        spare >= kept + needed
    }

    #[inline]
    pub fn chunks_max(&self) -> usize {
        self.chunks_max
    }

    /// From the start of the block on; the owner knows where it ends.
    #[inline]
    pub fn bytes(&self, handle: Handle) -> &[u8] {
        &self.chunks[handle.chunk()][handle.unit() as usize * UNIT_BYTES..]
    }

    #[inline(always)]
    pub fn bytes_mut(&mut self, handle: Handle) -> &mut [u8] {
        &mut self.chunks[handle.chunk()][handle.unit() as usize * UNIT_BYTES..]
    }

    /// A block of at least so many bytes, none where all chunks are taken. Its owner writes
    /// what tells its size, and 0 into the bit that is the slab's, before anything else is asked of
    /// the slab.
    #[inline]
    pub fn alloc(&mut self, size_bytes: usize) -> Option<Handle> {
        let units = units_of(size_bytes);
        if units > SHARED_MAX {
            return self.alloc_apart(size_bytes.next_multiple_of(UNIT_BYTES));
        }
        let handle = if units < EXACT_UNITS
            && let Some(handle) = self.lists[units as usize]
        {
            self.unlink(handle, units);
            handle
        } else {
            if !fits(units, self.fresh.units) {
                self.refresh(units)?;
            }
            self.cut(units)
        };
        self.live[handle.chunk()] += units;
        self.live_units += units as usize;
        Some(handle)
    }

    fn alloc_apart(&mut self, size_bytes: usize) -> Option<Handle> {
        let chunk = self.take_chunk(size_bytes)?;
        let units = size_bytes / UNIT_BYTES;
        self.live[chunk] = units as u32;
        self.live_units += units;
        Some(Handle::at(chunk, 0))
    }

    /// Gives a block back. Its bytes still tell its size.
    pub fn free(&mut self, handle: Handle) {
        let units = units_of(B::size_bytes(self.bytes(handle)));
        let chunk = handle.chunk();
        self.live[chunk] -= units;
        self.live_units -= units as usize;
        if units > SHARED_MAX {
            self.drop_chunk(chunk);
        } else {
            self.link(handle, units);
            if self.live[chunk] == 0 {
                self.empty(chunk);
            }
        }
    }

    /// Cuts a block from the start of the fresh region, in which it fits.
    fn cut(&mut self, units: u32) -> Handle {
        let fresh = &mut self.fresh;
        let handle = Handle::at(fresh.chunk, fresh.unit);
        fresh.unit += units;
        fresh.units -= units;
        handle
    }

    /// Makes the fresh region one in which a block of this size fits.
    #[cold]
    fn refresh(&mut self, units: u32) -> Option<()> {
        let mut found = self.fitting(units);
        if found.is_none() && self.free_bytes() * JOINED_FROM >= self.reserved_bytes {
            for _ in 0..JOINED_AT_ONCE {
                self.join_some();
                found = self.fitting(units);
                if found.is_some() {
                    break;
                }
            }
        }
        let fresh = match found {
            Some((handle, units)) => {
                self.unlink(handle, units);
                Fresh {
                    chunk: handle.chunk(),
                    unit: handle.unit(),
                    units,
                }
            }
            None => self.fresh_chunk()?,
        };
        self.retire_fresh();
        self.fresh = fresh;
        Some(())
    }

    fn fresh_chunk(&mut self) -> Option<Fresh> {
        Some(Fresh {
            chunk: self.take_chunk(CHUNK_BYTES)?,
            unit: 0,
            units: CHUNK_UNITS,
        })
    }

    /// Puts what is left of the fresh region into its list.
    fn retire_fresh(&mut self) {
        let Fresh { chunk, unit, units } = core::mem::take(&mut self.fresh);
        if units > 0 {
            self.link(Handle::at(chunk, unit), units);
        }
    }

    fn free_bytes(&self) -> usize {
        self.reserved_bytes - self.live_bytes()
    }

    fn take_chunk(&mut self, size_bytes: usize) -> Option<usize> {
        if self.chunks.is_empty() {
            self.chunks.push(Box::default());
            self.live.push(0);
        }
        let chunk = match self.vacant.pop() {
            Some(chunk) => chunk as usize,
            None if self.chunks.len() < self.chunks_max => {
                self.chunks.push(Box::default());
                self.live.push(0);
                self.chunks.len() - 1
            }
            None => return None,
        };
        self.chunks[chunk] = vec![0; size_bytes].into_boxed_slice();
        self.reserved_bytes += size_bytes;
        Some(chunk)
    }

    fn drop_chunk(&mut self, chunk: usize) -> Box<[u8]> {
        let bytes = core::mem::take(&mut self.chunks[chunk]);
        self.reserved_bytes -= bytes.len();
        self.live[chunk] = 0;
        self.vacant.push(chunk as u32);
        bytes
    }

    /// Gives up a chunk of a slab of which no block is looked at again; false when nothing is left.
    pub fn dismantle(&mut self) -> bool {
        self.chunks.pop().is_some()
    }

    /// Makes a chunk in which nothing is in use one region, or gives it up if there is such a one.
    #[cold]
    fn empty(&mut self, chunk: usize) {
        self.unlink_all_of(chunk);
        if self.fresh.chunk == chunk {
            self.fresh = Fresh::default();
        }
        if self.lists[list_of(CHUNK_UNITS)].is_some() {
            self.drop_chunk(chunk);
        } else {
            self.link(Handle::at(chunk, 0), CHUNK_UNITS);
        }
    }
}

/// The lists of free blocks.
impl<B: Block> Slab<B> {
    /// The smallest free block that such a block can be cut from, and its size. Cost: a look at a few.
    fn fitting(&self, units: u32) -> Option<(Handle, u32)> {
        let mut list = list_of(units);
        loop {
            list = self.next_filled(list)?;
            let mut look = self.lists[list];
            for _ in 0..LOOKS {
                let Some(handle) = look else { break };
                let (next, room) = self.read_free(handle);
                if fits(units, room) {
                    return Some((handle, room));
                }
                look = next;
            }
            list += 1;
        }
    }

    /// The first list from this one on that is not empty.
    fn next_filled(&self, list: usize) -> Option<usize> {
        let (first, bit) = (list / 64, list % 64);
        let mut mask = !0 << bit;
        for (word, filled) in self.filled.iter().enumerate().skip(first) {
            if filled & mask != 0 {
                return Some(word * 64 + (filled & mask).trailing_zeros() as usize);
            }
            mask = !0;
        }
        None
    }

    /// Puts a free block at the head of its list.
    fn link(&mut self, handle: Handle, units: u32) {
        let list = list_of(units);
        let next = self.lists[list].replace(handle);
        self.filled[list / 64] |= 1 << (list % 64);
        if let Some(next) = next {
            write_link(self.bytes_mut(next), PREVIOUS, Some(handle));
        }
        let block = self.bytes_mut(handle);
        write_link(block, NEXT, next);
        write_word(block, STATE, FREE | units);
        write_link(block, PREVIOUS, None);
    }

    /// Takes a free block out of its list.
    fn unlink(&mut self, handle: Handle, units: u32) {
        let block = self.bytes(handle);
        let next = Handle::new(read_word(block, NEXT));
        let previous = Handle::new(read_word(block, PREVIOUS));
        if let Some(next) = next {
            write_link(self.bytes_mut(next), PREVIOUS, previous);
        }
        if let Some(previous) = previous {
            write_link(self.bytes_mut(previous), NEXT, next);
        } else {
            let list = list_of(units);
            self.lists[list] = next;
            if next.is_none() {
                self.filled[list / 64] &= !(1 << (list % 64));
            }
        }
    }

    /// The next block of the list that a free block is in, and its own size.
    fn read_free(&self, handle: Handle) -> (Option<Handle>, u32) {
        let block = self.bytes(handle);
        let next = Handle::new(read_word(block, NEXT));
        (next, read_word(block, STATE) & !FREE)
    }
}

/// Walks over a chunk.
impl<B: Block> Slab<B> {
    /// Joins the free neighbours of the next chunk.
    fn join_some(&mut self) {
        if self.join_next >= self.chunks.len() {
            self.join_next = 1;
        }
        let chunk = self.join_next;
        self.join_next += 1;
        if !self.is_shared(chunk) {
            return;
        }
        let mut free: Option<(u32, u32)> = None;
        let mut unit = 0;
        while let Some(part) = self.part_at(chunk, unit) {
            match (part, &mut free) {
                (Part::Free(units), Some((start, joined))) => {
                    let (start, old) = (*start, *joined);
                    *joined += units;
                    // The size of the first says in which list it is, so it leaves that before it grows.
                    self.unlink(Handle::at(chunk, start), old);
                    self.unlink(Handle::at(chunk, unit), units);
                    self.link(Handle::at(chunk, start), old + units);
                }
                (Part::Free(units), None) => free = Some((unit, units)),
                _ => free = None,
            }
            unit += part.units();
        }
    }

    fn unlink_all_of(&mut self, chunk: usize) {
        let mut unit = 0;
        while let Some(part) = self.part_at(chunk, unit) {
            if let Part::Free(units) = part {
                self.unlink(Handle::at(chunk, unit), units);
            }
            unit += part.units();
        }
    }

    /// What is at this place of a chunk; none at its end.
    fn part_at(&self, chunk: usize, unit: u32) -> Option<Part> {
        let fresh = self.fresh;
        if fresh.chunk == chunk && fresh.unit == unit && fresh.units > 0 {
            return Some(Part::Fresh(fresh.units));
        }
        let block = &self.chunks[chunk][unit as usize * UNIT_BYTES..];
        Part::read::<B>(block)
    }

    /// Whether it holds blocks of others too, not one large one.
    fn is_shared(&self, chunk: usize) -> bool {
        self.chunks
            .get(chunk)
            .is_some_and(|bytes| bytes.len() == CHUNK_BYTES)
    }

    /// Empties the chunk `from` if it is sparse: moves its blocks into fresh ones, trimmed, and says of each how
    /// it was and is called now. Answers where to go on; 0 begins a pass, and none ends it. After it,
    /// every chunk that is shared but one is at least 7/8 full of what its blocks need. Memory needed meanwhile: one
    /// chunk.
    pub fn compact(
        &mut self,
        from: usize,
        moved: &mut impl FnMut(&[u8], Handle, Handle),
    ) -> Option<usize> {
        if from == 0 {
            // Else it would be filled first, and it may lie in a chunk that is sparse.
            self.retire_fresh();
            return Some(1);
        }
        if from >= self.chunks.len() {
            if let Some(whole) = self.lists[list_of(CHUNK_UNITS)] {
                self.unlink(whole, CHUNK_UNITS);
                self.drop_chunk(whole.chunk());
            }
            return None;
        }
        let has_handles = self.chunks.len() < self.chunks_max || !self.vacant.is_empty();
        if self.is_shared(from)
            && self.fresh.chunk != from
            && self.live[from] > 0
            && (self.live[from] < DENSE_UNITS || self.needed_units(from) < DENSE_UNITS)
            && has_handles
        {
            self.evacuate(from, moved);
        }
        Some(from + 1)
    }

    /// What the blocks of a chunk need. O(blocks).
    fn needed_units(&self, chunk: usize) -> u32 {
        let (mut unit, mut needed) = (0, 0);
        while let Some(part) = self.part_at(chunk, unit) {
            if let Part::Used(_) = part {
                needed += units_of(B::needed_bytes(self.bytes(Handle::at(chunk, unit))));
            }
            unit += part.units();
        }
        needed
    }

    fn evacuate(&mut self, chunk: usize, moved: &mut impl FnMut(&[u8], Handle, Handle)) {
        self.unlink_all_of(chunk);
        self.live_units -= self.live[chunk] as usize;
        let mut bytes = core::mem::take(&mut self.chunks[chunk]);
        let mut unit = 0;
        while let Some(part) = Part::read::<B>(&bytes[unit as usize * UNIT_BYTES..]) {
            if let Part::Used(_) = part {
                let block = &mut bytes[unit as usize * UNIT_BYTES..];
                B::trim(block);
                let units = units_of(B::size_bytes(block));
                let block = &block[..units as usize * UNIT_BYTES];
                let to = self.cut_from_chunks(units);
                self.bytes_mut(to)[..block.len()].copy_from_slice(block);
                self.live[to.chunk()] += units;
                self.live_units += units as usize;
                moved(block, Handle::at(chunk, unit), to);
            }
            unit += part.units();
        }
        self.chunks[chunk] = bytes;
        self.drop_chunk(chunk);
    }

    /// Cuts a block from the fresh region, or from a new chunk: from no gap between others.
    fn cut_from_chunks(&mut self, units: u32) -> Handle {
        if !fits(units, self.fresh.units) {
            self.retire_fresh();
            // What a sparse chunk holds fits into one, and `compact` has seen that there is a handle.
            self.fresh = self.fresh_chunk().expect("room for a chunk");
        }
        self.cut(units)
    }
}

/// What a chunk is made of, with its size in units.
#[derive(Debug, Clone, Copy)]
enum Part {
    Used(u32),
    Free(u32),
    Fresh(u32),
}

impl Part {
    fn read<B: Block>(block: &[u8]) -> Option<Part> {
        if block.is_empty() {
            return None;
        }
        let state = read_word(block, STATE);
        Some(if state & FREE == 0 {
            Part::Used(units_of(B::size_bytes(block)))
        } else {
            Part::Free(state & !FREE)
        })
    }

    fn units(self) -> u32 {
        match self {
            Part::Used(units) | Part::Free(units) | Part::Fresh(units) => units,
        }
    }
}

/// Where the words of a free block are, in bytes.
const NEXT: usize = 0;
const STATE: usize = 4;
const PREVIOUS: usize = 8;
/// The bit of the second word that is the slab's: 1 in a free block, 0 in one that is in use.
pub const FREE: u32 = 1 << 31;

#[inline]
fn read_word(block: &[u8], offset: usize) -> u32 {
    let word = block[offset..offset + 4].try_into();
    u32::from_le_bytes(word.expect("four bytes"))
}

#[inline]
fn write_word(block: &mut [u8], offset: usize, word: u32) {
    block[offset..offset + 4].copy_from_slice(&word.to_le_bytes());
}

fn write_link(block: &mut [u8], offset: usize, to: Option<Handle>) {
    write_word(block, offset, to.map_or(0, Handle::get));
}
