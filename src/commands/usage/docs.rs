//! A usage as COMMAND DOCS tells it: arguments with names, types and tokens.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Item, Usage};
use crate::commands::shape::KEY_WORDS;
use crate::reply::Reply;

/// One argument of COMMAND DOCS.
#[derive(Debug, Default)]
struct Argument {
    name: String,
    kind: &'static str,
    token: Option<&'static str>,
    optional: bool,
    multiple: bool,
    inside: Vec<Argument>,
}

/// Names whose arguments are not plain strings, by the type that the Redis documentation gives them.
const TYPES: &[(&str, &[&str])] = &[
    ("key", KEY_WORDS),
    ("pattern", &["pattern"]),
    ("double", &["score", "timeout", "weight"]),
    (
        "unix-time",
        &["unix-time-seconds", "unix-time-milliseconds"],
    ),
    (
        "integer",
        &[
            "seconds",
            "milliseconds",
            "count",
            "index",
            "index1",
            "index2",
            "start",
            "stop",
            "end",
            "offset",
            "cursor",
            "numkeys",
            "rank",
            "num-matches",
            "len",
            "limit",
            "decrement",
            "ttl",
            "protover",
            "client-id",
            "min-match-len",
            "frequency",
            "destination-db",
            "db",
        ],
    ),
];

impl Usage {
    /// The `arguments` of COMMAND DOCS.
    pub fn docs(&self) -> Reply {
        Reply::Array(
            arguments(&self.items)
                .into_iter()
                .map(Argument::reply)
                .collect(),
        )
    }
}

/// `key [key ...]` is one argument that may be given several times.
fn arguments(items: &[Item]) -> Vec<Argument> {
    let mut arguments: Vec<Argument> = Vec::new();
    let mut at = 0;
    while at < items.len() {
        if let Item::Repeated(inside) = &items[at] {
            let first_at = (0..at)
                .rev()
                .find(|first| is_same(&items[*first..at], inside));
            if let Some(first_at) = first_at {
                let repeated = at - first_at;
                let first = arguments.split_off(arguments.len() - repeated);
                arguments.push(Argument {
                    multiple: true,
                    ..block(first)
                });
                at += 1;
                continue;
            }
        }
        arguments.push(argument(&items[at]));
        at += 1;
    }
    arguments
}

fn is_same(items: &[Item], repeated: &Item) -> bool {
    match repeated {
        Item::Sequence(inside) => items == inside,
        item => items.len() == 1 && items[0] == *item,
    }
}

fn argument(item: &Item) -> Argument {
    match item {
        Item::Token(token) => Argument {
            name: token.to_ascii_lowercase(),
            kind: "pure-token",
            token: Some(token),
            ..Argument::default()
        },
        Item::Argument(name) => {
            let kind = TYPES.iter().find(|(_, names)| names.contains(name));
            Argument {
                name: (*name).to_owned(),
                kind: kind.map_or("string", |(kind, _)| kind),
                ..Argument::default()
            }
        }
        Item::Optional(inside) => Argument {
            optional: true,
            ..argument(inside)
        },
        Item::Repeated(inside) => Argument {
            optional: true,
            multiple: true,
            ..argument(inside)
        },
        Item::OneOf(choices) => Argument {
            name: choices
                .iter()
                .map(|choice| argument(choice).name)
                .collect::<Vec<_>>()
                .join("-or-"),
            kind: "oneof",
            inside: choices.iter().map(argument).collect(),
            ..Argument::default()
        },
        Item::Sequence(items) => match items.as_slice() {
            // A token belongs to the one argument behind it: `EX seconds`.
            [Item::Token(token), value] => Argument {
                token: Some(token),
                ..argument(value)
            },
            items => block(arguments(items)),
        },
    }
}

/// Several arguments as one; one stays what it is.
fn block(mut inside: Vec<Argument>) -> Argument {
    if inside.len() == 1 {
        return inside.remove(0);
    }
    let name = inside
        .iter()
        .map(|argument| argument.name.as_str())
        .collect::<Vec<_>>()
        .join("-");
    Argument {
        name,
        kind: "block",
        inside,
        ..Argument::default()
    }
}

impl Argument {
    fn reply(self) -> Reply {
        let mut fields = vec![
            ("name", Reply::bulk(self.name)),
            ("type", Reply::bulk(self.kind)),
        ];
        if let Some(token) = self.token {
            fields.push(("token", Reply::bulk(token)));
        }
        let flags = [("optional", self.optional), ("multiple", self.multiple)];
        let flags: Vec<Reply> = flags
            .iter()
            .filter(|(_, set)| *set)
            // Not bulk strings: redis-cli aborts on those when it reads this at its start.
            .map(|(name, _)| Reply::Simple(name))
            .collect();
        if !flags.is_empty() {
            fields.push(("flags", Reply::Set(flags)));
        }
        if !self.inside.is_empty() {
            let inside = self.inside.into_iter().map(Argument::reply).collect();
            fields.push(("arguments", Reply::Array(inside)));
        }
        Reply::Map(
            fields
                .into_iter()
                .map(|(name, value)| (Reply::bulk(name), value))
                .collect(),
        )
    }
}
