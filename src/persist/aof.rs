//! AOF, the append-only files of Redis 7: steps as requests, and the manifest that lists the files.
//!
//! ```text
//! file        [an RDB file] (request | annotation) ...
//! request     *3\r\n $3\r\nSET\r\n $1\r\nk\r\n $1\r\nv\r\n       as a client would send it
//! annotation  #TS:1700000000\r\n                                skipped
//! step        one request, or MULTI, the requests of one moment, EXEC
//! ```
//!
//! `SELECT` goes before the first request and wherever the database changes. What time and memory
//! did is `DEL` here: an AOF has one authority, whose word needs no condition.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

use super::rdb::{Target, dump, restore};
use crate::db::{Argv, Call, Effect, Taken, TakenEffect, write_call};
use crate::protocol::{Bounds, Parser, ProtocolError, split_arguments};
use crate::types::{Limits, number};

/// Writes steps for Redis 7.0 and whatever came after it.
#[derive(Debug, Default)]
pub struct Writer {
    /// Selected at the end of what was written; none at the start of a file.
    db: Option<u32>,
}

impl Writer {
    /// Puts a step at the end of `out`.
    pub fn step(&mut self, step: Taken, out: &mut Vec<u8>) {
        let effects = step.effects();
        let is_several = effects.len() > 1;
        if is_several {
            write_call(["MULTI"], out);
        }
        for effect in effects {
            self.effect(effect, out);
        }
        if is_several {
            write_call(["EXEC"], out);
        }
    }

    fn effect(&mut self, effect: TakenEffect, out: &mut Vec<u8>) {
        match effect {
            TakenEffect::Command { db, call } => {
                self.select(db, out);
                match lowered(call) {
                    Some(argv) => write_call(argv, out),
                    None => write_call(call.words(), out),
                }
            }
            TakenEffect::Expired { db, key, .. } | TakenEffect::Evicted { db, key, .. } => {
                self.select(db, out);
                write_call([b"DEL", key], out);
            }
        }
    }

    fn select(&mut self, db: u32, out: &mut Vec<u8>) {
        if self.db != Some(db) {
            self.db = Some(db);
            write_call(["SELECT", &db.to_string()], out);
        }
    }
}

/// The effect in words that Redis 7.0 knows, where it does not know it as it is: the payload of a
/// RESTORE may hold a form of value that is newer.
fn lowered(call: Call) -> Option<Argv> {
    if !call.words().next()?.eq_ignore_ascii_case(b"RESTORE") {
        return None;
    }
    let value = restore(call.words().nth(3)?, &Limits::default()).ok()?;
    let mut lowered: Argv = call.words().map(Box::from).collect();
    lowered[3] = dump(&value, Target::Redis70).into();
    Some(lowered)
}

/// Takes steps out of the bytes of a file, behind the RDB file that it may begin with.
#[derive(Debug)]
pub struct Reader {
    parser: Parser,
    db: u32,
    /// Between MULTI and EXEC.
    open: Option<Vec<Effect>>,
    fed: u64,
    /// Where the last whole step ends.
    whole: u64,
}

impl Default for Reader {
    fn default() -> Reader {
        Reader {
            parser: Parser::new(Bounds {
                max_request_bytes: usize::MAX,
                ..Bounds::default()
            }),
            db: 0,
            open: None,
            fed: 0,
            whole: 0,
        }
    }
}

impl Reader {
    pub fn feed(&mut self, bytes: &[u8]) {
        self.fed += bytes.len() as u64;
        self.parser.feed(bytes);
    }

    /// How many of the bytes are whole steps. What follows is the beginning of one, whose end was
    /// lost if nothing more is to come.
    pub fn whole_bytes(&self) -> u64 {
        self.whole
    }

    /// The effects of the next step, as soon as all of it has been fed.
    ///
    /// # Errors
    /// Where the bytes are no AOF.
    pub fn take(&mut self) -> Result<Option<Vec<Effect>>, Damage> {
        loop {
            let Some(argv) = self.parser.take().map_err(Damage::Request)? else {
                return Ok(None);
            };
            let argv: Argv = argv.iter().map(Box::from).collect();
            let done = self.effects_of(argv)?;
            if self.open.is_none() {
                self.whole = self.fed - self.parser.pending_bytes() as u64;
            }
            if let Some(effects) = done {
                return Ok(Some(effects));
            }
        }
    }

    /// The step that a request completes.
    fn effects_of(&mut self, argv: Argv) -> Result<Option<Vec<Effect>>, Damage> {
        let name = &argv[0];
        if name.starts_with(b"#") {
            return Ok(None);
        }
        if name.eq_ignore_ascii_case(b"SELECT") {
            let db = argv.get(1).and_then(|index| number::parse_i64(index));
            let db = db.and_then(|index| u32::try_from(index).ok());
            self.db = db.ok_or(Damage::Select)?;
            return Ok(None);
        }
        if name.eq_ignore_ascii_case(b"MULTI") {
            return match self.open.replace(Vec::new()) {
                None => Ok(None),
                Some(_) => Err(Damage::Transaction),
            };
        }
        if name.eq_ignore_ascii_case(b"EXEC") {
            return self.open.take().map(Some).ok_or(Damage::Transaction);
        }
        let effect = Effect::Command { db: self.db, argv };
        match &mut self.open {
            Some(effects) => {
                effects.push(effect);
                Ok(None)
            }
            None => Ok(Some(vec![effect])),
        }
    }
}

/// Why bytes are no AOF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    Request(ProtocolError),
    /// MULTI within MULTI, or EXEC without it.
    Transaction,
    /// Of something that is no database.
    Select,
}

impl core::error::Error for Damage {}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::Request(error) => write!(f, "{error}"),
            Damage::Transaction => f.write_str("MULTI and EXEC do not match"),
            Damage::Select => f.write_str("SELECT of something that is no database"),
        }
    }
}

/// Names have the number of their file between these.
const PREFIX: &str = "appendonly.aof.";
const BASE: &str = "base.rdb";
const INCREMENT: &str = "incr.aof";

/// A file of the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    /// Numbers bases and increments, each for themselves.
    pub seq: u64,
}

/// Which files make up the store, and in which order.
///
/// ```text
/// file appendonly.aof.2.base.rdb seq 2 type b      the state at some moment
/// file appendonly.aof.5.incr.aof seq 5 type i      what was done since, one after the other
/// ```
///
/// Redis also lists files of type h, which are about to be deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    pub base: Option<Part>,
    pub increments: Vec<Part>,
}

impl Manifest {
    /// # Errors
    /// The number of the first line that makes no sense, from 1.
    pub fn parse(text: &[u8]) -> Result<Manifest, usize> {
        let mut manifest = Manifest::default();
        for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
            if !line.is_empty() && !line.starts_with(b"#") {
                manifest.read_line(line).ok_or(at + 1)?;
            }
        }
        Ok(manifest)
    }

    fn read_line(&mut self, line: &[u8]) -> Option<()> {
        let words = split_arguments(line)?;
        let (mut part, mut kind) = (
            Part {
                name: String::new(),
                seq: 0,
            },
            None,
        );
        for pair in words.chunks(2) {
            let [name, value] = pair else { return None };
            match name.as_slice() {
                b"file" => part.name = String::from_utf8(value.clone()).ok()?,
                b"seq" => part.seq = core::str::from_utf8(value).ok()?.parse().ok()?,
                b"type" => kind = Some(value.clone()),
                // Of a later version.
                _ => {}
            }
        }
        let is_plain = !part.name.is_empty() && !part.name.contains(['/', '\\']);
        if !is_plain {
            return None;
        }
        match kind?.as_slice() {
            b"b" if self.base.is_none() => self.base = Some(part),
            // Redis refuses others, too: which of them follows on which is told by their order alone then.
            b"i" if self
                .increments
                .last()
                .is_none_or(|last| last.seq < part.seq) =>
            {
                self.increments.push(part);
            }
            b"h" => {}
            _ => return None,
        }
        Some(())
    }

    pub fn write(&self) -> String {
        let line =
            |part: &Part, kind: char| format!("file {} seq {} type {kind}\n", part.name, part.seq);
        let base = self.base.iter().map(|part| line(part, 'b'));
        let increments = self.increments.iter().map(|part| line(part, 'i'));
        base.chain(increments).collect()
    }

    /// The base that follows the one of now.
    pub fn next_base(&self) -> Part {
        self.unnamed(self.base.as_ref(), BASE)
    }

    pub fn next_increment(&self) -> Part {
        self.unnamed(self.increments.last(), INCREMENT)
    }

    /// The first number behind that of a part with a name that is free: names need not have the numbers of their parts.
    fn unnamed(&self, last: Option<&Part>, kind: &str) -> Part {
        let first = last.map_or(0, |part| part.seq) + 1;
        let parts = (first..).map(|seq| Part {
            name: format!("{PREFIX}{seq}.{kind}"),
            seq,
        });
        let mut free = parts.filter(|part| !self.names(&part.name));
        free.next().expect("there are fewer parts than numbers")
    }

    fn names(&self, name: &str) -> bool {
        let mut parts = self.base.iter().chain(&self.increments);
        parts.any(|part| part.name == name)
    }

    /// Whether a name is one of those that the manifests before this one gave, or would have given.
    pub fn has_replaced(&self, name: &str) -> bool {
        let numbered = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('.'));
        let Some((seq, kind)) = numbered else {
            return false;
        };
        let first = match kind {
            BASE => self.base.as_ref(),
            INCREMENT => self.increments.first(),
            _ => None,
        };
        first.is_some_and(|part| seq.parse().is_ok_and(|seq: u64| seq < part.seq))
            && !self.names(name)
    }
}
