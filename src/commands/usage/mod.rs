//! The notation in which a row writes its arguments, and what can be read from it.
//!
//! It is the notation of the Redis documentation:
//!
//! ```text
//! usage  := item*
//! item   := WORD            a token, to be written as it stands (any case)
//!         | name            an argument; its name says its type (`key`, `seconds`, `score` ...)
//!         | [ usage ]       may be left out;  [ usage ... ] may stand any number of times
//!         | < usage >       one of several:   < usage | usage >
//!         | a | b           alternatives, inside of brackets
//! ```

mod docs;
mod keys;
mod matching;

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

pub use keys::KeySpec;
pub use matching::Part;

/// The arguments of a command, as a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    pub items: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// Written as it stands: `COUNT`.
    Token(&'static str),
    /// An argument, by its name in the documentation.
    Argument(&'static str),
    Optional(Box<Item>),
    /// Any number of times, none included.
    Repeated(Box<Item>),
    OneOf(Vec<Item>),
    /// One after the other.
    Sequence(Vec<Item>),
}

/// Why a usage could not be read. Only a row of ours can be wrong, so this stops the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadUsage(String);

impl fmt::Display for BadUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Usage {
    pub fn parse(text: &'static str) -> Result<Usage, BadUsage> {
        let mut words = text.split_whitespace().flat_map(pieces).collect::<Vec<_>>();
        words.reverse();
        let item = alternatives(&mut words, None)?;
        match item {
            Item::Sequence(items) => Ok(Usage { items }),
            item => Ok(Usage { items: vec![item] }),
        }
    }
}

/// A word without the brackets that cling to it, which become words of their own.
fn pieces(word: &'static str) -> Vec<&'static str> {
    let mut pieces = Vec::new();
    let mut rest = word;
    while let Some(bracket) = rest.find(['[', ']', '<', '>']) {
        if bracket > 0 {
            pieces.push(&rest[..bracket]);
        }
        pieces.push(&rest[bracket..=bracket]);
        rest = &rest[bracket + 1..];
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

/// Everything up to the closing bracket; `words` is reversed, its end comes next.
fn alternatives(words: &mut Vec<&'static str>, close: Option<&str>) -> Result<Item, BadUsage> {
    let mut choices = vec![Vec::new()];
    let mut repeated = false;
    loop {
        let Some(word) = words.pop() else {
            if close.is_some() {
                return Err(BadUsage("a bracket is left open".to_owned()));
            }
            break;
        };
        let sequence = choices.last_mut().expect("there is always one choice");
        match word {
            _ if Some(word) == close => break,
            "|" => choices.push(Vec::new()),
            "..." => repeated = true,
            "[" => sequence.push(optional(alternatives(words, Some("]"))?)),
            "<" => sequence.push(alternatives(words, Some(">"))?),
            "]" | ">" => return Err(BadUsage(format!("'{word}' closes nothing"))),
            _ => sequence.push(leaf(word)),
        }
    }
    let mut items = choices.into_iter().map(one_or_sequence);
    let item = match items.len() {
        1 => items.next().expect("one"),
        _ => Item::OneOf(items.collect()),
    };
    Ok(if repeated {
        Item::Repeated(Box::new(item))
    } else {
        item
    })
}

fn optional(item: Item) -> Item {
    match item {
        repeated @ Item::Repeated(_) => repeated,
        item => Item::Optional(Box::new(item)),
    }
}

fn one_or_sequence(mut items: Vec<Item>) -> Item {
    if items.len() == 1 {
        items.remove(0)
    } else {
        Item::Sequence(items)
    }
}

/// Tokens are in capitals, or are signs (`=`, `~`, `*`).
fn leaf(word: &'static str) -> Item {
    if word.chars().any(|letter| letter.is_ascii_lowercase()) {
        Item::Argument(word)
    } else {
        Item::Token(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shape::Shape;

    /// Usages of commands that are still to come, and the arities that Redis documents for them.
    #[test]
    fn the_hardest_usages_of_redis_can_be_said() {
        let xadd = "key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> \
                    field value [field value ...]";
        let sort = "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] \
                    [ASC | DESC] [ALPHA] [STORE destination]";
        let geosearch = "key <FROMMEMBER member | FROMLONLAT longitude latitude> \
                         <BYRADIUS radius <M | KM | FT | MI> | BYBOX width height <M | KM | FT | MI>> \
                         [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]";
        let hexpire = "key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]";
        for (usage, arity) in [(xadd, -5), (sort, -2), (geosearch, -7), (hexpire, -6)] {
            assert_eq!(Shape::of(usage, 1).arity, arity, "{usage}");
        }
    }

    #[test]
    fn calls_of_the_hardest_usages_are_matched() {
        let matches = |usage: &'static str, call: &str| {
            let argv: Vec<&[u8]> = call.split(' ').map(str::as_bytes).collect();
            let usage = Usage::parse(usage).expect("a usage");
            usage.match_call(&argv, 1).is_some()
        };
        let xadd = "key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> \
                    field value [field value ...]";
        assert!(matches(xadd, "XADD s * f v"));
        assert!(matches(xadd, "XADD s MAXLEN ~ 100 LIMIT 5 1-1 f v g w"));
        assert!(!matches(xadd, "XADD s * f"));
        let hexpire = "key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]";
        assert!(matches(hexpire, "HEXPIRE h 10 NX FIELDS 2 a b"));
        assert!(!matches(hexpire, "HEXPIRE h 10 FIELDS"));
    }

    #[test]
    fn a_usage_with_a_bracket_left_open_is_none() {
        assert!(Usage::parse("key [NX").is_err());
        assert!(Usage::parse("key NX]").is_err());
    }
}
