//! Steps as they are read: where they lie, whoever wrote them.
//!
//! Steps of elsewhere are looked through once, before any of them is believed, and take no memory of their own, whatever they say:
//! a count of a million, and a word that is named a million times, cost the bytes that say it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{
    CAUSE, FORM, HAS_DB, HAS_SEED, HAS_TIME, HEAD_BYTES, Head, LISTED, OURS, SET, VERBATIM,
};
use crate::db::bytes::Parts;
use crate::db::effects::{Argv, Cause, Effect, Step};
use crate::db::keyspace::Deadline;

/// What stands before what a step did.
#[derive(Debug, Clone, Copy)]
pub struct StepHead {
    pub at_ms: i64,
    pub seed: u64,
    pub cause: Cause,
    pub db: u32,
    pub form: u8,
}

impl StepHead {
    /// That of a step behind one of `last_ms`.
    pub fn read(parts: &mut Parts, last_ms: i64) -> Option<StepHead> {
        let code = parts.u8()?;
        let number = |parts: &mut Parts, flag| match code & flag {
            0 => Some(0),
            _ => parts.number(),
        };
        let zigzag = number(parts, HAS_TIME)?;
        let since_ms = (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64);
        let seed = match code & HAS_SEED {
            0 => 0,
            _ => parts.u64()?,
        };
        Some(StepHead {
            at_ms: last_ms.wrapping_add(since_ms),
            seed,
            cause: Cause::of_code(code & CAUSE)?,
            db: u32::try_from(number(parts, HAS_DB)?).ok()?,
            form: code & FORM,
        })
    }
}

/// A key and its value.
fn read_pair<'a>(parts: &mut Parts<'a>) -> Option<[&'a [u8]; 2]> {
    let (key, value) = (parts.count()?, parts.count()?);
    Some([parts.take(key)?, parts.take(value)?])
}

/// Steps that follow each other, all of which can be read.
#[derive(Debug, Clone)]
pub struct Run<'a> {
    /// Of the step that comes next.
    seq: u64,
    /// Of the one before.
    at_ms: i64,
    parts: Parts<'a>,
}

impl<'a> Run<'a> {
    /// Steps of elsewhere, the first of them the `seq`th; its time counts from `at_ms`. Gives how many there are, too.
    pub fn checked(steps: &'a [u8], seq: u64, at_ms: i64) -> Option<(Run<'a>, usize)> {
        let mut parts = Parts(steps);
        let run = Run {
            seq,
            at_ms,
            parts: parts.clone(),
        };
        let mut count = 0;
        while !parts.is_empty() {
            let head = StepHead::read(&mut parts, at_ms)?;
            skip_done(head.form, &mut parts)?;
            count += 1;
        }
        Some((run, count))
    }

    /// Given a record that was written here, without its checksum.
    pub(super) fn of_record(record: &'a [u8]) -> Run<'a> {
        let (head, steps) = record.split_at(HEAD_BYTES);
        let mut head = Parts(&head[HEAD_BYTES - 16..]);
        Run {
            seq: head.u64().expect(OURS),
            at_ms: head.i64().expect(OURS),
            parts: Parts(steps),
        }
    }
}

impl<'a> Iterator for Run<'a> {
    type Item = Taken<'a>;

    fn next(&mut self) -> Option<Taken<'a>> {
        let parts = &mut self.parts;
        if parts.is_empty() {
            return None;
        }
        let head = StepHead::read(parts, self.at_ms).expect(OURS);
        let before = parts.0;
        skip_done(head.form, parts).expect(OURS);
        let taken = Taken {
            seq: self.seq,
            head,
            done: &before[..before.len() - parts.0.len()],
        };
        self.seq = self.seq.wrapping_add(1);
        self.at_ms = head.at_ms;
        Some(taken)
    }
}

fn skip_done(form: u8, parts: &mut Parts) -> Option<()> {
    match form {
        LISTED => skip_listed(parts)?,
        VERBATIM => skip_call(parts)?,
        SET => _ = read_pair(parts)?,
        _ => {
            read_pair(parts)?;
            parts.bytes()?;
            parts.bytes()?;
        }
    }
    Some(())
}

fn skip_call(parts: &mut Parts) -> Option<()> {
    for _ in 0..parts.count()? {
        parts.bytes()?;
    }
    Some(())
}

fn skip_listed(parts: &mut Parts) -> Option<()> {
    let intents = parts.count()?;
    for _ in 0..intents {
        skip_call(parts)?;
    }
    for _ in 0..parts.count()? {
        let (code, _db) = (parts.u8()?, u32::try_from(parts.number()?).ok()?);
        match code {
            0 => skip_call(parts)?,
            1 => (parts.number()? < intents as u64).then_some(())?,
            2 | 3 => {
                parts.u64()?;
                parts.bytes()?;
            }
            _ => return None,
        }
    }
    Some(())
}

/// A step among others.
#[derive(Debug, Clone, Copy)]
pub struct Taken<'a> {
    seq: u64,
    head: StepHead,
    done: &'a [u8],
}

/// A call among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call<'a>(Words<'a>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Words<'a> {
    Packed {
        count: usize,
        words: &'a [u8],
    },
    /// `SET`, and as many of the words as there are.
    Set {
        count: usize,
        words: [&'a [u8]; 4],
    },
    Apart(&'a [Box<[u8]>]),
}

impl<'a> Call<'a> {
    /// The call that comes next, and goes on to its own end.
    fn read(parts: &mut Parts<'a>) -> Call<'a> {
        let count = parts.count().expect(OURS);
        let before = parts.0;
        for _ in 0..count {
            parts.bytes().expect(OURS);
        }
        let words = &before[..before.len() - parts.0.len()];
        Call(Words::Packed { count, words })
    }

    fn set([key, value]: [&'a [u8]; 2]) -> Call<'a> {
        let words = [key, value, b"", b""];
        Call(Words::Set { count: 3, words })
    }

    fn set_for([key, value]: [&'a [u8]; 2], unit: &'static [u8], time: &'a [u8]) -> Call<'a> {
        let words = [key, value, unit, time];
        Call(Words::Set { count: 5, words })
    }

    /// Its name, then its arguments.
    pub fn words(self) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone {
        let (count, mut packed) = match self.0 {
            Words::Packed { count, words } => (count, Parts(words)),
            Words::Set { count, .. } => (count, Parts(&[])),
            Words::Apart(argv) => (argv.len(), Parts(&[])),
        };
        (0..count).map(move |at| match (self.0, at) {
            (Words::Packed { .. }, _) => packed.bytes().expect(OURS),
            (Words::Set { .. }, 0) => b"SET",
            (Words::Set { words, .. }, _) => words[at - 1],
            (Words::Apart(argv), _) => &argv[at],
        })
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

impl<'a> From<&'a Effect> for TakenEffect<'a> {
    fn from(effect: &'a Effect) -> TakenEffect<'a> {
        match effect {
            Effect::Command { db, argv } => TakenEffect::Command {
                db: *db,
                call: Call(Words::Apart(argv)),
            },
            Effect::Expired { db, key, deadline } => TakenEffect::Expired {
                db: *db,
                key,
                deadline: *deadline,
            },
            Effect::Evicted { db, key, seen_seq } => TakenEffect::Evicted {
                db: *db,
                key,
                seen_seq: *seen_seq,
            },
        }
    }
}

impl<'a> Taken<'a> {
    /// A step of elsewhere; `None` where what it did is not all that stands there.
    pub fn checked(seq: u64, head: StepHead, done: &'a [u8]) -> Option<Taken<'a>> {
        let mut parts = Parts(done);
        skip_done(head.form, &mut parts)?;
        parts.is_empty().then_some(Taken { seq, head, done })
    }

    pub fn head(self) -> Head {
        Head {
            seq: self.seq,
            at_ms: self.head.at_ms,
            seed: self.head.seed,
            cause: self.head.cause,
        }
    }

    /// The code of the step, without its time, and the database.
    pub fn code(self) -> (u8, u32) {
        let seed = if self.head.seed == 0 { 0 } else { HAS_SEED };
        let db = if self.head.db == 0 { 0 } else { HAS_DB };
        let code = self.head.cause.code() | self.head.form | seed | db;
        (code, self.head.db)
    }

    /// What stands behind the head of the step.
    pub fn done(self) -> &'a [u8] {
        self.done
    }

    /// The one call that was asked for, and the one that was done, where it is so.
    fn single(self) -> Option<[Call<'a>; 2]> {
        let mut parts = Parts(self.done);
        match self.head.form {
            LISTED => None,
            VERBATIM => Some([Call::read(&mut parts); 2]),
            SET => Some([Call::set(read_pair(&mut parts).expect(OURS)); 2]),
            _ => {
                let pair = read_pair(&mut parts).expect(OURS);
                let mut time = || parts.bytes().expect(OURS);
                let (asked, done) = (time(), time());
                Some([
                    Call::set_for(pair, b"PX", asked),
                    Call::set_for(pair, b"PXAT", done),
                ])
            }
        }
    }

    /// The calls that were asked for.
    fn intents(self) -> Intended<'a> {
        let mut parts = Parts(self.done);
        let single = self.single().map(|[asked, _]| asked);
        let left = match single {
            Some(_) => 0,
            None => parts.count().expect(OURS),
        };
        Intended {
            single,
            left,
            parts,
        }
    }

    pub fn effects(self) -> TakenEffects<'a> {
        if let Some([_, call]) = self.single() {
            let db = self.head.db;
            return TakenEffects::Single(Some(TakenEffect::Command { db, call }));
        }
        let intents = self.intents();
        let mut parts = intents.clone();
        parts.by_ref().for_each(drop);
        let mut parts = parts.parts;
        TakenEffects::Listed(ListedEffects {
            step: self,
            left: parts.count().expect(OURS),
            parts,
            intents,
            said: None,
            all: Vec::new(),
        })
    }

    pub fn to_step(self) -> Step {
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
    single: Option<Call<'a>>,
    left: usize,
    parts: Parts<'a>,
}

impl<'a> Iterator for Intended<'a> {
    type Item = Call<'a>;

    fn next(&mut self) -> Option<Call<'a>> {
        if let Some(call) = self.single.take() {
            return Some(call);
        }
        self.left = self.left.checked_sub(1)?;
        Some(Call::read(&mut self.parts))
    }
}

/// The effects of a step.
#[derive(Debug)]
pub enum TakenEffects<'a> {
    /// As nearly all steps have it, until it was given.
    Single(Option<TakenEffect<'a>>),
    Listed(ListedEffects<'a>),
}

#[derive(Debug)]
pub struct ListedEffects<'a> {
    step: Taken<'a>,
    left: usize,
    parts: Parts<'a>,
    /// Those that were not looked at yet: effects name intents in their order, as a rule.
    intents: Intended<'a>,
    /// The one that was looked at last, and its index.
    said: Option<(usize, Call<'a>)>,
    /// All of them, once an effect has named one that was passed: a record by others may do so with each.
    all: Vec<Call<'a>>,
}

impl<'a> ListedEffects<'a> {
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
        let next = self.said.map_or(0, |(last, _)| last + 1);
        if let Some((last, call)) = self.said
            && last == index
        {
            return Some(call);
        }
        if index < next && self.all.is_empty() {
            self.all = self.step.intents().collect();
        }
        if !self.all.is_empty() {
            return self.all.get(index).copied();
        }
        let call = self.intents.nth(index - next)?;
        self.said = Some((index, call));
        Some(call)
    }
}

impl<'a> Iterator for TakenEffects<'a> {
    type Item = TakenEffect<'a>;

    fn next(&mut self) -> Option<TakenEffect<'a>> {
        match self {
            TakenEffects::Single(effect) => effect.take(),
            TakenEffects::Listed(listed) => {
                listed.left = listed.left.checked_sub(1)?;
                Some(listed.read().expect(OURS))
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = match self {
            TakenEffects::Single(effect) => usize::from(effect.is_some()),
            TakenEffects::Listed(listed) => listed.left,
        };
        (left, Some(left))
    }
}

impl ExactSizeIterator for TakenEffects<'_> {}
