//! Members in no order: by chance, and step by step.

use alloc::vec::Vec;

use super::{named, scored};
use crate::commands::Args;
use crate::commands::sample::{positions, signed_count};
use crate::commands::scan::Scan;
use crate::db::Ctx;
use crate::error::{Error, Result};
use crate::reply::Reply;
use crate::types::{ZSet, number};

pub(super) fn zrandmember(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let key = args.bytes()?;
    if args.is_done() {
        let chosen = ctx.random();
        let zset = ctx.read::<ZSet>(key)?;
        let member = zset.and_then(|zset| zset.random(chosen));
        return Ok(Reply::bulk_or_null(
            member.map(|(member, _)| member.to_vec()),
        ));
    }
    let count = signed_count(args)?;
    let with_scores = args.word("WITHSCORES");
    args.end()?;
    if with_scores && count.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(Error::OutOfRange);
    }
    let len = ctx.read::<ZSet>(key)?.map_or(0, ZSet::len);
    let drawn = positions(ctx, len, count)?;
    let Some(zset) = ctx.view::<ZSet>(key)? else {
        return Ok(Reply::Array(Vec::new()));
    };
    let members = drawn.into_iter().filter_map(|at| zset.get_index(at));
    Ok(if with_scores {
        scored(members)
    } else {
        named(members)
    })
}

pub(super) fn zscan(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let key = args.bytes()?;
    let mut scan = Scan::begin(args)?;
    let Some(zset) = ctx.read::<ZSet>(key)? else {
        return Ok(Scan::reply(0, Vec::new()));
    };
    scan.options(args, |_| Ok(false))?;
    let (next, members) = zset.scan(scan.cursor, scan.count);
    let mut elements = Vec::with_capacity(members.len() * 2);
    for (member, score) in members {
        let member = member.to_vec();
        if scan.wants(&member) {
            elements.push(Reply::Bulk(member));
            elements.push(Reply::bulk(number::format_f64(score.get())));
        }
    }
    Ok(Scan::reply(next, elements))
}
