//! Laws that hold for every command, shown on the calls of all oracle cases and on random mixtures
//! of them: effects done again give the same data, and what is undone leaves no trace.

#[path = "../support/mod.rs"]
mod support;

#[path = "../compat/case.rs"]
#[allow(dead_code)]
mod case;

mod fingerprint;
mod made_up;
mod replay;
mod undo;

use std::sync::OnceLock;

use nookdb::commands::{Flags, table};
use nookdb::protocol::split_arguments;
use nookdb::types::{Limits, Seed};

/// A call: a name and arguments.
type Call = Vec<Vec<u8>>;

/// Calls as they would be typed, for a message.
fn said(calls: &[Call]) -> String {
    let lines = calls.iter().map(|call| {
        let words: Vec<_> = call
            .iter()
            .map(|word| String::from_utf8_lossy(word))
            .collect();
        words.join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Cases as plain sequences of calls: what all clients said, in one voice, without what would leave
/// the store or change how it counts.
fn scripts() -> &'static [Vec<Call>] {
    static SCRIPTS: OnceLock<Vec<Vec<Call>>> = OnceLock::new();
    SCRIPTS.get_or_init(read_scripts)
}

fn read_scripts() -> Vec<Vec<Call>> {
    const LEFT_OUT: &[&str] = &["AUTH", "HELLO", "RESET", "QUIT", "SHUTDOWN", "CONFIG SET"];
    let scripts: Vec<Vec<Call>> = case::all()
        .map(|case| {
            let lines = case.lines.iter().filter(|line| !line.text.is_empty());
            let calls = lines.filter_map(|line| split_arguments(line.text.as_bytes()));
            let plain = calls.filter(|call| {
                let argv: Vec<&[u8]> = call.iter().map(Vec::as_slice).collect();
                let found = table().find(&argv);
                found.is_ok_and(|listed| {
                    let name = listed.command.name;
                    !LEFT_OUT.contains(&name) && !listed.command.flags.has(Flags::PUBSUB)
                })
            });
            plain.collect()
        })
        .filter(|script: &Vec<Call>| !script.is_empty())
        .collect();
    assert!(scripts.len() > 100, "only {} scripts", scripts.len());
    scripts
}

/// Thresholds under which every aggregate is a table at once.
fn all_tables(seed: u64) -> Limits {
    Limits {
        hash_max_listpack_entries: 0,
        hash_max_listpack_value: 0,
        list_max_listpack_size: 2,
        set_max_intset_entries: 0,
        set_max_listpack_entries: 0,
        set_max_listpack_value: 0,
        zset_max_listpack_entries: 0,
        zset_max_listpack_value: 0,
        seed: Seed::new([seed, !seed]),
    }
}
