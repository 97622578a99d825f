//! Values to bytes.
//!
//! ```text
//!  0 string   string
//!  2 set      members, string ...
//!  4 hash     pairs, (field value) ...
//!  5 zset     pairs, (member, score f64 LE) ..., the highest first
//! 11 set      string holding an intset
//! 16 hash     string holding a listpack, field and value in turn
//! 17 zset     string holding a listpack, member and score in turn
//! 18 list     nodes, (2, string holding a listpack) ...
//! 20 set      string holding a listpack
//! ```
//!
//! What is packed is written as it lies, so that writing it costs a copy.

use alloc::vec::Vec;

use super::lzf::Compressor;
#[cfg(feature = "lists")]
use super::node;
use super::wire::{write_length, write_number, write_string};
use super::{Target, code, opcode};
#[cfg(feature = "lists")]
use crate::types::List;
#[cfg(feature = "sets")]
use crate::types::Members;
#[cfg(feature = "sorted-sets")]
use crate::types::ZSet;
use crate::types::{Fields, Item, ValueRef};

/// How a value will lie in the file.
enum Layout<'v> {
    Text(Item<'v>),
    /// An intset or a listpack.
    Packed(&'v [u8]),
    #[cfg(feature = "lists")]
    List(&'v List),
    #[cfg(feature = "sets")]
    Set(Members<'v>),
    Hash(Fields<'v>),
    #[cfg(feature = "sorted-sets")]
    ZSet(&'v ZSet),
}

/// Writes a key with its deadline.
pub fn write_entry(
    key: &[u8],
    value: ValueRef<'_>,
    deadline_ms: Option<i64>,
    target: Target,
    compressor: &mut Compressor,
    out: &mut Vec<u8>,
) {
    if let Some(deadline_ms) = deadline_ms {
        out.push(opcode::DEADLINE_MS);
        out.extend_from_slice(&deadline_ms.to_le_bytes());
    }
    let (code, layout) = layout_of(value, target);
    out.push(code);
    write_string(key, compressor, out);
    layout.write(compressor, out);
}

/// Writes a value alone, behind its type.
pub fn write_value(
    value: ValueRef<'_>,
    target: Target,
    compressor: &mut Compressor,
    out: &mut Vec<u8>,
) {
    let (code, layout) = layout_of(value, target);
    out.push(code);
    layout.write(compressor, out);
}

#[cfg_attr(not(feature = "sets"), allow(unused_variables))]
fn layout_of(value: ValueRef<'_>, target: Target) -> (u8, Layout<'_>) {
    match value {
        ValueRef::String(text) => (code::STRING, Layout::Text(text.as_item())),
        #[cfg(feature = "lists")]
        ValueRef::List(list) => (code::LIST_OF_LISTPACKS, Layout::List(list)),
        #[cfg(feature = "sets")]
        ValueRef::Set(set) => match (set.as_intset(), set.as_listpack()) {
            (Some(intset), _) => (code::SET_INTSET, Layout::Packed(intset.as_bytes())),
            (None, Some(listpack)) if target != Target::Redis70 => {
                (code::SET_LISTPACK, Layout::Packed(listpack.as_bytes()))
            }
            _ => (code::SET, Layout::Set(set)),
        },
        ValueRef::Hash(hash) => match hash.as_listpack() {
            Some(listpack) => (code::HASH_LISTPACK, Layout::Packed(listpack.as_bytes())),
            None => (code::HASH, Layout::Hash(hash)),
        },
        #[cfg(feature = "sorted-sets")]
        ValueRef::ZSet(zset) => match zset.as_listpack() {
            Some(listpack) => (code::ZSET_LISTPACK, Layout::Packed(listpack.as_bytes())),
            None => (code::ZSET, Layout::ZSet(zset)),
        },
    }
}

impl Layout<'_> {
    fn write(self, compressor: &mut Compressor, out: &mut Vec<u8>) {
        match self {
            Layout::Text(text) => write_item(text, compressor, out),
            Layout::Packed(bytes) => write_string(bytes, compressor, out),
            #[cfg(feature = "lists")]
            Layout::List(list) => {
                write_length(list.nodes().count() as u64, out);
                for listpack in list.nodes() {
                    write_length(node::PACKED, out);
                    write_string(listpack.as_bytes(), compressor, out);
                }
            }
            #[cfg(feature = "sets")]
            Layout::Set(set) => {
                write_length(set.len() as u64, out);
                for member in set.iter() {
                    write_item(member, compressor, out);
                }
            }
            Layout::Hash(hash) => {
                write_length(hash.len() as u64, out);
                for (field, value) in hash.iter() {
                    write_item(field, compressor, out);
                    write_item(value, compressor, out);
                }
            }
            #[cfg(feature = "sorted-sets")]
            Layout::ZSet(zset) => {
                write_length(zset.len() as u64, out);
                // A loader that keeps a skiplist inserts at its front this way.
                for (member, score) in zset.iter().rev() {
                    write_item(member, compressor, out);
                    out.extend_from_slice(&score.get().to_le_bytes());
                }
            }
        }
    }
}

fn write_item(item: Item<'_>, compressor: &mut Compressor, out: &mut Vec<u8>) {
    match item {
        Item::Int(number) => write_number(number, out),
        Item::Bytes(bytes) => write_string(bytes, compressor, out),
    }
}
