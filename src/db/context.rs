//! `Ctx`: what a command holds while it runs, and the only hand that may touch a key.
//!
//! No key changes here without its event being named, its inverse kept, its effect recorded and
//! its weight counted; a command cannot forget any of them.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::ToString;

use super::client::{Client, ClientId};
use super::effects::{Block, Draft, Savepoint};
use super::event::Event;
use super::keyspace::{Deadline, Edit, Entry, Key, Keyspace, Standing, is_past};
use super::random::split_mix;
use super::slot::of_kind;
use super::state::State;
use super::undo::{Moved, Undo};
use crate::error::Result;
use crate::types::{Kind, Limits};

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
    /// What the client looks at is not used by that (CLIENT NO-TOUCH).
    pub no_touch: bool,
}

/// Around keys: time, chance, settings, the client.
impl<'a> Ctx<'a> {
    pub fn new(state: &'a mut State, draft: &'a mut Draft, client: ClientId) -> Ctx<'a> {
        let Client { db, no_touch, .. } = *state.client(client);
        Ctx {
            state,
            draft,
            client,
            db,
            no_touch,
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

    /// Does something with another database selected (MOVE, COPY DB).
    pub fn in_db<R>(&mut self, db: u32, act: impl FnOnce(&mut Ctx) -> R) -> R {
        let before = core::mem::replace(&mut self.db, db);
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
    pub fn effect<B: AsRef<[u8]>>(
        &mut self,
        argv: impl IntoIterator<Item = B, IntoIter: ExactSizeIterator>,
    ) {
        self.draft.effects.command(self.db, argv);
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

/// Reading one key: what a `Slot` does, for commands that look a key up once.
impl Ctx<'_> {
    /// Removes the key if its deadline has passed, notes its use and counts a hit or a miss.
    pub fn touch(&mut self, key: &[u8]) {
        self.slot(key).touch();
    }

    /// As `touch`, for a look that is no use of the key (EXISTS, TTL, OBJECT); whether it stands.
    pub fn probe(&mut self, key: &[u8]) -> bool {
        self.slot(key).probe()
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
        of_kind::<T>(self.look(key))
    }

    /// `touch`, then `view`: what most reading commands do.
    pub fn read<T: Kind>(&mut self, key: &[u8]) -> Result<Option<T::View<'_>>> {
        of_kind::<T>(self.read_whole(key))
    }

    /// As `read`, whatever the kind.
    #[inline]
    pub fn read_whole(&mut self, key: &[u8]) -> Option<Standing<'_>> {
        self.slot(key).into_read()
    }

    pub fn exists(&mut self, key: &[u8]) -> bool {
        self.slot(key).exists()
    }
}

/// Writing.
impl Ctx<'_> {
    /// Changes the value under a key, in place; see `Slot::edit`.
    pub fn edit<T: Kind, R>(
        &mut self,
        key: &[u8],
        event: Event,
        change: impl FnOnce(&mut T) -> Edit<R>,
    ) -> Result<R> {
        self.slot(key).edit(event, change)
    }

    /// Writes a value over whatever stood under the key. An empty aggregate removes it.
    pub fn put<T: Kind>(&mut self, key: &[u8], event: Event, value: T, ttl: Ttl) {
        self.slot(key).put(event, value, ttl);
    }

    /// Writes an entry, deadline and all, over whatever stood under the key (COPY, RESTORE).
    pub fn put_entry(&mut self, key: &[u8], event: Event, entry: Entry) {
        self.slot(key).put_entry(event, entry);
    }

    /// Removes a key; false where there is none. O(1): what is large is freed when the step is done.
    pub fn remove(&mut self, key: &[u8], event: Event) -> bool {
        self.slot(key).remove(event)
    }

    /// Moves an entry, deadline and all, over whatever stood at its new place (RENAME, MOVE); false
    /// where there is none to move. O(1).
    #[inline]
    pub fn move_key(&mut self, from: &[u8], to: (u32, &[u8]), events: (Event, Event)) -> bool {
        self.exists(from);
        self.in_db(to.0, |ctx| ctx.exists(to.1));
        let Some(place) = self.keyspace().find(from).place else {
            return false;
        };
        let (taken, entry) = self.state.databases[self.db as usize].take(place);
        self.state.open(to.0);
        let target = &mut self.state.databases[to.0 as usize];
        let put = target.put(target.find(to.1), to.1, entry);
        self.draft.undo.push(Undo::Moved(Box::new(Moved {
            from: (self.db, taken),
            to: (to.0, put),
        })));
        self.touched(from);
        self.in_db(to.0, |ctx| {
            ctx.touched(to.1);
            ctx.event(to.1, Event::New);
        });
        self.event(from, events.0);
        self.in_db(to.0, |ctx| ctx.event(to.1, events.1));
        true
    }

    /// Removes every key of a database at once. O(1) but for those who watch.
    #[inline]
    pub fn flush(&mut self, db: u32) {
        self.touch_watched(db, db);
        self.state.near.forget_all();
        let empty = Keyspace::new(self.limits().seed, self.state.config.max_keyspace_bytes);
        let before = core::mem::replace(&mut self.state.databases[db as usize], empty);
        if !before.is_empty() {
            self.in_db(db, |ctx| ctx.effect(["FLUSHDB"]));
        }
        self.draft.replaced.push(db);
        let before = Box::new(before);
        self.draft.undo.push(Undo::Flushed { db, before });
    }

    /// Exchanges two databases. O(1) but for those who watch.
    #[inline]
    pub fn swap(&mut self, one: u32, other: u32) {
        for (watched, standing) in [(one, one), (one, other), (other, one), (other, other)] {
            self.touch_watched(watched, standing);
        }
        self.state.open(one.max(other));
        self.state.databases.swap(one as usize, other as usize);
        self.state.near.forget_all();
        self.effect(["SWAPDB".to_owned(), one.to_string(), other.to_string()]);
        self.draft.replaced.extend([one, other]);
        self.draft.undo.push(Undo::Swapped { one, other });
    }

    /// Marks the watched keys of one database that stand in another as changed.
    #[inline]
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
        self.draft.changes = to.changes;
        self.draft.touched.truncate(to.touched);
        self.draft.published.truncate(to.published);
        self.draft.replaced.truncate(to.replaced);
        self.draft.block = None;
    }

    /// Gives a command that changed something and said nothing its own words as effect.
    pub fn seal(&mut self, since: Savepoint) {
        let effects = self.draft.effects.place();
        let has_said = effects.commands > since.effects.commands;
        let removals = effects.removals - since.effects.removals;
        if !has_said && self.draft.changes - since.changes > removals {
            self.draft.effects.intent(self.db, self.draft.intent);
        }
    }

    /// Counts a change, and notes its key where anybody may ask for it.
    pub(super) fn touched(&mut self, key: &[u8]) {
        self.state.near.forget(key);
        self.draft.changes += 1;
        if self.draft.names_touched {
            self.draft.touched.push((self.db, key.into()));
        }
    }

    /// Notes an event, if anybody wants to hear of it.
    #[inline]
    pub(super) fn event(&mut self, key: &[u8], event: Event) {
        let is_wanted = self.state.config.notify.wants(event.class());
        if is_wanted || self.state.clients.has_observers() {
            self.note_event(key, event);
        }
    }

    #[cold]
    fn note_event(&mut self, key: &[u8], event: Event) {
        self.draft.events.push((self.db, event, key.into()));
    }
}
