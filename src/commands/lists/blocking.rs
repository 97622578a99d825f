//! The commands on lists that wait for an element. Each does the plain thing first; its effect is
//! that of the plain command, as nobody waits when it is done again.

use super::super::Args;
use super::super::args::owned;
use super::ends::{ManyPop, pop_elements, word};
use super::moving::Move;
use crate::db::Ctx;
use crate::error::Result;
use crate::reply::Reply;
use crate::types::{List, Side};

pub(super) fn blpop(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    pop(ctx, args, Side::Left)
}

pub(super) fn brpop(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    pop(ctx, args, Side::Right)
}

fn pop(ctx: &mut Ctx, args: &mut Args, side: Side) -> Result<Reply> {
    let keys = args.take(args.left() - 1)?;
    let until_ms = args.timeout(ctx.now_ms())?;
    for key in keys {
        if ctx.read::<List>(key)?.is_some() {
            let popped = pop_elements(ctx, key, side, 1)?;
            let plain = if side == Side::Left { "LPOP" } else { "RPOP" };
            ctx.effect([plain.as_bytes(), key]);
            let reply = core::iter::once(key.to_vec()).chain(popped);
            return Ok(Reply::bulks(reply));
        }
    }
    Ok(wait(ctx, keys, until_ms))
}

/// Waits where that is allowed; the reply is what the client is told where it is not.
fn wait(ctx: &mut Ctx, keys: &[&[u8]], until_ms: Option<i64>) -> Reply {
    ctx.block(owned(keys), until_ms);
    Reply::NullArray
}

pub(super) fn blmpop(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let until_ms = args.timeout(ctx.now_ms())?;
    let many = ManyPop::read(args)?;
    match many.pop(ctx)? {
        Some(reply) => Ok(reply),
        None => Ok(wait(ctx, many.keys, until_ms)),
    }
}

pub(super) fn blmove(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let plan = Move::read(args)?;
    let until_ms = args.timeout(ctx.now_ms())?;
    let moved = plan.run(ctx)?;
    if moved.is_some() {
        let Move {
            source,
            destination,
            from,
            to,
        } = plan;
        ctx.effect([b"LMOVE", source, destination, word(from), word(to)]);
    } else {
        ctx.block(owned(&[plan.source]), until_ms);
    }
    Ok(moved.unwrap_or(Reply::Null))
}

pub(super) fn brpoplpush(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let plan = Move::read_pop_push(args)?;
    let until_ms = args.timeout(ctx.now_ms())?;
    let moved = plan.run(ctx)?;
    if moved.is_some() {
        ctx.effect([b"RPOPLPUSH", plan.source, plan.destination]);
    } else {
        ctx.block(owned(&[plan.source]), until_ms);
    }
    Ok(moved.unwrap_or(Reply::Null))
}
