//! Values from bytes: the layouts that `encode` draws, and those of older versions.
//!
//! ```text
//!  1 list     elements, string ...
//!  3 zset     pairs, (member, score as text: length u8 below 253 and digits,
//!             or 253 for nan, 254 for inf, 255 for -inf) ...
//!  9 hash     string holding a zipmap
//! 10 list     string holding a ziplist; 12 zset and 13 hash likewise, in turn
//! 14 list     nodes, string holding a ziplist ...
//! 18 list     nodes, (1, string that is the element) or (2, string holding a listpack) ...
//! ```
//!
//! A value takes the form that our limits give it, whatever the file's was. A field or member that
//! comes twice is an error, as in Redis: the file was damaged or made up.

#[cfg(feature = "old-files")]
use alloc::vec::Vec;

use super::code;
#[cfg(feature = "lists")]
use super::node;
#[cfg(feature = "old-files")]
use super::old::{walk_ziplist, walk_zipmap};
use super::wire::{Broken, Input, ensure};
#[cfg(any(feature = "old-files", feature = "sets"))]
use crate::types::Item;
#[cfg(feature = "sorted-sets")]
use crate::types::{Added, Only, Score, ZSet};
use crate::types::{Hash, Limits, Listpack, Str, Value};
#[cfg(feature = "sets")]
use crate::types::{Intset, Set};
#[cfg(feature = "lists")]
use crate::types::{List, Side};

const TWICE: Broken = Broken::Malformed("a field or member that comes twice");
const BAD_LISTPACK: Broken = Broken::Malformed("a bad listpack");
#[cfg(feature = "sets")]
const BAD_INTSET: Broken = Broken::Malformed("a bad intset");
#[cfg(feature = "sorted-sets")]
const BAD_SCORE: Broken = Broken::Malformed("a score that is not a number");
const ODD: Broken = Broken::Malformed("a field without a value");

/// What stands behind a key.
pub enum Decoded {
    Value(Value),
    /// An aggregate without elements, which old versions of Redis could leave: not a key at all.
    Empty,
    /// The code is none of ours. Nothing was read.
    OtherType,
}

impl Decoded {
    fn unless_empty(is_empty: bool, value: Value) -> Decoded {
        match is_empty {
            true => Decoded::Empty,
            false => Decoded::Value(value),
        }
    }
}

/// Reads the value of a type.
pub fn read_value(code: u8, input: &mut Input<'_>, limits: &Limits) -> Result<Decoded, Broken> {
    let string = |input: &mut Input<'_>| Ok(Value::String(Str::from_bytes(&input.string()?)));
    match code {
        code::STRING => string(input).map(Decoded::Value),
        #[cfg(feature = "lists")]
        code::LIST | code::LIST_ZIPLIST | code::LIST_OF_ZIPLISTS | code::LIST_OF_LISTPACKS => {
            let list = read_list(code, input, limits)?;
            Ok(Decoded::unless_empty(list.len() == 0, Value::List(list)))
        }
        #[cfg(feature = "sets")]
        code::SET | code::SET_INTSET | code::SET_LISTPACK => {
            let set = read_set(code, input, limits)?;
            Ok(Decoded::unless_empty(set.len() == 0, Value::Set(set)))
        }
        #[cfg(feature = "old-files")]
        code::HASH_ZIPMAP | code::HASH_ZIPLIST => {
            let hash = read_hash(code, input, limits)?;
            Ok(Decoded::unless_empty(hash.len() == 0, Value::Hash(hash)))
        }
        code::HASH | code::HASH_LISTPACK => {
            let hash = read_hash(code, input, limits)?;
            Ok(Decoded::unless_empty(hash.len() == 0, Value::Hash(hash)))
        }
        #[cfg(feature = "sorted-sets")]
        code::ZSET | code::ZSET_OF_TEXT | code::ZSET_ZIPLIST | code::ZSET_LISTPACK => {
            let zset = read_zset(code, input, limits)?;
            Ok(Decoded::unless_empty(zset.len() == 0, Value::ZSet(zset)))
        }
        _ => Ok(Decoded::OtherType),
    }
}

#[cfg(feature = "lists")]
fn read_list(code: u8, input: &mut Input<'_>, limits: &Limits) -> Result<List, Broken> {
    let mut list = List::default();
    match code {
        code::LIST => {
            for _ in 0..input.length()? {
                list.push(Side::Right, [&*input.string()?], limits);
            }
        }
        code::LIST_ZIPLIST => append_ziplist(&mut list, &input.string()?, limits)?,
        code::LIST_OF_ZIPLISTS => {
            for _ in 0..input.length()? {
                append_ziplist(&mut list, &input.string()?, limits)?;
            }
        }
        _ => {
            let mut nodes = Vec::new();
            for _ in 0..input.length()? {
                nodes.push(read_node(input)?);
            }
            return Ok(List::from_nodes(nodes, limits));
        }
    }
    Ok(list)
}

/// Element by element, since a node of an old list may be larger than ours may be.
#[cfg(feature = "lists")]
fn append_ziplist(list: &mut List, ziplist: &[u8], limits: &Limits) -> Result<(), Broken> {
    walk_ziplist(ziplist, |item| {
        list.push(Side::Right, [&*item.to_bytes()], limits);
        Ok(())
    })
}

#[cfg(feature = "lists")]
fn read_node(input: &mut Input<'_>) -> Result<Listpack, Broken> {
    match input.length()? {
        node::PLAIN => {
            let mut listpack = Listpack::new();
            listpack.push_back(Item::Bytes(&input.string()?));
            Ok(listpack)
        }
        node::PACKED => read_listpack(input),
        _ => Err(Broken::Malformed("an unknown form of node")),
    }
}

fn read_listpack(input: &mut Input<'_>) -> Result<Listpack, Broken> {
    Listpack::from_bytes(input.string()?.into_owned()).ok_or(BAD_LISTPACK)
}

#[cfg(feature = "sets")]
fn read_set(code: u8, input: &mut Input<'_>, limits: &Limits) -> Result<Set, Broken> {
    match code {
        code::SET_INTSET => {
            let intset = Intset::from_bytes(input.string()?.into_owned()).ok_or(BAD_INTSET)?;
            Ok(Set::from_intset(intset, limits))
        }
        code::SET_LISTPACK => Set::from_listpack(read_listpack(input)?, limits).ok_or(TWICE),
        _ => {
            let mut set = Set::default();
            for _ in 0..input.length()? {
                ensure(set.insert(Item::Bytes(&input.string()?), limits), TWICE)?;
            }
            Ok(set)
        }
    }
}

fn read_hash(code: u8, input: &mut Input<'_>, limits: &Limits) -> Result<Hash, Broken> {
    if code == code::HASH_LISTPACK {
        let listpack = read_listpack(input)?;
        ensure(listpack.len() % 2 == 0, ODD)?;
        return Hash::from_listpack(listpack, limits).ok_or(TWICE);
    }
    let mut hash = Hash::default();
    let mut set = |field: &[u8], value: &[u8]| ensure(hash.set(field, value, limits), TWICE);
    match code {
        #[cfg(feature = "old-files")]
        code::HASH_ZIPMAP => walk_zipmap(&input.string()?, set)?,
        #[cfg(feature = "old-files")]
        code::HASH_ZIPLIST => {
            walk_ziplist_pairs(&input.string()?, |field, value| {
                set(&field, &value.to_bytes())
            })?;
        }
        _ => {
            for _ in 0..input.length()? {
                let field = input.string()?;
                set(&field, &input.string()?)?;
            }
        }
    }
    Ok(hash)
}

#[cfg(feature = "sorted-sets")]
fn read_zset(code: u8, input: &mut Input<'_>, limits: &Limits) -> Result<ZSet, Broken> {
    if code == code::ZSET_LISTPACK {
        let listpack = read_listpack(input)?;
        let bad = Broken::Malformed("a bad score, or a member that comes twice");
        return ZSet::from_listpack(&listpack, limits).ok_or(bad);
    }
    let mut zset = ZSet::default();
    let mut add = |member: &[u8], score: Option<Score>| match zset.add(
        member,
        score.ok_or(BAD_SCORE)?,
        Only::Any,
        limits,
    ) {
        Added::New => Ok(()),
        Added::Moved | Added::Kept => Err(TWICE),
    };
    match code {
        code::ZSET_ZIPLIST => walk_ziplist_pairs(&input.string()?, |member, score| {
            add(&member, Score::parse(&score.to_bytes()))
        })?,
        code::ZSET_OF_TEXT => {
            for _ in 0..input.length()? {
                let member = input.string()?;
                add(&member, read_text_score(input)?)?;
            }
        }
        _ => {
            for _ in 0..input.length()? {
                let member = input.string()?;
                add(&member, Score::new(f64::from_le_bytes(input.array()?)))?;
            }
        }
    }
    Ok(zset)
}

#[cfg(feature = "sorted-sets")]
fn read_text_score(input: &mut Input<'_>) -> Result<Option<Score>, Broken> {
    Ok(match input.u8()? {
        253 => None,
        254 => Score::new(f64::INFINITY),
        255 => Score::new(f64::NEG_INFINITY),
        length => Score::parse(input.take(u64::from(length))?),
    })
}

/// Walks a ziplist of fields and values, or of members and scores, in turn.
#[cfg(feature = "old-files")]
fn walk_ziplist_pairs(
    ziplist: &[u8],
    mut each: impl FnMut(Vec<u8>, Item<'_>) -> Result<(), Broken>,
) -> Result<(), Broken> {
    let mut first = None;
    walk_ziplist(ziplist, |item| match first.take() {
        None => {
            first = Some(item.to_vec());
            Ok(())
        }
        Some(first) => each(first, item),
    })?;
    ensure(first.is_none(), ODD)
}
