//! Members and their scores, one at a time: ZADD, ZINCRBY, ZSCORE, ZRANK, ZREM and the like.

use alloc::vec::Vec;

use super::{GROWS, READS_FAST, SYNTAX, WRITES_FAST, WRONG_TYPE};
use crate::commands::Args;
use crate::commands::flags::Flags;
use crate::commands::row::{Command, Method, errors, methods, prose};
use crate::db::{Ctx, Edit, Event};
use crate::error::{Error, Result};
use crate::reply::Reply;
use crate::types::{Added, Only, Score, ZSet};

const GROWS_FAST: Flags = GROWS.and(Flags::FAST);

const NOT_A_FLOAT: &str = "ERR value is not a valid float";
const NOT_A_NUMBER: &str = "ERR resulting score is not a number (NaN)";
const NX_AND_XX: &str = "ERR XX and NX options at the same time are not compatible";
const GT_LT_AND_NX: &str = "ERR GT, LT, and/or NX options at the same time are not compatible";
const INCR_OF_ONE: &str = "ERR INCR option supports a single increment-element pair";

pub(in crate::commands) const ROWS: &[Command] = &[
    Command {
        name: "ZADD",
        usage: "key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]",
        summary: prose("Gives members their scores, adding those that are new."),
        complexity: prose("O(log N) for each member, N being the size of the set"),
        group: "sorted-set",
        since: "1.2.0",
        flags: GROWS_FAST.and(Flags::ONE_EDIT),
        errors: errors(&[
            WRONG_TYPE,
            SYNTAX,
            NOT_A_FLOAT,
            NOT_A_NUMBER,
            NX_AND_XX,
            GT_LT_AND_NX,
            INCR_OF_ONE,
        ]),
        methods: methods(&[
            Method::new(
                "zAdd",
                "key, members: SortedSetMembers, options?: ZAddOptions",
                "number",
            )
            .sending("key options members"),
            Method::new(
                "zAddIncr",
                "key, members: SortedSetMembers, options?: ZAddOptions",
                "number | null",
            )
            .sending("key options INCR members"),
        ]),
        run: zadd,
    },
    Command {
        name: "ZINCRBY",
        usage: "key increment member",
        summary: prose("Adds to the score of a member, a new one starting from 0."),
        complexity: prose("O(log N), N being the size of the set"),
        group: "sorted-set",
        since: "1.2.0",
        flags: GROWS_FAST.and(Flags::ONE_EDIT),
        errors: errors(&[WRONG_TYPE, NOT_A_FLOAT, NOT_A_NUMBER]),
        methods: methods(&[Method::new(
            "zIncrBy",
            "key, increment: number, member",
            "number",
        )]),
        run: zincrby,
    },
    Command {
        name: "ZREM",
        usage: "key member [member ...]",
        summary: prose("Removes members."),
        complexity: prose("O(log N) for each member, N being the size of the set"),
        group: "sorted-set",
        since: "1.2.0",
        flags: WRITES_FAST.and(Flags::ONE_EDIT),
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new("zRem", "key, members: Many<Bytes>", "number")]),
        run: zrem,
    },
    Command {
        name: "ZCARD",
        usage: "key",
        summary: prose("Answers how many members there are."),
        complexity: prose("O(1)"),
        group: "sorted-set",
        since: "1.2.0",
        flags: READS_FAST,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new("zCard", "key", "number")]),
        run: zcard,
    },
    Command {
        name: "ZSCORE",
        usage: "key member",
        summary: prose("Answers the score of a member."),
        complexity: prose("O(1)"),
        group: "sorted-set",
        since: "1.2.0",
        flags: READS_FAST,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new("zScore", "key, member", "number | null")]),
        run: zscore,
    },
    Command {
        name: "ZMSCORE",
        usage: "key member [member ...]",
        summary: prose("Answers the scores of several members."),
        complexity: prose("O(N) for N members"),
        group: "sorted-set",
        since: "6.2.0",
        flags: READS_FAST,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new(
            "zmScore",
            "key, members: Many<Bytes>",
            "(number | null)[]",
        )]),
        run: zmscore,
    },
    Command {
        name: "ZRANK",
        usage: "key member [WITHSCORE]",
        summary: prose("Answers how many members stand before one, the lowest score being first."),
        complexity: prose("O(log N), N being the size of the set"),
        group: "sorted-set",
        since: "2.0.0",
        flags: READS_FAST,
        errors: errors(&[WRONG_TYPE, SYNTAX]),
        methods: methods(&[
            Method::new("zRank", "key, member", "number | null"),
            Method::new("zRankWithScore", "key, member", "RankAndScore | null")
                .sending("key member WITHSCORE"),
        ]),
        run: zrank,
    },
    Command {
        name: "ZREVRANK",
        usage: "key member [WITHSCORE]",
        summary: prose("Answers how many members stand before one, the highest score being first."),
        complexity: prose("O(log N), N being the size of the set"),
        group: "sorted-set",
        since: "2.0.0",
        flags: READS_FAST,
        errors: errors(&[WRONG_TYPE, SYNTAX]),
        methods: methods(&[Method::new("zRevRank", "key, member", "number | null")]),
        run: zrevrank,
    },
];

fn zadd(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let key = args.bytes()?;
    let options = AddOptions::read(args)?;
    let (one, many);
    let pairs = if args.left() == 2 {
        one = [pair(args)?];
        &one[..]
    } else {
        many = read_pairs(args)?;
        &many
    };
    if let (true, [(step, member)]) = (options.increments, pairs) {
        let score = increment(ctx, key, member, *step, options.only)?;
        return Ok(score.map_or(Reply::Null, |score| Reply::Double(score.get())));
    }
    let (new, moved) = add_members(ctx, key, pairs, options.only)?;
    Ok(Reply::count(if options.counts_moved {
        new + moved
    } else {
        new
    }))
}

fn pair<'a>(args: &mut Args<'a>) -> Result<(Score, &'a [u8])> {
    Ok((args.score()?, args.bytes()?))
}

fn read_pairs<'a>(args: &mut Args<'a>) -> Result<Vec<(Score, &'a [u8])>> {
    let mut pairs = Vec::with_capacity(args.left() / 2);
    while !args.is_done() {
        pairs.push(pair(args)?);
    }
    Ok(pairs)
}

/// Gives members their scores; how many are new, and how many had another.
pub fn add_members(
    ctx: &mut Ctx,
    key: &[u8],
    pairs: &[(Score, &[u8])],
    only: Only,
) -> Result<(usize, usize)> {
    let limits = ctx.limits();
    ctx.edit(key, Event::ZAdd, |zset: &mut ZSet| {
        let (mut new, mut moved) = (0, 0);
        for (score, member) in pairs {
            match zset.add(member, *score, only, &limits) {
                Added::New => new += 1,
                Added::Moved => moved += 1,
                Added::Kept => {}
            }
        }
        Edit::when(new + moved > 0, (new, moved))
    })
}

/// What stands between the key of ZADD and its first score.
struct AddOptions {
    only: Only,
    /// CH: members that moved count as well as new ones.
    counts_moved: bool,
    /// INCR: ZADD does what ZINCRBY does.
    increments: bool,
}

impl AddOptions {
    /// Reads the options, and checks that scores and members follow in pairs.
    fn read(args: &mut Args) -> Result<AddOptions> {
        let (mut absent, mut present, mut greater, mut less) = (false, false, false, false);
        let (mut counts_moved, mut increments) = (false, false);
        loop {
            if args.word("NX") {
                absent = true;
            } else if args.word("XX") {
                present = true;
            } else if args.word("GT") {
                greater = true;
            } else if args.word("LT") {
                less = true;
            } else if args.word("CH") {
                counts_moved = true;
            } else if args.word("INCR") {
                increments = true;
            } else {
                break;
            }
        }
        if args.is_done() || args.left() % 2 == 1 {
            return Err(Error::Syntax);
        }
        let only = match (absent, present, greater, less) {
            (true, true, ..) => return Err(Error::Said(NX_AND_XX)),
            (true, _, true, _) | (true, _, _, true) | (_, _, true, true) => {
                return Err(Error::Said(GT_LT_AND_NX));
            }
            (true, ..) => Only::Absent,
            (_, true, true, _) => Only::PresentAndGreater,
            (_, true, _, true) => Only::PresentAndLess,
            (_, true, ..) => Only::Present,
            (_, _, true, _) => Only::Greater,
            (_, _, _, true) => Only::Less,
            _ => Only::Any,
        };
        if increments && args.left() > 2 {
            return Err(Error::Said(INCR_OF_ONE));
        }
        Ok(AddOptions {
            only,
            counts_moved,
            increments,
        })
    }
}

fn zincrby(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, step, member) = (args.bytes()?, args.score()?, args.bytes()?);
    let score = increment(ctx, key, member, step, Only::Any)?;
    Ok(score.map_or(Reply::Null, |score| Reply::Double(score.get())))
}

/// Adds to the score of a member, a new one starting from 0. Nothing where `only` is against it.
fn increment(
    ctx: &mut Ctx,
    key: &[u8],
    member: &[u8],
    step: Score,
    only: Only,
) -> Result<Option<Score>> {
    let limits = ctx.limits();
    ctx.edit(key, Event::ZIncr, |zset: &mut ZSet| {
        let old = zset.score(member);
        let Some(new) = Score::new(old.unwrap_or_default().get() + step.get()) else {
            // inf and -inf met, so the member is there, and NX has nothing to do.
            let nothing_to_do = only == Only::Absent;
            return Edit::Kept(if nothing_to_do {
                Ok(None)
            } else {
                Err(Error::NotANumber)
            });
        };
        let added = zset.add(member, new, only, &limits);
        let answer = only.allows(old, new).then_some(new);
        Edit::when(added != Added::Kept, Ok(answer))
    })?
}

fn zrem(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, members) = (args.bytes()?, args.rest());
    let removed = ctx.edit(key, Event::ZRem, |zset: &mut ZSet| {
        let removed = members
            .iter()
            .filter(|member| zset.remove(member).is_some())
            .count();
        Edit::when(removed > 0, removed)
    })?;
    Ok(Reply::count(removed))
}

fn zcard(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let zset = ctx.read::<ZSet>(args.bytes()?)?;
    Ok(Reply::count(zset.map_or(0, ZSet::len)))
}

fn zscore(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, member) = (args.bytes()?, args.bytes()?);
    Ok(score_or_null(ctx.read::<ZSet>(key)?, member))
}

fn zmscore(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, members) = (args.bytes()?, args.rest());
    let zset = ctx.read::<ZSet>(key)?;
    let scores = members.iter().map(|member| score_or_null(zset, member));
    Ok(Reply::Array(scores.collect()))
}

fn score_or_null(zset: Option<&ZSet>, member: &[u8]) -> Reply {
    let score = zset.and_then(|zset| zset.score(member));
    score.map_or(Reply::Null, |score| Reply::Double(score.get()))
}

fn zrank(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    rank(ctx, args, |rank, _| rank)
}

fn zrevrank(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    rank(ctx, args, |rank, len| len - 1 - rank)
}

/// `counted` makes the rank that is answered of the one counted from the lowest score.
fn rank(ctx: &mut Ctx, args: &mut Args, counted: impl Fn(usize, usize) -> usize) -> Result<Reply> {
    let (key, member) = (args.bytes()?, args.bytes()?);
    if args.left() > 1 {
        return Err(Error::Arity {
            name: args.command(),
        });
    }
    let with_score = args.word("WITHSCORE");
    args.end()?;
    let found = ctx.read::<ZSet>(key)?.and_then(|zset| {
        let rank = counted(zset.rank(member)?, zset.len());
        Some((Reply::count(rank), zset.score(member)?))
    });
    Ok(match (found, with_score) {
        (None, false) => Reply::Null,
        (None, true) => Reply::NullArray,
        (Some((rank, _)), false) => rank,
        (Some((rank, score)), true) => Reply::Array(vec![rank, Reply::Double(score.get())]),
    })
}
