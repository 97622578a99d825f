//! Commands about the connection itself: which database and which protocol it speaks. What it says of itself is in `clients`.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use super::row::{Command, Method, errors, methods, prose};
use super::{Args, Flags};
use crate::db::{Client, Ctx, Resp};
use crate::error::{Error, Result};
use crate::reply::Reply;

/// The version of Redis whose behaviour clients may count on.
pub(super) const REDIS_VERSION: &str = "7.2.0";

pub(super) const ALWAYS: Flags = Flags::NO_SCRIPT.and(Flags::LOADING).and(Flags::STALE);
const FREE: Flags = ALWAYS.and(Flags::FAST);

pub(super) const ROWS: &[Command] = &[
    Command {
        name: "PING",
        usage: "[message]",
        summary: prose("Answers PONG, or the message."),
        complexity: prose("O(1)"),
        group: "connection",
        since: "1.0.0",
        flags: Flags::FAST
            .and(Flags::SENTINEL)
            .and(Flags::WHILE_SUBSCRIBED),
        errors: &[],
        methods: methods(&[Method::new("ping", "message?", "Text")]),
        run: ping,
    },
    Command {
        name: "ECHO",
        usage: "message",
        summary: prose("Answers the message."),
        complexity: prose("O(1)"),
        group: "connection",
        since: "1.0.0",
        flags: Flags::LOADING.and(Flags::STALE).and(Flags::FAST),
        errors: &[],
        methods: methods(&[Method::new("echo", "message", "Text")]),
        run: echo,
    },
    Command {
        name: "HELLO",
        usage: "[protover [AUTH username password] [SETNAME clientname]]",
        summary: prose("Chooses the protocol, 2 or 3, and answers what the server is."),
        complexity: prose("O(1)"),
        group: "connection",
        since: "6.0.0",
        flags: FREE
            .and(Flags::NO_AUTH)
            .and(Flags::SENTINEL)
            .and(Flags::ALLOW_BUSY),
        errors: errors(&[
            "NOPROTO unsupported protocol version",
            "ERR Protocol version is not an integer or out of range",
            "ERR Syntax error in HELLO option",
            "ERR Client names cannot contain spaces, newlines or special characters.",
            "WRONGPASS",
        ]),
        methods: methods(&[Method::new(
            "hello",
            "version?: 2 | 3, options?: HelloOptions",
            "HelloReply",
        )]),
        run: hello,
    },
    Command {
        name: "AUTH",
        usage: "[username] password",
        summary: prose("Identifies the client by its password."),
        complexity: prose("O(1)"),
        group: "connection",
        since: "1.0.0",
        flags: FREE
            .and(Flags::NO_AUTH)
            .and(Flags::SENTINEL)
            .and(Flags::ALLOW_BUSY),
        errors: errors(&["WRONGPASS", NO_PASSWORD, "ERR syntax error"]),
        methods: methods(&[Method::new("auth", "credentials: AuthOptions", "'OK'")]),
        run: auth,
    },
    Command {
        name: "SELECT",
        usage: "index",
        summary: prose("Chooses the numbered database that later commands work on."),
        complexity: prose("O(1)"),
        group: "connection",
        since: "1.0.0",
        flags: Flags::LOADING.and(Flags::STALE).and(Flags::FAST),
        errors: errors(&[
            "ERR DB index is out of range",
            "ERR value is not an integer or out of range",
        ]),
        methods: methods(&[Method::new("select", "index: number", "'OK'")]),
        run: select,
    },
    Command {
        name: "QUIT",
        usage: "[argument ...]",
        summary: prose("Closes the connection once the reply is written."),
        complexity: prose("O(1)"),
        group: "connection",
        since: "1.0.0",
        flags: FREE
            .and(Flags::NO_AUTH)
            .and(Flags::ALLOW_BUSY)
            .and(Flags::NOT_QUEUED)
            .and(Flags::WHILE_SUBSCRIBED),
        errors: &[],
        methods: &[],
        run: quit,
    },
    Command {
        name: "RESET",
        usage: "",
        summary: prose("Makes the connection as new: no transaction, subscription, name or login."),
        complexity: prose("O(1)"),
        group: "connection",
        since: "6.2.0",
        flags: FREE
            .and(Flags::NO_AUTH)
            .and(Flags::ALLOW_BUSY)
            .and(Flags::NOT_QUEUED)
            .and(Flags::WHILE_SUBSCRIBED),
        errors: &[],
        methods: &[],
        run: reset,
    },
];

const NO_PASSWORD: &str = "ERR AUTH <password> called without any password configured for the \
                           default user. Are you sure your configuration is correct?";

fn ping(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let message = args.bytes().ok();
    if args.left() > 0 {
        return Err(Error::Arity {
            name: "ping".to_owned(),
        });
    }
    let subscribed = ctx.client().resp == Resp::Two && ctx.client().subscriptions() > 0;
    Ok(match message {
        _ if subscribed => Reply::bulks([b"pong".as_slice(), message.unwrap_or_default()]),
        Some(message) => Reply::bulk(message),
        None => Reply::Simple("PONG"),
    })
}

fn echo(_: &mut Ctx, args: &mut Args) -> Result<Reply> {
    Ok(Reply::bulk(args.bytes()?))
}

fn hello(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let mut resp = ctx.client().resp;
    if !args.is_done() {
        let bad = Error::Said("ERR Protocol version is not an integer or out of range");
        resp = match args.int().map_err(|_| bad)? {
            2 => Resp::Two,
            3 => Resp::Three,
            _ => return Err(Error::NoProto),
        };
    }
    let (mut login, mut name) = (None, None);
    while let Some(option) = args.peek() {
        if args.left() >= 3 && args.word("AUTH") {
            login = Some((args.bytes()?, args.bytes()?));
        } else if args.left() >= 2 && args.word("SETNAME") {
            name = Some(printable(args.bytes()?, BAD_NAME)?);
        } else {
            let option = String::from_utf8_lossy(option);
            return Err(Error::SaidOf(format!(
                "ERR Syntax error in HELLO option '{option}'"
            )));
        }
    }
    if let Some((user, password)) = login {
        log_in(ctx, user, password)?;
    }
    if !ctx.client().authenticated {
        return Err(Error::Said(HELLO_FIRST));
    }
    let client = ctx.client_mut();
    client.resp = resp;
    if let Some(name) = name {
        client.name = name.to_vec();
    }
    Ok(greeting(client))
}

const HELLO_FIRST: &str = "NOAUTH HELLO must be called with the client already authenticated, \
                           otherwise the HELLO AUTH <user> <pass> option can be used to \
                           authenticate the client and select the RESP protocol version at the \
                           same time";

fn greeting(client: &Client) -> Reply {
    let proto = if client.resp == Resp::Three { 3 } else { 2 };
    let fields = [
        ("server", Reply::bulk("redis")),
        ("version", Reply::bulk(REDIS_VERSION)),
        ("proto", Reply::Integer(proto)),
        ("id", Reply::Integer(client.id as i64)),
        ("mode", Reply::bulk("standalone")),
        ("role", Reply::bulk("master")),
        ("modules", Reply::Array(Vec::new())),
    ];
    Reply::Map(
        fields
            .into_iter()
            .map(|(name, value)| (Reply::bulk(name), value))
            .collect(),
    )
}

fn auth(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    match *args.rest() {
        [_] if ctx.state.config.requirepass.is_empty() => Err(Error::Said(NO_PASSWORD)),
        [password] => log_in(ctx, b"default", password),
        [user, password] => log_in(ctx, user, password),
        _ => Err(Error::Syntax),
    }
}

/// The one user there is: `default`, who needs no password where none is set.
fn log_in(ctx: &mut Ctx, user: &[u8], password: &[u8]) -> Result<Reply> {
    let right = &ctx.state.config.requirepass;
    let known = user == b"default" && (right.is_empty() || same(password, right));
    if !known {
        return Err(Error::WrongPass);
    }
    ctx.client_mut().authenticated = true;
    Ok(Reply::OK)
}

/// Compares in a time that does not tell how much of the password was right.
fn same(given: &[u8], right: &[u8]) -> bool {
    let differences = given
        .iter()
        .zip(right)
        .fold(0, |seen, (a, b)| seen | (a ^ b));
    given.len() == right.len() && differences == 0
}

fn select(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let db = args.db(ctx.state.config.databases)?;
    ctx.db = db;
    ctx.client_mut().db = db;
    Ok(Reply::OK)
}

fn quit(ctx: &mut Ctx, _: &mut Args) -> Result<Reply> {
    ctx.client_mut().closing = true;
    Ok(Reply::OK)
}

fn reset(ctx: &mut Ctx, _: &mut Args) -> Result<Reply> {
    let id = ctx.client;
    ctx.state.unwatch(id);
    ctx.state.unsubscribe_all(id);
    let open = ctx.state.config.requirepass.is_empty();
    let seed = ctx.limits().seed;
    let old = ctx.client_mut();
    let mut new = Client::new(id, old.connected_ms, seed);
    new.address = core::mem::take(&mut old.address);
    new.local_address = core::mem::take(&mut old.local_address);
    new.active_ms = old.active_ms;
    new.authenticated = open;
    new.last_command = old.last_command;
    *old = new;
    (ctx.db, ctx.no_touch) = (0, false);
    Ok(Reply::Simple("RESET"))
}

pub(super) const BAD_NAME: &str =
    "ERR Client names cannot contain spaces, newlines or special characters.";

/// A name that cannot break the lines of CLIENT LIST.
pub(super) fn printable<'a>(name: &'a [u8], otherwise: &'static str) -> Result<&'a [u8]> {
    let fine = name.iter().all(|byte| (b'!'..=b'~').contains(byte));
    if fine {
        Ok(name)
    } else {
        Err(Error::Said(otherwise))
    }
}
