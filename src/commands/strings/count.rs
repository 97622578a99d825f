//! Strings that are numbers.

use alloc::string::String;
use alloc::string::ToString;

use super::super::args::Args;
use crate::db::{Ctx, Event, Ttl};
use crate::error::{Error, Result};
use crate::reply::Reply;
use crate::types::number::LongDouble;
use crate::types::{Str, Text};

pub(super) fn incr(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let key = args.bytes()?;
    add(ctx, key, 1).map(Reply::Integer)
}

pub(super) fn decr(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let key = args.bytes()?;
    add(ctx, key, -1).map(Reply::Integer)
}

pub(super) fn incrby(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, step) = (args.bytes()?, args.int()?);
    add(ctx, key, step).map(Reply::Integer)
}

pub(super) fn decrby(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, step) = (args.bytes()?, args.int()?);
    // The least integer has no positive counterpart.
    let step = step
        .checked_neg()
        .ok_or(Error::Said("ERR decrement would overflow"))?;
    add(ctx, key, step).map(Reply::Integer)
}

/// Adds to the integer under a key; answers the sum.
#[inline]
pub fn add(ctx: &mut Ctx, key: &[u8], step: i64) -> Result<i64> {
    let slot = ctx.slot(key);
    let sum = sum_of(slot.view::<Str>()?, step)?;
    slot.put_text(Event::IncrBy, Text::Int(sum), Ttl::Keep);
    Ok(sum)
}

/// What stands under a key, nothing counting as 0, and a step.
pub fn sum_of(standing: Option<Text>, step: i64) -> Result<i64> {
    let Some(old) = standing.map_or(Some(0), Text::as_i64) else {
        return Err(Error::NotAnInteger);
    };
    old.checked_add(step).ok_or(Error::Overflow)
}

pub(super) fn incrbyfloat(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, step) = (args.bytes()?, args.bytes()?);
    let slot = ctx.slot(key);
    let old = slot.view::<Str>()?.unwrap_or(Text::Int(0));
    let text = sum(&old.as_bytes(), step)?;
    slot.put_text(Event::IncrByFloat, Text::plain(text.as_bytes()), Ttl::Keep);
    // The digits are said, so that no other engine has to round as this one does.
    ctx.effect([b"SET", key, text.as_bytes(), b"KEEPTTL"]);
    Ok(Reply::bulk(text))
}

fn sum(old: &[u8], step: &[u8]) -> Result<String> {
    let old = LongDouble::parse(old).ok_or(Error::NotAFloat)?;
    let step = LongDouble::parse(step).ok_or(Error::NotAFloat)?;
    let sum = old.plus(step).ok_or(Error::NotFinite)?;
    Ok(sum.to_string())
}
