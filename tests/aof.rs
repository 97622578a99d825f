//! The append-only file and its manifest, as bytes.

mod support;

use nookdb::db::{Argv, Cause, Effect, Step, Steps};
use nookdb::persist::aof::{Damage, Manifest, Part, Reader, Writer};
use nookdb::persist::rdb::{Target, dump, restore};
use nookdb::protocol::split_arguments;
use nookdb::types::Limits;
use proptest::prelude::*;

use support::session::Session;

fn argv(line: &str) -> Argv {
    let words = split_arguments(line.as_bytes()).expect("balanced quotes");
    words.into_iter().map(Vec::into_boxed_slice).collect()
}

fn command(db: u32, line: &str) -> Effect {
    Effect::Command {
        db,
        argv: argv(line),
    }
}

fn step(effects: Vec<Effect>) -> Step {
    Step {
        seq: 1,
        at_ms: 0,
        seed: 0,
        cause: Cause::Command,
        intent: Vec::new(),
        effects,
    }
}

fn written(steps: &[Step]) -> Vec<u8> {
    let steps: Steps = steps.iter().collect();
    let (mut writer, mut file) = (Writer::default(), Vec::new());
    for step in steps.iter() {
        writer.step(step, &mut file);
    }
    file
}

/// The requests of a file, each on a line.
fn requests(file: &[u8]) -> Vec<String> {
    let mut parser = nookdb::protocol::Parser::default();
    parser.feed(file);
    let mut lines = Vec::new();
    while let Some(argv) = parser.take().expect("requests") {
        let words = argv.iter().map(|word| word.escape_ascii().to_string());
        lines.push(words.collect::<Vec<_>>().join(" "));
    }
    lines
}

#[test]
fn a_database_is_selected_where_it_changes_and_several_effects_are_a_transaction() {
    let file = written(&[
        step(vec![command(0, "SET a 1")]),
        step(vec![command(0, "SET b 1")]),
        step(vec![command(3, "INCR c"), command(4, "INCR c")]),
        step(vec![command(4, "DEL c")]),
    ]);
    let expected = [
        "SELECT 0", "SET a 1", "SET b 1", "MULTI", "SELECT 3", "INCR c", "SELECT 4", "INCR c",
        "EXEC", "DEL c",
    ];
    assert_eq!(requests(&file), expected);
}

#[test]
fn what_time_and_memory_did_is_del() {
    let key = || b"k".as_slice().into();
    let expired = Effect::Expired {
        db: 0,
        key: key(),
        deadline: 5,
    };
    let evicted = Effect::Evicted {
        db: 1,
        key: key(),
        seen_seq: 5,
    };
    let file = written(&[step(vec![expired]), step(vec![evicted])]);
    assert_eq!(requests(&file), ["SELECT 0", "DEL k", "SELECT 1", "DEL k"]);
}

#[test]
fn a_value_is_restored_in_a_form_that_redis_7_0_has() {
    let mut session = Session::default();
    session.say("SADD s a b");
    let entry = session.engine.state().databases[0]
        .get(b"s")
        .expect("a set");
    let newer = dump(entry.value(), Target::Redis74);
    let mut argv = argv("RESTORE s 0");
    argv.push(newer.clone().into());
    let restored = Effect::Command { db: 0, argv };
    let mut reader = Reader::default();
    reader.feed(&written(&[step(vec![restored])]));
    let Ok(Some(effects)) = reader.take() else {
        panic!("a step");
    };
    let [Effect::Command { argv, .. }] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_ne!(*argv[3], *newer);
    let version = argv[3].len() - 10;
    assert_eq!(argv[3][version..version + 2], 10_u16.to_le_bytes());
    let value = restore(&argv[3], &Limits::default()).expect("a set");
    assert_eq!(dump(&value, Target::Redis74), newer);
}

#[test]
fn annotations_are_skipped() {
    let mut reader = Reader::default();
    reader.feed(b"#TS:1700000000\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n#TS:1700000001\r\n");
    assert_eq!(reader.take(), Ok(Some(vec![command(0, "INCR a")])));
    assert_eq!(reader.take(), Ok(None));
}

#[test]
fn a_file_that_is_cut_anywhere_gives_the_steps_before_the_cut() {
    let steps = [
        step(vec![command(0, "SET a 1")]),
        step(vec![command(0, "INCR a"), command(2, "SET b \"x\\r\\ny\"")]),
        step(vec![command(2, "DEL b")]),
    ];
    let ends: Vec<usize> = (1..=steps.len())
        .map(|count| written(&steps[..count]).len())
        .collect();
    let file = written(&steps);
    for cut in 0..=file.len() {
        let mut reader = Reader::default();
        let mut read = Vec::new();
        // Fed in pieces, as from a disk.
        for piece in file[..cut].chunks(7) {
            reader.feed(piece);
            while let Some(effects) = reader.take().expect("an AOF") {
                read.push(effects);
            }
        }
        let whole = ends.iter().filter(|end| **end <= cut).count();
        let expected: Vec<_> = steps[..whole]
            .iter()
            .map(|step| step.effects.clone())
            .collect();
        assert_eq!(read, expected, "cut at {cut}");
        let whole_bytes = reader.whole_bytes() as usize;
        assert!(whole_bytes <= cut, "cut at {cut}");
        // A SELECT before the first step of a database stands for itself.
        assert!(
            whole_bytes >= ends[..whole].last().copied().unwrap_or(0),
            "cut at {cut}"
        );
    }
}

#[test]
fn what_redis_would_not_write_is_damage() {
    let read = |file: &[u8]| {
        let mut reader = Reader::default();
        reader.feed(file);
        loop {
            match reader.take() {
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(damage) => return Some(damage),
            }
        }
    };
    let multi = b"*1\r\n$5\r\nMULTI\r\n";
    assert_eq!(
        read(&[multi.as_slice(), multi].concat()),
        Some(Damage::Transaction)
    );
    assert_eq!(read(b"*1\r\n$4\r\nEXEC\r\n"), Some(Damage::Transaction));
    assert_eq!(
        read(b"*2\r\n$6\r\nSELECT\r\n$1\r\nx\r\n"),
        Some(Damage::Select)
    );
    assert_eq!(read(b"*1\r\n$6\r\nSELECT\r\n"), Some(Damage::Select));
    assert!(matches!(read(b"*1\r\n:1\r\n"), Some(Damage::Request(_))));
}

fn part(name: &str, seq: u64) -> Part {
    Part {
        name: name.to_owned(),
        seq,
    }
}

#[test]
fn a_manifest_of_redis_is_understood_and_ours_is_written_as_redis_writes_it() {
    let text = "file appendonly.aof.1.base.rdb seq 1 type h\n\
                file appendonly.aof.2.base.rdb seq 2 type b\n\
                file appendonly.aof.4.incr.aof seq 4 type i\n\
                file \"appendonly.aof.5.incr.aof\" seq 5 type i\n";
    let manifest = Manifest::parse(text.as_bytes()).expect("a manifest");
    assert_eq!(manifest.base, Some(part("appendonly.aof.2.base.rdb", 2)));
    assert_eq!(manifest.next_base(), part("appendonly.aof.3.base.rdb", 3));
    assert_eq!(
        manifest.next_increment(),
        part("appendonly.aof.6.incr.aof", 6)
    );
    let again = manifest.write();
    assert!(
        again.starts_with("file appendonly.aof.2.base.rdb seq 2 type b\nfile "),
        "{again}"
    );
    assert_eq!(Manifest::parse(again.as_bytes()), Ok(manifest));
}

/// One by the name of another number was taken for one of a manifest before, and removed.
#[test]
fn a_file_is_known_by_its_name_where_that_has_another_number() {
    let text = "file appendonly.aof.3.base.rdb seq 2 type b\n\
                file appendonly.aof.6.incr.aof seq 4 type i\n\
                file appendonly.aof.2.incr.aof seq 5 type i\n";
    let manifest = Manifest::parse(text.as_bytes()).expect("a manifest");
    assert_eq!(manifest.next_base(), part("appendonly.aof.4.base.rdb", 4));
    assert_eq!(
        manifest.next_increment(),
        part("appendonly.aof.7.incr.aof", 7)
    );
    for (name, has_replaced) in [
        ("appendonly.aof.1.base.rdb", true),
        ("appendonly.aof.2.base.rdb", false),
        ("appendonly.aof.3.base.rdb", false),
        ("appendonly.aof.1.incr.aof", true),
        ("appendonly.aof.2.incr.aof", false),
        ("appendonly.aof.3.incr.aof", true),
        ("appendonly.aof.6.incr.aof", false),
        ("appendonly.aof.1.incr.aof.bak", false),
        ("appendonly.aof.manifest", false),
        ("other.aof.1.incr.aof", false),
    ] {
        assert_eq!(manifest.has_replaced(name), has_replaced, "{name}");
    }
}

#[test]
fn a_manifest_that_makes_no_sense_or_leaves_its_folder_is_refused() {
    for line in [
        "file a seq 1",
        "file a seq x type b",
        "file a type q seq 1",
        "seq 1 type b",
        "file ../a seq 1 type b",
        "file /etc/passwd seq 1 type i",
        "file \"a seq 1 type b",
        "file a seq 1 type b\nfile b seq 2 type b",
        "file a seq 2 type i\nfile b seq 1 type i",
        "file a seq 2 type i\nfile b seq 2 type i",
    ] {
        let line_number = line.lines().count();
        assert_eq!(Manifest::parse(line.as_bytes()), Err(line_number), "{line}");
    }
}

proptest! {
    #[test]
    fn no_bytes_bring_a_reader_down(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut reader = Reader::default();
        reader.feed(&bytes);
        while let Ok(Some(_)) = reader.take() {}
        prop_assert!(reader.whole_bytes() <= bytes.len() as u64);
        let _ = Manifest::parse(&bytes);
    }
}
