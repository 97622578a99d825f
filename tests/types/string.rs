use nookdb::types::{Kind, Str};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{assert_undone, bytes};

#[derive(Debug, Clone)]
enum Op {
    Append(Vec<u8>),
    SetRange(usize, Vec<u8>),
    Replace(Vec<u8>),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        bytes().prop_map(Op::Append),
        (0..200usize, bytes()).prop_map(|(offset, bytes)| Op::SetRange(offset, bytes)),
        bytes().prop_map(Op::Replace),
    ]
}

fn apply(op: &Op, string: &mut Str) {
    match op {
        Op::Append(bytes) => string.append(bytes),
        Op::SetRange(offset, bytes) => string.set_range(*offset, bytes),
        Op::Replace(bytes) => string.replace(Str::from_bytes(bytes)),
    }
}

fn apply_to_model(op: &Op, model: &mut Vec<u8>) {
    match op {
        Op::Append(bytes) => model.extend(bytes),
        Op::SetRange(offset, bytes) => {
            let end = offset + bytes.len();
            model.resize(model.len().max(end), 0);
            model[*offset..end].copy_from_slice(bytes);
        }
        Op::Replace(bytes) => model.clone_from(bytes),
    }
}

fn view(string: &Str) -> (Vec<u8>, &'static str, usize) {
    (string.to_vec(), string.encoding(), string.size_bytes())
}

/// As redis-server 7.0.15 answers OBJECT ENCODING.
#[test]
fn the_encoding_is_that_of_redis() {
    assert_eq!(Str::from_bytes(b"10").encoding(), "int");
    assert_eq!(
        Str::from_bytes(b"99999999999999999999").encoding(),
        "embstr"
    );
    assert_eq!(Str::from_bytes(&[b'x'; 44]).encoding(), "embstr");
    assert_eq!(Str::from_bytes(&[b'x'; 45]).encoding(), "raw");
    assert_eq!(Str::text(b"3").encoding(), "embstr");
}

#[test]
fn a_string_that_was_changed_in_place_is_raw() {
    let mut string = Str::from_bytes(b"10");
    string.append(b"1");
    assert_eq!(
        (string.to_vec(), string.encoding()),
        (b"101".to_vec(), "raw")
    );
    assert_eq!(string.as_i64(), Some(101));
}

#[test]
fn an_empty_string_is_a_value() {
    assert!(!Str::default().is_empty());
    assert_eq!(Str::default().len(), 0);
}

proptest! {
    #[test]
    fn a_string_answers_as_a_vector_does(start in bytes(), ops in vec(op(), 0..20)) {
        let (mut string, mut model) = (Str::from_bytes(&start), start);
        for op in &ops {
            apply(op, &mut string);
            apply_to_model(op, &mut model);
            assert_eq!(string.as_bytes(), model.as_slice());
            assert_eq!(string.len(), model.len());
            assert_eq!(string.as_i64(), Str::from_bytes(&model).as_i64());
        }
    }

    #[test]
    fn changes_to_a_long_string_are_taken_back(
        start in vec(any::<u8>(), 65..150),
        ops in vec(op(), 0..10),
    ) {
        let mut string = Str::from_bytes(&start);
        assert!(!string.is_compact());
        assert_undone(&mut string, view, |string| ops.iter().for_each(|op| apply(op, string)));
    }

    #[test]
    fn the_size_of_a_string_forgets_its_past(start in bytes(), ops in vec(op(), 1..10)) {
        let mut string = Str::from_bytes(&start);
        ops.iter().for_each(|op| apply(op, &mut string));
        let text = Str::text(&string.to_vec());
        let is_int = string.encoding() == "int";
        assert_eq!(string.size_bytes(), if is_int { 0 } else { text.size_bytes() });
    }
}
