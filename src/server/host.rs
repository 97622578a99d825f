//! The engine with its clients. Every call borrows it for the length of one command.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;

use indexmap::IndexMap;
use tokio::sync::Notify;

use super::clock::{entropy, now_ms};
use super::mailbox::Mailbox;
use super::settings::Settings;
use super::tcp::READ_BYTES;
use crate::db::{Budget, ClientId, ReplyMode, Request, Resp};
use crate::engine::{Engine, Outcome};
use crate::error::Error;
use crate::reply::Reply;

pub struct Host {
    pub settings: Settings,
    pub engine: RefCell<Engine>,
    mailboxes: RefCell<IndexMap<ClientId, Rc<Mailbox>>>,
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

impl Host {
    pub fn new(settings: Settings) -> Host {
        let now = now_ms();
        let mut engine = Engine::new(settings.config(), now, entropy());
        engine.set_journaling(settings.appendonly);
        Host {
            settings,
            engine: RefCell::new(engine),
            mailboxes: RefCell::default(),
            now_ms: Cell::new(now),
            read_buffer: RefCell::new(vec![0; READ_BYTES]),
            waits_changed: Notify::new(),
        }
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

    /// Runs a request, and puts its reply into the client's mailbox behind what it caused for it.
    pub fn call(&self, mailbox: &Mailbox, argv: &[&[u8]]) -> Next {
        let mut engine = self.engine.borrow_mut();
        let before = engine
            .client(mailbox.client)
            .map(|client| client.reply_mode);
        let outcome = engine.call(self.now_ms.get(), mailbox.client, argv);
        if engine.has_deliveries() {
            self.deliver(&mut engine);
        }
        let reply = match outcome {
            Outcome::Reply(reply) => reply,
            Outcome::Blocked => {
                self.waits_changed.notify_one();
                return Next::Wait;
            }
            Outcome::Ask(request) => return Next::Serve(request),
        };
        answer(&mut engine, mailbox, before.unwrap_or_default(), &reply);
        Next::Go
    }

    /// Puts replies and messages for others into their mailboxes.
    fn deliver(&self, engine: &mut Engine) {
        let mailboxes = self.mailboxes.borrow();
        for delivery in engine.take_outbox() {
            let Some(mailbox) = mailboxes.get(&delivery.client) else {
                continue;
            };
            let resp = engine
                .client(delivery.client)
                .map_or(Resp::Two, |client| client.resp);
            mailbox.deliver(&delivery.reply, resp);
        }
    }

    /// Answers a request that the host has carried out, and lets the client go on.
    pub fn answer(&self, mailbox: &Mailbox, reply: &Reply) {
        let mut engine = self.engine.borrow_mut();
        let mode = engine
            .client(mailbox.client)
            .map(|client| client.reply_mode);
        answer(&mut engine, mailbox, mode.unwrap_or_default(), reply);
        mailbox.set_served(false);
    }

    /// Tells a client why it cannot be understood, and lets it go.
    pub fn refuse(&self, mailbox: &Mailbox, error: Error) {
        mailbox.put(&Reply::Error(error), Resp::Two);
        mailbox.close();
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
        self.deliver(&mut engine);
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
}

/// Puts a reply into a mailbox, unless CLIENT REPLY has it left out.
fn answer(engine: &mut Engine, mailbox: &Mailbox, before: ReplyMode, reply: &Reply) {
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
        mailbox.put(reply, client.resp);
    }
    if client.closing {
        mailbox.close();
    }
}
