//! Where the entries are, by hash: buckets of 64 bytes in segments of 64, under a directory.
//!
//! ```text
//! hash      | depth of the segment | 6 bits: bucket | rest |      the tag is the lowest byte, never 0
//! bucket    | 12 handles | 12 tags | how many went past it |      64 bytes
//! ```
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
    /// Entries that would be here or before, and are in a later bucket or the stash since this one was full.
    passed: u32,
}

const _: () = assert!(size_of::<Bucket>() == 64);

type Page = [Bucket; BUCKETS];

#[derive(Debug)]
struct Segment {
    /// The lowest hash that belongs here.
    first: u32,
    depth: u32,
    len: usize,
    /// What found no slot at all: only where very many hashes begin alike.
    stash: Vec<Handle>,
}

/// Which segment a part of the hash space belongs to, and its depth, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Route(u32);

impl Route {
    const DEPTH_BITS: u32 = 5;

    fn new(segment: usize, depth: u32) -> Route {
        Route(((segment as u32) << Route::DEPTH_BITS) | depth)
    }

    #[inline]
    fn segment(self) -> usize {
        (self.0 >> Route::DEPTH_BITS) as usize
    }

    #[inline]
    fn depth(self) -> u32 {
        self.0 % (1 << Route::DEPTH_BITS)
    }
}

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

#[inline]
fn tag_of(hash: u32) -> u8 {
    (hash as u8).max(1)
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
        passed: 0,
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
        let found = bucket.find(tag_of(hash), is_it);
        if found.is_some() || bucket.passed == 0 {
            return Ok(found);
        }
        Err(Further { route, hash })
    }

    /// Reads the home bucket of this hash; of use to the cache alone.
    #[inline]
    pub fn look_ahead(&self, hash: u32) -> u32 {
        self.route(hash).map_or(0, |route| {
            self.pages[route.segment()][home_of(hash, route.depth())].passed
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
            let found = bucket.find(tag_of(hash), &is_it);
            if found.is_some() || bucket.passed == 0 {
                return found;
            }
        }
        let stash = &self.segments[route.segment()].stash;
        stash.iter().copied().find(|handle| is_it(*handle))
    }

    /// Puts in an entry that is not there yet.
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
            if bucket.passed == 0 {
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
            page[bucket].passed -= 1;
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
        let last = cursor | (u32::MAX >> (route.depth() + BUCKET_BITS));
        let mut look = |handle: &Handle| {
            if (cursor..=last).contains(&hash_of(*handle)) {
                visit(*handle);
            }
        };
        let page = &self.pages[route.segment()];
        for bucket in from_home(home_of(cursor, route.depth())) {
            let bucket = &page[bucket];
            bucket.handles.iter().flatten().for_each(&mut look);
            if bucket.passed == 0 {
                return last.wrapping_add(1);
            }
        }
        let stash = &self.segments[route.segment()].stash;
        stash.iter().for_each(&mut look);
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
    fn put(&mut self, tag: u8, handle: Handle) -> bool {
        let free = self.matches(0);
        if free == 0 {
            return false;
        }
        let slot = Bucket::slot_of(free);
        self.tags[slot] = tag;
        self.handles[slot] = Some(handle);
        true
    }

    /// Puts each of its entries into one of two that are empty, and answers how many that were.
    #[inline]
    fn share_out(&self, to: &mut [Bucket; 2], which: impl Fn(Handle) -> usize) -> usize {
        let choices = self.handles.map(|slot| slot.map_or(0, &which));
        let mut lens = [0; 2];
        for (slot, choice) in choices.into_iter().enumerate() {
            if let Some(handle) = self.handles[slot] {
                let (bucket, len) = (&mut to[choice], &mut lens[choice]);
                bucket.tags[*len] = self.tags[slot];
                bucket.handles[*len] = Some(handle);
                *len += 1;
            }
        }
        lens[0] + lens[1]
    }
}

/// Takes an entry out of a segment, and answers how many buckets it had gone past, all for the stash.
fn unplace(page: &mut Page, segment: &mut Segment, home: usize, handle: Handle) -> Option<usize> {
    for (step, bucket) in from_home(home).enumerate() {
        let bucket = &mut page[bucket];
        if let Some(slot) = bucket.slot_with(handle) {
            bucket.tags[slot] = 0;
            bucket.handles[slot] = None;
            return Some(step);
        }
        if bucket.passed == 0 {
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
        for bucket in from_home(home_of(hash, segment.depth)) {
            let bucket = &mut page[bucket];
            if bucket.put(tag_of(hash), handle) {
                return;
            }
            bucket.passed += 1;
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
    /// Of what is in its home bucket that says which half it belongs to and which two buckets there; the next bit of the
    /// hash chooses between them. So those are moved without a search, and nothing but that bit depends on the memory of
    /// the blocks: the processor reads many of them at once.
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
        let mut went_past = old[BUCKETS - 1].passed > 0;
        let mut strayed = Vec::new();
        for (at, bucket) in old.iter().enumerate() {
            if went_past {
                strayed.push(bucket);
            } else {
                let half = if at < BUCKETS / 2 { left } else { right };
                let (pairs, _) = self.pages[half].as_chunks_mut();
                let next_bit = |handle| home_of(hash_of(handle), depth) & 1;
                self.segments[half].len +=
                    bucket.share_out(&mut pairs[at % (BUCKETS / 2)], next_bit);
            }
            went_past = bucket.passed > 0;
        }
        let strayed = strayed.into_iter().flat_map(|bucket| bucket.handles);
        for handle in strayed.flatten().chain(stash) {
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

    /// Takes everything out of a segment.
    fn clear(&mut self, at: usize, hash_of: &impl Fn(Handle) -> u32) -> Vec<(u32, Handle)> {
        let (page, segment) = (&mut self.pages[at], &mut self.segments[at]);
        let mut entries = Vec::with_capacity(SPLIT_LEN.max(segment.len));
        entries.extend(entries_of(page, segment).map(|handle| (hash_of(handle), handle)));
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
