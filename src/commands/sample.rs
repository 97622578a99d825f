//! Drawing elements at random: what HRANDFIELD, SRANDMEMBER and ZRANDMEMBER have in common.

use alloc::vec::Vec;

use super::args::{Args, amount};
use crate::db::Ctx;
use crate::error::{Error, Result};
use crate::types::SeededSet;

/// The count of such a command: any integer that has a counterpart of the other sign.
pub(super) fn signed_count(args: &mut Args) -> Result<i64> {
    args.int_in(-i64::MAX..=i64::MAX, Error::Said(NOT_SIGNED))
}

pub(super) const NOT_SIGNED: &str = "ERR value is out of range, value must between \
                                     -9223372036854775807 and 9223372036854775807";

/// How many elements may be drawn anew in one call: a reply of that many still fits the memory of a
/// tab. Redis knows no bound, and goes on building the reply until it is killed.
const DRAWS_MAX: usize = 1 << 20;

/// Positions below `len`, drawn by the sign of `count` as Redis has it: positive, each at most once
/// and no more than there are; negative, each drawn anew, so that they may repeat.
///
/// Cost: O(|count|) (Floyd's method for the draw without repetition: Bentley and Floyd 1987).
pub(super) fn positions(ctx: &mut Ctx, len: usize, count: i64) -> Result<Vec<usize>> {
    let wanted = amount(count.unsigned_abs());
    if len == 0 {
        return Ok(Vec::new());
    }
    if count < 0 && wanted > DRAWS_MAX {
        return Err(Error::OutOfRange);
    }
    if count < 0 {
        return Ok((0..wanted).map(|_| below(ctx, len)).collect());
    }
    if wanted >= len {
        return Ok((0..len).collect());
    }
    let mut drawn = SeededSet::with_capacity_and_hasher(wanted, ctx.limits().seed);
    let mut order = Vec::with_capacity(wanted);
    for top in len - wanted..len {
        let pick = below(ctx, top + 1);
        let position = if drawn.insert(pick) { pick } else { top };
        drawn.insert(position);
        order.push(position);
    }
    Ok(order)
}

fn below(ctx: &mut Ctx, bound: usize) -> usize {
    (ctx.random() % bound as u64) as usize
}
