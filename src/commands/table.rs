//! The table of all commands, with what was read from each usage once.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use once_cell::race::OnceBox;

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
    rows: Vec<Listed>,
    names: Names,
    /// Containers with their subcommands, both in capitals.
    containers: Vec<(&'static str, Vec<&'static str>)>,
}

/// The one table of this program, built when it is first asked for.
pub fn table() -> &'static Table {
    static TABLE: OnceBox<Table> = OnceBox::new();
    TABLE.get_or_init(|| Box::new(Table::build()))
}

/// No name of a command is longer; what is longer is not looked up.
const LONGEST_NAME: usize = 32;

impl Table {
    fn build() -> Table {
        let mut table = Table {
            rows: Vec::new(),
            names: Names::default(),
            containers: Vec::new(),
        };
        for command in FAMILIES.iter().copied().flatten() {
            let usage = Usage::parse(command.usage)
                .unwrap_or_else(|error| panic!("usage of {}: {error}", command.name));
            let words = command.name.split(' ').count();
            let arity = usage.arity(words);
            if let Some((container, subcommand)) = command.name.split_once(' ') {
                match table.container_mut(container) {
                    Some(below) => below.push(subcommand),
                    None => table.containers.push((container, vec![subcommand])),
                }
            }
            let listed = Listed {
                command,
                usage,
                arity,
                words,
                has_subcommands: false,
            };
            assert!(
                table.get(command.name).is_none(),
                "{} has two rows",
                command.name
            );
            table.names.add(command.name, table.rows.len());
            table.rows.push(listed);
        }
        for listed in &mut table.rows {
            let of_listed = |(container, _): &(&str, _)| *container == listed.command.name;
            listed.has_subcommands = table.containers.iter().any(of_listed);
        }
        table
    }

    fn container_mut(&mut self, name: &str) -> Option<&mut Vec<&'static str>> {
        let mut containers = self.containers.iter_mut();
        let found = containers.find(|(container, _)| *container == name);
        found.map(|(_, below)| below)
    }

    /// The command that these arguments call, or the error that Redis answers.
    pub fn find(&self, argv: &[&[u8]]) -> Result<&Listed> {
        let Some(name) = argv.first() else {
            return Err(Error::Syntax);
        };
        match self.row_called(name) {
            Some(listed) if listed.words == 1 && !listed.has_subcommands => Ok(listed),
            _ => self.find_of_container(name, argv),
        }
    }

    /// The row of this name, in any case.
    #[inline]
    fn row_called(&self, name: &[u8]) -> Option<&Listed> {
        let rows = self.names.candidates(name).map(|at| &self.rows[at]);
        let mut called = rows.filter(|listed| {
            listed.is_called(name) || listed.command.name.as_bytes().eq_ignore_ascii_case(name)
        });
        called.next()
    }

    /// A subcommand, a container by itself, or nothing.
    fn find_of_container(&self, name: &[u8], argv: &[&[u8]]) -> Result<&Listed> {
        let mut buffer = [0; LONGEST_NAME];
        let first = upper(name, &mut buffer).ok_or_else(|| unknown(argv))?;
        let mut containers = self.containers.iter();
        let Some(&(container, _)) = containers.find(|(container, _)| *container == first) else {
            return Err(unknown(argv));
        };
        let Some(second) = argv.get(1) else {
            return self.get(first).ok_or_else(|| Error::Arity {
                name: first.to_ascii_lowercase(),
            });
        };
        let full = format!(
            "{container} {}",
            String::from_utf8_lossy(second).to_ascii_uppercase()
        );
        self.get(&full).ok_or_else(|| Error::UnknownSubcommand {
            name: String::from_utf8_lossy(second).into_owned(),
            container,
        })
    }

    pub fn get(&self, name: &str) -> Option<&Listed> {
        let listed = self.row_called(name.as_bytes())?;
        (listed.command.name == name).then_some(listed)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Listed> {
        self.rows.iter()
    }

    pub fn rows(&self) -> &[Listed] {
        &self.rows
    }

    /// Containers (`CONFIG`) with the second words of their subcommands.
    pub fn containers(&self) -> impl Iterator<Item = (&'static str, &[&'static str])> {
        self.containers
            .iter()
            .map(|(container, names)| (*container, names.as_slice()))
    }
}

/// Places of rows by their name, in any case: each call looks here.
///
/// Open addressing with a hash of a multiplication a letter, and no copy of the name. The names are
/// ours, so nobody can make them collide; a name of a client costs a comparison for each of ours that has
/// its hash, which is hardly ever more than one.
struct Names {
    /// The place of a row and one, or 0. Invariant: less than half of them are taken.
    slots: Box<[u16; NAME_SLOTS]>,
}

const NAME_SLOTS: usize = 1024;

impl Default for Names {
    fn default() -> Names {
        Names {
            slots: Box::new([0; NAME_SLOTS]),
        }
    }
}

impl Names {
    fn add(&mut self, name: &str, index: usize) {
        assert!(index < NAME_SLOTS / 2, "too many commands for their table");
        let mut slot = Names::home(name.as_bytes());
        while self.slots[slot] != 0 {
            slot = (slot + 1) % NAME_SLOTS;
        }
        self.slots[slot] = index as u16 + 1;
    }

    /// Rows whose name may be this.
    fn candidates(&self, name: &[u8]) -> impl Iterator<Item = usize> {
        let home = Names::home(&name[..name.len().min(LONGEST_NAME)]);
        let slots = (home..home + NAME_SLOTS).map(|slot| self.slots[slot % NAME_SLOTS]);
        slots
            .take_while(|slot| *slot != 0)
            .map(|slot| usize::from(slot) - 1)
    }

    fn home(name: &[u8]) -> usize {
        let case = !b' ';
        let hash = name.iter().fold(name.len() as u32, |hash, letter| {
            (hash ^ u32::from(letter & case)).wrapping_mul(0x0100_0193)
        });
        (hash >> 16) as usize % NAME_SLOTS
    }
}

/// The name in capitals, in the buffer, if it can be one.
fn upper<'a>(name: &[u8], buffer: &'a mut [u8; LONGEST_NAME]) -> Option<&'a str> {
    let upper = buffer.get_mut(..name.len())?;
    upper.copy_from_slice(name);
    upper.make_ascii_uppercase();
    core::str::from_utf8(upper).ok()
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
