//! OBJECT: how a value is kept.

use super::row::{Command, Method, errors, methods, prose};
use super::{Args, Flags, help};
use crate::db::{Ctx, Standing};
use crate::error::{Error, Result};
use crate::reply::Reply;

pub(super) const ROWS: &[Command] = &[
    Command {
        name: "OBJECT ENCODING",
        usage: "key",
        summary: prose("Answers the form in which a value is kept."),
        complexity: prose("O(1)"),
        group: "generic",
        since: "2.2.3",
        flags: Flags::READS,
        errors: &[],
        methods: methods(&[Method::new("objectEncoding", "key", "Text | null")]),
        run: encoding,
    },
    Command {
        name: "OBJECT FREQ",
        usage: "key",
        summary: prose("Answers how often a key is used, under a policy that counts it."),
        complexity: prose("O(1)"),
        group: "generic",
        since: "4.0.0",
        flags: Flags::READS,
        errors: errors(&[NO_LFU]),
        methods: methods(&[Method::new("objectFreq", "key", "number | null")]),
        run: freq,
    },
    Command {
        name: "OBJECT HELP",
        usage: "",
        summary: prose("Lists the subcommands."),
        complexity: prose("O(1)"),
        group: "generic",
        since: "6.2.0",
        flags: Flags::LOADING.and(Flags::STALE),
        errors: &[],
        methods: &[],
        run: help,
    },
    Command {
        name: "OBJECT IDLETIME",
        usage: "key",
        summary: prose("Answers for how many seconds a key was not used."),
        complexity: prose("O(1)"),
        group: "generic",
        since: "2.2.3",
        flags: Flags::READS,
        errors: &[],
        methods: methods(&[Method::new("objectIdleTime", "key", "number | null")]),
        run: idletime,
    },
    Command {
        name: "OBJECT REFCOUNT",
        usage: "key",
        summary: prose("Answers how many references a value has: one, as no value is shared."),
        complexity: prose("O(1)"),
        group: "generic",
        since: "2.2.3",
        flags: Flags::READS,
        errors: &[],
        methods: methods(&[Method::new("objectRefCount", "key", "number | null")]),
        run: refcount,
    },
];

const NO_LFU: &str = "ERR An LFU maxmemory policy is not selected, access frequency not \
    tracked. Please note that when switching between policies at runtime LRU and LFU data will take \
    some time to adjust.";

/// What stands under the key of the call. That it was asked about is no use of it, and that it is
/// missing nothing to tell.
fn standing<'c>(ctx: &'c mut Ctx, args: &mut Args) -> Result<Option<Standing<'c>>> {
    let key = args.bytes()?;
    ctx.exists(key);
    Ok(ctx.look(key))
}

fn encoding(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    Ok(Reply::bulk_or_null(
        standing(ctx, args)?.map(|standing| standing.value().encoding()),
    ))
}

/// No policy that is to be had counts uses.
fn freq(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    match standing(ctx, args)? {
        None => Ok(Reply::Null),
        Some(_) => Err(Error::Said(NO_LFU)),
    }
}

fn help(_: &mut Ctx, _: &mut Args) -> Result<Reply> {
    Ok(help::of("OBJECT"))
}

fn idletime(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let now_ms = ctx.now_ms();
    let (db, key) = (ctx.db, args.peek().unwrap_or_default());
    let idle_ms = standing(ctx, args)?.map(|standing| standing.idle_ms(now_ms));
    let idle_ms = idle_ms.map(|idle_ms| ctx.state.near.idle_ms(db, key, idle_ms, now_ms));
    Ok(idle_ms.map_or(Reply::Null, |ms| Reply::Integer(ms / 1000)))
}

fn refcount(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    Ok(standing(ctx, args)?.map_or(Reply::Null, |_| Reply::Integer(1)))
}
