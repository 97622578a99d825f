//! Steps that were taken, one after the other, each in the form in which it is kept.
//!
//! A step is written once, when it is over, and costs a copy of what was asked for and no allocation: whoever keeps
//! steps takes over all of them as one run of bytes. A command that did what it said is not written a second time.
//!
//! ```text
//! step     length u32 | record                                          the length is that of the record
//! record   format u8 = 4 | cause u8 | seq u64 | epoch u32 | at_ms i64 | seed u64 | other? | done | checksum u64
//! other    client u128 | n u64 | base_seq u64                           where `cause` has IS_OF_ANOTHER
//! done     db call                                                      where it has IS_VERBATIM: that call was asked
//!                                                                       for, and is what was done
//!          intents | effects                                            where it has not
//! intents  count | call ...
//! effects  count | effect ...
//! effect   0 db call                   a command
//!          1 db intent                 an intent, word for word, by its index
//!          2 db deadline i64 key       a key whose deadline had passed
//!          3 db seen_seq u64 key       a key that was evicted
//! call     count | word ...
//! word     length | bytes              and so a key
//! ```
//!
//! Integers are little-endian; counts, lengths, databases and indexes are LEB128. Epoch and checksum are 0 here: they are for
//! those who keep records, and `other` for those who take them from others; see `persist::record`, which reads them.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::bytes::{NUMBER_MAX_BYTES, Parts, write_bytes, write_number};
use super::effects::{Argv, Cause, Effect, Step};
use super::keyspace::Deadline;

pub const FORMAT: u8 = 4;
/// Set in the byte of the cause where the step was computed elsewhere.
pub const IS_OF_ANOTHER: u8 = 1 << 7;
/// Set in the byte of the cause where the step is one call that did what it says.
pub const IS_VERBATIM: u8 = 1 << 6;
/// Before each record.
pub const LENGTH_BYTES: usize = size_of::<u32>();
/// Where the epoch is in a record.
pub const EPOCH_AT: usize = 10;
/// Format, cause, seq, epoch, time and seed.
pub const HEAD_BYTES: usize = 1 + 1 + 8 + 4 + 8 + 8;
pub const CHECKSUM_BYTES: usize = size_of::<u64>();

/// What is read here was written here.
const OURS: &str = "a step is as it was pushed";

/// Puts the words of a call at the end of `out`.
#[inline]
fn write_words<A: AsRef<[u8]>>(
    argv: impl IntoIterator<Item = A, IntoIter: ExactSizeIterator>,
    out: &mut Vec<u8>,
) {
    let argv = argv.into_iter();
    write_number(argv.len() as u64, out);
    for word in argv {
        write_bytes(word.as_ref(), out);
    }
}

/// An effect whose words lie elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Packed {
    db: u32,
    what: What,
    /// Its words end here, and begin where those of the effect before it end.
    end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// An intent of the step, word for word, by its index. It has no words of its own.
    Intent(u32),
    Command,
    Expired(Deadline),
    /// Knows the number of the step that was the last when the key was seen.
    Evicted(u64),
}

/// What a step has done so far. It is counted even where nobody keeps it.
#[derive(Debug, Default)]
pub struct Effects {
    is_kept: bool,
    place: EffectsPlace,
    list: Vec<Packed>,
    /// Calls and keys, as they lie in a step.
    bytes: Vec<u8>,
}

/// How many effects there are; the place to which `truncate` goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EffectsPlace {
    pub commands: usize,
    /// What time and memory did.
    pub removals: usize,
}

impl EffectsPlace {
    pub const START: EffectsPlace = EffectsPlace {
        commands: 0,
        removals: 0,
    };

    fn count(self) -> usize {
        self.commands + self.removals
    }
}

impl Effects {
    /// Starts again.
    pub(super) fn begin(&mut self, is_kept: bool) {
        self.is_kept = is_kept;
        if !self.is_empty() {
            self.truncate(EffectsPlace::START);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.place.count() == 0
    }

    pub fn is_kept(&self) -> bool {
        self.is_kept
    }

    pub(super) fn place(&self) -> EffectsPlace {
        self.place
    }

    pub(super) fn truncate(&mut self, place: EffectsPlace) {
        self.place = place;
        self.list.truncate(place.count());
        let end = self.list.last().map_or(0, |last| last.end);
        self.bytes.truncate(end);
    }

    /// A command that did what the intent of this index says.
    pub(super) fn intent(&mut self, db: u32, index: usize) {
        self.place.commands += 1;
        self.push(db, What::Intent(index as u32));
    }

    pub(super) fn command<A: AsRef<[u8]>>(
        &mut self,
        db: u32,
        argv: impl IntoIterator<Item = A, IntoIter: ExactSizeIterator>,
    ) {
        self.place.commands += 1;
        if self.is_kept {
            write_words(argv, &mut self.bytes);
        }
        self.push(db, What::Command);
    }

    pub(super) fn expired(&mut self, db: u32, key: &[u8], deadline: Deadline) {
        self.removal(db, key, What::Expired(deadline));
    }

    pub(super) fn evicted(&mut self, db: u32, key: &[u8], seen_seq: u64) {
        self.removal(db, key, What::Evicted(seen_seq));
    }

    fn removal(&mut self, db: u32, key: &[u8], what: What) {
        self.place.removals += 1;
        if self.is_kept {
            write_bytes(key, &mut self.bytes);
        }
        self.push(db, what);
    }

    fn push(&mut self, db: u32, what: What) {
        if self.is_kept {
            let end = self.bytes.len();
            self.list.push(Packed { db, what, end });
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        write_number(self.list.len() as u64, out);
        let mut start = 0;
        for Packed { db, what, end } in &self.list {
            out.push(match what {
                What::Command => 0,
                What::Intent(_) => 1,
                What::Expired(_) => 2,
                What::Evicted(_) => 3,
            });
            write_number(u64::from(*db), out);
            match what {
                What::Command => {}
                What::Intent(index) => write_number(u64::from(*index), out),
                What::Expired(deadline) => out.extend_from_slice(&deadline.to_le_bytes()),
                What::Evicted(seen_seq) => out.extend_from_slice(&seen_seq.to_le_bytes()),
            }
            out.extend_from_slice(&self.bytes[start..*end]);
            start = *end;
        }
    }
}

/// What identifies a step, and when and why it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Gapless over the life of a store.
    pub seq: u64,
    pub at_ms: i64,
    /// What the step drew its random numbers from.
    pub seed: u64,
    pub cause: Cause,
}

impl Head {
    fn read(parts: &mut Parts) -> Option<(Head, u8)> {
        let _format = parts.u8()?;
        let code = parts.u8()?;
        let seq = parts.u64()?;
        let _epoch = parts.u32()?;
        let head = Head {
            seq,
            at_ms: parts.i64()?,
            seed: parts.u64()?,
            cause: Cause::of_code(code & !(IS_OF_ANOTHER | IS_VERBATIM))?,
        };
        Some((head, code))
    }
}

/// Steps in order, and room for further ones.
#[derive(Debug, Default)]
pub struct Steps {
    bytes: Vec<u8>,
    count: usize,
}

impl Steps {
    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// What they come to.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Puts a step at the end. Its intents are the calls, or, where it is one call, its arguments.
    pub fn push(&mut self, head: Head, intents: Intents, effects: &Effects) {
        if let [Packed { db, what, .. }] = effects.list[..]
            && what == What::Intent(0)
        {
            match intents {
                Intents::Call(argv) => return self.push_call(head, db, argv),
                Intents::Calls([argv]) => return self.push_call(head, db, argv),
                Intents::Calls(_) => {}
            }
        }
        let start = self.begin(head, 0);
        match intents {
            Intents::Call(argv) => {
                write_number(1, &mut self.bytes);
                write_words(argv, &mut self.bytes);
            }
            Intents::Calls(calls) => {
                write_number(calls.len() as u64, &mut self.bytes);
                for argv in calls {
                    write_words(argv, &mut self.bytes);
                }
            }
        }
        effects.write(&mut self.bytes);
        self.end(start);
    }

    /// Puts a step at the end that is one call, and did what that says, word for word.
    #[inline]
    pub fn push_call<A: AsRef<[u8]>>(&mut self, head: Head, db: u32, argv: &[A]) {
        // Asked for once: a piece at a time would grow the buffer as often.
        let words = argv.iter().map(|word| word.as_ref().len()).sum::<usize>();
        let numbers = (2 + argv.len()) * NUMBER_MAX_BYTES;
        self.bytes
            .reserve(LENGTH_BYTES + HEAD_BYTES + numbers + words + CHECKSUM_BYTES);
        let start = self.begin(head, IS_VERBATIM);
        write_number(u64::from(db), &mut self.bytes);
        write_words(argv, &mut self.bytes);
        self.end(start);
    }

    /// Gives where the step begins.
    #[inline]
    fn begin(&mut self, head: Head, flag: u8) -> usize {
        let start = self.bytes.len();
        // Put together first, and its length filled in by `end`.
        let mut begin = [0; LENGTH_BYTES + HEAD_BYTES];
        let record = &mut begin[LENGTH_BYTES..];
        record[0] = FORMAT;
        record[1] = head.cause.code() | flag;
        record[2..EPOCH_AT].copy_from_slice(&head.seq.to_le_bytes());
        record[14..22].copy_from_slice(&head.at_ms.to_le_bytes());
        record[22..HEAD_BYTES].copy_from_slice(&head.seed.to_le_bytes());
        self.bytes.extend_from_slice(&begin);
        start
    }

    #[inline]
    fn end(&mut self, start: usize) {
        self.bytes.extend_from_slice(&[0; CHECKSUM_BYTES]);
        let length = (self.bytes.len() - start - LENGTH_BYTES) as u32;
        self.bytes[start..start + LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
        self.count += 1;
    }

    /// Forgets all steps, and keeps the room that they took up to so many bytes.
    pub fn clear(&mut self, kept_bytes: usize) {
        self.count = 0;
        if self.bytes.capacity() > kept_bytes {
            self.bytes = Vec::new();
        } else {
            self.bytes.clear();
        }
    }

    /// Gives all steps away as they lie here. Further ones go into `room`, from its start.
    pub fn replace(&mut self, mut room: Vec<u8>) -> Vec<u8> {
        room.clear();
        self.count = 0;
        core::mem::replace(&mut self.bytes, room)
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = Taken<'_>> {
        let mut rest = &self.bytes[..];
        (0..self.count).map(move |_| {
            let (length, after) = rest.split_first_chunk().expect(OURS);
            let (record, after) = after.split_at(u32::from_le_bytes(*length) as usize);
            rest = after;
            Taken { record }
        })
    }

    /// The steps with all of their words apart, for who looks into them or changes them.
    pub fn to_vec(&self) -> Vec<Step> {
        self.iter().map(Taken::to_step).collect()
    }
}

impl<'a> FromIterator<&'a Step> for Steps {
    fn from_iter<I: IntoIterator<Item = &'a Step>>(steps: I) -> Steps {
        let mut packed = Steps::default();
        let mut effects = Effects::default();
        for step in steps {
            effects.begin(true);
            for effect in &step.effects {
                match effect {
                    Effect::Command { db, argv } => {
                        let said = step.intent.iter().position(|intent| intent == argv);
                        match said {
                            Some(index) => effects.intent(*db, index),
                            None => effects.command(*db, argv),
                        }
                    }
                    Effect::Expired { db, key, deadline } => effects.expired(*db, key, *deadline),
                    Effect::Evicted { db, key, seen_seq } => effects.evicted(*db, key, *seen_seq),
                }
            }
            let head = Head {
                seq: step.seq,
                at_ms: step.at_ms,
                seed: step.seed,
                cause: step.cause,
            };
            packed.push(head, Intents::Calls(&step.intent), &effects);
        }
        packed
    }
}

/// What was asked for.
#[derive(Debug, Clone, Copy)]
pub enum Intents<'a> {
    Call(&'a [&'a [u8]]),
    Calls(&'a [Argv]),
}

/// A step among others.
#[derive(Debug, Clone, Copy)]
pub struct Taken<'a> {
    record: &'a [u8],
}

/// A call among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call<'a> {
    count: usize,
    words: &'a [u8],
}

impl<'a> Call<'a> {
    /// The call that comes next, and goes on to its own end.
    fn read(parts: &mut Parts<'a>) -> Call<'a> {
        let mut call = Call::up_to_end(parts);
        for _ in 0..call.count {
            parts.bytes().expect(OURS);
        }
        call.words = &call.words[..call.words.len() - parts.0.len()];
        call
    }

    /// The call behind which nothing comes.
    fn up_to_end(parts: &mut Parts<'a>) -> Call<'a> {
        let count = parts.count().expect(OURS);
        Call {
            count,
            words: parts.0,
        }
    }

    /// Its name, then its arguments.
    pub fn words(self) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone {
        let mut parts = Parts(self.words);
        (0..self.count).map(move |_| parts.bytes().expect(OURS))
    }

    fn to_argv(self) -> Argv {
        self.words().map(Box::from).collect()
    }
}

/// An effect among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenEffect<'a> {
    /// Of a command, or of an intent that did what it says.
    Command { db: u32, call: Call<'a> },
    Expired {
        db: u32,
        key: &'a [u8],
        deadline: Deadline,
    },
    Evicted {
        db: u32,
        key: &'a [u8],
        seen_seq: u64,
    },
}

impl<'a> Taken<'a> {
    /// As it is kept, but for its epoch and its checksum.
    pub fn record(self) -> &'a [u8] {
        self.record
    }

    pub fn head(self) -> Head {
        self.parts().0
    }

    /// With the code of the cause, and what is behind the head.
    fn parts(self) -> (Head, u8, Parts<'a>) {
        let end = self.record.len() - CHECKSUM_BYTES;
        let mut parts = Parts(&self.record[..end]);
        let (head, code) = Head::read(&mut parts).expect(OURS);
        (head, code, parts)
    }

    /// The calls that were asked for.
    fn intents(self) -> Intended<'a> {
        let (_, code, mut parts) = self.parts();
        if code & IS_VERBATIM != 0 {
            parts.number().expect(OURS);
            return Intended { left: 1, parts };
        }
        let left = parts.count().expect(OURS);
        Intended { left, parts }
    }

    pub fn effects(self) -> TakenEffects<'a> {
        let (_, code, mut parts) = self.parts();
        let verbatim = (code & IS_VERBATIM != 0).then(|| {
            let db = parts.number().expect(OURS) as u32;
            let call = Call::up_to_end(&mut parts);
            TakenEffect::Command { db, call }
        });
        let mut effects = TakenEffects {
            step: self,
            verbatim,
            left: 0,
            parts,
            intents: self.intents(),
            said: None,
        };
        if verbatim.is_none() {
            let mut intents = self.intents();
            intents.by_ref().for_each(drop);
            effects.parts = intents.parts;
            effects.left = effects.parts.count().expect(OURS);
        }
        effects
    }

    fn to_step(self) -> Step {
        let effect = |effect| match effect {
            TakenEffect::Command { db, call } => Effect::Command {
                db,
                argv: call.to_argv(),
            },
            TakenEffect::Expired { db, key, deadline } => Effect::Expired {
                db,
                key: key.into(),
                deadline,
            },
            TakenEffect::Evicted { db, key, seen_seq } => Effect::Evicted {
                db,
                key: key.into(),
                seen_seq,
            },
        };
        let Head {
            seq,
            at_ms,
            seed,
            cause,
        } = self.head();
        Step {
            seq,
            at_ms,
            seed,
            cause,
            intent: self.intents().map(Call::to_argv).collect(),
            effects: self.effects().map(effect).collect(),
        }
    }
}

/// The calls that were asked for, and what comes behind them.
#[derive(Debug, Clone)]
struct Intended<'a> {
    left: usize,
    parts: Parts<'a>,
}

impl<'a> Iterator for Intended<'a> {
    type Item = Call<'a>;

    fn next(&mut self) -> Option<Call<'a>> {
        self.left = self.left.checked_sub(1)?;
        Some(Call::read(&mut self.parts))
    }
}

/// The effects of a step.
#[derive(Debug)]
pub struct TakenEffects<'a> {
    step: Taken<'a>,
    verbatim: Option<TakenEffect<'a>>,
    left: usize,
    parts: Parts<'a>,
    /// Those that were not looked at yet: effects name intents in their order, as a rule.
    intents: Intended<'a>,
    /// The one that was looked at last, and its index.
    said: Option<(usize, Call<'a>)>,
}

impl<'a> TakenEffects<'a> {
    fn read(&mut self) -> Option<TakenEffect<'a>> {
        let code = self.parts.u8()?;
        let db = self.parts.number()? as u32;
        Some(match code {
            0 => TakenEffect::Command {
                db,
                call: Call::read(&mut self.parts),
            },
            1 => TakenEffect::Command {
                db,
                call: {
                    let index = self.parts.number()? as usize;
                    self.intent(index)?
                },
            },
            2 => {
                let deadline = self.parts.i64()?;
                let key = self.parts.bytes()?;
                TakenEffect::Expired { db, key, deadline }
            }
            _ => {
                let seen_seq = self.parts.u64()?;
                let key = self.parts.bytes()?;
                TakenEffect::Evicted { db, key, seen_seq }
            }
        })
    }

    fn intent(&mut self, index: usize) -> Option<Call<'a>> {
        let mut next = self.said.map_or(0, |(last, _)| last + 1);
        if let Some((last, call)) = self.said
            && last == index
        {
            return Some(call);
        }
        if index < next {
            (self.intents, next) = (self.step.intents(), 0);
        }
        let call = self.intents.nth(index - next)?;
        self.said = Some((index, call));
        Some(call)
    }
}

impl<'a> Iterator for TakenEffects<'a> {
    type Item = TakenEffect<'a>;

    fn next(&mut self) -> Option<TakenEffect<'a>> {
        if let Some(effect) = self.verbatim.take() {
            return Some(effect);
        }
        self.left = self.left.checked_sub(1)?;
        Some(self.read().expect(OURS))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.left + usize::from(self.verbatim.is_some());
        (left, Some(left))
    }
}

impl ExactSizeIterator for TakenEffects<'_> {}
