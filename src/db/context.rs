//! `Ctx`: what a command holds while it runs, and the only hand that may touch a key.
//!
//! No key changes here without its event being named, its inverse kept, its effect recorded and
//! its weight counted; a command cannot forget any of them.

use super::client::{Client, ClientId};
use super::config::Role;
use super::effects::{Argv, Block, Draft, Effect, Savepoint};
use super::event::Event;
use super::keyspace::{Deadline, Entry, Key, Keyspace, Standing, is_past};
use super::random::split_mix;
use super::state::State;
use super::undo::Undo;
use crate::error::{Error, Result};
use crate::types::{Inverse, Kind, Limits, Value};

/// What a closure given to `edit` did, and what it answers.
pub enum Edit<R> {
    /// Nothing changed: no event, no effect, no undo.
    Kept(R),
    Changed(R),
}

impl<R> Edit<R> {
    pub fn when(changed: bool, answer: R) -> Edit<R> {
        if changed {
            Edit::Changed(answer)
        } else {
            Edit::Kept(answer)
        }
    }
}

/// What becomes of the deadline when a key is written anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ttl {
    Keep,
    Clear,
    At(Deadline),
}

/// One command's view of the state, within a step.
pub struct Ctx<'a> {
    pub state: &'a mut State,
    pub draft: &'a mut Draft,
    pub client: ClientId,
    /// The database that the client selected.
    pub db: u32,
}

/// Around keys: time, chance, settings, the client.
impl<'a> Ctx<'a> {
    pub fn new(state: &'a mut State, draft: &'a mut Draft, client: ClientId) -> Ctx<'a> {
        let db = state.client(client).db;
        Ctx {
            state,
            draft,
            client,
            db,
        }
    }

    /// Frozen for the length of a step.
    pub fn now_ms(&self) -> i64 {
        self.draft.now_ms
    }

    /// The next number of the step's own generator.
    pub fn random(&mut self) -> u64 {
        split_mix(&mut self.draft.random)
    }

    pub fn limits(&self) -> Limits {
        self.state.config.limits
    }

    pub fn client(&self) -> &Client {
        self.state.client(self.client)
    }

    pub fn client_mut(&mut self) -> &mut Client {
        self.state.client_mut(self.client)
    }

    pub fn keyspace(&self) -> &Keyspace {
        &self.state.databases[self.db as usize]
    }

    fn keyspace_mut(&mut self) -> &mut Keyspace {
        &mut self.state.databases[self.db as usize]
    }

    /// Does something with another database selected (MOVE, COPY DB).
    pub fn in_db<R>(&mut self, db: u32, act: impl FnOnce(&mut Ctx) -> R) -> R {
        let before = std::mem::replace(&mut self.db, db);
        let answer = act(self);
        self.db = before;
        answer
    }

    /// Sends a message when the step is done; answers how many clients will receive it.
    pub fn publish(&mut self, channel: &[u8], message: &[u8]) -> usize {
        self.draft.published.push((channel.into(), message.into()));
        self.state.channels.receivers(channel).count()
    }

    /// Records what this command did in other words than the caller's. Where no command says
    /// anything, its own arguments are the effect.
    pub fn effect<B: AsRef<[u8]>>(&mut self, argv: impl IntoIterator<Item = B>) {
        let argv = argv
            .into_iter()
            .map(|argument| argument.as_ref().into())
            .collect();
        self.draft
            .effects
            .push(Effect::Command { db: self.db, argv });
    }

    /// Lets the client wait for one of the keys; false where nothing may wait (MULTI, `atomic`).
    pub fn block(&mut self, keys: impl IntoIterator<Item = Key>, until_ms: Option<i64>) -> bool {
        if self.draft.may_block {
            self.draft.block = Some(Block {
                keys: keys.into_iter().collect(),
                until_ms,
            });
        }
        self.draft.may_block
    }
}

/// Reading.
impl Ctx<'_> {
    /// Removes the key if its deadline has passed, notes its use and counts a hit or a miss.
    pub fn touch(&mut self, key: &[u8]) {
        if self.client().no_touch {
            self.probe(key);
            return;
        }
        let (now_ms, applying) = (self.now_ms(), self.draft.applying);
        match self.keyspace_mut().get_used(key, now_ms) {
            Some(entry) if applying || !entry.is_past(now_ms) => self.state.stats.hits += 1,
            Some(_) => {
                self.probe(key);
            }
            None => self.miss(key),
        }
    }

    /// Has a key look as if it was last used so long ago (RESTORE IDLETIME). What the clock of a key
    /// cannot hold, 49 days, is cut to half of that.
    pub fn set_idle(&mut self, key: &[u8], idle_ms: i64) {
        const LONGEST_MS: i64 = (u32::MAX / 2) as i64;
        let used_ms = self.now_ms() - idle_ms.min(LONGEST_MS);
        self.keyspace_mut().get_used(key, used_ms);
    }

    /// As `touch`, for a look that is no use of the key (EXISTS, TTL, OBJECT); whether it stands.
    pub fn probe(&mut self, key: &[u8]) -> bool {
        let found = self.exists(key);
        if found {
            self.state.stats.hits += 1;
        } else {
            self.miss(key);
        }
        found
    }

    fn miss(&mut self, key: &[u8]) {
        self.state.stats.misses += 1;
        self.event(key, Event::KeyMiss);
    }

    /// What stands under a key, without any trace of the look. O(1).
    pub fn look(&self, key: &[u8]) -> Option<Standing<'_>> {
        let standing = self.keyspace().get(key)?;
        self.shows(standing.deadline()).then_some(standing)
    }

    /// Whether what has this deadline is there for a client: what is past it is not, though it may
    /// not have been removed yet.
    pub fn shows(&self, deadline: Option<Deadline>) -> bool {
        self.draft.applying || !is_past(deadline, self.now_ms())
    }

    /// The value as `look` finds it, if it is of the kind that the command wants.
    pub fn view<T: Kind>(&self, key: &[u8]) -> Result<Option<T::View<'_>>> {
        match self.look(key) {
            None => Ok(None),
            Some(standing) => T::of(standing.value()).map(Some).ok_or(Error::WrongType),
        }
    }

    /// `touch`, then `view`: what most reading commands do.
    pub fn read<T: Kind>(&mut self, key: &[u8]) -> Result<Option<T::View<'_>>> {
        self.touch(key);
        self.view::<T>(key)
    }

    pub fn exists(&mut self, key: &[u8]) -> bool {
        match self.keyspace().get(key) {
            None => false,
            Some(standing) if self.shows(standing.deadline()) => true,
            Some(_) => {
                self.expire_if_past(key);
                false
            }
        }
    }
}

/// Writing.
impl Ctx<'_> {
    /// Changes the value under a key, in place.
    ///
    /// A missing key is given an empty value first; a value that ends empty is removed. So a
    /// closure sees `&mut T` and nothing else, and neither case can be forgotten.
    pub fn edit<T: Kind, R>(
        &mut self,
        key: &[u8],
        event: Event,
        change: impl FnOnce(&mut T) -> Edit<R>,
    ) -> Result<R> {
        let is_of_kind = match self.keyspace().get(key) {
            None => None,
            Some(standing) if self.is_due(standing) => {
                self.expire(key);
                None
            }
            Some(standing) => Some(T::of(standing.value()).is_some()),
        };
        match is_of_kind {
            None => Ok(self.create(key, event, change)),
            Some(false) => Err(Error::WrongType),
            Some(true) => Ok(self.change(key, event, change)),
        }
    }

    fn create<T: Kind, R>(
        &mut self,
        key: &[u8],
        event: Event,
        change: impl FnOnce(&mut T) -> Edit<R>,
    ) -> R {
        let mut value = T::default();
        match change(&mut value) {
            Edit::Kept(answer) => answer,
            Edit::Changed(answer) => {
                if !value.is_empty() {
                    self.insert(key, Entry::new(value.into_value(), None));
                    self.event(key, Event::New);
                    self.event(key, event);
                }
                answer
            }
        }
    }

    fn change<T: Kind, R>(
        &mut self,
        key: &[u8],
        event: Event,
        change: impl FnOnce(&mut T) -> Edit<R>,
    ) -> R {
        let (db, now_ms) = (self.db, self.now_ms());
        let keyspace = &mut self.state.databases[db as usize];
        let changed = keyspace.change(key, Some(now_ms), |value| {
            let value = T::of_mut(value).expect("edit has looked at the kind");
            let (answer, before) = remembering(value, change);
            (answer, before, value.is_empty())
        });
        let (answer, before, is_empty) = changed.expect("edit has found the key");
        if let Some(before) = before {
            let key_of_undo = key.into();
            self.draft.undo.push(match before {
                Before::Whole(before) => Undo::Changed {
                    db,
                    key: key_of_undo,
                    before,
                },
                Before::Inverses(inverses) => Undo::Edited {
                    db,
                    key: key_of_undo,
                    inverses,
                },
            });
            self.touched(key);
            self.event(key, event);
            if is_empty {
                self.remove(key, Event::Del);
            }
        }
        answer
    }

    /// Writes a value over whatever stood under the key. An empty aggregate removes it.
    pub fn put<T: Kind>(&mut self, key: &[u8], event: Event, value: T, ttl: Ttl) {
        self.expire_if_past(key);
        if value.is_empty() {
            self.remove(key, Event::Del);
            return;
        }
        let deadline = match ttl {
            Ttl::Keep => self.keyspace().get(key).and_then(Standing::deadline),
            Ttl::Clear => None,
            Ttl::At(deadline) => Some(deadline),
        };
        if self.place(key, Entry::new(value.into_value(), deadline)) {
            self.event(key, Event::New);
        }
        self.event(key, event);
        if let Ttl::At(_) = ttl {
            self.event(key, Event::Expire);
        }
    }

    /// Writes an entry, deadline and all, over whatever stood under the key (COPY, RESTORE).
    pub fn put_entry(&mut self, key: &[u8], event: Event, entry: Entry) {
        self.expire_if_past(key);
        self.place(key, entry);
        self.event(key, Event::New);
        self.event(key, event);
    }

    /// Removes a key; false where there is none. O(1): the entry moves into the undo log, and what
    /// is large is freed when that is.
    pub fn remove(&mut self, key: &[u8], event: Event) -> bool {
        self.expire_if_past(key);
        let removed = self.take_out(key).is_some();
        if removed {
            self.event(key, event);
        }
        removed
    }

    /// Moves an entry, deadline and all, over whatever stood at its new place (RENAME, MOVE); false
    /// where there is none to move. O(1).
    pub fn move_key(&mut self, from: &[u8], to: (u32, &[u8]), events: (Event, Event)) -> bool {
        self.expire_if_past(from);
        self.in_db(to.0, |ctx| ctx.expire_if_past(to.1));
        let Some((position, from, entry)) = self.keyspace_mut().remove(from) else {
            return false;
        };
        let target = &mut self.state.databases[to.0 as usize];
        let over = target.replace(to.1, entry).map_or_else(
            |entry| {
                target.insert(to.1.into(), entry);
                None
            },
            Some,
        );
        self.touched(&from);
        self.in_db(to.0, |ctx| {
            ctx.touched(to.1);
            ctx.event(to.1, Event::New);
        });
        self.event(&from, events.0);
        self.in_db(to.0, |ctx| ctx.event(to.1, events.1));
        let to = (to.0, to.1.into());
        self.draft.undo.push(Undo::Moved {
            db: self.db,
            position,
            from,
            to,
            over,
        });
        true
    }

    /// Sets or takes off the deadline of a key that stands; false where there is none. Its effect
    /// is said here, as a deadline that has passed removes the key, as in Redis.
    pub fn set_deadline(&mut self, key: &[u8], deadline: Option<Deadline>) -> bool {
        if !self.exists(key) {
            return false;
        }
        let now_ms = self.now_ms();
        match deadline {
            Some(past) if past <= now_ms && !self.draft.applying => {
                self.remove(key, Event::Del);
                self.effect([b"DEL", key]);
            }
            Some(deadline) => {
                self.change_deadline(key, Some(deadline), Event::Expire);
                self.effect([b"PEXPIREAT", key, deadline.to_string().as_bytes()]);
            }
            None => {
                self.change_deadline(key, None, Event::Persist);
                self.effect([b"PERSIST", key]);
            }
        }
        true
    }

    fn change_deadline(&mut self, key: &[u8], deadline: Option<Deadline>, event: Event) {
        let before = self.keyspace_mut().set_deadline(key, deadline);
        self.draft.undo.push(Undo::Deadline {
            db: self.db,
            key: key.into(),
            before,
        });
        self.touched(key);
        self.event(key, event);
    }

    /// Removes every key of a database at once. O(1) but for those who watch.
    pub fn flush(&mut self, db: u32) {
        self.touch_watched(db, db);
        let empty = Keyspace::new(self.limits().seed);
        let before = std::mem::replace(&mut self.state.databases[db as usize], empty);
        if !before.is_empty() {
            self.in_db(db, |ctx| ctx.effect(["FLUSHDB"]));
        }
        self.draft.replaced.push(db);
        self.draft.undo.push(Undo::Flushed { db, before });
    }

    /// Exchanges two databases. O(1) but for those who watch.
    pub fn swap(&mut self, one: u32, other: u32) {
        for (watched, standing) in [(one, one), (one, other), (other, one), (other, other)] {
            self.touch_watched(watched, standing);
        }
        self.state.databases.swap(one as usize, other as usize);
        self.effect(["SWAPDB".to_owned(), one.to_string(), other.to_string()]);
        self.draft.replaced.extend([one, other]);
        self.draft.undo.push(Undo::Swapped { one, other });
    }

    /// Marks the watched keys of one database that stand in another as changed.
    fn touch_watched(&mut self, watched: u32, standing: u32) {
        let keys = self.state.watches.keys_of(watched);
        let keyspace = &self.state.databases[standing as usize];
        let touched = keys
            .filter(|key| keyspace.contains(key))
            .map(|key| (watched, key.clone()));
        self.draft.touched.extend(touched);
    }
}

/// The step that all this happens in.
impl Ctx<'_> {
    pub fn savepoint(&self) -> Savepoint {
        self.draft.savepoint()
    }

    /// Takes back everything since the savepoint. Cost: what was touched since.
    pub fn rollback(&mut self, to: Savepoint) {
        while self.draft.undo.len() > to.undo {
            let undo = self.draft.undo.pop().expect("longer than the savepoint");
            undo.apply(&mut self.state.databases);
        }
        self.draft.effects.truncate(to.effects);
        self.draft.events.truncate(to.events);
        self.draft.touched.truncate(to.touched);
        self.draft.published.truncate(to.published);
        self.draft.replaced.truncate(to.replaced);
        self.draft.block = None;
    }

    /// Gives a command that changed something and said nothing its own words as effect.
    pub fn seal(&mut self, since: Savepoint, argv: &[&[u8]]) {
        let said = self.draft.effects[since.effects..]
            .iter()
            .any(|effect| matches!(effect, Effect::Command { .. }));
        let expired = self.draft.effects.len() - since.effects;
        if !said && self.draft.touched.len() - since.touched > expired {
            let argv: Argv = argv.iter().map(|&argument| argument.into()).collect();
            self.draft
                .effects
                .push(Effect::Command { db: self.db, argv });
        }
    }

    /// Only an authority turns time into an effect; the others hide what is past (see `look`).
    fn expire_if_past(&mut self, key: &[u8]) {
        if self
            .keyspace()
            .get(key)
            .is_some_and(|standing| self.is_due(standing))
        {
            self.expire(key);
        }
    }

    /// Whether this engine is to remove the entry now.
    fn is_due(&self, standing: Standing) -> bool {
        let decides = !self.draft.applying && self.state.config.role == Role::Authority;
        decides && standing.is_past(self.draft.now_ms)
    }

    /// Removes a key whose deadline has passed.
    pub(super) fn expire(&mut self, key: &[u8]) {
        let Some(Some(deadline)) = self.take_out(key) else {
            return;
        };
        self.draft.effects.push(Effect::Expired {
            db: self.db,
            key: key.into(),
            deadline,
        });
        self.event(key, Event::Expired);
        self.state.stats.expired += 1;
    }

    /// Removes a key to make room.
    pub(super) fn evict(&mut self, key: &[u8]) {
        if self.take_out(key).is_some() {
            let seen_seq = self.state.seq;
            self.draft.effects.push(Effect::Evicted {
                db: self.db,
                key: key.into(),
                seen_seq,
            });
            self.event(key, Event::Evicted);
            self.state.stats.evicted += 1;
        }
    }

    /// Puts an entry under a key; true where there was none.
    fn place(&mut self, key: &[u8], mut entry: Entry) -> bool {
        entry.used_ms = self.now_ms() as u32;
        match self.keyspace_mut().replace(key, entry) {
            Ok(before) => {
                self.draft.undo.push(Undo::Replaced {
                    db: self.db,
                    key: key.into(),
                    before,
                });
                self.touched(key);
                false
            }
            Err(entry) => {
                self.insert(key, entry);
                true
            }
        }
    }

    fn insert(&mut self, key: &[u8], mut entry: Entry) {
        entry.used_ms = self.now_ms() as u32;
        self.keyspace_mut().insert(key.into(), entry);
        self.draft.undo.push(Undo::Inserted {
            db: self.db,
            key: key.into(),
        });
        self.touched(key);
    }

    /// Takes an entry out, into the undo log, and answers the deadline that it had.
    fn take_out(&mut self, key: &[u8]) -> Option<Option<Deadline>> {
        let (position, key, entry) = self.keyspace_mut().remove(key)?;
        let deadline = entry.deadline;
        self.touched(&key);
        self.draft.undo.push(Undo::Removed {
            db: self.db,
            position,
            key,
            entry,
        });
        Some(deadline)
    }

    fn touched(&mut self, key: &[u8]) {
        self.draft.touched.push((self.db, key.into()));
    }

    /// Notes an event, if anybody wants to hear of it.
    fn event(&mut self, key: &[u8], event: Event) {
        let is_wanted = self.state.config.notify.wants(event.class());
        if is_wanted || self.state.clients.has_observers() {
            self.draft.events.push((self.db, event, key.into()));
        }
    }
}

/// What a value was before an edit: itself where it is small, the way back where it is not.
enum Before {
    Whole(Value),
    Inverses(Vec<Inverse>),
}

/// Makes a change and keeps how to take it back; nothing where it changed nothing.
fn remembering<T: Kind, R>(
    value: &mut T,
    change: impl FnOnce(&mut T) -> Edit<R>,
) -> (R, Option<Before>) {
    if value.is_compact() {
        let before = value.clone();
        return match change(value) {
            Edit::Kept(answer) => (answer, None),
            Edit::Changed(answer) => (answer, Some(Before::Whole(before.into_value()))),
        };
    }
    value.record();
    let outcome = change(value);
    let inverses = value.recorded();
    match outcome {
        Edit::Kept(answer) => {
            debug_assert!(
                inverses.is_empty(),
                "an edit that kept the value changed it"
            );
            (answer, None)
        }
        Edit::Changed(answer) => {
            let inverses = inverses.into_iter().map(Into::into).collect();
            (answer, Some(Before::Inverses(inverses)))
        }
    }
}
