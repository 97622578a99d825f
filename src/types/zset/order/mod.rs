//! The order of a sorted set: places that know their rank.

mod nodes;
#[cfg(test)]
mod tests;
mod walk;

use alloc::boxed::Box;
use core::ops::Range;

use nodes::{Branch, Node};
pub(super) use walk::Iter;

use super::Score;
use super::places::{self, Place, Places, Spot};

/// Levels of branches of which a path knows its way: with them all below are 16 million leaves.
const PATH_LEVELS: usize = 4;

/// Places in order, with insertion, removal, selection by rank and search, each in O(log N). How members of one score
/// stand to each other the caller knows, and only the caller.
///
/// It is a B+tree whose branches count the places below each child and copy its first one, so that
/// a search touches one branch per level and one leaf. Among the other structures that keep ranks,
/// a skiplist (Redis's choice) follows a pointer per step and takes some 40 bytes a member; a list
/// of chunks with a Fenwick tree beside it is simpler, but inserts a chunk in O(N / chunk). Nodes
/// own their children, so there are no parent pointers, no arena, and nothing to be unsafe about.
/// With 64 places to a leaf and 64 children to a branch three levels hold 262,144 members and five a billion.
///
/// Invariants: no node is empty but the root leaf; all leaves are at one depth; a removal leaves no
/// two neighbours that together would fill at most half a node, so nodes are more than a quarter
/// full on average and the depth stays logarithmic.
#[derive(Debug, Clone)]
pub(super) struct Order {
    root: Node,
    len: usize,
}

/// Which child a search took in each branch, from the root on. It may be told to a later search, which asks at each
/// branch whether it still is the one: two comparisons, whatever became of the order meanwhile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path([u8; PATH_LEVELS]);

impl Path {
    /// Knows nothing.
    pub const UNKNOWN: Path = Path([u8::MAX; PATH_LEVELS]);

    fn child(self, level: usize) -> usize {
        usize::from(self.0.get(level).copied().unwrap_or(u8::MAX))
    }
}

impl Default for Order {
    fn default() -> Order {
        Order {
            root: Node::Leaf(Places::default()),
            len: 0,
        }
    }
}

impl Order {
    /// The place at `rank`, which is below the length. O(log N).
    pub fn get(&self, rank: usize) -> Place {
        let (leaf, index) = self.leaf(rank);
        leaf.at(index)
    }

    /// How many places stand before the one that is sought, which is there. O(log N).
    pub fn rank<F: Fn(u32) -> bool>(&self, sought: Spot<F>) -> usize {
        let mut rank = 0;
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(places) => return rank + places.index_of(sought.place),
                Node::Branch(branch) => {
                    let at = branch.firsts.point(&sought).saturating_sub(1);
                    rank += branch.rank_of_child(at);
                    node = &branch.nodes[at];
                }
            }
        }
    }

    /// How many places stand before the first for which `before` is false. O(log N).
    ///
    /// `before` must be true for all places up to some rank and false from there on.
    pub fn partition_point(&self, before: impl Fn(Place) -> bool) -> usize {
        let mut rank = 0;
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(places) => return rank + places.partition_point(0, before),
                Node::Branch(branch) => {
                    let point = branch.firsts.partition_point(0, &before);
                    let at = point.saturating_sub(1);
                    rank += branch.rank_of_child(at);
                    node = &branch.nodes[at];
                }
            }
        }
    }

    /// The ways to the leaves where scores are or would be put, up to `N` of them, and what a member of each score meets
    /// there. Nothing but the speed of searches depends on either.
    ///
    /// Each step is made for all scores before the next, so that none waits for the memory of another.
    pub fn look_ahead<const N: usize>(&self, scores: &[Score]) -> ([Path; N], [Option<u32>; N]) {
        let (mut paths, mut tied) = ([Path::UNKNOWN; N], [None; N]);
        let mut leaves = [None; N];
        for ((path, leaf), score) in paths.iter_mut().zip(&mut leaves).zip(scores) {
            let found = self.path(*score);
            (*path, *leaf) = (found.0, Some(found.1));
        }
        let ends = || leaves.iter().flatten().zip(scores);
        let read = ends().fold(0, |read, (leaf, _)| read ^ leaf.look_ahead());
        let read = ends().fold(read, |read, (leaf, score)| {
            read ^ leaf.look_at_block(*score)
        });
        core::hint::black_box(read);
        for (tied, (leaf, score)) in tied.iter_mut().zip(ends()) {
            *tied = leaf.tied_at(leaf.below(*score), *score);
        }
        (paths, tied)
    }

    /// The way to the leaf where a score is or would be put, and that leaf.
    #[inline]
    fn path(&self, score: Score) -> (Path, &Places) {
        let mut path = Path::UNKNOWN;
        let mut node = &self.root;
        for level in 0.. {
            match node {
                Node::Leaf(places) => return (path, places),
                Node::Branch(branch) => {
                    let at = branch.firsts.below(score).saturating_sub(1);
                    if let Some(child) = path.0.get_mut(level) {
                        *child = at as u8;
                    }
                    node = &branch.nodes[at];
                }
            }
        }
        unreachable!("a leaf ends every path")
    }

    /// Puts a place where it is sought. O(log N).
    pub fn insert<F: Fn(u32) -> bool>(&mut self, sought: Spot<F>, path: Path) {
        if let Some(right) = self.root.insert(&sought, (path, 0), true) {
            let left = core::mem::replace(&mut self.root, Node::Leaf(Places::default()));
            self.root = Node::Branch(Box::new(Branch::of([left, right])));
        }
        self.len += 1;
    }

    /// Takes out the place that is sought, which is there. O(log N).
    pub fn remove<F: Fn(u32) -> bool>(&mut self, sought: Spot<F>, path: Path) {
        self.root.remove(&sought, (path, 0));
        self.len -= 1;
        while let Node::Branch(branch) = &mut self.root
            && branch.nodes.len() == 1
            && let Some(child) = branch.nodes.pop()
        {
            self.root = child;
        }
    }

    /// Has the place that is sought, which is there, name its member by another slot. O(log N).
    pub fn rename<F: Fn(u32) -> bool>(&mut self, sought: Spot<F>, slot: u32) {
        self.root.rename(&sought, slot);
    }

    /// The places of a range of ranks that ends within the length, from both ends. O(log N) for each
    /// leaf that it walks through.
    pub fn range(&self, range: Range<usize>) -> Iter<'_> {
        debug_assert!(range.end <= self.len);
        Iter {
            order: self,
            left: range,
            head: places::Iter::default(),
            tail: places::Iter::default(),
        }
    }

    /// Lets go of one leaf, for an order that nobody will look into again; how many places it held.
    pub fn free_leaf(&mut self) -> usize {
        let freed = self.root.free_leaf();
        self.len = self.len.saturating_sub(freed);
        freed
    }

    /// The leaf that holds the place at `rank`, and where it stands there.
    fn leaf(&self, rank: usize) -> (&Places, usize) {
        let mut rank = rank;
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(places) => return (places, rank),
                Node::Branch(branch) => {
                    let (at, below) = branch.child_at(rank);
                    rank = below;
                    node = &branch.nodes[at];
                }
            }
        }
    }
}
