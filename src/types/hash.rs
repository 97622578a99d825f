//! Hashes: fields with values, packed while they are few and short, a table after that.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::buffer::Buffered as _;
use super::compact::{Compact, Packing};
use super::listpack::{self, Cursor, Items};
use super::log::{Log, NOT_RECORDING};
use super::slots::{self, Named, Slots};
use super::{Inverses, Item, Kind, Limits, Listpack, Seed, Words, kind};

/// What an entry of the table costs beside its bytes: two boxes and a hash in the entry, a slot in
/// the index, the bookkeeping of two allocations. Of a 64-bit machine, on all machines.
const ENTRY_BYTES: usize = 88;
const TABLE_BYTES: usize = 128;

/// Fields with their values.
///
/// Packed, the fields stand in the order of their coming, and a look-up costs O(N) for a small N;
/// in the table it is O(1) expected. It never goes back.
#[derive(Debug, Clone, Default)]
pub struct Hash(Form);

#[derive(Debug, Clone)]
enum Form {
    /// Field and value in turn.
    Packed(Listpack),
    Table(Box<Table>),
}

impl Default for Form {
    fn default() -> Form {
        Form::Packed(Listpack::new())
    }
}

#[derive(Debug, Clone)]
struct Table {
    entries: Slots<Pair>,
    /// Of fields and values together.
    content_bytes: usize,
    log: Log,
}

#[derive(Debug, Clone)]
struct Pair {
    field: Box<[u8]>,
    value: Box<[u8]>,
}

impl Named for Pair {
    fn name(&self) -> &[u8] {
        &self.field
    }
}

impl Pair {
    fn len(&self) -> usize {
        self.field.len() + self.value.len()
    }

    fn items(&self) -> (Item<'_>, Item<'_>) {
        (Item::Bytes(&self.field), Item::Bytes(&self.value))
    }
}

/// One change to a table of fields, turned round.
#[derive(Debug)]
pub enum Inverse {
    /// Takes out the last field.
    Added,
    Changed {
        position: usize,
        value: Box<[u8]>,
    },
    Removed {
        position: usize,
        field: Box<[u8]>,
        value: Box<[u8]>,
    },
}

impl From<Inverse> for super::Inverse {
    fn from(inverse: Inverse) -> super::Inverse {
        super::Inverse::Hash(inverse)
    }
}

impl Hash {
    /// An empty one in a buffer that is there already.
    pub(super) fn in_buffer(buffer: Vec<u8>) -> Hash {
        Hash(Form::Packed(Listpack::in_buffer(buffer)))
    }

    /// Of the bytes of a packed hash of ours.
    pub(super) fn of_packed(bytes: Vec<u8>) -> Hash {
        Hash(Form::Packed(Listpack::of(bytes)))
    }

    /// The bytes where they are compact.
    pub(super) fn compact(&self) -> Option<Compact<'_>> {
        match &self.0 {
            Form::Packed(pairs) if pairs.is_compact() => Some(Compact {
                packing: Packing::Hash,
                bytes: pairs.as_bytes(),
            }),
            _ => None,
        }
    }

    /// The buffer of a packed one, for something else.
    pub(super) fn into_buffer(self) -> Option<Vec<u8>> {
        match self.0 {
            Form::Packed(mut pairs) => pairs.take_buffer(),
            Form::Table(_) => None,
        }
    }

    /// Takes a listpack from outside: `None` if its items are no pairs, or a field comes twice.
    pub fn from_listpack(pairs: Listpack, limits: &Limits) -> Option<Hash> {
        let table = Table::of(&pairs, limits.seed)?;
        let is_small = table.entries.len() <= limits.hash_max_listpack_entries
            && table.entries.iter().all(|pair| {
                pair.field.len().max(pair.value.len()) <= limits.hash_max_listpack_value
            });
        Some(Hash(if is_small {
            Form::Packed(pairs)
        } else {
            Form::Table(Box::new(table))
        }))
    }

    /// Of a field that comes twice the last value stays.
    pub fn from_pairs<'p, P>(pairs: P, limits: &Limits) -> Hash
    where
        P: IntoIterator<Item = (&'p [u8], &'p [u8])>,
    {
        let mut hash = Hash::default();
        for (field, value) in pairs {
            hash.set(field, value, limits);
        }
        hash
    }

    /// As it is read.
    #[inline]
    pub fn fields(&self) -> Fields<'_> {
        Fields(match &self.0 {
            Form::Packed(pairs) => View::Packed(pairs.items()),
            Form::Table(table) => View::Table(table),
        })
    }

    /// The methods of `Fields`.
    pub fn as_listpack(&self) -> Option<Items<'_>> {
        self.fields().as_listpack()
    }

    pub fn len(&self) -> usize {
        self.fields().len()
    }

    pub fn encoding(&self) -> &'static str {
        self.fields().encoding()
    }

    pub fn get(&self, field: &[u8]) -> Option<Item<'_>> {
        self.fields().get(field)
    }

    pub fn contains(&self, field: &[u8]) -> bool {
        self.fields().contains(field)
    }

    pub fn iter(&self) -> Iter<'_> {
        self.fields().iter()
    }

    pub fn get_index(&self, index: usize) -> Option<(Item<'_>, Item<'_>)> {
        self.fields().get_index(index)
    }

    pub fn random(&self, pick: u64) -> Option<(Item<'_>, Item<'_>)> {
        self.fields().random(pick)
    }

    pub fn scan(&self, cursor: u64, count: usize) -> (u64, Vec<(Item<'_>, Item<'_>)>) {
        self.fields().scan(cursor, count)
    }

    /// Whether the field is new.
    pub fn set(&mut self, field: &[u8], value: &[u8], limits: &Limits) -> bool {
        let longest = field.len().max(value.len());
        if let Form::Packed(pairs) = &mut self.0 {
            let fits = longest <= limits.hash_max_listpack_value
                && pairs.has_room_for(field.len() + value.len());
            if fits {
                let is_new = set_packed(pairs, field, value);
                if pairs.len() / 2 > limits.hash_max_listpack_entries {
                    self.table(limits.seed);
                }
                return is_new;
            }
        }
        self.table(limits.seed).set(field, value)
    }

    /// As `set` of one pair after another; says how many fields were new.
    ///
    /// More pairs than a packed hash may hold make it a table at once, as HSET does, even if some of
    /// their fields should turn out to be the same.
    pub fn set_all<'p, P>(&mut self, pairs: P, limits: &Limits) -> usize
    where
        P: IntoIterator<Item = (&'p [u8], &'p [u8])>,
        P::IntoIter: ExactSizeIterator,
    {
        let pairs = pairs.into_iter();
        if pairs.len() > limits.hash_max_listpack_entries {
            self.table(limits.seed);
        }
        let new = pairs.filter(|(field, value)| self.set(field, value, limits));
        new.count()
    }

    /// Whether the field was there.
    pub fn remove(&mut self, field: &[u8]) -> bool {
        match &mut self.0 {
            Form::Packed(pairs) => {
                let found = pairs.find(field, 2);
                if let Some(cursor) = found {
                    pairs.remove(cursor, 2);
                }
                found.is_some()
            }
            Form::Table(table) => table.remove(field),
        }
    }

    /// Has the caches fetch what looking for these fields will read, where that is much; see `Value::look_ahead`.
    pub(super) fn look_ahead(&self, words: &[Words]) {
        if let Form::Table(table) = &self.0 {
            let found = table
                .entries
                .look_ahead(words.iter().filter_map(|[field, _]| *field));
            let read = |read, pair: &&Pair| read ^ pair.value.first().copied().unwrap_or_default();
            core::hint::black_box(found.iter().flatten().fold(0, read));
        }
    }

    /// How many pieces a table is freed in, and 1 otherwise.
    pub(super) fn pieces(&self) -> usize {
        match &self.0 {
            Form::Packed(_) => 1,
            Form::Table(table) => table.entries.len(),
        }
    }

    /// Lets go of so many pieces at most; how many. For a value that nobody will look into again.
    pub(super) fn free_some(&mut self, most: usize) -> usize {
        match &mut self.0 {
            Form::Packed(_) => 0,
            Form::Table(table) => table.entries.free(most),
        }
    }

    /// Gives back room that was taken while the value was made.
    pub(super) fn fit(&mut self) {
        if let Form::Packed(pairs) = &mut self.0 {
            pairs.trim();
        }
    }

    /// The table, which the hash becomes if it is not yet.
    fn table(&mut self, seed: Seed) -> &mut Table {
        if let Form::Packed(pairs) = &mut self.0 {
            let noted = pairs.recorded();
            let table = Table::of(pairs, seed).expect("a packed hash holds pairs, each field once");
            let packed = core::mem::replace(&mut self.0, Form::Table(Box::new(table)));
            if let (Some(mut noted), Form::Table(table)) = (noted, &mut self.0) {
                noted.push(super::Inverse::Form(Box::new(Hash(packed).into_value())));
                table.log.start(noted);
            }
        }
        match &mut self.0 {
            Form::Table(table) => table,
            Form::Packed(_) => unreachable!("it was made a table above"),
        }
    }
}

/// A hash as it is read: a view that costs nothing to copy. Packed, it may lie anywhere.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a>(View<'a>);

#[derive(Debug, Clone, Copy)]
enum View<'a> {
    Packed(Items<'a>),
    Table(&'a Table),
}

impl<'a> Fields<'a> {
    /// Of the bytes of a packed hash of ours.
    #[inline]
    pub(super) fn of_packed(bytes: &'a [u8]) -> Fields<'a> {
        Fields(View::Packed(Items::of(bytes)))
    }

    /// The packed form, field and value in turn, where the hash has it.
    pub fn as_listpack(self) -> Option<Items<'a>> {
        match self.0 {
            View::Packed(pairs) => Some(pairs),
            View::Table(_) => None,
        }
    }

    pub fn len(self) -> usize {
        match self.0 {
            View::Packed(pairs) => pairs.len() / 2,
            View::Table(table) => table.entries.len(),
        }
    }

    /// `listpack` or `hashtable`.
    pub fn encoding(self) -> &'static str {
        match self.0 {
            View::Packed(_) => "listpack",
            View::Table(_) => "hashtable",
        }
    }

    pub fn get(self, field: &[u8]) -> Option<Item<'a>> {
        match self.0 {
            View::Packed(pairs) => pairs.item(value_of(pairs, field)?),
            View::Table(table) => {
                let slot = table.entries.find_name(field)?;
                Some(Item::Bytes(&table.entries[slot].value))
            }
        }
    }

    pub fn contains(self, field: &[u8]) -> bool {
        match self.0 {
            View::Packed(pairs) => pairs.find(field, 2).is_some(),
            View::Table(table) => table.entries.find_name(field).is_some(),
        }
    }

    /// In the order of the form, which is nobody's business but SCAN's.
    pub fn iter(self) -> Iter<'a> {
        Iter(match self.0 {
            View::Packed(pairs) => Walk::Packed(pairs.iter()),
            View::Table(table) => Walk::Table(table.entries.iter()),
        })
    }

    /// The pair with an index in the order of `iter`: O(1) in the table.
    pub fn get_index(self, index: usize) -> Option<(Item<'a>, Item<'a>)> {
        match self.0 {
            View::Packed(pairs) => {
                let field = pairs.seek(index.checked_mul(2)?)?;
                pairs.item(field).zip(pairs.item(pairs.after(field)?))
            }
            View::Table(table) => table.entries.get(index).map(Pair::items),
        }
    }

    /// Any pair, each as likely as another if every `pick` is.
    pub fn random(self, pick: u64) -> Option<(Item<'a>, Item<'a>)> {
        let len = self.len() as u64;
        self.get_index(pick.checked_rem(len)? as usize)
    }

    /// The next pairs of a walk and the cursor to go on with. A walk begins with cursor 0 and is at
    /// its end when 0 comes back; it meets every field that was there all along, at least once.
    ///
    /// A packed hash is given as a whole. In the table the cursor is a position, and the walk goes
    /// down from the end: a removal fills its gap with the last pair, so that what was not met yet
    /// can only move to where it still will be.
    pub fn scan(self, cursor: u64, count: usize) -> (u64, Vec<(Item<'a>, Item<'a>)>) {
        match self.0 {
            View::Packed(_) => (0, self.iter().collect()),
            View::Table(table) => {
                let range = super::scanned(cursor, count, table.entries.len());
                let pairs = range.clone().rev();
                let pairs = pairs.filter_map(|position| self.get_index(position));
                (range.start as u64, pairs.collect())
            }
        }
    }

    /// As `Kind::size_bytes`.
    pub fn size_bytes(self) -> usize {
        match self.0 {
            View::Packed(pairs) => pairs.size_bytes(),
            View::Table(table) => {
                TABLE_BYTES + table.content_bytes + table.entries.len() * ENTRY_BYTES
            }
        }
    }

    /// A copy of the whole.
    pub fn to_hash(self) -> Hash {
        Hash(match self.0 {
            View::Packed(pairs) => Form::Packed(Listpack::of(pairs.as_bytes().to_vec())),
            View::Table(table) => Form::Table(Box::new(table.clone())),
        })
    }
}

fn value_of(pairs: Items, field: &[u8]) -> Option<Cursor> {
    pairs.after(pairs.find(field, 2)?)
}

fn set_packed(pairs: &mut Listpack, field: &[u8], value: &[u8]) -> bool {
    match value_of(pairs.items(), field) {
        Some(cursor) => {
            pairs.replace(cursor, value);
            false
        }
        None => {
            pairs.push_back(field);
            pairs.push_back(value);
            true
        }
    }
}

impl Table {
    /// `None` if the items are no pairs, or a field comes twice.
    fn of(pairs: &Listpack, seed: Seed) -> Option<Table> {
        let mut table = Table {
            entries: Slots::new(seed),
            content_bytes: 0,
            log: Log::default(),
        };
        let mut items = pairs.iter();
        while let Some(field) = items.next() {
            let (field, value) = (field.to_vec(), items.next()?.to_vec());
            if !table.set(&field, &value) {
                return None;
            }
        }
        Some(table)
    }

    fn set(&mut self, field: &[u8], value: &[u8]) -> bool {
        let hash = self.entries.hash(field);
        let Some(position) = self.entries.find(hash, field) else {
            self.content_bytes += field.len() + value.len();
            let (field, value) = (field.into(), value.into());
            self.entries.push(hash, Pair { field, value });
            self.log.note(|| Inverse::Added);
            return true;
        };
        let stands = &mut self.entries[position].value;
        if stands.len() == value.len() && !self.log.is_on() {
            stands.copy_from_slice(value);
            return false;
        }
        let old = core::mem::replace(stands, value.into());
        self.content_bytes = self.content_bytes - old.len() + value.len();
        self.log.note(|| Inverse::Changed {
            position,
            value: old,
        });
        false
    }

    fn remove(&mut self, field: &[u8]) -> bool {
        let hash = self.entries.hash(field);
        let Some(position) = self.entries.find(hash, field) else {
            return false;
        };
        let Pair { field, value } = self.entries.swap_remove(hash, position);
        self.content_bytes -= field.len() + value.len();
        self.log.note(|| Inverse::Removed {
            position,
            field,
            value,
        });
        true
    }

    fn undo(&mut self, inverse: Inverse) {
        match inverse {
            Inverse::Added => {
                let pair = self.entries.pop().expect("a field was added");
                self.content_bytes -= pair.len();
            }
            Inverse::Changed { position, value } => {
                let slot = &mut self.entries[position].value;
                self.content_bytes += value.len();
                self.content_bytes -= core::mem::replace(slot, value).len();
            }
            Inverse::Removed {
                position,
                field,
                value,
            } => {
                self.content_bytes += field.len() + value.len();
                self.entries.insert_at(position, Pair { field, value });
            }
        }
    }
}

impl Kind for Hash {
    type View<'a> = Fields<'a>;

    kind!(Hash);

    fn empty_in(buffer: &mut Vec<u8>) -> Hash {
        Hash::in_buffer(core::mem::take(buffer))
    }

    fn is_empty(&self) -> bool {
        match &self.0 {
            Form::Packed(pairs) => pairs.is_empty(),
            Form::Table(table) => table.entries.is_empty(),
        }
    }

    fn size_bytes(&self) -> usize {
        self.fields().size_bytes()
    }

    fn is_compact(&self) -> bool {
        self.compact().is_some()
    }

    fn record(&mut self) {
        match &mut self.0 {
            Form::Packed(pairs) => pairs.record(Inverses::default()),
            Form::Table(table) => table.log.start(Inverses::default()),
        }
    }

    fn recorded(&mut self) -> Inverses {
        match &mut self.0 {
            Form::Table(table) => table.log.finish(),
            Form::Packed(pairs) => pairs.recorded().expect(NOT_RECORDING),
        }
    }

    fn undo(&mut self, inverse: super::Inverse) {
        match (inverse, &mut self.0) {
            (super::Inverse::Hash(inverse), Form::Table(table)) => table.undo(inverse),
            (super::Inverse::Rewind(rewind), Form::Packed(pairs)) => pairs.rewind(rewind),
            (super::Inverse::Form(old), _) => *self = super::taken(*old),
            _ => panic!("undo of another form than that of the hash"),
        }
    }
}

/// Over fields with their values.
#[derive(Debug, Clone)]
pub struct Iter<'a>(Walk<'a>);

#[derive(Debug, Clone)]
enum Walk<'a> {
    Packed(listpack::Iter<'a>),
    Table(slots::Iter<'a, Pair>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = (Item<'a>, Item<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Walk::Packed(items) => items.next().zip(items.next()),
            Walk::Table(entries) => entries.next().map(Pair::items),
        }
    }
}
