use std::collections::{BTreeMap, BTreeSet};

use nookdb::types::{Hash, Item, Kind, Limits, Listpack, Seed};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{assert_undone, bytes};

type Pair = (Vec<u8>, Vec<u8>);

#[derive(Debug, Clone)]
enum Op {
    Set(Pair),
    SetAll(Vec<Pair>),
    Remove(Vec<u8>),
}

fn pair() -> impl Strategy<Value = Pair> {
    (bytes(), bytes())
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => pair().prop_map(Op::Set),
        1 => vec(pair(), 0..6).prop_map(Op::SetAll),
        3 => bytes().prop_map(Op::Remove),
    ]
}

/// Small ones, so that both forms are met, and the default.
fn limits() -> impl Strategy<Value = Limits> {
    let entries = prop_oneof![Just(0), 1..8usize, Just(512)];
    (
        entries,
        prop_oneof![Just(64), Just(5000)],
        any::<[u64; 2]>(),
    )
        .prop_map(|(entries, value, entropy)| Limits {
            hash_max_listpack_entries: entries,
            hash_max_listpack_value: value,
            seed: Seed::new(entropy),
            ..Limits::default()
        })
}

fn borrowed(pairs: &[Pair]) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> + DoubleEndedIterator {
    pairs
        .iter()
        .map(|(field, value)| (field.as_slice(), value.as_slice()))
}

/// Changes the hash, and answers how many fields were new or removed.
fn apply(op: &Op, hash: &mut Hash, limits: &Limits) -> usize {
    match op {
        Op::Set((field, value)) => usize::from(hash.set(field, value, limits)),
        Op::SetAll(pairs) => hash.set_all(borrowed(pairs), limits),
        Op::Remove(field) => usize::from(hash.remove(field)),
    }
}

fn apply_to_model(op: &Op, model: &mut BTreeMap<Vec<u8>, Vec<u8>>) -> usize {
    let mut set = |(field, value): &Pair| {
        let old = model.insert(field.clone(), value.clone());
        usize::from(old.is_none())
    };
    match op {
        Op::Set(pair) => set(pair),
        Op::SetAll(pairs) => pairs.iter().map(set).sum(),
        Op::Remove(field) => usize::from(model.remove(field).is_some()),
    }
}

fn pairs_of(hash: &Hash) -> Vec<Pair> {
    let pairs = hash.iter();
    pairs
        .map(|(field, value)| (field.to_vec(), value.to_vec()))
        .collect()
}

fn view(hash: &Hash) -> (Vec<Pair>, &'static str, usize) {
    (pairs_of(hash), hash.encoding(), hash.size_bytes())
}

fn assert_same(hash: &Hash, model: &BTreeMap<Vec<u8>, Vec<u8>>) {
    let pairs = pairs_of(hash);
    assert_eq!(pairs.iter().cloned().collect::<BTreeMap<_, _>>(), *model);
    assert_eq!(
        (hash.len(), hash.is_empty()),
        (model.len(), model.is_empty())
    );
    assert_eq!(pairs.len(), model.len());
    for (index, (field, value)) in pairs.iter().enumerate() {
        assert_eq!(hash.get(field), Some(Item::Bytes(value)));
        assert!(hash.contains(field));
        let pair = Some((Item::Bytes(field), Item::Bytes(value)));
        assert_eq!(hash.get_index(index), pair);
        assert_eq!(hash.random((index + 3 * model.len()) as u64), pair);
    }
    assert_eq!(hash.get_index(model.len()), None);
}

/// The size is that of a hash which came to the same contents and form in another way.
fn assert_size(hash: &Hash, limits: &Limits) {
    let again = match hash.as_listpack() {
        Some(pairs) => {
            let pairs = Listpack::from_bytes(pairs.as_bytes().to_vec()).expect("it is well formed");
            Hash::from_listpack(pairs, limits).expect("each field comes once")
        }
        None => {
            let limits = Limits {
                hash_max_listpack_entries: 0,
                ..*limits
            };
            Hash::from_pairs(borrowed(&pairs_of(hash)).rev(), &limits)
        }
    };
    // Nothing at all would be packed, had it not been a table before.
    if !hash.is_empty() {
        assert_eq!(hash.size_bytes(), again.size_bytes());
        assert_eq!(hash.encoding(), again.encoding());
    }
}

#[test]
fn a_hash_becomes_a_table_at_one_field_more_than_the_limit() {
    let limits = Limits::default();
    let mut hash = Hash::default();
    for n in 0..512u32 {
        hash.set(&n.to_le_bytes(), b"", &limits);
    }
    assert_eq!(hash.encoding(), "listpack");
    hash.set(b"one more", b"", &limits);
    assert_eq!(hash.encoding(), "hashtable");
    hash.remove(b"one more");
    assert_eq!(hash.encoding(), "hashtable");
}

#[test]
fn a_hash_becomes_a_table_with_a_field_or_value_longer_than_the_limit() {
    let limits = Limits::default();
    for (field, value) in [([b'x'; 65].as_slice(), b"".as_slice()), (b"", &[b'x'; 65])] {
        let mut hash = Hash::default();
        hash.set(b"field", &[b'x'; 64], &limits);
        assert_eq!(hash.encoding(), "listpack");
        hash.set(field, value, &limits);
        assert_eq!(hash.encoding(), "hashtable");
    }
}

#[test]
fn more_pairs_at_once_than_the_limit_make_a_table_even_of_one_field() {
    let mut hash = Hash::default();
    let pairs = vec![(b"field".to_vec(), b"value".to_vec()); 513];
    assert_eq!(hash.set_all(borrowed(&pairs), &Limits::default()), 1);
    assert_eq!((hash.len(), hash.encoding()), (1, "hashtable"));
}

#[test]
fn a_listpack_of_an_odd_count_or_with_a_field_twice_is_refused() {
    let taken = |items: &[&[u8]]| {
        let items = items.iter().map(|item| Item::Bytes(item)).collect();
        Hash::from_listpack(items, &Limits::default())
    };
    assert!(taken(&[b"a", b"1", b"b", b"1"]).is_some());
    assert!(taken(&[b"a", b"1", b"b"]).is_none());
    assert!(taken(&[b"a", b"1", b"a", b"2"]).is_none());
}

#[test]
fn a_listpack_past_the_limits_is_taken_as_a_table() {
    let pairs: Listpack = (0..1026).map(Item::Int).collect();
    let hash = Hash::from_listpack(pairs, &Limits::default()).expect("each field comes once");
    assert_eq!((hash.len(), hash.encoding()), (513, "hashtable"));
}

proptest! {
    #[test]
    fn a_hash_answers_as_a_map_does(ops in vec(op(), 0..60), limits in limits()) {
        let (mut hash, mut model) = (Hash::default(), BTreeMap::new());
        for op in &ops {
            let was_table = hash.encoding() == "hashtable";
            assert_eq!(apply(op, &mut hash, &limits), apply_to_model(op, &mut model));
            assert_same(&hash, &model);
            assert_size(&hash, &limits);
            assert!(!was_table || hash.encoding() == "hashtable", "it never goes back");
        }
    }

    #[test]
    fn changes_in_either_form_and_from_one_to_the_other_are_taken_back(
        start in vec(pair(), 0..30),
        ops in vec(op(), 0..30),
        limits in limits(),
        small in prop_oneof![Just(0), 1..40usize, Just(1000)],
    ) {
        let limits = Limits { hash_max_listpack_entries: small, ..limits };
        let mut hash = Hash::default();
        hash.set(b"field", b"value", &limits);
        hash.set_all(borrowed(&start), &limits);
        assert_undone(&mut hash, view, |hash| {
            ops.iter().for_each(|op| {
                apply(op, hash, &limits);
            });
        });
        assert_size(&hash, &limits);
    }

    #[test]
    fn a_walk_meets_every_field_that_was_there_all_along(
        start in vec(pair(), 1..40),
        ops in vec(op(), 0..40),
        count in 0..5usize,
        limits in limits(),
    ) {
        let mut hash = Hash::from_pairs(borrowed(&start), &limits);
        let mut faithful: BTreeSet<Vec<u8>> = start.into_iter().map(|(field, _)| field).collect();
        let (mut met, mut cursor, mut ops) = (BTreeSet::new(), 0, ops.iter());
        loop {
            let (next, pairs) = hash.scan(cursor, count);
            met.extend(pairs.into_iter().map(|(field, _)| field.to_vec()));
            cursor = next;
            if cursor == 0 {
                break;
            }
            if let Some(op) = ops.next() {
                apply(op, &mut hash, &limits);
                faithful.retain(|field| hash.contains(field));
            }
        }
        assert!(faithful.is_subset(&met));
    }
}
