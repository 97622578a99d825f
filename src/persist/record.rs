//! Steps as they lie in the journal: a record has those of which one hand-over told, one after the other.
//!
//! `db::steps` says how it is laid out, and lays it out so from the start. What is added here is for keeping: the epoch, the
//! checksum (XXH64 of all before it, with the seed 0), and, where a step was not taken by the store itself, by whom: `client`
//! and `n` say whose it is and which of his, and `base_seq` on which state it was computed. As a rule it is the store's own, its
//! `seq`th, on the one before.
//!
//! A reader refuses records of formats, and with flags, that it does not know, and says so: they are not damaged. Whoever adds to what
//! a record may say raises its format, and that of the storages (`FORMAT` in storage/rules.ts): an older build then touches nothing.
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
    match record.first() {
        // Where the checksum is in those, and what it is one of, is not known.
        Some(&format) if format > FORMAT => return Err(RecordError::UnknownFormat(format)),
        _ => {}
    }
    let (body, checksum) = record
        .split_last_chunk::<CHECKSUM_BYTES>()
        .ok_or(RecordError::Malformed)?;
    if checksum_of(body) != u64::from_le_bytes(*checksum) {
        return Err(match body.first() {
            // Those had another checksum.
            Some(&format) if (1..FORMAT_OF_REQUESTS).contains(&format) => {
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
mod tests {
    use super::*;
    use crate::db::TakenEffect;
    use crate::db::steps::HEAD_BYTES;
    use crate::db::{self, Argv, Effect, Step};
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// The steps apart, with what was asked for: to compare them.
    fn decode(record: &[u8]) -> Result<(Vec<Step>, Origin), RecordError> {
        let record = read(record)?;
        let steps = record.steps().map(Taken::to_step).collect();
        Ok((steps, record.origin()))
    }

    fn encoded(step: &Step, origin: Origin) -> Vec<u8> {
        let steps: db::Steps = [step].into_iter().collect();
        let mut record = Vec::new();
        for step in steps.iter() {
            encode(step, origin, &mut record);
        }
        record
    }

    /// What lies in the frames of steps, with how many steps each says to have.
    fn records(steps: &mut db::Steps, epoch: u32) -> Vec<(usize, Vec<u8>)> {
        let mut frames = steps.replace(Vec::new());
        seal(&mut frames, epoch);
        let mut records = Vec::new();
        let mut parts = Parts(&frames);
        while !parts.is_empty() {
            let (length, count) = (
                parts.u32().expect("a length"),
                parts.u32().expect("a count"),
            );
            assert_ne!(length & IS_RUN, 0);
            let record = parts.take((length & !IS_RUN) as usize).expect("a record");
            records.push((count as usize, record.to_vec()));
        }
        records
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
        let cause = (0u8..7).prop_map(|code| Cause::of_code(code).expect("seven causes"));
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
            prop_assert_eq!(decode(&encoded(&step, origin)), Ok((vec![step], origin)));
        }

        #[test]
        fn sealed_steps_are_read_back_as_the_stores_own(mut steps in vec(step(), 0..20), gap in 0usize..40, epoch: u32) {
            let first = steps.first().map_or(0, |step| step.seq);
            for (n, step) in steps.iter_mut().enumerate() {
                // A gap begins another record.
                step.seq = first.wrapping_add((n + usize::from(n >= gap)) as u64);
            }
            let mut packed: db::Steps = steps.iter().collect();
            prop_assert_eq!(packed.to_vec(), steps.clone());
            prop_assert_eq!(packed.len(), steps.len());
            let mut read = Vec::new();
            for (count, record) in records(&mut packed, epoch) {
                let (some, origin) = decode(&record).expect("a record");
                prop_assert_eq!(some.len(), count);
                prop_assert_eq!(origin, Origin::of_store(some[0].seq, epoch));
                read.extend(some);
            }
            prop_assert_eq!(read, steps);
            prop_assert!(packed.is_empty() && packed.iter().next().is_none());
        }

        #[test]
        fn a_record_of_many_steps_that_is_changed_or_cut_anywhere_is_refused(
            steps in vec(step(), 1..6), at: prop::sample::Index, change in 1u8..,
        ) {
            let mut packed: db::Steps = steps.iter().collect();
            for (_, mut record) in records(&mut packed, 1) {
                for length in 0..record.len() {
                    prop_assert!(decode(&record[..length]).is_err());
                }
                let at = at.index(record.len());
                record[at] ^= change;
                prop_assert!(decode(&record).is_err());
            }
        }

        #[test]
        fn a_record_with_one_byte_changed_is_refused(step in step(), at: prop::sample::Index, change in 1u8..) {
            let mut record = encoded(&step, Origin::default());
            let at = at.index(record.len());
            record[at] ^= change;
            prop_assert!(decode(&record).is_err());
        }

        /// Whatever they say, what is read lies where it lay, and in a copy of the format 3 that is no longer.
        #[test]
        fn hostile_bodies_under_a_right_checksum_are_read_without_a_panic_and_take_no_more_than_their_bytes(
            steps in vec(step(), 1..4),
            lies in vec((any::<prop::sample::Index>(), prop_oneof![0u8..8, any::<u8>()]), 0..4),
            cut in any::<prop::sample::Index>(),
            is_cut in prop::bool::weighted(0.2),
        ) {
            for mut body in [as_run(&steps), as_words(&steps[0]), as_requests(&steps[0])] {
                for (at, lie) in &lies {
                    let at = at.index(body.len());
                    body[at] = lie.wrapping_add(u8::from(at == 0) * FORMAT_OF_REQUESTS);
                }
                if is_cut {
                    body.truncate(cut.index(body.len()));
                }
                let record = checked(body);
                let read = match read(&record) {
                    Ok(read) => read,
                    Err(error) => {
                        prop_assert!(!lies.is_empty() || is_cut, "{}", error);
                        continue;
                    }
                };
                if let Lying::Single { done: Cow::Owned(copy), .. } = &read.steps {
                    prop_assert!(copy.len() <= record.len());
                }
                prop_assert!(read.steps().count() <= record.len());
                for step in read.steps() {
                    prop_assert!(step.effects().len() <= record.len());
                    // A word may be named any number of times, and is where it is each time.
                    for effect in step.effects() {
                        if let TakenEffect::Command { call, .. } = effect {
                            prop_assert!(call.words().map(<[u8]>::len).sum::<usize>() <= record.len());
                        }
                    }
                }
            }
        }
    }

    /// Bodies of the formats, each with what `step` makes.
    fn as_run(steps: &[Step]) -> Vec<u8> {
        let mut steps: db::Steps = steps.iter().collect();
        let (_, record) = records(&mut steps, 1).swap_remove(0);
        record[..record.len() - CHECKSUM_BYTES].to_vec()
    }

    fn as_words(step: &Step) -> Vec<u8> {
        let steps: db::Steps = [step].into_iter().collect();
        let taken = steps.iter().next().expect("a step");
        let (code, db) = taken.code();
        let mut body = old_head(step, FORMAT_OF_WORDS);
        match code & (3 << 6) {
            VERBATIM => {
                body[1] |= WAS_VERBATIM;
                write_number(u64::from(db), &mut body);
                body.extend_from_slice(taken.done());
            }
            LISTED => body.extend_from_slice(taken.done()),
            _ => body.extend_from_slice(&[0, 0]),
        }
        body
    }

    fn as_requests(step: &Step) -> Vec<u8> {
        let request = |argv: &Argv, body: &mut Vec<u8>| {
            body.extend_from_slice(format!("*{}\r\n", argv.len()).as_bytes());
            for word in argv {
                body.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
                body.extend_from_slice(word);
                body.extend_from_slice(b"\r\n");
            }
        };
        let mut body = old_head(step, FORMAT_OF_REQUESTS);
        write_number(step.intent.len() as u64, &mut body);
        step.intent.iter().for_each(|argv| request(argv, &mut body));
        write_number(step.effects.len() as u64, &mut body);
        for effect in &step.effects {
            match effect {
                Effect::Command { db, argv } => {
                    body.push(0);
                    write_number(u64::from(*db), &mut body);
                    request(argv, &mut body);
                }
                Effect::Expired { db, key, .. } | Effect::Evicted { db, key, .. } => {
                    body.push(2);
                    write_number(u64::from(*db), &mut body);
                    body.extend_from_slice(&[7; 8]);
                    write_bytes(key, &mut body);
                }
            }
        }
        body
    }

    fn old_head(step: &Step, format: u8) -> Vec<u8> {
        let mut body = vec![format, 0];
        body.extend_from_slice(&step.seq.to_le_bytes());
        body.extend_from_slice(&1u32.to_le_bytes());
        body.extend_from_slice(&step.at_ms.to_le_bytes());
        body.extend_from_slice(&step.seed.to_le_bytes());
        body
    }

    fn checked(mut body: Vec<u8>) -> Vec<u8> {
        let checksum = checksum_of(&body).to_le_bytes();
        body.extend_from_slice(&checksum);
        body
    }

    /// Each was a copy of the words: 60 KB came to half a gigabyte.
    #[test]
    fn words_that_are_named_ten_thousand_times_are_there_once() {
        let mut body = vec![0; HEAD_BYTES];
        (body[0], body[6]) = (FORMAT, 1);
        body.extend_from_slice(&[LISTED, 1, 2]);
        write_bytes(b"APPEND", &mut body);
        write_bytes(&[b'x'; 30_000], &mut body);
        write_number(10_000, &mut body);
        (0..10_000).for_each(|_| body.extend_from_slice(&[1, 0, 0]));
        let record = checked(body);
        let read = read(&record).expect("a record");
        let step = read.steps().next().expect("a step");
        assert_eq!(step.effects().len(), 10_000);
        let place = record.as_ptr_range();
        for effect in step.effects() {
            let TakenEffect::Command { call, .. } = effect else {
                panic!("a command");
            };
            assert!(call.words().all(|word| place.contains(&word.as_ptr())));
        }
        // An index of an intent that there is not.
        let mut body = record[..record.len() - CHECKSUM_BYTES].to_vec();
        *body.last_mut().expect("bytes") = 1;
        assert!(matches!(
            super::read(&checked(body)),
            Err(RecordError::Malformed)
        ));
    }

    /// Each that went back read the intents from the first on: of these, fifty thousand times a hundred thousand.
    #[test]
    fn intents_that_are_named_in_any_order_are_found() {
        const INTENTS: u32 = 100_000;
        let mut body = vec![0; HEAD_BYTES];
        (body[0], body[6]) = (FORMAT, 1);
        body.push(LISTED);
        write_number(u64::from(INTENTS), &mut body);
        for intent in 0..INTENTS {
            body.push(1);
            write_bytes(&intent.to_le_bytes(), &mut body);
        }
        let named: Vec<u32> = (0..INTENTS / 2)
            .flat_map(|n| [INTENTS - 1 - n, n])
            .collect();
        write_number(named.len() as u64, &mut body);
        for index in &named {
            body.extend_from_slice(&[1, 0]);
            write_number(u64::from(*index), &mut body);
        }
        let record = checked(body);
        let read = read(&record).expect("a record");
        let step = read.steps().next().expect("a step");
        for (effect, index) in step.effects().zip(named) {
            let TakenEffect::Command { call, .. } = effect else {
                panic!("a command");
            };
            assert!(call.words().eq([index.to_le_bytes()]));
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
    fn a_set_in_a_run_comes_to_its_key_its_value_and_three_bytes() {
        let mut steps = db::Steps::default();
        let (key, value) = ([b'k'; 20], [b'v'; 64]);
        let mut sizes = Vec::new();
        for seq in 1..=3 {
            let head = db::Head {
                seq,
                at_ms: 1_800_000_000_000,
                seed: 0,
                cause: Cause::Command,
            };
            steps.push_call(head, 0, &[b"SET".as_slice(), &key, &value]);
            sizes.push(steps.bytes());
        }
        assert_eq!([sizes[1] - sizes[0], sizes[2] - sizes[1]], [87; 2]);
    }

    #[test]
    fn a_set_for_a_time_says_what_was_asked_for_and_when_it_ends() {
        let mut steps = db::Steps::default();
        let head = db::Head {
            seq: 7,
            at_ms: 1000,
            seed: 0,
            cause: Cause::Command,
        };
        steps.push_set_for(head, 3, (b"k", b"v"), 1250);
        let argv = |words: &[&[u8]]| -> Argv { words.iter().map(|&word| word.into()).collect() };
        let step = Step {
            seq: 7,
            at_ms: 1000,
            seed: 0,
            cause: Cause::Command,
            intent: vec![argv(&[b"SET", b"k", b"v", b"PX", b"250"])],
            effects: vec![Effect::Command {
                db: 3,
                argv: argv(&[b"SET", b"k", b"v", b"PXAT", b"1250"]),
            }],
        };
        assert_eq!(steps.to_vec(), core::slice::from_ref(&step));
        let [(1, record)] = &records(&mut steps, 2)[..] else {
            panic!("one record of one step");
        };
        assert_eq!(decode(record), Ok((vec![step], Origin::of_store(7, 2))));
    }

    #[test]
    fn a_large_step_has_a_record_of_its_own() {
        let mut steps = db::Steps::default();
        for (seq, bytes) in (1..).zip([10, 100_000, 10, 10]) {
            let head = db::Head {
                seq,
                at_ms: 1,
                seed: 0,
                cause: Cause::Command,
            };
            steps.push_call(
                head,
                0,
                &[b"APPEND".to_vec(), vec![b'k'], vec![b'v'; bytes]],
            );
        }
        let counts: Vec<usize> = records(&mut steps, 1)
            .iter()
            .map(|(count, _)| *count)
            .collect();
        assert_eq!(counts, [1, 1, 2]);
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
        assert_eq!(decode(&record), Ok((vec![step], Origin::default())));
    }

    #[test]
    fn a_record_of_another_format_says_so() {
        // One to come, whatever checksum it has.
        let mut record = vec![FORMAT + 1, 0, 0, 0];
        assert_eq!(decode(&record), Err(RecordError::UnknownFormat(FORMAT + 1)));
        record.extend_from_slice(&checksum_of(&record).to_le_bytes());
        let error = decode(&record).expect_err("another format");
        assert_eq!(error, RecordError::UnknownFormat(FORMAT + 1));
        assert!(error.is_of_another());
        // Something to come, in a record that is whole.
        let mut record = vec![FORMAT, 0b1000_0001];
        record.extend_from_slice(&[0; 40]);
        record.extend_from_slice(&checksum_of(&record).to_le_bytes());
        let error = decode(&record).expect_err("flags");
        assert_eq!(error, RecordError::UnknownFlags(0b1000_0001));
        assert!(error.is_of_another());
        // Format 2 had another checksum.
        let old = [vec![2], vec![0; 50]].concat();
        assert_eq!(decode(&old), Err(RecordError::UnknownFormat(2)));
    }
}
