//! When keys go: set, taken off, asked for.

use alloc::borrow::ToOwned;
use alloc::string::String;

use super::super::args::Args;
use super::super::deadline::Timing;
use crate::db::{Ctx, Deadline, Standing};
use crate::error::{Error, Result};
use crate::reply::Reply;
use crate::types::number;

pub(super) const NX_WITH_OTHERS: &str =
    "ERR NX and XX, GT or LT options at the same time are not compatible";
pub(super) const GT_WITH_LT: &str = "ERR GT and LT options at the same time are not compatible";
pub(super) const UNSUPPORTED: &str = "ERR Unsupported option";

/// Which deadlines may be overwritten. All that are asked for must agree.
#[derive(Debug, Clone, Copy, Default)]
struct Conditions {
    none_yet: bool,
    some_already: bool,
    later: bool,
    earlier: bool,
}

impl Conditions {
    fn read(args: &mut Args) -> Result<Conditions> {
        let mut conditions = Conditions::default();
        while let Some(option) = args.peek() {
            let wanted = match () {
                () if args.word("NX") => &mut conditions.none_yet,
                () if args.word("XX") => &mut conditions.some_already,
                () if args.word("GT") => &mut conditions.later,
                () if args.word("LT") => &mut conditions.earlier,
                () => {
                    let option = String::from_utf8_lossy(option);
                    return Err(Error::SaidOf(format!("{UNSUPPORTED} {option}")));
                }
            };
            *wanted = true;
        }
        conditions.check()
    }

    fn check(self) -> Result<Conditions> {
        let others = self.some_already || self.later || self.earlier;
        match self {
            _ if self.none_yet && others => Err(Error::Said(NX_WITH_OTHERS)),
            _ if self.later && self.earlier => Err(Error::Said(GT_WITH_LT)),
            conditions => Ok(conditions),
        }
    }

    /// No deadline counts as one that never comes.
    fn allow(self, new: Deadline, old: Option<Deadline>) -> bool {
        (!self.none_yet || old.is_none())
            && (!self.some_already || old.is_some())
            && (!self.later || old.is_some_and(|old| new > old))
            && (!self.earlier || old.is_none_or(|old| new < old))
    }
}

pub(super) fn expire(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    set(ctx, args, Timing::IN_SECONDS, "expire")
}

pub(super) fn pexpire(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    set(ctx, args, Timing::IN_MILLISECONDS, "pexpire")
}

pub(super) fn expireat(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    set(ctx, args, Timing::AT_SECONDS, "expireat")
}

pub(super) fn pexpireat(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    set(ctx, args, Timing::AT_MILLISECONDS, "pexpireat")
}

fn set(ctx: &mut Ctx, args: &mut Args, timing: Timing, command: &str) -> Result<Reply> {
    let (key, amount) = (args.bytes()?, args.bytes()?);
    // As in Redis, the options are judged before the amount that stands in front of them.
    let conditions = Conditions::read(args)?;
    let amount = number::parse_i64(amount).ok_or(Error::NotAnInteger)?;
    let deadline = timing.deadline(amount, ctx.now_ms());
    let deadline = deadline.ok_or_else(|| Error::InvalidExpire {
        command: command.to_owned(),
    })?;
    let slot = ctx.slot(key);
    let old = slot.look().map(Standing::deadline);
    let allowed = old.is_some_and(|old| conditions.allow(deadline, old));
    Ok(Reply::from(allowed && slot.set_deadline(Some(deadline))))
}

pub(super) fn persist(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let key = args.bytes()?;
    let slot = ctx.slot(key);
    let has_deadline = slot.look().and_then(Standing::deadline).is_some();
    Ok(Reply::from(has_deadline && slot.set_deadline(None)))
}

pub(super) fn ttl(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let now_ms = ctx.now_ms();
    ask(ctx, args, |deadline| in_seconds((deadline - now_ms).max(0)))
}

pub(super) fn pttl(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let now_ms = ctx.now_ms();
    ask(ctx, args, |deadline| (deadline - now_ms).max(0))
}

pub(super) fn expiretime(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    ask(ctx, args, in_seconds)
}

pub(super) fn pexpiretime(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    ask(ctx, args, |deadline| deadline)
}

fn ask(ctx: &mut Ctx, args: &mut Args, tell: impl Fn(Deadline) -> i64) -> Result<Reply> {
    const NEVER: i64 = -1;
    const NO_KEY: i64 = -2;
    let key = args.bytes()?;
    let mut slot = ctx.slot(key);
    slot.probe();
    let deadline = slot.look().map(Standing::deadline);
    Ok(Reply::Integer(
        deadline.map_or(NO_KEY, |deadline| deadline.map_or(NEVER, tell)),
    ))
}

/// Rounded to the nearest, as Redis does.
fn in_seconds(ms: i64) -> i64 {
    ms.saturating_add(500) / 1000
}
