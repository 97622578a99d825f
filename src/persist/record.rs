//! Steps as they lie in the journal: a record has those of which one hand-over told, one after the other.
//!
//! `db::steps` says how it is laid out, and lays it out so from the start. What is added here is for keeping: the epoch, the
//! checksum (XXH64 of all before it, with the seed 0), and, where a step was not taken by the store itself, by whom: `client`
//! and `n` say whose it is and which of his, and `base_seq` on which state it was computed. As a rule it is the store's own, its
//! `seq`th, on the one before.
//!
//! A reader refuses records of formats, and with flags, that it does not know, and says so: they are not damaged. Of what a record says
//! the checksum is believed first, and the format only then: it is a byte that goes bad as others do. Whoever adds to what
//! a record may say raises its format, and that of the storages (`FORMAT` in storage/rules.ts): an older build then touches nothing, and
//! comes to no record of a format that has its checksum elsewhere.
//!
//! Formats before had a step each:
//!
//! ```text
//! record   format u8 = 4 | cause u8 | seq u64 | epoch u32 | at_ms i64 | seed u64 | other? | done | checksum u64
//! done     db call                 where `cause` has IS_VERBATIM: that call was asked for, and is what was done
//!          intents | effects       where it has not
//! ```
//!
//! `other` was there where `cause` had its highest bit. Format 3 is format 4 without IS_VERBATIM, and with calls as they go over a wire:
//!
//! ```text
//! call     "*" words CR LF ("$" length CR LF bytes CR LF) ...           a request of RESP
//! ```

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use twox_hash::XxHash64;

use super::rdb::crc64;
use crate::db::bytes::{Parts, write_bytes, write_number};
use crate::db::steps::{
    CHECKSUM_BYTES, EPOCH_AT, FORMAT, FRAME_BYTES, IS_OF_ANOTHER, IS_RUN, LISTED, Run, StepHead,
    VERBATIM, write_record_head,
};
use crate::db::{Cause, Taken};

/// Those before, which had a step each.
const FORMAT_OF_WORDS: u8 = 4;
/// The one before that, whose calls are requests.
const FORMAT_OF_REQUESTS: u8 = 3;
/// All flags of a record that there are.
const FLAGS: u8 = IS_OF_ANOTHER;
/// In the byte of the cause of those: the step was computed elsewhere.
const WAS_OF_ANOTHER: u8 = 1 << 7;
/// The step is one call that did what it says.
const WAS_VERBATIM: u8 = 1 << 6;
const EPOCH_BYTES: usize = size_of::<u32>();

/// Who took a step, and on top of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Origin {
    /// Of the writer who had the store open.
    pub epoch: u32,
    /// 0 is the store itself.
    pub client: u128,
    /// Counts the steps of the client.
    pub n: u64,
    /// The step that stood last when this one was computed.
    pub base_seq: u64,
}

impl Origin {
    /// That of a step which the store took itself, on the one before: it has no server.
    pub fn of_store(seq: u64, epoch: u32) -> Origin {
        Origin {
            epoch,
            client: 0,
            n: seq,
            base_seq: seq.wrapping_sub(1),
        }
    }
}

/// Why bytes are no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordError {
    /// Written by another version of nookdb.
    UnknownFormat(u8),
    /// As UnknownFormat: the record has something that only that version knows.
    UnknownFlags(u8),
    Checksum,
    Malformed,
}

impl core::error::Error for RecordError {}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordError::UnknownFormat(format) => {
                write!(
                    f,
                    "a step of the format {format}, and this version of nookdb reads those from {FORMAT_OF_REQUESTS} to {FORMAT}"
                )
            }
            RecordError::UnknownFlags(flags) => {
                write!(
                    f,
                    "a step with the flags {flags:08b}, which this version of nookdb does not know"
                )
            }
            RecordError::Checksum => f.write_str("a step whose checksum is wrong"),
            RecordError::Malformed => f.write_str("a step that cannot be read"),
        }
    }
}

impl RecordError {
    /// Whether another version of nookdb may read the record: it is not damaged then, and nothing is lost.
    pub fn is_of_another(&self) -> bool {
        matches!(
            self,
            RecordError::UnknownFormat(_) | RecordError::UnknownFlags(_)
        )
    }
}

/// Makes records of steps that lie one after the other in frames, as `Steps` has them: those of the store itself, under this
/// epoch.
pub fn seal(frames: &mut [u8], epoch: u32) {
    let mut rest = frames;
    while let Some((frame, after)) = rest.split_first_chunk_mut::<FRAME_BYTES>() {
        let [a, b, c, d, ..] = *frame;
        let length = u32::from_le_bytes([a, b, c, d]) & !IS_RUN;
        let (record, after) = after.split_at_mut(length as usize);
        let (body, checksum) = record.split_at_mut(record.len() - CHECKSUM_BYTES);
        body[EPOCH_AT..][..EPOCH_BYTES].copy_from_slice(&epoch.to_le_bytes());
        checksum.copy_from_slice(&checksum_of(body).to_le_bytes());
        rest = after;
    }
}

/// Puts a record of one step at the end of `out`.
pub fn encode(step: Taken, origin: Origin, out: &mut Vec<u8>) {
    let start = out.len();
    let head = step.head();
    write_record_head(head.seq, head.at_ms, out);
    out[start + EPOCH_AT..][..EPOCH_BYTES].copy_from_slice(&origin.epoch.to_le_bytes());
    if origin != Origin::of_store(head.seq, origin.epoch) {
        out[start + 1] |= IS_OF_ANOTHER;
        out.extend_from_slice(&origin.client.to_le_bytes());
        out.extend_from_slice(&origin.n.to_le_bytes());
        out.extend_from_slice(&origin.base_seq.to_le_bytes());
    }
    let (code, db) = step.code();
    out.push(code);
    if head.seed != 0 {
        out.extend_from_slice(&head.seed.to_le_bytes());
    }
    if db != 0 {
        write_number(u64::from(db), out);
    }
    out.extend_from_slice(step.done());
    let checksum = checksum_of(&out[start..]);
    out.extend_from_slice(&checksum.to_le_bytes());
}

/// XXH64 with the seed 0, which takes 32 bytes at a step: <https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md>.
fn checksum_of(body: &[u8]) -> u64 {
    XxHash64::oneshot(0, body)
}

/// A record that was read. Its steps stay where they lie: one that says much in few bytes takes no more memory for it.
#[derive(Debug)]
pub struct Record<'a> {
    origin: Origin,
    steps: Lying<'a>,
}

#[derive(Debug)]
enum Lying<'a> {
    Run(Run<'a>),
    /// Of the formats before: what was done, with the words of its calls as they lie in records now.
    Single {
        seq: u64,
        head: StepHead,
        done: Cow<'a, [u8]>,
    },
}

impl Record<'_> {
    /// That of the first step.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// All of them, in order.
    pub fn steps(&self) -> impl Iterator<Item = Taken<'_>> {
        let (run, single) = match &self.steps {
            Lying::Run(run) => (Some(run.clone()), None),
            Lying::Single { seq, head, done } => (None, Taken::checked(*seq, *head, done)),
        };
        run.into_iter().flatten().chain(single)
    }
}

/// Reads a record, of which nothing is believed before all of it was looked through. O(bytes), whatever they say.
///
/// # Errors
/// Where they are anything but one whole record of a known format.
#[inline(never)]
pub fn read(record: &[u8]) -> Result<Record<'_>, RecordError> {
    let (body, checksum) = record
        .split_last_chunk::<CHECKSUM_BYTES>()
        .ok_or(RecordError::Malformed)?;
    let checksum = u64::from_le_bytes(*checksum);
    if checksum_of(body) != checksum {
        return Err(match body.first() {
            // Those had another one in its place.
            Some(&format @ 1..FORMAT_OF_REQUESTS) if crc64(0, body) == checksum => {
                RecordError::UnknownFormat(format)
            }
            _ => RecordError::Checksum,
        });
    }
    let read = match body.first() {
        Some(&FORMAT) if body.get(1).is_some_and(|flags| flags & !FLAGS != 0) => {
            return Err(RecordError::UnknownFlags(body[1]));
        }
        Some(&FORMAT) => read_run(body),
        Some(&format @ (FORMAT_OF_REQUESTS | FORMAT_OF_WORDS)) => {
            read_single(Parts(&body[1..]), format)
        }
        Some(&format) => return Err(RecordError::UnknownFormat(format)),
        None => None,
    };
    read.ok_or(RecordError::Malformed)
}

fn read_run(body: &[u8]) -> Option<Record<'_>> {
    let mut parts = Parts(body);
    let (_format, flags, epoch) = (parts.u8()?, parts.u8()?, parts.u32()?);
    let (seq, at_ms) = (parts.u64()?, parts.i64()?);
    let mut origin = Origin::of_store(seq, epoch);
    if flags & IS_OF_ANOTHER != 0 {
        read_other(&mut parts, &mut origin)?;
    }
    let (run, count) = Run::checked(parts.0, seq, at_ms)?;
    let steps = Lying::Run(run);
    (flags & IS_OF_ANOTHER == 0 || count == 1).then_some(Record { origin, steps })
}

fn read_other(parts: &mut Parts, origin: &mut Origin) -> Option<()> {
    origin.client = parts.u128()?;
    origin.n = parts.u64()?;
    origin.base_seq = parts.u64()?;
    Some(())
}

fn read_single(mut parts: Parts<'_>, format: u8) -> Option<Record<'_>> {
    let code = parts.u8()?;
    let cause = Cause::of_code(code & !(WAS_OF_ANOTHER | WAS_VERBATIM))?;
    let (seq, epoch) = (parts.u64()?, parts.u32()?);
    let (at_ms, seed) = (parts.i64()?, parts.u64()?);
    let mut origin = Origin::of_store(seq, epoch);
    if code & WAS_OF_ANOTHER != 0 {
        read_other(&mut parts, &mut origin)?;
    }
    let is_verbatim = code & WAS_VERBATIM != 0 && format != FORMAT_OF_REQUESTS;
    let (form, db) = match is_verbatim {
        true => (VERBATIM, u32::try_from(parts.number()?).ok()?),
        false => (LISTED, 0),
    };
    let done = match format {
        FORMAT_OF_REQUESTS => Cow::Owned(in_words(&mut parts)?),
        _ => Cow::Borrowed(parts.0),
    };
    let head = StepHead {
        at_ms,
        seed,
        cause,
        db,
        form,
    };
    Taken::checked(seq, head, &done)?;
    let steps = Lying::Single { seq, head, done };
    Some(Record { origin, steps })
}

/// Intents and effects of the format 3, with their calls in words, which are shorter than requests.
fn in_words(parts: &mut Parts) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let intents = parts.count()?;
    write_number(intents as u64, &mut out);
    for _ in 0..intents {
        request_in_words(parts, &mut out)?;
    }
    let effects = parts.count()?;
    write_number(effects as u64, &mut out);
    for _ in 0..effects {
        let code = parts.u8()?;
        out.push(code);
        write_number(parts.number()?, &mut out);
        match code {
            0 => request_in_words(parts, &mut out)?,
            1 => write_number(parts.number()?, &mut out),
            _ => {
                out.extend_from_slice(&parts.array::<8>()?);
                write_bytes(parts.bytes()?, &mut out);
            }
        }
    }
    parts.is_empty().then_some(out)
}

fn request_in_words(parts: &mut Parts, out: &mut Vec<u8>) -> Option<()> {
    let count = read_header(parts, b'*')?;
    write_number(count as u64, out);
    for _ in 0..count {
        let length = read_header(parts, b'$')?;
        write_bytes(parts.take(length)?, out);
        (parts.take(2)? == b"\r\n").then_some(())?;
    }
    Some(())
}

/// `kind digits CR LF`, where the digits are no more than the bytes that follow.
fn read_header(parts: &mut Parts, kind: u8) -> Option<usize> {
    if parts.u8()? != kind {
        return None;
    }
    let mut number = 0usize;
    loop {
        match parts.u8()? {
            digit @ b'0'..=b'9' => {
                number = number
                    .checked_mul(10)?
                    .checked_add(usize::from(digit - b'0'))?;
            }
            b'\r' => break,
            _ => return None,
        }
    }
    (parts.u8()? == b'\n' && number <= parts.0.len()).then_some(number)
}

#[cfg(test)]
mod tests;
