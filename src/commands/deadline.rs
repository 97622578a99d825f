//! Deadlines as commands take them: after a span or at a moment, in seconds or milliseconds.

use alloc::borrow::ToOwned;

use super::args::Args;
use crate::db::{Deadline, Ttl};
use crate::error::{Error, Result};
use crate::types::number;

/// What the number of an expiry counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    unit_ms: i64,
    /// From now on; otherwise since 1970.
    relative: bool,
}

impl Timing {
    pub const IN_SECONDS: Timing = Timing {
        unit_ms: 1000,
        relative: true,
    };
    pub const IN_MILLISECONDS: Timing = Timing {
        unit_ms: 1,
        relative: true,
    };
    pub const AT_SECONDS: Timing = Timing {
        unit_ms: 1000,
        relative: false,
    };
    pub const AT_MILLISECONDS: Timing = Timing {
        unit_ms: 1,
        relative: false,
    };

    /// The moment meant; none where 64 bits cannot count it.
    pub fn deadline(self, amount: i64, now_ms: i64) -> Option<Deadline> {
        let start = if self.relative { now_ms } else { 0 };
        amount.checked_mul(self.unit_ms)?.checked_add(start)
    }

    /// As `deadline`, for commands that write a value and so refuse a moment not after 1970.
    pub fn future(self, amount: i64, now_ms: i64, command: &str) -> Result<Deadline> {
        let deadline = if amount > 0 {
            self.deadline(amount, now_ms)
        } else {
            None
        };
        deadline.ok_or_else(|| Error::InvalidExpire {
            command: command.to_owned(),
        })
    }
}

/// What an option of SET or GETEX does to the deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Keep,
    Persist,
    At(Timing),
}

const CHOICES: &[(&str, Choice)] = &[
    ("EX", Choice::At(Timing::IN_SECONDS)),
    ("PX", Choice::At(Timing::IN_MILLISECONDS)),
    ("EXAT", Choice::At(Timing::AT_SECONDS)),
    ("PXAT", Choice::At(Timing::AT_MILLISECONDS)),
];

/// The expiry option of a call, as far as it is read: none, or one of those that exclude each
/// other. The same one may come again; its last amount counts.
#[derive(Debug, Default)]
pub struct Expiry<'a> {
    chosen: Option<Choice>,
    amount: &'a [u8],
}

impl<'a> Expiry<'a> {
    /// Takes one option of SET: `EX`, `PX`, `EXAT`, `PXAT` with an amount, or `KEEPTTL`.
    pub fn take_or_keep(&mut self, args: &mut Args<'a>) -> Result<()> {
        if args.word("KEEPTTL") {
            self.choose(Choice::Keep)
        } else {
            self.take_timing(args)
        }
    }

    /// Takes one option of GETEX: `EX`, `PX`, `EXAT`, `PXAT` with an amount, or `PERSIST`.
    pub fn take_or_persist(&mut self, args: &mut Args<'a>) -> Result<()> {
        if args.word("PERSIST") {
            self.choose(Choice::Persist)
        } else {
            self.take_timing(args)
        }
    }

    fn take_timing(&mut self, args: &mut Args<'a>) -> Result<()> {
        let found = CHOICES.iter().find(|(word, _)| args.word(word));
        self.choose(found.ok_or(Error::Syntax)?.1)?;
        self.amount = args.bytes()?;
        Ok(())
    }

    fn choose(&mut self, choice: Choice) -> Result<()> {
        match self.chosen.replace(choice) {
            Some(other) if other != choice => Err(Error::Syntax),
            _ => Ok(()),
        }
    }

    /// What becomes of the deadline, or none where no option was given.
    pub fn ttl(&self, now_ms: i64, command: &str) -> Result<Option<Ttl>> {
        Ok(match self.chosen {
            None => None,
            Some(Choice::Keep) => Some(Ttl::Keep),
            Some(Choice::Persist) => Some(Ttl::Clear),
            Some(Choice::At(timing)) => {
                let amount = number::parse_i64(self.amount).ok_or(Error::NotAnInteger)?;
                Some(Ttl::At(timing.future(amount, now_ms, command)?))
            }
        })
    }
}
