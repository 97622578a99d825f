//! Laws over every row of the table.

use std::collections::BTreeMap;

use nookdb::commands::usage::KeySpec;
use nookdb::commands::{Flags, Listed, table};

/// A line of `fixtures/commands.csv`: Redis 7.4 and Valkey 8, as their documentation has them.
struct Documented {
    group: String,
    since: String,
    arity: i32,
    flags: Vec<String>,
}

/// By name in capitals. Sentences in the last column may hold commas; no other column does.
fn documented() -> BTreeMap<String, Documented> {
    let text = include_str!("fixtures/commands.csv");
    let lines = text
        .lines()
        .skip(1)
        .map(|line| line.splitn(6, ',').collect::<Vec<_>>());
    let rows = lines.filter(|columns| columns.len() == 6 && !columns[0].starts_with('"'));
    rows.filter_map(|columns| {
        let row = Documented {
            group: columns[1].replace('_', "-"),
            since: columns[2].to_owned(),
            arity: columns[3].parse().ok()?,
            flags: columns[4].split(' ').map(str::to_owned).collect(),
        };
        Some((columns[0].to_owned(), row))
    })
    .collect()
}

/// Rows that follow redis-server 7.0.15 where the later documentation differs, and COMMAND, whose
/// documented arity is that of its subcommands.
const OTHERWISE: &[&str] = &["COMMAND", "COMMAND GETKEYS", "WAIT"];

fn every_row(check: impl Fn(&Listed, &Documented) -> Option<String>) {
    let documented = documented();
    let wrong: Vec<String> = table()
        .iter()
        .filter(|listed| !OTHERWISE.contains(&listed.command.name))
        .filter_map(|listed| {
            let name = listed.command.name;
            match documented.get(name) {
                Some(row) => check(listed, row).map(|what| format!("{name}: {what}")),
                None => Some(format!("{name}: not a command of Redis")),
            }
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_arity_that_a_usage_yields_is_that_of_redis() {
    every_row(|listed, row| {
        let arity = i32::from(listed.shape.arity);
        (arity != row.arity).then(|| format!("arity {arity}, documented {}", row.arity))
    });
}

#[test]
fn families_and_versions_are_those_of_the_documentation() {
    every_row(|listed, row| {
        let command = listed.command;
        let own = (command.group, command.since);
        (own != (&row.group, &row.since))
            .then(|| format!("{own:?}, documented {:?} {:?}", row.group, row.since))
    });
}

#[test]
fn what_writes_grows_or_blocks_is_what_does_so_in_redis() {
    const COMPARED: &[&str] = &[
        "write", "readonly", "denyoom", "blocking", "admin", "pubsub", "noscript",
    ];
    every_row(|listed, row| {
        let own: Vec<&str> = listed.command.flags.names().collect();
        let differs =
            |flag: &&str| own.contains(flag) != row.flags.iter().any(|known| known == flag);
        let flags: Vec<_> = COMPARED.iter().copied().filter(differs).collect();
        (!flags.is_empty()).then(|| format!("flags {own:?}, documented {:?}", row.flags))
    });
}

#[test]
fn no_command_both_reads_only_and_writes() {
    for listed in table().iter() {
        let flags = listed.command.flags;
        assert!(
            !flags.has(Flags::WRITE.and(Flags::READS)),
            "{}",
            listed.command.name
        );
        let grows = flags.has(Flags::GROWS);
        assert!(
            !grows || flags.has(Flags::WRITE),
            "{} grows and does not write",
            listed.command.name
        );
    }
}

#[test]
fn every_row_is_told_in_prose() {
    for listed in table().iter() {
        let command = listed.command;
        assert!(
            command.summary.ends_with('.'),
            "{}: {:?}",
            command.name,
            command.summary
        );
        assert!(!command.complexity.is_empty(), "{}", command.name);
    }
}

#[test]
fn every_command_that_touches_keys_says_where_they_are() {
    const KEYLESS: &[&str] = &[
        "FLUSHDB",
        "FLUSHALL",
        "SWAPDB",
        "DBSIZE",
        "KEYS",
        "SCAN",
        "RANDOMKEY",
    ];
    for listed in table().iter() {
        let flags = listed.command.flags;
        let touches = flags.has(Flags::WRITE) || flags.has(Flags::READS);
        let told = !listed.usage().key_specs(listed.words()).is_empty();
        let name = listed.command.name;
        assert!(
            !touches || told || KEYLESS.contains(&name),
            "{name} has no keys"
        );
    }
}

#[test]
fn every_command_has_a_method_where_node_redis_has_one() {
    /// `multi()` and `subscribe()` and their kin are written by hand; HMSET, SUBSTR and the ZREV
    /// family were replaced long ago; the others are for operators and for clients themselves.
    const CALLED_BY_NAME: &[&str] = &[
        "MULTI",
        "EXEC",
        "DISCARD",
        "SUBSCRIBE",
        "UNSUBSCRIBE",
        "PSUBSCRIBE",
        "PUNSUBSCRIBE",
        "HMSET",
        "SUBSTR",
        "ZREVRANGE",
        "ZREVRANGEBYSCORE",
        "ZREVRANGEBYLEX",
        "COMMAND DOCS",
        "OBJECT HELP",
        "CLIENT REPLY",
        "CLIENT SETINFO",
        "QUIT",
        "RESET",
        "SAVE",
        "SHUTDOWN",
    ];
    for listed in table().iter() {
        let command = listed.command;
        let by_name = CALLED_BY_NAME.contains(&command.name);
        let name = command.name;
        assert_eq!(command.methods.is_empty(), by_name, "methods of {name}");
    }
}

#[test]
fn no_two_methods_have_one_name() {
    let methods = table().iter().flat_map(|listed| listed.command.methods);
    let mut names: Vec<&str> = methods.map(|method| method.name).collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(twice, None);
}

/// The slim build asks the shape alone.
#[test]
fn the_keys_that_a_shape_counts_are_those_that_its_usage_finds() {
    let mut compared = 0;
    for listed in table().iter() {
        let specs = listed.usage().key_specs(listed.words());
        let can_count = |spec: &KeySpec| matches!(spec, KeySpec::Range { last: 0 | -1, .. });
        if !specs.iter().all(can_count) {
            continue;
        }
        for argc in listed.words()..listed.words() + 8 {
            let argv = vec![b"1".as_slice(); argc];
            let Some(keys) = listed.usage().keys(&argv, listed.words()) else {
                continue;
            };
            let counted = (0..argc).filter(|at| listed.shape.has_key_at(argc, *at));
            assert_eq!(
                counted.collect::<Vec<_>>(),
                keys,
                "{} of {argc}",
                listed.command.name
            );
            compared += 1;
        }
    }
    assert!(compared > 300, "{compared} calls were compared");
}
