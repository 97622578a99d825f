//! The engine with its clients and its journal. Every call borrows it for the length of one command.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::sync::Notify;
use tracing::{error, info};

use super::clock::{entropy, now_ms};
use super::disk::{Journal, LoadFailure, load};
use super::jobs::Jobs;
use super::mailbox::Mailbox;
use super::session::READ_AHEAD;
use super::settings::{Fsync, Settings};
use super::tcp::READ_BYTES;
use crate::db::{Budget, ClientId, ClientMap, ReplyMode, Request, Resp};
use crate::engine::{Engine, Outcome};
use crate::error::Error;
use crate::protocol::Argv;
use crate::reply::Reply;
use crate::types::Words;

pub struct Host {
    pub settings: Settings,
    pub engine: RefCell<Engine>,
    mailboxes: RefCell<ClientMap<Rc<Mailbox>>>,
    pub journal: Option<Journal>,
    pub jobs: Jobs,
    /// Why commands that write are refused, while they are.
    pub trouble: RefCell<Trouble>,
    /// No request is run any more: the last snapshot is being written.
    is_stopped: Cell<bool>,
    /// The time that the calls of one batch are given: reading the clock costs as much as a GET.
    now_ms: Cell<i64>,
    /// What was read last, of any connection.
    pub read_buffer: RefCell<Vec<u8>>,
    /// Somebody began to wait: the clock's next round may have to come sooner.
    pub waits_changed: Notify,
}

/// Where a client comes from.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    pub address: SocketAddr,
    pub local_address: SocketAddr,
    /// What it speaks before it has said HELLO.
    pub resp: Resp,
}

/// Disks that fail. What is written meanwhile could be lost, so nothing is.
#[derive(Debug, Default)]
pub struct Trouble {
    pub journal: Option<String>,
    pub snapshot: Option<String>,
}

impl Trouble {
    /// What a command that writes is answered.
    fn refusal(&self) -> Option<Error> {
        let said = |what: &str, reason: &String| Error::SaidOf(format!("MISCONF {what}: {reason}"));
        let journal = self.journal.iter();
        let snapshot = self.snapshot.iter();
        journal
            .map(|reason| said("Errors writing to the AOF file", reason))
            .chain(snapshot.map(|reason| {
                said(
                    "snapshots are configured, and the last one could not be written",
                    reason,
                )
            }))
            .next()
    }
}

/// What a call leaves to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// The client may go on.
    Go,
    /// Its further requests wait until its mailbox wakes it.
    Wait,
    /// The host has something to do for it; until then as `Wait`.
    Serve(Request),
}

/// Expired keys are removed for at most so long at a time.
const SLICE_MS: u64 = 5;
/// Of the keys that are hashed before their requests run.
pub(super) const LOOK_AHEAD_MAX_BYTES: usize = 256;

impl Host {
    /// Loads what was kept.
    ///
    /// # Errors
    /// Where it cannot be loaded.
    pub fn open(settings: Settings) -> Result<Host, LoadFailure> {
        let now = now_ms();
        let mut engine = Engine::new(settings.config(), now, entropy());
        let journal = load(&settings, &mut engine)?;
        let state = engine.state_mut();
        state.kept.saved_seq = state.seq;
        Ok(Host {
            settings,
            engine: RefCell::new(engine),
            mailboxes: RefCell::default(),
            journal,
            jobs: Jobs::default(),
            trouble: RefCell::default(),
            is_stopped: Cell::new(false),
            now_ms: Cell::new(now),
            read_buffer: RefCell::new(vec![0; READ_BYTES]),
            waits_changed: Notify::new(),
        })
    }

    /// Lets a client in, unless there are too many.
    pub fn connect(&self, peer: Peer) -> Result<Rc<Mailbox>, Error> {
        let mut mailboxes = self.mailboxes.borrow_mut();
        if mailboxes.len() >= self.settings.maxclients {
            return Err(Error::Said("ERR max number of clients reached"));
        }
        let mut engine = self.engine.borrow_mut();
        let id = engine.connect(now_ms());
        if let Some(client) = engine.client_mut(id) {
            client.address = peer.address.to_string();
            client.local_address = peer.local_address.to_string();
            client.resp = peer.resp;
        }
        let mailbox = Rc::new(Mailbox::new(id));
        mailboxes.insert(id, Rc::clone(&mailbox));
        Ok(mailbox)
    }

    pub fn disconnect(&self, mailbox: &Mailbox) {
        self.engine.borrow_mut().disconnect(mailbox.client);
        self.mailboxes.borrow_mut().swap_remove(&mailbox.client);
    }

    /// Reads the clock, for the calls that follow.
    pub fn begin_batch(&self) {
        self.now_ms.set(now_ms());
    }

    /// Has what a client's next requests will look for fetched from memory: of nearly every command, the first argument
    /// is a key. Where it is not, nothing is lost but the look; what is long is no key, or takes longer by itself.
    pub fn look_ahead<'a>(
        &self,
        mailbox: &Mailbox,
        requests: impl ExactSizeIterator<Item = Argv<'a>> + Clone,
    ) {
        if requests.len() < 2 {
            return;
        }
        let engine = self.engine.borrow();
        let word = |argv: Argv<'a>, at| {
            let word = argv.get(at);
            word.filter(|word| word.len() <= LOOK_AHEAD_MAX_BYTES)
        };
        let keys = requests.clone().filter_map(|argv| word(argv, 1));
        let mut firsts = keys.clone();
        let Some(first) = firsts.next() else { return };
        if firsts.next() != Some(first) {
            engine.look_ahead(mailbox.client, keys);
            return;
        }
        // Of several requests with one key, what they look for in the value under it.
        let of_first = requests.take_while(|argv| argv.get(1) == Some(first));
        let (mut words, mut len) = ([Words::default(); READ_AHEAD], 0);
        for (slot, argv) in words.iter_mut().zip(of_first) {
            *slot = [word(argv, 2), word(argv, 3)];
            len += 1;
        }
        engine.look_into(mailbox.client, first, &words[..len]);
    }

    /// Runs a request, and puts its reply into the client's mailbox behind what it caused for it.
    pub fn call(&self, mailbox: &Mailbox, argv: &[&[u8]]) -> Next {
        let mut engine = self.engine.borrow_mut();
        if self.call_directly(&mut engine, mailbox, argv) {
            return Next::Go;
        }
        let before = engine
            .client(mailbox.client)
            .map(|client| client.reply_mode);
        let refusal = self.refusal(&engine, mailbox.client, argv);
        let is_held =
            refusal.is_none() && self.holds_replies() && engine.tells_of_keys(mailbox.client, argv);
        let outcome = match refusal {
            Some(refusal) => engine.refuse(mailbox.client, argv, refusal),
            None => engine.call(self.now_ms.get(), mailbox.client, argv),
        };
        self.release(&mut engine);
        let reply = match outcome {
            Outcome::Reply(reply) => reply,
            Outcome::Blocked => {
                self.waits_changed.notify_one();
                return Next::Wait;
            }
            Outcome::Ask(request) => return Next::Serve(request),
        };
        let until = if is_held { self.position() } else { 0 };
        self.put_answer(
            &mut engine,
            mailbox,
            before.unwrap_or_default(),
            &reply,
            until,
        );
        Next::Go
    }

    /// When the calls of this batch are made.
    pub(super) fn now_ms(&self) -> i64 {
        self.now_ms.get()
    }

    /// Whether commands that write are refused.
    pub(super) fn is_in_trouble(&self) -> bool {
        self.trouble.borrow().refusal().is_some()
    }

    fn refusal(&self, engine: &Engine, client: ClientId, argv: &[&[u8]]) -> Option<Error> {
        let refusal = self.trouble.borrow().refusal()?;
        engine.writes(client, argv).then_some(refusal)
    }

    /// Hands what a call did to the journal, then what it caused to those whom it concerns.
    pub(super) fn release(&self, engine: &mut Engine) {
        if let Some(journal) = &self.journal
            && engine.steps_waiting() > 0
        {
            engine.drain_steps(|step| journal.record(step));
        }
        if engine.has_deliveries() {
            self.deliver(engine);
        }
    }

    /// Puts replies and messages for others into their mailboxes.
    fn deliver(&self, engine: &mut Engine) {
        let mailboxes = self.mailboxes.borrow();
        let until = self.position();
        for delivery in engine.take_outbox() {
            let Some(mailbox) = mailboxes.get(&delivery.client) else {
                continue;
            };
            let resp = engine
                .client(delivery.client)
                .map_or(Resp::Two, |client| client.resp);
            mailbox.deliver(&delivery.reply, resp, until);
        }
    }

    /// Answers a request that the host has carried out, and lets the client go on.
    pub fn answer(&self, mailbox: &Mailbox, reply: &Reply) {
        let mut engine = self.engine.borrow_mut();
        let mode = engine
            .client(mailbox.client)
            .map(|client| client.reply_mode);
        self.put_answer(&mut engine, mailbox, mode.unwrap_or_default(), reply, 0);
        mailbox.set_served(false);
    }

    /// Tells a client why it cannot be understood, and lets it go.
    pub fn refuse(&self, mailbox: &Mailbox, error: Error) {
        mailbox.put(&Reply::Error(error), Resp::Two, self.position());
        mailbox.close();
    }

    /// The place in the journal that a reply of now rests on. It leaves when that is on the disk, if
    /// `--appendfsync always` says so: what it tells of cannot be lost then.
    pub(super) fn position(&self) -> u64 {
        match &self.journal {
            Some(journal) if self.holds_replies() => journal.recorded(),
            _ => 0,
        }
    }

    fn holds_replies(&self) -> bool {
        self.settings.appendfsync == Fsync::Always
    }

    /// How far the journal is on the disk.
    pub fn synced(&self) -> u64 {
        self.journal.as_ref().map_or(0, Journal::synced)
    }

    /// Ends a batch of calls: before any of their replies leaves, what they did is with the system,
    /// which keeps it if this process dies.
    pub fn settle(&self) {
        let Some(journal) = &self.journal else { return };
        let written = journal.write().map_err(|error| error.to_string()).err();
        let mut trouble = self.trouble.borrow_mut();
        if written != trouble.journal {
            match &written {
                Some(error) => error!("the journal cannot be written, writes are refused: {error}"),
                None => info!("the journal can be written again"),
            }
            trouble.journal = written;
        }
    }

    /// Has everyone look again at what may leave.
    pub fn wake_all(&self) {
        let mailboxes = self.mailboxes.borrow();
        let waiting = mailboxes.values().filter(|mailbox| !mailbox.is_empty());
        waiting.for_each(|mailbox| mailbox.wake());
    }

    pub fn has_unsent(&self) -> bool {
        let mailboxes = self.mailboxes.borrow();
        mailboxes.values().any(|mailbox| !mailbox.is_empty())
    }

    /// Runs no request any more, or goes on with them.
    pub fn set_stopped(&self, stopped: bool) {
        self.is_stopped.set(stopped);
        if !stopped {
            self.mailboxes
                .borrow()
                .values()
                .for_each(|mailbox| mailbox.wake());
        }
    }

    pub fn is_stopped(&self) -> bool {
        self.is_stopped.get()
    }

    /// Lets time do its work: waits that end, keys that expire.
    pub fn tick(&self) {
        self.begin_batch();
        let mut engine = self.engine.borrow_mut();
        let start = std::time::Instant::now();
        let mut budget = Budget {
            units: usize::MAX,
            has_time: &mut || start.elapsed().as_millis() < u128::from(SLICE_MS),
        };
        engine.tick(self.now_ms.get(), &mut budget);
        self.release(&mut engine);
        drop(engine);
        self.settle();
    }

    /// How long until the first wait times out.
    pub fn next_timeout_ms(&self) -> Option<u64> {
        let until = self.engine.borrow().next_timeout_ms()?;
        Some(u64::try_from(until - now_ms()).unwrap_or(0))
    }

    pub fn is_blocked(&self, mailbox: &Mailbox) -> bool {
        let engine = self.engine.borrow();
        engine
            .client(mailbox.client)
            .is_some_and(|client| client.blocked)
    }

    pub fn is_authenticated(&self, mailbox: &Mailbox) -> bool {
        let engine = self.engine.borrow();
        let client = engine.client(mailbox.client);
        client.is_some_and(|client| client.authenticated)
    }

    /// Puts a reply into a mailbox, unless CLIENT REPLY has it left out. It leaves when the journal is on the disk up to a place.
    fn put_answer(
        &self,
        engine: &mut Engine,
        mailbox: &Mailbox,
        before: ReplyMode,
        reply: &Reply,
        until: u64,
    ) {
        let Some(client) = engine.client_mut(mailbox.client) else {
            return;
        };
        let is_wanted = match (before, client.reply_mode) {
            (_, ReplyMode::Off) => false,
            // SKIP itself answers nothing, and leaves out the reply to the one that follows.
            (ReplyMode::Skip, ReplyMode::Skip) => {
                client.reply_mode = ReplyMode::On;
                false
            }
            (_, ReplyMode::Skip) => false,
            (_, ReplyMode::On) => true,
        };
        if is_wanted {
            mailbox.put(reply, client.resp, until);
        }
        if client.closing {
            mailbox.close();
        }
    }
}
