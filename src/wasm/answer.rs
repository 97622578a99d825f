//! How an outcome goes back: a tag, and words in memory that say where the rest lies.

use alloc::boxed::Box;
use alloc::vec::Vec;

use nookdb::db::{ClientId, Request};
use nookdb::engine::{Delivery, Lent, Outcome};
use nookdb::protocol::{Resp, write};
#[cfg(feature = "families")]
use nookdb::reply::Scored;
use nookdb::reply::{Bulks, Frame, Reply};
use nookdb::types::Item;

/// What a call came to. `pkg-template/src/engine/tags.ts` has the same numbers.
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
    /// As `Bulk`, and every byte is a character.
    Ascii = 7,
    /// The first word is the address of two words for each value: those of `Bulk`, the highest bit of the length telling
    /// whether it is `Ascii`; an address of 0 is null.
    List = 8,
    /// Nothing has happened: the call has to be made the ordinary way.
    Ordinary = 9,
    /// The words are the lower and the upper half of the number.
    #[cfg(feature = "families")]
    Double = 10,
    /// The words are the address and the length, marked as in `List`, of a run of bulk strings as they go over a wire; the
    /// word behind the steps says how many they are.
    Bulks = 11,
    /// As `Bulks`: keys and values in turn.
    Map = 12,
    /// As `Bulks`: members; the last word is the address of their scores.
    #[cfg(feature = "families")]
    Scored = 13,
}

/// Marks a length as that of a string whose bytes are all characters.
const IS_ASCII: u32 = 1 << 31;
/// Digits of the longest integer, with its sign.
const INTEGER_BYTES: usize = 20;

/// The last answer. It stays where it is until the next.
pub(super) struct Answer {
    /// JavaScript holds the address of this, and reads it after each call: two words about the
    /// answer, how many steps wait, which it also reads once the instance has stopped, and two more about
    /// the answer.
    words: Box<[u32; 5]>,
    bytes: Vec<u8>,
    list: Vec<u32>,
    #[cfg(feature = "families")]
    scores: Vec<f64>,
}

impl Answer {
    pub fn new() -> Answer {
        Answer {
            words: Box::new([0; 5]),
            bytes: Vec::new(),
            list: Vec::new(),
            #[cfg(feature = "families")]
            scores: Vec::new(),
        }
    }

    pub fn address(&self) -> usize {
        self.words.as_ptr() as usize
    }

    pub fn outcome(&mut self, outcome: Outcome) -> Tag {
        match outcome {
            Outcome::Reply(Reply::Null | Reply::NullArray) => Tag::Null,
            Outcome::Reply(Reply::Simple("OK")) => Tag::Ok,
            Outcome::Reply(Reply::Integer(number)) => self.integer(number),
            Outcome::Reply(Reply::Bulk(bytes)) => {
                self.bytes(bytes);
                Tag::Bulk
            }
            #[cfg(feature = "families")]
            Outcome::Reply(Reply::Double(number)) => {
                let bits = number.to_bits();
                [self.words[0], self.words[1]] = [bits as u32, (bits >> 32) as u32];
                Tag::Double
            }
            Outcome::Reply(Reply::Bulks(bulks)) => {
                let tag = match bulks.frame() {
                    Frame::Array | Frame::Set => Tag::Bulks,
                    Frame::Map => Tag::Map,
                };
                self.bulks(bulks);
                tag
            }
            #[cfg(feature = "families")]
            Outcome::Reply(Reply::Scored(Scored { members, scores })) => {
                self.bulks(members);
                self.scores = scores;
                self.words[4] = self.scores.as_ptr() as u32;
                Tag::Scored
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

    #[inline(always)]
    pub fn integer(&mut self, number: i64) -> Tag {
        let Ok(word) = i32::try_from(number) else {
            return self.reply(&Reply::Integer(number), Resp::Three);
        };
        self.words[0] = word as u32;
        Tag::Integer
    }

    /// A reply as it would come over a socket, whatever it is.
    pub fn reply(&mut self, reply: &Reply, resp: Resp) -> Tag {
        let mut bytes = self.room();
        write(reply, resp, &mut bytes);
        self.bytes(bytes);
        Tag::Resp
    }

    fn bulks(&mut self, bulks: Bulks) {
        self.words[3] = bulks.len() as u32;
        self.bytes(bulks.into_bytes());
        if self.bytes.is_ascii() {
            self.words[1] |= IS_ASCII;
        }
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

    /// A value where it stands.
    #[inline(always)]
    pub fn lend(&mut self, value: Option<Lent>) -> Tag {
        let Some(lent) = value else {
            return Tag::Null;
        };
        let bytes = match lent.item {
            Item::Bytes(bytes) => bytes,
            Item::Int(number) => self.digits(number),
        };
        [self.words[0], self.words[1]] = [bytes.as_ptr() as u32, bytes.len() as u32];
        if lent.is_ascii() {
            Tag::Ascii
        } else {
            Tag::Bulk
        }
    }

    /// An integer drawn where no other answer is.
    #[inline(never)]
    fn digits(&mut self, number: i64) -> &[u8] {
        self.bytes.clear();
        (self.bytes).extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        &self.bytes
    }

    /// Begins a list of at most so many values that are lent.
    pub fn begin_list(&mut self, count: usize) {
        self.list.clear();
        self.bytes.clear();
        // So that digits stay where they are until the list is read.
        self.bytes.reserve(count * INTEGER_BYTES);
    }

    pub fn lend_next(&mut self, value: Option<Lent>) {
        let place = self.place(value);
        self.list.extend(place);
    }

    pub fn end_list(&mut self) {
        self.words[0] = self.list.as_ptr() as u32;
    }

    /// The words for one value. An integer is drawn behind those before it.
    fn place(&mut self, value: Option<Lent>) -> [u32; 2] {
        let Some(lent) = value else {
            return [0, 0];
        };
        let bytes = match lent.item {
            Item::Bytes(bytes) => bytes,
            Item::Int(number) => {
                let start = self.bytes.len();
                self.bytes
                    .extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
                &self.bytes[start..]
            }
        };
        let ascii = if lent.is_ascii() { IS_ASCII } else { 0 };
        [bytes.as_ptr() as u32, bytes.len() as u32 | ascii]
    }

    /// The room of the last answer, to make the next one in.
    pub fn room(&mut self) -> Vec<u8> {
        let mut bytes = core::mem::take(&mut self.bytes);
        bytes.clear();
        bytes
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
