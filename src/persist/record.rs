//! A step as it lies in the journal.
//!
//! ```text
//! record   format u8 = 3 | cause u8 | seq u64 | epoch u32 | at_ms i64 | seed u64 | other? | intents | effects
//!          | XXH64 of all before, u64
//! other    client u128 | n u64 | base_seq u64        where the highest bit of `cause` is set; else 0, seq, seq - 1
//! intents  count | argv ...
//! effects  count | effect ...
//! argv     "*" arguments CR LF ("$" length CR LF bytes CR LF) ...       a request of RESP
//! effect   0 db argv                       a command
//!          1 db intent                     an intent, word for word, by its index
//!          2 db deadline i64 key           a key whose deadline had passed
//!          3 db seen_seq u64 key           a key that was evicted
//! ```
//!
//! Integers are little-endian; counts, lengths outside of RESP, databases and indexes are LEB128.
//! `epoch`, `client`, `n` and `base_seq` say who wrote the step, which of his it is, and on which
//! state it was computed: as a rule the store itself, its `seq`th, on the one before. A reader of another format refuses the record.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use twox_hash::XxHash64;

use super::bytes::{Parts, write_bytes, write_number};
use crate::db::{Argv, Cause, Effect, Step, Taken, TakenEffect};

const FORMAT: u8 = 3;
const CHECKSUM_BYTES: usize = size_of::<u64>();
/// Set in the byte of the cause where the origin is not the one that goes without saying.
const IS_OF_ANOTHER: u8 = 1 << 7;
/// Format, cause, seq, epoch, time and seed.
const HEAD_BYTES: usize = 1 + 1 + 8 + 4 + 8 + 8;

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
    Checksum,
    Malformed,
}

impl core::error::Error for RecordError {}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordError::UnknownFormat(format) => {
                write!(f, "a step of the unknown format {format}")
            }
            RecordError::Checksum => f.write_str("a step whose checksum is wrong"),
            RecordError::Malformed => f.write_str("a step that cannot be read"),
        }
    }
}

/// Puts the record of a step at the end of `out`. Its words are copied as they are.
pub fn encode(step: Taken, origin: Origin, out: &mut Vec<u8>) {
    let start = out.len();
    let is_of_another = origin != Origin::of_store(step.head.seq, origin.epoch);
    let flag = if is_of_another { IS_OF_ANOTHER } else { 0 };
    // Put together first: a piece at a time would ask for room nine times.
    let mut head = [0; HEAD_BYTES];
    head[0] = FORMAT;
    head[1] = cause_code(step.head.cause) | flag;
    head[2..10].copy_from_slice(&step.head.seq.to_le_bytes());
    head[10..14].copy_from_slice(&origin.epoch.to_le_bytes());
    head[14..22].copy_from_slice(&step.head.at_ms.to_le_bytes());
    head[22..30].copy_from_slice(&step.head.seed.to_le_bytes());
    out.extend_from_slice(&head);
    if is_of_another {
        out.extend_from_slice(&origin.client.to_le_bytes());
        out.extend_from_slice(&origin.n.to_le_bytes());
        out.extend_from_slice(&origin.base_seq.to_le_bytes());
    }
    let (intents, effects) = (step.intents(), step.effects());
    write_number(intents.len() as u64, out);
    intents.for_each(|call| out.extend_from_slice(call));
    write_number(effects.len() as u64, out);
    effects.for_each(|effect| write_effect(effect, out));
    let checksum = checksum_of(&out[start..]);
    out.extend_from_slice(&checksum.to_le_bytes());
}

/// XXH64 with the seed 0, which takes 32 bytes at a step: <https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md>.
fn checksum_of(body: &[u8]) -> u64 {
    XxHash64::oneshot(0, body)
}

/// The step that the bytes say, all of them.
///
/// # Errors
/// Where they are anything but one whole record of a known format.
pub fn decode(record: &[u8]) -> Result<(Step, Origin), RecordError> {
    let split = record.len().checked_sub(CHECKSUM_BYTES);
    let (body, checksum) = record.split_at(split.ok_or(RecordError::Malformed)?);
    let stored = u64::from_le_bytes(checksum.try_into().map_err(|_| RecordError::Malformed)?);
    if checksum_of(body) != stored {
        return Err(match body.first() {
            // Those had another checksum.
            Some(&format) if (1..FORMAT).contains(&format) => RecordError::UnknownFormat(format),
            _ => RecordError::Checksum,
        });
    }
    match body.first() {
        Some(&FORMAT) => read(&mut Parts(&body[1..])).ok_or(RecordError::Malformed),
        Some(&format) => Err(RecordError::UnknownFormat(format)),
        None => Err(RecordError::Malformed),
    }
}

fn read(parts: &mut Parts) -> Option<(Step, Origin)> {
    let code = parts.u8()?;
    let cause = cause_of(code & !IS_OF_ANOTHER)?;
    let (seq, epoch) = (parts.u64()?, parts.u32()?);
    let (at_ms, seed) = (parts.i64()?, parts.u64()?);
    let mut origin = Origin::of_store(seq, epoch);
    if code & IS_OF_ANOTHER != 0 {
        origin.client = parts.u128()?;
        origin.n = parts.u64()?;
        origin.base_seq = parts.u64()?;
    }
    let intents = parts.count()?;
    let intent: Vec<Argv> = (0..intents)
        .map(|_| read_argv(parts))
        .collect::<Option<_>>()?;
    let count = parts.count()?;
    let effects = (0..count).map(|_| read_effect(parts, &intent));
    let effects = effects.collect::<Option<_>>()?;
    let step = Step {
        seq,
        at_ms,
        seed,
        cause,
        intent,
        effects,
    };
    parts.is_empty().then_some((step, origin))
}

fn write_effect(effect: TakenEffect, out: &mut Vec<u8>) {
    let mut start = |code: u8, db: u32| {
        out.push(code);
        write_number(u64::from(db), out);
    };
    match effect {
        TakenEffect::Command { db, call } => {
            start(0, db);
            out.extend_from_slice(call);
        }
        TakenEffect::Intent { db, index, .. } => {
            start(1, db);
            write_number(index as u64, out);
        }
        TakenEffect::Expired { db, key, deadline } => {
            start(2, db);
            out.extend_from_slice(&deadline.to_le_bytes());
            write_bytes(key, out);
        }
        TakenEffect::Evicted { db, key, seen_seq } => {
            start(3, db);
            out.extend_from_slice(&seen_seq.to_le_bytes());
            write_bytes(key, out);
        }
    }
}

fn read_effect(parts: &mut Parts, intent: &[Argv]) -> Option<Effect> {
    let code = parts.u8()?;
    let db = u32::try_from(parts.number()?).ok()?;
    match code {
        0 => Some(Effect::Command {
            db,
            argv: read_argv(parts)?,
        }),
        1 => Some(Effect::Command {
            db,
            argv: intent.get(usize::try_from(parts.number()?).ok()?)?.clone(),
        }),
        2 => {
            let deadline = parts.i64()?;
            Some(Effect::Expired {
                db,
                key: parts.bytes()?.into(),
                deadline,
            })
        }
        3 => {
            let seen_seq = parts.u64()?;
            Some(Effect::Evicted {
                db,
                key: parts.bytes()?.into(),
                seen_seq,
            })
        }
        _ => None,
    }
}

fn read_argv(parts: &mut Parts) -> Option<Argv> {
    let count = read_header(parts, b'*')?;
    (0..count).map(|_| read_argument(parts)).collect()
}

fn read_argument(parts: &mut Parts) -> Option<Box<[u8]>> {
    let length = read_header(parts, b'$')?;
    let argument = parts.take(length)?;
    (parts.take(2)? == b"\r\n").then(|| argument.into())
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

fn cause_code(cause: Cause) -> u8 {
    match cause {
        Cause::Command => 0,
        Cause::Exec => 1,
        Cause::Atomic => 2,
        Cause::Expiry => 3,
        Cause::Eviction => 4,
        Cause::Unblock => 5,
        Cause::Load => 6,
    }
}

fn cause_of(code: u8) -> Option<Cause> {
    Some(match code {
        0 => Cause::Command,
        1 => Cause::Exec,
        2 => Cause::Atomic,
        3 => Cause::Expiry,
        4 => Cause::Eviction,
        5 => Cause::Unblock,
        6 => Cause::Load,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Steps;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn encoded(step: &Step, origin: Origin) -> Vec<u8> {
        let steps: Steps = [step].into_iter().collect();
        let mut record = Vec::new();
        for step in steps.iter() {
            encode(step, origin, &mut record);
        }
        record
    }

    fn argv() -> impl Strategy<Value = Argv> {
        vec(any::<Vec<u8>>().prop_map(Into::into), 0..4)
    }

    fn effect() -> impl Strategy<Value = Effect> {
        let key = || any::<Vec<u8>>().prop_map(Vec::into_boxed_slice);
        prop_oneof![
            (any::<u32>(), argv()).prop_map(|(db, argv)| Effect::Command { db, argv }),
            (any::<u32>(), key(), any::<i64>()).prop_map(|(db, key, deadline)| Effect::Expired {
                db,
                key,
                deadline
            }),
            (any::<u32>(), key(), any::<u64>()).prop_map(|(db, key, seen_seq)| Effect::Evicted {
                db,
                key,
                seen_seq
            }),
        ]
    }

    fn step() -> impl Strategy<Value = Step> {
        let cause = (0u8..7).prop_map(|code| cause_of(code).expect("seven causes"));
        let lists = (
            vec(argv(), 0..3),
            vec(effect(), 0..4),
            any::<Option<prop::sample::Index>>(),
        );
        (any::<u64>(), any::<i64>(), any::<u64>(), cause, lists).prop_map(
            |(seq, at_ms, seed, cause, (intent, mut effects, verbatim))| {
                if let Some(index) = verbatim
                    && !intent.is_empty()
                {
                    let argv = index.get(&intent).clone();
                    effects.push(Effect::Command { db: 3, argv });
                }
                Step {
                    seq,
                    at_ms,
                    seed,
                    cause,
                    intent,
                    effects,
                }
            },
        )
    }

    fn origin() -> impl Strategy<Value = Origin> {
        (any::<u32>(), any::<u128>(), any::<u64>(), any::<u64>()).prop_map(
            |(epoch, client, n, base_seq)| Origin {
                epoch,
                client,
                n,
                base_seq,
            },
        )
    }

    proptest! {
        #[test]
        fn a_step_comes_back_as_it_was(step in step(), origin in origin(), is_of_store: bool) {
            let origin = if is_of_store { Origin::of_store(step.seq, origin.epoch) } else { origin };
            prop_assert_eq!(decode(&encoded(&step, origin)), Ok((step, origin)));
        }

        #[test]
        fn a_record_with_one_byte_changed_is_refused(step in step(), at: prop::sample::Index, change in 1u8..) {
            let mut record = encoded(&step, Origin::default());
            let at = at.index(record.len());
            record[at] ^= change;
            prop_assert!(decode(&record).is_err());
        }

        #[test]
        fn any_body_under_a_right_checksum_is_read_without_a_panic(mut record: Vec<u8>) {
            record.insert(0, FORMAT);
            record.extend_from_slice(&checksum_of(&record).to_le_bytes());
            let _ = decode(&record);
        }
    }

    #[test]
    fn a_command_that_did_what_it_said_is_written_once() {
        let argv: Argv = vec![b"SET".as_slice().into(), vec![b'x'; 1000].into()];
        let step = Step {
            seq: 1,
            at_ms: 2,
            seed: 3,
            cause: Cause::Command,
            intent: vec![argv.clone()],
            effects: vec![Effect::Command { db: 0, argv }],
        };
        assert!(encoded(&step, Origin::default()).len() < 1200);
    }

    #[test]
    fn each_command_of_a_transaction_that_did_what_it_said_is_written_once() {
        let argv = |name: u8| vec![b"SET".as_slice().into(), vec![name; 1000].into()];
        let intent: Vec<Argv> = vec![argv(b'x'), vec![b"DBSIZE".as_slice().into()], argv(b'y')];
        let effects = [&intent[0], &intent[2]].map(|argv| Effect::Command {
            db: 0,
            argv: argv.clone(),
        });
        let step = Step {
            seq: 1,
            at_ms: 2,
            seed: 3,
            cause: Cause::Exec,
            effects: effects.to_vec(),
            intent,
        };
        let record = encoded(&step, Origin::default());
        assert!(record.len() < 2200, "{}", record.len());
        assert_eq!(decode(&record), Ok((step, Origin::default())));
    }

    #[test]
    fn a_record_of_another_format_says_so() {
        let mut record = vec![9];
        record.extend_from_slice(&checksum_of(&record).to_le_bytes());
        assert_eq!(decode(&record), Err(RecordError::UnknownFormat(9)));
        // Format 2 had another checksum.
        let old = [vec![2], vec![0; 50]].concat();
        assert_eq!(decode(&old), Err(RecordError::UnknownFormat(2)));
    }
}
