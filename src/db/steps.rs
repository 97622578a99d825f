//! Steps that were taken, packed into one run of bytes, for whoever keeps them.
//!
//! A step of one command costs a copy of the command and no allocation: what was asked for and what
//! was done are requests of RESP, which is how they lie in a journal and in an append-only file, and a
//! command that did what it said is not written a second time.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::effects::{Argv, Cause, Effect, Step};
use super::keyspace::Deadline;

/// Puts a call at the end of `out`, as a client sends it: `*2 $3 GET $1 k`, with CR LF behind each.
pub fn write_call<A: AsRef<[u8]>>(
    argv: impl IntoIterator<Item = A, IntoIter: ExactSizeIterator>,
    out: &mut Vec<u8>,
) {
    let argv = argv.into_iter();
    write_line(b'*', argv.len(), out);
    for argument in argv {
        let argument = argument.as_ref();
        write_line(b'$', argument.len(), out);
        out.extend_from_slice(argument);
        out.extend_from_slice(b"\r\n");
    }
}

fn write_line(kind: u8, number: usize, out: &mut Vec<u8>) {
    // Nearly all are this short.
    if number < 100 {
        let (tens, ones) = (b'0' + (number / 10) as u8, b'0' + (number % 10) as u8);
        return match number {
            0..10 => out.extend_from_slice(&[kind, ones, b'\r', b'\n']),
            _ => out.extend_from_slice(&[kind, tens, ones, b'\r', b'\n']),
        };
    }
    out.push(kind);
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// The arguments of a call that `write_call` has written.
pub fn read_call(mut call: &[u8]) -> Vec<&[u8]> {
    let count = read_line(&mut call);
    let argument = |_| {
        let length = read_line(&mut call);
        let (argument, rest) = call.split_at(length);
        call = &rest[2..];
        argument
    };
    (0..count).map(argument).collect()
}

/// The number of a line of our own.
fn read_line(from: &mut &[u8]) -> usize {
    let digits = from[1..].iter().take_while(|byte| **byte != b'\r').count();
    let number = from[1..=digits].iter();
    let number = number.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'));
    *from = &from[digits + 3..];
    number
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
            write_call(argv, &mut self.bytes);
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
            self.bytes.extend_from_slice(key);
        }
        self.push(db, what);
    }

    fn push(&mut self, db: u32, what: What) {
        if self.is_kept {
            let end = self.bytes.len();
            self.list.push(Packed { db, what, end });
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

/// Steps in order, and room for further ones.
#[derive(Debug, Default)]
pub struct Steps {
    list: Vec<(Head, Ends)>,
    /// Where the words of each intent end.
    intents: Vec<usize>,
    effects: Vec<Packed>,
    /// Of each step its intents, then the words of its effects.
    bytes: Vec<u8>,
}

/// Where the parts of a step end in the lists of `Steps`.
#[derive(Debug, Clone, Copy, Default)]
struct Ends {
    intents: usize,
    effects: usize,
    bytes: usize,
}

impl Steps {
    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// What they asked for and did, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Puts a step at the end. Its intents are the calls, or, where it is one call, its arguments.
    pub fn push(&mut self, head: Head, intents: Intents, effects: &Effects) {
        match intents {
            Intents::Call(argv) => self.push_intent(argv.iter()),
            Intents::Calls(calls) => calls.iter().for_each(|argv| self.push_intent(argv.iter())),
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&effects.bytes);
        let moved = effects.list.iter().map(|effect| Packed {
            end: start + effect.end,
            ..*effect
        });
        self.effects.extend(moved);
        let ends = Ends {
            intents: self.intents.len(),
            effects: self.effects.len(),
            bytes: self.bytes.len(),
        };
        self.list.push((head, ends));
    }

    /// Puts a step at the end that is one call, and did what that says, word for word.
    pub fn push_call(&mut self, head: Head, db: u32, argv: &[&[u8]]) {
        self.push_intent(argv.iter());
        let end = self.bytes.len();
        self.effects.push(Packed {
            db,
            what: What::Intent(0),
            end,
        });
        let ends = Ends {
            intents: self.intents.len(),
            effects: self.effects.len(),
            bytes: end,
        };
        self.list.push((head, ends));
    }

    fn push_intent<A: AsRef<[u8]>>(&mut self, argv: impl ExactSizeIterator<Item = A>) {
        write_call(argv, &mut self.bytes);
        self.intents.push(self.bytes.len());
    }

    /// Forgets all steps, and keeps the room that they took up to so many bytes.
    pub fn clear(&mut self, kept_bytes: usize) {
        if self.bytes.capacity() > kept_bytes {
            *self = Steps::default();
            return;
        }
        self.list.clear();
        self.intents.clear();
        self.effects.clear();
        self.bytes.clear();
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = Taken<'_>> {
        let mut start = Ends::default();
        self.list.iter().map(move |(head, end)| {
            let taken = Taken {
                head: *head,
                intents: &self.intents[start.intents..end.intents],
                effects: &self.effects[start.effects..end.effects],
                bytes: &self.bytes,
                start: start.bytes,
            };
            start = *end;
            taken
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
    pub head: Head,
    intents: &'a [usize],
    effects: &'a [Packed],
    /// Of all steps; this one's begin at `start`.
    bytes: &'a [u8],
    start: usize,
}

/// An effect among others; calls are as `write_call` writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenEffect<'a> {
    /// A command that did what an intent says, word for word.
    Intent {
        db: u32,
        index: usize,
        call: &'a [u8],
    },
    Command {
        db: u32,
        call: &'a [u8],
    },
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
    /// The calls that were asked for, as `write_call` writes them.
    pub fn intents(self) -> impl ExactSizeIterator<Item = &'a [u8]> {
        (0..self.intents.len()).map(move |index| self.intent(index))
    }

    fn intent(self, index: usize) -> &'a [u8] {
        let before = index.checked_sub(1);
        let start = before.map_or(self.start, |before| self.intents[before]);
        &self.bytes[start..self.intents[index]]
    }

    pub fn effects(self) -> impl ExactSizeIterator<Item = TakenEffect<'a>> {
        let mut start = self.intents.last().copied().unwrap_or(self.start);
        self.effects.iter().map(move |effect| {
            let words = &self.bytes[start..effect.end];
            start = effect.end;
            let db = effect.db;
            match effect.what {
                What::Intent(index) => TakenEffect::Intent {
                    db,
                    index: index as usize,
                    call: self.intent(index as usize),
                },
                What::Command => TakenEffect::Command { db, call: words },
                What::Expired(deadline) => TakenEffect::Expired {
                    db,
                    key: words,
                    deadline,
                },
                What::Evicted(seen_seq) => TakenEffect::Evicted {
                    db,
                    key: words,
                    seen_seq,
                },
            }
        })
    }

    fn to_step(self) -> Step {
        let argv = |call| read_call(call).into_iter().map(Box::from).collect();
        let effect = |effect| match effect {
            TakenEffect::Intent { db, call, .. } | TakenEffect::Command { db, call } => {
                let argv = argv(call);
                Effect::Command { db, argv }
            }
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
        Step {
            seq: self.head.seq,
            at_ms: self.head.at_ms,
            seed: self.head.seed,
            cause: self.head.cause,
            intent: self.intents().map(argv).collect(),
            effects: self.effects().map(effect).collect(),
        }
    }
}
