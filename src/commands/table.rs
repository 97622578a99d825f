//! The table of all commands, with what was read from each usage once.

use std::fmt;
use std::sync::OnceLock;

use indexmap::IndexMap;

use super::families::FAMILIES;
use super::row::Command;
use super::usage::Usage;
use crate::error::{Error, Result};

/// A row, and what its usage says.
pub struct Listed {
    pub command: &'static Command,
    pub usage: Usage,
    /// As Redis counts: with the name; negative is "at least".
    pub arity: i32,
    /// Words of the name: 1, or 2 for a subcommand.
    pub words: usize,
    /// Whether a second word may name another row: `COMMAND`.
    has_subcommands: bool,
}

impl fmt::Debug for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.command.name)
    }
}

impl Listed {
    /// Whether a call of this many arguments, name included, may be right.
    pub fn accepts(&self, arguments: usize) -> bool {
        let least = self.arity.unsigned_abs() as usize;
        if self.arity < 0 {
            arguments >= least
        } else {
            arguments == least
        }
    }

    /// Whether this word, in capitals, is all that names it.
    pub fn is_called(&self, word: &[u8]) -> bool {
        self.words == 1 && !self.has_subcommands && self.command.name.as_bytes() == word
    }

    /// In lower case, a subcommand as `config|get`: how errors and COMMAND name it.
    pub fn full_name(&self) -> String {
        self.command.name.to_ascii_lowercase().replace(' ', "|")
    }
}

/// All commands. Subcommands stand under their full name, and their containers under theirs.
pub struct Table {
    by_name: IndexMap<String, Listed>,
    /// Those of `by_name` that one word names.
    words: Words,
    /// Containers with their subcommands, both in capitals.
    containers: IndexMap<&'static str, Vec<&'static str>>,
}

/// The one table of this program, built when it is first asked for.
pub fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(Table::build)
}

/// No name of a command is longer; what is longer is not looked up.
const LONGEST_NAME: usize = 32;

impl Table {
    fn build() -> Table {
        let mut table = Table {
            by_name: IndexMap::new(),
            words: Words::default(),
            containers: IndexMap::new(),
        };
        for command in FAMILIES.iter().copied().flatten() {
            let usage = Usage::parse(command.usage)
                .unwrap_or_else(|error| panic!("usage of {}: {error}", command.name));
            let words = command.name.split(' ').count();
            let arity = usage.arity(words);
            if let Some((container, subcommand)) = command.name.split_once(' ') {
                table
                    .containers
                    .entry(container)
                    .or_default()
                    .push(subcommand);
            }
            let listed = Listed {
                command,
                usage,
                arity,
                words,
                has_subcommands: false,
            };
            let before = table.by_name.insert(command.name.to_owned(), listed);
            assert!(before.is_none(), "{} has two rows", command.name);
        }
        for container in table.containers.keys() {
            if let Some(listed) = table.by_name.get_mut(*container) {
                listed.has_subcommands = true;
            }
        }
        for (index, listed) in table.by_name.values().enumerate() {
            if listed.words == 1 && !listed.has_subcommands {
                table.words.add(listed.command.name, index);
            }
        }
        table
    }

    /// The command that these arguments call, or the error that Redis answers.
    pub fn find(&self, argv: &[&[u8]]) -> Result<&Listed> {
        let Some(name) = argv.first() else {
            return Err(Error::Syntax);
        };
        for index in self.words.candidates(name) {
            let listed = &self.by_name[index];
            if listed.is_called(name) || listed.command.name.as_bytes().eq_ignore_ascii_case(name) {
                return Ok(listed);
            }
        }
        self.find_of_container(name, argv)
    }

    /// A subcommand, a container by itself, or nothing.
    fn find_of_container(&self, name: &[u8], argv: &[&[u8]]) -> Result<&Listed> {
        let mut buffer = [0; LONGEST_NAME];
        let first = upper(name, &mut buffer).ok_or_else(|| unknown(argv))?;
        let Some((&container, _)) = self.containers.get_key_value(first) else {
            return Err(unknown(argv));
        };
        let Some(second) = argv.get(1) else {
            return self.by_name.get(first).ok_or_else(|| Error::Arity {
                name: first.to_ascii_lowercase(),
            });
        };
        let full = format!(
            "{container} {}",
            String::from_utf8_lossy(second).to_ascii_uppercase()
        );
        self.by_name
            .get(&full)
            .ok_or_else(|| Error::UnknownSubcommand {
                name: String::from_utf8_lossy(second).into_owned(),
                container,
            })
    }

    pub fn get(&self, name: &str) -> Option<&Listed> {
        self.by_name.get(name)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Listed> {
        self.by_name.values()
    }

    /// Containers (`CONFIG`) with the second words of their subcommands.
    pub fn containers(&self) -> impl Iterator<Item = (&'static str, &[&'static str])> {
        self.containers
            .iter()
            .map(|(container, names)| (*container, names.as_slice()))
    }
}

/// Places of rows by the one word of their name, in any case: each call looks here.
///
/// Open addressing with a hash of a multiplication a letter, and no copy of the word. The names are
/// ours, so nobody can make them collide; a word of a client costs a comparison for each name that has
/// its hash, which is hardly ever more than one.
struct Words {
    /// The place of a row and one, or 0. Invariant: less than half of them are taken.
    slots: Box<[u16; WORD_SLOTS]>,
}

const WORD_SLOTS: usize = 1024;

impl Default for Words {
    fn default() -> Words {
        Words {
            slots: Box::new([0; WORD_SLOTS]),
        }
    }
}

impl Words {
    fn add(&mut self, word: &str, index: usize) {
        assert!(index < WORD_SLOTS / 2, "too many commands for their table");
        let mut slot = Words::home(word.as_bytes());
        while self.slots[slot] != 0 {
            slot = (slot + 1) % WORD_SLOTS;
        }
        self.slots[slot] = index as u16 + 1;
    }

    /// Rows whose name may be this word.
    fn candidates(&self, word: &[u8]) -> impl Iterator<Item = usize> {
        let home = Words::home(&word[..word.len().min(LONGEST_NAME)]);
        let slots = (home..home + WORD_SLOTS).map(|slot| self.slots[slot % WORD_SLOTS]);
        slots
            .take_while(|slot| *slot != 0)
            .map(|slot| usize::from(slot) - 1)
    }

    fn home(word: &[u8]) -> usize {
        let case = !b' ';
        let hash = word.iter().fold(word.len() as u32, |hash, letter| {
            (hash ^ u32::from(letter & case)).wrapping_mul(0x0100_0193)
        });
        (hash >> 16) as usize % WORD_SLOTS
    }
}

/// The name in capitals, in the buffer, if it can be one.
fn upper<'a>(name: &[u8], buffer: &'a mut [u8; LONGEST_NAME]) -> Option<&'a str> {
    let upper = buffer.get_mut(..name.len())?;
    upper.copy_from_slice(name);
    upper.make_ascii_uppercase();
    std::str::from_utf8(upper).ok()
}

/// Redis repeats the name and the first arguments, each cut to 128 bytes all told.
fn unknown(argv: &[&[u8]]) -> Error {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut left = 128;
    let mut arguments = Vec::new();
    for argument in &argv[1..] {
        if left == 0 {
            break;
        }
        let shown = &argument[..argument.len().min(left)];
        arguments.push(text(shown));
        left -= shown.len();
    }
    let name = argv[0];
    Error::UnknownCommand {
        name: text(&name[..name.len().min(128)]),
        arguments,
    }
}
