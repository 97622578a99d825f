//! A sequence that knows the rank of each of its items.

use std::ops::Range;
use std::slice;

/// Items in a leaf: 1 KiB of a sorted set's. A shift within a leaf moves half as much on average.
const LEAF_MAX: usize = 64;
/// Children of a branch: with 64 items to a leaf, three levels hold 65,536 items and five 64 million.
const BRANCH_MAX: usize = 32;

/// A sequence of small items with insertion, removal, selection by rank and binary search, each in
/// O(log N). The items are kept in an order that the caller knows, and only the caller.
///
/// It is a B+tree whose branches count the items below each child and copy its first item, so that
/// a search touches one branch per level and one leaf. Among the other structures that keep ranks,
/// a skiplist (Redis's choice) follows a pointer per step and takes some 40 bytes a member; a list
/// of chunks with a Fenwick tree beside it is simpler, but inserts a chunk in O(N / chunk). Nodes
/// own their children, so there are no parent pointers, no arena, and nothing to be unsafe about.
///
/// Invariants: no node is empty but the root leaf; all leaves are at one depth; a removal leaves no
/// two neighbours that together would fill at most half a node, so nodes are more than a quarter
/// full on average and the depth stays logarithmic.
#[derive(Debug, Clone)]
pub(super) struct Ranked<T> {
    root: Node<T>,
    len: usize,
}

#[derive(Debug, Clone)]
enum Node<T> {
    Leaf(Vec<T>),
    Branch(Vec<Child<T>>),
}

/// A node as its parent sees it.
#[derive(Debug, Clone)]
struct Child<T> {
    /// A copy of the first item below.
    first: T,
    /// How many items are below.
    len: usize,
    node: Node<T>,
}

impl<T> Default for Ranked<T> {
    fn default() -> Ranked<T> {
        Ranked {
            root: Node::Leaf(Vec::new()),
            len: 0,
        }
    }
}

impl<T: Copy> Ranked<T> {
    /// The item at `rank`, which is below the length. O(log N).
    pub fn get(&self, rank: usize) -> T {
        let (leaf, at) = self.leaf(rank);
        leaf[at]
    }

    /// How many items stand before the first for which `before` is false. O(log N).
    ///
    /// `before` must be true for all items up to some rank and false from there on.
    pub fn partition_point(&self, before: impl Fn(T) -> bool) -> usize {
        let mut rank = 0;
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(items) => return rank + items.partition_point(|&item| before(item)),
                Node::Branch(children) => {
                    // The point lies below the last child whose first item stands before it.
                    let at = children
                        .partition_point(|child| before(child.first))
                        .saturating_sub(1);
                    rank += children[..at].iter().map(|child| child.len).sum::<usize>();
                    node = &children[at].node;
                }
            }
        }
    }

    /// Puts `item` at `rank`, which is at most the length. O(log N).
    pub fn insert(&mut self, rank: usize, item: T) {
        assert!(rank <= self.len, "rank {rank} past the end {}", self.len);
        if let Some(right) = self.root.insert(rank, item) {
            let left = std::mem::replace(&mut self.root, Node::Leaf(Vec::new()));
            self.root = Node::Branch(vec![Child::of(left), Child::of(right)]);
        }
        self.len += 1;
    }

    /// Takes the item at `rank` out, which is below the length. O(log N).
    pub fn remove(&mut self, rank: usize) -> T {
        assert!(rank < self.len, "rank {rank} past the end {}", self.len);
        let item = self.root.remove(rank);
        self.len -= 1;
        while let Node::Branch(children) = &mut self.root
            && children.len() == 1
            && let Some(child) = children.pop()
        {
            self.root = child.node;
        }
        item
    }

    /// Puts another item in the place of the one at `rank`, which is below the length. O(log N).
    pub fn replace(&mut self, rank: usize, item: T) {
        assert!(rank < self.len, "rank {rank} past the end {}", self.len);
        let mut rank = rank;
        let mut node = &mut self.root;
        loop {
            match node {
                Node::Leaf(items) => {
                    items[rank] = item;
                    return;
                }
                Node::Branch(children) => {
                    let (at, below) = child_at(children, rank);
                    if below == 0 {
                        children[at].first = item;
                    }
                    rank = below;
                    node = &mut children[at].node;
                }
            }
        }
    }

    /// The items of a range of ranks that ends within the length, from both ends. O(log N) for each
    /// leaf that it walks through.
    pub fn range(&self, range: Range<usize>) -> Iter<'_, T> {
        debug_assert!(range.end <= self.len);
        Iter {
            items: self,
            left: range,
            head: [].iter(),
            tail: [].iter(),
        }
    }

    /// The leaf that holds the item at `rank`, and where it stands there.
    fn leaf(&self, rank: usize) -> (&[T], usize) {
        let mut rank = rank;
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(items) => return (items, rank),
                Node::Branch(children) => {
                    let (at, below) = child_at(children, rank);
                    rank = below;
                    node = &children[at].node;
                }
            }
        }
    }
}

/// Which child holds the item at `rank`, and its rank below that child.
fn child_at<T>(children: &[Child<T>], rank: usize) -> (usize, usize) {
    let mut rank = rank;
    for (at, child) in children.iter().enumerate() {
        if rank < child.len {
            return (at, rank);
        }
        rank -= child.len;
    }
    // Just past the end, where an item may be put: behind the last of the last child.
    let last = children.len() - 1;
    (last, rank + children[last].len)
}

impl<T: Copy> Child<T> {
    fn of(node: Node<T>) -> Child<T> {
        Child {
            first: node.first(),
            len: node.len(),
            node,
        }
    }

    /// After a change below.
    fn refresh(&mut self) {
        self.first = self.node.first();
        self.len = self.node.len();
    }
}

impl<T: Copy> Node<T> {
    /// The first item; a node below a branch has one.
    fn first(&self) -> T {
        match self {
            Node::Leaf(items) => items[0],
            Node::Branch(children) => children[0].first,
        }
    }

    /// How many items are below.
    fn len(&self) -> usize {
        match self {
            Node::Leaf(items) => items.len(),
            Node::Branch(children) => children.iter().map(|child| child.len).sum(),
        }
    }

    /// Puts the item in; gives the right half where the node had to be split.
    fn insert(&mut self, rank: usize, item: T) -> Option<Node<T>> {
        match self {
            Node::Leaf(items) => {
                let is_end = rank == items.len();
                insert_split(items, rank, item, LEAF_MAX, is_end).map(Node::Leaf)
            }
            Node::Branch(children) => {
                let (at, below) = child_at(children, rank);
                // A rank between two children belongs to the right one: this is the end of the whole.
                let is_end = below == children[at].len;
                let right = children[at].node.insert(below, item);
                children[at].refresh();
                let right = Child::of(right?);
                insert_split(children, at + 1, right, BRANCH_MAX, is_end).map(Node::Branch)
            }
        }
    }

    fn remove(&mut self, rank: usize) -> T {
        match self {
            Node::Leaf(items) => items.remove(rank),
            Node::Branch(children) => {
                let (at, below) = child_at(children, rank);
                let item = children[at].node.remove(below);
                // An emptied leaf has no first item: merging takes it away before any look.
                if !merge_around(children, at) {
                    children[at].refresh();
                }
                item
            }
        }
    }

    /// The number of slots in use, and how many there may be.
    fn fill(&self) -> (usize, usize) {
        match self {
            Node::Leaf(items) => (items.len(), LEAF_MAX),
            Node::Branch(children) => (children.len(), BRANCH_MAX),
        }
    }

    /// Takes in all that its neighbour on the right holds.
    fn append(&mut self, right: Node<T>) {
        match (self, right) {
            (Node::Leaf(items), Node::Leaf(more)) => items.extend(more),
            (Node::Branch(children), Node::Branch(more)) => {
                let seam = children.len();
                children.extend(more);
                // The children at the seam have become neighbours.
                if let Some(left) = seam.checked_sub(1) {
                    merge_pair(children, left);
                }
            }
            _ => unreachable!("neighbours are at one depth"),
        }
    }
}

/// Puts an element into a node, and splits off its right half when there is no room.
///
/// At the end of the whole sequence the right half is only the new element: what is loaded in order,
/// as from a snapshot, leaves full nodes behind rather than half empty ones. Elsewhere so small a
/// node may have a small neighbour on its right.
fn insert_split<E>(
    elements: &mut Vec<E>,
    at: usize,
    element: E,
    max: usize,
    is_end: bool,
) -> Option<Vec<E>> {
    if elements.len() < max {
        elements.insert(at, element);
        return None;
    }
    if is_end {
        return Some(vec![element]);
    }
    let middle = max / 2;
    let mut right = elements.split_off(middle);
    match at.checked_sub(middle) {
        Some(at) => right.insert(at, element),
        None => elements.insert(at, element),
    }
    Some(right)
}

/// After a child lost an item: joins it with a neighbour if both are small, takes it away if it is
/// empty. Says whether it did either.
fn merge_around<T: Copy>(children: &mut Vec<Child<T>>, at: usize) -> bool {
    if at
        .checked_sub(1)
        .is_some_and(|left| merge_pair(children, left))
        || merge_pair(children, at)
    {
        return true;
    }
    let is_empty = children[at].node.fill().0 == 0;
    if is_empty {
        children.remove(at);
    }
    is_empty
}

/// Joins a child and the next, if there are both and together they fill at most half a node.
fn merge_pair<T: Copy>(children: &mut Vec<Child<T>>, left: usize) -> bool {
    let Some([one, other]) = children.get(left..left + 2) else {
        return false;
    };
    let ((used, max), (more, _)) = (one.node.fill(), other.node.fill());
    if used + more > max / 2 {
        return false;
    }
    let right = children.remove(left + 1);
    children[left].node.append(right.node);
    children[left].refresh();
    true
}

/// Walks a range of ranks from either end.
#[derive(Debug, Clone)]
pub(super) struct Iter<'a, T> {
    items: &'a Ranked<T>,
    /// The ranks that are still to come.
    left: Range<usize>,
    /// The rest of the leaf at the front, which may reach past the range.
    head: slice::Iter<'a, T>,
    /// The rest of the leaf at the back, as far.
    tail: slice::Iter<'a, T>,
}

impl<T: Copy> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.left.is_empty() {
            return None;
        }
        if self.head.as_slice().is_empty() {
            let (leaf, at) = self.items.leaf(self.left.start);
            self.head = leaf[at..].iter();
        }
        self.left.start += 1;
        self.head.next().copied()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left.len(), Some(self.left.len()))
    }
}

impl<T: Copy> DoubleEndedIterator for Iter<'_, T> {
    fn next_back(&mut self) -> Option<T> {
        if self.left.is_empty() {
            return None;
        }
        if self.tail.as_slice().is_empty() {
            let (leaf, at) = self.items.leaf(self.left.end - 1);
            self.tail = leaf[..=at].iter();
        }
        self.left.end -= 1;
        self.tail.next_back().copied()
    }
}

impl<T: Copy> ExactSizeIterator for Iter<'_, T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Checks the invariants below a node; gives its depth.
    fn check(node: &Node<u32>, is_root: bool) -> usize {
        let (used, max) = node.fill();
        assert!(used <= max && (used > 0 || is_root));
        let Node::Branch(children) = node else {
            return 1;
        };
        assert!(children.len() > 1 || !is_root);
        let depths: Vec<usize> = children
            .iter()
            .map(|child| {
                assert_eq!(child.len, child.node.len());
                assert_eq!(child.first, child.node.first());
                check(&child.node, false)
            })
            .collect();
        assert!(depths.iter().all(|&depth| depth == depths[0]));
        for pair in children.windows(2) {
            let ((left, max), (right, _)) = (pair[0].node.fill(), pair[1].node.fill());
            assert!(left + right > max / 2, "{left} and {right} are neighbours");
        }
        depths[0] + 1
    }

    fn all(ranked: &Ranked<u32>) -> Vec<u32> {
        ranked.range(0..ranked.len).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn it_is_a_sequence_through_any_insertions_and_removals(
            grow in prop::collection::vec(any::<u32>(), 0..5000),
            shrink in prop::collection::vec(any::<u32>(), 0..5000),
            (start, end) in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        ) {
            let (mut ranked, mut twin) = (Ranked::default(), Vec::new());
            for item in grow {
                let rank = item as usize % (twin.len() + 1);
                ranked.insert(rank, item);
                twin.insert(rank, item);
            }
            check(&ranked.root, true);
            for item in shrink {
                if !twin.is_empty() {
                    let rank = item as usize % twin.len();
                    prop_assert_eq!(ranked.remove(rank), twin.remove(rank));
                }
                if !twin.is_empty() {
                    let rank = item as usize / 7 % twin.len();
                    ranked.replace(rank, item);
                    twin[rank] = item;
                }
            }
            check(&ranked.root, true);
            prop_assert_eq!(all(&ranked), twin.clone());
            let (start, end) = (start.index(twin.len() + 1), end.index(twin.len() + 1));
            let range = start.min(end)..start.max(end);
            prop_assert_eq!(ranked.range(range.clone()).rev().collect::<Vec<_>>(),
                twin[range].iter().rev().copied().collect::<Vec<_>>());
        }
    }

    #[test]
    fn both_ends_of_a_walk_meet_in_the_middle() {
        let mut ranked = Ranked::default();
        for item in 0..1000 {
            ranked.insert(ranked.len, item);
        }
        let mut walk = ranked.range(100..900);
        let mut met = Vec::new();
        while let Some(front) = walk.next() {
            met.push(front);
            met.extend(walk.next_back());
        }
        met.sort_unstable();
        assert_eq!(met, (100..900).collect::<Vec<_>>());
    }

    // A full branch whose last leaf was split gave away a branch of one child, beside one of two.
    #[test]
    fn a_split_before_the_end_leaves_no_small_neighbours() {
        let mut ranked = Ranked::default();
        for item in 0..(LEAF_MAX * (BRANCH_MAX + 1) + 1) as u32 {
            ranked.insert(ranked.len, item);
        }
        ranked.insert(LEAF_MAX * BRANCH_MAX - 10, 0);
        check(&ranked.root, true);
    }

    #[test]
    fn what_is_loaded_in_order_fills_its_nodes() {
        let mut ranked = Ranked::default();
        for item in 0..100_000u32 {
            ranked.insert(ranked.len, item);
        }
        let depth = check(&ranked.root, true);
        assert_eq!(
            depth, 4,
            "64 * 32 * 32 is less than 100,000 and 64 * 32 * 32 * 32 is more"
        );
        for rank in (0..100_000).step_by(997) {
            assert_eq!(ranked.partition_point(|item| item < rank as u32), rank);
            assert_eq!(ranked.get(rank), rank as u32);
        }
    }
}
