//! Strings that are numbers.

use super::super::args::Args;
use crate::db::{Ctx, Edit, Event};
use crate::error::{Error, Result};
use crate::reply::Reply;
use crate::types::Str;
use crate::types::number::LongDouble;

pub(super) fn incr(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let key = args.bytes()?;
    add(ctx, key, 1)
}

pub(super) fn decr(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let key = args.bytes()?;
    add(ctx, key, -1)
}

pub(super) fn incrby(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, step) = (args.bytes()?, args.int()?);
    add(ctx, key, step)
}

pub(super) fn decrby(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, step) = (args.bytes()?, args.int()?);
    // The least integer has no positive counterpart.
    let step = step
        .checked_neg()
        .ok_or(Error::Said("ERR decrement would overflow"))?;
    add(ctx, key, step)
}

fn add(ctx: &mut Ctx, key: &[u8], step: i64) -> Result<Reply> {
    let missing = !ctx.exists(key);
    let sum = ctx.edit(key, Event::IncrBy, |string: &mut Str| {
        let old = if missing { Some(0) } else { string.as_i64() };
        let sum = old.ok_or(Error::NotAnInteger);
        match sum.and_then(|old| old.checked_add(step).ok_or(Error::Overflow)) {
            Err(error) => Edit::Kept(Err(error)),
            Ok(sum) => {
                string.replace(Str::from(sum));
                Edit::Changed(Ok(sum))
            }
        }
    })??;
    Ok(Reply::Integer(sum))
}

pub(super) fn incrbyfloat(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, step) = (args.bytes()?, args.bytes()?);
    let missing = !ctx.exists(key);
    let text = ctx.edit(key, Event::IncrByFloat, |string: &mut Str| {
        let old = if missing {
            b"0".as_slice().into()
        } else {
            string.as_bytes()
        };
        match sum(&old, step) {
            Err(error) => Edit::Kept(Err(error)),
            Ok(text) => {
                string.replace(Str::text(text.as_bytes()));
                Edit::Changed(Ok(text))
            }
        }
    })??;
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
