use nookdb::types::{Item, Listpack};
use proptest::collection::vec;
use proptest::prelude::*;

use super::bytes;

fn from_hex(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16).expect("a hexadecimal digit") as u8;
    let pairs = hex.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

/// HSET of 0, 1, 2 ... with these values on redis-server 7.0.15, then DUMP: a listpack of its own.
const REDIS_VALUES: &[&str] = &[
    "0",
    "1",
    "127",
    "128",
    "-1",
    "4095",
    "4096",
    "-4096",
    "-4097",
    "32767",
    "32768",
    "-32768",
    "-32769",
    "8388607",
    "8388608",
    "-8388608",
    "-8388609",
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "007",
    "-0",
    "+1",
    " 1",
    "",
];
const REDIS_BYTES: &str = "\
    df0000003a00000100010101010102017f010301c080020401dfff020501cfff020601f10010030701d000020801f1\
    ffef030901f1ff7f030a01f2008000040b01f10080030c01f2ff7fff040d01f2ffff7f040e01f300008000050f01f2\
    000080041001f3ffff7fff051101f3ffffff7f051201f40000008000000000091301f300000080051401f4ffffff7f\
    ffffffff091501f4ffffffffffffff7f091601f4000000000000008009170193393232333337323033363835343737\
    353830381418018330303704190182\
    2d30031a01822b31031b01822031031c018001ff";

#[test]
fn the_bytes_are_those_that_redis_writes() {
    let mut listpack = Listpack::new();
    for (field, value) in REDIS_VALUES.iter().enumerate() {
        listpack.push_back(field as i64);
        listpack.push_back(value.as_bytes());
    }
    assert_eq!(listpack.as_bytes(), from_hex(REDIS_BYTES));
}

#[test]
fn the_bytes_that_redis_wrote_are_read() {
    let listpack = Listpack::from_bytes(from_hex(REDIS_BYTES)).expect("redis-server made it");
    let values: Vec<Vec<u8>> = listpack
        .iter()
        .skip(1)
        .step_by(2)
        .map(Item::to_vec)
        .collect();
    assert_eq!(
        values,
        REDIS_VALUES
            .iter()
            .map(|v| v.as_bytes())
            .collect::<Vec<_>>()
    );
}

/// What redis-server 7.0.15 writes before and behind a string of `x` of each length: the steps of
/// the head, and of the length behind, which come one early at 16383 and 2097151.
#[test]
fn long_strings_stand_between_the_head_and_the_length_that_redis_writes() {
    let steps = [
        (63, "bf", "40ff"),
        (64, "e040", "42ff"),
        (126, "e07e", "0180ff"),
        (127, "e07f", "0181ff"),
        (4095, "efff", "2081ff"),
        (4096, "f000100000", "2085ff"),
        (16_377, "f0f93f0000", "7ffeff"),
        (16_378, "f0fa3f0000", "00ffffff"),
        (2_097_145, "f0f9ff1f00", "7ffffeff"),
        (2_097_146, "f0faff1f00", "00ffffffff"),
    ];
    for (len, head, tail) in steps {
        let text = vec![b'x'; len];
        let mut listpack = Listpack::new();
        listpack.push_back(&text);
        let expected = [from_hex(head), text.clone(), from_hex(tail)].concat();
        assert_eq!(
            listpack.as_bytes()[6..],
            expected,
            "a string of {len} bytes"
        );
        assert_eq!(listpack.iter().next_back(), Some(Item::Bytes(&text)));
        assert_eq!(
            Listpack::from_bytes(listpack.as_bytes().to_vec()),
            Some(listpack)
        );
    }
}

#[test]
fn an_integer_that_another_writer_kept_wide_is_kept_short() {
    // 1 in eight bytes, and 12 as a string.
    let wide = from_hex(
        "150000000200f4010000000000000009823132\
                         03ff",
    );
    let listpack = Listpack::from_bytes(wide).expect("it is well formed");
    assert_eq!(listpack.as_bytes(), from_hex("0b000000020001010c01ff"));
}

/// The length behind an item of 255 bytes ends with 0xFF, as a listpack does.
#[test]
fn an_item_that_runs_into_the_end_is_refused() {
    let mut listpack = Listpack::new();
    listpack.push_back(&[b'x'; 253]);
    let mut bytes = listpack.as_bytes().to_vec();
    bytes.pop();
    bytes[0] -= 1;
    assert_eq!(bytes.last(), Some(&0xFF));
    assert_eq!(Listpack::from_bytes(bytes), None);
}

#[test]
fn the_count_goes_on_past_what_the_header_can_say() {
    let mut listpack: Listpack = (0..65_533).map(Item::Int).collect();
    for len in 65_533..65_540 {
        assert_eq!(listpack.len(), len);
        listpack.push_back(7);
    }
    for len in (65_530..65_540).rev() {
        listpack.remove(listpack.first(), 1);
        assert_eq!(listpack.len(), len);
    }
    let copy = Listpack::from_bytes(listpack.as_bytes().to_vec());
    assert_eq!(copy, Some(listpack));
}

#[derive(Debug, Clone)]
enum Op {
    PushBack(Vec<u8>),
    PushFront(Vec<u8>),
    Insert(usize, Vec<u8>),
    Replace(usize, Vec<u8>),
    Remove(usize, usize),
    Retain(Vec<u8>),
    Split(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => bytes().prop_map(Op::PushBack),
        1 => bytes().prop_map(Op::PushFront),
        2 => (0..40usize, bytes()).prop_map(|(index, item)| Op::Insert(index, item)),
        2 => (0..40usize, bytes()).prop_map(|(index, item)| Op::Replace(index, item)),
        1 => (0..40usize, 0..4usize).prop_map(|(index, count)| Op::Remove(index, count)),
        1 => bytes().prop_map(Op::Retain),
        1 => (0..40usize).prop_map(Op::Split),
    ]
}

/// What changes a listpack, done to it and to a plain vector.
fn apply(op: &Op, listpack: &mut Listpack, model: &mut Vec<Vec<u8>>) {
    match op {
        Op::PushBack(item) => {
            listpack.push_back(item);
            model.push(item.clone());
        }
        Op::PushFront(item) => {
            listpack.push_front(item);
            model.insert(0, item.clone());
        }
        Op::Insert(index, item) => {
            listpack.insert(listpack.seek(*index).unwrap_or(listpack.end()), item);
            model.insert((*index).min(model.len()), item.clone());
        }
        Op::Replace(index, item) => {
            if let Some(cursor) = listpack.seek(*index) {
                listpack.replace(cursor, item);
                model[*index] = item.clone();
            }
        }
        Op::Remove(index, count) => {
            if let Some(cursor) = listpack.seek(*index) {
                listpack.remove(cursor, *count);
                model.drain(*index..(index + count).min(model.len()));
            }
        }
        Op::Retain(doomed) => {
            listpack.retain(|item| item != Item::Bytes(doomed));
            model.retain(|item| item != doomed);
        }
        Op::Split(index) => {
            if let Some(cursor) = listpack.seek(*index) {
                *listpack = listpack.split_off(cursor);
                *model = model.split_off(*index);
            }
        }
    }
}

fn assert_same(listpack: &Listpack, model: &[Vec<u8>]) {
    assert_eq!(listpack.len(), model.len());
    assert_eq!(listpack.is_empty(), model.is_empty());
    let items: Vec<Vec<u8>> = listpack.iter().map(Item::to_vec).collect();
    assert_eq!(items, model);
    let mut reversed: Vec<Vec<u8>> = listpack.iter().rev().map(Item::to_vec).collect();
    reversed.reverse();
    assert_eq!(reversed, model);
    for (index, item) in model.iter().enumerate() {
        assert_eq!(listpack.get(index), Some(Item::Bytes(item)));
        let found = listpack.find(item, 1).expect("it is there");
        let first = model.iter().position(|other| other == item);
        assert_eq!(Some(found), first.and_then(|first| listpack.seek(first)));
    }
    assert_eq!(listpack.get(model.len()), None);
    assert_eq!(
        Listpack::from_bytes(listpack.as_bytes().to_vec()).as_ref(),
        Some(listpack)
    );
    assert_eq!(
        listpack.iter().collect::<Listpack>(),
        *listpack,
        "one form for the same items"
    );
}

/// Bytes as a damaged file might hold them: a real listpack with a few bytes changed, cut or added,
/// and its length put right again, so that more than the header is looked at.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let items = vec(bytes(), 0..6);
    let changes = vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (items, changes, 0..3usize, vec(any::<u8>(), 0..3)).prop_map(|(items, changes, cut, more)| {
        let items = items.iter().map(|item| Item::Bytes(item));
        let mut bytes = items.collect::<Listpack>().as_bytes().to_vec();
        for (place, byte) in changes {
            let place = 4 + place.index(bytes.len() - 4);
            bytes[place] = byte;
        }
        bytes.truncate(bytes.len() - cut);
        bytes.extend(more);
        let len = (bytes.len() as u32).to_le_bytes();
        bytes[..4].copy_from_slice(&len);
        bytes
    })
}

proptest! {
    #[test]
    fn a_listpack_answers_as_a_vector_does(ops in vec(op(), 0..60)) {
        let (mut listpack, mut model) = (Listpack::new(), Vec::new());
        for op in &ops {
            apply(op, &mut listpack, &mut model);
            assert_same(&listpack, &model);
        }
    }

    #[test]
    fn what_is_taken_of_damaged_bytes_is_as_good_as_any(
        bytes in prop_oneof![damaged(), vec(any::<u8>(), 0..40)],
        ops in vec(op(), 0..6),
    ) {
        if let Some(mut listpack) = Listpack::from_bytes(bytes) {
            let mut model: Vec<Vec<u8>> = listpack.iter().map(Item::to_vec).collect();
            assert_same(&listpack, &model);
            for op in &ops {
                apply(op, &mut listpack, &mut model);
                assert_same(&listpack, &model);
            }
        }
    }
}
