//! Which argument of a call is which of its usage.

use alloc::vec::Vec;

use super::{Item, Usage};
use crate::types::number;

/// An item of the usage, and the position in the call at which it begins.
#[derive(Debug, Clone, Copy)]
pub struct Part<'u> {
    pub item: &'u Item,
    pub at: usize,
}

impl Usage {
    /// Matches a call, whose name has `words` words, against the usage; none where it does not fit.
    /// Every item that was taken is told, in the order of the call, those that hold others first.
    pub fn match_call(&self, argv: &[&[u8]], words: usize) -> Option<Vec<Part<'_>>> {
        let mut matching = Matching {
            argv,
            parts: Vec::new(),
        };
        let end = matching.sequence(&self.items, words)?;
        (end == argv.len()).then_some(matching.parts)
    }
}

struct Matching<'u, 'a> {
    argv: &'a [&'a [u8]],
    parts: Vec<Part<'u>>,
}

impl<'u> Matching<'u, '_> {
    /// Matches items one after the other and answers where they end. Options that follow each other
    /// may be given in any order, as Redis takes them.
    fn sequence(&mut self, items: &'u [Item], at: usize) -> Option<usize> {
        let Some((first, rest)) = items.split_first() else {
            return Some(at);
        };
        match first {
            Item::Argument("numkeys") => self.counted(first, rest, at),
            Item::Optional(_) => {
                let options = items
                    .iter()
                    .take_while(|item| matches!(item, Item::Optional(_)));
                let (options, rest) = items.split_at(options.count());
                let known = self.parts.len();
                let end = self.any_order(options, at);
                self.sequence(rest, end).or_else(|| {
                    // An option without a token may have taken what the rest needs.
                    self.parts.truncate(known);
                    self.sequence(rest, at)
                })
            }
            Item::Repeated(inside) => self.repeated(first, inside, rest, at),
            item => {
                let end = self.one(item, at)?;
                self.sequence(rest, end)
            }
        }
    }

    /// `numkeys key [key ...]`: as many as the number says, then the rest.
    fn counted(&mut self, numkeys: &'u Item, behind: &'u [Item], at: usize) -> Option<usize> {
        let [key, others, rest @ ..] = behind else {
            return None;
        };
        let count = number::parse_i64(self.argv.get(at)?)?;
        let count = usize::try_from(count).ok().filter(|count| *count > 0)?;
        let end = at.checked_add(1)?.checked_add(count)?;
        if end > self.argv.len() {
            return None;
        }
        self.parts.push(Part { item: numkeys, at });
        if count > 1 {
            self.parts.push(Part {
                item: others,
                at: at + 2,
            });
        }
        self.parts
            .extend((at + 1..end).map(|at| Part { item: key, at }));
        self.sequence(rest, end)
    }

    /// As many times as there may be; then fewer, until what follows fits to the end of the call.
    fn repeated(
        &mut self,
        item: &'u Item,
        inside: &'u Item,
        rest: &'u [Item],
        at: usize,
    ) -> Option<usize> {
        let mut ends = vec![(at, self.parts.len())];
        loop {
            let at = ends[ends.len() - 1].0;
            self.parts.push(Part { item, at });
            match self.one(inside, at).filter(|end| *end > at) {
                Some(end) => ends.push((end, self.parts.len())),
                None => break,
            }
        }
        while let Some((end, known)) = ends.pop() {
            self.parts.truncate(known);
            if let Some(end) = self.sequence(rest, end)
                && (end == self.argv.len() || rest.is_empty())
            {
                return Some(end);
            }
        }
        None
    }

    /// Takes whichever of the options stands next, until none does.
    fn any_order(&mut self, options: &'u [Item], mut at: usize) -> usize {
        let mut left: Vec<&Item> = options.iter().collect();
        'next: loop {
            for (index, option) in left.iter().enumerate() {
                let known = self.parts.len();
                self.parts.push(Part { item: option, at });
                if let Item::Optional(inside) = option
                    && let Some(end) = self.one(inside, at).filter(|end| *end > at)
                {
                    at = end;
                    left.remove(index);
                    continue 'next;
                }
                self.parts.truncate(known);
            }
            return at;
        }
    }

    fn one(&mut self, item: &'u Item, at: usize) -> Option<usize> {
        match item {
            Item::Token(token) => {
                let found = self.argv.get(at)?.eq_ignore_ascii_case(token.as_bytes());
                found.then(|| self.take(item, at))
            }
            Item::Argument(_) => {
                self.argv.get(at)?;
                Some(self.take(item, at))
            }
            Item::Optional(_) | Item::Repeated(_) => self.sequence(core::slice::from_ref(item), at),
            Item::Sequence(items) => self.sequence(items, at),
            Item::OneOf(choices) => choices.iter().find_map(|choice| {
                let known = self.parts.len();
                self.parts.push(Part { item: choice, at });
                let end = self.one(choice, at);
                if end.is_none() {
                    self.parts.truncate(known);
                }
                end
            }),
        }
    }

    fn take(&mut self, item: &'u Item, at: usize) -> usize {
        self.parts.push(Part { item, at });
        at + 1
    }
}
