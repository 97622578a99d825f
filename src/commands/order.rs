//! Sorting for the commands on sets and SORT, once for all of their types: each type that the library sorts takes kilobytes of
//! wasm. An engine without them has no such sort, and lists of clients go through heaps.

use alloc::vec::Vec;
use core::cmp::Ordering;

/// Sorts sources by size, the smallest first, and those of one size as they were.
pub fn by_size<T>(sources: Vec<T>, size: impl Fn(&T) -> usize) -> Vec<T> {
    sorted(sources, |one, other| size(one).cmp(&size(other)))
}

/// Sorts items, those that compare as equal as they were. O(N log N), and twice the room of their places.
pub fn sorted<T>(items: Vec<T>, compare: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    let places = sorted_places(items.len(), &|one, other| {
        compare(&items[one], &items[other])
    });
    let mut items: Vec<_> = items.into_iter().map(Some).collect();
    let taken = places.into_iter().filter_map(|at| items[at].take());
    taken.collect()
}

/// Merges runs of one, of two, of four ...: N log N comparisons, and N of what stands in order.
fn sorted_places(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut runs: Vec<usize> = (0..count).collect();
    let mut merged = runs.clone();
    let mut length = 1;
    while length < count {
        for start in (0..count).step_by(2 * length) {
            let middle = (start + length).min(count);
            let end = (middle + length).min(count);
            if middle == end || compare(runs[middle - 1], runs[middle]) != Ordering::Greater {
                merged[start..end].copy_from_slice(&runs[start..end]);
                continue;
            }
            let (mut one, mut other) = (start, middle);
            for place in &mut merged[start..end] {
                let is_of_first = other == end
                    || one < middle && compare(runs[one], runs[other]) != Ordering::Greater;
                let next = if is_of_first { &mut one } else { &mut other };
                *place = runs[*next];
                *next += 1;
            }
        }
        core::mem::swap(&mut runs, &mut merged);
        length *= 2;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn items_are_sorted_as_the_library_does(mut items: Vec<(u8, u8)>) {
            let ours = sorted(items.clone(), |one, other| one.0.cmp(&other.0));
            items.sort_by_key(|item| item.0);
            prop_assert_eq!(ours, items);
        }
    }
}
