//! Everything about a store that undo has to give back.

use nookdb::Engine;
use nookdb::db::{Keyspace, Standing};

#[derive(Debug, PartialEq)]
pub struct Fingerprint {
    digest: u64,
    used_bytes: usize,
    /// Keys of each database by name: they stand in the order of their hashes, and within a bucket in one that says
    /// nothing to anybody.
    keys: Vec<Vec<KeyPrint>>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct KeyPrint {
    name: Vec<u8>,
    encoding: &'static str,
    deadline: Option<i64>,
    size_bytes: usize,
}

pub fn of(engine: &Engine) -> Fingerprint {
    let state = engine.state();
    let keys: Vec<Vec<KeyPrint>> = state.databases.iter().map(keys).collect();
    let recounted: usize = state.databases.iter().map(recount).sum();
    assert_eq!(
        state.used_bytes(),
        recounted,
        "used_memory is the sum of what stands there"
    );
    Fingerprint {
        digest: state.digest(),
        used_bytes: state.used_bytes(),
        keys,
    }
}

fn keys(keyspace: &Keyspace) -> Vec<KeyPrint> {
    let keys = keyspace.iter().map(|standing| KeyPrint {
        name: standing.key().to_vec(),
        encoding: standing.value().encoding(),
        deadline: standing.deadline(),
        size_bytes: standing.value().size_bytes(),
    });
    let mut keys: Vec<KeyPrint> = keys.collect();
    keys.sort();
    keys
}

fn recount(keyspace: &Keyspace) -> usize {
    keyspace.iter().map(Standing::weight).sum()
}
