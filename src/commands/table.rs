//! The table of all commands, with what was read from each usage once.

#[cfg(feature = "introspection")]
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

#[cfg(feature = "introspection")]
use once_cell::race::OnceBox;

use super::families::FAMILIES;
use super::row::Told;
use super::shape::Shape;
#[cfg(feature = "introspection")]
use super::usage::Usage;
use crate::error::{Error, Result};

/// A row, and what its usage says.
pub struct Listed {
    pub command: Told,
    pub shape: Shape,
    words: u8,
    /// Whether a second word may name another row: `COMMAND`.
    has_subcommands: bool,
    /// Which of the rows this is.
    #[cfg(feature = "introspection")]
    at: u16,
}

impl fmt::Debug for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.command.name)
    }
}

impl Listed {
    /// Words of the name: 1, or 2 for a subcommand.
    pub fn words(&self) -> usize {
        usize::from(self.words)
    }

    /// Whether a call of this many arguments, name included, may be right.
    pub fn accepts(&self, arguments: usize) -> bool {
        let least = usize::from(self.shape.arity.unsigned_abs());
        if self.shape.arity < 0 {
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

#[cfg(feature = "introspection")]
impl Listed {
    /// The tree of the arguments, read when it is first asked for.
    pub fn usage(&self) -> &'static Usage {
        static USAGES: [OnceBox<Usage>; COUNT] = [const { OnceBox::new() }; COUNT];
        USAGES[usize::from(self.at)].get_or_init(|| {
            let usage = Usage::parse(self.command.usage);
            Box::new(usage.expect("the compiler has read it"))
        })
    }

    /// Whether an argument of a call is a key.
    pub fn is_key(&self, argv: &[&[u8]], at: usize) -> bool {
        let keys = self.usage().keys(argv, self.words());
        keys.is_some_and(|keys| keys.contains(&at))
    }
}

#[cfg(not(feature = "introspection"))]
impl Listed {
    /// Whether an argument of a call is a key.
    pub fn is_key(&self, argv: &[&[u8]], at: usize) -> bool {
        self.shape.has_key_at(argv.len(), at)
    }
}

/// How many rows there are.
const COUNT: usize = {
    let (mut count, mut family) = (0, 0);
    while family < FAMILIES.len() {
        count += FAMILIES[family].len();
        family += 1;
    }
    count
};

static LISTED: [Listed; COUNT] = {
    let mut listed = [const {
        Listed {
            command: Told::of(&FAMILIES[0][0]),
            shape: Shape::of("", 1),
            words: 1,
            has_subcommands: false,
            #[cfg(feature = "introspection")]
            at: 0,
        }
    }; COUNT];
    let (mut at, mut family) = (0, 0);
    while family < FAMILIES.len() {
        let mut row = 0;
        while row < FAMILIES[family].len() {
            let command = &FAMILIES[family][row];
            let words = words_of(command.name);
            listed[at] = Listed {
                command: Told::of(command),
                shape: Shape::of(command.usage, words),
                words,
                has_subcommands: words == 1 && has_subcommands(command.name),
                #[cfg(feature = "introspection")]
                at: at as u16,
            };
            at += 1;
            row += 1;
        }
        family += 1;
    }
    listed
};

const fn words_of(name: &str) -> u8 {
    let (name, mut at, mut words) = (name.as_bytes(), 0, 1);
    while at < name.len() {
        words += (name[at] == b' ') as u8;
        at += 1;
    }
    words
}

const fn has_subcommands(container: &str) -> bool {
    let mut family = 0;
    while family < FAMILIES.len() {
        let mut row = 0;
        while row < FAMILIES[family].len() {
            if is_of_container(FAMILIES[family][row].name, container) {
                return true;
            }
            row += 1;
        }
        family += 1;
    }
    false
}

/// Whether a name is that of a subcommand: `CONFIG GET` of `CONFIG`.
const fn is_of_container(name: &str, container: &str) -> bool {
    let (name, container) = (name.as_bytes(), container.as_bytes());
    if name.len() <= container.len() || name[container.len()] != b' ' {
        return false;
    }
    let mut at = 0;
    while at < container.len() {
        if name[at] != container[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// All commands. Subcommands stand under their full name, and their containers under theirs.
pub struct Table;

/// The one table of this program, which the compiler has made.
#[inline]
pub fn table() -> &'static Table {
    &Table
}

/// No name of a command is longer; what is longer is not looked up.
const LONGEST_NAME: usize = 32;

impl Table {
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
        let rows = candidates(name).map(|at| &LISTED[at]);
        let mut called = rows.filter(|listed| {
            listed.is_called(name) || listed.command.name.as_bytes().eq_ignore_ascii_case(name)
        });
        called.next()
    }

    /// A subcommand, a container by itself, or nothing.
    fn find_of_container(&self, name: &[u8], argv: &[&[u8]]) -> Result<&Listed> {
        let mut buffer = [0; LONGEST_NAME];
        let first = upper(name, &mut buffer).ok_or_else(|| unknown(argv))?;
        let mut below = LISTED.iter().map(|listed| listed.command.name);
        let Some(name) = below.find(|name| is_of_container(name, first)) else {
            return Err(unknown(argv));
        };
        let container = &name[..first.len()];
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

    pub fn iter(&self) -> impl Iterator<Item = &'static Listed> {
        LISTED.iter()
    }

    pub fn rows(&self) -> &'static [Listed] {
        &LISTED
    }

    /// Containers (`CONFIG`), once for each of their subcommands.
    #[cfg(feature = "introspection")]
    pub fn containers(&self) -> impl Iterator<Item = &'static str> {
        let names = LISTED.iter().map(|listed| listed.command.name);
        names.filter_map(|name| Some(name.split_once(' ')?.0))
    }
}

/// Places of rows by their name, in any case: each call looks here.
///
/// Open addressing with a hash of a multiplication a letter, and no copy of the name. The names are
/// ours, so nobody can make them collide; a name of a client costs a comparison for each of ours that has
/// its hash, which is hardly ever more than one.
///
/// A slot has the place of a row and one, or 0. Invariant: less than half of them are taken.
static NAMES: [u16; NAME_SLOTS] = {
    let mut slots = [0; NAME_SLOTS];
    let mut at = 0;
    while at < COUNT {
        let mut slot = home(LISTED[at].command.name.as_bytes());
        while slots[slot] != 0 {
            slot = (slot + 1) % NAME_SLOTS;
        }
        at += 1;
        slots[slot] = at as u16;
    }
    slots
};

const NAME_SLOTS: usize = (2 * COUNT + 1).next_power_of_two();

/// Rows whose name may be this.
#[inline]
fn candidates(name: &[u8]) -> impl Iterator<Item = usize> {
    let home = home(&name[..name.len().min(LONGEST_NAME)]);
    let slots = (home..home + NAME_SLOTS).map(|slot| NAMES[slot % NAME_SLOTS]);
    slots
        .take_while(|slot| *slot != 0)
        .map(|slot| usize::from(slot) - 1)
}

const fn home(name: &[u8]) -> usize {
    let mut hash = name.len() as u32;
    let mut at = 0;
    while at < name.len() {
        let letter = name[at] & !b' ';
        hash = (hash ^ letter as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    (hash >> 16) as usize % NAME_SLOTS
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
