use std::collections::BTreeSet;

use nookdb::types::{Intset, Item, Kind, Limits, Listpack, Seed, Set};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{assert_undone, bytes};

#[derive(Debug, Clone)]
enum Op {
    Insert(Vec<u8>),
    InsertAll(Vec<Vec<u8>>),
    Remove(Vec<u8>),
    Pop(u64),
}

/// Sets of nothing but integers would be rare among all members.
fn member() -> impl Strategy<Value = Vec<u8>> {
    let integer = prop_oneof![-9..9i64, any::<i64>()];
    let integer = integer.prop_map(|number| number.to_string().into_bytes());
    prop_oneof![12 => integer, 1 => bytes()]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => member().prop_map(Op::Insert),
        1 => vec(member(), 0..6).prop_map(Op::InsertAll),
        2 => member().prop_map(Op::Remove),
        1 => any::<u64>().prop_map(Op::Pop),
    ]
}

/// Small ones, so that all forms are met, and the defaults.
fn limits() -> impl Strategy<Value = Limits> {
    let entries = || prop_oneof![Just(0), 1..10usize, Just(128), Just(512)];
    let value = prop_oneof![Just(2), Just(64), Just(5000)];
    (entries(), entries(), value, any::<[u64; 2]>()).prop_map(
        |(integers, entries, value, entropy)| Limits {
            set_max_intset_entries: integers,
            set_max_listpack_entries: entries,
            set_max_listpack_value: value,
            seed: Seed::new(entropy),
            ..Limits::default()
        },
    )
}

fn borrowed(members: &[Vec<u8>]) -> Vec<&[u8]> {
    members.iter().map(Vec::as_slice).collect()
}

/// Changes both in the same way, and expects the same answers.
fn apply_to_both(op: &Op, set: &mut Set, model: &mut BTreeSet<Vec<u8>>, limits: &Limits) {
    match op {
        Op::Insert(member) => assert_eq!(set.insert(member, limits), model.insert(member.clone())),
        Op::InsertAll(members) => {
            let new = members
                .iter()
                .filter(|member| model.insert(member.to_vec()));
            assert_eq!(set.insert_all(&borrowed(members), limits), new.count());
        }
        Op::Remove(member) => assert_eq!(set.remove(member), model.remove(member)),
        Op::Pop(pick) => match set.pop(*pick) {
            Some(member) => assert!(model.remove(&member)),
            None => assert!(model.is_empty()),
        },
    }
}

fn apply(op: &Op, set: &mut Set, limits: &Limits) {
    let mut model = members_of(set).into_iter().collect();
    apply_to_both(op, set, &mut model, limits);
}

fn members_of(set: &Set) -> Vec<Vec<u8>> {
    set.iter().map(Item::to_vec).collect()
}

fn view(set: &Set) -> (Vec<Vec<u8>>, &'static str, usize) {
    (members_of(set), set.encoding(), set.size_bytes())
}

fn assert_same(set: &Set, model: &BTreeSet<Vec<u8>>) {
    let members = members_of(set);
    assert_eq!(members.iter().cloned().collect::<BTreeSet<_>>(), *model);
    assert_eq!((set.len(), set.is_empty()), (model.len(), model.is_empty()));
    assert_eq!(members.len(), model.len());
    for (index, member) in members.iter().enumerate() {
        let item = Some(Item::Bytes(member));
        assert!(set.contains(member));
        assert_eq!(set.get_index(index), item);
        assert_eq!(set.random((index + 3 * model.len()) as u64), item);
    }
    assert_eq!(set.get_index(model.len()), None);
}

/// The size is that of a set which came to the same contents and form in another way.
fn assert_size(set: &Set, limits: &Limits) {
    let again = match (set.as_intset(), set.as_listpack()) {
        (Some(integers), _) => {
            let integers = Intset::from_bytes(integers.as_bytes().to_vec());
            Set::from_intset(integers.expect("it is well formed"), limits)
        }
        (_, Some(members)) => {
            let members = Listpack::from_bytes(members.as_bytes().to_vec());
            let members = members.expect("it is well formed");
            Set::from_listpack(members, limits).expect("each member comes once")
        }
        (None, None) => {
            let limits = Limits {
                set_max_intset_entries: 0,
                set_max_listpack_entries: 0,
                ..*limits
            };
            let mut members = members_of(set);
            members.reverse();
            Set::from_members(members.iter().map(Item::from), &limits)
        }
    };
    // Nothing at all would be an intset, had it not been another form before.
    if !set.is_empty() {
        assert_eq!(set.size_bytes(), again.size_bytes());
        assert_eq!(set.encoding(), again.encoding());
    }
}

fn set_of(members: &[&str], limits: &Limits) -> Set {
    let mut set = Set::default();
    let members: Vec<&[u8]> = members.iter().map(|member| member.as_bytes()).collect();
    set.insert_all(&members, limits);
    set
}

#[test]
fn integers_make_an_intset_and_a_word_makes_it_a_listpack_in_order() {
    let limits = Limits::default();
    let mut set = set_of(&["3", "-1", "2"], &limits);
    assert_eq!(set.encoding(), "intset");
    set.insert(b"word", &limits);
    assert_eq!(set.encoding(), "listpack");
    assert_eq!(members_of(&set), [&b"-1"[..], b"2", b"3", b"word"]);
    set.remove(b"word");
    assert_eq!(set.encoding(), "listpack", "it never goes back");
}

#[test]
fn an_intset_past_its_limit_is_a_table() {
    let limits = Limits::default();
    let mut set = Set::from_members((0..512).map(Item::Int), &limits);
    assert_eq!(set.encoding(), "intset");
    set.insert(1000, &limits);
    assert_eq!(set.encoding(), "hashtable");
}

#[test]
fn a_word_makes_an_intset_too_large_for_a_listpack_a_table() {
    let limits = Limits::default();
    for (integers, encoding) in [(127, "listpack"), (128, "hashtable")] {
        let mut set = Set::from_members((0..integers).map(Item::Int), &limits);
        set.insert(b"word", &limits);
        assert_eq!(set.encoding(), encoding);
    }
}

#[test]
fn a_member_longer_than_the_limit_makes_a_table() {
    let limits = Limits::default();
    for start in [&[][..], &["1"], &["word"]] {
        let mut set = set_of(start, &limits);
        set.insert(&[b'x'; 64], &limits);
        assert_eq!(set.encoding(), "listpack");
        set.insert(&[b'x'; 65], &limits);
        assert_eq!(set.encoding(), "hashtable");
    }
}

#[test]
fn a_call_with_more_members_than_the_limit_makes_a_table_even_of_one_member() {
    let limits = Limits::default();
    assert_eq!(set_of(&["1"; 513], &limits).encoding(), "hashtable");
    assert_eq!(set_of(&["word"; 129], &limits).encoding(), "hashtable");
    assert_eq!(set_of(&["1"; 512], &limits).encoding(), "intset");
    assert_eq!(set_of(&["word"; 128], &limits).encoding(), "listpack");
}

#[test]
fn a_call_that_adds_nothing_leaves_the_form_alone() {
    let limits = Limits::default();
    let mut set = set_of(&["word"], &limits);
    assert_eq!(set.insert_all(&[b"word".as_slice(); 129], &limits), 0);
    assert_eq!(set.encoding(), "listpack");
}

#[test]
fn a_member_that_is_there_leaves_the_form_alone_though_the_limits_came_down() {
    let limits = Limits {
        set_max_intset_entries: 1,
        set_max_listpack_entries: 1,
        ..Limits::default()
    };
    for (members, encoding) in [(["1", "2"], "intset"), (["1", "word"], "listpack")] {
        let mut set = set_of(&members, &Limits::default());
        assert!(!set.insert(1, &limits));
        assert_eq!(set.encoding(), encoding);
        assert!(set.insert(3, &limits));
        assert_eq!(set.encoding(), "hashtable");
    }
}

#[test]
fn a_listpack_with_a_member_twice_is_refused() {
    let twice: Listpack = [Item::Int(1), Item::Bytes(b"1")].into_iter().collect();
    assert!(Set::from_listpack(twice, &Limits::default()).is_none());
}

proptest! {
    #[test]
    fn a_set_answers_as_a_set_of_the_standard_library_does(
        ops in vec(op(), 0..60),
        limits in limits(),
    ) {
        let (mut set, mut model) = (Set::default(), BTreeSet::new());
        for op in &ops {
            let was_table = set.encoding() == "hashtable";
            apply_to_both(op, &mut set, &mut model, &limits);
            assert_same(&set, &model);
            assert_size(&set, &limits);
            assert!(!was_table || set.encoding() == "hashtable", "it never goes back");
        }
    }

    #[test]
    fn changes_in_any_form_and_from_one_to_another_are_taken_back(
        start in vec(member(), 0..30),
        ops in vec(op(), 0..30),
        limits in limits(),
        integers in prop_oneof![Just(0), 1..40usize, Just(1000)],
        packed in prop_oneof![Just(0), 1..40usize, Just(1000)],
    ) {
        let limits = Limits {
            set_max_intset_entries: integers,
            set_max_listpack_entries: packed,
            ..limits
        };
        let mut set = Set::default();
        set.insert(b"7", &limits);
        set.insert_all(&borrowed(&start), &limits);
        assert_undone(&mut set, view, |set| ops.iter().for_each(|op| apply(op, set, &limits)));
        assert_size(&set, &limits);
    }

    #[test]
    fn a_walk_meets_every_member_that_was_there_all_along(
        start in vec(member(), 1..40),
        ops in vec(op(), 0..40),
        count in 0..5usize,
        limits in limits(),
    ) {
        let mut set = Set::from_members(start.iter().map(Item::from), &limits);
        let mut faithful: BTreeSet<Vec<u8>> = start.into_iter().collect();
        let (mut met, mut cursor, mut ops) = (BTreeSet::new(), 0, ops.iter());
        loop {
            let (next, members) = set.scan(cursor, count);
            met.extend(members.into_iter().map(Item::to_vec));
            cursor = next;
            if cursor == 0 {
                break;
            }
            if let Some(op) = ops.next() {
                apply(op, &mut set, &limits);
                faithful.retain(|member| set.contains(member));
            }
        }
        assert!(faithful.is_subset(&met));
    }
}
