//! Commands about whole databases, the clock and the process.

use alloc::string::ToString;

use super::row::{Command, Method, errors, methods, prose};
use super::{Args, Flags};
use crate::db::{Ctx, Request};
use crate::error::{Error, Result};
use crate::reply::Reply;

const OPERATOR: Flags = Flags::ADMIN.and(Flags::NO_SCRIPT);

pub(super) const ROWS: &[Command] = &[
    Command {
        name: "DBSIZE",
        usage: "",
        summary: prose("Answers how many keys the selected database holds."),
        complexity: prose("O(1)"),
        group: "server",
        since: "1.0.0",
        flags: Flags::READS.and(Flags::FAST),
        errors: &[],
        methods: methods(&[Method::new("dbSize", "", "number")]),
        run: dbsize,
    },
    Command {
        name: "FLUSHDB",
        usage: "[ASYNC | SYNC]",
        summary: prose("Removes every key of the selected database."),
        complexity: prose("O(1); what is freed is freed by its owner later"),
        group: "server",
        since: "1.0.0",
        flags: Flags::WRITE,
        errors: errors(&["ERR syntax error"]),
        methods: methods(&[Method::new("flushDb", "mode?: FlushMode", "'OK'")]),
        run: flushdb,
    },
    Command {
        name: "FLUSHALL",
        usage: "[ASYNC | SYNC]",
        summary: prose("Removes every key of all databases."),
        complexity: prose("O(D), D being the number of databases"),
        group: "server",
        since: "1.0.0",
        flags: Flags::WRITE,
        errors: errors(&["ERR syntax error"]),
        methods: methods(&[Method::new("flushAll", "mode?: FlushMode", "'OK'")]),
        run: flushall,
    },
    Command {
        name: "SWAPDB",
        usage: "index1 index2",
        summary: prose("Exchanges two databases, for everyone at once."),
        complexity: prose("O(N), N being the watched or awaited keys of the two"),
        group: "server",
        since: "4.0.0",
        flags: Flags::WRITE.and(Flags::FAST),
        errors: errors(&[
            "ERR invalid first DB index",
            "ERR invalid second DB index",
            "ERR DB index is out of range",
        ]),
        methods: methods(&[Method::new(
            "swapDb",
            "index1: number, index2: number",
            "'OK'",
        )]),
        run: swapdb,
    },
    Command {
        name: "TIME",
        usage: "",
        summary: prose("Answers the time: seconds since 1970, and microseconds of the second."),
        complexity: prose("O(1)"),
        group: "server",
        since: "2.6.0",
        flags: Flags::LOADING.and(Flags::STALE).and(Flags::FAST),
        errors: &[],
        methods: methods(&[Method::new("time", "", "Time")]),
        run: time,
    },
    Command {
        name: "SAVE",
        usage: "",
        summary: prose("Writes a snapshot, and answers when it is written."),
        complexity: prose("O(N), N being all keys"),
        group: "server",
        since: "1.0.0",
        flags: OPERATOR.and(Flags::NO_MULTI).and(Flags::NO_ASYNC_LOADING),
        errors: &[],
        methods: &[],
        run: save,
    },
    Command {
        name: "BGSAVE",
        usage: "[SCHEDULE]",
        summary: prose("Writes a snapshot while other commands go on."),
        complexity: prose("O(1), and O(N) in slices, N being all keys"),
        group: "server",
        since: "1.0.0",
        flags: OPERATOR.and(Flags::NO_ASYNC_LOADING),
        errors: errors(&["ERR syntax error"]),
        methods: methods(&[Method::new("bgSave", "options?: BgSaveOptions", "string")]),
        run: bgsave,
    },
    Command {
        name: "LASTSAVE",
        usage: "",
        summary: prose("Answers when the last snapshot was written, in seconds since 1970."),
        complexity: prose("O(1)"),
        group: "server",
        since: "1.0.0",
        flags: Flags::LOADING.and(Flags::STALE).and(Flags::FAST),
        errors: &[],
        methods: methods(&[Method::new("lastSave", "", "number")]),
        run: lastsave,
    },
    Command {
        name: "BGREWRITEAOF",
        usage: "",
        summary: prose("Writes the append-only file anew, as short as it can be."),
        complexity: prose("O(1), and O(N) in slices, N being all keys"),
        group: "server",
        since: "1.0.0",
        flags: OPERATOR.and(Flags::NO_ASYNC_LOADING),
        errors: &[],
        methods: methods(&[Method::new("bgRewriteAof", "", "string")]),
        run: bgrewriteaof,
    },
    Command {
        name: "SHUTDOWN",
        usage: "[NOSAVE | SAVE] [NOW] [FORCE]",
        summary: prose("Writes what is to be kept and ends the server."),
        complexity: prose("O(N) where a snapshot is written, N being all keys"),
        group: "server",
        since: "1.0.0",
        flags: OPERATOR
            .and(Flags::LOADING)
            .and(Flags::STALE)
            .and(Flags::NO_MULTI)
            .and(Flags::SENTINEL)
            .and(Flags::ALLOW_BUSY),
        errors: errors(&["ERR syntax error"]),
        methods: &[],
        run: shutdown,
    },
];

fn dbsize(ctx: &mut Ctx, _: &mut Args) -> Result<Reply> {
    Ok(Reply::count(ctx.keyspace().len()))
}

fn flushdb(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    read_flush_mode(args)?;
    ctx.flush(ctx.db);
    Ok(Reply::OK)
}

fn flushall(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    read_flush_mode(args)?;
    for db in 0..ctx.state.config.databases {
        ctx.flush(db);
    }
    Ok(Reply::OK)
}

/// ASYNC and SYNC are understood; a flush takes the table away at once either way.
fn read_flush_mode(args: &mut Args) -> Result<()> {
    let _ = args.word("ASYNC") || args.word("SYNC");
    args.end()
}

fn swapdb(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let first = args
        .int()
        .map_err(|_| Error::Said("ERR invalid first DB index"))?;
    let second = args
        .int()
        .map_err(|_| Error::Said("ERR invalid second DB index"))?;
    let databases = ctx.state.config.databases;
    let index = |number: i64| {
        u32::try_from(number)
            .ok()
            .filter(|index| *index < databases)
    };
    let (Some(first), Some(second)) = (index(first), index(second)) else {
        return Err(Error::Said("ERR DB index is out of range"));
    };
    if first != second {
        ctx.swap(first, second);
    }
    Ok(Reply::OK)
}

fn time(ctx: &mut Ctx, _: &mut Args) -> Result<Reply> {
    let now_ms = ctx.now_ms();
    Ok(Reply::bulks([
        (now_ms / 1000).to_string(),
        (now_ms % 1000 * 1000).to_string(),
    ]))
}

fn save(ctx: &mut Ctx, _: &mut Args) -> Result<Reply> {
    ask(ctx, Request::Save)
}

fn bgsave(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let _ = args.word("SCHEDULE");
    args.end()?;
    ask(ctx, Request::SaveInBackground)
}

fn lastsave(ctx: &mut Ctx, _: &mut Args) -> Result<Reply> {
    Ok(Reply::Integer(ctx.state.kept.saved_at_ms / 1000))
}

fn bgrewriteaof(ctx: &mut Ctx, _: &mut Args) -> Result<Reply> {
    ask(ctx, Request::RewriteJournal)
}

fn shutdown(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let mut save = None;
    while !args.is_done() {
        if save.is_none() && args.word("NOSAVE") {
            save = Some(false);
        } else if save.is_none() && args.word("SAVE") {
            save = Some(true);
        } else if !(args.word("NOW") || args.word("FORCE")) {
            return Err(Error::Syntax);
        }
    }
    ask(ctx, Request::Shutdown { save })
}

/// Leaves the command to the host, whose answer takes the place of this one.
fn ask(ctx: &mut Ctx, request: Request) -> Result<Reply> {
    ctx.draft.request = Some(request);
    Ok(Reply::OK)
}
