//! `Slot`: a key of the selected database, looked up once for all that a command does with it.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::config::Role;
use super::context::{Ctx, Ttl};
use super::event::Event;
use super::keyspace::{Change, Deadline, Edit, Entry, Keyspace, Lookup, Place, Standing, Used};
use super::undo::Undo;
use crate::error::{Error, Result};
use crate::types::{Kind, Text, Value};

/// A key and where it stands.
///
/// It holds on to the `Ctx`, so that nothing else can move the key meanwhile, and what is written
/// ends it.
pub struct Slot<'c, 'a, 'k> {
    ctx: &'c mut Ctx<'a>,
    key: &'k [u8],
    found: Lookup,
    /// The deadline of what stands there has passed.
    is_past: bool,
}

impl<'a> Ctx<'a> {
    /// Looks a key up, and removes it if its deadline has passed. One hash, one probe.
    pub fn slot<'c, 'k>(&'c mut self, key: &'k [u8]) -> Slot<'c, 'a, 'k> {
        let mut slot = self.slot_as_it_is(key);
        if slot.is_due() {
            slot.expire();
        }
        slot
    }

    /// As `slot`, whatever the time.
    pub(super) fn slot_as_it_is<'c, 'k>(&'c mut self, key: &'k [u8]) -> Slot<'c, 'a, 'k> {
        let found = self.keyspace().find(key);
        let is_past = found.has_deadline
            && found
                .place
                .is_some_and(|place| self.keyspace().at(place).is_past(self.now_ms()));
        Slot {
            ctx: self,
            key,
            found,
            is_past,
        }
    }
}

/// Reading several keys.
impl Ctx<'_> {
    /// As `read_whole` for one key after the other.
    ///
    /// While time takes nothing, all of them are looked up before any value is: no look-up waits for another, so
    /// the memory of several is fetched at once.
    pub fn read_all<'k>(
        &mut self,
        keys: impl Iterator<Item = &'k [u8]> + Clone,
        mut answer: impl FnMut(Option<Standing>),
    ) {
        if self.keyspace().volatile_len() > 0 {
            for key in keys {
                answer(self.read_whole(key));
            }
            return;
        }
        let keyspace = self.keyspace();
        let mut places = Vec::new();
        keyspace.find_each(keys.clone(), |found| places.push(found.place));
        let used = Used::at(self.now_ms());
        for (key, place) in keys.zip(places) {
            let Some(place) = place else {
                self.state.stats.misses += 1;
                self.event(key, Event::KeyMiss);
                answer(None);
                continue;
            };
            self.state.stats.hits += 1;
            let keyspace = &mut self.state.databases[self.db as usize];
            if !self.no_touch {
                keyspace.note_use(place, used);
            }
            answer(Some(keyspace.at(place)));
        }
    }
}

/// Reading.
impl<'c> Slot<'c, '_, '_> {
    /// What stands there for a client, without any trace of the look.
    pub fn look(&self) -> Option<Standing<'_>> {
        self.shown().map(|place| self.ctx.keyspace().at(place))
    }

    pub fn exists(&self) -> bool {
        self.shown().is_some()
    }

    /// Notes the use of the key and counts a hit or a miss; whether it stands.
    pub fn touch(&mut self) -> bool {
        let found = self.probe();
        if let Some(place) = self.found.place
            && found
            && !self.ctx.no_touch
        {
            let now_ms = self.ctx.now_ms();
            self.keyspace_mut().note_use(place, Used::at(now_ms));
        }
        found
    }

    /// As `touch`, for a look that is no use of the key (EXISTS, TTL, OBJECT).
    pub fn probe(&mut self) -> bool {
        let found = self.exists();
        if found {
            self.ctx.state.stats.hits += 1;
        } else {
            self.ctx.state.stats.misses += 1;
            self.ctx.event(self.key, Event::KeyMiss);
        }
        found
    }

    /// The value as `look` finds it, if it is of the kind that the command wants.
    pub fn view<T: Kind>(&self) -> Result<Option<T::View<'_>>> {
        of_kind::<T>(self.look())
    }

    /// As `view`, for as long as the `Ctx` is held.
    pub fn into_view<T: Kind>(self) -> Result<Option<T::View<'c>>> {
        of_kind::<T>(self.into_look())
    }

    /// As `look`, for as long as the `Ctx` is held.
    pub fn into_look(self) -> Option<Standing<'c>> {
        let shown = self.shown();
        let ctx: &'c Ctx = self.ctx;
        shown.map(|place| ctx.keyspace().at(place))
    }

    /// `touch`, then `into_look`.
    #[inline]
    pub fn into_read(mut self) -> Option<Standing<'c>> {
        if !self.probe() || self.ctx.no_touch {
            return self.into_look();
        }
        let place = self.found.place?;
        let used = Used::at(self.ctx.now_ms());
        let ctx: &'c mut Ctx = self.ctx;
        Some(ctx.state.databases[ctx.db as usize].use_at(place, used))
    }

    /// Has the key look as if it was last used so long ago (RESTORE IDLETIME). What the clock of a
    /// key cannot hold is cut to half of that.
    pub fn set_idle(mut self, idle_ms: i64) {
        let used_ms = self.ctx.now_ms() - idle_ms.min(Used::LONGEST_MS / 2);
        if let Some(place) = self.found.place {
            self.keyspace_mut().note_use(place, Used::at(used_ms));
        }
    }

    /// Where the key stands, if it is there for a client (see `Ctx::shows`).
    fn shown(&self) -> Option<Place> {
        let is_hidden = self.is_past && !self.ctx.draft.applying;
        self.found.place.filter(|_| !is_hidden)
    }

    /// Whether this engine is to remove the key now. Only an authority turns time into an effect; the
    /// others hide what is past.
    fn is_due(&self) -> bool {
        self.is_past && !self.ctx.draft.applying && self.ctx.state.config.role == Role::Authority
    }

    fn keyspace_mut(&mut self) -> &mut Keyspace {
        self.ctx.state.open(self.ctx.db);
        &mut self.ctx.state.databases[self.ctx.db as usize]
    }
}

pub(super) fn of_kind<T: Kind>(standing: Option<Standing<'_>>) -> Result<Option<T::View<'_>>> {
    match standing {
        None => Ok(None),
        Some(standing) => match T::of(standing.value()) {
            None => Err(Error::WrongType),
            of_kind => Ok(of_kind),
        },
    }
}

/// Writing.
impl<'c, 'a, 'k> Slot<'c, 'a, 'k> {
    /// Changes the value, in place.
    ///
    /// A missing key is given an empty value first; a value that ends empty is removed. So a
    /// closure sees `&mut T` and nothing else, and neither case can be forgotten.
    pub fn edit<T: Kind, R>(
        self,
        event: Event,
        change: impl FnOnce(&mut T) -> Edit<R>,
    ) -> Result<R> {
        let (mut change, mut answer) = (Some(change), None);
        // All that is not of this command is written, and compiled, once.
        let empty = |buffer: &mut Vec<u8>| T::empty_in(buffer).into_value();
        self.edit_value(event, empty, &mut |value| {
            let Some(value) = T::of_mut(value) else {
                return false;
            };
            let change = change.take().expect("an edit is one change");
            let (is_changed, answered) = match change(value) {
                Edit::Kept(answer) => (false, answer),
                Edit::Changed(answer) => (true, answer),
            };
            answer = Some(answered);
            is_changed
        });
        answer.ok_or(Error::WrongType)
    }

    fn edit_value(
        mut self,
        event: Event,
        empty: fn(&mut Vec<u8>) -> Value,
        change: &mut dyn FnMut(&mut Value) -> bool,
    ) {
        let Some(place) = self.found.place else {
            let keyspace = &mut self.ctx.state.databases[self.ctx.db as usize];
            let mut value = empty(keyspace.spare());
            if change(&mut value) && !value.is_empty() {
                self.put_value(event, value, Ttl::Clear);
            } else {
                keyspace.keep_spare(value);
            }
            return;
        };
        let (now_ms, is_final) = (self.ctx.now_ms(), self.ctx.draft.is_final);
        let key = self.key;
        let edited = (self.keyspace_mut()).edit(place, key, Used::at(now_ms), is_final, change);
        if edited.is_changed {
            self.found.place = Some(edited.place);
            match edited.change {
                Some(change) => self.changed(change),
                None => {
                    self.ctx.draft.undo.push(Undo::Never);
                    self.ctx.touched(self.key);
                }
            }
            self.ctx.event(self.key, event);
            if edited.is_empty {
                self.remove(Event::Del);
            }
        }
    }

    /// Writes a value over whatever stood there. An empty aggregate removes it.
    pub fn put<T: Kind>(self, event: Event, value: T, ttl: Ttl) {
        if value.is_empty() {
            self.remove(Event::Del);
            return;
        }
        self.put_value(event, value.into_value(), ttl);
    }

    /// As `put`, for a string. Hands back what the slot was made of, for what is left to be said.
    pub fn put_text(mut self, event: Event, text: Text, ttl: Ttl) -> (&'c mut Ctx<'a>, &'k [u8]) {
        let (deadline, now_ms) = (self.deadline_after(ttl), self.ctx.now_ms());
        let (key, found) = (self.key, self.found);
        let change = self
            .keyspace_mut()
            .put_text(found, key, text, deadline, Used::at(now_ms));
        self.written(change, event, ttl);
        (self.ctx, self.key)
    }

    /// Writes an entry, deadline and all, over whatever stood there (COPY, RESTORE).
    pub fn put_entry(mut self, event: Event, entry: Entry) {
        let change = self.put_whole(entry);
        self.changed(change);
        self.ctx.event(self.key, Event::New);
        self.ctx.event(self.key, event);
    }

    /// Removes the key; false where there is none.
    pub fn remove(mut self, event: Event) -> bool {
        let found = self.take_out().is_some();
        if found {
            self.ctx.event(self.key, event);
        }
        found
    }

    /// Sets or takes off the deadline; false where there is no key. Its effect is said here, as a
    /// deadline that has passed removes the key, as in Redis.
    pub fn set_deadline(self, deadline: Option<Deadline>) -> bool {
        let place = self.shown();
        if let Some(place) = place {
            self.change_deadline(place, deadline);
        }
        place.is_some()
    }

    fn change_deadline(mut self, place: Place, deadline: Option<Deadline>) {
        let (key, now_ms, applying) = (self.key, self.ctx.now_ms(), self.ctx.draft.applying);
        if deadline.is_some_and(|deadline| deadline <= now_ms && !applying) {
            self.take_out();
            self.ctx.event(key, Event::Del);
            self.ctx.effect([b"DEL", key]);
            return;
        }
        let change = self.keyspace_mut().set_deadline(place, deadline);
        self.changed(change);
        match deadline {
            Some(deadline) => {
                self.ctx.event(key, Event::Expire);
                let deadline = deadline.to_string();
                self.ctx.effect([b"PEXPIREAT", key, deadline.as_bytes()]);
            }
            None => {
                self.ctx.event(key, Event::Persist);
                self.ctx.effect([b"PERSIST", key]);
            }
        }
    }

    /// Removes what time has taken.
    pub(super) fn expire(&mut self) {
        let Some(Some(deadline)) = self.take_out() else {
            return;
        };
        let effects = &mut self.ctx.draft.effects;
        effects.expired(self.ctx.db, self.key, deadline);
        self.ctx.event(self.key, Event::Expired);
        self.ctx.state.stats.expired += 1;
    }

    /// Removes the key to make room.
    pub(super) fn evict(mut self) {
        if self.take_out().is_some() {
            let seen_seq = self.ctx.state.seq;
            let effects = &mut self.ctx.draft.effects;
            effects.evicted(self.ctx.db, self.key, seen_seq);
            self.ctx.event(self.key, Event::Evicted);
            self.ctx.state.stats.evicted += 1;
        }
    }

    fn deadline_after(&self, ttl: Ttl) -> Option<Deadline> {
        match ttl {
            Ttl::Keep => {
                let place = self.found.place?;
                self.ctx.keyspace().at(place).deadline()
            }
            Ttl::Clear => None,
            Ttl::At(deadline) => Some(deadline),
        }
    }

    fn put_value(mut self, event: Event, value: Value, ttl: Ttl) {
        let change = self.put_whole(Entry::new(value, self.deadline_after(ttl)));
        self.written(change, event, ttl);
    }

    fn put_whole(&mut self, mut entry: Entry) -> Change {
        entry.used = Used::at(self.ctx.now_ms());
        let (key, found) = (self.key, self.found);
        self.keyspace_mut().put(found, key, entry)
    }

    /// Notes what was written anew.
    fn written(&mut self, change: Change, event: Event, ttl: Ttl) {
        self.changed(change);
        if self.found.place.is_none() {
            self.ctx.event(self.key, Event::New);
        }
        self.ctx.event(self.key, event);
        if let Ttl::At(_) = ttl {
            self.ctx.event(self.key, Event::Expire);
        }
    }

    /// Takes the key out, and answers the deadline that it had.
    fn take_out(&mut self) -> Option<Option<Deadline>> {
        let place = self.found.place.take()?;
        let deadline = self.ctx.keyspace().at(place).deadline();
        let change = self.keyspace_mut().remove(place);
        self.changed(change);
        Some(deadline)
    }

    fn changed(&mut self, change: Change) {
        let db = self.ctx.db;
        self.ctx.draft.undo.push(Undo::Changed { db, change });
        self.ctx.touched(self.key);
    }
}
