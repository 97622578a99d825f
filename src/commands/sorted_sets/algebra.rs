//! Unions, intersections and differences, of sorted sets and plain sets alike.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{GROWS, NOT_AN_INTEGER, SYNTAX, WRONG_TYPE, named, scored};
use crate::commands::Args;
use crate::commands::flags::Flags;
use crate::commands::order::{by_size, sorted};
use crate::commands::row::{Command, Method, errors, methods, prose};
use crate::db::{Ctx, Event, Standing, Ttl};
use crate::error::{Error, Result};
use crate::reply::Reply;
use crate::types::{self, Item, Score, SeededMap, ValueRef, ZSet, number};

const NOT_A_WEIGHT: &str = "ERR weight value is not a float";
const NEGATIVE_LIMIT: &str = "ERR LIMIT can't be negative";

pub(in crate::commands) const ROWS: &[Command] = &[
    Command {
        name: "ZUNION",
        usage: "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]",
        summary: prose("Answers the members of any of several sets."),
        complexity: prose("O(N + M log M) for N members in all and M answered"),
        group: "sorted-set",
        since: "6.2.0",
        flags: Flags::READS.and(Flags::MOVABLE_KEYS),
        errors: errors(&[
            WRONG_TYPE,
            SYNTAX,
            NOT_AN_INTEGER,
            "ERR at least 1 input key is needed for 'zunion' command",
            NOT_A_WEIGHT,
        ]),
        methods: methods(&[
            Method::new(
                "zUnion",
                "keys: WeightedKeys, options?: ZAggregateOptions",
                "Text[]",
            ),
            Method::new(
                "zUnionWithScores",
                "keys: WeightedKeys, options?: ZAggregateOptions",
                "ScoredMember<Text>[]",
            )
            .sending("keys options WITHSCORES"),
        ]),
        run: zunion,
    },
    Command {
        name: "ZUNIONSTORE",
        usage: "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]",
        summary: prose("Keeps the members of any of several sets under another key."),
        complexity: prose("O(N + M log M) for N members in all and M kept"),
        group: "sorted-set",
        since: "2.0.0",
        flags: GROWS.and(Flags::MOVABLE_KEYS),
        errors: errors(&[
            WRONG_TYPE,
            SYNTAX,
            NOT_AN_INTEGER,
            "ERR at least 1 input key is needed for 'zunionstore' command",
            NOT_A_WEIGHT,
        ]),
        methods: methods(&[Method::new(
            "zUnionStore",
            "destination, keys: WeightedKeys, options?: ZAggregateOptions",
            "number",
        )]),
        run: zunionstore,
    },
    Command {
        name: "ZINTER",
        usage: "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]",
        summary: prose("Answers the members that are in all of several sets."),
        complexity: prose("O(N K + M log M) for K sets, N members in the smallest and M answered"),
        group: "sorted-set",
        since: "6.2.0",
        flags: Flags::READS.and(Flags::MOVABLE_KEYS),
        errors: errors(&[
            WRONG_TYPE,
            SYNTAX,
            NOT_AN_INTEGER,
            "ERR at least 1 input key is needed for 'zinter' command",
            NOT_A_WEIGHT,
        ]),
        methods: methods(&[
            Method::new(
                "zInter",
                "keys: WeightedKeys, options?: ZAggregateOptions",
                "Text[]",
            ),
            Method::new(
                "zInterWithScores",
                "keys: WeightedKeys, options?: ZAggregateOptions",
                "ScoredMember<Text>[]",
            )
            .sending("keys options WITHSCORES"),
        ]),
        run: zinter,
    },
    Command {
        name: "ZINTERSTORE",
        usage: "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]",
        summary: prose("Keeps the members that are in all of several sets under another key."),
        complexity: prose("O(N K + M log M) for K sets, N members in the smallest and M kept"),
        group: "sorted-set",
        since: "2.0.0",
        flags: GROWS.and(Flags::MOVABLE_KEYS),
        errors: errors(&[
            WRONG_TYPE,
            SYNTAX,
            NOT_AN_INTEGER,
            "ERR at least 1 input key is needed for 'zinterstore' command",
            NOT_A_WEIGHT,
        ]),
        methods: methods(&[Method::new(
            "zInterStore",
            "destination, keys: WeightedKeys, options?: ZAggregateOptions",
            "number",
        )]),
        run: zinterstore,
    },
    Command {
        name: "ZINTERCARD",
        usage: "numkeys key [key ...] [LIMIT limit]",
        summary: prose("Counts the members that are in all of several sets."),
        complexity: prose("O(N K) for K sets and N members in the smallest"),
        group: "sorted-set",
        since: "7.0.0",
        flags: Flags::READS.and(Flags::MOVABLE_KEYS),
        errors: errors(&[
            WRONG_TYPE,
            SYNTAX,
            NOT_AN_INTEGER,
            "ERR at least 1 input key is needed for 'zintercard' command",
            NEGATIVE_LIMIT,
        ]),
        methods: methods(&[Method::new(
            "zInterCard",
            "keys: Numbered, limit?: LimitOption",
            "number",
        )]),
        run: zintercard,
    },
    Command {
        name: "ZDIFF",
        usage: "numkeys key [key ...] [WITHSCORES]",
        summary: prose("Answers the members of the first set that are in none of the others."),
        complexity: prose("O(N K + M log M) for K sets, N members in the first and M answered"),
        group: "sorted-set",
        since: "6.2.0",
        flags: Flags::READS.and(Flags::MOVABLE_KEYS),
        errors: errors(&[
            WRONG_TYPE,
            SYNTAX,
            NOT_AN_INTEGER,
            "ERR at least 1 input key is needed for 'zdiff' command",
        ]),
        methods: methods(&[
            Method::new("zDiff", "keys: Numbered", "Text[]"),
            Method::new("zDiffWithScores", "keys: Numbered", "ScoredMember<Text>[]")
                .sending("keys WITHSCORES"),
        ]),
        run: zdiff,
    },
    Command {
        name: "ZDIFFSTORE",
        usage: "destination numkeys key [key ...]",
        summary: prose(
            "Keeps the members of the first set that are in none of the others under another key.",
        ),
        complexity: prose("O(N K + M log M) for K sets, N members in the first and M kept"),
        group: "sorted-set",
        since: "6.2.0",
        flags: GROWS.and(Flags::MOVABLE_KEYS),
        errors: errors(&[
            WRONG_TYPE,
            SYNTAX,
            NOT_AN_INTEGER,
            "ERR at least 1 input key is needed for 'zdiffstore' command",
        ]),
        methods: methods(&[Method::new(
            "zDiffStore",
            "destination, keys: Numbered",
            "number",
        )]),
        run: zdiffstore,
    },
];

/// How a member that comes several times gets one score.
#[derive(Debug, Clone, Copy)]
enum Aggregate {
    Sum,
    Min,
    Max,
}

impl Aggregate {
    /// `other` may be NaN (0 times inf): then a sum is 0, and the least and the greatest are `one`.
    fn of(self, one: f64, other: f64) -> f64 {
        match self {
            Aggregate::Sum => zero_if_nan(one + other),
            Aggregate::Min => one.min(other),
            Aggregate::Max => one.max(other),
        }
    }
}

/// inf and -inf, and 0 times inf, are 0 here, as in Redis.
fn zero_if_nan(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

/// Two or more sets, and how to put them together.
struct Terms<'a> {
    keys: &'a [&'a [u8]],
    /// One per key; none where all are 1.
    weights: Vec<f64>,
    aggregate: Aggregate,
    with_scores: bool,
}

/// Which options a command has.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Options {
    weights: bool,
    scores: bool,
}

const ANSWERED: Options = Options {
    weights: true,
    scores: true,
};
const STORED: Options = Options {
    weights: true,
    scores: false,
};
const ANSWERED_DIFF: Options = Options {
    weights: false,
    scores: true,
};
const STORED_DIFF: Options = Options {
    weights: false,
    scores: false,
};

impl<'a> Terms<'a> {
    fn read(ctx: &mut Ctx, args: &mut Args<'a>, options: Options) -> Result<Terms<'a>> {
        let keys = read_keys(ctx, args)?;
        let mut terms = Terms {
            keys,
            weights: Vec::new(),
            aggregate: Aggregate::Sum,
            with_scores: false,
        };
        while !args.is_done() {
            if options.weights && args.left() > keys.len() && args.word("WEIGHTS") {
                terms.weights = read_weights(args, keys.len())?;
            } else if options.weights && args.left() > 1 && args.word("AGGREGATE") {
                terms.aggregate = read_aggregate(args)?;
            } else if options.scores && args.word("WITHSCORES") {
                terms.with_scores = true;
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(terms)
    }

    /// The sets, the smallest first, each with its weight. Redis adds scores in this order too, and
    /// so the last digits of a sum are the same.
    fn by_size<'c>(&self, ctx: &'c Ctx) -> Result<Vec<(Source<'c>, f64)>> {
        let weights = self.weights.iter().copied().chain(core::iter::repeat(1.0));
        let mut sources = Vec::with_capacity(self.keys.len());
        for (key, weight) in self.keys.iter().zip(weights) {
            sources.push((Source::under(ctx, key)?, weight));
        }
        Ok(by_size(sources, |(source, _)| source.len()))
    }

    fn reply(&self, members: Members) -> Reply {
        let members = sorted(members, |one, other| {
            (one.1, &one.0).cmp(&(other.1, &other.0))
        });
        let members = members
            .iter()
            .map(|(member, score)| (Item::from(member), *score));
        if self.with_scores {
            scored(members)
        } else {
            named(members)
        }
    }
}

/// `numkeys key [key ...]`: that they are sets is checked before any option is read, as in Redis.
fn read_keys<'a>(ctx: &mut Ctx, args: &mut Args<'a>) -> Result<&'a [&'a [u8]]> {
    let no_keys = Error::SaidOf(format!(
        "ERR at least 1 input key is needed for '{}' command",
        args.command()
    ));
    let keys = args.numbered_keys(no_keys)?;
    for key in keys {
        ctx.touch(key);
        Source::under(ctx, key)?;
    }
    Ok(keys)
}

fn read_weights(args: &mut Args, keys: usize) -> Result<Vec<f64>> {
    let not_a_weight = |_| Error::Said(NOT_A_WEIGHT);
    (0..keys)
        .map(|_| args.float().map_err(not_a_weight))
        .collect()
}

fn read_aggregate(args: &mut Args) -> Result<Aggregate> {
    if args.word("SUM") {
        Ok(Aggregate::Sum)
    } else if args.word("MIN") {
        Ok(Aggregate::Min)
    } else if args.word("MAX") {
        Ok(Aggregate::Max)
    } else {
        Err(Error::Syntax)
    }
}

/// A set of either kind; the members of a plain one have the score 1.
#[derive(Clone, Copy)]
enum Source<'c> {
    Missing,
    Plain(types::Members<'c>),
    Sorted(&'c ZSet),
}

impl<'c> Source<'c> {
    fn under(ctx: &'c Ctx, key: &[u8]) -> Result<Source<'c>> {
        match ctx.look(key).map(Standing::value) {
            None => Ok(Source::Missing),
            Some(ValueRef::Set(set)) => Ok(Source::Plain(set)),
            Some(ValueRef::ZSet(zset)) => Ok(Source::Sorted(zset)),
            Some(_) => Err(Error::WrongType),
        }
    }

    fn len(self) -> usize {
        match self {
            Source::Missing => 0,
            Source::Plain(set) => set.len(),
            Source::Sorted(zset) => zset.len(),
        }
    }

    fn score(self, member: &[u8]) -> Option<f64> {
        match self {
            Source::Missing => None,
            Source::Plain(set) => set.contains(member).then_some(1.0),
            Source::Sorted(zset) => zset.score(member).map(Score::get),
        }
    }

    fn members(self) -> Box<dyn Iterator<Item = (Item<'c>, f64)> + 'c> {
        match self {
            Source::Missing => Box::new(core::iter::empty()),
            Source::Plain(set) => Box::new(set.iter().map(|member| (member, 1.0))),
            Source::Sorted(zset) => {
                Box::new(zset.iter().map(|(member, score)| (member, score.get())))
            }
        }
    }
}

/// What a combination came to, in no order, each member once.
type Members = Vec<(Vec<u8>, Score)>;

fn member(bytes: Vec<u8>, score: f64) -> (Vec<u8>, Score) {
    let score = Score::new(score).expect("a NaN was made 0 where it could come up");
    (bytes, score)
}

/// O(N) for N members in all.
fn union(ctx: &Ctx, terms: &Terms) -> Result<Members> {
    let mut scores: SeededMap<Vec<u8>, f64> = SeededMap::with_hasher(ctx.limits().seed);
    for (source, weight) in terms.by_size(ctx)? {
        for (member, score) in source.members() {
            let score = zero_if_nan(score * weight);
            scores
                .entry(member.to_vec())
                .and_modify(|sum| *sum = terms.aggregate.of(*sum, score))
                .or_insert(score);
        }
    }
    let members = scores
        .into_iter()
        .map(|(bytes, score)| member(bytes, score));
    Ok(members.collect())
}

/// O(N K) for N members of the smallest of K sets.
fn intersection(ctx: &Ctx, terms: &Terms) -> Result<Members> {
    let sources = terms.by_size(ctx)?;
    let Some(((smallest, weight), others)) = sources.split_first() else {
        return Ok(Vec::new());
    };
    let mut digits = itoa::Buffer::new();
    let common = smallest.members().filter_map(|(item, score)| {
        let bytes = item.bytes_in(&mut digits);
        let first = Some(zero_if_nan(score * weight));
        let score = others.iter().fold(first, |sum, (other, weight)| {
            Some(terms.aggregate.of(sum?, other.score(bytes)? * weight))
        })?;
        Some(member(bytes.to_vec(), score))
    });
    Ok(common.collect())
}

/// O(N K) for N members of the first of K sets.
fn difference(ctx: &Ctx, terms: &Terms) -> Result<Members> {
    let mut sources = Vec::with_capacity(terms.keys.len());
    for key in terms.keys {
        sources.push(Source::under(ctx, key)?);
    }
    let Some((first, others)) = sources.split_first() else {
        return Ok(Vec::new());
    };
    let mut digits = itoa::Buffer::new();
    let left = first.members().filter_map(|(item, score)| {
        let bytes = item.bytes_in(&mut digits);
        let elsewhere = others.iter().any(|other| other.score(bytes).is_some());
        (!elsewhere).then(|| member(bytes.to_vec(), score))
    });
    Ok(left.collect())
}

type Combine = fn(&Ctx, &Terms) -> Result<Members>;

fn answer(ctx: &mut Ctx, args: &mut Args, options: Options, combine: Combine) -> Result<Reply> {
    let terms = Terms::read(ctx, args, options)?;
    Ok(terms.reply(combine(ctx, &terms)?))
}

fn store(
    ctx: &mut Ctx,
    args: &mut Args,
    options: Options,
    (combine, event): (Combine, Event),
) -> Result<Reply> {
    let destination = args.bytes()?;
    let terms = Terms::read(ctx, args, options)?;
    let members = combine(ctx, &terms)?;
    let pairs = members.iter().map(|(member, score)| (member, *score));
    let zset = ZSet::from_pairs(pairs, &ctx.limits()).expect("each member once");
    ctx.put(destination, event, zset, Ttl::Clear);
    Ok(Reply::count(members.len()))
}

fn zunion(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    answer(ctx, args, ANSWERED, union)
}

fn zinter(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    answer(ctx, args, ANSWERED, intersection)
}

fn zdiff(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    answer(ctx, args, ANSWERED_DIFF, difference)
}

fn zunionstore(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    store(ctx, args, STORED, (union, Event::ZUnionStore))
}

fn zinterstore(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    store(ctx, args, STORED, (intersection, Event::ZInterStore))
}

fn zdiffstore(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    store(ctx, args, STORED_DIFF, (difference, Event::ZDiffStore))
}

fn zintercard(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let keys = read_keys(ctx, args)?;
    let most = read_limit(args)?;
    let mut sources = Vec::with_capacity(keys.len());
    for key in keys {
        sources.push(Source::under(ctx, key)?);
    }
    let sources = by_size(sources, |source| source.len());
    let Some((smallest, others)) = sources.split_first() else {
        return Ok(Reply::count(0));
    };
    let mut digits = itoa::Buffer::new();
    let common = smallest.members().filter(|(item, _)| {
        let bytes = item.bytes_in(&mut digits);
        others.iter().all(|other| other.score(bytes).is_some())
    });
    Ok(Reply::count(common.take(most).count()))
}

/// `[LIMIT limit]`, of which 0 is none.
fn read_limit(args: &mut Args) -> Result<usize> {
    let mut limit = 0;
    while !args.is_done() {
        if args.left() < 2 || !args.word("LIMIT") {
            return Err(Error::Syntax);
        }
        // Redis has these words for what is no integer, too.
        let number = number::parse_i64(args.bytes()?).filter(|&limit| limit >= 0);
        limit = number.ok_or(Error::Said(NEGATIVE_LIMIT))?;
    }
    Ok(match usize::try_from(limit) {
        Ok(0) | Err(_) => usize::MAX,
        Ok(limit) => limit,
    })
}
