//! Aggregates that are so small that they lie in the block of their key: their bytes, and what these are.

use alloc::vec::Vec;

use super::buffer::COMPACT_MAX_BYTES;
use super::hash::{Fields, Hash};
#[cfg(feature = "sets")]
use super::set::{Members, Set};
use super::{Value, ValueRef};

/// How compact bytes are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    Hash,
    #[cfg(feature = "sets")]
    Integers,
    #[cfg(feature = "sets")]
    Set,
}

/// The bytes of a compact aggregate, wherever they lie.
///
/// They are those that RDB stores, and follow from the contents.
#[derive(Debug, Clone, Copy)]
pub struct Compact<'a> {
    pub packing: Packing,
    pub bytes: &'a [u8],
}

impl<'a> Compact<'a> {
    pub const MAX_BYTES: usize = COMPACT_MAX_BYTES;

    #[inline]
    pub fn view(self) -> ValueRef<'a> {
        let Compact { packing, bytes } = self;
        match packing {
            Packing::Hash => ValueRef::Hash(Fields::of_packed(bytes)),
            #[cfg(feature = "sets")]
            Packing::Integers => ValueRef::Set(Members::of_integers(bytes)),
            #[cfg(feature = "sets")]
            Packing::Set => ValueRef::Set(Members::of_packed(bytes)),
        }
    }

    /// A value of these bytes in a buffer that is there already, whatever was in it.
    pub fn to_value(self, mut buffer: Vec<u8>) -> Value {
        buffer.clear();
        buffer.extend_from_slice(self.bytes);
        match self.packing {
            Packing::Hash => Value::Hash(Hash::of_packed(buffer)),
            #[cfg(feature = "sets")]
            Packing::Integers => Value::Set(Set::of_integers(buffer)),
            #[cfg(feature = "sets")]
            Packing::Set => Value::Set(Set::of_packed(buffer)),
        }
    }
}

impl Value {
    /// The bytes of an aggregate that is to lie in the block of its key.
    #[inline]
    pub fn compact(&self) -> Option<Compact<'_>> {
        match self {
            Value::Hash(hash) => hash.compact(),
            #[cfg(feature = "sets")]
            Value::Set(set) => set.compact(),
            _ => None,
        }
    }

    /// The buffer of a packed aggregate, for something else.
    pub fn into_buffer(self) -> Option<Vec<u8>> {
        match self {
            Value::Hash(hash) => hash.into_buffer(),
            #[cfg(feature = "sets")]
            Value::Set(set) => set.into_buffer(),
            _ => None,
        }
    }
}
