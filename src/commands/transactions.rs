//! MULTI and EXEC: several commands as one step, and WATCH, which calls it off.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::row::{Command, Method, errors, methods, prose};
use super::{Args, Flags, execute};
use crate::db::{Ctx, Queue};
use crate::error::{Error, Result};
use crate::reply::Reply;

const ALWAYS: Flags = Flags::NO_SCRIPT.and(Flags::LOADING).and(Flags::STALE);
const FREE: Flags = ALWAYS.and(Flags::FAST).and(Flags::ALLOW_BUSY);

pub(super) const ROWS: &[Command] = &[
    Command {
        name: "MULTI",
        usage: "",
        summary: prose("Starts a transaction: later commands are queued until EXEC."),
        complexity: prose("O(1)"),
        group: "transactions",
        since: "1.2.0",
        flags: FREE.and(Flags::NO_MULTI).and(Flags::NOT_QUEUED),
        errors: errors(&["ERR MULTI calls can not be nested"]),
        methods: &[],
        run: multi,
    },
    Command {
        name: "EXEC",
        usage: "",
        summary: prose("Runs the queued commands as one step."),
        complexity: prose("Depends on the commands in the queue"),
        group: "transactions",
        since: "1.2.0",
        flags: ALWAYS.and(Flags::SKIP_SLOWLOG).and(Flags::NOT_QUEUED),
        errors: errors(&["ERR EXEC without MULTI", "EXECABORT"]),
        methods: &[],
        run: exec,
    },
    Command {
        name: "DISCARD",
        usage: "",
        summary: prose("Drops the queued commands and what was watched."),
        complexity: prose("O(N), N being the number of queued commands"),
        group: "transactions",
        since: "2.0.0",
        flags: FREE.and(Flags::NOT_QUEUED),
        errors: errors(&["ERR DISCARD without MULTI"]),
        methods: &[],
        run: discard,
    },
    Command {
        name: "WATCH",
        usage: "key [key ...]",
        summary: prose("Makes the next EXEC do nothing if one of the keys changes before it."),
        complexity: prose("O(1) for each key"),
        group: "transactions",
        since: "2.2.0",
        flags: FREE.and(Flags::NO_MULTI).and(Flags::NOT_QUEUED),
        errors: errors(&["ERR WATCH inside MULTI is not allowed"]),
        methods: methods(&[Method::new("watch", "keys: Many<Bytes>", "'OK'")]),
        run: watch,
    },
    Command {
        name: "UNWATCH",
        usage: "",
        summary: prose("Forgets what was watched."),
        complexity: prose("O(1)"),
        group: "transactions",
        since: "2.2.0",
        flags: FREE,
        errors: &[],
        methods: methods(&[Method::new("unwatch", "", "'OK'")]),
        run: unwatch,
    },
];

fn multi(ctx: &mut Ctx, _: &mut Args) -> Result<Reply> {
    let queue = &mut ctx.client_mut().queue;
    if queue.is_some() {
        return Err(Error::Said("ERR MULTI calls can not be nested"));
    }
    *queue = Some(Queue::default());
    Ok(Reply::OK)
}

/// Runs the queue within this one step. A command that fails takes back what it did itself, and the
/// others go on, as in Redis.
fn exec(ctx: &mut Ctx, _: &mut Args) -> Result<Reply> {
    let called_off = ctx.client().watch_failed || watches_expired(ctx);
    let queue = ctx
        .client_mut()
        .queue
        .take()
        .ok_or(Error::Said("ERR EXEC without MULTI"))?;
    ctx.state.unwatch(ctx.client);
    if queue.broken {
        return Err(Error::ExecAbort);
    }
    if called_off {
        return Ok(Reply::NullArray);
    }
    ctx.draft.may_block = false;
    let calls = queue.into_commands();
    let replies = calls.iter().enumerate().map(|(index, argv)| {
        let argv: Vec<&[u8]> = argv.iter().map(|argument| &**argument).collect();
        ctx.draft.intent = index;
        let reply = execute(ctx, &argv).unwrap_or_else(Reply::Error);
        // Its answer would take the place of all the others.
        match ctx.draft.request.take() {
            None => reply,
            Some(_) => Reply::Error(Error::Said(
                "ERR Only the host can do this, and not within a transaction",
            )),
        }
    });
    let replies = replies.collect();
    ctx.draft.intents = Some(calls);
    Ok(Reply::Array(replies))
}

/// Whether time took a watched key that nobody has looked at since.
fn watches_expired(ctx: &Ctx) -> bool {
    let past = |(db, key): &(u32, Box<[u8]>)| {
        let entry = ctx.state.databases[*db as usize].get(key);
        entry.is_some_and(|entry| entry.is_past(ctx.now_ms()))
    };
    ctx.client().watched.iter().any(past)
}

fn discard(ctx: &mut Ctx, _: &mut Args) -> Result<Reply> {
    let queue = ctx.client_mut().queue.take();
    queue.ok_or(Error::Said("ERR DISCARD without MULTI"))?;
    ctx.state.unwatch(ctx.client);
    Ok(Reply::OK)
}

fn watch(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    if ctx.client().queue.is_some() {
        return Err(Error::Said("ERR WATCH inside MULTI is not allowed"));
    }
    for key in args.rest() {
        // A key that is past already counts as missing, so that its end is no change.
        ctx.exists(key);
        ctx.draft.watched.push((ctx.client, ctx.db, (*key).into()));
    }
    Ok(Reply::OK)
}

fn unwatch(ctx: &mut Ctx, _: &mut Args) -> Result<Reply> {
    ctx.state.unwatch(ctx.client);
    Ok(Reply::OK)
}
