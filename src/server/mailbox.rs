//! What is on its way to one client.

use std::cell::{Cell, RefCell};

use tokio::sync::Notify;

use crate::db::{ClientId, Resp};
use crate::protocol;
use crate::reply::Reply;

/// A client that lets this much pile up is not reading: its connection is closed. Redis closes a
/// subscriber at the same size.
const MOST_UNREAD_BYTES: usize = 32 * 1024 * 1024;

/// While this much waits to be sent, no further request of the client is run. A client that sends
/// without reading has its own sending held up by that.
const PAUSE_BYTES: usize = 16 * 1024 * 1024;

/// A buffer that grew past this for a large reply is given back after it.
const KEPT_BYTES: usize = 64 * 1024;

/// Replies and messages of one client, as bytes, and what the one who sends them has to know.
///
/// Replies to its own requests and messages of others go through the same buffer, so that they
/// leave in the order in which they came to be.
#[derive(Debug)]
pub struct Mailbox {
    pub client: ClientId,
    bytes: RefCell<Vec<u8>>,
    wake: Notify,
    state: Cell<State>,
    /// The host does something for the client that takes longer than a call: SAVE.
    is_served: Cell<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Nothing more comes in; what waits is sent, then the connection ends.
    Closing,
    /// The connection ends at once.
    Cut,
}

impl Mailbox {
    pub fn new(client: ClientId) -> Mailbox {
        Mailbox {
            client,
            bytes: RefCell::default(),
            wake: Notify::new(),
            state: Cell::new(State::Open),
            is_served: Cell::new(false),
        }
    }

    pub fn put(&self, reply: &Reply, resp: Resp) {
        protocol::write(reply, resp, &mut self.bytes.borrow_mut());
    }

    /// Puts a message of somebody else, and wakes the one who sends it. A client that does not read
    /// its messages is cut off.
    pub fn deliver(&self, reply: &Reply, resp: Resp) {
        self.put(reply, resp);
        if self.bytes.borrow().len() > MOST_UNREAD_BYTES {
            self.cut();
        }
        self.wake.notify_one();
    }

    /// Waits until something happened that concerns the connection.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.borrow().is_empty()
    }

    /// Whether further requests have to wait until some replies were read.
    pub fn is_full(&self) -> bool {
        self.bytes.borrow().len() >= PAUSE_BYTES
    }

    /// All that waits. What is put from now on comes after it.
    pub fn take(&self) -> Vec<u8> {
        self.bytes.take()
    }

    /// Hands an emptied buffer back, so that the next reply finds its room.
    pub fn give_back(&self, mut buffer: Vec<u8>) {
        let mut bytes = self.bytes.borrow_mut();
        if bytes.capacity() == 0 && buffer.capacity() <= KEPT_BYTES {
            buffer.clear();
            *bytes = buffer;
        }
    }

    /// Ends the connection when everything that waits is sent.
    pub fn close(&self) {
        if self.state.get() == State::Open {
            self.state.set(State::Closing);
        }
        self.wake.notify_one();
    }

    /// Ends the connection at once.
    pub fn cut(&self) {
        self.state.set(State::Cut);
        self.wake.notify_one();
    }

    pub fn is_closing(&self) -> bool {
        self.state.get() != State::Open
    }

    pub fn is_cut(&self) -> bool {
        self.state.get() == State::Cut
    }

    /// While it is served, no further request of the client is run.
    pub fn set_served(&self, served: bool) {
        self.is_served.set(served);
        self.wake.notify_one();
    }

    pub fn is_served(&self) -> bool {
        self.is_served.get()
    }
}
