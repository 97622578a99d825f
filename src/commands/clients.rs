//! CLIENT: what a connection says of itself, and what is known of all.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::connection::{ALWAYS, BAD_NAME, printable};
use super::row::{Command, Method, errors, methods, prose};
use super::{Args, Flags};
use crate::db::{Client, Ctx, Queue, ReplyMode, Resp};
use crate::error::{Error, Result};
use crate::reply::Reply;

const CLIENT: Flags = ALWAYS.and(Flags::SENTINEL);

pub(super) const ROWS: &[Command] = &[
    Command {
        name: "CLIENT ID",
        usage: "",
        summary: prose("Answers the number of the connection, never used twice."),
        complexity: prose("O(1)"),
        group: "connection",
        since: "5.0.0",
        flags: CLIENT,
        errors: &[],
        methods: methods(&[Method::new("clientId", "", "number")]),
        run: client_id,
    },
    Command {
        name: "CLIENT GETNAME",
        usage: "",
        summary: prose("Answers the name that CLIENT SETNAME gave the connection."),
        complexity: prose("O(1)"),
        group: "connection",
        since: "2.6.9",
        flags: CLIENT,
        errors: &[],
        methods: methods(&[Method::new("clientGetName", "", "Text | null")]),
        run: client_getname,
    },
    Command {
        name: "CLIENT SETNAME",
        usage: "connection-name",
        summary: prose("Names the connection, for CLIENT LIST; an empty name takes it off."),
        complexity: prose("O(1)"),
        group: "connection",
        since: "2.6.9",
        flags: CLIENT,
        errors: errors(&[
            "ERR Client names cannot contain spaces, newlines or special characters.",
        ]),
        methods: methods(&[Method::new("clientSetName", "name", "'OK'")]),
        run: client_setname,
    },
    Command {
        name: "CLIENT SETINFO",
        usage: "<LIB-NAME libname | LIB-VER libver>",
        summary: prose("Says which library, in which version, speaks on this connection."),
        complexity: prose("O(1)"),
        group: "connection",
        since: "7.2.0",
        flags: CLIENT,
        errors: errors(&[
            "ERR Unrecognized option",
            "ERR lib-name cannot contain spaces, newlines or special characters.",
            "ERR lib-ver cannot contain spaces, newlines or special characters.",
        ]),
        methods: &[],
        run: client_setinfo,
    },
    Command {
        name: "CLIENT INFO",
        usage: "",
        summary: prose("Answers what is known of this connection, in the form of CLIENT LIST."),
        complexity: prose("O(1)"),
        group: "connection",
        since: "6.2.0",
        flags: CLIENT,
        errors: &[],
        methods: methods(&[Method::new("clientInfo", "", "ClientInfo")]),
        run: client_info,
    },
    Command {
        name: "CLIENT LIST",
        usage: "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]",
        summary: prose("Answers a line for each connection."),
        complexity: prose("O(N), N being the number of connections"),
        group: "connection",
        since: "2.4.0",
        flags: CLIENT.and(Flags::ADMIN),
        errors: errors(&[
            "ERR syntax error",
            "ERR Unknown client type",
            "ERR Invalid client ID",
        ]),
        methods: methods(&[Method::new(
            "clientList",
            "filter?: ClientListFilter",
            "ClientInfo[]",
        )]),
        run: client_list,
    },
    Command {
        name: "CLIENT REPLY",
        usage: "<ON | OFF | SKIP>",
        summary: prose("Turns replies off and on, or leaves out the next one."),
        complexity: prose("O(1)"),
        group: "connection",
        since: "3.2.0",
        flags: CLIENT,
        errors: errors(&["ERR syntax error"]),
        methods: &[],
        run: client_reply,
    },
    Command {
        name: "CLIENT NO-EVICT",
        usage: "<ON | OFF>",
        summary: prose("Exempts the connection from being closed when memory is short."),
        complexity: prose("O(1)"),
        group: "connection",
        since: "7.0.0",
        flags: CLIENT.and(Flags::ADMIN),
        errors: errors(&["ERR syntax error"]),
        methods: methods(&[Method::new("clientNoEvict", "on: Switch", "'OK'")]),
        run: client_no_evict,
    },
    Command {
        name: "CLIENT NO-TOUCH",
        usage: "<ON | OFF>",
        summary: prose("Lets the connection read without making keys seem used."),
        complexity: prose("O(1)"),
        group: "connection",
        since: "7.2.0",
        flags: CLIENT,
        errors: errors(&["ERR syntax error"]),
        methods: methods(&[Method::new("clientNoTouch", "on: Switch", "'OK'")]),
        run: client_no_touch,
    },
];

fn client_id(ctx: &mut Ctx, _: &mut Args) -> Result<Reply> {
    Ok(Reply::Integer(ctx.client as i64))
}

fn client_getname(ctx: &mut Ctx, _: &mut Args) -> Result<Reply> {
    let name = &ctx.client().name;
    Ok(Reply::bulk_or_null(
        (!name.is_empty()).then(|| name.clone()),
    ))
}

fn client_setname(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let name = printable(args.bytes()?, BAD_NAME)?;
    ctx.client_mut().name = name.to_vec();
    Ok(Reply::OK)
}

fn client_setinfo(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let option = args.bytes()?;
    if option.eq_ignore_ascii_case(b"LIB-NAME") {
        let bad = "ERR lib-name cannot contain spaces, newlines or special characters.";
        ctx.client_mut().library_name = printable(args.bytes()?, bad)?.to_vec();
    } else if option.eq_ignore_ascii_case(b"LIB-VER") {
        let bad = "ERR lib-ver cannot contain spaces, newlines or special characters.";
        ctx.client_mut().library_version = printable(args.bytes()?, bad)?.to_vec();
    } else {
        let option = String::from_utf8_lossy(option);
        return Err(Error::SaidOf(format!("ERR Unrecognized option '{option}'")));
    }
    Ok(Reply::OK)
}

fn client_info(ctx: &mut Ctx, _: &mut Args) -> Result<Reply> {
    let line = describe(ctx.client(), ctx.now_ms());
    Ok(Reply::Verbatim("txt", line.into_bytes()))
}

fn client_list(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let mut wanted: Box<dyn Fn(&Client) -> bool> = Box::new(|_| true);
    if args.left() == 2 && args.word("TYPE") {
        wanted = Box::new(of_type(args.bytes()?)?);
    } else if args.left() >= 2 && args.word("ID") {
        let bad = Error::Said("ERR Invalid client ID");
        let mut ids = Vec::new();
        while !args.is_done() {
            ids.push(
                args.int_in(1..=i64::MAX, bad.clone())
                    .map_err(|_| bad.clone())? as u64,
            );
        }
        wanted = Box::new(move |client| ids.contains(&client.id));
    }
    args.end()?;
    let clients = ctx.state.clients.iter().filter(|client| wanted(client));
    let lines: String = clients
        .map(|client| describe(client, ctx.now_ms()))
        .collect();
    Ok(Reply::Verbatim("txt", lines.into_bytes()))
}

fn of_type(name: &[u8]) -> Result<fn(&Client) -> bool> {
    match name.to_ascii_lowercase().as_slice() {
        b"normal" => Ok(|client| client.subscriptions() == 0),
        b"pubsub" => Ok(|client| client.subscriptions() > 0),
        b"master" | b"replica" | b"slave" => Ok(|_| false),
        _ => {
            let name = String::from_utf8_lossy(name);
            Err(Error::SaidOf(format!("ERR Unknown client type '{name}'")))
        }
    }
}

/// A line of CLIENT LIST. Its readers await every field of Redis, so what the engine does not know
/// (sockets and their buffers belong to hosts) is there as Redis has it for a client without a socket.
fn describe(client: &Client, now_ms: i64) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let seconds_since = |then_ms: i64| (now_ms - then_ms).max(0) / 1000;
    let queue = client.queue.as_ref();
    let queued = queue.map_or(-1, |queue| queue.commands().len() as i64);
    let queued_bytes = queue.map_or(0, Queue::bytes);
    let last_command = client.last_command.to_ascii_lowercase().replace(' ', "|");
    format!(
        "id={} addr={} laddr={} fd=-1 name={} age={} idle={} flags={} db={} sub={} psub={} ssub=0 \
         multi={} watch={} qbuf=0 qbuf-free=0 argv-mem=0 multi-mem={} rbs=0 rbp=0 obl=0 oll=0 \
         omem=0 tot-mem=0 events=r cmd={} user=default redir=-1 resp={} lib-name={} lib-ver={}\n",
        client.id,
        client.address,
        client.local_address,
        text(&client.name),
        seconds_since(client.connected_ms),
        seconds_since(client.active_ms),
        letters(client),
        client.db,
        client.channels.len(),
        client.patterns.len(),
        queued,
        client.watched.len(),
        queued_bytes,
        last_command,
        if client.resp == Resp::Three { 3 } else { 2 },
        text(&client.library_name),
        text(&client.library_version),
    )
}

/// Redis's letters for the state of a client; `N` is none of them.
fn letters(client: &Client) -> String {
    let states = [
        ('P', client.subscriptions() > 0),
        ('x', client.queue.is_some()),
        ('b', client.blocked),
        ('d', client.watch_failed),
        ('c', client.closing),
        ('e', client.no_evict),
        ('T', client.no_touch),
    ];
    let letters: String = states
        .iter()
        .filter(|(_, on)| *on)
        .map(|(letter, _)| *letter)
        .collect();
    if letters.is_empty() {
        "N".to_owned()
    } else {
        letters
    }
}

fn client_reply(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let mode = if args.word("ON") {
        ReplyMode::On
    } else if args.word("OFF") {
        ReplyMode::Off
    } else if args.word("SKIP") {
        ReplyMode::Skip
    } else {
        return Err(Error::Syntax);
    };
    ctx.client_mut().reply_mode = mode;
    Ok(if mode == ReplyMode::On {
        Reply::OK
    } else {
        Reply::Many(Vec::new())
    })
}

fn client_no_evict(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    ctx.client_mut().no_evict = on_or_off(args)?;
    Ok(Reply::OK)
}

fn client_no_touch(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    ctx.no_touch = on_or_off(args)?;
    ctx.client_mut().no_touch = ctx.no_touch;
    Ok(Reply::OK)
}

fn on_or_off(args: &mut Args) -> Result<bool> {
    if args.word("ON") {
        Ok(true)
    } else if args.word("OFF") {
        Ok(false)
    } else {
        Err(Error::Syntax)
    }
}
