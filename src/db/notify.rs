//! Which keyspace events are published: the letters of `notify-keyspace-events`.

use core::fmt;

use super::event::Class;

/// The letters, read once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Notify {
    /// `K`: publishes to `__keyspace@db__:key`.
    pub keyspace: bool,
    /// `E`: publishes to `__keyevent@db__:event`.
    pub keyevent: bool,
    classes: u16,
}

/// The letters that `A` stands for, in the order in which CONFIG GET shows them.
const COMMON: &[(char, Class)] = &[
    ('g', Class::Generic),
    ('$', Class::String),
    ('l', Class::List),
    ('s', Class::Set),
    ('h', Class::Hash),
    ('z', Class::ZSet),
    ('x', Class::Expired),
    ('e', Class::Evicted),
    ('t', Class::Stream),
    ('d', Class::Module),
];

/// Letters that must be asked for by name.
const RARE: &[(char, Class)] = &[('m', Class::Missed), ('n', Class::New)];

impl Notify {
    /// Reads the letters; none where one is unknown.
    pub fn parse(letters: &str) -> Option<Notify> {
        let mut notify = Notify::default();
        for letter in letters.chars() {
            match letter {
                'K' => notify.keyspace = true,
                'E' => notify.keyevent = true,
                'A' => notify.classes |= all(),
                _ => {
                    let mut known = COMMON.iter().chain(RARE);
                    notify.classes |= bit(known.find(|(name, _)| *name == letter)?.1);
                }
            }
        }
        Some(notify)
    }

    /// Whether any event may be wanted.
    pub fn is_on(self) -> bool {
        self.keyspace || self.keyevent
    }

    pub fn wants(self, class: Class) -> bool {
        self.is_on() && self.has(class)
    }

    fn has(self, class: Class) -> bool {
        self.classes & bit(class) != 0
    }
}

/// The letters again, as CONFIG GET answers them.
impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let every = self.classes & all() == all();
        if every {
            f.write_str("A")?;
        }
        for (letter, _) in COMMON
            .iter()
            .filter(|(_, class)| !every && self.has(*class))
        {
            write!(f, "{letter}")?;
        }
        let switches = [('K', self.keyspace), ('E', self.keyevent)];
        let rare = RARE
            .iter()
            .map(|(letter, class)| (*letter, self.has(*class)));
        for (letter, _) in switches.into_iter().chain(rare).filter(|(_, on)| *on) {
            write!(f, "{letter}")?;
        }
        Ok(())
    }
}

fn all() -> u16 {
    COMMON.iter().fold(0, |bits, (_, class)| bits | bit(*class))
}

fn bit(class: Class) -> u16 {
    1 << class as u16
}
