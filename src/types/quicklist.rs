//! A queue of listpacks: what a list is once it outgrew one.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ops::Range;

use super::{Limits, Listpack};

/// What a node costs beside its listpack.
const NODE_BYTES: usize = 48;
const QUICKLIST_BYTES: usize = 64;

/// Nodes bounded by a count are bounded by this many bytes as well.
const COUNTED_NODE_MAX_BYTES: usize = 8192;

/// What Redis adds to an element when it asks whether a node can take it: the head and the length
/// behind it, as an estimate.
const ELEMENT_OVERHEAD_BYTES: usize = 8;

/// An end of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
}

/// Listpacks in order, each full before the next was begun at that end.
///
/// Invariants: no node is empty; `len` and `node_bytes` are the sums over the nodes.
#[derive(Debug, Clone, Default)]
pub struct Quicklist {
    nodes: VecDeque<Listpack>,
    len: usize,
    node_bytes: usize,
}

/// How to take back a change of whole nodes: `old` ones go in the place of `now` from `at` on.
#[derive(Debug)]
pub struct Splice {
    at: usize,
    now: usize,
    old: Vec<Listpack>,
}

/// How much one listpack may hold, from `list_max_listpack_size`.
#[derive(Debug, Clone, Copy)]
pub enum NodeLimit {
    Bytes(usize),
    Count(usize),
}

impl NodeLimit {
    pub fn of(limits: &Limits) -> NodeLimit {
        match limits.list_max_listpack_size {
            size @ 1.. => NodeLimit::Count(usize::try_from(size).unwrap_or(usize::MAX)),
            0 => NodeLimit::Count(1),
            -1 => NodeLimit::Bytes(4096),
            -2 => NodeLimit::Bytes(8192),
            -3 => NodeLimit::Bytes(16_384),
            -4 => NodeLimit::Bytes(32_768),
            _ => NodeLimit::Bytes(65_536),
        }
    }

    pub fn allows(self, bytes: usize, count: usize) -> bool {
        match self {
            NodeLimit::Bytes(most) => bytes <= most,
            NodeLimit::Count(most) => count <= most && bytes <= COUNTED_NODE_MAX_BYTES,
        }
    }

    fn allows_one_more(self, node: &Listpack, element_bytes: usize) -> bool {
        let bytes = node.as_bytes().len() + element_bytes + ELEMENT_OVERHEAD_BYTES;
        self.allows(bytes, node.len() + 1)
    }

    /// A quicklist is packed again only well below the limit, so that a list at the limit does not
    /// change its form with every push and pop.
    pub fn allows_half(self, node: &Listpack) -> bool {
        match self {
            NodeLimit::Bytes(most) => node.as_bytes().len() <= most / 2,
            NodeLimit::Count(most) => node.len() <= most / 2,
        }
    }
}

impl Quicklist {
    /// The nodes, as two runs.
    pub fn slices(&self) -> (&[Listpack], &[Listpack]) {
        self.nodes.as_slices()
    }

    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// In elements.
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn size_bytes(&self) -> usize {
        QUICKLIST_BYTES + self.node_bytes + self.nodes.len() * NODE_BYTES
    }

    pub fn into_first_node(mut self) -> Listpack {
        self.nodes.pop_front().unwrap_or_default()
    }

    /// Lets go of so many nodes at most, of a list that nobody will look into again; how many.
    pub fn free_nodes(&mut self, most: usize) -> usize {
        let left = self.nodes.len().saturating_sub(most);
        self.nodes.drain(left..).count()
    }

    /// Drops a node that is empty.
    pub fn push_node(&mut self, node: Listpack) {
        let end = self.nodes.len();
        self.splice(end..end, vec![node]);
    }

    pub fn locate(&self, index: usize) -> Option<(usize, usize)> {
        if index >= self.len {
            return None;
        }
        if index < self.len / 2 {
            let mut first = 0;
            for (position, node) in self.nodes.iter().enumerate() {
                if index < first + node.len() {
                    return Some((position, index - first));
                }
                first += node.len();
            }
        } else {
            let mut first = self.len;
            for (position, node) in self.nodes.iter().enumerate().rev() {
                first -= node.len();
                if index >= first {
                    return Some((position, index - first));
                }
            }
        }
        unreachable!("`len` is the sum over the nodes")
    }

    /// Puts other nodes in the place of some, leaving out empty ones, and says how to undo that.
    ///
    /// Costs the nodes, and for each the way to the nearer end.
    fn splice(&mut self, range: Range<usize>, new: Vec<Listpack>) -> Splice {
        let at = range.start;
        let old: Vec<Listpack> = self.nodes.drain(range).collect();
        for node in &old {
            self.len -= node.len();
            self.node_bytes -= node.as_bytes().len();
        }
        let mut now = 0;
        for node in new.into_iter().rev().filter(|node| !node.is_empty()) {
            self.len += node.len();
            self.node_bytes += node.as_bytes().len();
            self.nodes.insert(at, node);
            now += 1;
        }
        Splice { at, now, old }
    }

    pub fn unsplice(&mut self, splice: Splice) {
        self.splice(splice.at..splice.at + splice.now, splice.old);
    }

    /// Changes the elements of one node, which is dropped if none is left.
    pub fn change(&mut self, node: usize, change: impl FnOnce(&mut Listpack)) -> Splice {
        let mut changed = self.nodes[node].clone();
        change(&mut changed);
        self.splice(node..node + 1, vec![changed])
    }

    fn end_mut(&mut self, side: Side) -> Option<&mut Listpack> {
        match side {
            Side::Left => self.nodes.front_mut(),
            Side::Right => self.nodes.back_mut(),
        }
    }

    pub fn push(&mut self, side: Side, element: &[u8], limit: NodeLimit) {
        let end = self.end_mut(side);
        let has_room = end.is_some_and(|node| limit.allows_one_more(node, element.len()));
        self.push_into(side, element, !has_room);
    }

    /// Pushes into the node at the end, or into a new one.
    pub fn push_into(&mut self, side: Side, element: &[u8], is_alone: bool) {
        if is_alone {
            match side {
                Side::Left => self.nodes.push_front(Listpack::new()),
                Side::Right => self.nodes.push_back(Listpack::new()),
            }
            self.node_bytes += Listpack::new().as_bytes().len();
        }
        let Some(node) = self.end_mut(side) else {
            return;
        };
        let old_bytes = node.as_bytes().len();
        push_item(node, side, element);
        let grown_bytes = node.as_bytes().len() - old_bytes;
        self.len += 1;
        self.node_bytes += grown_bytes;
    }

    /// Says as well whether the element was all that its node held.
    pub fn pop(&mut self, side: Side) -> Option<(Vec<u8>, bool)> {
        let node = self.end_mut(side)?;
        let old_bytes = node.as_bytes().len();
        let element = pop_item(node, side)?;
        let (new_bytes, was_alone) = (node.as_bytes().len(), node.is_empty());
        self.len -= 1;
        self.node_bytes -= old_bytes - new_bytes;
        if was_alone {
            self.node_bytes -= new_bytes;
            match side {
                Side::Left => self.nodes.pop_front(),
                Side::Right => self.nodes.pop_back(),
            };
        }
        Some((element, was_alone))
    }

    /// Puts an element before the one at an offset in a node, or behind the last: into that node
    /// if it has room, or that beside it, else into a new node between the halves of a full one.
    #[inline]
    pub fn insert(
        &mut self,
        node: usize,
        offset: usize,
        element: &[u8],
        limit: NodeLimit,
    ) -> Splice {
        let has_room = |position: usize| {
            let node = self.nodes.get(position);
            node.is_some_and(|node| limit.allows_one_more(node, element.len()))
        };
        let len = self.nodes[node].len();
        let (target, offset) = if has_room(node) {
            (node, offset)
        } else if offset == len && has_room(node + 1) {
            (node + 1, 0)
        } else if offset == 0 && node > 0 && has_room(node - 1) {
            (node - 1, self.nodes[node - 1].len())
        } else {
            return self.insert_splitting(node, offset, element, limit);
        };
        self.change(target, |node| insert_item(node, offset, element))
    }

    #[inline]
    fn insert_splitting(
        &mut self,
        node: usize,
        offset: usize,
        element: &[u8],
        limit: NodeLimit,
    ) -> Splice {
        let mut left = self.nodes[node].clone();
        let right = match left.seek(offset) {
            Some(cursor) => left.split_off(cursor),
            None => Listpack::new(),
        };
        let mut middle = Listpack::new();
        if !left.is_empty() && !right.is_empty() && limit.allows_one_more(&left, element.len()) {
            left.push_back(element);
        } else {
            middle.push_back(element);
        }
        self.splice(node..node + 1, vec![left, middle, right])
    }

    /// Takes out the elements of a range that is not empty. Whole nodes are moved, not copied.
    pub fn cut(&mut self, range: Range<usize>) -> Splice {
        let beyond = (self.nodes.len(), 0);
        let (first, offset) = self.locate(range.start).unwrap_or(beyond);
        let (last, rest) = self.locate(range.end).unwrap_or(beyond);
        let mut left = Listpack::new();
        let mut right = Listpack::new();
        if first == last {
            left = self.nodes[first].clone();
            remove_items(&mut left, offset..rest);
        } else {
            if offset > 0 {
                left = self.nodes[first].clone();
                remove_items(&mut left, offset..usize::MAX);
            }
            if rest > 0 {
                right = self.nodes[last].clone();
                remove_items(&mut right, 0..rest);
            }
        }
        let touched = first..if rest > 0 { last + 1 } else { last };
        self.splice(touched, vec![left, right])
    }
}

pub fn push_item(elements: &mut Listpack, side: Side, element: &[u8]) {
    match side {
        Side::Left => elements.push_front(element),
        Side::Right => elements.push_back(element),
    }
}

pub fn pop_item(elements: &mut Listpack, side: Side) -> Option<Vec<u8>> {
    let cursor = match side {
        Side::Left => elements.first(),
        Side::Right => elements.before(elements.end())?,
    };
    let element = elements.item(cursor)?.to_vec();
    elements.remove(cursor, 1);
    Some(element)
}

/// Puts an element before that with an index, or at the end.
pub fn insert_item(elements: &mut Listpack, index: usize, element: &[u8]) {
    let cursor = elements.seek(index).unwrap_or(elements.end());
    elements.insert(cursor, element);
}

pub fn remove_items(elements: &mut Listpack, range: Range<usize>) {
    if let Some(cursor) = elements.seek(range.start) {
        elements.remove(cursor, range.end - range.start);
    }
}
