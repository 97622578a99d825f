//! A database whose entries take all the room that their handles can name: 16 GiB, here far less.

#[path = "support/mod.rs"]
mod support;

use nookdb::Config;
use nookdb::db::{Entry, Unloaded, split_mix};
use nookdb::engine::Moment;
use nookdb::types::{Kind, Str};
use support::session::Session;

const OOM: &str = "(error) OOM command not allowed when the entries of a database take all the room that they may";

fn bounded() -> Session {
    Session::with(Config {
        max_keyspace_bytes: 16 << 20,
        ..Config::default()
    })
}

/// A database into which no further key goes, and how many are there.
fn full() -> (Session, usize) {
    let mut db = bounded();
    let count = fill(&mut db);
    (db, count)
}

fn fill(db: &mut Session) -> usize {
    let value = "x".repeat(900);
    for count in 0.. {
        let said = db.say(&format!("SET key:{count} {value}"));
        if said != "OK" {
            assert_eq!(said, OOM);
            // Nearly all of the room is used.
            assert!(count * 920 > 15 << 20, "{count}");
            return count;
        }
    }
    unreachable!("it is full before the numbers end");
}

/// Removes half of the keys, and puts larger ones into the place of some.
fn replace_every_other(db: &mut Session, count: usize) {
    for number in (0..count).step_by(2) {
        db.say(&format!("DEL key:{number}"));
    }
    let value = "y".repeat(950);
    for number in (0..count).step_by(4) {
        assert_eq!(db.say(&format!("SET other:{number} {value}")), "OK");
    }
}

#[test]
fn a_full_database_refuses_what_grows_and_goes_on_with_the_rest() {
    let (mut db, count) = full();
    for line in [
        "SET key:0 y",
        "APPEND key:1 y",
        "MSET a 1 b 2",
        "RPUSH list a",
        "INCR n",
    ] {
        assert_eq!(db.say(line), OOM, "{line}");
    }
    assert_eq!(db.say("DBSIZE"), format!("(integer) {count}"));
    assert_eq!(db.say("EXPIRE key:0 1000"), "(integer) 1");
    assert_eq!(db.say("PERSIST key:0"), "(integer) 1");
    assert_eq!(db.say("RENAME key:0 key:new"), "OK");
    assert_eq!(db.say("STRLEN key:new"), "(integer) 900");
    db.say("MULTI");
    db.say("DEL key:1");
    db.say("SET key:1 y");
    assert_eq!(db.say("EXEC"), OOM);
    assert_eq!(db.say("EXISTS key:1"), "(integer) 1");
    db.say("SELECT 1");
    assert_eq!(db.say("FLUSHALL"), "OK");
    assert_eq!(db.say("SET a 1"), "OK");
}

#[test]
fn a_step_that_is_held_open_and_a_direct_call_are_refused_as_well() {
    let (mut db, _) = full();
    let id = db.id(1);
    let now = Moment {
        ms: db.now_ms,
        is_exact: true,
    };
    assert_eq!(db.engine.set(now, id, (b"a", b"1"), None), None);
    assert!(db.engine.begin(db.now_ms, id));
    assert_eq!(db.say("DEL key:2"), "(integer) 1");
    assert_eq!(db.say("SET key:2 y"), OOM);
    assert_eq!(db.engine.end(), Ok(()));
    assert_eq!(db.say("EXISTS key:2"), "(integer) 0");
}

#[test]
fn what_was_removed_here_and_there_makes_room_again() {
    let (mut db, count) = full();
    replace_every_other(&mut db, count);
    for number in (1..count).step_by(2) {
        assert_eq!(db.say(&format!("STRLEN key:{number}")), "(integer) 900");
    }
}

#[test]
fn a_call_that_would_not_fit_is_refused_whole() {
    let mut db = bounded();
    let words: Vec<String> = (0..30_000)
        .map(|number| format!("key:{number} {}", "x".repeat(600)))
        .collect();
    assert_eq!(db.say(&format!("MSET {}", words.join(" "))), OOM);
    assert_eq!(db.say("DBSIZE"), "(integer) 0");
    let keys: Vec<String> = (0..300)
        .map(|number| format!("{number}{} v", "k".repeat(60_000)))
        .collect();
    assert_eq!(db.say(&format!("MSET {}", keys.join(" "))), OOM);
    assert_eq!(db.say("SET key v"), "OK");
}

#[test]
fn no_run_of_calls_finds_a_full_database_without_room() {
    let mut db = bounded();
    let mut state = 7;
    let mut draw = |below: u64| split_mix(&mut state) % below;
    let (mut refused, mut done) = (0, 0);
    for _ in 0..60_000 {
        let key = |number: u64| {
            let len = if number % 97 == 5 { 12_000 } else { 8 };
            format!("{number:0>len$}")
        };
        let (one, other) = (key(draw(20_000)), key(draw(20_000)));
        let value = "x".repeat(draw(1100) as usize);
        let line = match draw(12) {
            0..7 => format!("SET {one} x{value}"),
            7 => format!("MSET {one} x{value} {other} y{value}"),
            8 => format!("APPEND {one} x{value}"),
            9 => format!("EXPIRE {one} 100000"),
            10 => format!("PERSIST {one}"),
            _ if draw(4) == 0 => format!("DEL {one}"),
            _ => format!("RENAME {one} {other}"),
        };
        match db.say(&line) {
            said if said == OOM => refused += 1,
            _ => done += 1,
        }
    }
    assert!(
        refused > 1000 && done > 20_000,
        "{refused} refused, {done} done"
    );
}

#[test]
fn what_is_loaded_into_a_full_database_is_an_error() {
    let (mut db, _) = full();
    let entry = Entry::new(Str::text(b"v").into_value(), None);
    let state = db.engine.state_mut();
    let key = b"key".as_slice();
    // As much goes in as when commands wrote it, and what is left to those that write entries anew.
    let loaded = (0..10_000).map(|number| {
        let key = format!("key:{number}{}", "-".repeat(100));
        state.load(0, key.into_bytes().into(), entry.clone())
    });
    let refused = loaded.collect::<Result<Vec<_>, _>>();
    assert_eq!(refused.map(|loaded| loaded.len()), Err(Unloaded::Full));
    assert_eq!(
        state.load(99, key.into(), entry.clone()),
        Err(Unloaded::NoSuchDatabase)
    );
    assert_eq!(state.load(1, key.into(), entry), Ok(()));
}

#[test]
fn what_was_written_to_a_full_database_is_applied_again() {
    let mut db = bounded();
    let count = fill(&mut db);
    replace_every_other(&mut db, count);
    let mut copy = bounded();
    for step in &db.engine.take_steps().to_vec() {
        assert_eq!(copy.engine.apply(step), Ok(()));
    }
    assert_eq!(copy.say("DBSIZE"), db.say("DBSIZE"));
}

#[test]
fn a_step_of_many_calls_that_found_room_one_by_one_is_applied_again() {
    let mut db = bounded();
    let id = db.id(1);
    assert!(db.engine.begin(db.now_ms, id));
    // If each of them wrote an entry of its own, of the largest kind, these would take more than there is.
    for number in 0..20_000 {
        assert_eq!(db.say(&format!("SET key:{} {number}", number % 10)), "OK");
    }
    assert_eq!(db.engine.end(), Ok(()));
    let mut copy = bounded();
    for step in &db.engine.take_steps().to_vec() {
        assert_eq!(copy.engine.apply(step), Ok(()));
    }
    assert_eq!(copy.say("GET key:9"), db.say("GET key:9"));
    let (mut full, _) = full();
    for step in &db.engine.take_steps().to_vec() {
        assert!(full.engine.apply(step).is_err());
        assert_eq!(full.say("EXISTS key:0"), "(integer) 1");
    }
}

#[test]
fn a_queue_of_commands_that_write_entries_anew_is_refused_in_time() {
    let (mut db, _) = full();
    let mut refused = 0;
    for round in 0..40 {
        db.say("MULTI");
        for number in 0..100 {
            db.say(&format!("EXPIRE key:{number} {}", 1000 + round));
            db.say(&format!("PERSIST key:{number}"));
        }
        refused += usize::from(db.say("EXEC") == OOM);
    }
    assert!(refused > 0);
}

#[test]
fn with_the_last_room_taken_what_is_removed_can_be_used_again() {
    let (mut db, count) = full();
    for number in 0..count {
        db.say(&format!("EXPIRE key:{number} 1000"));
    }
    assert_eq!(db.say("EXPIRE key:0 2000"), OOM);
    for number in (0..count).step_by(2) {
        assert_eq!(db.say(&format!("DEL key:{number}")), "(integer) 1");
    }
    assert_eq!(db.say("SET another y"), "OK");
    let id = db.id(1);
    assert!(db.engine.begin(db.now_ms, id));
    assert_eq!(db.say("SET within y"), "OK");
    assert_eq!(db.engine.end(), Ok(()));
}
