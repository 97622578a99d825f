//! How an outcome goes back: a tag, and two words in memory that say where the rest lies.

use crate::db::{ClientId, Request};
use crate::engine::{Delivery, Outcome};
use crate::protocol::{Resp, write};
use crate::reply::Reply;

/// What a call came to. `pkg-template/src/engine/instance.ts` has the same numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Tag {
    Null = 0,
    Ok = 1,
    /// The first word is the number, as an `i32`.
    Integer = 2,
    /// The words are the address and the length of a bulk string.
    Bulk = 3,
    /// The words are the address and the length of a reply in RESP3.
    Resp = 4,
    Blocked = 5,
    /// The first word says what is asked of the host.
    Ask = 6,
}

/// The last answer. It stays where it is until the next.
pub(super) struct Answer {
    /// JavaScript holds the address of this, and reads it after each call: two words about the
    /// answer, and how many steps wait, which it also reads once the instance has stopped.
    words: Box<[u32; 3]>,
    bytes: Vec<u8>,
}

impl Answer {
    pub fn new() -> Answer {
        Answer {
            words: Box::new([0; 3]),
            bytes: Vec::new(),
        }
    }

    pub fn address(&self) -> usize {
        self.words.as_ptr() as usize
    }

    pub fn outcome(&mut self, outcome: Outcome) -> Tag {
        match outcome {
            Outcome::Reply(Reply::Null | Reply::NullArray) => Tag::Null,
            Outcome::Reply(Reply::Simple("OK")) => Tag::Ok,
            Outcome::Reply(Reply::Integer(number)) if i32::try_from(number).is_ok() => {
                self.words[0] = number as u32;
                Tag::Integer
            }
            Outcome::Reply(Reply::Bulk(bytes)) => {
                self.bytes(bytes);
                Tag::Bulk
            }
            Outcome::Reply(reply) => self.reply(&reply, Resp::Three),
            Outcome::Blocked => Tag::Blocked,
            Outcome::Ask(request) => {
                self.words[0] = match request {
                    Request::Save => 0,
                    Request::SaveInBackground => 1,
                    Request::RewriteJournal => 2,
                    Request::Shutdown { .. } => 3,
                };
                Tag::Ask
            }
        }
    }

    /// A reply as it would come over a socket, whatever it is.
    pub fn reply(&mut self, reply: &Reply, resp: Resp) -> Tag {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        write(reply, resp, &mut bytes);
        self.bytes(bytes);
        Tag::Resp
    }

    /// The number of each client, then what it is sent in its protocol, one after the other.
    pub fn deliveries(&mut self, deliveries: &[Delivery], resp: impl Fn(ClientId) -> Resp) {
        let mut bytes = Vec::new();
        for delivery in deliveries {
            write(
                &Reply::Integer(delivery.client as i64),
                Resp::Three,
                &mut bytes,
            );
            write(&delivery.reply, resp(delivery.client), &mut bytes);
        }
        self.bytes(bytes);
    }

    pub fn steps_waiting(&mut self, count: usize) {
        self.words[2] = count as u32;
    }

    /// Hands over bytes as they are.
    pub fn bytes(&mut self, bytes: Vec<u8>) {
        self.bytes = bytes;
        self.words[0] = self.bytes.as_ptr() as u32;
        self.words[1] = self.bytes.len() as u32;
    }
}
