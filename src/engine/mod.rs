//! MACHINE: sessions, steps, transactions, blocked clients, pub/sub, journal out, tick.
//!
//! It does no I/O and reads no clock: a host hands in calls with the time, and takes out replies,
//! messages and steps. Everything that happens, happens inside of `&mut self`.

mod apply;
mod atomic;
mod clock;
mod delivery;
mod direct;
mod memory;
mod steps;
#[cfg(feature = "blocking")]
mod waiting;
#[cfg(not(feature = "blocking"))]
#[path = "nobody_waits.rs"]
mod waiting;

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::commands::{Flags, Listed, run, table};
use crate::db::{
    Argv, Cause, Client, ClientId, Config, Ctx, Draft, Key, Request, Resp, Role, Savepoint, State,
    Steps, Taken, split_mix,
};
use crate::error::{Error, Result};
use crate::reply::Reply;

#[cfg(feature = "sorted-sets")]
pub use direct::CALLS_MAX;
pub use direct::{Count, Lent, Moment, Row};

use atomic::Atomic;
use waiting::Waiting;

/// What a call came to.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    Reply(Reply),
    /// Nothing to answer yet: the reply will come out of `take_outbox`.
    Blocked,
    /// Only the host can do this (write a file, stop the process); it answers the client itself.
    Ask(Request),
}

/// Something for a client that is not the reply to its current call.
#[derive(Debug, PartialEq)]
pub struct Delivery {
    pub client: ClientId,
    pub reply: Reply,
}

/// Steps that come to this are to be handed out: a caller that never pauses would have the buffer grow, and be copied as it grows.
const DUE_JOURNAL_BYTES: usize = 64 * 1024;
/// A buffer of steps that grew past this is given back when they are handed out.
const KEPT_JOURNAL_BYTES: usize = 4 * DUE_JOURNAL_BYTES;

const FULL: Error = Error::Said(
    "OOM command not allowed when the entries of a database take all the room that they may",
);

/// The store: all state, and the machine that runs commands over it.
#[derive(Debug)]
pub struct Engine {
    state: State,
    waiting: Waiting,
    /// The step that `begin` opened.
    atomic: Option<Atomic>,
    /// State of the generator that seeds steps.
    random: u64,
    outbox: Vec<Delivery>,
    journal: Steps,
    /// What was called last.
    last_row: Option<&'static Listed>,
    /// Room for the next step.
    spare: Option<Box<Draft>>,
    /// Off for a store that nobody keeps: no step is handed out.
    journaling: bool,
}

impl Engine {
    /// An empty store. The same config, seed and calls give the same run, to the last byte.
    #[inline(never)]
    pub fn new(config: Config, now_ms: i64, seed: u64) -> Engine {
        let mut random = seed;
        let run_id = core::array::from_fn(|_| (split_mix(&mut random) >> 32) as u32);
        Engine {
            waiting: Waiting::new(config.limits.seed),
            state: State::new(config, now_ms, run_id),
            atomic: None,
            random,
            outbox: Vec::new(),
            journal: Steps::default(),
            last_row: None,
            spare: None,
            journaling: true,
        }
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    /// For hosts that load or snapshot; commands go through `call`.
    pub fn state_mut(&mut self) -> &mut State {
        &mut self.state
    }

    /// Opens a session.
    #[inline(never)]
    pub fn connect(&mut self, now_ms: i64) -> ClientId {
        self.state.stats.connections += 1;
        let client = self.state.clients.connect(now_ms);
        // Who comes while there is no password stays in when one is set.
        self.state.client_mut(client).authenticated = self.state.config.requirepass.is_empty();
        client
    }

    /// Ends a session: its subscriptions, watches and waits go with it.
    #[inline(never)]
    pub fn disconnect(&mut self, client: ClientId) {
        self.waiting.remove(client);
        self.state.unwatch(client);
        self.state.unsubscribe_all(client);
        self.state.clients.remove(client);
    }

    pub fn client(&self, client: ClientId) -> Option<&Client> {
        self.state.clients.get(client)
    }

    pub fn client_mut(&mut self, client: ClientId) -> Option<&mut Client> {
        self.state.clients.get_mut(client)
    }

    /// Sends a client the events of all keys that match one of these patterns, and no longer those
    /// of the patterns before.
    #[inline(never)]
    pub fn observe(&mut self, client: ClientId, patterns: Vec<Key>) {
        self.state.clients.observe(client, patterns);
    }

    /// Whether steps are kept for `take_steps`.
    pub fn set_journaling(&mut self, on: bool) {
        self.journaling = on;
    }

    /// Replies and messages since the last time, in order. A host writes them before the reply of
    /// the call that caused them, as Redis does.
    pub fn take_outbox(&mut self) -> Vec<Delivery> {
        core::mem::take(&mut self.outbox)
    }

    pub fn has_deliveries(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// How many steps `take_steps` would hand out.
    pub fn steps_waiting(&self) -> usize {
        self.journal.len()
    }

    /// Whether they should be handed out before any more are taken.
    pub fn steps_are_due(&self) -> bool {
        self.journal.bytes() >= DUE_JOURNAL_BYTES
    }

    /// Hands out each of them, in order; the next find the room that these took.
    pub fn drain_steps(&mut self, keep: impl FnMut(Taken)) {
        self.journal.iter().for_each(keep);
        self.journal.clear(KEPT_JOURNAL_BYTES);
    }

    /// Gives all of them away as they lie, in frames; the next find this room.
    pub fn replace_steps(&mut self, room: Vec<u8>) -> Vec<u8> {
        let is_large = room.capacity() > KEPT_JOURNAL_BYTES;
        self.journal
            .replace(if is_large { Vec::new() } else { room })
    }

    /// Steps since the last time, in order.
    pub fn take_steps(&mut self) -> Steps {
        core::mem::take(&mut self.journal)
    }

    /// Runs one command in the name of a client.
    #[inline]
    pub fn call(&mut self, now_ms: i64, client: ClientId, argv: &[&[u8]]) -> Outcome {
        match self.admit(now_ms, client, argv) {
            Ok(Admitted::Run(listed)) => self.perform(now_ms, client, listed, argv),
            Ok(Admitted::Queued) => Outcome::Reply(Reply::Simple("QUEUED")),
            Err(error) => {
                self.state.stats.errors += 1;
                if let Some(queue) = &mut self.state.client_mut(client).queue {
                    queue.broken = true;
                }
                Outcome::Reply(Reply::Error(error))
            }
        }
    }

    /// Answers a call that cannot be carried out now. The transaction that it was to join, or to run,
    /// is called off: half of it is not what was asked for.
    #[inline(never)]
    pub fn refuse(&mut self, client: ClientId, argv: &[&[u8]], error: Error) -> Outcome {
        let is_exec = |listed: &Listed| listed.command.name == "EXEC";
        if table().find(argv).is_ok_and(is_exec) {
            self.state.client_mut(client).queue = None;
            self.state.unwatch(client);
        } else if let Some(queue) = &mut self.state.client_mut(client).queue {
            queue.broken = true;
        }
        self.failed(error)
    }

    /// The row of a call. Most calls are of the same command as the one before.
    #[inline]
    fn find(&mut self, argv: &[&[u8]]) -> Result<&'static Listed> {
        match (self.last_row, argv.first()) {
            (Some(listed), Some(name)) if listed.is_called(name) => Ok(listed),
            _ => {
                let listed = table().find(argv)?;
                self.last_row = Some(listed);
                Ok(listed)
            }
        }
    }

    /// Everything that is looked at before a command runs.
    #[inline]
    fn admit(&mut self, now_ms: i64, client: ClientId, argv: &[&[u8]]) -> Result<Admitted> {
        self.state.stats.commands += 1;
        let listed = self.find(argv)?;
        if !listed.accepts(argv.len()) {
            return Err(Error::Arity {
                name: listed.full_name(),
            });
        }
        let flags = listed.command.flags;
        let follows = self.state.config.role == Role::Replica;
        let state = self.state.client_mut(client);
        state.active_ms = now_ms;
        state.last_command = listed.command.name;
        if !state.authenticated && !flags.has(Flags::NO_AUTH) {
            return Err(Error::NoAuth);
        }
        let subscribed = state.resp == Resp::Two && state.subscriptions() > 0;
        if subscribed && !flags.has(Flags::WHILE_SUBSCRIBED) {
            return Err(only_while_subscribed(listed));
        }
        if follows && flags.has(Flags::WRITE) {
            return Err(Error::ReadOnly);
        }
        match &mut state.queue {
            Some(_) if flags.has(Flags::NO_MULTI) && !flags.has(Flags::NOT_QUEUED) => {
                Err(Error::Said("ERR Command not allowed inside a transaction"))
            }
            Some(queue) if !flags.has(Flags::NOT_QUEUED) => {
                queue.push(argv)?;
                Ok(Admitted::Queued)
            }
            _ => Ok(Admitted::Run(listed)),
        }
    }

    /// Runs a command that was admitted, as a step of its own or within the open one.
    #[inline]
    fn perform(
        &mut self,
        now_ms: i64,
        client: ClientId,
        listed: &Listed,
        argv: &[&[u8]],
    ) -> Outcome {
        if self.atomic.is_some() {
            return self.perform_within(client, listed, argv);
        }
        if self.is_too_full(client, listed, argv) {
            self.regain_room(self.room_for_call(client, argv));
            if self.is_too_full(client, listed, argv) {
                return self.refuse(client, argv, FULL);
            }
        }
        let grows = self.may_grow(client, listed);
        if grows && let Err(error) = self.make_room(now_ms) {
            return self.refuse(client, argv, error);
        }
        let used_before = if grows { self.state.used_bytes() } else { 0 };
        let mut draft = self.draft(now_ms);
        draft.is_final = !grows && listed.command.flags.has(Flags::ONE_EDIT);
        let answer = run(
            &mut Ctx::new(&mut self.state, &mut draft, client),
            listed,
            argv,
        );
        match answer {
            Err(error) => {
                self.discard(draft);
                self.failed(error)
            }
            Ok(_) if draft.block.is_some() => self.wait(client, draft, argv),
            Ok(_) if grows && self.outgrew(used_before) => {
                Ctx::new(&mut self.state, &mut draft, client).rollback(Savepoint::START);
                self.discard(draft);
                self.failed(Error::OutOfMemory)
            }
            Ok(reply) => {
                let request = draft.request.take();
                let cause = match draft.intents {
                    None => Cause::Command,
                    Some(_) => Cause::Exec,
                };
                self.commit(draft, cause, argv);
                if grows {
                    // What can not be freed now is refused before the next step that grows.
                    let _ = self.make_room(now_ms);
                }
                request.map_or(Outcome::Reply(reply), Outcome::Ask)
            }
        }
    }

    fn failed(&mut self, error: Error) -> Outcome {
        self.state.stats.errors += 1;
        Outcome::Reply(Reply::Error(error))
    }
}

enum Admitted {
    Run(&'static Listed),
    Queued,
}

fn owned(argv: &[&[u8]]) -> Argv {
    argv.iter().map(|&argument| argument.into()).collect()
}

fn only_while_subscribed(listed: &Listed) -> Error {
    Error::SaidOf(format!(
        "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are \
         allowed in this context",
        listed.full_name()
    ))
}
