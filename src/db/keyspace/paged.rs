//! Sequences that grow without moving what they hold, so that no call pays for all of it.

use alloc::vec::Vec;
use core::ops::{Index, IndexMut};

use crate::types::Value;

const PAGE: usize = 512;

/// A vector in pages. Cost of everything: O(1), but for the list of the pages.
#[derive(Debug)]
pub(super) struct Paged<T> {
    /// All full but the last, which is not empty.
    pages: Vec<Vec<T>>,
}

impl<T> Paged<T> {
    pub fn new() -> Paged<T> {
        Paged { pages: Vec::new() }
    }

    pub fn len(&self) -> usize {
        let full = self.pages.len().saturating_sub(1) * PAGE;
        full + self.pages.last().map_or(0, Vec::len)
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    pub fn push(&mut self, item: T) {
        match self.pages.last_mut() {
            // The first page of a small table takes no more than it needs.
            Some(page) if page.len() < PAGE => page.push(item),
            _ => {
                let room = if self.pages.is_empty() { 4 } else { PAGE };
                let mut page = Vec::with_capacity(room);
                page.push(item);
                self.pages.push(page);
            }
        }
    }

    pub fn pop(&mut self) -> Option<T> {
        let at = self.len().checked_sub(1)?;
        Some(self.swap_remove(at))
    }

    pub fn swap_remove(&mut self, at: usize) -> T {
        let page = self.pages.last_mut().expect("a place of an item");
        let last = page.pop().expect("no page is empty");
        if page.is_empty() {
            self.pages.pop();
        }
        if at == self.len() {
            return last;
        }
        core::mem::replace(&mut self[at], last)
    }

    pub fn get(&self, at: usize) -> Option<&T> {
        self.pages.get(at / PAGE)?.get(at % PAGE)
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.pages.iter().flatten()
    }
}

impl<T> Index<usize> for Paged<T> {
    type Output = T;

    fn index(&self, at: usize) -> &T {
        &self.pages[at / PAGE][at % PAGE]
    }
}

impl<T> IndexMut<usize> for Paged<T> {
    fn index_mut(&mut self, at: usize) -> &mut T {
        &mut self.pages[at / PAGE][at % PAGE]
    }
}

/// The values that are kept apart from their entries, by number.
#[derive(Debug)]
pub(super) struct Values {
    slots: Paged<Slot>,
    /// The first of the chain of vacant slots.
    vacant: Option<u32>,
}

#[derive(Debug)]
enum Slot {
    Taken(Value),
    Vacant { next: Option<u32> },
}

impl Values {
    /// What a value weighs beside its own bytes.
    pub const SLOT_BYTES: usize = size_of::<Slot>();

    pub fn new() -> Values {
        Values {
            slots: Paged::new(),
            vacant: None,
        }
    }

    pub fn insert(&mut self, value: Value) -> u32 {
        let Some(number) = self.vacant else {
            self.slots.push(Slot::Taken(value));
            // There are fewer values than entries, which have numbers of 32 bits.
            return (self.slots.len() - 1) as u32;
        };
        let slot = &mut self.slots[number as usize];
        if let Slot::Vacant { next } = core::mem::replace(slot, Slot::Taken(value)) {
            self.vacant = next;
        }
        number
    }

    /// Gives up a slot of values that nobody looks for again, with what was in it; none when nothing is left.
    pub fn dismantle(&mut self) -> Option<Option<Value>> {
        self.slots.pop().map(|slot| match slot {
            Slot::Taken(value) => Some(value),
            Slot::Vacant { .. } => None,
        })
    }

    pub fn remove(&mut self, number: u32) -> Value {
        let vacant = Slot::Vacant { next: self.vacant };
        self.vacant = Some(number);
        match core::mem::replace(&mut self.slots[number as usize], vacant) {
            Slot::Taken(value) => value,
            Slot::Vacant { .. } => panic!("value {number} was removed twice"),
        }
    }
}

impl Index<u32> for Values {
    type Output = Value;

    fn index(&self, number: u32) -> &Value {
        match &self.slots[number as usize] {
            Slot::Taken(value) => value,
            Slot::Vacant { .. } => panic!("value {number} was removed"),
        }
    }
}

impl IndexMut<u32> for Values {
    fn index_mut(&mut self, number: u32) -> &mut Value {
        match &mut self.slots[number as usize] {
            Slot::Taken(value) => value,
            Slot::Vacant { .. } => panic!("value {number} was removed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Kind, Str};

    #[test]
    fn what_is_removed_from_a_paged_vector_gives_its_place_to_the_last() {
        let (mut paged, mut model) = (Paged::new(), Vec::new());
        for item in 0..3 * PAGE {
            paged.push(item);
            model.push(item);
        }
        for step in 0..3 * PAGE {
            let at = step * 7 % model.len();
            assert_eq!(paged.swap_remove(at), model.swap_remove(at));
            assert_eq!(paged.len(), model.len());
            assert_eq!(paged.get(model.len()), None);
        }
        assert!(paged.pages.is_empty());
    }

    #[test]
    fn numbers_of_removed_values_are_given_again() {
        let mut values = Values::new();
        let text = |text: &str| Str::from_bytes(text.as_bytes()).into_value();
        let numbers = ["a", "b", "c"].map(|name| values.insert(text(name)));
        values.remove(numbers[0]);
        values.remove(numbers[2]);
        assert_eq!(values.insert(text("d")), numbers[2]);
        assert_eq!(values.insert(text("e")), numbers[0]);
        assert_eq!(values.insert(text("f")), 3);
        let name = |number| match &values[number] {
            Value::String(text) => text.to_vec(),
            other => panic!("{other:?}"),
        };
        assert_eq!([0, 1, 2, 3].map(name), ["e", "b", "d", "f"].map(Vec::from));
    }
}
