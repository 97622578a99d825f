//! Steps that were taken, one after the other, each in the form in which it is kept.
//!
//! A step is written once, when it is over, and costs a copy of what was asked for and no allocation: whoever keeps
//! steps takes over all of them as one run of bytes. A command that did what it said is not written a second time, and
//! what steps have in common is written once for all of a run.
//!
//! ```text
//! frame    length u32 with the highest bit set | how many steps u32 | record          the length is that of the record
//! record   format u8 = 5 | flags u8 | epoch u32 | seq u64 | at_ms i64 | other? | step ... | checksum u64
//!                                               seq and time are those of the first step
//! other    client u128 | n u64 | base_seq u64   where the flags have IS_OF_ANOTHER; the record has one step then
//! step     code u8 | time? | seed? | db? | done                         the seq is the one after that of the step before
//! code     cause | HAS_TIME | HAS_SEED | HAS_DB | form
//! time     milliseconds since the step before, in zigzag                0 where there is none
//! seed     u64                                  what the step drew its random numbers from; 0 where it drew none
//! db                                            0 where there is none
//! done     intents | effects                    of the form LISTED
//!          call                                 of the form VERBATIM: that call was asked for, and is what was done
//!          pair                                 of the form SET: as VERBATIM, and the call is `SET key value`
//!          pair word word                       of the form SET_FOR: `SET key value PX word` was asked for, and
//!                                               `SET key value PXAT word` was done
//! intents  count | call ...
//! effects  count | effect ...
//! effect   0 db call                   a command
//!          1 db intent                 an intent, word for word, by its index
//!          2 db deadline i64 key       a key whose deadline had passed
//!          3 db seen_seq u64 key       a key that was evicted
//! call     count | word ...
//! word     length | bytes              and so a key
//! pair     length of the key | length of the value | key | value
//! ```
//!
//! A word that is named by its index is kept once, and whoever reads does not copy it either.
//!
//! Integers are little-endian; counts, lengths, times, databases and indexes are LEB128. Epoch and checksum are 0 here: they are for
//! those who keep records, and `other` for those who take them from others; see `persist::record`, which reads them.

mod done;
mod taken;

use alloc::vec::Vec;

use super::bytes::{NUMBER_MAX_BYTES, write_bytes, write_number};
use super::effects::{Argv, Cause, Effect, Step};
use super::keyspace::Deadline;
use done::{Packed, What};

pub use done::{Effects, EffectsPlace};
pub use taken::{Call, Run, StepHead, Taken, TakenEffect};

pub const FORMAT: u8 = 5;
/// Among the flags of a record: its step was computed elsewhere.
pub const IS_OF_ANOTHER: u8 = 1;
/// Before each record: its length and how many steps it has.
pub const FRAME_BYTES: usize = 2 * size_of::<u32>();
/// Marks a length as that of a record of this format. Those before had a step each, behind its length alone.
pub const IS_RUN: u32 = 1 << 31;
/// Where the epoch is in a record.
pub const EPOCH_AT: usize = 2;
/// Format, flags, epoch, seq and time.
pub const HEAD_BYTES: usize = 1 + 1 + 4 + 8 + 8;
pub const CHECKSUM_BYTES: usize = size_of::<u64>();
/// A record that would come to more is followed by another one, so that what is kept can be cut into pieces.
const RUN_BYTES: usize = 64 * 1024;

/// In the code of a step.
const CAUSE: u8 = 0b111;
const HAS_TIME: u8 = 1 << 3;
const HAS_SEED: u8 = 1 << 4;
const HAS_DB: u8 = 1 << 5;
const FORM: u8 = 0b11 << 6;
pub const LISTED: u8 = 0;
pub const VERBATIM: u8 = 1 << 6;
const SET: u8 = 2 << 6;
pub const SET_FOR: u8 = 3 << 6;
/// Code, time, seed and database, at most.
const STEP_HEAD_MAX_BYTES: usize = 1 + 2 * NUMBER_MAX_BYTES + 8;

/// What is read here was written here, or looked through.
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

/// What `write_words` writes, at most.
#[inline]
fn most_bytes<A: AsRef<[u8]>>(argv: &[A]) -> usize {
    let words = argv.iter().map(|word| word.as_ref().len()).sum::<usize>();
    words + (1 + argv.len()) * NUMBER_MAX_BYTES
}

/// What identifies a step, and when and why it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Gapless over the life of a store.
    pub seq: u64,
    pub at_ms: i64,
    /// What the step drew its random numbers from; 0 where it drew none.
    pub seed: u64,
    pub cause: Cause,
}

/// Steps in order, and room for further ones.
///
/// Invariant: frames lie one behind the other, of which the last is still to be ended.
#[derive(Debug, Default)]
pub struct Steps {
    bytes: Vec<u8>,
    count: usize,
    /// Where the last frame begins, and how many of the steps are in those before it.
    last: usize,
    ended: usize,
    /// The seq of the step that comes next, if it is of the same run, and when the last one was taken.
    next_seq: u64,
    last_ms: i64,
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
        if let Some(Packed { db, what, .. }) = effects.only()
            && what == What::Intent(0)
        {
            match intents {
                Intents::Call(argv) => return self.push_call(head, db, argv),
                Intents::Calls([argv]) => return self.push_call(head, db, argv),
                Intents::Calls(_) => {}
            }
        }
        let intents_bytes = match intents {
            Intents::Call(argv) => most_bytes(argv),
            Intents::Calls(calls) => calls.iter().map(|argv| most_bytes(argv)).sum(),
        };
        let most = NUMBER_MAX_BYTES + intents_bytes + effects.most_bytes();
        self.begin(head, 0, LISTED, most);
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
    }

    /// Puts a step at the end that is one call, and did what that says, word for word.
    pub fn push_call<A: AsRef<[u8]>>(&mut self, head: Head, db: u32, argv: &[A]) {
        if let [name, key, value] = argv
            && name.as_ref() == b"SET"
        {
            return self.push_set(head, db, key.as_ref(), value.as_ref());
        }
        self.begin(head, db, VERBATIM, most_bytes(argv));
        write_words(argv, &mut self.bytes);
    }

    /// Puts a step at the end that is `SET key value`.
    pub fn push_set(&mut self, head: Head, db: u32, key: &[u8], value: &[u8]) {
        self.begin(
            head,
            db,
            SET,
            2 * NUMBER_MAX_BYTES + key.len() + value.len(),
        );
        self.write_pair(key, value);
    }

    /// Puts a step at the end that is `SET key value PX time`, which came to this deadline.
    pub fn push_set_for(
        &mut self,
        head: Head,
        db: u32,
        (key, value): (&[u8], &[u8]),
        deadline: Deadline,
    ) {
        let [mut ttl, mut at] = [itoa::Buffer::new(), itoa::Buffer::new()];
        let times = [ttl.format(deadline - head.at_ms), at.format(deadline)];
        let most = 2 * NUMBER_MAX_BYTES + key.len() + value.len() + most_bytes(&times);
        self.begin(head, db, SET_FOR, most);
        self.write_pair(key, value);
        for time in times {
            write_bytes(time.as_bytes(), &mut self.bytes);
        }
    }

    #[inline]
    fn write_pair(&mut self, key: &[u8], value: &[u8]) {
        write_number(key.len() as u64, &mut self.bytes);
        write_number(value.len() as u64, &mut self.bytes);
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value);
    }

    /// Begins a step that comes to at most so many bytes behind its head, with room for all of them: a piece at a time would grow
    /// the buffer as often.
    #[inline]
    fn begin(&mut self, head: Head, db: u32, form: u8, most_bytes: usize) {
        self.bytes
            .reserve(STEP_HEAD_MAX_BYTES + most_bytes + CHECKSUM_BYTES);
        let run_bytes = self.bytes.len() - self.last + most_bytes;
        if self.count == 0 || head.seq != self.next_seq || run_bytes > RUN_BYTES {
            self.begin_run(head, most_bytes);
        }
        self.count += 1;
        self.next_seq = head.seq.wrapping_add(1);
        let code = head.cause.code() | form;
        if head.at_ms == self.last_ms && head.seed == 0 && db == 0 {
            self.bytes.push(code);
        } else {
            self.write_head(code, head, db);
        }
    }

    fn write_head(&mut self, mut code: u8, head: Head, db: u32) {
        let since_ms = head.at_ms.wrapping_sub(self.last_ms);
        self.last_ms = head.at_ms;
        for (has, flag) in [
            (since_ms != 0, HAS_TIME),
            (head.seed != 0, HAS_SEED),
            (db != 0, HAS_DB),
        ] {
            code |= if has { flag } else { 0 };
        }
        self.bytes.push(code);
        if since_ms != 0 {
            let zigzag = (since_ms << 1) ^ (since_ms >> 63);
            write_number(zigzag as u64, &mut self.bytes);
        }
        if head.seed != 0 {
            self.bytes.extend_from_slice(&head.seed.to_le_bytes());
        }
        if db != 0 {
            write_number(u64::from(db), &mut self.bytes);
        }
    }

    #[cold]
    fn begin_run(&mut self, head: Head, most_bytes: usize) {
        self.end_run();
        self.last = self.bytes.len();
        self.last_ms = head.at_ms;
        // Room for the step behind it, and for the end, too.
        self.bytes
            .reserve(FRAME_BYTES + HEAD_BYTES + STEP_HEAD_MAX_BYTES + most_bytes + CHECKSUM_BYTES);
        self.bytes.extend_from_slice(&[0; FRAME_BYTES]);
        write_record_head(head.seq, head.at_ms, &mut self.bytes);
    }

    /// Puts the checksum's place and, before it all, the length and the number of steps.
    fn end_run(&mut self) {
        if self.count == self.ended {
            return;
        }
        self.bytes.extend_from_slice(&[0; CHECKSUM_BYTES]);
        let length = (self.bytes.len() - self.last - FRAME_BYTES) as u32 | IS_RUN;
        let steps = (self.count - self.ended) as u32;
        let frame = &mut self.bytes[self.last..][..FRAME_BYTES];
        frame[..4].copy_from_slice(&length.to_le_bytes());
        frame[4..].copy_from_slice(&steps.to_le_bytes());
        self.last = self.bytes.len();
        self.ended = self.count;
    }

    /// Forgets all steps, and keeps the room that they took up to so many bytes.
    pub fn clear(&mut self, kept_bytes: usize) {
        let mut bytes = core::mem::take(&mut self.bytes);
        if bytes.capacity() <= kept_bytes {
            bytes.clear();
            self.bytes = bytes;
        }
        [self.count, self.last, self.ended] = [0; 3];
    }

    /// Gives all steps away as they lie here, in frames. Further ones go into `room`, from its start.
    pub fn replace(&mut self, mut room: Vec<u8>) -> Vec<u8> {
        self.end_run();
        room.clear();
        [self.count, self.last, self.ended] = [0; 3];
        core::mem::replace(&mut self.bytes, room)
    }

    pub fn iter(&self) -> impl Iterator<Item = Taken<'_>> {
        let (ended, last) = self.bytes.split_at(self.last);
        let mut rest = ended;
        let ended = core::iter::from_fn(move || {
            let (length, _) = rest.split_first_chunk()?;
            let bytes = FRAME_BYTES + (u32::from_le_bytes(*length) & !IS_RUN) as usize;
            let (frame, after) = rest.split_at(bytes);
            rest = after;
            Some(&frame[..bytes - CHECKSUM_BYTES])
        });
        let last = (!last.is_empty()).then_some(last);
        ended
            .chain(last)
            .flat_map(|frame| Run::of_record(&frame[FRAME_BYTES..]))
    }

    /// The steps with all of their words apart, for who looks into them or changes them.
    pub fn to_vec(&self) -> Vec<Step> {
        self.iter().map(Taken::to_step).collect()
    }
}

/// Puts what stands before the steps of a record at the end of `out`: the epoch and the flags are 0.
pub fn write_record_head(seq: u64, at_ms: i64, out: &mut Vec<u8>) {
    let mut head = [0; HEAD_BYTES];
    head[0] = FORMAT;
    head[6..14].copy_from_slice(&seq.to_le_bytes());
    head[14..].copy_from_slice(&at_ms.to_le_bytes());
    out.extend_from_slice(&head);
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
