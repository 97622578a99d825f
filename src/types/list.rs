//! Lists: one listpack while that is small, a queue of listpacks after.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;

use super::buffer::Buffered as _;
use super::listpack::Needle;
use super::log::{Log, NOT_RECORDING};
use super::quicklist::{self, NodeLimit, Quicklist, Side, Splice};
use super::{Inverses, Item, Kind, Limits, Listpack, kind};

/// Elements in order.
///
/// Pushing to and popping from either end costs O(1) in the length of the list. An index or an
/// element is found in O(N): node by node, from the nearer end, then within the node.
#[derive(Debug, Clone, Default)]
pub struct List(Form);

#[derive(Debug, Clone)]
enum Form {
    Packed(Listpack),
    Quick(Box<Quick>),
}

#[derive(Debug, Clone, Default)]
struct Quick {
    nodes: Quicklist,
    log: Log,
}

impl Default for Form {
    fn default() -> Form {
        Form::Packed(Listpack::new())
    }
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
    Spliced(Splice),
    /// Makes the only node the listpack again that it was.
    Grown,
    /// Makes the listpack the only node again.
    Shrunk,
}

impl From<Inverse> for super::Inverse {
    fn from(inverse: Inverse) -> super::Inverse {
        super::Inverse::List(inverse)
    }
}

impl List {
    /// Takes nodes from outside; empty ones are dropped.
    pub fn from_nodes(nodes: impl IntoIterator<Item = Listpack>, limits: &Limits) -> List {
        let mut quicklist = Quicklist::default();
        for node in nodes {
            quicklist.push_node(node);
        }
        let is_packed = match quicklist.slices() {
            ([], []) => true,
            ([node], []) => NodeLimit::of(limits).allows(node.as_bytes().len(), node.len()),
            _ => false,
        };
        List(if is_packed {
            Form::Packed(quicklist.into_first_node())
        } else {
            let (nodes, log) = (quicklist, Log::default());
            Form::Quick(Box::new(Quick { nodes, log }))
        })
    }

    /// The listpacks that make the list, one if it is packed.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = &Listpack> {
        let (front, back) = self.slices();
        front.iter().chain(back)
    }

    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Packed(elements) => elements.len(),
            Form::Quick(quick) => quick.nodes.len(),
        }
    }

    /// `listpack` or `quicklist`.
    pub fn encoding(&self) -> &'static str {
        match &self.0 {
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
        self.make_room(elements.clone(), limits);
        for element in elements {
            self.push_one(side, element, limits);
        }
    }

    pub fn pop(&mut self, side: Side, limits: &Limits) -> Option<Vec<u8>> {
        if self.is_empty() {
            return None;
        }
        let element = match &mut self.0 {
            Form::Packed(elements) => quicklist::pop_item(elements, side)?,
            Form::Quick(quick) => {
                let (element, was_alone) = quick.nodes.pop(side)?;
                quick.log.note(|| Inverse::Popped {
                    side,
                    element: element.as_slice().into(),
                    was_alone,
                });
                element
            }
        };
        self.shrink(limits);
        Some(element)
    }

    /// Puts another element in the place of one. `false` if there is none with this index.
    #[inline]
    pub fn set(&mut self, index: usize, element: &[u8], limits: &Limits) -> bool {
        if index >= self.len() {
            return false;
        }
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
    #[inline]
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
        self.make_room([element].into_iter(), limits);
        let Some((node, offset)) = self.locate(index) else {
            return false;
        };
        let offset = match beside {
            Beside::Before => offset,
            Beside::After => offset + 1,
        };
        match &mut self.0 {
            Form::Packed(elements) => quicklist::insert_item(elements, offset, element),
            Form::Quick(quick) => {
                let splice = quick
                    .nodes
                    .insert(node, offset, element, NodeLimit::of(limits));
                quick.log.note(|| Inverse::Spliced(splice));
            }
        }
        true
    }

    /// Takes out the elements that equal this one, at most `most` of them, from one side on. Says
    /// how many.
    #[inline]
    pub fn remove(&mut self, from: Side, most: usize, element: &[u8], limits: &Limits) -> usize {
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

    /// Keeps the elements with these indexes. Says how many it took out.
    pub fn trim(&mut self, keep: Range<usize>, limits: &Limits) -> usize {
        let len = self.len();
        let end = keep.end.min(len);
        let start = keep.start.min(end);
        self.cut(end..len);
        self.cut(0..start);
        let removed = len - self.len();
        if removed > 0 {
            self.shrink(limits);
        }
        removed
    }

    /// As `Hash::pieces`: a node is one.
    pub(super) fn pieces(&self) -> usize {
        self.node_count()
    }

    /// As `Hash::free_some`.
    pub(super) fn free_some(&mut self, most: usize) -> usize {
        match &mut self.0 {
            Form::Packed(_) => 0,
            Form::Quick(quick) => quick.nodes.free_nodes(most),
        }
    }

    /// Gives back room that was taken while the value was made.
    pub(super) fn fit(&mut self) {
        if let Form::Packed(elements) = &mut self.0 {
            elements.trim();
        }
    }

    fn slices(&self) -> (&[Listpack], &[Listpack]) {
        match &self.0 {
            Form::Packed(elements) => (core::slice::from_ref(elements), &[]),
            Form::Quick(quick) => quick.nodes.slices(),
        }
    }

    fn node_count(&self) -> usize {
        match &self.0 {
            Form::Packed(_) => 1,
            Form::Quick(quick) => quick.nodes.node_count(),
        }
    }

    fn nodes_from(&self, node: usize) -> impl Iterator<Item = &Listpack> {
        let (front, back) = self.slices();
        let skipped = node.min(front.len());
        front[skipped..].iter().chain(&back[node - skipped..])
    }

    /// The node of an element, and its index there.
    fn locate(&self, index: usize) -> Option<(usize, usize)> {
        match &self.0 {
            Form::Packed(elements) => (index < elements.len()).then_some((0, index)),
            Form::Quick(quick) => quick.nodes.locate(index),
        }
    }

    /// Makes a packed list a quicklist if it would grow too large with these elements.
    fn make_room<'e>(&mut self, elements: impl Iterator<Item = &'e [u8]>, limits: &Limits) {
        let Form::Packed(packed) = &mut self.0 else {
            return;
        };
        let (mut bytes, mut count) = (packed.as_bytes().len(), packed.len());
        for element in elements {
            bytes += element.len();
            count += 1;
        }
        if !NodeLimit::of(limits).allows(bytes, count) {
            let noted = packed.recorded();
            let mut quick = Quick::of(core::mem::take(packed));
            if let Some(mut noted) = noted {
                noted.push(Inverse::Grown);
                quick.log.start(noted);
            }
            self.0 = Form::Quick(Box::new(quick));
        }
    }

    /// Makes a quicklist packed again when all that is left is one node, at most half full.
    fn shrink(&mut self, limits: &Limits) {
        let Form::Quick(quick) = &mut self.0 else {
            return;
        };
        if let ([node], []) = quick.nodes.slices()
            && NodeLimit::of(limits).allows_half(node)
        {
            quick.log.note(|| Inverse::Shrunk);
            let noted = quick.log.is_on().then(|| quick.log.finish());
            let mut node = core::mem::take(&mut quick.nodes).into_first_node();
            if let Some(noted) = noted {
                node.record(noted);
            }
            self.0 = Form::Packed(node);
        }
    }

    fn push_one(&mut self, side: Side, element: &[u8], limits: &Limits) {
        match &mut self.0 {
            Form::Packed(elements) => quicklist::push_item(elements, side, element),
            Form::Quick(quick) => {
                quick.nodes.push(side, element, NodeLimit::of(limits));
                quick.log.note(|| Inverse::Pushed(side));
            }
        }
    }

    /// Changes the elements of one node, which is dropped if none is left.
    fn change_node(&mut self, node: usize, change: impl FnOnce(&mut Listpack)) {
        match &mut self.0 {
            Form::Packed(elements) => change(elements),
            Form::Quick(quick) => {
                let splice = quick.nodes.change(node, change);
                quick.log.note(|| Inverse::Spliced(splice));
            }
        }
    }

    #[inline]
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
        match &mut self.0 {
            Form::Packed(elements) => quicklist::remove_items(elements, range),
            Form::Quick(quick) => {
                let splice = quick.nodes.cut(range);
                quick.log.note(|| Inverse::Spliced(splice));
            }
        }
    }
}

impl Quick {
    /// Of one node.
    fn of(node: Listpack) -> Quick {
        let mut nodes = Quicklist::default();
        nodes.push_node(node);
        Quick {
            nodes,
            log: Log::default(),
        }
    }

    fn undo(&mut self, inverse: Inverse) {
        match inverse {
            Inverse::Pushed(side) => {
                self.nodes.pop(side);
            }
            Inverse::Popped {
                side,
                element,
                was_alone,
            } => self.nodes.push_into(side, &element, was_alone),
            Inverse::Spliced(splice) => self.nodes.unsplice(splice),
            Inverse::Grown | Inverse::Shrunk => unreachable!("the list has taken its form back"),
        }
    }
}

impl Kind for List {
    type View<'a> = &'a List;

    kind!(List);

    fn is_empty(&self) -> bool {
        match &self.0 {
            Form::Packed(elements) => elements.is_empty(),
            Form::Quick(quick) => quick.nodes.len() == 0,
        }
    }

    fn size_bytes(&self) -> usize {
        match &self.0 {
            Form::Packed(elements) => elements.size_bytes(),
            Form::Quick(quick) => quick.nodes.size_bytes(),
        }
    }

    fn is_compact(&self) -> bool {
        matches!(&self.0, Form::Packed(elements) if elements.is_compact())
    }

    fn record(&mut self) {
        match &mut self.0 {
            Form::Packed(elements) => elements.record(Inverses::default()),
            Form::Quick(quick) => quick.log.start(Inverses::default()),
        }
    }

    fn recorded(&mut self) -> Inverses {
        match &mut self.0 {
            Form::Packed(elements) => elements.recorded().expect(NOT_RECORDING),
            Form::Quick(quick) => quick.log.finish(),
        }
    }

    fn undo(&mut self, inverse: super::Inverse) {
        match (inverse, &mut self.0) {
            (super::Inverse::Rewind(rewind), Form::Packed(elements)) => elements.rewind(rewind),
            (super::Inverse::List(Inverse::Grown), Form::Quick(quick)) => {
                self.0 = Form::Packed(core::mem::take(&mut quick.nodes).into_first_node());
            }
            (super::Inverse::List(Inverse::Shrunk), Form::Packed(elements)) => {
                self.0 = Form::Quick(Box::new(Quick::of(core::mem::take(elements))));
            }
            (super::Inverse::List(inverse), Form::Quick(quick)) => quick.undo(inverse),
            _ => panic!("undo of another form than that of the list"),
        }
    }
}
