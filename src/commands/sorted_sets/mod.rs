//! Sorted sets: members with scores, in order.

mod algebra;
mod pops;
mod ranges;
mod scores;
mod walks;

pub(crate) use scores::add_members;

use alloc::vec::Vec;

use super::bulks;
use super::flags::Flags;
use super::row::{Command, Method, errors, methods, prose};
use super::sample::NOT_SIGNED;
use crate::reply::{Reply, Scored};
use crate::types::{Item, Score};

const READS_FAST: Flags = Flags::READS.and(Flags::FAST);
const WRITES: Flags = Flags::WRITE;
const WRITES_FAST: Flags = WRITES.and(Flags::FAST);
const GROWS: Flags = WRITES.and(Flags::GROWS);
const GROWS_FAST: Flags = GROWS.and(Flags::FAST);

const WRONG_TYPE: &str = "WRONGTYPE";
const SYNTAX: &str = "ERR syntax error";
const NOT_AN_INTEGER: &str = "ERR value is not an integer or out of range";
const NOT_A_FLOAT: &str = "ERR value is not a valid float";
const NOT_A_NUMBER: &str = "ERR resulting score is not a number (NaN)";
const MUST_BE_POSITIVE: &str = "ERR value is out of range, must be positive";
const OUT_OF_RANGE: &str = "ERR value is out of range";
const BAD_CURSOR: &str = "ERR invalid cursor";
const NOT_A_TIMEOUT: &str = "ERR timeout is not a float or out of range";
const NEGATIVE_TIMEOUT: &str = "ERR timeout is negative";
const FAR_TIMEOUT: &str = "ERR timeout is out of range";

const NX_AND_XX: &str = "ERR XX and NX options at the same time are not compatible";
const GT_LT_AND_NX: &str = "ERR GT, LT, and/or NX options at the same time are not compatible";
const INCR_OF_ONE: &str = "ERR INCR option supports a single increment-element pair";
const NOT_A_SCORE_BOUND: &str = "ERR min or max is not a float";
const NOT_A_LEX_BOUND: &str = "ERR min or max not valid string range item";
const LIMIT_OF_RANKS: &str =
    "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
const SCORES_OF_LEX: &str = "ERR syntax error, WITHSCORES not supported in combination with BYLEX";
const NOT_A_WEIGHT: &str = "ERR weight value is not a float";
const NEGATIVE_LIMIT: &str = "ERR LIMIT can't be negative";
const FEW_KEYS: &str = "ERR numkeys should be greater than 0";
const FEW_TO_POP: &str = "ERR count should be greater than 0";
/// A member and its score, as replies.
fn pair((member, score): (Item<'_>, Score)) -> (Reply, Reply) {
    (Reply::Bulk(member.to_vec()), Reply::Double(score.get()))
}

fn named<'m>(members: impl Iterator<Item = (Item<'m>, Score)>) -> Reply {
    let count = members.size_hint().0;
    Reply::Bulks(bulks(count, members.map(|(member, _)| member)))
}

fn scored<'m>(members: impl Iterator<Item = (Item<'m>, Score)>) -> Reply {
    let count = members.size_hint().0;
    let mut scores = Vec::with_capacity(count);
    let members = members.map(|(member, score)| {
        scores.push(score.get());
        member
    });
    let members = bulks(count, members);
    Reply::Scored(Scored { members, scores })
}

pub(super) const ROWS: &[Command] = &[
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
        run: scores::zadd,
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
        run: scores::zincrby,
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
        run: scores::zrem,
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
        run: scores::zcard,
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
        run: scores::zscore,
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
        run: scores::zmscore,
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
        run: scores::zrank,
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
        run: scores::zrevrank,
    },
    Command {
        name: "ZRANGE",
        usage: "key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]",
        summary: prose("Answers members by rank, by score or by bytes, from either end."),
        complexity: prose("O(log N + M) for M members answered, N being the size of the set"),
        group: "sorted-set",
        since: "1.2.0",
        flags: Flags::READS,
        errors: errors(&[
            WRONG_TYPE,
            SYNTAX,
            NOT_AN_INTEGER,
            NOT_A_SCORE_BOUND,
            NOT_A_LEX_BOUND,
            LIMIT_OF_RANKS,
            SCORES_OF_LEX,
        ]),
        methods: methods(&[
            Method::new(
                "zRange",
                "key, min: Value, max: Value, options?: ZRangeOptions",
                "Text[]",
            ),
            Method::new(
                "zRangeWithScores",
                "key, min: Value, max: Value, options?: ZRangeOptions",
                "ScoredMember<Text>[]",
            )
            .sending("key min max options WITHSCORES"),
        ]),
        run: ranges::zrange,
    },
    Command {
        name: "ZRANGESTORE",
        usage: "dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]",
        summary: prose("Keeps members by rank, by score or by bytes under another key."),
        complexity: prose("O(log N + M) for M members kept, N being the size of the set"),
        group: "sorted-set",
        since: "6.2.0",
        flags: GROWS,
        errors: errors(&[
            WRONG_TYPE,
            SYNTAX,
            NOT_AN_INTEGER,
            NOT_A_SCORE_BOUND,
            NOT_A_LEX_BOUND,
            LIMIT_OF_RANKS,
        ]),
        methods: methods(&[Method::new(
            "zRangeStore",
            "destination, source, min: Value, max: Value, options?: ZRangeOptions",
            "number",
        )]),
        run: ranges::zrangestore,
    },
    Command {
        name: "ZRANGEBYSCORE",
        usage: "key min max [WITHSCORES] [LIMIT offset count]",
        summary: prose("Answers members by score, the lowest first."),
        complexity: prose("O(log N + M) for M members answered, N being the size of the set"),
        group: "sorted-set",
        since: "1.0.5",
        flags: Flags::READS,
        errors: errors(&[WRONG_TYPE, SYNTAX, NOT_AN_INTEGER, NOT_A_SCORE_BOUND]),
        methods: methods(&[
            Method::new(
                "zRangeByScore",
                "key, min: Value, max: Value, options?: ZRangeLimit",
                "Text[]",
            ),
            Method::new(
                "zRangeByScoreWithScores",
                "key, min: Value, max: Value, options?: ZRangeLimit",
                "ScoredMember<Text>[]",
            )
            .sending("key min max options WITHSCORES"),
        ]),
        run: ranges::zrangebyscore,
    },
    Command {
        name: "ZRANGEBYLEX",
        usage: "key min max [LIMIT offset count]",
        summary: prose("Answers members of one score by bytes, the lowest first."),
        complexity: prose("O(log N + M) for M members answered, N being the size of the set"),
        group: "sorted-set",
        since: "2.8.9",
        flags: Flags::READS,
        errors: errors(&[
            WRONG_TYPE,
            SYNTAX,
            NOT_AN_INTEGER,
            NOT_A_LEX_BOUND,
            SCORES_OF_LEX,
        ]),
        methods: methods(&[Method::new(
            "zRangeByLex",
            "key, min, max, options?: ZRangeLimit",
            "Text[]",
        )]),
        run: ranges::zrangebylex,
    },
    Command {
        name: "ZREVRANGE",
        usage: "key start stop [WITHSCORES]",
        summary: prose("Answers members by rank, the highest score being first."),
        complexity: prose("O(log N + M) for M members answered, N being the size of the set"),
        group: "sorted-set",
        since: "1.2.0",
        flags: Flags::READS,
        errors: errors(&[WRONG_TYPE, SYNTAX, NOT_AN_INTEGER, LIMIT_OF_RANKS]),
        methods: &[],
        run: ranges::zrevrange,
    },
    Command {
        name: "ZREVRANGEBYSCORE",
        usage: "key max min [WITHSCORES] [LIMIT offset count]",
        summary: prose("Answers members by score, the highest first."),
        complexity: prose("O(log N + M) for M members answered, N being the size of the set"),
        group: "sorted-set",
        since: "2.2.0",
        flags: Flags::READS,
        errors: errors(&[WRONG_TYPE, SYNTAX, NOT_AN_INTEGER, NOT_A_SCORE_BOUND]),
        methods: &[],
        run: ranges::zrevrangebyscore,
    },
    Command {
        name: "ZREVRANGEBYLEX",
        usage: "key max min [LIMIT offset count]",
        summary: prose("Answers members of one score by bytes, the highest first."),
        complexity: prose("O(log N + M) for M members answered, N being the size of the set"),
        group: "sorted-set",
        since: "2.8.9",
        flags: Flags::READS,
        errors: errors(&[
            WRONG_TYPE,
            SYNTAX,
            NOT_AN_INTEGER,
            NOT_A_LEX_BOUND,
            SCORES_OF_LEX,
        ]),
        methods: &[],
        run: ranges::zrevrangebylex,
    },
    Command {
        name: "ZCOUNT",
        usage: "key min max",
        summary: prose("Counts members by score."),
        complexity: prose("O(log N), N being the size of the set"),
        group: "sorted-set",
        since: "2.0.0",
        flags: READS_FAST,
        errors: errors(&[WRONG_TYPE, NOT_A_SCORE_BOUND]),
        methods: methods(&[Method::new(
            "zCount",
            "key, min: Value, max: Value",
            "number",
        )]),
        run: ranges::zcount,
    },
    Command {
        name: "ZLEXCOUNT",
        usage: "key min max",
        summary: prose("Counts members of one score by bytes."),
        complexity: prose("O(log N), N being the size of the set"),
        group: "sorted-set",
        since: "2.8.9",
        flags: READS_FAST,
        errors: errors(&[WRONG_TYPE, NOT_A_LEX_BOUND]),
        methods: methods(&[Method::new("zLexCount", "key, min, max", "number")]),
        run: ranges::zlexcount,
    },
    Command {
        name: "ZREMRANGEBYRANK",
        usage: "key start stop",
        summary: prose("Removes members by rank."),
        complexity: prose("O(M log N) for M members removed, N being the size of the set"),
        group: "sorted-set",
        since: "2.0.0",
        flags: WRITES.and(Flags::ONE_EDIT),
        errors: errors(&[WRONG_TYPE, NOT_AN_INTEGER]),
        methods: methods(&[Method::new(
            "zRemRangeByRank",
            "key, start: number, stop: number",
            "number",
        )]),
        run: ranges::zremrangebyrank,
    },
    Command {
        name: "ZREMRANGEBYSCORE",
        usage: "key min max",
        summary: prose("Removes members by score."),
        complexity: prose("O(M log N) for M members removed, N being the size of the set"),
        group: "sorted-set",
        since: "1.2.0",
        flags: WRITES.and(Flags::ONE_EDIT),
        errors: errors(&[WRONG_TYPE, NOT_A_SCORE_BOUND]),
        methods: methods(&[Method::new(
            "zRemRangeByScore",
            "key, min: Value, max: Value",
            "number",
        )]),
        run: ranges::zremrangebyscore,
    },
    Command {
        name: "ZREMRANGEBYLEX",
        usage: "key min max",
        summary: prose("Removes members of one score by bytes."),
        complexity: prose("O(M log N) for M members removed, N being the size of the set"),
        group: "sorted-set",
        since: "2.8.9",
        flags: WRITES.and(Flags::ONE_EDIT),
        errors: errors(&[WRONG_TYPE, NOT_A_LEX_BOUND]),
        methods: methods(&[Method::new(
            "zRemRangeByLex",
            "key, min: Value, max: Value",
            "number",
        )]),
        run: ranges::zremrangebylex,
    },
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
        run: pops::zpopmin,
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
        run: pops::zpopmax,
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
        run: pops::bzpopmin,
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
        run: pops::bzpopmax,
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
        run: pops::zmpop,
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
        run: pops::bzmpop,
    },
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
        run: algebra::zunion,
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
        run: algebra::zunionstore,
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
        run: algebra::zinter,
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
        run: algebra::zinterstore,
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
        run: algebra::zintercard,
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
        run: algebra::zdiff,
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
        run: algebra::zdiffstore,
    },
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
        run: walks::zrandmember,
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
        run: walks::zscan,
    },
];
