//! WAIT: for replicas that confirm what was written.

use super::super::args::Args;
use crate::db::Ctx;
use crate::error::{Error, Result};
use crate::reply::Reply;
use crate::types::number;

pub(super) const NOT_A_TIMEOUT: &str = "ERR timeout is not an integer or out of range";
pub(super) const NEGATIVE_TIMEOUT: &str = "ERR timeout is negative";

/// No replica is attached: nothing is confirmed, however long one waits.
pub(super) fn wait(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (wanted, timeout) = (args.int()?, args.bytes()?);
    let timeout_ms = number::parse_i64(timeout).ok_or(Error::Said(NOT_A_TIMEOUT))?;
    let until_ms = match timeout_ms {
        ..0 => return Err(Error::Said(NEGATIVE_TIMEOUT)),
        0 => None,
        _ => Some(ctx.now_ms().saturating_add(timeout_ms)),
    };
    if wanted > 0 {
        ctx.block([], until_ms);
    }
    Ok(Reply::Integer(0))
}
