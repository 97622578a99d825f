//! The order of a sorted set: places that know their rank.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;

use super::Score;
use super::places::{self, PLACES_MAX, Place, Places, Spot};

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

#[derive(Debug, Clone)]
enum Node {
    Leaf(Places),
    Branch(Box<Branch>),
}

/// What is known of each child, side by side: a search reads only the first places, a rank only the
/// counts.
#[derive(Debug, Clone)]
struct Branch {
    /// Copies of the first place below each child.
    firsts: Places,
    /// How many places are below each.
    lens: Vec<u32>,
    nodes: Vec<Node>,
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

impl Branch {
    fn of(nodes: impl IntoIterator<Item = Node>) -> Branch {
        let mut branch = Branch {
            firsts: Places::default(),
            lens: Vec::with_capacity(PLACES_MAX),
            nodes: Vec::with_capacity(PLACES_MAX),
        };
        for (at, node) in nodes.into_iter().enumerate() {
            branch.insert(at, node);
        }
        branch
    }

    /// The child that holds the last place before what is sought, or the first child.
    #[inline]
    fn child_of<F: Fn(u32) -> bool>(&self, sought: &Spot<F>, path: (Path, usize)) -> usize {
        let known = path.0.child(path.1);
        if self.firsts.surrounds(known, sought.place.score) {
            return known;
        }
        self.firsts.point(sought).saturating_sub(1)
    }

    fn rank_of_child(&self, at: usize) -> usize {
        self.lens[..at].iter().sum::<u32>() as usize
    }

    /// Which child holds the place at `rank`, and its rank below that child.
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

    fn insert(&mut self, at: usize, node: Node) {
        self.firsts.insert(at, node.first());
        self.lens.insert(at, node.len() as u32);
        self.nodes.insert(at, node);
    }

    fn take(&mut self, at: usize) -> Node {
        self.firsts.remove(at);
        self.lens.remove(at);
        self.nodes.remove(at)
    }

    /// Puts a child in; gives the right half where there is no room.
    fn insert_split(&mut self, at: usize, node: Node, is_end: bool) -> Option<Node> {
        if self.nodes.len() < PLACES_MAX {
            self.insert(at, node);
            return None;
        }
        let right = if is_end {
            Branch::of([node])
        } else {
            let middle = PLACES_MAX / 2;
            let mut right = Branch::of([]);
            right.firsts = self.firsts.split_off(middle);
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

    /// After a child lost a place: joins it with a neighbour if both are small, takes it away if it
    /// is empty. Says whether it did either.
    fn merge_around(&mut self, at: usize) -> bool {
        let fill = self.nodes[at].fill();
        if fill > PLACES_MAX / 2 {
            return false;
        }
        if at.checked_sub(1).is_some_and(|left| self.merge_pair(left)) || self.merge_pair(at) {
            return true;
        }
        if fill == 0 {
            self.take(at);
        }
        fill == 0
    }

    /// Joins a child and the next, if there are both and together they fill at most half a node.
    fn merge_pair(&mut self, left: usize) -> bool {
        let Some([one, other]) = self.nodes.get(left..left + 2) else {
            return false;
        };
        if one.fill() + other.fill() > PLACES_MAX / 2 {
            return false;
        }
        let right = self.take(left + 1);
        self.nodes[left].append(right);
        self.refresh(left);
        true
    }

    /// After a change below a child.
    fn refresh(&mut self, at: usize) {
        self.firsts.set(at, self.nodes[at].first());
        self.lens[at] = self.nodes[at].len() as u32;
    }
}

impl Node {
    /// The first place; a node below a branch has one.
    fn first(&self) -> Place {
        match self {
            Node::Leaf(places) => places.at(0),
            Node::Branch(branch) => branch.firsts.at(0),
        }
    }

    /// How many places are below.
    fn len(&self) -> usize {
        match self {
            Node::Leaf(places) => places.len(),
            Node::Branch(branch) => branch.rank_of_child(branch.lens.len()),
        }
    }

    /// Puts the place in; gives the right half where the node had to be split. `is_last` says that no
    /// node stands behind this one.
    fn insert<F: Fn(u32) -> bool>(
        &mut self,
        sought: &Spot<F>,
        (path, level): (Path, usize),
        is_last: bool,
    ) -> Option<Node> {
        match self {
            Node::Leaf(places) => {
                let at = places.point(sought);
                let is_end = is_last && at == places.len();
                insert_split(places, at, sought.place, is_end).map(Node::Leaf)
            }
            Node::Branch(branch) => {
                let at = branch.child_of(sought, (path, level));
                let is_last = is_last && at == branch.nodes.len() - 1;
                let right = branch.nodes[at].insert(sought, (path, level + 1), is_last);
                if at == 0 {
                    branch.firsts.set(0, branch.nodes[0].first());
                }
                let Some(right) = right else {
                    branch.lens[at] += 1;
                    return None;
                };
                branch.lens[at] = branch.nodes[at].len() as u32;
                // What is split off at the very end of the sequence holds nothing but the new place.
                let is_end = is_last && right.len() == 1;
                branch.insert_split(at + 1, right, is_end)
            }
        }
    }

    /// Says whether that was the first place.
    fn remove<F: Fn(u32) -> bool>(
        &mut self,
        sought: &Spot<F>,
        (path, level): (Path, usize),
    ) -> bool {
        match self {
            Node::Leaf(places) => {
                let index = places.index_of(sought.place);
                places.remove(index);
                index == 0
            }
            Node::Branch(branch) => {
                let at = branch.child_of(sought, (path, level));
                let was_first = branch.nodes[at].remove(sought, (path, level + 1));
                // An emptied leaf has no first place: merging takes it away before any look.
                if !branch.merge_around(at) {
                    branch.lens[at] -= 1;
                    if was_first {
                        branch.firsts.set(at, branch.nodes[at].first());
                    }
                }
                was_first && at == 0
            }
        }
    }

    fn rename<F: Fn(u32) -> bool>(&mut self, sought: &Spot<F>, slot: u32) {
        match self {
            Node::Leaf(places) => {
                let score = sought.place.score;
                places.set(places.index_of(sought.place), Place { score, slot });
            }
            Node::Branch(branch) => {
                let at = branch.firsts.point(sought).saturating_sub(1);
                branch.nodes[at].rename(sought, slot);
                branch.firsts.set(at, branch.nodes[at].first());
            }
        }
    }

    /// How many places or children it has, of `PLACES_MAX`.
    fn fill(&self) -> usize {
        match self {
            Node::Leaf(places) => places.len(),
            Node::Branch(branch) => branch.nodes.len(),
        }
    }

    /// Takes in all that its neighbour on the right holds.
    fn append(&mut self, right: Node) {
        match (self, right) {
            (Node::Leaf(places), Node::Leaf(more)) => places.append(&more, 0),
            (Node::Branch(branch), Node::Branch(more)) => {
                let seam = branch.nodes.len();
                branch.firsts.append(&more.firsts, 0);
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
            Node::Leaf(places) => core::mem::take(places).len(),
            Node::Branch(branch) => {
                let Some(last) = branch.nodes.last_mut() else {
                    return 0;
                };
                let freed = last.free_leaf();
                if last.fill() == 0 {
                    branch.nodes.pop();
                }
                freed
            }
        }
    }
}

/// Puts a place into a leaf, and splits off its right half when there is no room.
///
/// At the end of the whole order the right half is only the new place: what is loaded in order,
/// as from a snapshot, leaves full nodes behind rather than half empty ones. Elsewhere so small a
/// node may have a small neighbour on its right.
fn insert_split(places: &mut Places, at: usize, place: Place, is_end: bool) -> Option<Places> {
    if places.len() < PLACES_MAX {
        places.insert(at, place);
        return None;
    }
    if is_end {
        return Some(Places::of(place));
    }
    let middle = PLACES_MAX / 2;
    let mut right = places.split_off(middle);
    match at.checked_sub(middle) {
        Some(at) => right.insert(at, place),
        None => places.insert(at, place),
    }
    Some(right)
}

/// Walks a range of ranks from either end.
#[derive(Debug, Clone)]
pub(super) struct Iter<'a> {
    order: &'a Order,
    /// The ranks that are still to come.
    left: Range<usize>,
    /// The rest of the leaf at the front, which may reach past the range.
    head: places::Iter<'a>,
    /// The rest of the leaf at the back, as far.
    tail: places::Iter<'a>,
}

impl Iterator for Iter<'_> {
    type Item = Place;

    fn next(&mut self) -> Option<Place> {
        if self.left.is_empty() {
            return None;
        }
        let next = self.head.next().or_else(|| {
            let (leaf, at) = self.order.leaf(self.left.start);
            self.head = leaf.iter(at..leaf.len());
            self.head.next()
        });
        self.left.start += 1;
        next
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left.len(), Some(self.left.len()))
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Place> {
        if self.left.is_empty() {
            return None;
        }
        let next = self.tail.next_back().or_else(|| {
            let (leaf, at) = self.order.leaf(self.left.end - 1);
            self.tail = leaf.iter(0..at + 1);
            self.tail.next_back()
        });
        self.left.end -= 1;
        next
    }
}

impl ExactSizeIterator for Iter<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A place whose member comes before others of its score by its slot, of which three have one score.
    fn place(slot: u32) -> Place {
        let score = Score::new(f64::from(slot / 3)).expect("a number");
        Place { score, slot }
    }

    fn spot(slot: u32) -> Spot<impl Fn(u32) -> bool> {
        Spot {
            place: place(slot),
            is_upto: move |other| other <= slot,
        }
    }

    /// Checks the invariants below a node; gives its depth.
    fn check(node: &Node, is_root: bool) -> usize {
        assert!(node.fill() <= PLACES_MAX && (node.fill() > 0 || is_root));
        let Node::Branch(branch) = node else {
            return 1;
        };
        assert!(branch.nodes.len() > 1 || !is_root);
        assert_eq!(branch.firsts.len(), branch.nodes.len());
        assert_eq!(branch.lens.len(), branch.nodes.len());
        let depths: Vec<usize> = (branch.nodes.iter().enumerate())
            .map(|(at, node)| {
                assert_eq!(branch.lens[at] as usize, node.len());
                assert_eq!(branch.firsts.at(at), node.first());
                check(node, false)
            })
            .collect();
        assert!(depths.iter().all(|&depth| depth == depths[0]));
        for pair in branch.nodes.windows(2) {
            let (left, right) = (pair[0].fill(), pair[1].fill());
            assert!(
                left + right > PLACES_MAX / 2,
                "{left} and {right} are neighbours"
            );
        }
        depths[0] + 1
    }

    fn all(order: &Order) -> Vec<u32> {
        order.range(0..order.len).map(|place| place.slot).collect()
    }

    /// By the way that is known, where one is.
    fn insert(order: &mut Order, slot: u32) {
        let (path, _) = order.path(place(slot).score);
        let path = if slot.is_multiple_of(2) {
            path
        } else {
            Path::UNKNOWN
        };
        order.insert(spot(slot), path);
    }

    fn up_to(count: u32) -> Order {
        let mut order = Order::default();
        (0..count).for_each(|slot| insert(&mut order, slot));
        order
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn it_is_a_sequence_through_any_insertions_and_removals(
            grow in prop::collection::vec(0..1_000_000u32, 0..9000),
            shrink in prop::collection::vec(any::<prop::sample::Index>(), 0..9000),
            (start, end) in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
            stale in 1..40usize,
        ) {
            let (mut order, mut twin) = (Order::default(), Vec::new());
            let mut paths = vec![Path::UNKNOWN; stale];
            for (number, slot) in grow.into_iter().enumerate() {
                if let Err(rank) = twin.binary_search(&slot) {
                    twin.insert(rank, slot);
                    // A way that some other search took, some changes ago, does no harm.
                    order.insert(spot(slot), paths[number % stale]);
                    paths[number % stale] = order.path(place(slot).score).0;
                }
            }
            check(&order.root, true);
            for (number, pick) in shrink.into_iter().enumerate() {
                if let Some(&slot) = twin.get(pick.index(twin.len().max(1))) {
                    let rank = twin.partition_point(|&other| other < slot);
                    prop_assert_eq!(order.rank(spot(slot)), rank);
                    if slot % 3 == 0 && twin.binary_search(&(slot + 1)).is_err() {
                        // A new name in the same place.
                        order.rename(spot(slot), slot + 1);
                        twin[rank] += 1;
                    } else {
                        order.remove(spot(slot), paths[number % stale]);
                        paths[number % stale] = order.path(place(slot).score).0;
                        twin.remove(rank);
                    }
                }
            }
            check(&order.root, true);
            prop_assert_eq!(all(&order), twin.clone());
            let (start, end) = (start.index(twin.len() + 1), end.index(twin.len() + 1));
            let range = start.min(end)..start.max(end);
            prop_assert_eq!(order.range(range.clone()).rev().map(|place| place.slot).collect::<Vec<_>>(),
                twin[range].iter().rev().copied().collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_first_place_is_renamed_in_every_branch_above_it() {
        let mut order = Order::default();
        (0..10_000).for_each(|number| insert(&mut order, 9 * number));
        for slot in [9 * 5000, 9 * 64, 9, 0] {
            order.rename(spot(slot), slot + 1);
            check(&order.root, true);
            assert_eq!(order.get(slot as usize / 9), place(slot + 1));
        }
        order.remove(spot(1), Path::UNKNOWN);
        check(&order.root, true);
        insert(&mut order, 3);
        check(&order.root, true);
        assert_eq!(order.get(0), place(3));
    }

    #[test]
    fn both_ends_of_a_walk_meet_in_the_middle() {
        let order = up_to(1000);
        let mut walk = order.range(100..900);
        let mut met = Vec::new();
        while let Some(front) = walk.next() {
            met.push(front.slot);
            met.extend(walk.next_back().map(|place| place.slot));
        }
        met.sort_unstable();
        assert_eq!(met, (100..900).collect::<Vec<_>>());
    }

    // A full branch whose last leaf was split gave away a branch of one child, beside one of two.
    #[test]
    fn a_split_before_the_end_leaves_no_small_neighbours() {
        let full = PLACES_MAX * (PLACES_MAX + 1) + 1;
        let mut order = Order::default();
        (0..full as u32).for_each(|number| insert(&mut order, 2 * number));
        insert(&mut order, 2 * (PLACES_MAX * PLACES_MAX - 10) as u32 + 1);
        check(&order.root, true);
    }

    #[test]
    fn what_is_loaded_in_order_fills_its_nodes() {
        let order = up_to(200_000);
        let depth = check(&order.root, true);
        assert_eq!(depth, 3, "64 * 64 * 64 is more than 200,000");
        for rank in (0..200_000).step_by(997) {
            let slot = rank as u32;
            assert_eq!(order.partition_point(|place| place.slot < slot), rank);
            assert_eq!(order.get(rank), place(slot));
        }
    }

    #[test]
    fn a_known_way_is_taken_while_it_leads_there() {
        let mut order = up_to(100_000);
        let sought = place(77_777);
        let (path, leaf) = order.path(sought.score);
        assert!(leaf.len() - leaf.below(sought.score) > 2, "in that leaf");
        (70_000..77_000).for_each(|slot| order.remove(spot(slot), path));
        check(&order.root, true);
        assert_eq!(order.rank(spot(77_777)), 70_777);
        order.remove(spot(77_777), path);
        order.insert(spot(77_777), path);
        check(&order.root, true);
        assert_eq!(order.rank(spot(77_777)), 70_777);
    }

    #[test]
    fn it_is_freed_leaf_by_leaf() {
        let mut order = up_to(10_000);
        let mut freed = 0;
        loop {
            let leaf = order.free_leaf();
            if leaf == 0 {
                break;
            }
            assert!(leaf <= PLACES_MAX);
            freed += leaf;
        }
        assert_eq!(freed, 10_000);
    }
}
