use std::collections::BTreeSet;

use nookdb::types::Intset;
use proptest::collection::vec;
use proptest::prelude::*;

fn number() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => -20..20i64,
        1 => Just(i64::from(i16::MIN)),
        1 => Just(i64::from(i16::MAX) + 1),
        1 => Just(i64::from(i32::MIN) - 1),
        1 => any::<i16>().prop_map(i64::from),
        1 => any::<i32>().prop_map(i64::from),
        1 => any::<i64>(),
    ]
}

fn assert_same(intset: &Intset, model: &BTreeSet<i64>) {
    assert!(intset.iter().eq(model.iter().copied()));
    assert!(intset.iter().rev().eq(model.iter().rev().copied()));
    assert_eq!(intset.len(), model.len());
    assert_eq!(intset.is_empty(), model.is_empty());
    assert_eq!(intset.get(0), model.first().copied());
    assert_eq!(intset.get(model.len()), None);
    assert_eq!(
        Intset::from_bytes(intset.as_bytes().to_vec()).as_ref(),
        Some(intset)
    );
}

/// SADD on redis-server 7.0.15, then DUMP.
#[test]
fn the_bytes_are_those_that_redis_writes() {
    let cases: [(&[i64], &[u8]); 3] = [
        (
            &[32767, 5, 0, -32768],
            &[2, 0, 0, 0, 4, 0, 0, 0, 0, 0x80, 0, 0, 5, 0, 0xFF, 0x7F],
        ),
        (
            &[32768, -1, -2147483648],
            &[
                4, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0x80, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0x80, 0, 0,
            ],
        ),
        (
            &[1, -2147483649],
            &[
                8, 0, 0, 0, 2, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0,
                0, 0, 0, 0,
            ],
        ),
    ];
    for (numbers, bytes) in cases {
        let mut intset = Intset::new();
        for &number in numbers {
            intset.insert(number);
        }
        assert_eq!(intset.as_bytes(), bytes);
    }
}

#[test]
fn integers_out_of_order_or_twice_are_refused() {
    assert!(Intset::from_bytes(vec![2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 2, 0]).is_some());
    assert!(Intset::from_bytes(vec![2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 1, 0]).is_none());
    assert!(Intset::from_bytes(vec![2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0]).is_none());
}

#[test]
fn a_width_that_is_none_and_a_length_that_lies_are_refused() {
    assert!(Intset::from_bytes(vec![0; 8]).is_none());
    assert!(Intset::from_bytes(vec![3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0]).is_none());
    assert!(Intset::from_bytes(vec![2, 0, 0, 0, 2, 0, 0, 0, 1, 0]).is_none());
    assert!(Intset::from_bytes(vec![2, 0, 0, 0, 1, 0, 0]).is_none());
}

proptest! {
    #[test]
    fn an_intset_answers_as_a_set_does(ops in vec((any::<bool>(), number()), 0..100)) {
        let (mut intset, mut model) = (Intset::new(), BTreeSet::new());
        for (is_insert, number) in ops {
            assert_eq!(intset.contains(number), model.contains(&number));
            if is_insert {
                assert_eq!(intset.insert(number), model.insert(number));
            } else {
                assert_eq!(intset.remove(number), model.remove(&number));
            }
            assert_same(&intset, &model);
        }
    }

    #[test]
    fn what_is_taken_of_any_bytes_is_as_good_as_any(
        width in prop_oneof![Just(2u32), Just(4), Just(8), any::<u32>()],
        len in prop_oneof![0..4u32, any::<u32>()],
        contents in vec(any::<u8>(), 0..24),
        number in number(),
    ) {
        let bytes = [&width.to_le_bytes(), &len.to_le_bytes(), contents.as_slice()].concat();
        if let Some(mut intset) = Intset::from_bytes(bytes) {
            let mut model: BTreeSet<i64> = intset.iter().collect();
            assert_same(&intset, &model);
            assert_eq!(intset.insert(number), model.insert(number));
            assert_same(&intset, &model);
        }
    }
}
