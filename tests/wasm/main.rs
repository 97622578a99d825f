//! What a pointer of 32 bits could change, in the hosts that have one: Node and Chromium.
//!
//! Natively the same tests are the control: there they pass with pointers of 64 bits.

#[path = "../support/session.rs"]
#[allow(dead_code)]
mod session;

use nookdb::persist::rdb::{About, Reader, Target, Writer};
use nookdb::types::Limits;
use session::Session;

#[cfg(not(target_arch = "wasm32"))]
use std::prelude::v1::test as sentence;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as sentence;

/// Lines after `> ` are typed, what follows is what redis-cli 7.0.15 drew.
const WIDE_NUMBERS: &str = include_str!("wide_numbers.txt");

/// A key of every kind and form, see tests/rdb.rs.
const WRITTEN_NATIVELY: &[u8] = include_bytes!("../fixtures/rdb/nookdb-0.1-for-7.4.rdb");

#[sentence]
fn numbers_of_more_than_32_bits_mean_what_redis_means_by_them() {
    let mut session = Session::default();
    for exchange in WIDE_NUMBERS.split("> ").skip(1) {
        let (line, drawn) = exchange.split_once('\n').expect("a reply below the line");
        assert_eq!(session.say(line), drawn.trim_end(), "{line}");
    }
}

#[sentence]
fn a_file_written_with_pointers_of_64_bits_is_read_and_written_again_byte_for_byte() {
    let limits = Limits::default();
    let about = About {
        created_s: 1_700_000_000,
        used_memory_bytes: 1 << 20,
    };
    let mut writer = Writer::new(Target::Redis74, about);
    for entry in Reader::new(WRITTEN_NATIVELY, &limits).expect("a whole file") {
        let entry = entry.expect("a whole entry");
        writer.entry(entry.db, &entry.key, &entry.value, entry.deadline_ms);
    }
    assert!(writer.finish() == WRITTEN_NATIVELY);
}
