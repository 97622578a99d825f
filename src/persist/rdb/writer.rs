//! A file, piece by piece: what was written can be taken at any time, and kept as it comes.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::encode::write_entry;
use super::lzf::Compressor;
use super::wire::{write_length, write_string};
use super::{Target, crc64, opcode};
use crate::db::Standing;
use crate::types::ValueRef;

/// What a file says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Seconds since 1970.
    pub created_s: i64,
    pub used_memory_bytes: usize,
}

/// Writes the head, then what it is given, then the end.
///
/// ```
/// use nookdb::persist::rdb::{About, Reader, Target, Writer};
/// use nookdb::types::{Limits, Str, Value};
///
/// let about = About { created_s: 1_700_000_000, used_memory_bytes: 0 };
/// let mut writer = Writer::new(Target::Redis72, about);
/// writer.open_db(0, 2, 0);
/// writer.entry(0, b"a", &Value::String(Str::from_bytes(b"1")), None);
/// let mut file = writer.take();
/// writer.entry(0, b"b", &Value::String(Str::from_bytes(b"2")), None);
/// file.extend(writer.finish());
///
/// let keys = Reader::new(&file, &Limits::default()).unwrap();
/// assert_eq!(keys.count(), 2);
/// ```
pub struct Writer {
    target: Target,
    compressor: Compressor,
    /// What was written and not taken yet.
    out: Vec<u8>,
    /// Of what was taken.
    crc: u64,
    db: Option<u32>,
}

impl Writer {
    pub fn new(target: Target, about: About) -> Writer {
        let mut writer = Writer {
            target,
            compressor: Compressor::default(),
            out: format!("REDIS{:04}", target.version()).into_bytes(),
            crc: 0,
            db: None,
        };
        writer.aux("redis-ver", target.redis_version().as_bytes());
        // Of the formats, not of the machine: none of ours depends on its word.
        writer.aux("redis-bits", b"64");
        writer.aux("ctime", about.created_s.to_string().as_bytes());
        writer.aux("used-mem", about.used_memory_bytes.to_string().as_bytes());
        writer.aux("nookdb-ver", env!("CARGO_PKG_VERSION").as_bytes());
        writer
    }

    /// Has strings of less than 128 bytes written as they are: to look for repetitions in them takes most of the time.
    pub fn hurried(mut self) -> Writer {
        self.compressor = Compressor::of_long_strings();
        self
    }

    /// Says something more about the file. Redis ignores the names that it does not know.
    pub fn aux(&mut self, name: &str, value: &[u8]) {
        self.out.push(opcode::AUX);
        write_string(name.as_bytes(), &mut self.compressor, &mut self.out);
        write_string(value, &mut self.compressor, &mut self.out);
    }

    /// Begins a database, and says how many keys it has, and how many of them with a deadline, so
    /// that a loader makes its tables large enough at once.
    pub fn open_db(&mut self, db: u32, keys: usize, deadlines: usize) {
        self.select(db);
        self.out.push(opcode::RESIZE);
        write_length(keys as u64, &mut self.out);
        write_length(deadlines as u64, &mut self.out);
    }

    pub fn entry<'v>(
        &mut self,
        db: u32,
        key: &[u8],
        value: impl Into<ValueRef<'v>>,
        deadline_ms: Option<i64>,
    ) {
        self.select(db);
        write_entry(
            key,
            value.into(),
            deadline_ms,
            self.target,
            &mut self.compressor,
            &mut self.out,
        );
    }

    /// As `entry`, for what stands in a keyspace.
    pub fn standing(&mut self, db: u32, standing: Standing<'_>) {
        self.entry(db, standing.key(), standing.value(), standing.deadline());
    }

    fn select(&mut self, db: u32) {
        if self.db != Some(db) {
            self.db = Some(db);
            self.out.push(opcode::SELECT);
            write_length(u64::from(db), &mut self.out);
        }
    }

    /// Bytes that were written and not taken yet.
    pub fn pending_bytes(&self) -> usize {
        self.out.len()
    }

    /// The bytes that follow those that were taken before.
    pub fn take(&mut self) -> Vec<u8> {
        self.crc = crc64(self.crc, &self.out);
        core::mem::take(&mut self.out)
    }

    /// The last bytes, with the checksum of all.
    pub fn finish(mut self) -> Vec<u8> {
        self.out.push(opcode::END);
        let mut end = self.take();
        end.extend_from_slice(&self.crc.to_le_bytes());
        end
    }
}
