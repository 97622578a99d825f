//! What `drive.rs` does with bytes that are made up to reach all there is.

#![no_main]

#[macro_use]
extern crate alloc;

#[path = "../drive.rs"]
mod drive;
#[allow(dead_code)]
#[path = "../../../src/db/keyspace/slab.rs"]
mod slab;
#[allow(dead_code)]
#[path = "../../../src/db/keyspace/table.rs"]
mod table;

libfuzzer_sys::fuzz_target!(|input: &[u8]| drive::drive(input));
