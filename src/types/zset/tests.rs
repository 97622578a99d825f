use std::collections::BTreeMap;
use std::ops::Bound;

use proptest::prelude::*;

use super::*;

fn score(value: f64) -> Score {
    Score::new(value).expect("a number")
}

fn zset(pairs: &[(&str, f64)], limits: &Limits) -> ZSet {
    let pairs = pairs
        .iter()
        .map(|(member, value)| (member.as_bytes(), score(*value)));
    ZSet::from_pairs(pairs, limits).expect("each member once")
}

/// What a client could see of a sorted set, and what the keyspace could.
#[derive(Debug, PartialEq)]
struct Seen {
    pairs: Vec<(Vec<u8>, Score)>,
    scanned: Vec<(Vec<u8>, Score)>,
    encoding: &'static str,
    size_bytes: usize,
}

fn owned<'a>(pairs: impl IntoIterator<Item = (Item<'a>, Score)>) -> Vec<(Vec<u8>, Score)> {
    let own = |(member, score): (Item<'a>, Score)| (member.to_vec(), score);
    pairs.into_iter().map(own).collect()
}

fn seen(zset: &ZSet) -> Seen {
    Seen {
        pairs: owned(zset.iter()),
        scanned: owned(zset.scan(0, usize::MAX).1),
        encoding: zset.encoding(),
        size_bytes: zset.size_bytes(),
    }
}

fn packed() -> Limits {
    Limits::default()
}

fn tables() -> Limits {
    Limits {
        zset_max_listpack_entries: 0,
        ..Limits::default()
    }
}

#[test]
fn equal_scores_are_ordered_by_bytes() {
    for limits in [packed(), tables()] {
        let zset = zset(&[("b", 1.0), ("a", 2.0), ("10", 1.0), ("9", 1.0)], &limits);
        let members: Vec<_> = zset.iter().map(|(member, _)| member.to_vec()).collect();
        assert_eq!(members, [&b"10"[..], b"9", b"b", b"a"]);
        assert_eq!(zset.rank(b"b"), Some(2));
        assert_eq!(zset.rank(b"c"), None);
    }
}

#[test]
fn infinities_are_scores_and_zero_has_no_sign() {
    for limits in [packed(), tables()] {
        let mut zset = zset(
            &[("low", f64::NEG_INFINITY), ("high", f64::INFINITY)],
            &limits,
        );
        zset.add(b"zero", score(-0.0), Only::Any, &limits);
        assert_eq!(
            zset.score(b"zero").map(|zero| zero.get().to_bits()),
            Some(0)
        );
        assert_eq!(
            zset.add(b"zero", score(0.0), Only::Any, &limits),
            Added::Kept
        );
        assert_eq!(zset.rank(b"low"), Some(0));
        assert_eq!(zset.rank(b"high"), Some(2));
        assert_eq!(zset.score(b"low"), Some(Score::LOWEST));
    }
    assert_eq!(Score::new(f64::NAN), None);
}

#[test]
fn a_condition_that_is_not_met_keeps_the_score() {
    let limits = packed();
    let cases = [
        (Only::Any, Added::New, Added::Moved, Added::Moved),
        (Only::Absent, Added::New, Added::Kept, Added::Kept),
        (Only::Present, Added::Kept, Added::Moved, Added::Moved),
        (Only::Greater, Added::New, Added::Moved, Added::Kept),
        (Only::Less, Added::New, Added::Kept, Added::Moved),
        (
            Only::PresentAndGreater,
            Added::Kept,
            Added::Moved,
            Added::Kept,
        ),
        (Only::PresentAndLess, Added::Kept, Added::Kept, Added::Moved),
    ];
    for (only, new, greater, less) in cases {
        let set = |member: &[u8], value| {
            zset(&[("m", 5.0)], &limits).add(member, score(value), only, &limits)
        };
        assert_eq!(set(b"n", 1.0), new, "{only:?}, a new member");
        assert_eq!(set(b"m", 6.0), greater, "{only:?}, a greater score");
        assert_eq!(set(b"m", 4.0), less, "{only:?}, a lesser score");
        assert_eq!(set(b"m", 5.0), Added::Kept, "{only:?}, the same score");
    }
}

#[test]
fn one_member_more_or_one_byte_more_than_the_limits_makes_a_table() {
    let limits = Limits {
        zset_max_listpack_entries: 2,
        zset_max_listpack_value: 3,
        ..Limits::default()
    };
    let mut many = zset(&[("a", 1.0), ("b", 2.0)], &limits);
    assert_eq!(many.encoding(), "listpack");
    many.add(b"a", score(3.0), Only::Any, &limits);
    assert_eq!(many.encoding(), "listpack");
    many.add(b"c", score(3.0), Only::Any, &limits);
    assert_eq!(many.encoding(), "skiplist");
    assert_eq!(zset(&[("abc", 1.0)], &limits).encoding(), "listpack");
    assert_eq!(zset(&[("abcd", 1.0)], &limits).encoding(), "skiplist");
}

#[test]
fn bounds_are_read_as_redis_writes_them() {
    assert_eq!(Score::parse_bound(b"5"), Some(Bound::Included(score(5.0))));
    assert_eq!(Score::parse_bound(b"(5"), Some(Bound::Excluded(score(5.0))));
    assert_eq!(
        Score::parse_bound(b"-inf"),
        Some(Bound::Included(Score::LOWEST))
    );
    assert_eq!(
        Score::parse_bound(b"(+inf"),
        Some(Bound::Excluded(Score::HIGHEST))
    );
    assert_eq!(Score::parse_bound(b"[5"), None);
    assert_eq!(Score::parse_bound(b"(nan"), None);
    assert_eq!(LexBound::parse(b"-"), Some(LexBound::Lowest));
    assert_eq!(LexBound::parse(b"+"), Some(LexBound::Highest));
    assert_eq!(LexBound::parse(b"[a"), Some(LexBound::Included(b"a")));
    assert_eq!(LexBound::parse(b"("), Some(LexBound::Excluded(b"")));
    assert_eq!(LexBound::parse(b""), None);
    assert_eq!(LexBound::parse(b"a"), None);
}

#[test]
fn a_lex_range_that_is_turned_round_is_empty() {
    use LexBound::{Excluded, Highest, Included, Lowest};
    for limits in [packed(), tables()] {
        let zset = zset(&[("a", 0.0), ("b", 0.0), ("c", 0.0)], &limits);
        assert_eq!(zset.lex_range(Lowest, Highest), 0..3);
        assert_eq!(zset.lex_range(Included(b"b"), Highest), 1..3);
        assert_eq!(zset.lex_range(Excluded(b"b"), Included(b"c")), 2..3);
        assert_eq!(zset.lex_range(Lowest, Excluded(b"b")), 0..1);
        assert!(zset.lex_range(Highest, Lowest).is_empty());
        assert!(zset.lex_range(Highest, Highest).is_empty());
        assert!(zset.lex_range(Lowest, Lowest).is_empty());
        assert!(zset.lex_range(Included(b"c"), Included(b"a")).is_empty());
    }
}

#[test]
fn a_listpack_from_elsewhere_is_put_in_order_or_refused() {
    let read = |items: &[&[u8]]| {
        let mut listpack = Listpack::new();
        for &item in items {
            listpack.push_back(item);
        }
        ZSet::from_listpack(&listpack, &packed()).map(|zset| owned(zset.iter()))
    };
    assert_eq!(
        read(&[b"b", b"0.10000000000000001", b"7", b"-inf"]),
        Some(vec![
            (b"7".to_vec(), Score::LOWEST),
            (b"b".to_vec(), score(0.1))
        ])
    );
    assert_eq!(read(&[b"a", b"1", b"b"]), None, "a member without a score");
    assert_eq!(read(&[b"a", b"1", b"a", b"2"]), None, "a member twice");
    assert_eq!(read(&[b"a", b"one"]), None, "a score that is no number");
    assert_eq!(read(&[b"a", b"nan"]), None, "a score that is not a number");
}

#[test]
fn a_walk_by_cursor_meets_all_that_stays_while_others_go() {
    let limits = tables();
    let names: Vec<String> = (0..300).map(|number| format!("m{number}")).collect();
    let pairs = names.iter().map(|name| (name.as_bytes(), score(0.0)));
    let mut zset = ZSet::from_pairs(pairs, &limits).expect("each member once");
    let (mut cursor, mut met) = (0, Vec::new());
    for step in 0.. {
        let (next, members) = zset.scan(cursor, 7);
        met.extend(owned(members));
        if next == 0 {
            break;
        }
        cursor = next;
        zset.remove(names[step * 13 % 300].as_bytes());
    }
    for (member, _) in zset.iter() {
        assert!(
            met.iter().any(|(other, _)| Item::from(other) == member),
            "{member:?}"
        );
    }
}

/// The naive twin.
type Model = BTreeMap<Vec<u8>, Score>;

fn in_order(model: &Model) -> Vec<(Vec<u8>, Score)> {
    let mut pairs: Vec<_> = model.clone().into_iter().collect();
    pairs.sort_by(|one, other| (one.1, &one.0).cmp(&(other.1, &other.0)));
    pairs
}

#[derive(Debug, Clone)]
enum Change {
    Add(Vec<u8>, f64),
    Remove(Vec<u8>),
    RemoveRange(usize, usize),
}

fn member() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => (0..400i32).prop_map(|number| number.to_string().into_bytes()),
        2 => (0..200i32).prop_map(|number| format!("member:{number}").into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..3),
    ]
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        (-5..5i32).prop_map(f64::from),
        any::<f64>().prop_filter("a number", |value| !value.is_nan()),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        12 => (member(), value()).prop_map(|(member, value)| Change::Add(member, value)),
        6 => member().prop_map(Change::Remove),
        1 => (0..600usize, 0..20usize).prop_map(|(start, len)| Change::RemoveRange(start, len)),
    ]
}

fn changes(most: usize) -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec(change(), 0..most)
}

fn apply(zset: &mut ZSet, change: &Change, limits: &Limits) {
    match change {
        Change::Add(member, value) => {
            zset.add(member, score(*value), Only::Any, limits);
        }
        Change::Remove(member) => {
            zset.remove(member);
        }
        Change::RemoveRange(start, len) => {
            let end = (start + len).min(zset.len());
            zset.remove_range((*start).min(end)..end);
        }
    }
}

fn apply_to_model(model: &mut Model, change: &Change) {
    match change {
        Change::Add(member, value) => {
            model.insert(member.clone(), score(*value));
        }
        Change::Remove(member) => {
            model.remove(member);
        }
        Change::RemoveRange(start, len) => {
            for (member, _) in in_order(model).iter().skip(*start).take(*len) {
                model.remove(member);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_question_is_answered_as_by_a_naive_twin(
        changes in changes(500),
        small in prop::sample::select(vec![0, 8, 1000]),
        (min, max) in (value(), value()),
    ) {
        let limits = Limits { zset_max_listpack_entries: small, ..Limits::default() };
        let (mut zset, mut model) = (ZSet::default(), Model::new());
        for change in &changes {
            apply(&mut zset, change, &limits);
            apply_to_model(&mut model, change);
        }
        let expected = in_order(&model);
        prop_assert_eq!(zset.len(), expected.len());
        prop_assert_eq!(owned(zset.iter()), expected.clone());
        let mut backwards = owned(zset.iter().rev());
        backwards.reverse();
        prop_assert_eq!(backwards, expected.clone());
        for (rank, (member, score)) in expected.iter().enumerate() {
            prop_assert_eq!(zset.rank(member), Some(rank));
            prop_assert_eq!(zset.score(member), Some(*score));
            prop_assert_eq!(owned(zset.range(rank..rank + 1)), vec![(member.clone(), *score)]);
        }
        let (min, max) = (score(min), score(max));
        let count = |test: &dyn Fn(Score) -> bool| {
            expected.iter().filter(|(_, score)| test(*score)).count()
        };
        let inside = zset.score_range(Bound::Included(min), Bound::Excluded(max));
        prop_assert_eq!(inside.len(), count(&|score| score >= min && score < max));
        let inside = zset.score_range(Bound::Excluded(min), Bound::Included(max));
        prop_assert_eq!(inside.len(), count(&|score| score > min && score <= max));
    }

    #[test]
    fn undo_gives_back_contents_order_encoding_and_size(
        before in changes(400),
        edit in changes(100),
        small in prop_oneof![Just(0), 1..200usize, Just(1000)],
    ) {
        let limits = Limits { zset_max_listpack_entries: small, ..Limits::default() };
        let mut zset = ZSet::default();
        for change in &before {
            apply(&mut zset, change, &limits);
        }
        let was = seen(&zset);
        zset.record();
        for change in &edit {
            apply(&mut zset, change, &limits);
        }
        let inverses = zset.recorded();
        for inverse in inverses.into_iter().rev() {
            zset.undo(inverse);
        }
        prop_assert_eq!(seen(&zset), was);
        // What stands in the order is what stands in the table.
        for (rank, (member, _)) in owned(zset.iter()).into_iter().enumerate() {
            prop_assert_eq!(zset.rank(&member), Some(rank));
        }
    }

    #[test]
    fn size_follows_from_contents_and_form_alone(changes in changes(300), small in 0..200usize) {
        let limits = Limits { zset_max_listpack_entries: small, ..Limits::default() };
        let mut zset = ZSet::default();
        for change in &changes {
            apply(&mut zset, change, &limits);
        }
        let entries = if zset.as_listpack().is_some() { usize::MAX } else { 0 };
        let form = Limits { zset_max_listpack_entries: entries, ..Limits::default() };
        prop_assume!(!zset.is_empty());
        let fresh = ZSet::from_pairs(zset.iter(), &form).expect("each member once");
        prop_assert_eq!(fresh.size_bytes(), zset.size_bytes());
    }
}
