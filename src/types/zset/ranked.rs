//! A sequence that knows the rank of each of its items.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::hint::select_unpredictable;
use core::ops::Range;
use core::slice;

/// Items in a leaf: 1 KiB of a sorted set's. A shift within a leaf moves half as much on average.
const LEAF_MAX: usize = 64;
/// Children of a branch: with 64 items to a leaf, three levels hold 262,144 items and five a billion.
const BRANCH_MAX: usize = 64;

/// Searches that are made side by side.
pub(super) const AHEAD: usize = 32;

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
    Branch(Box<Branch<T>>),
}

/// What is known of each child, side by side: a search reads only the first items, a rank only the
/// counts.
#[derive(Debug, Clone)]
struct Branch<T> {
    /// Copies of the first item below each child.
    firsts: Vec<T>,
    /// How many items are below each.
    lens: Vec<u32>,
    nodes: Vec<Node<T>>,
}

/// So many items that are tied are looked at one after the other; more are halved.
pub(super) const FEW_TIED: usize = 3;

/// What is sought in a sequence: one of its items, or where one is to be put.
pub(super) trait Seek<T: Copy> {
    /// Whether an item is before what is sought, as far as a short look tells.
    fn is_before(&self, item: T) -> bool;

    /// Whether that look does not tell, and `is_upto` has to.
    fn is_tied(&self, _: T) -> bool {
        false
    }

    /// Whether an item is before what is sought, or is it.
    fn is_upto(&self, item: T) -> bool {
        self.is_before(item)
    }

    /// How many items of a node are before what is sought, or are it.
    #[inline]
    fn point_in(&self, items: &[T]) -> usize {
        let mut point = lower_bound(items, |item| self.is_before(item));
        // Few are tied as a rule, and to tell takes long.
        for _ in 0..FEW_TIED {
            match items.get(point) {
                Some(item) if self.is_tied(*item) && self.is_upto(*item) => point += 1,
                _ => return point,
            }
        }
        point + items[point..].partition_point(|&item| self.is_upto(item))
    }

    /// Where an item stands that is sought, in the leaf that holds it.
    #[inline]
    fn place_in(&self, leaf: &[T]) -> usize {
        self.point_in(leaf) - 1
    }
}

impl<T: Copy, F: Fn(T) -> bool> Seek<T> for F {
    fn is_before(&self, item: T) -> bool {
        self(item)
    }

    fn point_in(&self, items: &[T]) -> usize {
        // It may take long to tell.
        items.partition_point(|&item| self(item))
    }
}

/// How many items stand before the first for which `is_before` is false.
///
/// Each step of a binary search waits for the one before it; so many items are counted sooner than they are halved, as
/// their comparisons do not wait for each other.
#[inline]
pub(super) fn lower_bound<T: Copy>(items: &[T], is_before: impl Fn(T) -> bool) -> usize {
    const COUNTED: usize = 16;
    let (mut start, mut len) = (0, items.len());
    while len > COUNTED {
        let half = len / 2;
        // A branch would be foreseen wrongly every other time.
        let is_half_before = is_before(items[start + half - 1]);
        start = select_unpredictable(is_half_before, start + half, start);
        len -= half;
    }
    let before = |count, item: &T| count + usize::from(is_before(*item));
    start + items[start..start + len].iter().fold(0, before)
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

    /// How many items stand before the one that is sought, which is there. O(log N).
    pub fn rank(&self, sought: impl Seek<T>) -> usize {
        let mut rank = 0;
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(items) => return rank + sought.place_in(items),
                Node::Branch(branch) => {
                    let at = branch.child_of_point(&sought);
                    rank += branch.rank_of_child(at);
                    node = &branch.nodes[at];
                }
            }
        }
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
                Node::Branch(branch) => {
                    let at = branch.child_of_point(&before);
                    rank += branch.rank_of_child(at);
                    node = &branch.nodes[at];
                }
            }
        }
    }

    /// Has the caches fetch what searches for these points, up to `AHEAD` of them, will read: here they go step by step
    /// side by side, so that none waits for the memory of another. Gives the items that follow each, as far as they are in
    /// the leaf.
    pub fn look_ahead<P: Copy>(
        &self,
        points: &[P],
        before: impl Fn(T, P) -> bool,
    ) -> [&[T]; AHEAD] {
        let mut leaves = [[].as_slice(); AHEAD];
        let mut starts = [0; AHEAD];
        for (leaf, point) in leaves.iter_mut().zip(points) {
            *leaf = self.leaf_of_point(|item| before(item, *point));
        }
        // Halves of the longest leaf, down to one item.
        let mut step = LEAF_MAX / 2;
        while step > 0 {
            for ((leaf, start), point) in leaves.iter().zip(&mut starts).zip(points) {
                if let Some(item) = leaf.get(*start + step) {
                    // No branch, as it could not be foreseen.
                    *start += step * usize::from(before(*item, *point));
                }
            }
            step /= 2;
        }
        for (leaf, start) in leaves.iter_mut().zip(starts) {
            *leaf = leaf.get(start + 1..).unwrap_or_default();
        }
        leaves
    }

    /// The leaf in which a search ends.
    fn leaf_of_point(&self, before: impl Fn(T) -> bool) -> &[T] {
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(items) => return items,
                Node::Branch(branch) => {
                    let point = lower_bound(&branch.firsts, &before);
                    node = &branch.nodes[point.saturating_sub(1)];
                }
            }
        }
    }

    /// Puts `item` where it is sought. O(log N).
    pub fn insert(&mut self, item: T, sought: impl Seek<T>) {
        if let Some(right) = self.root.insert(item, &sought, true) {
            let left = core::mem::replace(&mut self.root, Node::Leaf(Vec::new()));
            self.root = Node::Branch(Box::new(Branch::of([left, right])));
        }
        self.len += 1;
    }

    /// Takes out the item that is sought, which is there. O(log N).
    pub fn remove(&mut self, sought: impl Seek<T>) -> T {
        let item = self.root.remove(&sought);
        self.len -= 1;
        while let Node::Branch(branch) = &mut self.root
            && branch.nodes.len() == 1
            && let Some(child) = branch.nodes.pop()
        {
            self.root = child;
        }
        item
    }

    /// Changes the item that is sought, which is there. O(log N).
    pub fn replace(&mut self, sought: impl Seek<T>, item: T) {
        self.root.replace(&sought, item);
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

    /// Lets go of one leaf, for a sequence that nobody will look into again; how many items it held.
    pub fn free_leaf(&mut self) -> usize {
        let freed = self.root.free_leaf();
        self.len = self.len.saturating_sub(freed);
        freed
    }

    /// The leaf that holds the item at `rank`, and where it stands there.
    fn leaf(&self, rank: usize) -> (&[T], usize) {
        let mut rank = rank;
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(items) => return (items, rank),
                Node::Branch(branch) => {
                    let (at, below) = branch.child_at(rank);
                    rank = below;
                    node = &branch.nodes[at];
                }
            }
        }
    }
}

impl<T: Copy> Branch<T> {
    fn of(nodes: impl IntoIterator<Item = Node<T>>) -> Branch<T> {
        let mut branch = Branch {
            firsts: Vec::with_capacity(BRANCH_MAX),
            lens: Vec::with_capacity(BRANCH_MAX),
            nodes: Vec::with_capacity(BRANCH_MAX),
        };
        for (at, node) in nodes.into_iter().enumerate() {
            branch.insert(at, node);
        }
        branch
    }

    /// The child that holds the last item before what is sought, or the first child.
    fn child_of_point(&self, sought: &impl Seek<T>) -> usize {
        sought.point_in(&self.firsts).saturating_sub(1)
    }

    fn rank_of_child(&self, at: usize) -> usize {
        self.lens[..at].iter().sum::<u32>() as usize
    }

    /// Which child holds the item at `rank`, and its rank below that child.
    fn child_at(&self, rank: usize) -> (usize, usize) {
        let mut rank = rank;
        for (at, &len) in self.lens.iter().enumerate() {
            if rank < len as usize {
                return (at, rank);
            }
            rank -= len as usize;
        }
        unreachable!("a rank below the length")
    }

    fn insert(&mut self, at: usize, node: Node<T>) {
        self.firsts.insert(at, node.first());
        self.lens.insert(at, node.len() as u32);
        self.nodes.insert(at, node);
    }

    fn take(&mut self, at: usize) -> Node<T> {
        self.firsts.remove(at);
        self.lens.remove(at);
        self.nodes.remove(at)
    }

    /// Puts a child in; gives the right half where there is no room.
    fn insert_split(&mut self, at: usize, node: Node<T>, is_end: bool) -> Option<Node<T>> {
        if self.nodes.len() < BRANCH_MAX {
            self.insert(at, node);
            return None;
        }
        let right = if is_end {
            Branch::of([node])
        } else {
            let middle = BRANCH_MAX / 2;
            let mut right = Branch::of([]);
            right.firsts.extend(self.firsts.drain(middle..));
            right.lens.extend(self.lens.drain(middle..));
            right.nodes.extend(self.nodes.drain(middle..));
            match at.checked_sub(middle) {
                Some(at) => right.insert(at, node),
                None => self.insert(at, node),
            }
            right
        };
        Some(Node::Branch(Box::new(right)))
    }

    /// After a child lost an item: joins it with a neighbour if both are small, takes it away if it
    /// is empty. Says whether it did either.
    fn merge_around(&mut self, at: usize) -> bool {
        if at.checked_sub(1).is_some_and(|left| self.merge_pair(left)) || self.merge_pair(at) {
            return true;
        }
        let is_empty = self.nodes[at].fill().0 == 0;
        if is_empty {
            self.take(at);
        }
        is_empty
    }

    /// Joins a child and the next, if there are both and together they fill at most half a node.
    fn merge_pair(&mut self, left: usize) -> bool {
        let Some([one, other]) = self.nodes.get(left..left + 2) else {
            return false;
        };
        let ((used, max), (more, _)) = (one.fill(), other.fill());
        if used + more > max / 2 {
            return false;
        }
        let right = self.take(left + 1);
        self.nodes[left].append(right);
        self.refresh(left);
        true
    }

    /// After a change below a child.
    fn refresh(&mut self, at: usize) {
        self.firsts[at] = self.nodes[at].first();
        self.lens[at] = self.nodes[at].len() as u32;
    }
}

impl<T: Copy> Node<T> {
    /// The first item; a node below a branch has one.
    fn first(&self) -> T {
        match self {
            Node::Leaf(items) => items[0],
            Node::Branch(branch) => branch.firsts[0],
        }
    }

    /// How many items are below.
    fn len(&self) -> usize {
        match self {
            Node::Leaf(items) => items.len(),
            Node::Branch(branch) => branch.rank_of_child(branch.lens.len()),
        }
    }

    /// Puts the item in; gives the right half where the node had to be split. `is_last` says that no
    /// node stands behind this one.
    fn insert(&mut self, item: T, sought: &impl Seek<T>, is_last: bool) -> Option<Node<T>> {
        match self {
            Node::Leaf(items) => {
                let at = sought.point_in(items);
                let is_end = is_last && at == items.len();
                insert_split(items, at, item, is_end).map(Node::Leaf)
            }
            Node::Branch(branch) => {
                let at = branch.child_of_point(sought);
                let is_last = is_last && at == branch.nodes.len() - 1;
                let is_first = at == 0 && sought.point_in(&branch.firsts[..1]) == 0;
                let right = branch.nodes[at].insert(item, sought, is_last);
                if is_first {
                    branch.firsts[0] = item;
                }
                let Some(right) = right else {
                    branch.lens[at] += 1;
                    return None;
                };
                branch.lens[at] = branch.nodes[at].len() as u32;
                // What is split off at the very end of the sequence holds nothing but the new item.
                let is_end = is_last && right.len() == 1;
                branch.insert_split(at + 1, right, is_end)
            }
        }
    }

    fn remove(&mut self, sought: &impl Seek<T>) -> T {
        match self {
            Node::Leaf(items) => items.remove(sought.place_in(items)),
            Node::Branch(branch) => {
                let at = branch.child_of_point(sought);
                let item = branch.nodes[at].remove(sought);
                // An emptied leaf has no first item: merging takes it away before any look.
                if !branch.merge_around(at) {
                    branch.firsts[at] = branch.nodes[at].first();
                    branch.lens[at] -= 1;
                }
                item
            }
        }
    }

    fn replace(&mut self, sought: &impl Seek<T>, item: T) {
        match self {
            Node::Leaf(items) => {
                let at = sought.place_in(items);
                items[at] = item;
            }
            Node::Branch(branch) => {
                let at = branch.child_of_point(sought);
                branch.nodes[at].replace(sought, item);
                branch.firsts[at] = branch.nodes[at].first();
            }
        }
    }

    /// The number of slots in use, and how many there may be.
    fn fill(&self) -> (usize, usize) {
        match self {
            Node::Leaf(items) => (items.len(), LEAF_MAX),
            Node::Branch(branch) => (branch.nodes.len(), BRANCH_MAX),
        }
    }

    /// Takes in all that its neighbour on the right holds.
    fn append(&mut self, right: Node<T>) {
        match (self, right) {
            (Node::Leaf(items), Node::Leaf(more)) => items.extend(more),
            (Node::Branch(branch), Node::Branch(more)) => {
                let seam = branch.nodes.len();
                branch.firsts.extend(more.firsts);
                branch.lens.extend(more.lens);
                branch.nodes.extend(more.nodes);
                // The children at the seam have become neighbours.
                if let Some(left) = seam.checked_sub(1) {
                    branch.merge_pair(left);
                }
            }
            _ => unreachable!("neighbours are at one depth"),
        }
    }

    fn free_leaf(&mut self) -> usize {
        match self {
            Node::Leaf(items) => core::mem::take(items).len(),
            Node::Branch(branch) => {
                let Some(last) = branch.nodes.last_mut() else {
                    return 0;
                };
                let freed = last.free_leaf();
                if last.fill().0 == 0 {
                    branch.nodes.pop();
                }
                freed
            }
        }
    }
}

/// Puts an item into a leaf, and splits off its right half when there is no room.
///
/// At the end of the whole sequence the right half is only the new item: what is loaded in order,
/// as from a snapshot, leaves full nodes behind rather than half empty ones. Elsewhere so small a
/// node may have a small neighbour on its right.
fn insert_split<T>(items: &mut Vec<T>, at: usize, item: T, is_end: bool) -> Option<Vec<T>> {
    if items.len() < LEAF_MAX {
        items.insert(at, item);
        return None;
    }
    if is_end {
        return Some(vec![item]);
    }
    let middle = LEAF_MAX / 2;
    let mut right = items.split_off(middle);
    match at.checked_sub(middle) {
        Some(at) => right.insert(at, item),
        None => items.insert(at, item),
    }
    Some(right)
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
        let Node::Branch(branch) = node else {
            return 1;
        };
        assert!(branch.nodes.len() > 1 || !is_root);
        assert_eq!(branch.firsts.len(), branch.nodes.len());
        assert_eq!(branch.lens.len(), branch.nodes.len());
        let depths: Vec<usize> = (branch.nodes.iter().enumerate())
            .map(|(at, node)| {
                assert_eq!(branch.lens[at] as usize, node.len());
                assert_eq!(branch.firsts[at], node.first());
                check(node, false)
            })
            .collect();
        assert!(depths.iter().all(|&depth| depth == depths[0]));
        for pair in branch.nodes.windows(2) {
            let ((left, max), (right, _)) = (pair[0].fill(), pair[1].fill());
            assert!(left + right > max / 2, "{left} and {right} are neighbours");
        }
        depths[0] + 1
    }

    fn all(ranked: &Ranked<u32>) -> Vec<u32> {
        ranked.range(0..ranked.len).collect()
    }

    /// Puts an item behind those that are not greater.
    fn insert(ranked: &mut Ranked<u32>, item: u32) {
        ranked.insert(item, |other| other <= item);
    }

    fn up_to(count: u32) -> Ranked<u32> {
        let mut ranked = Ranked::default();
        (0..count).for_each(|item| insert(&mut ranked, item));
        ranked
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn it_is_a_sequence_through_any_insertions_and_removals(
            grow in prop::collection::vec(0..1_000_000u32, 0..9000),
            shrink in prop::collection::vec(any::<prop::sample::Index>(), 0..9000),
            (start, end) in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        ) {
            let (mut ranked, mut twin) = (Ranked::default(), Vec::new());
            for item in grow {
                let rank = twin.partition_point(|&other| other <= item);
                insert(&mut ranked, item);
                twin.insert(rank, item);
            }
            check(&ranked.root, true);
            for pick in shrink {
                if let Some(&item) = twin.get(pick.index(twin.len().max(1))) {
                    let rank = twin.partition_point(|&other| other <= item) - 1;
                    if item % 3 == 0 {
                        // A new name in the same place.
                        ranked.replace(|other| other <= item, item);
                    } else {
                        prop_assert_eq!(ranked.remove(|other| other <= item), twin.remove(rank));
                    }
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
    fn the_first_item_is_replaced_in_every_branch_above_it() {
        let mut ranked = Ranked::default();
        (0..10_000).for_each(|item| insert(&mut ranked, 10 * item));
        for item in [50_000, 640, 10, 0] {
            ranked.replace(|other| other <= item, item + 1);
            check(&ranked.root, true);
            assert_eq!(ranked.get(item as usize / 10), item + 1);
        }
        assert_eq!(ranked.remove(|other| other <= 1), 1);
        check(&ranked.root, true);
        insert(&mut ranked, 3);
        check(&ranked.root, true);
        assert_eq!(ranked.get(0), 3);
    }

    #[test]
    fn both_ends_of_a_walk_meet_in_the_middle() {
        let ranked = up_to(1000);
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
        let full = (LEAF_MAX * (BRANCH_MAX + 1) + 1) as u32;
        let mut ranked = up_to(full);
        insert(&mut ranked, (LEAF_MAX * BRANCH_MAX - 10) as u32);
        check(&ranked.root, true);
    }

    #[test]
    fn what_is_loaded_in_order_fills_its_nodes() {
        let ranked = up_to(200_000);
        let depth = check(&ranked.root, true);
        assert_eq!(depth, 3, "64 * 64 * 64 is more than 200,000");
        for rank in (0..200_000).step_by(997) {
            assert_eq!(ranked.partition_point(|item| item < rank as u32), rank);
            assert_eq!(ranked.get(rank), rank as u32);
        }
    }

    #[test]
    fn a_lower_bound_is_a_partition_point() {
        for len in 0..80 {
            let items: Vec<u32> = (0..len).map(|item| item / 3).collect();
            for point in 0..len {
                let expected = items.partition_point(|&item| item < point);
                assert_eq!(lower_bound(&items, |item| item < point), expected);
            }
        }
    }

    #[test]
    fn searches_side_by_side_come_to_what_each_comes_to() {
        let ranked = up_to(10_000);
        let points: Vec<u32> = (1..=AHEAD as u32).map(|number| number * 307).collect();
        let found = ranked.look_ahead(&points, |item, point| item < point);
        for (found, point) in found.iter().zip(points) {
            assert!(found.first().is_none_or(|found| *found == point));
        }
        assert!(found.iter().filter(|found| !found.is_empty()).count() > AHEAD / 2);
    }

    #[test]
    fn the_rank_of_an_item_is_how_many_stand_before_it() {
        let ranked = up_to(10_000);
        for item in (0..10_000).step_by(7) {
            assert_eq!(ranked.rank(|other| other <= item), item as usize);
        }
    }

    #[test]
    fn it_is_freed_leaf_by_leaf() {
        let mut ranked = up_to(10_000);
        let mut freed = 0;
        loop {
            let leaf = ranked.free_leaf();
            if leaf == 0 {
                break;
            }
            assert!(leaf <= LEAF_MAX);
            freed += leaf;
        }
        assert_eq!(freed, 10_000);
    }
}
