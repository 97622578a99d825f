//! The keyspace beside a map: whatever is put, changed, taken back, moved together and walked.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use proptest::prelude::*;

use super::block::{INLINE_MAX_BYTES, LONG_KEY, Payload};
use super::entry::{LISTED_BYTES, TABLE_BYTES};
use super::slab::Block as _;
use super::*;
use crate::db::Lazy;
use crate::types::{Hash, Item, Kind, Limits, List, Set, Side, Str, Text, Value, ValueRef};

#[path = "../../../tests/fuzz/drive.rs"]
mod drive;

type Model = BTreeMap<Vec<u8>, (Vec<u8>, Option<Deadline>)>;

struct Twin {
    keyspace: Keyspace,
    model: Model,
    /// What a walk under way has to yield, and has.
    walk: Option<(Model, Model)>,
}

/// What stands under a key, in bytes of the tests: those of a string, or of the items of an aggregate, each behind a bar.
fn shown(standing: Standing) -> (Vec<u8>, Option<Deadline>) {
    let bytes = match standing.value() {
        ValueRef::String(text) => text.to_vec(),
        ValueRef::List(list) => list.iter().flat_map(|item| item.to_vec()).collect(),
        ValueRef::Set(set) => barred(set.iter().map(Item::to_vec).collect()),
        ValueRef::Hash(hash) => barred(
            hash.iter()
                .map(|(field, value)| [field.to_vec(), value.to_vec()].concat())
                .collect(),
        ),
        other => panic!("{other:?}"),
    };
    (bytes, standing.deadline())
}

fn barred(members: BTreeSet<Vec<u8>>) -> Vec<u8> {
    let barred = members.iter().map(|member| [b"|", &member[..]].concat());
    barred.collect::<Vec<_>>().concat()
}

fn unbarred(bytes: &[u8]) -> BTreeSet<Vec<u8>> {
    let members = bytes.split(|byte| *byte == b'|').skip(1);
    members.map(<[u8]>::to_vec).collect()
}

/// Of a set or a field of a hash: integers of three widths, and texts.
fn member(number: usize) -> Vec<u8> {
    match number % 8 {
        0..4 => number.to_string().into_bytes(),
        4 => (number * 1000).to_string().into_bytes(),
        5 => (number << 40).to_string().into_bytes(),
        _ => vec![b'a' + (number % 23) as u8; number % 70],
    }
}

/// Short, long and longer than the header of a block can tell.
fn key(number: u8) -> Vec<u8> {
    let len = match number % 32 {
        7 => 3000,
        8 => LONG_KEY,
        9 => LONG_KEY - 1,
        _ => 1 + usize::from(number % 40),
    };
    let mut key = vec![b'k'; len];
    key[0] = number;
    key
}

fn value(size: usize) -> Value {
    match size % 7 {
        0 => Str::from(size as i64).into_value(),
        1 => {
            let mut list = List::default();
            for _ in 0..=size % 5 {
                list.push(Side::Right, [b"item".as_slice()], &Limits::default());
            }
            list.into_value()
        }
        3 => Str::text(&vec![0xe9; size]).into_value(),
        4 => {
            let mut set = Set::default();
            for number in 0..=size % 120 {
                // Every other of these sets is one of integers.
                let number = if size.is_multiple_of(2) {
                    number * 8
                } else {
                    number
                };
                set.insert(&member(number), &Limits::default());
            }
            set.into_value()
        }
        5 => {
            let mut hash = Hash::default();
            for number in 0..=size % 40 {
                hash.set(&member(number), b"", &Limits::default());
            }
            hash.into_value()
        }
        _ => Str::text(&vec![b'x'; size]).into_value(),
    }
}

impl Twin {
    fn new() -> Twin {
        Twin {
            keyspace: Keyspace::new(Seed::default(), Keyspace::MAX_BYTES),
            model: Model::new(),
            walk: None,
        }
    }

    fn apply(&mut self, op: &Op) -> Option<Change> {
        let keyspace = &mut self.keyspace;
        match op {
            Op::Put(number, size, deadline) => {
                let key = key(*number);
                let entry = Entry::new(value(*size), *deadline);
                let shown = shown(Standing::of_entry(&key, &entry));
                self.model.insert(key.clone(), shown);
                Some(keyspace.put(keyspace.find(&key), &key, entry))
            }
            Op::Remove(number) => {
                self.model.remove(&key(*number));
                let place = keyspace.find(&key(*number)).place?;
                Some(keyspace.remove(place))
            }
            Op::Deadline(number, deadline) => {
                let place = keyspace.find(&key(*number)).place?;
                self.model.get_mut(&key(*number)).expect("it stands").1 = *deadline;
                Some(keyspace.set_deadline(place, *deadline))
            }
            Op::Append(number, size) => {
                let place = keyspace.find(&key(*number)).place?;
                <Str as Kind>::of(keyspace.at(place).value())?;
                let more = vec![b'y'; *size];
                let edited =
                    keyspace.edit(place, &key(*number), Used::at(1), false, &mut |value| {
                        let text = Str::of_mut(value).expect("a string");
                        text.append(&more);
                        true
                    });
                self.model
                    .get_mut(&key(*number))
                    .expect("it stands")
                    .0
                    .extend(more);
                edited.change
            }
            Op::Count(number) => {
                let place = keyspace.find(&key(*number)).place?;
                let before =
                    <Str as Kind>::of(keyspace.at(place).value()).and_then(Text::as_i64)?;
                let edited =
                    keyspace.edit(place, &key(*number), Used::at(1), false, &mut |value| {
                        let text = Str::of_mut(value).expect("a string");
                        text.replace(Str::from(before + 1));
                        true
                    });
                let after = (before + 1).to_string().into_bytes();
                self.model.get_mut(&key(*number)).expect("it stands").0 = after;
                edited.change
            }
            Op::Members(number, members) => {
                let edited = self.change_members(*number, members, false)?;
                assert!(!edited.is_empty, "what is removed is told by another");
                edited.change
            }
        }
    }

    /// Adds members to a set or a hash, and takes others out; a hash has one more than it had, if it would be empty.
    fn change_members(
        &mut self,
        number: u8,
        members: &Members,
        is_final: bool,
    ) -> Option<change::edit::Edited> {
        let (key, limits) = (key(number), Limits::default());
        let place = self.keyspace.find(&key).place?;
        let standing = &mut self.model.get_mut(&key)?.0;
        let (mut model, before) = (unbarred(standing), unbarred(standing));
        let is_set = Set::of(self.keyspace.at(place).value()).is_some();
        if !is_set && Hash::of(self.keyspace.at(place).value()).is_none() {
            return None;
        }
        let taken: BTreeSet<Vec<u8>> = members.taken.clone().map(member).collect();
        let added: BTreeSet<Vec<u8>> = members.added.clone().map(member).collect();
        model.retain(|member| !taken.contains(member));
        model.extend(added.iter().cloned());
        if model.is_empty() {
            model.insert(member(1));
        }
        let after = model.clone();
        let edited = (self.keyspace).edit(place, &key, Used::at(1), is_final, &mut |value| {
            for member in before.difference(&after) {
                match value {
                    Value::Set(set) => set.remove(member),
                    Value::Hash(hash) => hash.remove(member),
                    other => panic!("{other:?}"),
                };
            }
            for member in after.difference(&before) {
                match value {
                    Value::Set(set) => set.insert(member, &limits),
                    Value::Hash(hash) => hash.set(member, b"", &limits),
                    other => panic!("{other:?}"),
                };
            }
            before != after
        });
        *standing = barred(model);
        assert_eq!(edited.is_changed, before != after);
        Some(edited)
    }

    /// A string that is about as long as what stands there.
    fn overwrite(&mut self, number: u8, more: usize) {
        let key = key(number);
        let lookup = self.keyspace.find(&key);
        let Some(place) = lookup.place else { return };
        let block = self.keyspace.block(place.handle);
        let (len, deadline) = (block.needed_bytes() - key.len() - 8, block.deadline());
        let bytes = vec![b'z'; (len + more).min(INLINE_MAX_BYTES)];
        let (text, used) = (Text::Raw(&bytes), Used::at(2));
        let overwritten = self.keyspace.overwrite(lookup, text, deadline, used);
        if overwritten.is_some() {
            self.model.insert(key, (bytes, deadline));
        }
    }

    /// Some changes of one step, which is taken back or not.
    fn step(&mut self, ops: &[Op], is_undone: bool) {
        let before = (self.model.clone(), self.keyspace.used_bytes());
        let mut changes: Vec<Change> = ops.iter().filter_map(|op| self.apply(op)).collect();
        if is_undone {
            while let Some(change) = changes.pop() {
                self.keyspace.undo(change);
            }
            self.model = before.0;
            assert_eq!(self.keyspace.used_bytes(), before.1);
        }
        self.keyspace.settle(&mut Lazy::default());
    }

    fn walk(&mut self, budget: usize) {
        let (all, mut met) = self.walk.take().unwrap_or_else(|| {
            self.keyspace.begin_walk(3);
            (self.model.clone(), Model::new())
        });
        self.keyspace.walk(budget, |db, standing| {
            assert_eq!(db, 3);
            let before = met.insert(standing.key().to_vec(), shown(standing));
            assert_eq!(before, None, "it came twice");
        });
        if self.keyspace.is_walked() {
            self.walk = Some((all, met));
        } else {
            assert_eq!(met, all);
        }
    }

    /// Every key weighs what it would if it had just been put there, and what it has left of its block.
    fn check_weights(&self) {
        check_hashes(&self.keyspace);
        for one in self.keyspace.iter() {
            let mut anew = Keyspace::new(Seed::default(), Keyspace::MAX_BYTES);
            anew.put(anew.find(one.key()), one.key(), one.to_entry());
            let spare = one.weight() - anew.used_bytes();
            let handle = self
                .keyspace
                .find(one.key())
                .place
                .expect("it stands")
                .handle;
            let is_compact = matches!(self.keyspace.block(handle).payload(), Payload::Compact(_));
            assert!(spare <= if is_compact { 60 } else { 0 }, "{:?}", one.key());
        }
    }

    fn check(&self) {
        let keyspace = &self.keyspace;
        let standing: Model = keyspace
            .iter()
            .map(|one| (one.key().to_vec(), shown(one)))
            .collect();
        assert_eq!(standing, self.model);
        for one in keyspace.iter() {
            let is_ascii = match one.value() {
                ValueRef::String(Text::Int(_)) => Some(true),
                ValueRef::String(Text::Embedded(bytes) | Text::Raw(bytes))
                    if bytes.len() <= INLINE_MAX_BYTES =>
                {
                    Some(bytes.is_ascii())
                }
                ValueRef::String(_) => None,
                _ => continue,
            };
            assert_eq!(one.known_ascii(), is_ascii, "{:?}", one.key());
        }
        assert_eq!(keyspace.len(), self.model.len());
        let weights = keyspace.iter().map(Standing::weight);
        assert_eq!(keyspace.used_bytes(), weights.sum::<usize>());
        let mut listed: Vec<&[u8]> = (0..keyspace.volatile_len())
            .filter_map(|at| keyspace.volatile_at(at).map(Standing::key))
            .collect();
        listed.sort_unstable();
        let volatile = self
            .model
            .iter()
            .filter(|(_, (_, deadline))| deadline.is_some());
        assert!(listed.iter().eq(volatile.map(|(key, _)| key)));
        let live: usize = keyspace
            .table
            .iter()
            .map(|handle| slab::room_of(Entries::size_bytes(keyspace.slab.bytes(handle))))
            .sum();
        assert_eq!(keyspace.slab_bytes().0, live, "blocks that nobody knows");
        let apart: usize = keyspace
            .table
            .iter()
            .filter_map(|handle| keyspace.block(handle).apart())
            .map(|number| Values::SLOT_BYTES + keyspace.values[number].size_bytes())
            .sum();
        let beside = keyspace.len() * TABLE_BYTES + keyspace.volatile_len() * LISTED_BYTES;
        assert_eq!(keyspace.used_bytes(), live + beside + apart);
    }
}

#[derive(Debug, Clone)]
enum Op {
    Put(u8, usize, Option<Deadline>),
    Remove(u8),
    Deadline(u8, Option<Deadline>),
    Append(u8, usize),
    Count(u8),
    Members(u8, Members),
}

/// Numbers of members that are taken out, and of others that come.
#[derive(Debug, Clone)]
struct Members {
    taken: Range<usize>,
    added: Range<usize>,
}

#[derive(Debug, Clone)]
enum Turn {
    Step(Vec<Op>, bool),
    /// A step of one edit, for good.
    Final(u8, Members),
    /// A string over what stands there, for good.
    Overwrite(u8, usize),
    Walk(usize),
    EndWalk,
    Purge,
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let deadline = || prop::option::of(1..1000i64);
    let size = prop_oneof![4 => 0..100usize, 1 => 900..1200usize];
    let op = prop_oneof![
        4 => (any::<u8>(), size, deadline()).prop_map(|(key, size, at)| Op::Put(key, size, at)),
        2 => any::<u8>().prop_map(Op::Remove),
        2 => (any::<u8>(), deadline()).prop_map(|(key, at)| Op::Deadline(key, at)),
        2 => (any::<u8>(), 0..600usize).prop_map(|(key, size)| Op::Append(key, size)),
        2 => any::<u8>().prop_map(Op::Count),
    ];
    let turn = prop_oneof![
        8 => (prop::collection::vec(op, 1..40), any::<bool>())
            .prop_map(|(ops, is_undone)| Turn::Step(ops, is_undone)),
        6 => (1..60usize).prop_map(Turn::Walk),
        1 => Just(Turn::EndWalk),
        1 => Just(Turn::Purge),
    ];
    prop::collection::vec(turn, 1..40)
}

/// Few keys, of sets and hashes that go into blocks and out of them.
fn turns_of_aggregates() -> impl Strategy<Value = Vec<Turn>> {
    let range = |len: usize| (0..60usize, 0..len).prop_map(|(start, len)| start..start + len);
    let members = move || {
        let taken = prop_oneof![range(4), range(60)];
        (taken, range(16)).prop_map(|(taken, added)| Members { taken, added })
    };
    let deadline = || prop::option::of(1..1000i64);
    // Of the sizes that `value` makes aggregates of.
    let size = (0..40usize).prop_map(|size| 7 * size + 4 + size % 2);
    let named = || 0..6u8;
    let op = prop_oneof![
        2 => (named(), size, deadline()).prop_map(|(key, size, at)| Op::Put(key, size, at)),
        1 => named().prop_map(Op::Remove),
        1 => (named(), deadline()).prop_map(|(key, at)| Op::Deadline(key, at)),
        12 => (named(), members()).prop_map(|(key, members)| Op::Members(key, members)),
    ];
    let turn = prop_oneof![
        6 => (prop::collection::vec(op, 1..12), any::<bool>())
            .prop_map(|(ops, is_undone)| Turn::Step(ops, is_undone)),
        12 => (named(), members()).prop_map(|(key, members)| Turn::Final(key, members)),
        2 => (named(), 0..16usize).prop_map(|(key, more)| Turn::Overwrite(key, more)),
        4 => (1..4usize).prop_map(Turn::Walk),
        1 => Just(Turn::Purge),
    ];
    prop::collection::vec(turn, 1..60)
}

fn play(turns: Vec<Turn>) {
    let mut twin = Twin::new();
    for turn in turns {
        match turn {
            Turn::Step(ops, is_undone) => twin.step(&ops, is_undone),
            Turn::Final(key, members) => {
                twin.change_members(key, &members, true);
                twin.keyspace.settle(&mut Lazy::default());
            }
            Turn::Overwrite(key, more) => twin.overwrite(key, more),
            Turn::Walk(budget) => twin.walk(budget),
            Turn::EndWalk => {
                twin.keyspace.end_walk();
                twin.walk = None;
            }
            Turn::Purge => twin.keyspace.purge(),
        }
        twin.check();
    }
    twin.check_weights();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn a_keyspace_is_a_map_and_a_walk_yields_the_moment_it_began(turns in turns()) {
        play(turns);
    }

    #[test]
    fn aggregates_come_into_blocks_and_leave_them_as_their_bytes_say(turns in turns_of_aggregates()) {
        play(turns);
    }

    #[test]
    fn slab_and_table_are_a_map_whatever_bytes_say(input in prop::collection::vec(any::<u8>(), 0..200)) {
        drive::drive(&input);
    }
}

#[test]
fn purging_gives_back_what_was_freed_between_entries() {
    let mut keyspace = Keyspace::new(Seed::default(), Keyspace::MAX_BYTES);
    for number in 0..20_000u32 {
        let key = number.to_le_bytes();
        let entry = Entry::new(Str::text(&[b'x'; 80]).into_value(), Some(number.into()));
        keyspace.put(keyspace.find(&key), &key, entry);
    }
    for number in (0..20_000u32).filter(|number| number % 5 != 0) {
        let place = keyspace.find(&number.to_le_bytes()).place;
        keyspace.remove(place.expect("it stands"));
    }
    keyspace.settle(&mut Lazy::default());
    let (used, (live, reserved)) = (keyspace.used_bytes(), keyspace.slab_bytes());
    keyspace.purge();
    let (still_live, after) = keyspace.slab_bytes();
    assert_eq!((still_live, keyspace.used_bytes()), (live, used));
    assert!(after < reserved / 3, "{after} of {reserved}");
    for number in (0..20_000u32).step_by(5) {
        let standing = keyspace.get(&number.to_le_bytes());
        assert_eq!(standing.and_then(Standing::deadline), Some(number.into()));
    }
}

#[test]
fn purging_gives_back_what_hashes_have_left_of_their_blocks() {
    let mut keyspace = Keyspace::new(Seed::default(), Keyspace::MAX_BYTES);
    let limits = Limits::default();
    let fill = |hash: &mut Hash, len: usize| {
        for field in 0..len {
            hash.set(format!("field {field}").as_bytes(), b"", &limits);
        }
    };
    for number in 0..10_000u32 {
        let key = number.to_le_bytes();
        let mut hash = Hash::default();
        fill(&mut hash, 10);
        let lookup = keyspace.find(&key);
        keyspace.put(lookup, &key, Entry::new(hash.into_value(), None));
    }
    let full = keyspace.used_bytes();
    for number in 0..10_000u32 {
        let key = number.to_le_bytes();
        let place = keyspace.find(&key).place.expect("it stands");
        keyspace.edit(place, &key, Used::at(1), true, &mut |value| {
            let hash = Hash::of_mut(value).expect("a hash");
            (5..10).all(|field| hash.remove(format!("field {field}").as_bytes()))
        });
    }
    assert_eq!(keyspace.used_bytes(), full, "nothing has moved");
    keyspace.purge();
    let mut anew = Keyspace::new(Seed::default(), Keyspace::MAX_BYTES);
    for one in keyspace.iter() {
        anew.put(anew.find(one.key()), one.key(), one.to_entry());
    }
    let (live, reserved) = keyspace.slab_bytes();
    assert!(live < anew.slab_bytes().0 * 21 / 20, "{live} bytes");
    assert!(reserved < live * 8 / 7 + 2 * slab::CHUNK_BYTES);
    let weights = keyspace.iter().map(Standing::weight);
    assert_eq!(keyspace.used_bytes(), weights.sum::<usize>());
}

#[test]
fn keys_that_differ_in_one_byte_or_in_length_are_not_the_same() {
    let bytes: Vec<u8> = (1..=40).collect();
    for len in 0..=bytes.len() {
        let key = &bytes[..len];
        let same = key.to_vec();
        assert!(is_same(key, &same), "{len}");
        for at in 0..len {
            let mut other = key.to_vec();
            other[at] ^= 0x80;
            assert!(!is_same(key, &other), "{len}, {at}");
            assert!(!is_same(key, &key[..at]), "{len}, {at}");
        }
    }
}

/// Just the long keys have their hash beside them, and it is that.
fn check_hashes(keyspace: &Keyspace) {
    for handle in keyspace.table.iter() {
        let block = keyspace.block(handle);
        let is_long = block.key().len() >= LONG_KEY;
        let made = is_long.then(|| hash_of(keyspace.seed, block.key()));
        assert_eq!(block.kept_hash(), made);
    }
}

#[test]
fn long_keys_keep_their_hashes_and_are_found_over_several_splits() {
    let mut keyspace = Keyspace::new(Seed::default(), Keyspace::MAX_BYTES);
    let key = |number: usize| {
        let mut key = vec![b'k'; LONG_KEY - 2 + number % 4];
        key[..8].copy_from_slice(&number.to_le_bytes());
        key
    };
    let deadline = |number: usize| number.is_multiple_of(3).then_some(9);
    for number in 0..6000 {
        let entry = Entry::new(Str::text(b"value").into_value(), deadline(number));
        keyspace.put(keyspace.find(&key(number)), &key(number), entry);
    }
    check_hashes(&keyspace);
    for number in (0..6000).filter(|number| number % 8 != 0) {
        let place = keyspace.find(&key(number)).place.expect("it was put");
        keyspace.set_deadline(place, deadline(number + 1));
        let place = keyspace.find(&key(number)).place.expect("it stands");
        if number % 8 > 1 {
            keyspace.remove(place);
        }
    }
    keyspace.settle(&mut Lazy::default());
    keyspace.purge();
    check_hashes(&keyspace);
    for number in 0..6000 {
        let found = keyspace.get(&key(number)).map(|found| found.key());
        assert_eq!(found, (number % 8 < 2).then_some(&*key(number)));
    }
}

#[test]
fn several_keys_are_found_where_each_is_found_alone() {
    let mut keyspace = Keyspace::new(Seed::default(), Keyspace::MAX_BYTES);
    let name = |number: usize| format!("key:{number}").into_bytes();
    // Some of them are missing, in numbers that are no multiple of those that are looked ahead for.
    let asked: Vec<Vec<u8>> = (0..AHEAD * 5 / 2).map(|n| name(n * 700)).collect();
    for entries in [10, 20_000] {
        for number in keyspace.len()..entries {
            let entry = Entry::new(Str::text(&[b'x'; 64]).into_value(), None);
            let lookup = keyspace.find(&name(number));
            keyspace.put(lookup, &name(number), entry);
        }
        assert_eq!(keyspace.slab_bytes().1 >= CACHED_BYTES, entries == 20_000);
        let mut found = Vec::new();
        let keys = asked.iter().map(Vec::as_slice);
        keyspace.find_each(keys.clone(), |lookup| found.push(lookup.place));
        let alone: Vec<_> = keys.map(|key| keyspace.find(key).place).collect();
        assert!(alone.contains(&None) && alone.iter().any(Option::is_some));
        assert_eq!(found, alone);
    }
}
