//! What a command answers, before any protocol has written it down.

use alloc::vec::Vec;

use crate::error::Error;

/// A reply in RESP3's terms; `protocol` draws the RESP2 form of each.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// `+OK` and the like.
    Simple(&'static str),
    Integer(i64),
    /// RESP2 has no doubles: there it is a bulk string.
    #[cfg(feature = "sorted-sets")]
    Double(f64),
    Bulk(Vec<u8>),
    /// `_` in RESP3, `$-1` in RESP2.
    Null,
    /// `_` in RESP3, `*-1` in RESP2.
    NullArray,
    /// RESP2: 1 or 0.
    Boolean(bool),
    Array(Vec<Reply>),
    /// An array, a set or a map of bulk strings and nothing else.
    Bulks(Bulks),
    /// Members with their scores. RESP3: an array of two-element arrays. RESP2: one flat array.
    #[cfg(feature = "sorted-sets")]
    Scored(Scored),
    /// RESP2: an array of keys and values in turn.
    Map(Vec<(Reply, Reply)>),
    /// RESP3: an array of two-element arrays. RESP2: one flat array.
    Pairs(Vec<(Reply, Reply)>),
    /// RESP2: an array.
    Set(Vec<Reply>),
    /// Text with a three-letter format; RESP2: a bulk string.
    Verbatim(&'static str, Vec<u8>),
    /// Out of band: pub/sub messages, invalidations. RESP2: an array.
    Push(Vec<Reply>),
    Error(Error),
    /// Several replies to one command (SUBSCRIBE answers once a channel), written one after the other.
    Many(Vec<Reply>),
}

impl Reply {
    pub const OK: Reply = Reply::Simple("OK");

    pub fn bulk(bytes: impl Into<Vec<u8>>) -> Reply {
        Reply::Bulk(bytes.into())
    }

    /// The bulk string, or null where there is none.
    pub fn bulk_or_null(bytes: Option<impl Into<Vec<u8>>>) -> Reply {
        bytes.map_or(Reply::Null, Reply::bulk)
    }

    pub fn bulks<B: AsRef<[u8]>>(items: impl IntoIterator<Item = B>) -> Reply {
        let mut bulks = Bulks::default();
        for item in items {
            bulks.push(item.as_ref());
        }
        Reply::Bulks(bulks)
    }

    pub fn count(n: usize) -> Reply {
        Reply::Integer(n as i64)
    }
}

impl From<bool> for Reply {
    /// The integers 1 and 0, which most predicates of Redis answer.
    fn from(yes: bool) -> Reply {
        Reply::Integer(i64::from(yes))
    }
}

/// Bulk strings in one run of bytes, as they go over the wire: that is the same in both protocols, and a
/// long answer (LRANGE) is copied once and not taken apart into a vector for each string.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bulks {
    frame: Frame,
    count: usize,
    bytes: Vec<u8>,
}

/// What bulk strings are together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Frame {
    #[default]
    Array,
    /// RESP2: an array.
    Set,
    /// Keys and values in turn. RESP2: an array.
    Map,
}

/// Room for a string of which nothing is known: with less, an answer is moved as it grows.
const ROOM_BYTES: usize = 32;
/// As much room as is taken before anything is there.
const ROOM_MAX_BYTES: usize = 4096;

impl Bulks {
    /// With room for about so many strings.
    pub fn with_capacity(count: usize) -> Bulks {
        let room = count.saturating_mul(ROOM_BYTES).min(ROOM_MAX_BYTES);
        Bulks {
            bytes: Vec::with_capacity(room),
            ..Bulks::default()
        }
    }

    pub fn framed(self, frame: Frame) -> Bulks {
        Bulks { frame, ..self }
    }

    pub fn push(&mut self, text: &[u8]) {
        self.count += 1;
        write_bulk(text, &mut self.bytes);
    }

    pub fn frame(&self) -> Frame {
        self.frame
    }

    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Each string as it goes over the wire, frame and all.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.bytes[..];
        core::iter::from_fn(move || {
            let digits = rest.get(1..)?.iter().take_while(|byte| **byte != b'\r');
            let (len, head) = digits.fold((0, 1), |(len, head), digit| {
                (len * 10 + usize::from(digit - b'0'), head + 1)
            });
            let (piece, after) = rest.split_at(head + 2 + len + 2);
            rest = after;
            Some(piece)
        })
    }
}

/// Members and their scores, in the same order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scored {
    pub members: Bulks,
    pub scores: Vec<f64>,
}

/// Puts a bulk string at the end of `out`: `$`, its length, CR LF, its bytes, CR LF.
pub fn write_bulk(text: &[u8], out: &mut Vec<u8>) {
    const LONGEST_FRAME: usize = "$18446744073709551615\r\n\r\n".len();
    out.reserve(text.len() + LONGEST_FRAME);
    match u8::try_from(text.len()) {
        Ok(digit @ 0..10) => out.extend_from_slice(&[b'$', b'0' + digit, b'\r', b'\n']),
        Ok(number @ 10..100) => {
            let (tens, ones) = (b'0' + number / 10, b'0' + number % 10);
            out.extend_from_slice(&[b'$', tens, ones, b'\r', b'\n']);
        }
        _ => {
            out.push(b'$');
            out.extend_from_slice(itoa::Buffer::new().format(text.len()).as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
    out.extend_from_slice(text);
    out.extend_from_slice(b"\r\n");
}
