//! The shortest way to one key: for a call that is a step of its own and of which nobody is to hear.
//!
//! So it is with nearly every call of a store in the same process: nobody watches, waits or listens, so no
//! key is named to anybody; and the call fails before it changes anything, so nothing is kept by which to
//! take it back. What is left of `Slot` and `Draft` is the key itself, statistics and the near cache.
//! Where there is more to do, nothing has happened, and `None` says so.

use super::keyspace::{Deadline, Keyspace, Lookup, Place, Standing, Used};
use super::state::State;
use crate::error::Result;
use crate::types::{Kind, Text};

use super::slot::of_kind;

/// A key of which nobody will hear, and where it stands.
pub struct QuietSlot<'a, 'k> {
    state: &'a mut State,
    db: u32,
    now_ms: i64,
    key: &'k [u8],
    found: Lookup,
}

impl State {
    /// Where `Ctx::read_whole` finds a key that was looked up, if it is there; none where time has taken it, or somebody may want
    /// to hear that it is missing. What stands there is read by `Keyspace::read_at`.
    #[inline(always)]
    pub fn found_quietly(&mut self, db: u32, found: Lookup, now_ms: i64) -> Option<Option<Place>> {
        let Some(place) = found.place else {
            let hears = self.hears();
            self.stats.misses += u64::from(!hears);
            return (!hears).then_some(None);
        };
        if found.has_deadline && self.databases[db as usize].at(place).is_past(now_ms) {
            return None;
        }
        self.stats.hits += 1;
        Some(Some(place))
    }

    /// As `Ctx::slot`; none where time has taken the key, or somebody watches or listens.
    #[inline(always)]
    pub fn quiet_slot<'k>(
        &mut self,
        db: u32,
        key: &'k [u8],
        now_ms: i64,
    ) -> Option<QuietSlot<'_, 'k>> {
        let found = self.databases[db as usize].find_here(key);
        self.quiet_slot_found(db, key, found, now_ms)
    }

    /// As `quiet_slot`, of a key that was looked up.
    #[inline(always)]
    pub fn quiet_slot_found<'k>(
        &mut self,
        db: u32,
        key: &'k [u8],
        found: Lookup,
        now_ms: i64,
    ) -> Option<QuietSlot<'_, 'k>> {
        if !self.is_quiet() {
            return None;
        }
        let keyspace = &self.databases[db as usize];
        let is_past = |place| keyspace.at(place).is_past(now_ms);
        if found.has_deadline && found.place.is_some_and(is_past) {
            return None;
        }
        Some(QuietSlot {
            state: self,
            db,
            now_ms,
            key,
            found,
        })
    }

    /// As `QuietSlot::set`, of a value that is no integer under a key that is not there; false where more is to be done for that.
    #[inline(never)]
    fn set_new(&mut self, (db, now_ms): (u32, i64), key: &[u8], value: &[u8], hash: u32) -> bool {
        let keyspace = &mut self.databases[db as usize];
        if !keyspace.enter_plain(hash, key, value, Used::at(now_ms)) {
            return false;
        }
        self.open(db);
        self.peak_bytes = self.peak_bytes.max(self.used_bytes());
        true
    }

    /// As `QuietSlot::set`, where the value is not just written over what stands there.
    #[inline(never)]
    fn set_anew(
        &mut self,
        (db, now_ms): (u32, i64),
        key: &[u8],
        value: &[u8],
        found: u64,
        deadline: Option<Deadline>,
    ) {
        let found = self.databases[db as usize].lookup(found);
        let slot = QuietSlot {
            state: self,
            db,
            now_ms,
            key,
            found,
        };
        slot.put_text(Text::of(value), deadline);
    }

    /// Whether anybody listens to what happens to keys.
    #[inline(always)]
    pub fn hears(&self) -> bool {
        self.config.notify.is_on() || self.clients.has_observers()
    }

    /// Whether nobody is to hear of a write, who listens or watches.
    #[inline(always)]
    pub fn is_quiet(&self) -> bool {
        !self.hears() && self.watches.is_empty()
    }
}

impl QuietSlot<'_, '_> {
    /// As `Slot::view`.
    pub fn view<T: Kind>(&self) -> Result<Option<T::View<'_>>> {
        of_kind::<T>(self.standing())
    }

    pub fn deadline(&self) -> Option<Deadline> {
        let standing = self.standing().filter(|_| self.found.has_deadline);
        standing.and_then(Standing::deadline)
    }

    /// As `put_text`, for SET.
    #[inline(always)]
    pub fn set(self, value: &[u8], deadline: Option<Deadline>) {
        let QuietSlot {
            state,
            db,
            now_ms,
            key,
            found,
        } = self;
        if deadline.is_none()
            && !Text::may_be_int(value)
            && let Some(place) = found.place
            && let keyspace = &mut state.databases[db as usize]
            && let Some(was_near) = keyspace.overwrite_plain(place, value, Used::at(now_ms))
        {
            if was_near {
                state.near.forget(key);
            }
            return;
        }
        // In numbers: a slot that is handed over has to lie in memory from the start.
        let found = found.to_number();
        let is_new = deadline.is_none() && !Text::may_be_int(value) && found as u32 == 0;
        if !is_new || !state.set_new((db, now_ms), key, value, (found >> 32) as u32) {
            state.set_anew((db, now_ms), key, value, found, deadline);
        }
    }

    /// As `Slot::put_text`, for good.
    #[inline(never)]
    pub fn put_text(mut self, text: Text, deadline: Option<Deadline>) {
        let used = Used::at(self.now_ms);
        let keyspace = &mut self.state.databases[self.db as usize];
        match keyspace.overwrite(self.found, text, deadline, used) {
            Some(was_near) => self.forget_if(was_near),
            None => self.put_anew(text, deadline),
        }
    }

    /// Adds to the integer that stands there, if it is one that its block can go on to hold; else nothing has happened.
    #[inline(always)]
    pub fn add(&mut self, step: i64) -> Option<i64> {
        let used = Used::at(self.now_ms);
        let keyspace = &mut self.state.databases[self.db as usize];
        let (sum, was_near) = keyspace.add(self.found.place?, step, used)?;
        self.forget_if(was_near);
        Some(sum)
    }

    /// As `put_text`, in a block of its own.
    #[inline]
    fn put_anew(mut self, text: Text, deadline: Option<Deadline>) {
        let place = self.found.place;
        let is_near = place.is_some_and(|place| self.keyspace().may_be_near(place));
        self.forget_if(is_near);
        let state = self.state;
        state.open(self.db);
        let keyspace = &mut state.databases[self.db as usize];
        let used = Used::at(self.now_ms);
        keyspace.put_text(self.found, self.key, text, deadline, used);
        keyspace.settle(&mut state.lazy);
        state.peak_bytes = state.peak_bytes.max(state.used_bytes());
    }

    #[inline(always)]
    fn forget_if(&mut self, is_near: bool) {
        if is_near {
            self.state.near.forget(self.key);
        }
    }

    /// Changes the value in its place, for good, by `change`, which says whether it has; nothing where there is no value of
    /// that kind. It is to be none that ends empty.
    pub fn edit<T: Kind>(mut self, mut change: impl FnMut(&mut T) -> bool) {
        let Some(place) = self
            .found
            .place
            .filter(|_| matches!(self.view::<T>(), Ok(Some(_))))
        else {
            return;
        };
        self.state.open(self.db);
        let keyspace = &mut self.state.databases[self.db as usize];
        let is_near = keyspace.may_be_near(place);
        let used = Used::at(self.now_ms);
        let edited = keyspace.edit(place, self.key, used, true, &mut |value| {
            change(T::of_mut(value).expect("a value of the kind that was looked for"))
        });
        debug_assert!(!edited.is_empty, "an edit that takes nothing away");
        if edited.is_changed {
            if edited.change.is_some() {
                keyspace.settle(&mut self.state.lazy);
            }
            self.state.peak_bytes = self.state.peak_bytes.max(self.state.used_bytes());
            self.forget_if(is_near);
        }
    }

    fn standing(&self) -> Option<Standing<'_>> {
        self.found.place.map(|place| self.keyspace().at(place))
    }

    fn keyspace(&self) -> &Keyspace {
        &self.state.databases[self.db as usize]
    }
}
