//! Hashes: fields with values under a key.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::row::{Command, Method, errors, methods, prose};
use super::sample::{NOT_SIGNED, positions, signed_count};
use super::scan::Scan;
use super::{Args, Flags, bulks};
use crate::db::{Ctx, Edit, Event};
use crate::error::{Error, Result};
use crate::reply::{Bulks, Frame, Reply};
use crate::types::number::LongDouble;
use crate::types::{Fields, Hash, Item};

const READS: Flags = Flags::READS;
const READS_FAST: Flags = Flags::READS.and(Flags::FAST);
const EDITS: Flags = Flags::WRITE.and(Flags::FAST).and(Flags::ONE_EDIT);
const EDITS_AND_GROWS: Flags = EDITS.and(Flags::GROWS);

const WRONG_TYPE: &str = "WRONGTYPE";
const SYNTAX: &str = "ERR syntax error";
const NOT_AN_INTEGER: &str = "ERR value is not an integer or out of range";

pub(super) const ROWS: &[Command] = &[
    Command {
        name: "HSET",
        usage: "key field value [field value ...]",
        summary: prose("Writes fields; answers how many of them are new."),
        complexity: prose("O(N), N being the fields given"),
        group: "hash",
        since: "2.0.0",
        flags: EDITS_AND_GROWS,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new(
            "hSet",
            "key, ...fields: FieldArguments",
            "number",
        )]),
        run: hset,
    },
    Command {
        name: "HMSET",
        usage: "key field value [field value ...]",
        summary: prose("Writes fields, as HSET, and answers OK."),
        complexity: prose("O(N), N being the fields given"),
        group: "hash",
        since: "2.0.0",
        flags: EDITS_AND_GROWS,
        errors: errors(&[WRONG_TYPE]),
        methods: &[],
        run: hmset,
    },
    Command {
        name: "HSETNX",
        usage: "key field value",
        summary: prose("Writes a field only where there is none."),
        complexity: prose("O(1)"),
        group: "hash",
        since: "2.0.0",
        flags: EDITS_AND_GROWS,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new("hSetNX", "key, field, value", "0 | 1")]),
        run: hsetnx,
    },
    Command {
        name: "HGET",
        usage: "key field",
        summary: prose("Answers the value of a field."),
        complexity: prose("O(1)"),
        group: "hash",
        since: "2.0.0",
        flags: READS_FAST,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new("hGet", "key, field", "Text | null")]),
        run: hget,
    },
    Command {
        name: "HMGET",
        usage: "key field [field ...]",
        summary: prose("Answers the values of fields, null for those that are not there."),
        complexity: prose("O(N), N being the fields asked for"),
        group: "hash",
        since: "2.0.0",
        flags: READS_FAST,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new(
            "hmGet",
            "key, fields: Many<Bytes>",
            "(Text | null)[]",
        )]),
        run: hmget,
    },
    Command {
        name: "HGETALL",
        usage: "key",
        summary: prose("Answers every field with its value."),
        complexity: prose("O(N), N being the size of the hash"),
        group: "hash",
        since: "2.0.0",
        flags: READS,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new("hGetAll", "key", "Record<string, Text>")]),
        run: hgetall,
    },
    Command {
        name: "HKEYS",
        usage: "key",
        summary: prose("Answers every field."),
        complexity: prose("O(N), N being the size of the hash"),
        group: "hash",
        since: "2.0.0",
        flags: READS,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new("hKeys", "key", "Text[]")]),
        run: hkeys,
    },
    Command {
        name: "HVALS",
        usage: "key",
        summary: prose("Answers every value."),
        complexity: prose("O(N), N being the size of the hash"),
        group: "hash",
        since: "2.0.0",
        flags: READS,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new("hVals", "key", "Text[]")]),
        run: hvals,
    },
    Command {
        name: "HLEN",
        usage: "key",
        summary: prose("Answers how many fields there are."),
        complexity: prose("O(1)"),
        group: "hash",
        since: "2.0.0",
        flags: READS_FAST,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new("hLen", "key", "number")]),
        run: hlen,
    },
    Command {
        name: "HEXISTS",
        usage: "key field",
        summary: prose("Answers whether a field is there."),
        complexity: prose("O(1)"),
        group: "hash",
        since: "2.0.0",
        flags: READS_FAST,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new("hExists", "key, field", "0 | 1")]),
        run: hexists,
    },
    Command {
        name: "HSTRLEN",
        usage: "key field",
        summary: prose("Answers the length of a value, in bytes."),
        complexity: prose("O(1)"),
        group: "hash",
        since: "3.2.0",
        flags: READS_FAST,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new("hStrLen", "key, field", "number")]),
        run: hstrlen,
    },
    Command {
        name: "HDEL",
        usage: "key field [field ...]",
        summary: prose("Removes fields; answers how many there were."),
        complexity: prose("O(N), N being the fields given"),
        group: "hash",
        since: "2.0.0",
        flags: EDITS,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new("hDel", "key, fields: Many<Bytes>", "number")]),
        run: hdel,
    },
    Command {
        name: "HINCRBY",
        usage: "key field increment",
        summary: prose("Adds an integer to a value, a missing one being 0."),
        complexity: prose("O(1)"),
        group: "hash",
        since: "2.0.0",
        flags: EDITS_AND_GROWS,
        errors: errors(&[
            WRONG_TYPE,
            NOT_AN_INTEGER,
            "ERR hash value is not an integer",
            "ERR increment or decrement would overflow",
        ]),
        methods: methods(&[Method::new(
            "hIncrBy",
            "key, field, increment: Integer",
            "number",
        )]),
        run: hincrby,
    },
    Command {
        name: "HINCRBYFLOAT",
        usage: "key field increment",
        summary: prose("Adds a number to a value, a missing one being 0."),
        complexity: prose("O(1)"),
        group: "hash",
        since: "2.6.0",
        flags: EDITS_AND_GROWS,
        errors: errors(&[
            WRONG_TYPE,
            "ERR value is not a valid float",
            "ERR value is NaN or Infinity",
            "ERR hash value is not a float",
            "ERR increment would produce NaN or Infinity",
        ]),
        methods: methods(&[Method::new(
            "hIncrByFloat",
            "key, field, increment: number",
            "Text",
        )]),
        run: hincrbyfloat,
    },
    Command {
        name: "HRANDFIELD",
        usage: "key [count [WITHVALUES]]",
        summary: prose(
            "Answers fields drawn at random: each at most once, or, where the count is negative, each drawn anew.",
        ),
        complexity: prose("O(N), N being the fields asked for"),
        group: "hash",
        since: "6.2.0",
        flags: READS,
        errors: errors(&[
            WRONG_TYPE,
            SYNTAX,
            NOT_AN_INTEGER,
            NOT_SIGNED,
            "ERR value is out of range",
        ]),
        methods: methods(&[
            Method::new("hRandField", "key", "Text | null"),
            Method::new("hRandFieldCount", "key, count: number", "Text[]"),
            Method::new(
                "hRandFieldCountWithValues",
                "key, count: number",
                "FieldValue<Text>[]",
            )
            .sending("key count WITHVALUES"),
        ]),
        run: hrandfield,
    },
    Command {
        name: "HSCAN",
        usage: "key cursor [MATCH pattern] [COUNT count] [NOVALUES]",
        summary: prose("Walks over the fields in pieces, from cursor 0 until 0 comes back."),
        complexity: prose("O(1) for each call, O(N) for a walk, N being the size of the hash"),
        group: "hash",
        since: "2.8.0",
        flags: READS,
        errors: errors(&[WRONG_TYPE, SYNTAX, NOT_AN_INTEGER, "ERR invalid cursor"]),
        methods: methods(&[
            Method::new(
                "hScan",
                "key, cursor: Value, options?: ScanOptions",
                "EntryPage<Text>",
            ),
            Method::new(
                "hScanNoValues",
                "key, cursor: Value, options?: ScanOptions",
                "FieldPage<Text>",
            )
            .sending("key cursor options NOVALUES"),
        ]),
        run: hscan,
    },
];

fn hset(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let new = write(ctx, args)?;
    Ok(Reply::count(new))
}

fn hmset(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    write(ctx, args)?;
    Ok(Reply::OK)
}

fn write(ctx: &mut Ctx, args: &mut Args) -> Result<usize> {
    let (key, words) = (args.bytes()?, args.rest());
    if !words.len().is_multiple_of(2) {
        return Err(Error::Arity {
            name: args.command(),
        });
    }
    let limits = ctx.limits();
    ctx.edit(key, Event::HSet, |hash: &mut Hash| {
        let pairs = words.chunks_exact(2).map(|pair| (pair[0], pair[1]));
        Edit::Changed(hash.set_all(pairs, &limits))
    })
}

fn hsetnx(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, field, value) = (args.bytes()?, args.bytes()?, args.bytes()?);
    let limits = ctx.limits();
    let written = ctx.edit(key, Event::HSet, |hash: &mut Hash| {
        let written = !hash.contains(field) && hash.set(field, value, &limits);
        Edit::when(written, written)
    })?;
    Ok(written.into())
}

fn hget(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, field) = (args.bytes()?, args.bytes()?);
    let hash = ctx.read::<Hash>(key)?;
    Ok(value_of(hash, field))
}

fn hmget(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, fields) = (args.bytes()?, args.rest());
    let hash = ctx.read::<Hash>(key)?;
    let values = fields.iter().map(|field| value_of(hash, field));
    Ok(Reply::Array(values.collect()))
}

fn value_of(hash: Option<Fields>, field: &[u8]) -> Reply {
    let value = hash.and_then(|hash| hash.get(field));
    Reply::bulk_or_null(value.map(Item::to_vec))
}

fn hgetall(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let items = items_of(ctx, args, |(field, value)| [Some(field), Some(value)])?;
    Ok(Reply::Bulks(items.framed(Frame::Map)))
}

fn hkeys(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    items_of(ctx, args, |(field, _)| [Some(field), None]).map(Reply::Bulks)
}

fn hvals(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    items_of(ctx, args, |(_, value)| [Some(value), None]).map(Reply::Bulks)
}

/// What is wanted of each pair of a hash.
fn items_of(
    ctx: &mut Ctx,
    args: &mut Args,
    wanted: for<'h> fn((Item<'h>, Item<'h>)) -> [Option<Item<'h>>; 2],
) -> Result<Bulks> {
    let hash = ctx.read::<Hash>(args.bytes()?)?;
    let pairs = hash.into_iter().flat_map(Fields::iter);
    let count = 2 * hash.map_or(0, Fields::len);
    Ok(bulks(count, pairs.flat_map(wanted).flatten()))
}

fn bulk(item: Item) -> Reply {
    Reply::Bulk(item.to_vec())
}

fn hlen(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let hash = ctx.read::<Hash>(args.bytes()?)?;
    Ok(Reply::count(hash.map_or(0, Fields::len)))
}

fn hexists(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, field) = (args.bytes()?, args.bytes()?);
    let hash = ctx.read::<Hash>(key)?;
    Ok(hash.is_some_and(|hash| hash.contains(field)).into())
}

fn hstrlen(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, field) = (args.bytes()?, args.bytes()?);
    let value = ctx.read::<Hash>(key)?.and_then(|hash| hash.get(field));
    Ok(Reply::count(value.map_or(0, Item::len)))
}

fn hdel(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, fields) = (args.bytes()?, args.rest());
    let removed = ctx.edit(key, Event::HDel, |hash: &mut Hash| {
        let removed = fields.iter().filter(|field| hash.remove(field)).count();
        Edit::when(removed > 0, removed)
    })?;
    Ok(Reply::count(removed))
}

fn hincrby(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, field, step) = (args.bytes()?, args.bytes()?, args.int()?);
    let limits = ctx.limits();
    let sum = ctx.edit(key, Event::HIncrBy, |hash: &mut Hash| {
        let old = match hash.get(field) {
            None => Some(0),
            Some(value) => value.as_i64(),
        };
        let old = old.ok_or(Error::Said("ERR hash value is not an integer"));
        match old.and_then(|old| old.checked_add(step).ok_or(Error::Overflow)) {
            Err(error) => Edit::Kept(Err(error)),
            Ok(sum) => {
                hash.set(field, sum.to_string().as_bytes(), &limits);
                Edit::Changed(Ok(sum))
            }
        }
    })??;
    Ok(Reply::Integer(sum))
}

fn hincrbyfloat(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, field, step) = (args.bytes()?, args.bytes()?, args.bytes()?);
    let step = LongDouble::parse(step).ok_or(Error::NotAFloat)?;
    if !step.is_finite() {
        return Err(Error::Said("ERR value is NaN or Infinity"));
    }
    let limits = ctx.limits();
    let sum = ctx.edit(key, Event::HIncrByFloat, |hash: &mut Hash| {
        let old = hash.get(field).map(Item::to_vec);
        let old = LongDouble::parse(old.as_deref().unwrap_or(b"0"));
        let old = old.ok_or(Error::Said("ERR hash value is not a float"));
        match old.and_then(|old| old.plus(step).ok_or(Error::NotFinite)) {
            Err(error) => Edit::Kept(Err(error)),
            Ok(sum) => {
                let text = sum.to_string();
                hash.set(field, text.as_bytes(), &limits);
                Edit::Changed(Ok(text))
            }
        }
    })??;
    // The digits are said, so that no other engine has to round as this one does.
    ctx.effect([b"HSET", key, field, sum.as_bytes()]);
    Ok(Reply::bulk(sum))
}

fn hrandfield(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let key = args.bytes()?;
    if args.is_done() {
        return one_at_random(ctx, key);
    }
    let count = signed_count(args)?;
    let with_values = args.word("WITHVALUES");
    args.end()?;
    if with_values && !(-i64::MAX / 2..=i64::MAX / 2).contains(&count) {
        return Err(Error::OutOfRange);
    }
    let len = ctx.read::<Hash>(key)?.map_or(0, Fields::len);
    let drawn = positions(ctx, len, count)?;
    let Some(hash) = ctx.view::<Hash>(key)? else {
        return Ok(Reply::Array(Vec::new()));
    };
    let pairs = drawn.into_iter().filter_map(|at| hash.get_index(at));
    Ok(if with_values {
        Reply::Pairs(
            pairs
                .map(|(field, value)| (bulk(field), bulk(value)))
                .collect(),
        )
    } else {
        Reply::Array(pairs.map(|(field, _)| bulk(field)).collect())
    })
}

fn one_at_random(ctx: &mut Ctx, key: &[u8]) -> Result<Reply> {
    let pick = ctx.random();
    let pair = ctx.read::<Hash>(key)?.and_then(|hash| hash.random(pick));
    Ok(pair.map_or(Reply::Null, |(field, _)| bulk(field)))
}

fn hscan(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let key = args.bytes()?;
    let mut scan = Scan::begin(args)?;
    let Some(hash) = ctx.read::<Hash>(key)? else {
        return Ok(Scan::reply(0, Vec::new()));
    };
    let mut values = true;
    scan.options(args, |args| {
        let only_fields = args.word("NOVALUES");
        values &= !only_fields;
        Ok(only_fields)
    })?;
    let (next, pairs) = hash.scan(scan.cursor, scan.count);
    let mut found = Vec::new();
    for (field, value) in pairs {
        if scan.wants(&field.to_bytes()) {
            found.push(bulk(field));
            if values {
                found.push(bulk(value));
            }
        }
    }
    Ok(Scan::reply(next, found))
}
