//! What commands over several keys look at first.

use alloc::vec::Vec;

/// Sorts sources by size, the smallest first, and those of one size as they were.
///
/// Numbers are sorted and not the sources, as every type that is sorted by itself takes kilobytes of wasm.
pub fn by_size<T>(sources: Vec<T>, size: impl Fn(&T) -> usize) -> Vec<T> {
    let mut order: Vec<(usize, usize)> = sources.iter().map(size).zip(0..).collect();
    order.sort_unstable();
    let mut sources: Vec<_> = sources.into_iter().map(Some).collect();
    let taken = order.into_iter().map(|(_, at)| sources[at].take());
    taken.flatten().collect()
}
