//! What is on its way to one client.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use tokio::sync::Notify;

use crate::db::{ClientId, Resp};
use crate::protocol;
use crate::reply::Reply;

/// A client that lets this much pile up is not reading: its connection is closed. Redis closes a
/// subscriber at the same size.
const MOST_UNREAD_BYTES: usize = 32 * 1024 * 1024;

/// While this much waits to be sent, no further request of the client is run. A client that sends
/// without reading has its own sending held up by that.
pub const PAUSE_BYTES: usize = 16 * 1024 * 1024;

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
    /// Parts of `bytes`, in their order; the last ends where `bytes` ends.
    holds: RefCell<VecDeque<Hold>>,
    wake: Notify,
    state: Cell<State>,
    /// The host does something for the client that takes longer than a call: SAVE.
    is_served: Cell<bool>,
}

/// A part that may not leave before the journal is on the disk up to a position.
#[derive(Debug, Clone, Copy)]
struct Hold {
    until: u64,
    end: usize,
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
            holds: RefCell::default(),
            wake: Notify::new(),
            state: Cell::new(State::Open),
            is_served: Cell::new(false),
        }
    }

    /// Puts a reply, which may leave when the journal is on the disk up to a position.
    pub fn put(&self, reply: &Reply, resp: Resp, until: u64) {
        self.write(|bytes| protocol::write(reply, resp, bytes));
        self.hold(until);
    }

    /// Has a reply written into the buffer, from which it does not leave before `hold` has said when it may.
    pub fn write<R>(&self, write: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        write(&mut self.bytes.borrow_mut())
    }

    /// Says when what was written may leave.
    pub fn hold(&self, until: u64) {
        let end = self.bytes.borrow().len();
        let mut holds = self.holds.borrow_mut();
        match holds.back_mut() {
            Some(last) if last.until == until => last.end = end,
            _ => holds.push_back(Hold { until, end }),
        }
    }

    /// Puts a message of somebody else, and wakes the one who sends it. A client that does not read
    /// its messages is cut off.
    pub fn deliver(&self, reply: &Reply, resp: Resp, until: u64) {
        self.put(reply, resp, until);
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

    /// What waits and may leave, the journal being on the disk up to a position. What is put from
    /// now on comes after it.
    pub fn take(&self, synced: u64) -> Vec<u8> {
        let mut holds = self.holds.borrow_mut();
        let mut end = 0;
        while let Some(hold) = holds.front().filter(|hold| hold.until <= synced) {
            end = hold.end;
            holds.pop_front();
        }
        if end == 0 {
            return Vec::new();
        }
        for hold in holds.iter_mut() {
            hold.end -= end;
        }
        let mut bytes = self.bytes.borrow_mut();
        let rest = bytes.split_off(end);
        std::mem::replace(&mut bytes, rest)
    }

    /// Hands an emptied buffer back, so that the next reply finds its room.
    pub fn give_back(&self, mut buffer: Vec<u8>) {
        let mut bytes = self.bytes.borrow_mut();
        if bytes.capacity() == 0 && buffer.capacity() <= KEPT_BYTES {
            buffer.clear();
            *bytes = buffer;
        }
    }

    /// Lets the one who sends look again at what may leave.
    pub fn wake(&self) {
        self.wake.notify_one();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_before_the_journal_that_it_rests_on_nor_out_of_its_order() {
        let mailbox = Mailbox::new(1);
        for (number, until) in [(1, 10), (2, 10), (3, 20), (4, 20)] {
            mailbox.put(&Reply::Integer(number), Resp::Two, until);
        }
        assert_eq!(mailbox.take(9), b"");
        assert_eq!(mailbox.take(10), b":1\r\n:2\r\n");
        mailbox.put(&Reply::Integer(5), Resp::Two, 30);
        assert_eq!(mailbox.take(19), b"");
        assert_eq!(mailbox.take(20), b":3\r\n:4\r\n");
        assert_eq!(mailbox.take(u64::MAX), b":5\r\n");
        assert!(mailbox.is_empty());
    }

    #[test]
    fn a_client_that_does_not_read_is_cut_off() {
        let mailbox = Mailbox::new(1);
        let message = Reply::bulk(vec![b'x'; MOST_UNREAD_BYTES / 4]);
        for _ in 0..3 {
            mailbox.deliver(&message, Resp::Two, 0);
            assert!(!mailbox.is_cut());
        }
        mailbox.deliver(&message, Resp::Two, 0);
        assert!(mailbox.is_cut());
    }
}
