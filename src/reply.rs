//! What a command answers, before any protocol has written it down.

use crate::error::Error;

/// A reply in RESP3's terms; `protocol` draws the RESP2 form of each.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// `+OK` and the like.
    Simple(&'static str),
    Integer(i64),
    /// RESP2 has no doubles: there it is a bulk string.
    Double(f64),
    Bulk(Vec<u8>),
    /// `_` in RESP3, `$-1` in RESP2.
    Null,
    /// `_` in RESP3, `*-1` in RESP2.
    NullArray,
    /// RESP2: 1 or 0.
    Boolean(bool),
    Array(Vec<Reply>),
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

    pub fn bulks<B: Into<Vec<u8>>>(items: impl IntoIterator<Item = B>) -> Reply {
        Reply::Array(items.into_iter().map(Reply::bulk).collect())
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
