//! Sets: sorted integers, a packed sequence while the members are few and short, or a table.

mod members;
mod table;

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::buffer::Buffered as _;
use super::compact::{Compact, Packing};
use super::intset::Integers;
use super::listpack::Items;
use super::log::NOT_RECORDING;
use super::{Intset, Inverses, Item, Kind, Limits, Listpack, Seed, Words, kind, listpack};

use members::View;
use table::Table;

pub use members::{Iter, Members};
pub use table::Inverse;

/// Past this many Redis leaves the intset, whatever the limit says.
const INTSET_MAX_ENTRIES: usize = 1 << 30;

/// Members, each once.
///
/// A set of integers is an intset; the first other member makes it a listpack, or a table if the
/// limits say so. It never goes back. A look-up costs O(log N), O(N) for a small N, and O(1)
/// expected.
#[derive(Debug, Clone, Default)]
pub struct Set(Form);

#[derive(Debug, Clone)]
enum Form {
    Integers(Intset),
    Packed(Listpack),
    Table(Box<Table>),
}

impl Default for Form {
    fn default() -> Form {
        Form::Integers(Intset::new())
    }
}

impl Set {
    /// An empty one in a buffer that is there already.
    pub(super) fn in_buffer(buffer: Vec<u8>) -> Set {
        Set(Form::Integers(Intset::in_buffer(buffer)))
    }

    /// Of the bytes of an intset of ours.
    pub(super) fn of_integers(bytes: Vec<u8>) -> Set {
        Set(Form::Integers(Intset::of(bytes)))
    }

    /// Of the bytes of a packed set of ours.
    pub(super) fn of_packed(bytes: Vec<u8>) -> Set {
        Set(Form::Packed(Listpack::of(bytes)))
    }

    /// The bytes where they are compact.
    pub(super) fn compact(&self) -> Option<Compact<'_>> {
        let (packing, bytes) = match &self.0 {
            Form::Integers(integers) => (Packing::Integers, integers.as_bytes()),
            Form::Packed(members) => (Packing::Set, members.as_bytes()),
            Form::Table(_) => return None,
        };
        (bytes.len() <= Compact::MAX_BYTES).then_some(Compact { packing, bytes })
    }

    /// The buffer of one that is no table, for something else.
    pub(super) fn into_buffer(self) -> Option<Vec<u8>> {
        match self.0 {
            Form::Integers(mut integers) => integers.take_buffer(),
            Form::Packed(mut members) => members.take_buffer(),
            Form::Table(_) => None,
        }
    }

    pub fn from_intset(integers: Intset, limits: &Limits) -> Set {
        let is_small = integers.len() <= limits.set_max_intset_entries.min(INTSET_MAX_ENTRIES);
        let mut set = Set(Form::Integers(integers));
        if !is_small {
            set.table(limits.seed);
        }
        set
    }

    /// Takes a listpack from outside: `None` if a member comes twice.
    pub fn from_listpack(members: Listpack, limits: &Limits) -> Option<Set> {
        let table = Table::of(members.iter(), limits.seed)?;
        let is_small = table.members.len() <= limits.set_max_listpack_entries
            && (table.members.iter()).all(|member| member.len() <= limits.set_max_listpack_value);
        Some(Set(if is_small {
            Form::Packed(members)
        } else {
            Form::Table(Box::new(table))
        }))
    }

    pub fn from_members<'m, M>(members: M, limits: &Limits) -> Set
    where
        M: IntoIterator<Item = Item<'m>>,
    {
        let mut set = Set::default();
        for member in members {
            set.insert(member, limits);
        }
        set
    }

    /// As it is read.
    #[inline]
    pub fn members(&self) -> Members<'_> {
        Members(match &self.0 {
            Form::Integers(integers) => View::Integers(integers.integers()),
            Form::Packed(members) => View::Packed(members.items()),
            Form::Table(table) => View::Table(table),
        })
    }

    /// The methods of `Members`.
    pub fn as_intset(&self) -> Option<Integers<'_>> {
        self.members().as_intset()
    }

    pub fn as_listpack(&self) -> Option<Items<'_>> {
        self.members().as_listpack()
    }

    pub fn len(&self) -> usize {
        self.members().len()
    }

    pub fn encoding(&self) -> &'static str {
        self.members().encoding()
    }

    pub fn contains<'i>(&self, member: impl Into<Item<'i>>) -> bool {
        self.members().contains(member)
    }

    pub fn iter(&self) -> Iter<'_> {
        self.members().iter()
    }

    pub fn get_index(&self, index: usize) -> Option<Item<'_>> {
        self.members().get_index(index)
    }

    pub fn random(&self, pick: u64) -> Option<Item<'_>> {
        self.members().random(pick)
    }

    pub fn scan(&self, cursor: u64, count: usize) -> (u64, Vec<Item<'_>>) {
        self.members().scan(cursor, count)
    }

    /// Whether the member is new.
    pub fn insert<'i>(&mut self, member: impl Into<Item<'i>>, limits: &Limits) -> bool {
        let member = member.into();
        match &mut self.0 {
            Form::Integers(integers) => match member.as_i64() {
                Some(number) => {
                    let is_new = integers.insert(number);
                    let most = limits.set_max_intset_entries.min(INTSET_MAX_ENTRIES);
                    if is_new && integers.len() > most {
                        self.table(limits.seed);
                    }
                    is_new
                }
                None => {
                    self.leave_integers(member.len(), limits);
                    self.insert(member, limits)
                }
            },
            Form::Packed(members) => {
                if find(members.items(), member).is_some() {
                    return false;
                }
                let fits = members.len() < limits.set_max_listpack_entries
                    && member.len() <= limits.set_max_listpack_value
                    && members.has_room_for(member.len());
                if fits {
                    members.push_back(member);
                    return true;
                }
                self.table(limits.seed).insert(member)
            }
            Form::Table(table) => table.insert(member),
        }
    }

    /// As `insert` of one after another; says how many were new.
    ///
    /// Chooses a form for all of them together, as SADD does, even if some should be the same.
    pub fn insert_all(&mut self, members: &[&[u8]], limits: &Limits) -> usize {
        if let Form::Table(table) = &mut self.0 {
            let new = members
                .iter()
                .filter(|member| table.insert(Item::Bytes(member)));
            return new.count();
        }
        let Some(first) = members.iter().find(|member| !self.contains(**member)) else {
            return 0;
        };
        self.make_room(Item::Bytes(first), members.len(), limits);
        let new = members
            .iter()
            .filter(|member| self.insert(**member, limits));
        new.count()
    }

    /// Whether the member was there.
    pub fn remove<'i>(&mut self, member: impl Into<Item<'i>>) -> bool {
        let member = member.into();
        match &mut self.0 {
            Form::Integers(integers) => member.as_i64().is_some_and(|n| integers.remove(n)),
            Form::Packed(members) => {
                let found = find(members.items(), member);
                if let Some(cursor) = found {
                    members.remove(cursor, 1);
                }
                found.is_some()
            }
            Form::Table(table) => table.remove(member),
        }
    }

    /// Takes out any member, each as likely as another if every `pick` is.
    pub fn pop(&mut self, pick: u64) -> Option<Vec<u8>> {
        let member = self.random(pick)?.to_vec();
        self.remove(&member);
        Some(member)
    }

    /// Makes the set ready for so many more members: more than its form may hold make it a table at
    /// once. The form of an empty set is chosen by the `first` of them.
    fn make_room(&mut self, first: Item<'_>, members: usize, limits: &Limits) {
        let is_undecided = self.is_empty() && self.is_compact();
        let fits_integers = members <= limits.set_max_intset_entries;
        let fits_packed = members <= limits.set_max_listpack_entries;
        match &self.0 {
            Form::Integers(_) if !is_undecided && fits_integers => {}
            Form::Packed(_) if !is_undecided && fits_packed => {}
            _ if is_undecided && fits_integers && first.as_i64().is_some() => {
                self.begin(|buffer| Form::Integers(Intset::in_buffer(buffer)));
            }
            _ if is_undecided && fits_packed => {
                self.begin(|buffer| Form::Packed(Listpack::in_buffer(buffer)));
            }
            _ => {
                self.table(limits.seed);
            }
        }
    }

    /// Makes room for a first member that is no integer: a listpack if all would be small enough
    /// for one, else a table.
    fn leave_integers(&mut self, member_bytes: usize, limits: &Limits) {
        let Form::Integers(integers) = &self.0 else {
            return;
        };
        let ends = [
            integers.get(0),
            integers.get(integers.len().wrapping_sub(1)),
        ];
        let longest = ends.into_iter().flatten().map(|end| Item::Int(end).len());
        let longest = longest.max().unwrap_or(0).max(member_bytes);
        let fits = integers.len() < limits.set_max_listpack_entries
            && longest <= limits.set_max_listpack_value;
        if fits {
            let members = integers.iter().map(Item::Int).collect();
            self.become_form(Form::Packed(members));
        } else {
            self.table(limits.seed);
        }
    }

    /// As `Hash::look_ahead`.
    pub(super) fn look_ahead(&self, words: &[Words]) {
        if let Form::Table(table) = &self.0 {
            (table.members).look_ahead(words.iter().filter_map(|[member, _]| *member));
        }
    }

    /// As `Hash::pieces`.
    pub(super) fn pieces(&self) -> usize {
        match &self.0 {
            Form::Integers(_) | Form::Packed(_) => 1,
            Form::Table(table) => table.members.len(),
        }
    }

    /// As `Hash::free_some`.
    pub(super) fn free_some(&mut self, most: usize) -> usize {
        match &mut self.0 {
            Form::Integers(_) | Form::Packed(_) => 0,
            Form::Table(table) => table.members.free(most),
        }
    }

    /// Gives back room that was taken while the value was made.
    pub(super) fn fit(&mut self) {
        match &mut self.0 {
            Form::Integers(integers) => integers.trim(),
            Form::Packed(members) => members.trim(),
            Form::Table(_) => {}
        }
    }

    /// Takes the form that its first member decides on, in the buffer that is there.
    fn begin(&mut self, form: impl FnOnce(Vec<u8>) -> Form) {
        let buffer = match &mut self.0 {
            Form::Integers(integers) => integers.take_buffer(),
            Form::Packed(members) => members.take_buffer(),
            Form::Table(_) => None,
        };
        match buffer {
            Some(buffer) => self.0 = form(buffer),
            None => self.become_form(form(Vec::new())),
        }
    }

    /// Takes another form; what is noted goes on there.
    fn become_form(&mut self, form: Form) {
        let noted = match &mut self.0 {
            Form::Integers(integers) => integers.recorded(),
            Form::Packed(members) => members.recorded(),
            Form::Table(_) => None,
        };
        let old = core::mem::replace(&mut self.0, form);
        if let Some(mut noted) = noted {
            noted.push(super::Inverse::Form(Box::new(Set(old).into_value())));
            self.start(noted);
        }
    }

    fn start(&mut self, noted: Inverses) {
        match &mut self.0 {
            Form::Integers(integers) => integers.record(noted),
            Form::Packed(members) => members.record(noted),
            Form::Table(table) => table.log.start(noted),
        }
    }

    /// The table, which the set becomes if it is not yet.
    fn table(&mut self, seed: Seed) -> &mut Table {
        if !matches!(self.0, Form::Table(_)) {
            let table = Table::of(self.iter(), seed);
            let table = table.expect("a set holds each member once");
            self.become_form(Form::Table(Box::new(table)));
        }
        match &mut self.0 {
            Form::Table(table) => table,
            _ => unreachable!("it was made a table above"),
        }
    }
}

fn find(members: Items, member: Item<'_>) -> Option<listpack::Cursor> {
    members.find(member.bytes_in(&mut itoa::Buffer::new()), 1)
}

impl Kind for Set {
    type View<'a> = Members<'a>;

    kind!(Set);

    fn empty_in(buffer: &mut Vec<u8>) -> Set {
        Set::in_buffer(core::mem::take(buffer))
    }

    fn is_empty(&self) -> bool {
        match &self.0 {
            Form::Integers(integers) => integers.is_empty(),
            Form::Packed(members) => members.is_empty(),
            Form::Table(table) => table.members.is_empty(),
        }
    }

    fn size_bytes(&self) -> usize {
        self.members().size_bytes()
    }

    fn is_compact(&self) -> bool {
        self.compact().is_some()
    }

    fn record(&mut self) {
        self.start(Inverses::default());
    }

    fn recorded(&mut self) -> Inverses {
        match &mut self.0 {
            Form::Integers(integers) => integers.recorded().expect(NOT_RECORDING),
            Form::Packed(members) => members.recorded().expect(NOT_RECORDING),
            Form::Table(table) => table.log.finish(),
        }
    }

    fn undo(&mut self, inverse: super::Inverse) {
        match (inverse, &mut self.0) {
            (super::Inverse::Set(inverse), Form::Table(table)) => table.undo(inverse),
            (super::Inverse::Rewind(rewind), Form::Integers(integers)) => integers.rewind(rewind),
            (super::Inverse::Rewind(rewind), Form::Packed(members)) => members.rewind(rewind),
            (super::Inverse::Form(old), _) => *self = super::taken(*old),
            _ => panic!("undo of another form than that of the set"),
        }
    }
}
