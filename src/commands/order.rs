//! What commands over several keys look at first.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;

/// Sorts sources by size, the smallest first, and those of one size as they were.
///
/// Numbers are sorted and not the sources, and by a heap, as every type that the library sorts as fast as it can takes kilobytes of wasm.
pub fn by_size<T>(sources: Vec<T>, size: impl Fn(&T) -> usize) -> Vec<T> {
    let order: BinaryHeap<(usize, usize)> = sources.iter().map(size).zip(0..).collect();
    let mut sources: Vec<_> = sources.into_iter().map(Some).collect();
    let taken = order
        .into_sorted_vec()
        .into_iter()
        .map(|(_, at)| sources[at].take());
    taken.flatten().collect()
}
