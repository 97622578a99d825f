//! Lists: one listpack while that is small, a queue of listpacks after.

use std::collections::VecDeque;
use std::ops::Range;

use super::listpack::Needle;
use super::log::Log;
use super::{Item, Kind, Limits, Listpack, kind};

/// What a node costs beside its listpack.
const NODE_BYTES: usize = 48;
const QUICKLIST_BYTES: usize = 64;

/// Nodes bounded by a count are bounded by this many bytes as well.
const COUNTED_NODE_MAX_BYTES: usize = 8192;

/// What Redis adds to an element when it asks whether a node can take it: the head and the length
/// behind it, as an estimate.
const ELEMENT_OVERHEAD_BYTES: usize = 8;

/// Elements in order.
///
/// Pushing to and popping from either end costs O(1) in the length of the list. An index or an
/// element is found in O(N): node by node, from the nearer end, then within the node.
#[derive(Debug, Clone, Default)]
pub struct List {
    form: Form,
    log: Log<Inverse>,
}

#[derive(Debug, Clone)]
enum Form {
    Packed(Listpack),
    Quick(Box<Quicklist>),
}

impl Default for Form {
    fn default() -> Form {
        Form::Packed(Listpack::new())
    }
}

/// Invariants: no node is empty; `len` and `node_bytes` are the sums over the nodes.
#[derive(Debug, Clone, Default)]
struct Quicklist {
    nodes: VecDeque<Listpack>,
    len: usize,
    node_bytes: usize,
}

/// An end of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
}

/// Where an element goes, seen from the one that it is put beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    Before,
    After,
}

/// One change to a list, turned round.
#[derive(Debug)]
pub enum Inverse {
    Pushed(Side),
    Popped {
        side: Side,
        element: Box<[u8]>,
        /// Whether the element was all its node held.
        was_alone: bool,
    },
    /// Puts old nodes in the place of `now` nodes from `at` on.
    Nodes {
        at: usize,
        now: usize,
        old: Vec<Listpack>,
    },
    /// Puts back the list as it was while it was one small listpack.
    Packed(Listpack),
    /// Makes the listpack the only node again.
    Shrunk,
}

impl From<Inverse> for super::Inverse {
    fn from(inverse: Inverse) -> super::Inverse {
        super::Inverse::List(inverse)
    }
}

/// How much one listpack may hold, from `list_max_listpack_size`.
#[derive(Debug, Clone, Copy)]
enum NodeLimit {
    Bytes(usize),
    Count(usize),
}

impl NodeLimit {
    fn of(limits: &Limits) -> NodeLimit {
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

    fn allows(self, bytes: usize, count: usize) -> bool {
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
    fn allows_half(self, node: &Listpack) -> bool {
        match self {
            NodeLimit::Bytes(most) => node.as_bytes().len() <= most / 2,
            NodeLimit::Count(most) => node.len() <= most / 2,
        }
    }
}

impl List {
    /// Takes nodes from outside; empty ones are dropped.
    pub fn from_nodes(nodes: impl IntoIterator<Item = Listpack>, limits: &Limits) -> List {
        let mut quicklist = Quicklist::default();
        for node in nodes {
            quicklist.push_node(node);
        }
        let is_packed = match quicklist.nodes.as_slices() {
            ([], []) => true,
            ([node], []) => NodeLimit::of(limits).allows(node.as_bytes().len(), node.len()),
            _ => false,
        };
        List {
            form: if is_packed {
                Form::Packed(quicklist.nodes.pop_front().unwrap_or_default())
            } else {
                Form::Quick(Box::new(quicklist))
            },
            log: Log::default(),
        }
    }

    /// The listpacks that make the list, one if it is packed.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = &Listpack> {
        let (front, back) = self.slices();
        front.iter().chain(back)
    }

    pub fn len(&self) -> usize {
        match &self.form {
            Form::Packed(elements) => elements.len(),
            Form::Quick(quicklist) => quicklist.len,
        }
    }

    /// `listpack` or `quicklist`.
    pub fn encoding(&self) -> &'static str {
        match &self.form {
            Form::Packed(_) => "listpack",
            Form::Quick(_) => "quicklist",
        }
    }

    /// From left to right, or the other way with `rev`.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Item<'_>> {
        self.nodes().flat_map(Listpack::iter)
    }

    /// The elements with these indexes; those past the end are none. Costs the way to the first
    /// from the nearer end, and the elements.
    pub fn range(&self, range: Range<usize>) -> impl Iterator<Item = Item<'_>> {
        let count = range.end.saturating_sub(range.start);
        let place = self.locate(range.start);
        place.into_iter().flat_map(move |(node, offset)| {
            let elements = self.nodes_from(node).flat_map(Listpack::iter);
            elements.skip(offset).take(count)
        })
    }

    pub fn get(&self, index: usize) -> Option<Item<'_>> {
        let (node, offset) = self.locate(index)?;
        self.nodes_from(node).next()?.get(offset)
    }

    /// Pushes one after another, so that the last comes to stand at the very end.
    ///
    /// Whether a packed list stays so is decided for all of them together, as LPUSH does.
    pub fn push<'e, E>(&mut self, side: Side, elements: E, limits: &Limits)
    where
        E: IntoIterator<Item = &'e [u8]>,
        E::IntoIter: Clone,
    {
        let elements = elements.into_iter();
        self.note_packed();
        self.make_room(elements.clone(), limits);
        for element in elements {
            self.push_one(side, element, limits);
        }
    }

    pub fn pop(&mut self, side: Side, limits: &Limits) -> Option<Vec<u8>> {
        self.note_packed();
        let element = match &mut self.form {
            Form::Packed(elements) => pop_item(elements, side)?,
            Form::Quick(quicklist) => {
                let (element, was_alone) = quicklist.pop(side)?;
                self.log.note(|| Inverse::Popped {
                    side,
                    element: element.clone().into(),
                    was_alone,
                });
                element
            }
        };
        self.shrink(limits);
        Some(element)
    }

    /// Puts another element in the place of one. `false` if there is none with this index.
    pub fn set(&mut self, index: usize, element: &[u8], limits: &Limits) -> bool {
        if index >= self.len() {
            return false;
        }
        self.note_packed();
        self.make_room([element].into_iter(), limits);
        let Some((node, offset)) = self.locate(index) else {
            return false;
        };
        self.change_node(node, |node| {
            if let Some(cursor) = node.seek(offset) {
                node.replace(cursor, element);
            }
        });
        self.shrink(limits);
        true
    }

    /// Puts an element beside the first that equals `pivot`. `false` if none does.
    pub fn insert(
        &mut self,
        beside: Beside,
        pivot: &[u8],
        element: &[u8],
        limits: &Limits,
    ) -> bool {
        let needle = Needle::new(pivot);
        let Some(index) = self.iter().position(|item| needle.is(item)) else {
            return false;
        };
        self.note_packed();
        self.make_room([element].into_iter(), limits);
        let Some((node, offset)) = self.locate(index) else {
            return false;
        };
        let offset = match beside {
            Beside::Before => offset,
            Beside::After => offset + 1,
        };
        match &mut self.form {
            Form::Packed(elements) => insert_item(elements, offset, element),
            Form::Quick(quicklist) => {
                let inverse = quicklist.insert(node, offset, element, NodeLimit::of(limits));
                self.log.note(|| inverse);
            }
        }
        true
    }

    /// Takes out the elements that equal this one, at most `most` of them, from one side on. Says
    /// how many.
    pub fn remove(&mut self, from: Side, most: usize, element: &[u8], limits: &Limits) -> usize {
        self.note_packed();
        let needle = Needle::new(element);
        let mut removed = 0;
        let mut unseen = self.node_count();
        while unseen > 0 && removed < most {
            let node = match from {
                Side::Left => self.node_count() - unseen,
                Side::Right => unseen - 1,
            };
            removed += self.remove_in_node(node, from, most - removed, &needle);
            unseen -= 1;
        }
        if removed > 0 {
            self.shrink(limits);
        }
        removed
    }

    /// Keeps the elements with these indexes.
    pub fn trim(&mut self, keep: Range<usize>, limits: &Limits) {
        let len = self.len();
        let end = keep.end.min(len);
        let start = keep.start.min(end);
        self.note_packed();
        self.cut(end..len);
        self.cut(0..start);
        self.shrink(limits);
    }

    fn slices(&self) -> (&[Listpack], &[Listpack]) {
        match &self.form {
            Form::Packed(elements) => (std::slice::from_ref(elements), &[]),
            Form::Quick(quicklist) => quicklist.nodes.as_slices(),
        }
    }

    fn node_count(&self) -> usize {
        match &self.form {
            Form::Packed(_) => 1,
            Form::Quick(quicklist) => quicklist.nodes.len(),
        }
    }

    fn nodes_from(&self, node: usize) -> impl Iterator<Item = &Listpack> {
        let (front, back) = self.slices();
        let skipped = node.min(front.len());
        front[skipped..].iter().chain(&back[node - skipped..])
    }

    /// The node of an element, and its index there.
    fn locate(&self, index: usize) -> Option<(usize, usize)> {
        match &self.form {
            Form::Packed(elements) => (index < elements.len()).then_some((0, index)),
            Form::Quick(quicklist) => quicklist.locate(index),
        }
    }

    /// While recording, keeps a copy of a packed list before it changes. One copy serves all
    /// changes that follow in the same form.
    fn note_packed(&mut self) {
        if let (Form::Packed(elements), true) = (&self.form, self.log.is_on())
            && !matches!(self.log.last(), Some(Inverse::Packed(_)))
        {
            self.log.note(|| Inverse::Packed(elements.clone()));
        }
    }

    /// Makes a packed list a quicklist if it would grow too large with these elements.
    fn make_room<'e>(&mut self, elements: impl Iterator<Item = &'e [u8]>, limits: &Limits) {
        let Form::Packed(packed) = &mut self.form else {
            return;
        };
        let (mut bytes, mut count) = (packed.as_bytes().len(), packed.len());
        for element in elements {
            bytes += element.len();
            count += 1;
        }
        if !NodeLimit::of(limits).allows(bytes, count) {
            let mut quicklist = Quicklist::default();
            quicklist.push_node(std::mem::take(packed));
            self.form = Form::Quick(Box::new(quicklist));
        }
    }

    /// Makes a quicklist packed again when all that is left is one node, at most half full.
    fn shrink(&mut self, limits: &Limits) {
        let Form::Quick(quicklist) = &mut self.form else {
            return;
        };
        if let ([node], []) = quicklist.nodes.as_slices()
            && NodeLimit::of(limits).allows_half(node)
        {
            self.log.note(|| Inverse::Shrunk);
            let node = quicklist.nodes.pop_front();
            self.form = Form::Packed(node.unwrap_or_default());
        }
    }

    fn push_one(&mut self, side: Side, element: &[u8], limits: &Limits) {
        match &mut self.form {
            Form::Packed(elements) => push_item(elements, side, element),
            Form::Quick(quicklist) => {
                quicklist.push(side, element, NodeLimit::of(limits));
                self.log.note(|| Inverse::Pushed(side));
            }
        }
    }

    /// Changes the elements of one node, which is dropped if none is left.
    fn change_node(&mut self, node: usize, change: impl FnOnce(&mut Listpack)) {
        match &mut self.form {
            Form::Packed(elements) => change(elements),
            Form::Quick(quicklist) => {
                let mut changed = quicklist.nodes[node].clone();
                change(&mut changed);
                let inverse = quicklist.splice(node..node + 1, vec![changed]);
                self.log.note(|| inverse);
            }
        }
    }

    fn remove_in_node(&mut self, node: usize, from: Side, most: usize, doomed: &Needle) -> usize {
        let elements = self.nodes_from(node).next().into_iter();
        let elements = elements.flat_map(Listpack::iter);
        let found = elements.filter(|item| doomed.is(*item)).count();
        let removed = found.min(most);
        if removed == 0 {
            return 0;
        }
        let spared = match from {
            Side::Left => 0,
            Side::Right => found - removed,
        };
        let fate = spared..spared + removed;
        self.change_node(node, |elements| {
            let mut met = 0;
            elements.retain(|item| {
                if !doomed.is(item) {
                    return true;
                }
                met += 1;
                !fate.contains(&(met - 1))
            });
        });
        removed
    }

    /// Takes out the elements with these indexes, which the list must have.
    fn cut(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        match &mut self.form {
            Form::Packed(elements) => remove_items(elements, range),
            Form::Quick(quicklist) => {
                let inverse = quicklist.cut(range);
                self.log.note(|| inverse);
            }
        }
    }
}

impl Quicklist {
    /// Drops a node that is empty.
    fn push_node(&mut self, node: Listpack) {
        let end = self.nodes.len();
        self.splice(end..end, vec![node]);
    }

    fn locate(&self, index: usize) -> Option<(usize, usize)> {
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
    fn splice(&mut self, range: Range<usize>, new: Vec<Listpack>) -> Inverse {
        let at = range.start;
        let old: Vec<Listpack> = self.nodes.drain(range).collect();
        for node in &old {
            self.len -= node.len();
            self.node_bytes -= node.as_bytes().len();
        }
        let mut now = 0;
        for node in new {
            if !node.is_empty() {
                self.len += node.len();
                self.node_bytes += node.as_bytes().len();
                self.nodes.insert(at + now, node);
                now += 1;
            }
        }
        Inverse::Nodes { at, now, old }
    }

    fn end_mut(&mut self, side: Side) -> Option<&mut Listpack> {
        match side {
            Side::Left => self.nodes.front_mut(),
            Side::Right => self.nodes.back_mut(),
        }
    }

    fn push(&mut self, side: Side, element: &[u8], limit: NodeLimit) {
        let end = self.end_mut(side);
        let has_room = end.is_some_and(|node| limit.allows_one_more(node, element.len()));
        self.push_into(side, element, !has_room);
    }

    /// Pushes into the node at the end, or into a new one.
    fn push_into(&mut self, side: Side, element: &[u8], is_alone: bool) {
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
    fn pop(&mut self, side: Side) -> Option<(Vec<u8>, bool)> {
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
    fn insert(&mut self, node: usize, offset: usize, element: &[u8], limit: NodeLimit) -> Inverse {
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
        let mut changed = self.nodes[target].clone();
        insert_item(&mut changed, offset, element);
        self.splice(target..target + 1, vec![changed])
    }

    fn insert_splitting(
        &mut self,
        node: usize,
        offset: usize,
        element: &[u8],
        limit: NodeLimit,
    ) -> Inverse {
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
    fn cut(&mut self, range: Range<usize>) -> Inverse {
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

fn push_item(elements: &mut Listpack, side: Side, element: &[u8]) {
    match side {
        Side::Left => elements.push_front(element),
        Side::Right => elements.push_back(element),
    }
}

fn pop_item(elements: &mut Listpack, side: Side) -> Option<Vec<u8>> {
    let cursor = match side {
        Side::Left => elements.first(),
        Side::Right => elements.before(elements.end())?,
    };
    let element = elements.item(cursor)?.to_vec();
    elements.remove(cursor, 1);
    Some(element)
}

/// Puts an element before that with an index, or at the end.
fn insert_item(elements: &mut Listpack, index: usize, element: &[u8]) {
    let cursor = elements.seek(index).unwrap_or(elements.end());
    elements.insert(cursor, element);
}

fn remove_items(elements: &mut Listpack, range: Range<usize>) {
    if let Some(cursor) = elements.seek(range.start) {
        elements.remove(cursor, range.end - range.start);
    }
}

impl Kind for List {
    type Inverse = Inverse;

    kind!(List);

    fn is_empty(&self) -> bool {
        match &self.form {
            Form::Packed(elements) => elements.is_empty(),
            Form::Quick(quicklist) => quicklist.len == 0,
        }
    }

    fn size_bytes(&self) -> usize {
        match &self.form {
            Form::Packed(elements) => elements.size_bytes(),
            Form::Quick(quicklist) => {
                QUICKLIST_BYTES + quicklist.node_bytes + quicklist.nodes.len() * NODE_BYTES
            }
        }
    }

    fn is_compact(&self) -> bool {
        matches!(self.form, Form::Packed(_))
    }

    fn record(&mut self) {
        self.log.start();
    }

    fn recorded(&mut self) -> Vec<Inverse> {
        self.log.finish()
    }

    fn undo(&mut self, inverse: Inverse) {
        match (inverse, &mut self.form) {
            (Inverse::Packed(elements), form) => *form = Form::Packed(elements),
            (Inverse::Shrunk, Form::Packed(elements)) => {
                let mut quicklist = Quicklist::default();
                quicklist.push_node(std::mem::take(elements));
                self.form = Form::Quick(Box::new(quicklist));
            }
            (Inverse::Pushed(side), Form::Quick(quicklist)) => {
                quicklist.pop(side);
            }
            (
                Inverse::Popped {
                    side,
                    element,
                    was_alone,
                },
                Form::Quick(quicklist),
            ) => quicklist.push_into(side, &element, was_alone),
            (Inverse::Nodes { at, now, old }, Form::Quick(quicklist)) => {
                quicklist.splice(at..at + now, old);
            }
            (inverse, _) => panic!("undo of {inverse:?} on a list of another form"),
        }
    }
}
