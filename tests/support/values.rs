//! Values of every kind and form, and what is in them.

use nookdb::types::{Hash, Item, Limits, List, Score, Set, Side, Str, Value, ZSet};
use proptest::prelude::*;

/// The contents of a value, in an order that does not depend on its form.
pub fn contents(value: &Value) -> Vec<Vec<u8>> {
    match value {
        Value::String(text) => vec![text.to_vec()],
        Value::List(list) => list.iter().map(Item::to_vec).collect(),
        Value::Set(set) => {
            let mut members: Vec<Vec<u8>> = set.iter().map(Item::to_vec).collect();
            members.sort();
            members
        }
        Value::Hash(hash) => {
            let pair = |(field, value): (Item<'_>, Item<'_>)| [field.to_vec(), value.to_vec()];
            let mut pairs: Vec<[Vec<u8>; 2]> = hash.iter().map(pair).collect();
            pairs.sort();
            pairs.concat()
        }
        Value::ZSet(zset) => zset
            .iter()
            .flat_map(|(member, score)| [member.to_vec(), score.get().to_string().into_bytes()])
            .collect(),
    }
}

/// Bytes that repeat themselves nowhere, so that nothing can compress them.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..length).map(|_| next()).collect()
}

/// A value of any kind, some within the limits of the packed forms and some past them.
pub fn any_value() -> impl Strategy<Value = Value> {
    let text = || {
        prop_oneof![
            4 => prop::collection::vec(any::<u8>(), 0..12),
            2 => any::<i64>().prop_map(|number| number.to_string().into_bytes()),
            2 => (0i64..300).prop_map(|number| number.to_string().into_bytes()),
            1 => prop::collection::vec(0u8..3, 0..200),
        ]
    };
    let texts = move || prop::collection::vec(text(), 1..150);
    let score = prop_oneof![
        any::<f64>().prop_filter_map("a number", Score::new),
        (-1000i32..1000).prop_filter_map("a number", |score| Score::new(f64::from(score))),
        Just(Score::new(f64::INFINITY).unwrap()),
    ];
    let limits = Limits::default();
    prop_oneof![
        text().prop_map(|bytes| Value::String(Str::from_bytes(&bytes))),
        texts().prop_map(move |elements| {
            let mut list = List::default();
            list.push(Side::Right, elements.iter().map(Vec::as_slice), &limits);
            Value::List(list)
        }),
        texts().prop_map(move |members| {
            let members = members.iter().map(|member| Item::Bytes(member));
            Value::Set(Set::from_members(members, &limits))
        }),
        prop::collection::vec(any::<i32>(), 1..600).prop_map(move |numbers| {
            let members = numbers.iter().map(|number| Item::Int(i64::from(*number)));
            Value::Set(Set::from_members(members, &limits))
        }),
        // No field twice: a long value that is written over leaves a table, whatever is left in it.
        prop::collection::btree_map(text(), text(), 1..150).prop_map(move |pairs| {
            let pairs = pairs.iter().map(|(field, value)| (&field[..], &value[..]));
            Value::Hash(Hash::from_pairs(pairs, &limits))
        }),
        prop::collection::btree_map(text(), score, 1..150).prop_map(move |pairs| {
            Value::ZSet(
                ZSet::from_pairs(
                    pairs.iter().map(|(member, score)| (member, *score)),
                    &limits,
                )
                .unwrap(),
            )
        }),
    ]
}
