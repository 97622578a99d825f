//! Where the entries are, by hash: buckets of 64 bytes in segments of 64, under a directory.
//!
//! ```text
//! hash      | depth of the segment | 6 bits: bucket | rest |
//! bucket    | 12 handles | 12 tags | marks |                      64 bytes
//! marks     | 12 bits: next | 12 bits: strayed | 8 bits: how many went past it |
//! ```
//!
//! A tag is 8 bits of the hash, never 0, and the bit before them is that of `next`. Three depths have the same 9 bits, those
//! behind what tells the buckets of the lowest of them apart. So two of three splits find there which bucket an entry goes to, and
//! only the third asks for hashes, for the next 9 bits; at the third depth a bit of the tag is the same for all of a bucket. Two
//! segments that become one need no more bits than they have. Entries that strayed from the bucket that they should be in are known by
//! their bit, and are moved by a search, for which their hashes are asked for. A split so asks for the hashes of 614 entries at most,
//! each of a key of less than 1 KiB or kept beside the key.
//!
//! The directory is indexed by the first bits of the hash, and names a segment for each; several
//! places may name the same one (extendible hashing: Fagin, Nievergelt, Pippenger, Strong 1979). A segment
//! that is full splits into two, and two that are nearly empty become one, by themselves: at most one
//! segment is moved by a call, and no call pays for the whole table. Only the directory doubles at once,
//! 4 bytes for some 500 entries. Within a segment, what finds its bucket full goes on to the next one that
//! has room, and is counted by each that it went past, so that a search knows where to stop and nothing
//! is left behind by a removal (F14: Bronson, Shi 2019).
//!
//! It was taken over `hashbrown::HashTable<u32>`, tried over the same slab, since that moves every entry in the one
//! call that makes it grow, 917,504 of them on the way to a million keys, where this moves 614 at most, and since
//! its order is no cursor for SCAN. Its bytes an entry were 10.5 at a million keys and 6.6 at 100,000, ours
//! 8.5 and 10.6; on a busy machine (2 cores, November 2026) neither was the faster one in every run.
//!
//! Buckets follow each other in the order of the hashes whatever was split or merged, so a place in the
//! hash space is a cursor that stays good: see [`Table::scan`].

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::slab::Handle;

#[cfg(test)]
mod tests;

const SLOTS: usize = 12;
const BUCKET_BITS: u32 = 6;
const BUCKETS: usize = 1 << BUCKET_BITS;
const SEGMENT_SLOTS: usize = BUCKETS * SLOTS;
/// Bits of a hash that a bucket holds: a tag and the bit before it.
const PRINT_BITS: u32 = u8::BITS + 1;
/// Depths at which they are the same.
const PRINT_DEPTHS: u32 = 3;
/// Entries at which a segment splits: 4/5 of its slots, past which searches grow long.
const SPLIT_LEN: usize = SEGMENT_SLOTS * 4 / 5;
/// Entries of two neighbours up to which they become one: half of that, so that neither follows soon upon
/// the other.
const MERGE_LEN: usize = SPLIT_LEN / 2;
/// Bits of a hash that segments may be told apart by: beyond, those of the bucket and a few more.
const DEPTH_MAX: u32 = 22;
/// The directory has at most so many times as many places as there are segments. Hashes of a good function
/// stay far below; more would be paid for hashes that are alike, and these are no better off for it.
const DIRECTORY_MAX: usize = 16;
/// Slots that are drawn before a random entry is sought by counting.
const DRAWS: usize = 16;

/// One line of the cache. A slot is free if its tag is 0.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
struct Bucket {
    handles: [Option<Handle>; SLOTS],
    tags: [u8; SLOTS],
    marks: Marks,
}

const _: () = assert!(size_of::<Bucket>() == 64);

type Page = [Bucket; BUCKETS];

/// What a bucket knows of its slots beside their tags, and of those it had no slot for. The bits of a free slot are 0.
#[derive(Debug, Clone, Copy)]
struct Marks(u32);

impl Marks {
    const STRAYED_SHIFT: u32 = 8;
    const NEXT_SHIFT: u32 = Marks::STRAYED_SHIFT + SLOTS as u32;

    /// Entries that would be here or before, and are in a later bucket or the stash since this one was full. The highest
    /// number is for so many or more, and stays until the segment is made anew: a search then goes on in vain.
    #[inline]
    fn passed(self) -> u8 {
        self.0 as u8
    }

    fn went_past(&mut self) {
        self.0 += u32::from(self.passed() < u8::MAX);
    }

    fn came_back(&mut self) {
        debug_assert!(self.passed() > 0, "an entry that did not go past");
        self.0 -= u32::from(self.passed() < u8::MAX);
    }

    /// The bit of the hash before the tag.
    #[inline]
    fn next(self, slot: usize) -> u32 {
        (self.0 >> (Marks::NEXT_SHIFT as usize + slot)) & 1
    }

    /// A bit for each slot whose entry would be in a bucket before.
    #[inline]
    fn strayed(self) -> u32 {
        (self.0 >> Marks::STRAYED_SHIFT) % (1 << SLOTS)
    }

    /// Of a free slot.
    #[inline]
    fn set(&mut self, slot: usize, next: u32, has_strayed: bool) {
        let strayed = u32::from(has_strayed) << Marks::STRAYED_SHIFT;
        self.0 |= (next << Marks::NEXT_SHIFT | strayed) << slot;
    }

    fn clear(&mut self, slot: usize) {
        self.0 &= !((1 << Marks::NEXT_SHIFT | 1 << Marks::STRAYED_SHIFT) << slot);
    }
}

const _: () = assert!(Marks::NEXT_SHIFT + SLOTS as u32 == u32::BITS);

#[derive(Debug)]
struct Segment {
    /// The lowest hash that belongs here.
    first: u32,
    depth: u32,
    len: usize,
    /// What found no slot at all: only where very many hashes begin alike.
    stash: Vec<Handle>,
}

/// Which segment a part of the hash space belongs to, its depth, and where its tags are in hashes, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Route(u32);

impl Route {
    const DEPTH_BITS: u32 = 5;
    const TAG_BITS: u32 = 5;

    fn new(segment: usize, depth: u32) -> Route {
        let tags = tag_shift(depth) << Route::DEPTH_BITS;
        Route((segment as u32) << (Route::TAG_BITS + Route::DEPTH_BITS) | tags | depth)
    }

    #[inline]
    fn segment(self) -> usize {
        (self.0 >> (Route::TAG_BITS + Route::DEPTH_BITS)) as usize
    }

    #[inline]
    fn depth(self) -> u32 {
        self.0 % (1 << Route::DEPTH_BITS)
    }

    #[inline]
    fn print_of(self, hash: u32) -> u32 {
        hash >> ((self.0 >> Route::DEPTH_BITS) % (1 << Route::TAG_BITS))
    }

    #[inline]
    fn tag_of(self, hash: u32) -> u8 {
        tag_of(self.print_of(hash))
    }
}

const _: () = assert!(DEPTH_MAX + Route::TAG_BITS + Route::DEPTH_BITS <= u32::BITS);

/// Handles by the hashes of what they name, which the table does not keep: it asks for them
/// (`hash_of`) where entries move or stand in for others' neighbours.
///
/// Invariants: `directory` has 2^`depth` places, each naming the segment of the hashes that begin with its
/// number, or is empty with the table; no two entries have the same handle; `pages` and `segments` run side by
/// side.
#[derive(Debug, Default)]
pub struct Table {
    directory: Vec<Route>,
    depth: u32,
    pages: Vec<Box<Page>>,
    /// The one that the last segment was in before it split, for the next. Given back, it would become a hole: what asks
    /// for lines of the cache asks for a little more than such a hole has.
    spare: Option<Box<Page>>,
    segments: Vec<Segment>,
    /// Segments of each depth, so that the directory shrinks when none needs its size.
    depths: [u32; DEPTH_MAX as usize + 1],
    len: usize,
    stashed: usize,
}

/// The tag of a print, which is a hash shifted by `tag_shift`; bits above `PRINT_BITS` mean nothing.
#[inline]
fn tag_of(print: u32) -> u8 {
    (print as u8).max(1)
}

/// How far hashes are shifted for their tags: past what buckets of the lowest depth with this shift are told apart by, and
/// the bit of `next`. Where no more bits are left the last ones are tags.
fn tag_shift(depth: u32) -> u32 {
    // The lowest depths are 0, 3, 6 ...: about a hundred thousand keys and a million then have asked for the fewest hashes on the way.
    let lowest = depth / PRINT_DEPTHS * PRINT_DEPTHS;
    u32::BITS.saturating_sub(lowest + BUCKET_BITS + PRINT_BITS)
}

/// As much of a hash as a bucket knows of an entry that has not strayed: the first hash that belongs there, and the print.
fn known_of(first: u32, print: u32, depth: u32) -> u32 {
    first | print << tag_shift(depth)
}

/// A search that has not come to its end.
#[derive(Debug, Clone, Copy)]
pub struct Further {
    route: Route,
    hash: u32,
}

/// The bucket that an entry of this hash should be in.
#[inline]
fn home_of(hash: u32, depth: u32) -> usize {
    ((hash << depth) >> (u32::BITS - BUCKET_BITS)) as usize
}

/// The buckets of a segment from one on, round to the one before it.
fn from_home(home: usize) -> impl Iterator<Item = usize> {
    (0..BUCKETS).map(move |step| (home + step) % BUCKETS)
}

impl Bucket {
    const EMPTY: Bucket = Bucket {
        handles: [None; SLOTS],
        tags: [0; SLOTS],
        marks: Marks(0),
    };

    /// A bit for each slot that has this tag, and perhaps for a slot above one that has; the lowest is right.
    ///
    /// Bytes are compared 8 and 4 at a time: where a byte of the exclusive or is 0, taking 1 from it borrows,
    /// and its highest bit becomes 1. The bits of the 4 go between those of the 8: see `slot_of`.
    #[inline]
    fn matches(&self, tag: u8) -> u64 {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGHS: u64 = ONES << 7;
        let [a, b, c, d, e, f, g, h, i, j, k, l] = self.tags;
        let low = u64::from_le_bytes([a, b, c, d, e, f, g, h]) ^ (ONES * u64::from(tag));
        let high = u32::from_le_bytes([i, j, k, l]) ^ (ONES as u32 * u32::from(tag));
        let low = low.wrapping_sub(ONES) & !low & HIGHS;
        let high = high.wrapping_sub(ONES as u32) & !high & HIGHS as u32;
        low | u64::from(high >> 4)
    }

    /// The entry with this tag that `is_it` says yes to.
    #[inline]
    fn find(&self, tag: u8, mut is_it: impl FnMut(Handle) -> bool) -> Option<Handle> {
        let mut matches = self.matches(tag);
        while matches != 0 {
            if let Some(handle) = self.handles[Bucket::slot_of(matches)]
                && is_it(handle)
            {
                return Some(handle);
            }
            matches &= matches - 1;
        }
        None
    }

    /// The slot of the lowest bit of `matches`: bit 7 of byte n is slot n, bit 3 is slot 8 + n.
    #[inline]
    fn slot_of(matches: u64) -> usize {
        let bit = matches.trailing_zeros() as usize;
        (bit >> 3) + 8 - ((bit & 4) << 1)
    }
}

impl Table {
    pub fn len(&self) -> usize {
        self.len
    }

    /// Bytes of the segments and their directory.
    pub fn reserved_bytes(&self) -> usize {
        let beside = size_of::<Segment>() + size_of::<Box<Page>>();
        let spare = self.spare.as_ref().map_or(0, |_| size_of::<Page>());
        self.directory.capacity() * size_of::<Route>()
            + self.segments.len() * (size_of::<Page>() + beside)
            + spare
    }

    #[inline]
    fn route(&self, hash: u32) -> Option<Route> {
        let place = u64::from(hash) >> (u32::BITS - self.depth);
        self.directory.get(place as usize).copied()
    }

    /// The entry of this hash that `is_it` says yes to, if it is where it should be, as nearly all are; else where
    /// `find_further` goes on. They are two so that the first is short, and what it asks becomes a part of it. It asks
    /// of few others: one in some 20 searches.
    #[inline]
    pub fn find_at_home(
        &self,
        hash: u32,
        is_it: impl FnMut(Handle) -> bool,
    ) -> Result<Option<Handle>, Further> {
        let Some(route) = self.route(hash) else {
            return Ok(None);
        };
        let bucket = &self.pages[route.segment()][home_of(hash, route.depth())];
        let found = bucket.find(route.tag_of(hash), is_it);
        if found.is_some() || bucket.marks.passed() == 0 {
            return Ok(found);
        }
        Err(Further { route, hash })
    }

    /// Reads the home bucket of this hash; of use to the cache alone.
    #[inline]
    pub fn look_ahead(&self, hash: u32) -> u32 {
        self.route(hash).map_or(0, |route| {
            self.pages[route.segment()][home_of(hash, route.depth())]
                .marks
                .0
        })
    }

    /// Looks on in the buckets behind a home bucket that others went past.
    pub fn find_further(
        &self,
        Further { route, hash }: Further,
        is_it: impl Fn(Handle) -> bool,
    ) -> Option<Handle> {
        let page = &self.pages[route.segment()];
        for bucket in from_home(home_of(hash, route.depth())).skip(1) {
            let bucket = &page[bucket];
            let found = bucket.find(route.tag_of(hash), &is_it);
            if found.is_some() || bucket.marks.passed() == 0 {
                return found;
            }
        }
        let stash = &self.segments[route.segment()].stash;
        stash.iter().copied().find(|handle| is_it(*handle))
    }

    /// Puts in an entry that is not there yet.
    #[inline(never)]
    pub fn insert(&mut self, hash: u32, handle: Handle, hash_of: impl Fn(Handle) -> u32) {
        if self.directory.is_empty() {
            self.directory.push(Route::new(0, 0));
            self.add_segment(0, 0);
        }
        let mut route = self.route(hash).expect("the directory is not empty");
        if self.segments[route.segment()].len >= SPLIT_LEN && self.split(route, &hash_of) {
            route = self.route(hash).expect("the directory is not empty");
        }
        self.place(route.segment(), hash, handle);
        self.len += 1;
    }

    /// As `insert`, where the bucket that the entry should be in has room for it; false, and nothing has happened, where it
    /// has none or the segment is full.
    #[inline(always)]
    pub fn insert_at_home(&mut self, hash: u32, handle: Handle) -> bool {
        let Some(route) = self.route(hash) else {
            return false;
        };
        let segment = &mut self.segments[route.segment()];
        let bucket = &mut self.pages[route.segment()][home_of(hash, route.depth())];
        if segment.len >= SPLIT_LEN || !bucket.put(route.print_of(hash), handle, false) {
            return false;
        }
        segment.len += 1;
        self.len += 1;
        true
    }

    /// Gives an entry another handle; false where it is not there.
    pub fn replace(&mut self, hash: u32, old: Handle, new: Handle) -> bool {
        let Some(route) = self.route(hash) else {
            return false;
        };
        let page = &mut self.pages[route.segment()];
        for bucket in from_home(home_of(hash, route.depth())) {
            let bucket = &mut page[bucket];
            if let Some(slot) = bucket.slot_with(old) {
                bucket.handles[slot] = Some(new);
                return true;
            }
            if bucket.marks.passed() == 0 {
                return false;
            }
        }
        let mut stash = self.segments[route.segment()].stash.iter_mut();
        stash
            .find(|handle| **handle == old)
            .map(|handle| *handle = new)
            .is_some()
    }

    /// Takes an entry out; false where it is not there.
    pub fn remove(&mut self, hash: u32, handle: Handle, hash_of: impl Fn(Handle) -> u32) -> bool {
        let Some(route) = self.route(hash) else {
            return false;
        };
        let page = &mut self.pages[route.segment()];
        let segment = &mut self.segments[route.segment()];
        let home = home_of(hash, route.depth());
        let Some(went_past) = unplace(page, segment, home, handle) else {
            return false;
        };
        for bucket in from_home(home).take(went_past) {
            page[bucket].marks.came_back();
        }
        self.stashed -= usize::from(went_past == BUCKETS);
        segment.len -= 1;
        self.len -= 1;
        if segment.len <= MERGE_LEN / 2 {
            self.merge(route, &hash_of);
        }
        true
    }

    /// Visits what belongs to the bucket of the place `cursor`, from there on, and answers where to go on; 0
    /// begins and ends.
    ///
    /// The place is one in the space of hashes, not in memory. So an entry that stands from the first call to
    /// the last is visited just once, whatever was split, merged, put in or taken out between them.
    pub fn scan(
        &self,
        cursor: u32,
        hash_of: impl Fn(Handle) -> u32,
        mut visit: impl FnMut(Handle),
    ) -> u32 {
        let Some(route) = self.route(cursor) else {
            return 0;
        };
        let rest = u32::MAX >> (route.depth() + BUCKET_BITS);
        let last = cursor | rest;
        let belongs = |handle: &Handle| (cursor..=last).contains(&hash_of(*handle));
        // A cursor is the first place of a bucket, but of one that two have become since.
        let is_whole = cursor & rest == 0;
        let page = &self.pages[route.segment()];
        let home = home_of(cursor, route.depth());
        let here = page[home].at_home().map(|(_, handle)| handle);
        here.filter(|handle| is_whole || belongs(handle))
            .for_each(&mut visit);
        for at in from_home(home) {
            let bucket = &page[at];
            if at != home {
                bucket.strayed().filter(&belongs).for_each(&mut visit);
            }
            if bucket.marks.passed() == 0 {
                return last.wrapping_add(1);
            }
        }
        let stash = self.segments[route.segment()].stash.iter().copied();
        stash.filter(&belongs).for_each(visit);
        last.wrapping_add(1)
    }

    /// An entry at random, each as likely as the others. Expected cost: two slots, as the table is about half
    /// full; one that was emptied in places may count through its segments.
    pub fn draw(&self, mut random: impl FnMut() -> u64) -> Option<Handle> {
        if self.len == 0 {
            return None;
        }
        // What is in no slot could not be drawn.
        let draws = if self.stashed == 0 { DRAWS } else { 0 };
        for _ in 0..draws {
            let random = random();
            let page = &self.pages[scaled(random >> 32, self.pages.len())];
            let slot = scaled(random & u64::from(u32::MAX), SEGMENT_SLOTS);
            let drawn = page[slot / SLOTS].handles[slot % SLOTS];
            if drawn.is_some() {
                return drawn;
            }
        }
        let mut left = (random() % self.len as u64) as usize;
        for (segment, page) in self.segments.iter().zip(&self.pages) {
            if left < segment.len {
                return entries_of(page, segment).nth(left);
            }
            left -= segment.len;
        }
        None
    }

    /// Gives up a segment of a table in which nobody will look for an entry again, as none is found from then on, and says how many it
    /// had; none when nothing is left.
    pub fn dismantle(&mut self) -> Option<usize> {
        self.directory = Vec::new();
        self.spare = None;
        self.pages.pop();
        let segment = self.segments.pop()?;
        self.len -= segment.len;
        Some(segment.len)
    }

    /// All entries, in the order of their buckets.
    pub fn iter(&self) -> impl Iterator<Item = Handle> {
        let mut place = 0;
        let segments = core::iter::from_fn(move || {
            let route = *self.directory.get(place)?;
            place += 1 << (self.depth - route.depth());
            Some(route.segment())
        });
        segments.flat_map(|at| entries_of(&self.pages[at], &self.segments[at]))
    }
}

fn empty_page() -> Box<Page> {
    let page = vec![Bucket::EMPTY; BUCKETS].into_boxed_slice();
    page.try_into().expect("as many as a page has")
}

/// A number below `len` of one of 32 random bits.
fn scaled(random: u64, len: usize) -> usize {
    ((random * len as u64) >> 32) as usize
}

fn entries_of(page: &Page, segment: &Segment) -> impl Iterator<Item = Handle> {
    let slots = page.iter().flat_map(|bucket| bucket.handles);
    slots.flatten().chain(segment.stash.iter().copied())
}

impl Bucket {
    #[inline]
    fn slot_with(&self, handle: Handle) -> Option<usize> {
        let mut handles = self.handles.iter();
        handles.position(|standing| *standing == Some(handle))
    }

    /// Takes an entry in, if there is room.
    #[inline]
    fn put(&mut self, print: u32, handle: Handle, has_strayed: bool) -> bool {
        let free = self.matches(0);
        if free == 0 {
            return false;
        }
        self.fill(Bucket::slot_of(free), print, handle, has_strayed);
        true
    }

    #[inline]
    fn fill(&mut self, slot: usize, print: u32, handle: Handle, has_strayed: bool) {
        self.tags[slot] = tag_of(print);
        self.handles[slot] = Some(handle);
        self.marks.set(slot, (print >> u8::BITS) & 1, has_strayed);
    }

    fn empty(&mut self, slot: usize) {
        self.tags[slot] = 0;
        self.handles[slot] = None;
        self.marks.clear(slot);
    }

    /// What is known of the hash of the entry in a slot.
    #[inline]
    fn print(&self, slot: usize) -> u32 {
        self.marks.next(slot) << u8::BITS | u32::from(self.tags[slot])
    }

    /// Puts each of the entries that have not strayed into one of two buckets that are empty, by this bit of its print, and
    /// answers how many that were. `anew` gives the print there.
    #[inline(always)]
    fn share_out(
        &self,
        to: &mut [Bucket; 2],
        bit: u32,
        anew: impl Fn(Handle, u32) -> u32,
    ) -> usize {
        let mut lens = [0; 2];
        let strayed = self.marks.strayed();
        for slot in 0..SLOTS {
            if let Some(handle) = self.handles[slot]
                && strayed >> slot & 1 == 0
            {
                let print = self.print(slot);
                let choice = (print >> bit & 1) as usize;
                to[choice].fill(lens[choice], anew(handle, print), handle, false);
                lens[choice] += 1;
            }
        }
        lens[0] + lens[1]
    }

    fn strayed(&self) -> impl Iterator<Item = Handle> {
        self.slots(1).map(|(_, handle)| handle)
    }

    /// What has not strayed, by slot.
    fn at_home(&self) -> impl Iterator<Item = (usize, Handle)> {
        self.slots(0)
    }

    /// What has this bit among those that strayed.
    fn slots(&self, bit: u32) -> impl Iterator<Item = (usize, Handle)> {
        let strayed = self.marks.strayed();
        let slots = self.handles.iter().enumerate();
        let slots = slots.filter(move |(slot, _)| strayed >> slot & 1 == bit);
        slots.filter_map(|(slot, handle)| handle.map(|handle| (slot, handle)))
    }
}

/// Takes an entry out of a segment, and answers how many buckets it had gone past, all for the stash.
fn unplace(page: &mut Page, segment: &mut Segment, home: usize, handle: Handle) -> Option<usize> {
    for (step, bucket) in from_home(home).enumerate() {
        let bucket = &mut page[bucket];
        if let Some(slot) = bucket.slot_with(handle) {
            bucket.empty(slot);
            return Some(step);
        }
        if bucket.marks.passed() == 0 {
            return None;
        }
    }
    let at = segment
        .stash
        .iter()
        .position(|stashed| *stashed == handle)?;
    segment.stash.swap_remove(at);
    Some(BUCKETS)
}

/// Segments that come, split, merge and go.
impl Table {
    fn add_segment(&mut self, first: u32, depth: u32) -> usize {
        self.pages.push(empty_page());
        self.segments.push(Segment {
            first,
            depth,
            len: 0,
            stash: Vec::new(),
        });
        self.depths[depth as usize] += 1;
        self.segments.len() - 1
    }

    #[inline]
    fn place(&mut self, segment: usize, hash: u32, handle: Handle) {
        let (page, segment) = (&mut self.pages[segment], &mut self.segments[segment]);
        segment.len += 1;
        let print = hash >> tag_shift(segment.depth);
        for (step, bucket) in from_home(home_of(hash, segment.depth)).enumerate() {
            let bucket = &mut page[bucket];
            if bucket.put(print, handle, step > 0) {
                return;
            }
            bucket.marks.went_past();
        }
        segment.stash.push(handle);
        self.stashed += 1;
    }

    /// Splits a segment by the next bit of the hashes; false where that would not be worth a directory of
    /// twice the size.
    #[cold]
    fn split(&mut self, route: Route, hash_of: &impl Fn(Handle) -> u32) -> bool {
        let (left, depth) = (route.segment(), route.depth());
        if depth == self.depth {
            let most = (self.segments.len() + 1) * DIRECTORY_MAX;
            if depth == DEPTH_MAX || self.directory.len() * 2 > most {
                return false;
            }
            let twice = self.directory.iter().flat_map(|route| [*route; 2]);
            self.directory = twice.collect();
            self.depth += 1;
        }
        let first = self.segments[left].first;
        let bit = 1 << (u32::BITS - 1 - depth);
        let right = self.add_segment(first | bit, depth + 1);
        self.deepen(left, depth + 1);
        self.share_out(left, right, hash_of);
        self.direct(left);
        self.direct(right);
        true
    }

    /// Shares the entries of `left` out to it and to `right`, which has the second half of its hashes.
    ///
    /// The bucket that an entry should be in says which half it belongs to and which two buckets there; the next bit of the
    /// hash chooses between them. So what is there is moved without a search and, at two of three depths, without a look at its
    /// block. Where there has to be one nothing else depends on it: the processor reads many of them at once.
    fn share_out(&mut self, left: usize, right: usize, hash_of: &impl Fn(Handle) -> u32) {
        let emptied = match self.spare.take() {
            Some(mut page) => {
                page.fill(Bucket::EMPTY);
                page
            }
            None => empty_page(),
        };
        let old = core::mem::replace(&mut self.pages[left], emptied);
        let stash = core::mem::take(&mut self.segments[left].stash);
        self.stashed -= stash.len();
        self.segments[left].len = 0;
        let Segment { first, depth, .. } = self.segments[right];
        let (before, after) = (tag_shift(depth - 1), tag_shift(depth));
        let bit = u32::BITS - BUCKET_BITS - depth - before;
        for (at, bucket) in old.iter().enumerate() {
            let half = if at < BUCKETS / 2 { left } else { right };
            let (pairs, _) = self.pages[half].as_chunks_mut();
            let to = &mut pairs[at % (BUCKETS / 2)];
            self.segments[half].len += if before == after {
                bucket.share_out(to, bit, |_, print| print)
            } else {
                bucket.share_out(to, bit, |handle, _| hash_of(handle) >> after)
            };
        }
        let strayed = old.iter().flat_map(Bucket::strayed);
        for handle in strayed.chain(stash) {
            let hash = hash_of(handle);
            self.place(if hash < first { left } else { right }, hash, handle);
        }
        self.spare = Some(old);
    }

    /// Makes a segment and its neighbour one, if that is nearly empty too.
    #[cold]
    fn merge(&mut self, route: Route, hash_of: &impl Fn(Handle) -> u32) {
        let Some(depth) = route.depth().checked_sub(1) else {
            return;
        };
        let first = self.segments[route.segment()].first;
        let bit = 1 << (u32::BITS - 1 - depth);
        let other = self.route(first ^ bit).expect("as deep as the neighbour");
        let (here, there) = (route.segment(), other.segment());
        let len = self.segments[here].len + self.segments[there].len;
        if other.depth() != route.depth() || len > MERGE_LEN {
            return;
        }
        let (left, right) = if first & bit == 0 {
            (here, there)
        } else {
            (there, here)
        };
        let mut entries = self.clear(left, hash_of);
        entries.append(&mut self.clear(right, hash_of));
        self.deepen(left, depth);
        for (hash, handle) in entries {
            self.place(left, hash, handle);
        }
        self.direct(left);
        self.drop_segment(right);
        while self.depths[self.depth as usize] == 0 {
            self.directory = self.directory.iter().step_by(2).copied().collect();
            self.depth -= 1;
        }
    }

    /// Takes everything out of a segment, each with as much of its hash as it takes to put it into one that is less deep: where it has
    /// not strayed the first bits say segment and bucket, and the next are kept there.
    fn clear(&mut self, at: usize, hash_of: &impl Fn(Handle) -> u32) -> Vec<(u32, Handle)> {
        let (page, segment) = (&mut self.pages[at], &mut self.segments[at]);
        let mut entries = Vec::with_capacity(SPLIT_LEN.max(segment.len));
        let mut first = segment.first;
        for bucket in page.iter() {
            for (slot, handle) in bucket.at_home() {
                let known = known_of(first, bucket.print(slot), segment.depth);
                entries.push((known, handle));
            }
            first = first.wrapping_add(1 << (u32::BITS - BUCKET_BITS - segment.depth));
        }
        let strayed = page.iter().flat_map(Bucket::strayed);
        let strayed = strayed.chain(segment.stash.iter().copied());
        entries.extend(strayed.map(|handle| (hash_of(handle), handle)));
        page.fill(Bucket::EMPTY);
        self.stashed -= segment.stash.len();
        segment.stash = Vec::new();
        segment.len = 0;
        entries
    }

    fn deepen(&mut self, at: usize, depth: u32) {
        let before = core::mem::replace(&mut self.segments[at].depth, depth);
        self.depths[before as usize] -= 1;
        self.depths[depth as usize] += 1;
    }

    /// Has the directory name a segment wherever it belongs.
    fn direct(&mut self, at: usize) {
        let Segment { first, depth, .. } = self.segments[at];
        let start = (u64::from(first) >> (u32::BITS - self.depth)) as usize;
        self.directory[start..][..1 << (self.depth - depth)].fill(Route::new(at, depth));
    }

    /// Takes out a segment to which nothing belongs any more; the last one moves into its place.
    fn drop_segment(&mut self, at: usize) {
        self.pages.swap_remove(at);
        let dropped = self.segments.swap_remove(at);
        self.depths[dropped.depth as usize] -= 1;
        if at < self.segments.len() {
            self.direct(at);
        }
    }
}
