//! One client: its requests, in the order in which they come, whatever carries them.

use std::rc::Rc;

use tracing::{info, warn};

use super::host::{Host, Next, Peer};
use super::jobs;
use super::mailbox::Mailbox;
use crate::db::Keyspace;
use crate::engine::CALLS_MAX;
use crate::error::Error;
use crate::protocol::{Bounds, Parser};

/// What a client may send ahead while it waits (BLPOP, SAVE). One that sends more is cut off.
const MOST_AHEAD_BYTES: usize = 64 * 1024 * 1024;

/// Requests of a pipeline that are read before the first of them is run, so that what they will look for is on its way
/// from memory: as many keys as a core fetches at once, and a few more.
pub const READ_AHEAD: usize = 16;

const _: () = assert!(CALLS_MAX <= READ_AHEAD && READ_AHEAD <= Keyspace::AHEAD);

pub struct Session {
    host: Rc<Host>,
    pub mailbox: Rc<Mailbox>,
    parser: Parser,
    peer: Peer,
    /// Its further requests wait for the reply to its last one.
    is_waiting: bool,
    /// They wait for the client to read its replies.
    is_held_up: bool,
}

impl Session {
    /// # Errors
    /// Where there are too many clients.
    pub fn open(host: &Rc<Host>, peer: Peer) -> Result<Session, Error> {
        let mailbox = host.connect(peer)?;
        let bounds = Bounds {
            authenticated: host.is_authenticated(&mailbox),
            ..Bounds::default()
        };
        Ok(Session {
            host: Rc::clone(host),
            mailbox,
            parser: Parser::new(bounds),
            peer,
            is_waiting: false,
            is_held_up: false,
        })
    }

    /// Takes in what has arrived, and runs every request that it completes.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.parser.feed(bytes);
        self.run();
        if !self.may_go_on() && self.parser.pending_bytes() > MOST_AHEAD_BYTES {
            warn!(
                "{} sent too much while it waited: closed",
                self.peer.address
            );
            self.mailbox.cut();
        }
    }

    /// Runs the requests that have arrived, as far as the client may go on.
    pub fn run(&mut self) {
        self.host.begin_batch();
        self.is_waiting &= self.mailbox.is_served() || self.host.is_blocked(&self.mailbox);
        self.learn_rights();
        while self.may_go_on() && self.run_next() {}
        self.is_held_up = self.mailbox.is_full();
        self.host.settle();
    }

    /// Whether requests were left for when the client has read some of its replies, and it has.
    pub fn is_resumable(&self) -> bool {
        self.is_held_up && self.may_go_on()
    }

    fn may_go_on(&self) -> bool {
        let mailbox = &self.mailbox;
        !self.is_waiting && !mailbox.is_full() && !mailbox.is_closing() && !self.host.is_stopped()
    }

    /// Whether there was a request to run.
    fn run_next(&mut self) -> bool {
        if !self.parser.has_ahead() {
            self.parser.read_ahead(READ_AHEAD);
            let together = self.host.call_together(&self.mailbox, self.parser.ahead());
            self.parser.skip(together);
            self.host.look_ahead(&self.mailbox, self.parser.ahead());
            if together > 0 {
                return true;
            }
        }
        let argv = match self.parser.take() {
            Ok(Some(argv)) => argv,
            Ok(None) => return false,
            Err(error) => {
                info!("{}: {error}", self.peer.address);
                self.host.refuse(&self.mailbox, error.into());
                return false;
            }
        };
        if argv.get(0).is_some_and(is_http) {
            warn!(
                "{} speaks HTTP to the port for RESP, which a page can have a browser do in an \
                 attack: closed",
                self.peer.address
            );
            self.mailbox.cut();
            return false;
        }
        match argv.with_slices(|argv| self.host.call(&self.mailbox, argv)) {
            Next::Go => {}
            Next::Wait => self.is_waiting = true,
            Next::Serve(request) => {
                self.is_waiting = true;
                jobs::serve(&self.host, &self.mailbox, request);
            }
        }
        if !self.parser.bounds_mut().authenticated {
            self.learn_rights();
        }
        true
    }

    /// Before AUTH a client may send less at a time.
    fn learn_rights(&mut self) {
        self.parser.bounds_mut().authenticated = self.host.is_authenticated(&self.mailbox);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.host.disconnect(&self.mailbox);
    }
}

/// The lines by which Redis, too, tells a browser that was made to speak to it.
fn is_http(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"POST") || name.eq_ignore_ascii_case(b"Host:")
}
