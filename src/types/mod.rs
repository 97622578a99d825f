//! VALUES: pure structures. They know no keys, no clock and no replies.
//!
//! A value is small and packed until it outgrows `Limits`, then it becomes a table; it never goes
//! back, but for lists. Both forms answer the same questions, so no command knows which it holds.
//!
//! Two promises every kind makes, and `Kind` states them:
//! - its size in bytes is known in O(1) and depends on its contents and form alone, not on the
//!   history or capacity of a buffer, so that undoing a change gives back the number of before;
//! - a change of the large form can be recorded as a list of inverses, whose cost is what was
//!   touched. The packed form is small enough to be kept whole.

#![allow(clippy::len_without_is_empty)]

use alloc::boxed::Box;
use alloc::vec::Vec;

// `Kind::is_empty` is the one: what is empty has no place in the keyspace.

mod buffer;
mod compact;
mod hash;
#[cfg(feature = "sets")]
mod intset;
#[cfg(feature = "lists")]
mod list;
mod listpack;
mod log;
pub mod number;
#[cfg(feature = "lists")]
mod quicklist;
mod seed;
#[cfg(feature = "sets")]
mod set;
mod slots;
mod string;
#[cfg(feature = "sorted-sets")]
mod zset;

pub use compact::{Compact, Packing};
pub use hash::{Fields, Hash};
#[cfg(feature = "sets")]
pub use intset::{Integers, Intset};
#[cfg(feature = "lists")]
pub use list::{Beside, List};
pub use listpack::{Item, Items, Listpack};
pub use log::Inverses;
#[cfg(feature = "lists")]
pub use quicklist::Side;
pub use seed::{Seed, SeededMap, SeededSet};
#[cfg(feature = "sets")]
pub use set::{Members, Set};
pub use string::{Str, Text};
#[cfg(feature = "sorted-sets")]
pub use zset::{Added, LexBound, Only, Score, ZSet};

/// The thresholds past which a packed value becomes a table: names and defaults are Redis 7.2's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub hash_max_listpack_entries: usize,
    pub hash_max_listpack_value: usize,
    /// Negative: -1 to -5 bound the bytes of a node at 4, 8, 16, 32, 64 KiB; positive: its entries.
    pub list_max_listpack_size: i64,
    pub set_max_intset_entries: usize,
    pub set_max_listpack_entries: usize,
    pub set_max_listpack_value: usize,
    pub zset_max_listpack_entries: usize,
    pub zset_max_listpack_value: usize,
    /// What new tables are hashed under.
    pub seed: Seed,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            hash_max_listpack_entries: 512,
            hash_max_listpack_value: 64,
            list_max_listpack_size: -2,
            set_max_intset_entries: 512,
            set_max_listpack_entries: 128,
            set_max_listpack_value: 64,
            zset_max_listpack_entries: 128,
            zset_max_listpack_value: 64,
            seed: Seed::default(),
        }
    }
}

/// The first two words behind the key of a call. Of nearly all calls that look for an element it is the first, or in a
/// sorted set the second, behind the score that it is given.
pub type Words<'a> = [Option<&'a [u8]>; 2];

/// What is kept under a key.
#[derive(Debug, Clone)]
pub enum Value {
    String(Str),
    #[cfg(feature = "lists")]
    List(List),
    Hash(Hash),
    #[cfg(feature = "sets")]
    Set(Set),
    #[cfg(feature = "sorted-sets")]
    ZSet(ZSet),
}

/// A value as it is read: a view that costs nothing to copy.
#[derive(Debug, Clone, Copy)]
pub enum ValueRef<'a> {
    String(Text<'a>),
    #[cfg(feature = "lists")]
    List(&'a List),
    Hash(Fields<'a>),
    #[cfg(feature = "sets")]
    Set(Members<'a>),
    #[cfg(feature = "sorted-sets")]
    ZSet(&'a ZSet),
}

/// What every kind of value can do for the keyspace that holds it.
pub trait Kind: Sized + Clone + Default + 'static {
    /// How it is read: `&Self`, or a view of bytes that the keyspace may keep in its own way.
    type View<'a>: Copy;

    fn of(value: ValueRef<'_>) -> Option<Self::View<'_>>;
    fn of_mut(value: &mut Value) -> Option<&mut Self>;
    fn into_value(self) -> Value;

    /// An empty one, which takes this buffer if it may become compact.
    fn empty_in(_: &mut Vec<u8>) -> Self {
        Self::default()
    }

    /// An empty aggregate is removed from the keyspace. A string is never empty in this sense.
    fn is_empty(&self) -> bool;

    /// Heap bytes by contents and form. O(1).
    fn size_bytes(&self) -> usize;

    /// Whether the form is small enough for undo to keep a copy of the whole. O(1).
    fn is_compact(&self) -> bool;

    /// Starts to record inverses. Only called on a value that is not compact.
    fn record(&mut self);

    /// Stops, and hands over what was recorded since `record`, oldest first.
    fn recorded(&mut self) -> Inverses;

    /// Takes back one change. The inverses of an edit in reverse order restore the value exactly:
    /// contents, order where order shows, and size.
    fn undo(&mut self, inverse: Inverse);
}

/// The inverse of one change to a value of any kind.
#[derive(Debug)]
pub enum Inverse {
    /// Puts back what packed bytes held.
    Rewind(buffer::Rewind),
    /// Puts back the form that a value had outgrown.
    Form(Box<Value>),
    String(string::Inverse),
    #[cfg(feature = "lists")]
    List(list::Inverse),
    Hash(hash::Inverse),
    #[cfg(feature = "sets")]
    Set(set::Inverse),
    #[cfg(feature = "sorted-sets")]
    ZSet(zset::Inverse),
}

/// Ties a kind to its variant of `Value`.
macro_rules! kind {
    ($variant:ident) => {
        fn of(value: crate::types::ValueRef<'_>) -> Option<Self::View<'_>> {
            match value {
                crate::types::ValueRef::$variant(inner) => Some(inner),
                _ => None,
            }
        }

        fn of_mut(value: &mut crate::types::Value) -> Option<&mut Self> {
            match value {
                crate::types::Value::$variant(inner) => Some(inner),
                _ => None,
            }
        }

        fn into_value(self) -> crate::types::Value {
            crate::types::Value::$variant(self)
        }
    };
}
pub(crate) use kind;

impl ValueRef<'_> {
    /// The answer to TYPE.
    pub fn type_name(self) -> &'static str {
        match self {
            ValueRef::String(_) => "string",
            #[cfg(feature = "lists")]
            ValueRef::List(_) => "list",
            ValueRef::Hash(_) => "hash",
            #[cfg(feature = "sets")]
            ValueRef::Set(_) => "set",
            #[cfg(feature = "sorted-sets")]
            ValueRef::ZSet(_) => "zset",
        }
    }

    /// The answer to OBJECT ENCODING.
    pub fn encoding(self) -> &'static str {
        match self {
            ValueRef::String(value) => value.encoding(),
            #[cfg(feature = "lists")]
            ValueRef::List(value) => value.encoding(),
            ValueRef::Hash(value) => value.encoding(),
            #[cfg(feature = "sets")]
            ValueRef::Set(value) => value.encoding(),
            #[cfg(feature = "sorted-sets")]
            ValueRef::ZSet(value) => value.encoding(),
        }
    }

    /// Heap bytes by contents and form. O(1).
    pub fn size_bytes(self) -> usize {
        match self {
            ValueRef::String(value) => value.size_bytes(),
            #[cfg(feature = "lists")]
            ValueRef::List(value) => value.size_bytes(),
            ValueRef::Hash(value) => value.size_bytes(),
            #[cfg(feature = "sets")]
            ValueRef::Set(value) => value.size_bytes(),
            #[cfg(feature = "sorted-sets")]
            ValueRef::ZSet(value) => value.size_bytes(),
        }
    }

    /// A copy of the whole.
    pub fn to_value(self) -> Value {
        match self {
            ValueRef::String(value) => Value::String(value.into()),
            #[cfg(feature = "lists")]
            ValueRef::List(value) => Value::List(value.clone()),
            ValueRef::Hash(value) => Value::Hash(value.to_hash()),
            #[cfg(feature = "sets")]
            ValueRef::Set(value) => Value::Set(value.to_set()),
            #[cfg(feature = "sorted-sets")]
            ValueRef::ZSet(value) => Value::ZSet(value.clone()),
        }
    }
}

impl<'a> From<&'a Value> for ValueRef<'a> {
    fn from(value: &'a Value) -> ValueRef<'a> {
        value.view()
    }
}

/// Does the same with a value of each kind.
macro_rules! of_each {
    ($value:expr, $inner:ident => $act:expr) => {
        match $value {
            Value::String($inner) => $act,
            #[cfg(feature = "lists")]
            Value::List($inner) => $act,
            Value::Hash($inner) => $act,
            #[cfg(feature = "sets")]
            Value::Set($inner) => $act,
            #[cfg(feature = "sorted-sets")]
            Value::ZSet($inner) => $act,
        }
    };
}

/// What `Kind` has, for what does not ask which kind it is.
impl Value {
    pub fn is_empty(&self) -> bool {
        of_each!(self, value => Kind::is_empty(value))
    }

    pub fn is_compact(&self) -> bool {
        of_each!(self, value => value.is_compact())
    }

    pub fn record(&mut self) {
        of_each!(self, value => value.record());
    }

    pub fn recorded(&mut self) -> Inverses {
        of_each!(self, value => value.recorded())
    }

    /// Gives back room that it does not need.
    pub fn fit(&mut self) {
        of_each!(self, value => value.fit());
    }
}

impl Value {
    pub fn view(&self) -> ValueRef<'_> {
        match self {
            Value::String(value) => ValueRef::String(value.view()),
            #[cfg(feature = "lists")]
            Value::List(value) => ValueRef::List(value),
            Value::Hash(value) => ValueRef::Hash(value.fields()),
            #[cfg(feature = "sets")]
            Value::Set(value) => ValueRef::Set(value.members()),
            #[cfg(feature = "sorted-sets")]
            Value::ZSet(value) => ValueRef::ZSet(value),
        }
    }

    /// The answer to TYPE.
    pub fn type_name(&self) -> &'static str {
        self.view().type_name()
    }

    /// The answer to OBJECT ENCODING.
    pub fn encoding(&self) -> &'static str {
        self.view().encoding()
    }

    /// Heap bytes by contents and form. O(1).
    pub fn size_bytes(&self) -> usize {
        self.view().size_bytes()
    }

    /// Has the caches fetch what commands will read of a large table, which have these words behind the key. Where they are
    /// no element, nothing is lost but the look.
    pub fn look_ahead(&self, words: &[Words]) {
        match self {
            Value::String(_) => {}
            #[cfg(feature = "lists")]
            Value::List(_) => {}
            Value::Hash(value) => value.look_ahead(words),
            #[cfg(feature = "sets")]
            Value::Set(value) => value.look_ahead(words),
            #[cfg(feature = "sorted-sets")]
            Value::ZSet(value) => value.look_ahead(words),
        }
    }

    /// In how many pieces the value lies: what freeing it costs.
    pub fn pieces(&self) -> usize {
        match self {
            Value::String(_) => 1,
            #[cfg(feature = "lists")]
            Value::List(value) => value.pieces(),
            Value::Hash(value) => value.pieces(),
            #[cfg(feature = "sets")]
            Value::Set(value) => value.pieces(),
            #[cfg(feature = "sorted-sets")]
            Value::ZSet(value) => value.pieces(),
        }
    }

    /// Lets go of so many pieces at most and says how many; 0 when dropping the rest costs one more.
    /// Only for a value that nobody will look into again.
    pub fn free_some(&mut self, most: usize) -> usize {
        match self {
            Value::String(_) => 0,
            #[cfg(feature = "lists")]
            Value::List(value) => value.free_some(most),
            Value::Hash(value) => value.free_some(most),
            #[cfg(feature = "sets")]
            Value::Set(value) => value.free_some(most),
            #[cfg(feature = "sorted-sets")]
            Value::ZSet(value) => value.free_some(most),
        }
    }

    /// Takes back one change, of the kind that this value is.
    pub fn undo(&mut self, inverse: Inverse) {
        match self {
            Value::String(value) => value.undo(inverse),
            #[cfg(feature = "lists")]
            Value::List(value) => value.undo(inverse),
            Value::Hash(value) => value.undo(inverse),
            #[cfg(feature = "sets")]
            Value::Set(value) => value.undo(inverse),
            #[cfg(feature = "sorted-sets")]
            Value::ZSet(value) => value.undo(inverse),
        }
    }
}

/// What a value holds, which is of this kind: an older form of what is being taken back.
fn taken<T: Kind>(mut value: Value) -> T {
    let kind = value.type_name();
    let inner = T::of_mut(&mut value).unwrap_or_else(|| panic!("undo of the form of a {kind}"));
    core::mem::take(inner)
}

/// The positions of a table that the next part of a SCAN looks at: `count` of them below the cursor,
/// from the end down if that is 0. The start of the range is the next cursor.
fn scanned(cursor: u64, count: usize, len: usize) -> core::ops::Range<usize> {
    let end = match usize::try_from(cursor) {
        Ok(0) | Err(_) => len,
        Ok(cursor) => cursor.min(len),
    };
    end.saturating_sub(count.max(1))..end
}

#[cfg(test)]
mod tests {
    use super::Value;

    // The keyspace keeps a slot for each value that it does not hold inline.
    #[test]
    fn a_value_takes_four_words() {
        assert_eq!(size_of::<Value>(), 4 * size_of::<usize>());
    }
}
