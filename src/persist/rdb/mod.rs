//! RDB, the file format of Redis: versions 1 to 12 are read, 10 to 12 are written.
//!
//! ```text
//! file     "REDIS" version as four digits | part ... | 0xff | CRC-64 of all before, u64 LE
//! part     0xfa name value          about the file; unknown names are to be ignored
//!          0xfe database            the keys that follow are of this database
//!          0xfb keys deadlines      how many they are, a hint
//!          0xf5 source              a library of functions
//!          key
//! key      [ 0xfc deadline ms i64 LE | 0xfd deadline s i32 LE ]
//!          [ 0xf8 idle s | 0xf9 frequency u8 ]
//!          type u8 | key | value
//! ```
//!
//! Lengths and strings are drawn in `wire`, values in `encode`, what only old files hold in `old`.
//! Versions before 5 end without a checksum; a checksum of 0 was not computed.
//! The layouts are those of rdb.h and rdb.c of Redis 7.0 and of the files that it writes.

mod crc64;
mod decode;
mod dump;
mod encode;
mod error;
mod foreign;
mod lzf;
#[cfg(feature = "old-files")]
mod old;
mod reader;
mod wire;
mod writer;

pub use crc64::crc64;
pub use dump::{RestoreError, dump, dump_with, restore};
pub use error::LoadError;
pub use lzf::Compressor;
pub use reader::Reader;
pub use writer::{About, Writer};

use alloc::boxed::Box;

use crate::types::Value;

/// The last version that is read.
const LAST_VERSION: u32 = 12;

/// What a file or a payload is written for: the oldest Redis that must be able to load it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Target {
    /// Has no packed sets, but of integers: they are written as plain ones.
    Redis70,
    #[default]
    Redis72,
    Redis74,
}

impl Target {
    /// The version of RDB.
    pub fn version(self) -> u16 {
        match self {
            Target::Redis70 => 10,
            Target::Redis72 => 11,
            Target::Redis74 => 12,
        }
    }

    /// As in INFO and in the header of a file.
    pub fn redis_version(self) -> &'static str {
        match self {
            Target::Redis70 => "7.0.0",
            Target::Redis72 => "7.2.0",
            Target::Redis74 => "7.4.0",
        }
    }
}

/// A key of a file.
#[derive(Debug, Clone)]
pub struct Entry {
    pub db: u32,
    pub key: Box<[u8]>,
    pub value: Value,
    /// Milliseconds since 1970; may have passed already.
    pub deadline_ms: Option<i64>,
}

/// What may stand where the type of a key stands.
mod opcode {
    pub const SLOT_INFO: u8 = 0xf4;
    pub const FUNCTION: u8 = 0xf5;
    pub const FUNCTION_OF_CANDIDATE: u8 = 0xf6;
    pub const MODULE_AUX: u8 = 0xf7;
    pub const IDLE: u8 = 0xf8;
    pub const FREQUENCY: u8 = 0xf9;
    pub const AUX: u8 = 0xfa;
    pub const RESIZE: u8 = 0xfb;
    pub const DEADLINE_MS: u8 = 0xfc;
    pub const DEADLINE_S: u8 = 0xfd;
    pub const SELECT: u8 = 0xfe;
    pub const END: u8 = 0xff;
}

/// The types of values, as they are numbered in a file.
mod code {
    pub const STRING: u8 = 0;
    pub const LIST: u8 = 1;
    pub const SET: u8 = 2;
    pub const ZSET_OF_TEXT: u8 = 3;
    pub const HASH: u8 = 4;
    pub const ZSET: u8 = 5;
    pub const MODULE_1: u8 = 6;
    pub const MODULE_2: u8 = 7;
    pub const HASH_ZIPMAP: u8 = 9;
    pub const LIST_ZIPLIST: u8 = 10;
    pub const SET_INTSET: u8 = 11;
    pub const ZSET_ZIPLIST: u8 = 12;
    pub const HASH_ZIPLIST: u8 = 13;
    pub const LIST_OF_ZIPLISTS: u8 = 14;
    pub const STREAM_1: u8 = 15;
    pub const HASH_LISTPACK: u8 = 16;
    pub const ZSET_LISTPACK: u8 = 17;
    pub const LIST_OF_LISTPACKS: u8 = 18;
    pub const STREAM_2: u8 = 19;
    pub const SET_LISTPACK: u8 = 20;
    pub const STREAM_3: u8 = 21;
    /// 22 to 25: hashes whose fields have deadlines.
    pub const HASH_WITH_DEADLINES_FIRST: u8 = 22;
    pub const HASH_WITH_DEADLINES_LAST: u8 = 25;
}

/// How a node of a list lies in a file.
#[cfg(feature = "lists")]
mod node {
    /// One element that is too large for a listpack.
    pub const PLAIN: u64 = 1;
    pub const PACKED: u64 = 2;
}
