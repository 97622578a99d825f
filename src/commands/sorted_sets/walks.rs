//! Members in no order: by chance, and step by step.

use alloc::vec::Vec;

use super::{NOT_AN_INTEGER, SYNTAX, WRONG_TYPE, named, scored};
use crate::commands::Args;
use crate::commands::flags::Flags;
use crate::commands::row::{Command, Method, errors, methods, prose};
use crate::commands::sample::{NOT_SIGNED, positions, signed_count};
use crate::commands::scan::Scan;
use crate::db::Ctx;
use crate::error::{Error, Result};
use crate::reply::Reply;
use crate::types::{ZSet, number};

const OUT_OF_RANGE: &str = "ERR value is out of range";
const BAD_CURSOR: &str = "ERR invalid cursor";

pub(in crate::commands) const ROWS: &[Command] = &[
    Command {
        name: "ZRANDMEMBER",
        usage: "key [count [WITHSCORES]]",
        summary: prose("Answers members chosen by chance."),
        complexity: prose("O(N) for N members answered"),
        group: "sorted-set",
        since: "6.2.0",
        flags: Flags::READS,
        errors: errors(&[WRONG_TYPE, SYNTAX, NOT_AN_INTEGER, NOT_SIGNED, OUT_OF_RANGE]),
        methods: methods(&[
            Method::new("zRandMember", "key", "Text | null"),
            Method::new("zRandMemberCount", "key, count: number", "Text[]"),
            Method::new(
                "zRandMemberCountWithScores",
                "key, count: number",
                "ScoredMember<Text>[]",
            )
            .sending("key count WITHSCORES"),
        ]),
        run: zrandmember,
    },
    Command {
        name: "ZSCAN",
        usage: "key cursor [MATCH pattern] [COUNT count]",
        summary: prose("Walks over members and scores, step by step."),
        complexity: prose("O(1) for a step, O(N) for the whole walk, N being the size of the set"),
        group: "sorted-set",
        since: "2.8.0",
        flags: Flags::READS,
        errors: errors(&[WRONG_TYPE, SYNTAX, NOT_AN_INTEGER, BAD_CURSOR]),
        methods: methods(&[Method::new(
            "zScan",
            "key, cursor: Value, options?: ScanOptions",
            "ScoredMemberPage<Text>",
        )]),
        run: zscan,
    },
];

fn zrandmember(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
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

fn zscan(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
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
