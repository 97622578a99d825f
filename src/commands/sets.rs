//! Sets: members under a key, each once.

use alloc::vec::Vec;

use super::args::amount;
use super::order::by_size;
use super::row::{Command, Method, errors, methods, prose};
use super::sample::{NOT_SIGNED, positions, signed_count};
use super::scan::Scan;
use super::{Args, Flags, bulks};
use crate::db::{Ctx, Edit, Event, Ttl};
use crate::error::{Error, Result};
use crate::reply::{Bulks, Frame, Reply};
use crate::types::{Item, Limits, Members, Set};

const READS: Flags = Flags::READS;
const READS_FAST: Flags = Flags::READS.and(Flags::FAST);
const WRITES_FAST: Flags = Flags::WRITE.and(Flags::FAST);
const STORES: Flags = Flags::WRITE.and(Flags::GROWS);

const WRONG_TYPE: &str = "WRONGTYPE";
const SYNTAX: &str = "ERR syntax error";
const NOT_AN_INTEGER: &str = "ERR value is not an integer or out of range";
const NOT_POSITIVE: &str = "ERR value is out of range, must be positive";

pub(super) const ROWS: &[Command] = &[
    Command {
        name: "SADD",
        usage: "key member [member ...]",
        summary: prose("Adds members; answers how many are new."),
        complexity: prose("O(N), N being the members given"),
        group: "set",
        since: "1.0.0",
        flags: WRITES_FAST.and(Flags::GROWS).and(Flags::ONE_EDIT),
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new("sAdd", "key, members: Many<Bytes>", "number")]),
        run: sadd,
    },
    Command {
        name: "SREM",
        usage: "key member [member ...]",
        summary: prose("Removes members; answers how many there were."),
        complexity: prose("O(N), N being the members given"),
        group: "set",
        since: "1.0.0",
        flags: WRITES_FAST.and(Flags::ONE_EDIT),
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new("sRem", "key, members: Many<Bytes>", "number")]),
        run: srem,
    },
    Command {
        name: "SMOVE",
        usage: "source destination member",
        summary: prose("Moves a member from one set to another."),
        complexity: prose("O(1)"),
        group: "set",
        since: "1.0.0",
        flags: WRITES_FAST,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new("sMove", "source, destination, member", "0 | 1")]),
        run: smove,
    },
    Command {
        name: "SCARD",
        usage: "key",
        summary: prose("Answers how many members there are."),
        complexity: prose("O(1)"),
        group: "set",
        since: "1.0.0",
        flags: READS_FAST,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new("sCard", "key", "number")]),
        run: scard,
    },
    Command {
        name: "SISMEMBER",
        usage: "key member",
        summary: prose("Answers whether it is a member."),
        complexity: prose("O(1)"),
        group: "set",
        since: "1.0.0",
        flags: READS_FAST,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new("sIsMember", "key, member", "0 | 1")]),
        run: sismember,
    },
    Command {
        name: "SMISMEMBER",
        usage: "key member [member ...]",
        summary: prose("Answers of each whether it is a member."),
        complexity: prose("O(N), N being the members asked for"),
        group: "set",
        since: "6.2.0",
        flags: READS_FAST,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new(
            "smIsMember",
            "key, members: Many<Bytes>",
            "number[]",
        )]),
        run: smismember,
    },
    Command {
        name: "SMEMBERS",
        usage: "key",
        summary: prose("Answers every member."),
        complexity: prose("O(N), N being the size of the set"),
        group: "set",
        since: "1.0.0",
        flags: READS,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new("sMembers", "key", "Text[]")]),
        run: smembers,
    },
    Command {
        name: "SPOP",
        usage: "key [count]",
        summary: prose("Removes members drawn at random, and answers them."),
        complexity: prose("O(N), N being the members asked for"),
        group: "set",
        since: "1.0.0",
        flags: WRITES_FAST.and(Flags::ONE_EDIT),
        errors: errors(&[WRONG_TYPE, SYNTAX, NOT_POSITIVE]),
        methods: methods(&[
            Method::new("sPop", "key", "Text | null"),
            Method::new("sPopCount", "key, count: number", "Text[]"),
        ]),
        run: spop,
    },
    Command {
        name: "SRANDMEMBER",
        usage: "key [count]",
        summary: prose(
            "Answers members drawn at random: each at most once, or, where the count is negative, each drawn anew.",
        ),
        complexity: prose("O(N), N being the members asked for"),
        group: "set",
        since: "1.0.0",
        flags: READS,
        errors: errors(&[WRONG_TYPE, SYNTAX, NOT_AN_INTEGER, NOT_SIGNED]),
        methods: methods(&[
            Method::new("sRandMember", "key", "Text | null"),
            Method::new("sRandMemberCount", "key, count: number", "Text[]"),
        ]),
        run: srandmember,
    },
    Command {
        name: "SINTER",
        usage: "key [key ...]",
        summary: prose("Answers the members that all sets have."),
        complexity: prose("O(N*M), N being the size of the smallest set, M the number of sets"),
        group: "set",
        since: "1.0.0",
        flags: READS,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new("sInter", "keys: Many<Bytes>", "Text[]")]),
        run: sinter,
    },
    Command {
        name: "SINTERCARD",
        usage: "numkeys key [key ...] [LIMIT limit]",
        summary: prose("Answers how many members all sets have, counting up to a limit."),
        complexity: prose("O(N*M), N being the size of the smallest set, M the number of sets"),
        group: "set",
        since: "7.0.0",
        flags: READS,
        errors: errors(&[
            WRONG_TYPE,
            SYNTAX,
            "ERR numkeys should be greater than 0",
            "ERR Number of keys can't be greater than number of args",
            "ERR LIMIT can't be negative",
        ]),
        methods: methods(&[Method::new(
            "sInterCard",
            "keys: Numbered, limit?: LimitOption",
            "number",
        )]),
        run: sintercard,
    },
    Command {
        name: "SINTERSTORE",
        usage: "destination key [key ...]",
        summary: prose("Writes the members that all sets have to a key."),
        complexity: prose("O(N*M), N being the size of the smallest set, M the number of sets"),
        group: "set",
        since: "1.0.0",
        flags: STORES,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new(
            "sInterStore",
            "destination, keys: Many<Bytes>",
            "number",
        )]),
        run: sinterstore,
    },
    Command {
        name: "SUNION",
        usage: "key [key ...]",
        summary: prose("Answers the members that any set has."),
        complexity: prose("O(N), N being the members of all sets"),
        group: "set",
        since: "1.0.0",
        flags: READS,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new("sUnion", "keys: Many<Bytes>", "Text[]")]),
        run: sunion,
    },
    Command {
        name: "SUNIONSTORE",
        usage: "destination key [key ...]",
        summary: prose("Writes the members that any set has to a key."),
        complexity: prose("O(N), N being the members of all sets"),
        group: "set",
        since: "1.0.0",
        flags: STORES,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new(
            "sUnionStore",
            "destination, keys: Many<Bytes>",
            "number",
        )]),
        run: sunionstore,
    },
    Command {
        name: "SDIFF",
        usage: "key [key ...]",
        summary: prose("Answers the members of the first set that no other has."),
        complexity: prose("O(N*M), N being the size of the first set, M the number of sets"),
        group: "set",
        since: "1.0.0",
        flags: READS,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new("sDiff", "keys: Many<Bytes>", "Text[]")]),
        run: sdiff,
    },
    Command {
        name: "SDIFFSTORE",
        usage: "destination key [key ...]",
        summary: prose("Writes the members of the first set that no other has to a key."),
        complexity: prose("O(N*M), N being the size of the first set, M the number of sets"),
        group: "set",
        since: "1.0.0",
        flags: STORES,
        errors: errors(&[WRONG_TYPE]),
        methods: methods(&[Method::new(
            "sDiffStore",
            "destination, keys: Many<Bytes>",
            "number",
        )]),
        run: sdiffstore,
    },
    Command {
        name: "SSCAN",
        usage: "key cursor [MATCH pattern] [COUNT count]",
        summary: prose("Walks over the members in pieces, from cursor 0 until 0 comes back."),
        complexity: prose("O(1) for each call, O(N) for a walk, N being the size of the set"),
        group: "set",
        since: "2.8.0",
        flags: READS,
        errors: errors(&[WRONG_TYPE, SYNTAX, NOT_AN_INTEGER, "ERR invalid cursor"]),
        methods: methods(&[Method::new(
            "sScan",
            "key, cursor: Value, options?: ScanOptions",
            "MemberPage<Text>",
        )]),
        run: sscan,
    },
];

fn sadd(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, members) = (args.bytes()?, args.rest());
    let limits = ctx.limits();
    let added = ctx.edit(key, Event::SAdd, |set: &mut Set| {
        let added = set.insert_all(members, &limits);
        Edit::when(added > 0, added)
    })?;
    Ok(Reply::count(added))
}

fn srem(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, members) = (args.bytes()?, args.rest());
    let removed = ctx.edit(key, Event::SRem, |set: &mut Set| {
        let removed = members.iter().filter(|member| set.remove(**member)).count();
        Edit::when(removed > 0, removed)
    })?;
    Ok(Reply::count(removed))
}

fn smove(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (source, destination, member) = (args.bytes()?, args.bytes()?, args.bytes()?);
    ctx.touch(source);
    ctx.touch(destination);
    let Some(set) = ctx.view::<Set>(source)? else {
        return Ok(false.into());
    };
    let found = set.contains(member);
    ctx.view::<Set>(destination)?;
    if !found || source == destination {
        return Ok(found.into());
    }
    let limits = ctx.limits();
    ctx.edit(source, Event::SRem, |set: &mut Set| {
        Edit::when(set.remove(member), ())
    })?;
    ctx.edit(destination, Event::SAdd, |set: &mut Set| {
        Edit::when(set.insert(member, &limits), ())
    })?;
    Ok(true.into())
}

fn scard(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let set = ctx.read::<Set>(args.bytes()?)?;
    Ok(Reply::count(set.map_or(0, Members::len)))
}

fn sismember(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, member) = (args.bytes()?, args.bytes()?);
    let set = ctx.read::<Set>(key)?;
    Ok(set.is_some_and(|set| set.contains(member)).into())
}

fn smismember(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, members) = (args.bytes()?, args.rest());
    let set = ctx.read::<Set>(key)?;
    let found = members
        .iter()
        .map(|member| set.is_some_and(|set| set.contains(*member)));
    Ok(Reply::Array(found.map(Reply::from).collect()))
}

fn smembers(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let set = ctx.read::<Set>(args.bytes()?)?;
    let members = set.into_iter().flat_map(Members::iter);
    let members = bulks(set.map_or(0, Members::len), members);
    Ok(Reply::Bulks(members.framed(Frame::Set)))
}

fn bulk(item: Item) -> Reply {
    Reply::Bulk(item.to_vec())
}

fn spop(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let key = args.bytes()?;
    if args.is_done() {
        let popped = pop(ctx, key, 1)?;
        return Ok(popped.into_iter().next().map_or(Reply::Null, Reply::Bulk));
    }
    let count = args.int_in(0..=i64::MAX, Error::MustBePositive);
    let count = amount(count.map_err(|_| Error::MustBePositive)?.unsigned_abs());
    args.end()?;
    let popped = pop(ctx, key, count)?;
    let mut members = Bulks::with_capacity(popped.len());
    popped.iter().for_each(|member| members.push(member));
    Ok(Reply::Bulks(members.framed(Frame::Set)))
}

/// Takes members out at random. Which ones is said in the effect, as chance is not the same twice.
fn pop(ctx: &mut Ctx, key: &[u8], count: usize) -> Result<Vec<Vec<u8>>> {
    ctx.touch(key);
    let len = ctx.view::<Set>(key)?.map_or(0, Members::len);
    let picks: Vec<u64> = (0..count.min(len)).map(|_| ctx.random()).collect();
    let popped = ctx.edit(key, Event::SPop, |set: &mut Set| {
        let popped: Vec<_> = picks.iter().filter_map(|pick| set.pop(*pick)).collect();
        Edit::when(!popped.is_empty(), popped)
    })?;
    if !popped.is_empty() {
        let mut effect = vec![b"SREM".as_slice(), key];
        effect.extend(popped.iter().map(Vec::as_slice));
        ctx.effect(effect);
    }
    Ok(popped)
}

fn srandmember(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let key = args.bytes()?;
    if args.is_done() {
        let pick = ctx.random();
        let member = ctx.read::<Set>(key)?.and_then(|set| set.random(pick));
        return Ok(member.map_or(Reply::Null, bulk));
    }
    let count = signed_count(args)?;
    args.end()?;
    let len = ctx.read::<Set>(key)?.map_or(0, Members::len);
    let drawn = positions(ctx, len, count)?;
    let set = ctx.view::<Set>(key)?;
    let members = drawn.into_iter().filter_map(|at| set?.get_index(at));
    Ok(Reply::Array(members.map(bulk).collect()))
}

/// How sets are joined: from the sets, missing ones being empty, to one.
type Join = fn(&[Option<Members>], &Limits) -> Set;

fn sinter(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    answer(ctx, args, intersection)
}

fn sunion(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    answer(ctx, args, union)
}

fn sdiff(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    answer(ctx, args, difference)
}

fn sinterstore(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    store(ctx, args, intersection, Event::SInterStore)
}

fn sunionstore(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    store(ctx, args, union, Event::SUnionStore)
}

fn sdiffstore(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    store(ctx, args, difference, Event::SDiffStore)
}

fn answer(ctx: &mut Ctx, args: &mut Args, join: Join) -> Result<Reply> {
    let joined = joined(ctx, args.rest(), join)?;
    let members = bulks(joined.len(), joined.iter());
    Ok(Reply::Bulks(members.framed(Frame::Set)))
}

fn store(ctx: &mut Ctx, args: &mut Args, join: Join, event: Event) -> Result<Reply> {
    let (destination, keys) = (args.bytes()?, args.rest());
    let joined = joined(ctx, keys, join)?;
    let len = joined.len();
    ctx.put(destination, event, joined, Ttl::Clear);
    Ok(Reply::count(len))
}

fn joined(ctx: &mut Ctx, keys: &[&[u8]], join: Join) -> Result<Set> {
    let limits = ctx.limits();
    Ok(join(&sets(ctx, keys)?, &limits))
}

fn sets<'a>(ctx: &'a mut Ctx, keys: &[&[u8]]) -> Result<Vec<Option<Members<'a>>>> {
    keys.iter().for_each(|key| ctx.touch(key));
    keys.iter().map(|key| ctx.view::<Set>(key)).collect()
}

fn intersection(sets: &[Option<Members>], limits: &Limits) -> Set {
    let mut common = Set::default();
    for member in in_all(sets) {
        common.insert(member, limits);
    }
    common
}

/// Members of the smallest set that all others have too; none where a set is missing.
fn in_all<'a>(sets: &'a [Option<Members<'a>>]) -> impl Iterator<Item = Item<'a>> {
    let complete: Option<Vec<Members>> = sets.iter().copied().collect();
    let sets = by_size(complete.unwrap_or_default(), |set| set.len());
    let smallest = sets.first().copied();
    let members = smallest.into_iter().flat_map(Members::iter);
    members.filter(move |member| sets[1..].iter().all(|set| set.contains(*member)))
}

fn union(sets: &[Option<Members>], limits: &Limits) -> Set {
    let mut union = Set::default();
    for member in sets.iter().flatten().flat_map(|set| set.iter()) {
        union.insert(member, limits);
    }
    union
}

fn difference(sets: &[Option<Members>], limits: &Limits) -> Set {
    let mut rest = Set::default();
    let Some((Some(first), others)) = sets.split_first() else {
        return rest;
    };
    for member in first.iter() {
        if !others.iter().flatten().any(|set| set.contains(member)) {
            rest.insert(member, limits);
        }
    }
    rest
}

fn sintercard(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let bad_count = Error::Said("ERR numkeys should be greater than 0");
    let count = args.int().map_err(|_| bad_count.clone())?;
    if count <= 0 {
        return Err(bad_count);
    }
    let count = amount(count.unsigned_abs());
    if count > args.left() {
        return Err(Error::Said(
            "ERR Number of keys can't be greater than number of args",
        ));
    }
    let keys = args.take(count)?;
    let mut limit = 0;
    while !args.is_done() {
        if args.left() < 2 || !args.word("LIMIT") {
            return Err(Error::Syntax);
        }
        let negative = Error::Said("ERR LIMIT can't be negative");
        let given = args.int_in(0..=i64::MAX, negative.clone());
        limit = amount(given.map_err(|_| negative)?.unsigned_abs());
    }
    let sets = sets(ctx, keys)?;
    let most = if limit == 0 { usize::MAX } else { limit };
    Ok(Reply::count(in_all(&sets).take(most).count()))
}

fn sscan(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let key = args.bytes()?;
    let mut scan = Scan::begin(args)?;
    let Some(set) = ctx.read::<Set>(key)? else {
        return Ok(Scan::reply(0, Vec::new()));
    };
    scan.options(args, |_| Ok(false))?;
    let (next, members) = set.scan(scan.cursor, scan.count);
    let wanted = members
        .into_iter()
        .filter(|member| scan.wants(&member.to_bytes()));
    Ok(Scan::reply(next, wanted.map(bulk).collect()))
}
