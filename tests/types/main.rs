//! The values against plain collections of the standard library, and their promises to undo.

mod hash;
mod intset;
mod list;
mod listpack;
mod set;
mod string;

use std::fmt::Debug;

use nookdb::types::Kind;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// What a client may send as a field, a member or an element: few enough to meet again, integers on
/// both sides of each width, what only looks like one, and strings about each change of encoding.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let near = || prop_oneof![Just(-1i64), Just(0), Just(1)];
    let width = select(vec![0u32, 7, 12, 15, 23, 31, 63]);
    let edge = (width, any::<bool>(), near()).prop_map(|(bits, is_negative, near)| {
        let power = 1i128 << bits;
        let edge = if is_negative { -power } else { power };
        (edge + i128::from(near)).to_string().into_bytes()
    });
    let odd = select(vec![
        "",
        "007",
        "-0",
        "+1",
        " 1",
        "1.0",
        "99999999999999999999",
    ]);
    let long = select(vec![44usize, 63, 64, 65, 126, 127, 1500, 4095, 4096]);
    prop_oneof![
        8 => (0..12u8).prop_map(|n| format!("k{n}").into_bytes()),
        4 => (0..12u8).prop_map(|n| n.to_string().into_bytes()),
        3 => edge,
        1 => odd.prop_map(|text| text.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..20),
        1 => long.prop_map(|len| vec![b'x'; len]),
    ]
}

/// Changes a value while it records, takes that back, and expects that nothing is left of it: not
/// in what `view` shows, and not in how the value answers to the same changes once more.
fn assert_undone<K: Kind, V: PartialEq + Debug>(
    value: &mut K,
    view: impl Fn(&K) -> V,
    change: impl Fn(&mut K),
) {
    let before = view(value);
    let mut twin = value.clone();
    change(&mut twin);

    value.record();
    change(value);
    assert_eq!(view(value), view(&twin), "recording has no other effect");
    let inverses = value.recorded();
    for inverse in inverses.into_iter().rev() {
        value.undo(inverse);
    }
    assert_eq!(view(value), before);

    change(value);
    assert_eq!(view(value), view(&twin));
}
