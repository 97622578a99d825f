//! How a set is read, wherever its members lie.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::table::{ENTRY_BYTES, TABLE_BYTES, Table};
use super::{Form, Set, find};
use crate::types::buffer::Buffered as _;
use crate::types::intset::Integers;
use crate::types::listpack::{self, Items};
use crate::types::slots;
use crate::types::{Intset, Item, Listpack};

/// A set as it is read: a view that costs nothing to copy. Integers and packed members may lie anywhere.
#[derive(Debug, Clone, Copy)]
pub struct Members<'a>(pub(super) View<'a>);

#[derive(Debug, Clone, Copy)]
pub(super) enum View<'a> {
    Integers(Integers<'a>),
    Packed(Items<'a>),
    Table(&'a Table),
}

impl<'a> Members<'a> {
    /// Of the bytes of an intset of ours.
    #[inline]
    pub(in crate::types) fn of_integers(bytes: &'a [u8]) -> Members<'a> {
        Members(View::Integers(Integers::of(bytes)))
    }

    /// Of the bytes of a packed set of ours.
    #[inline]
    pub(in crate::types) fn of_packed(bytes: &'a [u8]) -> Members<'a> {
        Members(View::Packed(Items::of(bytes)))
    }

    pub fn as_intset(self) -> Option<Integers<'a>> {
        match self.0 {
            View::Integers(integers) => Some(integers),
            _ => None,
        }
    }

    pub fn as_listpack(self) -> Option<Items<'a>> {
        match self.0 {
            View::Packed(members) => Some(members),
            _ => None,
        }
    }

    pub fn len(self) -> usize {
        match self.0 {
            View::Integers(integers) => integers.len(),
            View::Packed(members) => members.len(),
            View::Table(table) => table.members.len(),
        }
    }

    /// `intset`, `listpack` or `hashtable`.
    pub fn encoding(self) -> &'static str {
        match self.0 {
            View::Integers(_) => "intset",
            View::Packed(_) => "listpack",
            View::Table(_) => "hashtable",
        }
    }

    pub fn contains<'i>(self, member: impl Into<Item<'i>>) -> bool {
        let member = member.into();
        match self.0 {
            View::Integers(integers) => member.as_i64().is_some_and(|n| integers.contains(n)),
            View::Packed(members) => find(members, member).is_some(),
            View::Table(table) => table
                .members
                .find_name(member.bytes_in(&mut itoa::Buffer::new()))
                .is_some(),
        }
    }

    /// In the order of the form, ascending for integers.
    pub fn iter(self) -> Iter<'a> {
        Iter(match self.0 {
            View::Integers(integers) => Walk::Integers(integers, 0),
            View::Packed(members) => Walk::Packed(members.iter()),
            View::Table(table) => Walk::Table(table.members.iter()),
        })
    }

    /// The member with an index in the order of `iter`: O(1) unless the set is packed.
    pub fn get_index(self, index: usize) -> Option<Item<'a>> {
        match self.0 {
            View::Integers(integers) => integers.get(index).map(Item::Int),
            View::Packed(members) => members.get(index),
            View::Table(table) => table.members.get(index).map(|m| Item::Bytes(m)),
        }
    }

    /// Any member, each as likely as another if every `pick` is.
    pub fn random(self, pick: u64) -> Option<Item<'a>> {
        let len = self.len() as u64;
        self.get_index(pick.checked_rem(len)? as usize)
    }

    /// The next members of a walk and the cursor to go on with, as `Hash::scan`.
    pub fn scan(self, cursor: u64, count: usize) -> (u64, Vec<Item<'a>>) {
        match self.0 {
            View::Integers(_) | View::Packed(_) => (0, self.iter().collect()),
            View::Table(table) => {
                let range = crate::types::scanned(cursor, count, table.members.len());
                let members = range.clone().rev();
                let members = members.filter_map(|position| self.get_index(position));
                (range.start as u64, members.collect())
            }
        }
    }

    /// As `Kind::size_bytes`.
    pub fn size_bytes(self) -> usize {
        match self.0 {
            View::Integers(integers) => integers.size_bytes(),
            View::Packed(members) => members.size_bytes(),
            View::Table(table) => {
                TABLE_BYTES + table.content_bytes + table.members.len() * ENTRY_BYTES
            }
        }
    }

    /// A copy of the whole.
    pub fn to_set(self) -> Set {
        Set(match self.0 {
            View::Integers(integers) => Form::Integers(Intset::of(integers.as_bytes().to_vec())),
            View::Packed(members) => Form::Packed(Listpack::of(members.as_bytes().to_vec())),
            View::Table(table) => Form::Table(Box::new(table.clone())),
        })
    }
}

/// Over the members.
#[derive(Debug, Clone)]
pub struct Iter<'a>(Walk<'a>);

#[derive(Debug, Clone)]
enum Walk<'a> {
    /// With the index of the next.
    Integers(Integers<'a>, usize),
    Packed(listpack::Iter<'a>),
    Table(slots::Iter<'a, Box<[u8]>>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        match &mut self.0 {
            Walk::Integers(integers, next) => {
                let number = integers.get(*next)?;
                *next += 1;
                Some(Item::Int(number))
            }
            Walk::Packed(items) => items.next(),
            Walk::Table(members) => members.next().map(|member| Item::Bytes(member)),
        }
    }
}
