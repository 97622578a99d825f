//! The nodes of the tree: leaves of places, and branches that count what is below each child.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::Path;
use crate::types::zset::places::{PLACES_MAX, Place, Places, Spot};

#[derive(Debug, Clone)]
pub(super) enum Node {
    Leaf(Places),
    Branch(Box<Branch>),
}

/// What is known of each child, side by side: a search reads only the first places, a rank only the
/// counts.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    /// Copies of the first place below each child.
    pub firsts: Places,
    /// How many places are below each.
    pub lens: Vec<u32>,
    pub nodes: Vec<Node>,
}

impl Branch {
    pub fn of(nodes: impl IntoIterator<Item = Node>) -> Branch {
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

    pub fn rank_of_child(&self, at: usize) -> usize {
        self.lens[..at].iter().sum::<u32>() as usize
    }

    /// Which child holds the place at `rank`, and its rank below that child.
    pub fn child_at(&self, rank: usize) -> (usize, usize) {
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
    pub fn first(&self) -> Place {
        match self {
            Node::Leaf(places) => places.at(0),
            Node::Branch(branch) => branch.firsts.at(0),
        }
    }

    /// How many places are below.
    pub fn len(&self) -> usize {
        match self {
            Node::Leaf(places) => places.len(),
            Node::Branch(branch) => branch.rank_of_child(branch.lens.len()),
        }
    }

    /// Puts the place in; gives the right half where the node had to be split. `is_last` says that no
    /// node stands behind this one.
    pub fn insert<F: Fn(u32) -> bool>(
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
    pub fn remove<F: Fn(u32) -> bool>(
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

    pub fn rename<F: Fn(u32) -> bool>(&mut self, sought: &Spot<F>, slot: u32) {
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
    pub fn fill(&self) -> usize {
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

    pub fn free_leaf(&mut self) -> usize {
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
