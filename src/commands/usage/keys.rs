//! Where the keys of a call are: read from its usage.

use alloc::vec::Vec;

use super::matching::Part;
use super::{Item, Usage};
use crate::commands::shape::KEY_WORDS;

/// Where keys stand whatever the arguments are, in the terms of COMMAND INFO. Positions count from
/// the name of the command, which is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySpec {
    /// From `first`, every `step`, up to `last` behind it; below 0, counted from the end of the call.
    Range {
        first: usize,
        last: i64,
        step: usize,
    },
    /// As many as the argument at `count_at` says, right behind it.
    Counted { count_at: usize },
    /// Behind a token that may be anywhere from `from` on (SORT ... STORE).
    Behind { token: &'static str, from: usize },
}

impl Usage {
    /// Where keys may stand, for a command whose name has `words` words.
    pub fn key_specs(&self, words: usize) -> Vec<KeySpec> {
        let mut specs = Vec::new();
        let mut at = words;
        let mut items = self.items.iter().enumerate().peekable();
        while let Some((index, item)) = items.next() {
            match item {
                Item::Argument("numkeys") => {
                    specs.push(KeySpec::Counted { count_at: at });
                    // The first key and the others belong to the count.
                    items.nth(1);
                }
                Item::Argument(name) if is_key(name) => specs.push(self.range(index, at)),
                Item::Optional(inside) => specs.extend(behind_token(inside, at)),
                _ => {}
            }
            if matches!(item, Item::Token(_) | Item::Argument(_) | Item::OneOf(_)) {
                at += 1;
            }
        }
        specs
    }

    /// The key at an index of the usage, with those that follow it by repetition.
    fn range(&self, index: usize, first: usize) -> KeySpec {
        let repeats =
            |item: &Item| matches!(item, Item::Repeated(inside) if begins_with_key(inside));
        let Some(end) = self.items[index + 1..].iter().position(repeats) else {
            return KeySpec::Range {
                first,
                last: 0,
                step: 1,
            };
        };
        let behind = self.items.len() - (index + 1 + end + 1);
        let step = end + 1;
        KeySpec::Range {
            first,
            last: -1 - behind as i64,
            step,
        }
    }

    /// Positions of the keys in one call; none where the call does not fit the usage.
    pub fn keys(&self, argv: &[&[u8]], words: usize) -> Option<Vec<usize>> {
        let parts = self.match_call(argv, words)?;
        let key = |part: &Part| matches!(part.item, Item::Argument(name) if is_key(name));
        Some(
            parts
                .iter()
                .filter(|part| key(part))
                .map(|part| part.at)
                .collect(),
        )
    }
}

fn is_key(name: &str) -> bool {
    KEY_WORDS.contains(&name)
}

fn begins_with_key(item: &Item) -> bool {
    match item {
        Item::Argument(name) => is_key(name),
        Item::Sequence(items) => items.first().is_some_and(begins_with_key),
        _ => false,
    }
}

fn behind_token(item: &Item, from: usize) -> Option<KeySpec> {
    match item {
        Item::Sequence(items) => match items.as_slice() {
            [Item::Token(token), Item::Argument(name), ..] if is_key(name) => {
                Some(KeySpec::Behind { token, from })
            }
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn specs(usage: &'static str) -> Vec<KeySpec> {
        Usage::parse(usage).expect("a usage").key_specs(1)
    }

    fn keys(usage: &'static str, call: &str) -> Option<Vec<usize>> {
        let argv: Vec<&[u8]> = call.split(' ').map(str::as_bytes).collect();
        Usage::parse(usage).expect("a usage").keys(&argv, 1)
    }

    #[test]
    fn keys_that_can_be_counted_have_a_range() {
        let range = |first, last, step| vec![KeySpec::Range { first, last, step }];
        assert_eq!(specs("key value"), range(1, 0, 1));
        assert_eq!(specs("key [key ...]"), range(1, -1, 1));
        assert_eq!(specs("key value [key value ...]"), range(1, -1, 2));
        assert_eq!(specs("key [key ...] timeout"), range(1, -2, 1));
        assert_eq!(
            specs("timeout numkeys key [key ...]"),
            [KeySpec::Counted { count_at: 2 }]
        );
    }

    #[test]
    fn keys_of_a_call_are_found_by_matching_it() {
        let sort = "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [STORE destination]";
        assert_eq!(keys(sort, "SORT a STORE b LIMIT 0 1"), Some(vec![1, 3]));
        assert_eq!(
            keys("key [key ...] timeout", "BLPOP a b 0"),
            Some(vec![1, 2])
        );
        assert_eq!(
            keys("numkeys key [key ...] <LEFT | RIGHT>", "LMPOP 2 a b LEFT"),
            Some(vec![2, 3])
        );
        assert_eq!(keys("numkeys key [key ...]", "X 9 a b"), None);
        assert_eq!(keys("key value", "SET a"), None);
    }
}
