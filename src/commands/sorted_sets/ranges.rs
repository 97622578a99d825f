//! Members by rank, by score and by bytes: the ZRANGE family, counting and removing included.

use alloc::vec::Vec;
use core::ops::{Bound, Range};

use super::{GROWS, NOT_AN_INTEGER, READS_FAST, SYNTAX, WRITES, WRONG_TYPE, named, scored};
use crate::commands::Args;
use crate::commands::flags::Flags;
use crate::commands::row::{Command, Method, errors, methods, prose};
use crate::db::{Ctx, Edit, Event, Ttl};
use crate::error::{Error, Result};
use crate::reply::Reply;
use crate::types::{LexBound, Score, ZSet};

const NOT_A_SCORE_BOUND: &str = "ERR min or max is not a float";
const NOT_A_LEX_BOUND: &str = "ERR min or max not valid string range item";
const LIMIT_OF_RANKS: &str =
    "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
const SCORES_OF_LEX: &str = "ERR syntax error, WITHSCORES not supported in combination with BYLEX";

pub(in crate::commands) const ROWS: &[Command] = &[
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
        run: zrange,
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
        run: zrangestore,
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
        run: zrangebyscore,
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
        run: zrangebylex,
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
        run: zrevrange,
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
        run: zrevrangebyscore,
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
        run: zrevrangebylex,
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
        run: zcount,
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
        run: zlexcount,
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
        run: zremrangebyrank,
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
        run: zremrangebyscore,
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
        run: zremrangebylex,
    },
];

/// What the two bounds of a range are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Rank,
    Score,
    Lex,
}

/// Two bounds that were read, the lower one first.
enum Bounds<'a> {
    /// Negative ranks count from the end of the walk.
    Ranks(i64, i64),
    Scores(Bound<Score>, Bound<Score>),
    Lex(LexBound<'a>, LexBound<'a>),
}

impl<'a> Bounds<'a> {
    fn parse(by: By, min: &'a [u8], max: &'a [u8]) -> Result<Bounds<'a>> {
        let rank = |text| crate::types::number::parse_i64(text).ok_or(Error::NotAnInteger);
        let score = |text| Score::parse_bound(text).ok_or(Error::Said(NOT_A_SCORE_BOUND));
        let lex = |text| LexBound::parse(text).ok_or(Error::Said(NOT_A_LEX_BOUND));
        Ok(match by {
            By::Rank => Bounds::Ranks(rank(min)?, rank(max)?),
            By::Score => Bounds::Scores(score(min)?, score(max)?),
            By::Lex => Bounds::Lex(lex(min)?, lex(max)?),
        })
    }

    /// The ranks between the bounds, those of `Ranks` counted from the lowest score.
    fn ranks(&self, zset: &ZSet) -> Range<usize> {
        match *self {
            Bounds::Ranks(start, stop) => between(start, stop, zset.len()),
            Bounds::Scores(min, max) => zset.score_range(min, max),
            Bounds::Lex(min, max) => zset.lex_range(min, max),
        }
    }
}

/// From `start` to `stop` inclusive, where negative counts from the end, cut to what there is.
fn between(start: i64, stop: i64, len: usize) -> Range<usize> {
    let length = len as i64;
    let from_end = |rank: i64| {
        if rank < 0 {
            rank.saturating_add(length)
        } else {
            rank
        }
    };
    let start = from_end(start).clamp(0, length) as usize;
    let end = from_end(stop).saturating_add(1).clamp(0, length) as usize;
    start..end.max(start)
}

/// LIMIT: how many to leave out, and how many to take; negative takes all.
struct Window {
    offset: i64,
    count: i64,
}

/// What the name of a command leaves open for its options to say.
#[derive(Clone, Copy)]
struct Form {
    by: Option<By>,
    reversed: Option<bool>,
    /// Only what is answered can have scores asked for: what is stored has them.
    may_ask_scores: bool,
}

impl Form {
    const fn of(by: By, reversed: bool) -> Form {
        Form {
            by: Some(by),
            reversed: Some(reversed),
            may_ask_scores: true,
        }
    }

    const OPEN: Form = Form {
        by: None,
        reversed: None,
        may_ask_scores: true,
    };
}

/// What stands behind the bounds, and what the name of the command has said before.
struct Options {
    by: By,
    reversed: bool,
    window: Option<Window>,
    with_scores: bool,
}

impl Options {
    fn read(args: &mut Args, form: Form) -> Result<Options> {
        let (mut by, mut reversed) = (form.by, form.reversed);
        let (mut window, mut with_scores) = (None, false);
        while !args.is_done() {
            if form.may_ask_scores && args.word("WITHSCORES") {
                with_scores = true;
            } else if args.left() > 2 && args.word("LIMIT") {
                let (offset, count) = (args.int()?, args.int()?);
                window = Some(Window { offset, count });
            } else if reversed.is_none() && args.word("REV") {
                reversed = Some(true);
            } else if by.is_none() && args.word("BYSCORE") {
                by = Some(By::Score);
            } else if by.is_none() && args.word("BYLEX") {
                by = Some(By::Lex);
            } else {
                return Err(Error::Syntax);
            }
        }
        let options = Options {
            by: by.unwrap_or(By::Rank),
            reversed: reversed.unwrap_or(false),
            window,
            with_scores,
        };
        options.agreeing()
    }

    /// Fails where two of them contradict each other.
    fn agreeing(mut self) -> Result<Options> {
        // Of ranks, Redis takes a count of -1 for no LIMIT at all.
        let window = self.window.take_if(|_| self.by == By::Rank);
        if window.is_some_and(|window| window.count != -1) {
            return Err(Error::Said(LIMIT_OF_RANKS));
        }
        if self.by == By::Lex && self.with_scores {
            return Err(Error::Said(SCORES_OF_LEX));
        }
        Ok(self)
    }
}

/// Which members a command wants, and in which direction.
struct Selection<'a> {
    bounds: Bounds<'a>,
    options: Options,
}

impl<'a> Selection<'a> {
    /// Reads the two bounds and all options.
    fn read(args: &mut Args<'a>, form: Form) -> Result<Selection<'a>> {
        let (first, second) = (args.bytes()?, args.bytes()?);
        let options = Options::read(args, form)?;
        // Who walks from the highest names the highest first, unless he counts.
        let (min, max) = match options.by {
            By::Score | By::Lex if options.reversed => (second, first),
            _ => (first, second),
        };
        let bounds = Bounds::parse(options.by, min, max)?;
        Ok(Selection { bounds, options })
    }

    /// The ranks that are wanted, counted from the lowest score.
    fn ranks(&self, zset: &ZSet) -> Range<usize> {
        let ranks = self.bounds.ranks(zset);
        let reversed = self.options.reversed;
        match &self.options.window {
            Some(window) => window.of(ranks, reversed),
            None if reversed && self.options.by == By::Rank => {
                zset.len() - ranks.end..zset.len() - ranks.start
            }
            None => ranks,
        }
    }

    fn reply(&self, zset: &ZSet) -> Reply {
        let members = zset.range(self.ranks(zset));
        match (self.options.reversed, self.options.with_scores) {
            (false, false) => named(members),
            (false, true) => scored(members),
            (true, false) => named(members.rev()),
            (true, true) => scored(members.rev()),
        }
    }
}

impl Window {
    /// The part of the ranks that is seen, the walk beginning at their end if it is `reversed`.
    fn of(&self, ranks: Range<usize>, reversed: bool) -> Range<usize> {
        let Ok(offset) = u64::try_from(self.offset) else {
            return ranks.start..ranks.start;
        };
        let skipped = offset.min(ranks.len() as u64) as usize;
        let left = ranks.len() - skipped;
        let taken = u64::try_from(self.count).map_or(left, |count| count.min(left as u64) as usize);
        if reversed {
            ranks.end - skipped - taken..ranks.end - skipped
        } else {
            ranks.start + skipped..ranks.start + skipped + taken
        }
    }
}

fn zrange(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    range(ctx, args, Form::OPEN)
}

fn zrangebyscore(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    range(ctx, args, Form::of(By::Score, false))
}

fn zrangebylex(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    range(ctx, args, Form::of(By::Lex, false))
}

fn zrevrange(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    range(ctx, args, Form::of(By::Rank, true))
}

fn zrevrangebyscore(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    range(ctx, args, Form::of(By::Score, true))
}

fn zrevrangebylex(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    range(ctx, args, Form::of(By::Lex, true))
}

fn range(ctx: &mut Ctx, args: &mut Args, form: Form) -> Result<Reply> {
    let key = args.bytes()?;
    let selection = Selection::read(args, form)?;
    let zset = ctx.read::<ZSet>(key)?;
    Ok(zset.map_or_else(|| named(core::iter::empty()), |zset| selection.reply(zset)))
}

fn zrangestore(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (destination, source) = (args.bytes()?, args.bytes()?);
    let form = Form {
        may_ask_scores: false,
        ..Form::OPEN
    };
    let selection = Selection::read(args, form)?;
    let limits = ctx.limits();
    let chosen = ctx.read::<ZSet>(source)?.map(|zset| {
        let members = zset.range(selection.ranks(zset));
        ZSet::from_pairs(members, &limits).expect("a range holds each member once")
    });
    let chosen = chosen.unwrap_or_default();
    let count = chosen.len();
    ctx.put(destination, Event::ZRangeStore, chosen, Ttl::Clear);
    Ok(Reply::count(count))
}

fn zcount(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    count(ctx, args, By::Score)
}

fn zlexcount(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    count(ctx, args, By::Lex)
}

fn count(ctx: &mut Ctx, args: &mut Args, by: By) -> Result<Reply> {
    let key = args.bytes()?;
    let bounds = Bounds::parse(by, args.bytes()?, args.bytes()?)?;
    let zset = ctx.read::<ZSet>(key)?;
    Ok(Reply::count(
        zset.map_or(0, |zset| bounds.ranks(zset).len()),
    ))
}

fn zremrangebyrank(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    remove(ctx, args, By::Rank, Event::ZRemRangeByRank)
}

fn zremrangebyscore(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    remove(ctx, args, By::Score, Event::ZRemRangeByScore)
}

fn zremrangebylex(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    remove(ctx, args, By::Lex, Event::ZRemRangeByLex)
}

fn remove(ctx: &mut Ctx, args: &mut Args, by: By, event: Event) -> Result<Reply> {
    let key = args.bytes()?;
    let bounds = Bounds::parse(by, args.bytes()?, args.bytes()?)?;
    let (removed, named) = ctx.edit(key, event, |zset: &mut ZSet| {
        let ranks = bounds.ranks(zset);
        let named: Option<Vec<Vec<u8>>> = (by == By::Lex && !is_of_one_score(zset)).then(|| {
            let members = zset.range(ranks.clone());
            members.map(|(member, _)| member.to_vec()).collect()
        });
        zset.remove_range(ranks.clone());
        Edit::when(!ranks.is_empty(), (ranks.len(), named))
    })?;
    if let (1.., Some(members)) = (removed, named) {
        let mut argv: Vec<&[u8]> = vec![b"ZREM", key];
        argv.extend(members.iter().map(Vec::as_slice));
        ctx.effect(argv);
    }
    Ok(Reply::count(removed))
}

/// Whether a range by bytes means something. Elsewhere what it holds hangs on the form of the set, as
/// in Redis, so that the effect has to name the members.
fn is_of_one_score(zset: &ZSet) -> bool {
    let mut ends = zset.iter();
    let (first, last) = (ends.next(), ends.next_back());
    last.is_none_or(|(_, last)| first.is_some_and(|(_, first)| first == last))
}
