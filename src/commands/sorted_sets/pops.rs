//! Taking members from either end, at once or when there are some.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::{SYNTAX, WRITES, WRITES_FAST, WRONG_TYPE};
use crate::commands::Args;
use crate::commands::args::{amount, owned};
use crate::commands::flags::Flags;
use crate::commands::row::{Command, Method, errors, methods, prose};
use crate::db::{Ctx, Edit, Event};
use crate::error::{Error, Result};
use crate::reply::Reply;
use crate::types::{ZSet, number};

const MUST_BE_POSITIVE: &str = "ERR value is out of range, must be positive";
const NOT_A_TIMEOUT: &str = "ERR timeout is not a float or out of range";
const NEGATIVE_TIMEOUT: &str = "ERR timeout is negative";
const FAR_TIMEOUT: &str = "ERR timeout is out of range";
const FEW_KEYS: &str = "ERR numkeys should be greater than 0";
const FEW_TO_POP: &str = "ERR count should be greater than 0";

pub(in crate::commands) const ROWS: &[Command] = &[
    Command {
        name: "ZPOPMIN",
        usage: "key [count]",
        summary: prose("Takes the members of the lowest scores."),
        complexity: prose("O(M log N) for M members taken, N being the size of the set"),
        group: "sorted-set",
        since: "5.0.0",
        flags: WRITES_FAST.and(Flags::ONE_EDIT),
        errors: errors(&[WRONG_TYPE, SYNTAX, MUST_BE_POSITIVE]),
        methods: methods(&[
            Method::new("zPopMin", "key", "ScoredMember<Text> | null"),
            Method::new("zPopMinCount", "key, count: number", "ScoredMember<Text>[]"),
        ]),
        run: zpopmin,
    },
    Command {
        name: "ZPOPMAX",
        usage: "key [count]",
        summary: prose("Takes the members of the highest scores."),
        complexity: prose("O(M log N) for M members taken, N being the size of the set"),
        group: "sorted-set",
        since: "5.0.0",
        flags: WRITES_FAST.and(Flags::ONE_EDIT),
        errors: errors(&[WRONG_TYPE, SYNTAX, MUST_BE_POSITIVE]),
        methods: methods(&[
            Method::new("zPopMax", "key", "ScoredMember<Text> | null"),
            Method::new("zPopMaxCount", "key, count: number", "ScoredMember<Text>[]"),
        ]),
        run: zpopmax,
    },
    Command {
        name: "BZPOPMIN",
        usage: "key [key ...] timeout",
        summary: prose(
            "Takes the member of the lowest score from the first set that has one, or waits for it.",
        ),
        complexity: prose("O(log N), N being the size of the set"),
        group: "sorted-set",
        since: "5.0.0",
        flags: WRITES_FAST.and(Flags::BLOCKS),
        errors: errors(&[WRONG_TYPE, NOT_A_TIMEOUT, NEGATIVE_TIMEOUT, FAR_TIMEOUT]),
        methods: methods(&[Method::new(
            "bzPopMin",
            "keys: Many<Bytes>, timeout: number",
            "PoppedMember<Text> | null",
        )]),
        run: bzpopmin,
    },
    Command {
        name: "BZPOPMAX",
        usage: "key [key ...] timeout",
        summary: prose(
            "Takes the member of the highest score from the first set that has one, or waits for it.",
        ),
        complexity: prose("O(log N), N being the size of the set"),
        group: "sorted-set",
        since: "5.0.0",
        flags: WRITES_FAST.and(Flags::BLOCKS),
        errors: errors(&[WRONG_TYPE, NOT_A_TIMEOUT, NEGATIVE_TIMEOUT, FAR_TIMEOUT]),
        methods: methods(&[Method::new(
            "bzPopMax",
            "keys: Many<Bytes>, timeout: number",
            "PoppedMember<Text> | null",
        )]),
        run: bzpopmax,
    },
    Command {
        name: "ZMPOP",
        usage: "numkeys key [key ...] <MIN | MAX> [COUNT count]",
        summary: prose("Takes members from one end of the first set that has any."),
        complexity: prose(
            "O(K + M log N) for K keys and M members taken, N being the size of the set",
        ),
        group: "sorted-set",
        since: "7.0.0",
        flags: WRITES.and(Flags::MOVABLE_KEYS),
        errors: errors(&[WRONG_TYPE, SYNTAX, FEW_KEYS, FEW_TO_POP]),
        methods: methods(&[Method::new(
            "zmPop",
            "keys: Numbered, side: SortedSetSide, options?: CountOption",
            "PoppedMembers<Text> | null",
        )]),
        run: zmpop,
    },
    Command {
        name: "BZMPOP",
        usage: "timeout numkeys key [key ...] <MIN | MAX> [COUNT count]",
        summary: prose(
            "Takes members from one end of the first set that has any, or waits for them.",
        ),
        complexity: prose(
            "O(K + M log N) for K keys and M members taken, N being the size of the set",
        ),
        group: "sorted-set",
        since: "7.0.0",
        flags: WRITES.and(Flags::BLOCKS).and(Flags::MOVABLE_KEYS),
        errors: errors(&[
            WRONG_TYPE,
            SYNTAX,
            FEW_KEYS,
            FEW_TO_POP,
            NOT_A_TIMEOUT,
            NEGATIVE_TIMEOUT,
            FAR_TIMEOUT,
        ]),
        methods: methods(&[Method::new(
            "bzmPop",
            "timeout: number, keys: Numbered, side: SortedSetSide, options?: CountOption",
            "PoppedMembers<Text> | null",
        )]),
        run: bzmpop,
    },
];

/// From which end of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Min,
    Max,
}

impl End {
    fn read(args: &mut Args) -> Result<End> {
        if args.word("MIN") {
            Ok(End::Min)
        } else if args.word("MAX") {
            Ok(End::Max)
        } else {
            Err(Error::Syntax)
        }
    }

    fn event(self) -> Event {
        match self {
            End::Min => Event::ZPopMin,
            End::Max => Event::ZPopMax,
        }
    }

    /// The command that pops from this end and never waits.
    fn command(self) -> &'static str {
        match self {
            End::Min => "ZPOPMIN",
            End::Max => "ZPOPMAX",
        }
    }
}

/// Members with their scores.
type Pairs = Vec<(Reply, Reply)>;

/// Takes at most `count` members; those from the end are first. None where there is no such key.
fn pop(ctx: &mut Ctx, key: &[u8], end: End, count: usize) -> Result<Pairs> {
    ctx.edit(key, end.event(), |zset: &mut ZSet| {
        let (len, count) = (zset.len(), count.min(zset.len()));
        let ranks = match end {
            End::Min => 0..count,
            End::Max => len - count..len,
        };
        let mut popped: Vec<_> = zset.range(ranks.clone()).map(super::pair).collect();
        if end == End::Max {
            popped.reverse();
        }
        zset.remove_range(ranks);
        Edit::when(count > 0, popped)
    })
}

/// Takes from the first of the keys that has members.
fn pop_first<'k>(
    ctx: &mut Ctx,
    keys: &[&'k [u8]],
    end: End,
    count: usize,
) -> Result<Option<(&'k [u8], Pairs)>> {
    for key in keys {
        let popped = pop(ctx, key, end, count)?;
        if !popped.is_empty() {
            return Ok(Some((key, popped)));
        }
    }
    Ok(None)
}

fn zpopmin(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    pop_one_key(ctx, args, End::Min)
}

fn zpopmax(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    pop_one_key(ctx, args, End::Max)
}

fn pop_one_key(ctx: &mut Ctx, args: &mut Args, end: End) -> Result<Reply> {
    let key = args.bytes()?;
    if args.left() > 1 {
        return Err(Error::Syntax);
    }
    if args.is_done() {
        let popped = pop(ctx, key, end, 1)?;
        return Ok(Reply::Array(in_turn(popped)));
    }
    let count = number::parse_i64(args.bytes()?).and_then(|count| u64::try_from(count).ok());
    let count = amount(count.ok_or(Error::MustBePositive)?);
    let popped = pop(ctx, key, end, count)?;
    Ok(Reply::Pairs(popped))
}

fn in_turn(popped: Pairs) -> Vec<Reply> {
    let both = |(member, score)| [member, score];
    popped.into_iter().flat_map(both).collect()
}

fn bzpopmin(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    pop_or_wait(ctx, args, End::Min)
}

fn bzpopmax(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    pop_or_wait(ctx, args, End::Max)
}

fn pop_or_wait(ctx: &mut Ctx, args: &mut Args, end: End) -> Result<Reply> {
    let keys = args.take(args.left() - 1)?;
    let until_ms = args.timeout(ctx.now_ms())?;
    let Some((key, popped)) = pop_first(ctx, keys, end, 1)? else {
        ctx.block(owned(keys), until_ms);
        return Ok(Reply::NullArray);
    };
    ctx.effect([end.command().as_bytes(), key]);
    let mut answer = vec![Reply::bulk(key)];
    answer.extend(in_turn(popped));
    Ok(Reply::Array(answer))
}

/// What ZMPOP and BZMPOP are asked for: `numkeys key [key ...] <MIN | MAX> [COUNT count]`.
struct Demand<'a> {
    keys: &'a [&'a [u8]],
    end: End,
    count: usize,
}

impl<'a> Demand<'a> {
    fn read(args: &mut Args<'a>) -> Result<Demand<'a>> {
        let keys = at_least_one(args, FEW_KEYS)?;
        let keys = args.take(keys)?;
        let end = End::read(args)?;
        let mut count = 1;
        if args.left() > 1 && args.word("COUNT") {
            count = at_least_one(args, FEW_TO_POP)?;
        }
        args.end()?;
        Ok(Demand { keys, end, count })
    }

    /// Pops, and answers the key with the members; nothing where there are none.
    fn meet(&self, ctx: &mut Ctx) -> Result<Option<Popped<'a>>> {
        let found = pop_first(ctx, self.keys, self.end, self.count)?;
        Ok(found.map(|(key, popped)| {
            let count = popped.len();
            let both = |(member, score)| Reply::Array(vec![member, score]);
            let members = Reply::Array(popped.into_iter().map(both).collect());
            let reply = Reply::Array(vec![Reply::bulk(key), members]);
            Popped { key, count, reply }
        }))
    }
}

struct Popped<'a> {
    key: &'a [u8],
    count: usize,
    reply: Reply,
}

fn at_least_one(args: &mut Args, otherwise: &'static str) -> Result<usize> {
    let number = number::parse_i64(args.bytes()?).filter(|&number| number > 0);
    let number = number.ok_or(Error::Said(otherwise))?;
    Ok(amount(number.unsigned_abs()))
}

fn zmpop(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let popped = Demand::read(args)?.meet(ctx)?;
    Ok(popped.map_or(Reply::NullArray, |popped| popped.reply))
}

fn bzmpop(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    // The timeout stands first and is the last to be complained about.
    let mut timeout = Args::new(args.take(1)?, 0);
    let demand = Demand::read(args)?;
    let until_ms = timeout.timeout(ctx.now_ms())?;
    let Some(popped) = demand.meet(ctx)? else {
        ctx.block(owned(demand.keys), until_ms);
        return Ok(Reply::NullArray);
    };
    let count = popped.count.to_string();
    ctx.effect([
        demand.end.command().as_bytes(),
        popped.key,
        count.as_bytes(),
    ]);
    Ok(popped.reply)
}
