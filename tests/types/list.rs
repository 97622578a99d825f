use nookdb::types::{Beside, Item, Kind, Limits, List, Listpack, Side};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::{assert_undone, bytes};

#[derive(Debug, Clone)]
enum Op {
    Push(Side, Vec<Vec<u8>>),
    Pop(Side),
    Set(usize, Vec<u8>),
    Insert(Beside, Vec<u8>, Vec<u8>),
    Remove(Side, usize, Vec<u8>),
    Trim(usize, usize),
}

fn side() -> impl Strategy<Value = Side> {
    select(vec![Side::Left, Side::Right])
}

fn op() -> impl Strategy<Value = Op> {
    let beside = select(vec![Beside::Before, Beside::After]);
    let most = prop_oneof![1..4usize, Just(usize::MAX)];
    prop_oneof![
        6 => (side(), vec(bytes(), 0..8)).prop_map(|(side, new)| Op::Push(side, new)),
        4 => side().prop_map(Op::Pop),
        2 => (0..40usize, bytes()).prop_map(|(index, new)| Op::Set(index, new)),
        3 => (beside, bytes(), bytes()).prop_map(|(beside, pivot, new)| {
            Op::Insert(beside, pivot, new)
        }),
        2 => (side(), most, bytes()).prop_map(|(side, most, old)| Op::Remove(side, most, old)),
        1 => (0..20usize, 0..60usize).prop_map(|(start, end)| Op::Trim(start, end)),
    ]
}

/// Small ones, so that a list of a few elements has many nodes.
fn limits() -> impl Strategy<Value = Limits> {
    select(vec![-1, -2, 0, 1, 2, 3, 5, 128]).prop_map(with_size)
}

fn with_size(list_max_listpack_size: i64) -> Limits {
    Limits {
        list_max_listpack_size,
        ..Limits::default()
    }
}

/// Changes the list, and answers in a number what it answered.
fn apply(op: &Op, list: &mut List, limits: &Limits) -> Result<usize, Option<Vec<u8>>> {
    match op {
        Op::Push(side, elements) => {
            list.push(*side, elements.iter().map(Vec::as_slice), limits);
            Ok(list.len())
        }
        Op::Pop(side) => Err(list.pop(*side, limits)),
        Op::Set(index, element) => Ok(list.set(*index, element, limits).into()),
        Op::Insert(beside, pivot, element) => {
            Ok(list.insert(*beside, pivot, element, limits).into())
        }
        Op::Remove(side, most, element) => Ok(list.remove(*side, *most, element, limits)),
        Op::Trim(start, end) => Ok(list.trim(*start..*end, limits)),
    }
}

fn apply_to_model(op: &Op, model: &mut Vec<Vec<u8>>) -> Result<usize, Option<Vec<u8>>> {
    match op {
        Op::Push(Side::Right, elements) => {
            model.extend_from_slice(elements);
            Ok(model.len())
        }
        Op::Push(Side::Left, elements) => {
            model.splice(0..0, elements.iter().rev().cloned());
            Ok(model.len())
        }
        Op::Pop(Side::Right) => Err(model.pop()),
        Op::Pop(Side::Left) => Err((!model.is_empty()).then(|| model.remove(0))),
        Op::Set(index, element) => {
            let slot = model.get_mut(*index);
            Ok(slot.map(|slot| slot.clone_from(element)).is_some().into())
        }
        Op::Insert(beside, pivot, element) => {
            let place = model.iter().position(|other| other == pivot);
            if let Some(place) = place {
                let place = place + usize::from(*beside == Beside::After);
                model.insert(place, element.clone());
            }
            Ok(place.is_some().into())
        }
        Op::Remove(side, most, element) => {
            let places = model
                .iter()
                .enumerate()
                .filter(|(_, other)| *other == element);
            let mut places: Vec<usize> = places.map(|(place, _)| place).collect();
            match side {
                Side::Left => places.truncate(*most),
                Side::Right => drop(places.drain(..places.len().saturating_sub(*most))),
            }
            for place in places.iter().rev() {
                model.remove(*place);
            }
            Ok(places.len())
        }
        Op::Trim(start, end) => {
            let len = model.len();
            model.truncate(*end);
            model.drain(..(*start).min(model.len()));
            Ok(len - model.len())
        }
    }
}

fn elements_of(list: &List) -> Vec<Vec<u8>> {
    list.iter().map(Item::to_vec).collect()
}

type View = (Vec<Vec<u8>>, &'static str, usize, Vec<Listpack>);

fn view(list: &List) -> View {
    let nodes = list.nodes().cloned().collect();
    (elements_of(list), list.encoding(), list.size_bytes(), nodes)
}

fn assert_same(list: &List, model: &[Vec<u8>]) {
    assert_eq!(elements_of(list), model);
    let mut reversed: Vec<Vec<u8>> = list.iter().rev().map(Item::to_vec).collect();
    reversed.reverse();
    assert_eq!(reversed, model);
    assert_eq!(
        (list.len(), list.is_empty()),
        (model.len(), model.is_empty())
    );
    for (index, element) in model.iter().enumerate() {
        assert_eq!(list.get(index), Some(Item::Bytes(element)));
        let rest = list.range(index..index + 3).map(Item::to_vec);
        assert!(rest.eq(model[index..].iter().take(3).cloned()));
    }
    assert_eq!(list.get(model.len()), None);
    assert_eq!(list.range(model.len()..usize::MAX).count(), 0);
}

/// The nodes alone say how large the list is, and a list has no empty ones.
fn assert_nodes(list: &List) {
    if list.encoding() == "quicklist" {
        assert!(list.nodes().all(|node| !node.is_empty()));
        // With nodes of at most one element a list of these is never one listpack again.
        let again = List::from_nodes(list.nodes().cloned(), &with_size(0));
        if again.encoding() == "quicklist" {
            assert_eq!(list.size_bytes(), again.size_bytes());
            assert_eq!(list.len(), again.len());
        }
    } else {
        let node = list.nodes().next().expect("a packed list is one node");
        assert_eq!(list.size_bytes(), node.size_bytes());
    }
}

fn push(list: &mut List, elements: &[&str], limits: &Limits) {
    list.push(
        Side::Right,
        elements.iter().map(|element| element.as_bytes()),
        limits,
    );
}

#[test]
fn a_list_past_the_bytes_of_a_node_is_a_quicklist_until_one_node_is_half_full() {
    let limits = Limits::default();
    let element = "x".repeat(100);
    let mut list = List::default();
    while list.encoding() == "listpack" {
        push(&mut list, &[&element], &limits);
    }
    assert_eq!(
        (list.len(), list.nodes().count()),
        (80, 2),
        "79 of 103 bytes fill 8 KiB"
    );
    while list.encoding() == "quicklist" {
        list.pop(Side::Right, &limits);
    }
    assert_eq!(list.len(), 39, "39 of 103 bytes are at most 4 KiB");
}

#[test]
fn a_list_past_the_count_of_a_node_is_a_quicklist_until_half_of_that_is_left() {
    let limits = with_size(4);
    let mut list = List::default();
    push(&mut list, &["a", "b", "c", "d"], &limits);
    assert_eq!(list.encoding(), "listpack");
    push(&mut list, &["e"], &limits);
    assert_eq!((list.encoding(), list.nodes().count()), ("quicklist", 2));
    assert_eq!(list.trim(1..4, &limits), 2);
    assert_eq!((list.encoding(), list.nodes().count()), ("quicklist", 1));
    assert_eq!(list.remove(Side::Left, 1, b"c", &limits), 1);
    assert_eq!(
        (list.encoding(), elements_of(&list)),
        ("listpack", vec![b"b".into(), b"d".into()])
    );
}

#[test]
fn elements_pushed_together_are_weighed_together_and_by_their_own_bytes() {
    let limits = Limits::default();
    let elements = vec!["xyz"; 2000];
    let mut together = List::default();
    push(&mut together, &elements, &limits);
    assert_eq!(
        together.encoding(),
        "listpack",
        "6000 bytes, heads and lengths left out"
    );

    let mut in_turn = List::default();
    elements
        .iter()
        .for_each(|element| push(&mut in_turn, &[element], &limits));
    assert_eq!(
        in_turn.encoding(),
        "quicklist",
        "10000 bytes, heads and lengths counted"
    );
}

#[test]
fn a_full_node_is_cut_in_two_to_take_an_element_between() {
    let limits = with_size(3);
    let mut list = List::default();
    push(&mut list, &["a", "b", "c", "d", "e", "f"], &limits);
    assert!(list.insert(Beside::After, b"a", b"!", &limits));
    let nodes: Vec<usize> = list.nodes().map(Listpack::len).collect();
    assert_eq!(nodes, [2, 2, 3]);
    assert!(
        list.iter()
            .map(Item::to_vec)
            .eq(b"a!bcdef".iter().map(|byte| vec![*byte]))
    );
}

#[test]
fn one_element_larger_than_a_node_stands_alone() {
    let limits = Limits::default();
    let mut list = List::default();
    push(&mut list, &["a", &"x".repeat(100_000), "b"], &limits);
    let nodes: Vec<usize> = list.nodes().map(Listpack::len).collect();
    assert_eq!(nodes, [1, 1, 1]);
}

#[test]
fn nodes_from_outside_make_a_packed_list_if_they_are_one_and_small() {
    let node = |count: i64| (0..count).map(Item::Int).collect::<Listpack>();
    let encoding = |nodes: Vec<Listpack>| List::from_nodes(nodes, &with_size(4)).encoding();
    assert_eq!(encoding(vec![node(4)]), "listpack");
    assert_eq!(encoding(vec![node(0), node(4), node(0)]), "listpack");
    assert_eq!(encoding(vec![node(5)]), "quicklist");
    assert_eq!(encoding(vec![node(1), node(1)]), "quicklist");
    assert_eq!(encoding(vec![]), "listpack");
}

proptest! {
    #[test]
    fn a_list_answers_as_a_vector_does(ops in vec(op(), 0..60), limits in limits()) {
        let (mut list, mut model) = (List::default(), Vec::new());
        for op in &ops {
            assert_eq!(apply(op, &mut list, &limits), apply_to_model(op, &mut model));
            assert_same(&list, &model);
            assert_nodes(&list);
        }
    }

    #[test]
    fn changes_are_taken_back_to_the_very_nodes(
        start in vec(op(), 0..20),
        ops in vec(op(), 0..12),
        limits in limits(),
        is_long in any::<bool>(),
    ) {
        let mut list = List::default();
        start.iter().for_each(|op| drop(apply(op, &mut list, &limits)));
        if is_long {
            push(&mut list, &["many"; 4000], &limits);
        }
        assert_undone(&mut list, view, |list| {
            ops.iter().for_each(|op| drop(apply(op, list, &limits)));
        });
        assert_nodes(&list);
    }
}
