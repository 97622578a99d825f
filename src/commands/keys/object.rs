//! OBJECT: how a value is kept.

use super::super::args::Args;
use super::super::help;
use crate::db::{Ctx, Standing};
use crate::error::{Error, Result};
use crate::reply::Reply;

pub(super) const NO_LFU: &str = "ERR An LFU maxmemory policy is not selected, access frequency not \
    tracked. Please note that when switching between policies at runtime LRU and LFU data will take \
    some time to adjust.";

/// What stands under the key of the call. That it was asked about is no use of it, and that it is
/// missing nothing to tell.
fn standing<'c>(ctx: &'c mut Ctx, args: &mut Args) -> Result<Option<Standing<'c>>> {
    let key = args.bytes()?;
    ctx.exists(key);
    Ok(ctx.look(key))
}

pub(super) fn encoding(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    Ok(Reply::bulk_or_null(
        standing(ctx, args)?.map(|standing| standing.value().encoding()),
    ))
}

/// No policy that is to be had counts uses.
pub(super) fn freq(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    match standing(ctx, args)? {
        None => Ok(Reply::Null),
        Some(_) => Err(Error::Said(NO_LFU)),
    }
}

pub(super) fn help(_: &mut Ctx, _: &mut Args) -> Result<Reply> {
    Ok(help::of("OBJECT"))
}

pub(super) fn idletime(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let now_ms = ctx.now_ms();
    let (db, key) = (ctx.db, args.peek().unwrap_or_default());
    let idle_ms = standing(ctx, args)?.map(|standing| standing.idle_ms(now_ms));
    let idle_ms = idle_ms.map(|idle_ms| ctx.state.near.idle_ms(db, key, idle_ms, now_ms));
    Ok(idle_ms.map_or(Reply::Null, |ms| Reply::Integer(ms / 1000)))
}

pub(super) fn refcount(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    Ok(standing(ctx, args)?.map_or(Reply::Null, |_| Reply::Integer(1)))
}
