//! COMMAND: the table, told to clients.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::row::{Command, Method, errors, methods, prose};
use super::usage::KeySpec;
use super::{Args, Flags, Listed, table};
use crate::db::{Ctx, glob};
use crate::error::{Error, Result};
use crate::reply::Reply;

const ANYTIME: Flags = Flags::LOADING.and(Flags::STALE).and(Flags::SENTINEL);

const BAD_CALL: &str = "ERR Invalid arguments specified for command";
const NO_KEYS: &str = "ERR The command has no key arguments";
const NO_COMMAND: &str = "ERR Invalid command specified";

pub(super) const ROWS: &[Command] = &[
    Command {
        name: "COMMAND",
        usage: "",
        summary: prose("Answers the facts about every command."),
        complexity: prose("O(N), N being the number of commands"),
        group: "server",
        since: "2.8.13",
        flags: ANYTIME,
        errors: &[],
        methods: methods(&[Method::new("command", "", "CommandInfo[]")]),
        run: command,
    },
    Command {
        name: "COMMAND COUNT",
        usage: "",
        summary: prose("Answers how many commands there are."),
        complexity: prose("O(1)"),
        group: "server",
        since: "2.8.13",
        flags: ANYTIME,
        errors: &[],
        methods: methods(&[Method::new("commandCount", "", "number")]),
        run: command_count,
    },
    Command {
        name: "COMMAND INFO",
        usage: "[command-name [command-name ...]]",
        summary: prose("Answers the facts about some commands, null for those that are not there."),
        complexity: prose("O(N), N being the commands asked for"),
        group: "server",
        since: "2.8.13",
        flags: ANYTIME,
        errors: &[],
        methods: methods(&[Method::new(
            "commandInfo",
            "names: readonly Bytes[]",
            "(CommandInfo | null)[]",
        )]),
        run: command_info,
    },
    Command {
        name: "COMMAND DOCS",
        usage: "[command-name [command-name ...]]",
        summary: prose("Answers what commands do, and what arguments they take."),
        complexity: prose("O(N), N being the commands asked for"),
        group: "server",
        since: "7.0.0",
        flags: ANYTIME,
        errors: &[],
        methods: &[],
        run: command_docs,
    },
    Command {
        name: "COMMAND LIST",
        usage: "[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]",
        summary: prose("Answers the names of commands."),
        complexity: prose("O(N), N being the number of commands"),
        group: "server",
        since: "7.0.0",
        flags: ANYTIME,
        errors: errors(&["ERR syntax error"]),
        methods: methods(&[Method::new(
            "commandList",
            "options?: CommandListOptions",
            "Text[]",
        )]),
        run: command_list,
    },
    Command {
        name: "COMMAND GETKEYS",
        usage: "command arg [arg ...]",
        summary: prose("Answers which arguments of a call are keys."),
        complexity: prose("O(N), N being the arguments of the call"),
        group: "server",
        since: "2.8.13",
        flags: ANYTIME,
        errors: errors(&[
            NO_COMMAND,
            NO_KEYS,
            BAD_CALL,
            "ERR Invalid number of arguments specified for command",
        ]),
        methods: methods(&[Method::new(
            "commandGetKeys",
            "argv: readonly Bytes[]",
            "Text[]",
        )]),
        run: command_getkeys,
    },
];

/// Commands and containers as COMMAND counts them: subcommands stand within their container.
fn top_level() -> Vec<&'static str> {
    let plain = table()
        .iter()
        .map(|listed| listed.command.name)
        .filter(|name| !name.contains(' '));
    let mut names: Vec<_> = plain.collect();
    for container in table().containers() {
        if !names.contains(&container) {
            names.push(container);
        }
    }
    names
}

fn command(_: &mut Ctx, _: &mut Args) -> Result<Reply> {
    Ok(Reply::Array(top_level().into_iter().map(facts).collect()))
}

fn command_count(_: &mut Ctx, _: &mut Args) -> Result<Reply> {
    Ok(Reply::count(top_level().len()))
}

fn command_info(_: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let names = asked_for(args);
    Ok(Reply::Array(names.iter().map(|name| facts(name)).collect()))
}

/// The names given, in capitals, subcommands as two words; all of them where none is given.
fn asked_for(args: &mut Args) -> Vec<String> {
    if args.is_done() {
        return top_level().into_iter().map(str::to_owned).collect();
    }
    let name = |name: &&[u8]| {
        String::from_utf8_lossy(name)
            .to_ascii_uppercase()
            .replace('|', " ")
    };
    args.rest().iter().map(name).collect()
}

/// An entry of COMMAND INFO.
fn facts(name: &str) -> Reply {
    let below: Vec<&Listed> = subcommands(name).collect();
    match table().get(name) {
        Some(listed) => entry(listed, &below),
        None if below.is_empty() => Reply::NullArray,
        None => container_entry(name, &below),
    }
}

fn subcommands(container: &str) -> impl Iterator<Item = &'static Listed> {
    let below = move |name: &str| {
        name.strip_prefix(container)
            .is_some_and(|rest| rest.starts_with(' '))
    };
    table()
        .iter()
        .filter(move |listed| below(listed.command.name))
}

fn entry(listed: &Listed, below: &[&Listed]) -> Reply {
    let specs = listed.usage().key_specs(listed.words());
    let (first, last, step) = counted(&specs);
    let flags = listed.command.flags.names().map(Reply::Simple).collect();
    Reply::Array(vec![
        Reply::bulk(listed.full_name()),
        Reply::Integer(i64::from(listed.shape.arity)),
        Reply::Set(flags),
        Reply::Integer(first),
        Reply::Integer(last),
        Reply::Integer(step),
        Reply::Set(categories(listed).into_iter().map(Reply::Simple).collect()),
        Reply::Set(Vec::new()),
        Reply::Set(specs.iter().map(|spec| spec_reply(listed, spec)).collect()),
        Reply::Array(below.iter().map(|listed| entry(listed, &[])).collect()),
    ])
}

/// A container does nothing itself: any call needs a subcommand.
fn container_entry(name: &str, below: &[&Listed]) -> Reply {
    Reply::Array(vec![
        Reply::bulk(name.to_ascii_lowercase()),
        Reply::Integer(-2),
        Reply::Set(Vec::new()),
        Reply::Integer(0),
        Reply::Integer(0),
        Reply::Integer(0),
        Reply::Set(vec![Reply::Simple("@slow")]),
        Reply::Set(Vec::new()),
        Reply::Set(Vec::new()),
        Reply::Array(below.iter().map(|listed| entry(listed, &[])).collect()),
    ])
}

/// First key, last key and step: what can be said of the keys by counting alone.
fn counted(specs: &[KeySpec]) -> (i64, i64, i64) {
    let mut counted = (0, 0, 0);
    for spec in specs {
        let KeySpec::Range { first, last, step } = *spec else {
            continue;
        };
        let (first, step) = (first as i64, step as i64);
        let last = if last < 0 { last } else { first + last };
        counted = match counted {
            (0, ..) => (first, last, step),
            (before, ..) => (before, last, step),
        };
    }
    counted
}

/// The ACL categories that flags and family amount to.
fn categories(listed: &Listed) -> Vec<&'static str> {
    let flags = listed.command.flags;
    let family = match listed.command.group {
        "generic" => "@keyspace",
        "string" => "@string",
        "list" => "@list",
        "set" => "@set",
        "sorted-set" => "@sortedset",
        "hash" => "@hash",
        "connection" => "@connection",
        "transactions" => "@transaction",
        "pubsub" => "@pubsub",
        _ => "",
    };
    let by_flag = [
        ("@write", flags.has(Flags::WRITE)),
        ("@read", flags.has(Flags::READS)),
        (family, !family.is_empty()),
        ("@admin", flags.has(Flags::ADMIN)),
        ("@dangerous", flags.has(Flags::ADMIN)),
        ("@blocking", flags.has(Flags::BLOCKS)),
        ("@fast", flags.has(Flags::FAST)),
        ("@slow", !flags.has(Flags::FAST)),
    ];
    by_flag
        .into_iter()
        .filter(|(_, has)| *has)
        .map(|(name, _)| name)
        .collect()
}

fn spec_reply(listed: &Listed, spec: &KeySpec) -> Reply {
    let reads = !listed.command.flags.has(Flags::WRITE);
    let flags = if reads {
        ["RO", "access"]
    } else {
        ["RW", "update"]
    };
    let (begin, find) = match *spec {
        KeySpec::Range { first, last, step } => (index(first), range(last, step)),
        KeySpec::Counted { count_at } => (
            index(count_at),
            search(
                "keynum",
                &[("keynumidx", 0), ("firstkey", 1), ("keystep", 1)],
            ),
        ),
        KeySpec::Behind { token, from } => {
            let spec = vec![
                (Reply::bulk("keyword"), Reply::bulk(token)),
                (Reply::bulk("startfrom"), Reply::count(from)),
            ];
            (typed("keyword", Reply::Map(spec)), range(0, 1))
        }
    };
    Reply::Map(vec![
        (
            Reply::bulk("flags"),
            Reply::Set(flags.into_iter().map(Reply::Simple).collect()),
        ),
        (Reply::bulk("begin_search"), begin),
        (Reply::bulk("find_keys"), find),
    ])
}

fn index(first: usize) -> Reply {
    search("index", &[("index", first as i64)])
}

fn range(last: i64, step: usize) -> Reply {
    search(
        "range",
        &[("lastkey", last), ("keystep", step as i64), ("limit", 0)],
    )
}

fn search(kind: &str, numbers: &[(&str, i64)]) -> Reply {
    let numbers = numbers
        .iter()
        .map(|(name, value)| (Reply::bulk(*name), Reply::Integer(*value)));
    typed(kind, Reply::Map(numbers.collect()))
}

fn typed(kind: &str, spec: Reply) -> Reply {
    Reply::Map(vec![
        (Reply::bulk("type"), Reply::bulk(kind)),
        (Reply::bulk("spec"), spec),
    ])
}

fn command_docs(_: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let names = asked_for(args);
    Ok(Reply::Map(
        names.iter().filter_map(|name| docs(name)).collect(),
    ))
}

/// A name with what COMMAND DOCS says of it.
fn docs(name: &str) -> Option<(Reply, Reply)> {
    let below: Vec<_> = subcommands(name).collect();
    let listed = table().get(name).or(below.first().copied())?;
    let own = table().get(name).is_some();
    let command = listed.command;
    let [summary, complexity] = if own {
        command.prose()
    } else {
        ["A container of commands.", ""]
    };
    let mut fields = vec![
        ("summary", Reply::bulk(summary)),
        ("since", Reply::bulk(command.since)),
        ("group", Reply::bulk(command.group)),
        ("complexity", Reply::bulk(complexity)),
    ];
    if own && !listed.usage().items.is_empty() {
        fields.push(("arguments", listed.usage().docs()));
    }
    if !below.is_empty() {
        let below = below.iter().filter_map(|listed| docs(listed.command.name));
        fields.push(("subcommands", Reply::Map(below.collect())));
    }
    let fields = fields
        .into_iter()
        .map(|(name, value)| (Reply::bulk(name), value));
    let name = name.to_ascii_lowercase().replace(' ', "|");
    Some((Reply::bulk(name), Reply::Map(fields.collect())))
}

fn command_list(_: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let wanted: Filter = match args.rest() {
        [] => Box::new(|_| true),
        [by, kind, value] if by.eq_ignore_ascii_case(b"FILTERBY") => filter(kind, value)?,
        _ => return Err(Error::Syntax),
    };
    let listed = table().iter().filter(|listed| wanted(listed));
    Ok(Reply::Array(
        listed
            .map(|listed| Reply::bulk(listed.full_name()))
            .collect(),
    ))
}

/// Which commands COMMAND LIST names.
type Filter<'a> = Box<dyn Fn(&Listed) -> bool + 'a>;

fn filter<'a>(kind: &[u8], value: &'a [u8]) -> Result<Filter<'a>> {
    match kind.to_ascii_uppercase().as_slice() {
        b"MODULE" => Ok(Box::new(|_| false)),
        b"ACLCAT" => {
            let category = [b"@", value].concat().to_ascii_lowercase();
            let has = move |listed: &Listed| {
                categories(listed)
                    .iter()
                    .any(|name| name.as_bytes() == category)
            };
            Ok(Box::new(has))
        }
        b"PATTERN" => {
            let pattern = value.to_ascii_lowercase();
            Ok(Box::new(move |listed| {
                glob::matches(&pattern, listed.full_name().as_bytes())
            }))
        }
        _ => Err(Error::Syntax),
    }
}

fn command_getkeys(_: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let call = args.rest();
    let listed = table().find(call).map_err(|_| Error::Said(NO_COMMAND))?;
    if listed.usage().key_specs(listed.words()).is_empty() {
        return Err(Error::Said(NO_KEYS));
    }
    if !listed.accepts(call.len()) {
        return Err(Error::Said(
            "ERR Invalid number of arguments specified for command",
        ));
    }
    let keys = listed
        .usage()
        .keys(call, listed.words())
        .ok_or(Error::Said(BAD_CALL))?;
    Ok(Reply::bulks(keys.into_iter().map(|at| call[at])))
}
