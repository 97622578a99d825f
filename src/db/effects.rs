//! What a step did, in the form that can be done again elsewhere.
//!
//! The one way out: keyspace events, journal, WATCH and replicas all read this record. Effects are
//! canonical: deadlines are absolute, chosen members are named, so that applying them to the state
//! they were computed on gives the same state at any later time, on any other engine.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::client::ClientId;
use super::event::Event;
use super::keyspace::{Deadline, Key};
use super::steps::{Effects, EffectsPlace};
use super::undo::Undo;

/// A command as it travels: its name and arguments.
pub type Argv = Vec<Box<[u8]>>;

/// One thing that changed the keyspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A command that does exactly this again.
    Command { db: u32, argv: Argv },
    /// Applies only where the key still has this deadline.
    Expired {
        db: u32,
        key: Key,
        deadline: Deadline,
    },
    /// Applies only where nothing after `seen_seq` changed the key.
    Evicted { db: u32, key: Key, seen_seq: u64 },
}

/// Why a step was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    Command,
    Exec,
    Atomic,
    Expiry,
    Eviction,
    /// A blocked client was served by what another step brought.
    Unblock,
    Load,
}

impl Cause {
    /// In records.
    pub(super) fn code(self) -> u8 {
        match self {
            Cause::Command => 0,
            Cause::Exec => 1,
            Cause::Atomic => 2,
            Cause::Expiry => 3,
            Cause::Eviction => 4,
            Cause::Unblock => 5,
            Cause::Load => 6,
        }
    }

    /// Of a record.
    pub fn of_code(code: u8) -> Option<Cause> {
        Some(match code {
            0 => Cause::Command,
            1 => Cause::Exec,
            2 => Cause::Atomic,
            3 => Cause::Expiry,
            4 => Cause::Eviction,
            5 => Cause::Unblock,
            6 => Cause::Load,
            _ => return None,
        })
    }
}

/// A step that was taken: the unit of journal, undo, WATCH and sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Gapless over the life of a store.
    pub seq: u64,
    pub at_ms: i64,
    /// What the step drew its random numbers from; 0 where it drew none.
    pub seed: u64,
    pub cause: Cause,
    /// What was asked for, as the caller said it.
    pub intent: Vec<Argv>,
    pub effects: Vec<Effect>,
}

/// Where a client may wait for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub keys: Vec<Key>,
    /// Milliseconds since 1970; none waits for ever.
    pub until_ms: Option<i64>,
}

/// Something that only the host can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Write a snapshot, and answer when it is written.
    Save,
    /// Write a snapshot, and answer at once.
    SaveInBackground,
    /// Write the journal anew, from what it amounts to.
    RewriteJournal,
    /// End the process, with or without a snapshot; none leaves it to the configuration.
    Shutdown { save: Option<bool> },
}

/// A step in the making. Everything in it is dropped when the step is undone.
#[derive(Debug, Default)]
pub struct Draft {
    pub now_ms: i64,
    /// State of the generator that `Ctx::random` draws from.
    pub(super) random: u64,
    pub seed: u64,
    pub effects: Effects,
    /// The calls that the step consists of, where it may be several (EXEC, `atomic`).
    pub intents: Option<Vec<Argv>>,
    /// Which of them is being run.
    pub intent: usize,
    pub events: Vec<(u32, Event, Key)>,
    /// How often a key was changed.
    pub(super) changes: usize,
    /// Whether anybody watches a key or waits for one when the step begins. Nobody else asks which
    /// keys it touched, and they are not named.
    pub names_touched: bool,
    /// Keys that changed, once for each change.
    pub touched: Vec<(u32, Key)>,
    /// Channels and messages to be sent when the step is done.
    pub published: Vec<(Key, Box<[u8]>)>,
    /// What clients asked to WATCH: it begins when the step is done, as the step may itself have
    /// removed a key whose time was up.
    pub watched: Vec<(ClientId, u32, Key)>,
    /// Databases whose table was exchanged as a whole (FLUSHDB, SWAPDB).
    pub replaced: Vec<u32>,
    pub(super) undo: Vec<Undo>,
    /// The step is one call, which makes one edit and cannot fail after that, and nobody else takes the step back: of the
    /// edit no inverse is kept.
    pub is_final: bool,
    /// Set by a command that found nothing to take and may wait.
    pub block: Option<Block>,
    /// Set by a command that the host has to carry out.
    pub request: Option<Request>,
    /// False inside MULTI and `atomic`, where nothing may wait.
    pub may_block: bool,
    /// Set by MEMORY PURGE: when the step is done, what lies between entries is given back.
    pub purges: bool,
    /// True while effects of an authority are applied: time removes nothing by itself.
    pub applying: bool,
}

impl Draft {
    /// Starts a step, in the room of another one that is over and was cleared.
    pub fn begin(&mut self, now_ms: i64, seed: u64, keeps_effects: bool) {
        debug_assert!(self.is_idle(), "the step before has left something behind");
        self.now_ms = now_ms;
        self.random = seed;
        self.seed = seed;
        self.effects.begin(keeps_effects);
        self.intents = None;
        self.intent = 0;
        self.is_final = false;
        self.block = None;
        self.request = None;
        self.may_block = true;
        self.applying = false;
    }

    pub fn clear(&mut self) {
        self.effects.begin(false);
        self.events.clear();
        self.changes = 0;
        self.names_touched = true;
        self.touched.clear();
        self.published.clear();
        self.watched.clear();
        self.replaced.clear();
        self.undo.clear();
        self.purges = false;
    }

    /// What the step has drawn its random numbers from; 0 where it has drawn none.
    pub fn drawn_from(&self) -> u64 {
        if self.random == self.seed {
            0
        } else {
            self.seed
        }
    }

    /// Where the step stands now; `Ctx::rollback` comes back to it.
    pub fn savepoint(&self) -> Savepoint {
        Savepoint {
            effects: self.effects.place(),
            events: self.events.len(),
            changes: self.changes,
            touched: self.touched.len(),
            published: self.published.len(),
            replaced: self.replaced.len(),
            undo: self.undo.len(),
        }
    }

    /// Whether the step changed any key.
    pub fn is_empty(&self) -> bool {
        self.undo.is_empty()
    }

    /// Whether the step changed nothing and tells nobody anything: most reads.
    pub fn is_idle(&self) -> bool {
        !self.purges
            && self.undo.is_empty()
            && self.effects.is_empty()
            && self.replaced.is_empty()
            && !self.tells()
    }

    /// Whether anybody is to hear of it, who listens or watches: hardly ever.
    pub fn tells(&self) -> bool {
        !(self.events.is_empty()
            && self.touched.is_empty()
            && self.published.is_empty()
            && self.watched.is_empty())
    }
}

/// A place in a draft: everything after it can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Savepoint {
    pub(super) effects: EffectsPlace,
    pub(super) events: usize,
    pub(super) changes: usize,
    pub(super) touched: usize,
    pub(super) published: usize,
    pub(super) replaced: usize,
    pub(super) undo: usize,
}

impl Savepoint {
    /// Before everything that the step did.
    pub const START: Savepoint = Savepoint {
        effects: EffectsPlace::START,
        events: 0,
        changes: 0,
        touched: 0,
        published: 0,
        replaced: 0,
        undo: 0,
    };
}
