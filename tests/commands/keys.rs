use std::collections::HashSet;

use crate::support::session::{START_MS, Session};
use crate::{effects, effects_of};
use nookdb::protocol::{Answer, split_arguments, write};
use nookdb::types::Seed;
use nookdb::{Config, Engine, Outcome};

const YEAR_MS: i64 = 365 * 24 * 3600 * 1000;

#[test]
fn a_key_is_gone_from_the_millisecond_of_its_deadline_on() {
    let mut db = Session::default();
    db.say("SET k v PX 1000");
    db.sleep(999);
    assert_eq!(db.say("GET k"), "\"v\"");
    assert_eq!(db.say("PTTL k"), "(integer) 1");
    db.sleep(1);
    assert_eq!(db.say("GET k"), "(nil)");
    assert_eq!(db.say("TTL k"), "(integer) -2");
}

#[test]
fn the_look_that_finds_a_dead_key_removes_it_and_says_so() {
    for look in ["GET k", "EXISTS k", "TTL k", "TYPE k", "DEL k", "SCAN 0"] {
        let mut db = Session::default();
        db.say("SET k v PX 1000");
        db.sleep(5000);
        let expired = format!("expired k {}", START_MS + 1000);
        assert_eq!(effects_of(&mut db, look), [expired], "{look}");
        assert_eq!(db.say("DBSIZE"), "(integer) 0", "{look}");
    }
}

#[test]
fn keys_hides_dead_keys_and_leaves_them() {
    let mut db = Session::default();
    db.say("SET k v PX 1000");
    db.sleep(1000);
    assert_eq!(db.say("KEYS *"), "(empty array)");
    assert_eq!(db.say("DBSIZE"), "(integer) 1");
}

#[test]
fn dead_keys_go_by_themselves_when_the_host_ticks() {
    let mut db = Session::default();
    for key in 0..100 {
        db.say(&format!("SET k{key} v PX 1000"));
    }
    db.say("SET stays v");
    effects(&mut db);
    db.wait(1000);
    assert_eq!(db.say("DBSIZE"), "(integer) 1");
    assert_eq!(effects(&mut db).len(), 100);
}

#[test]
fn ttl_counts_down_in_rounded_seconds() {
    let mut db = Session::default();
    db.say("SET k v EX 100");
    db.sleep(499);
    assert_eq!(db.say("TTL k"), "(integer) 100");
    db.sleep(2);
    assert_eq!(db.say("TTL k"), "(integer) 99");
    assert_eq!(db.say("PTTL k"), "(integer) 99499");
}

#[test]
fn a_deadline_is_told_as_a_moment_and_one_that_has_passed_as_a_removal() {
    let mut db = Session::default();
    db.say("SET k v");
    let told = format!("PEXPIREAT k {}", START_MS + 10_000);
    for line in [
        "EXPIRE k 10",
        "PEXPIRE k 10000 XX",
        &format!("EXPIREAT k {}", START_MS / 1000 + 10),
        &format!("PEXPIREAT k {}", START_MS + 10_000),
    ] {
        assert_eq!(effects_of(&mut db, line), [told.as_str()], "{line}");
    }
    assert_eq!(effects_of(&mut db, "PERSIST k"), ["PERSIST k"]);
    assert_eq!(effects_of(&mut db, "EXPIRE k -1"), ["DEL k"]);
}

#[test]
fn what_changes_no_key_has_no_effect() {
    let mut db = Session::default();
    db.say("SET k v EX 100");
    db.say("SET j v");
    for line in [
        "EXPIRE k 10 GT",
        "EXPIRE nope 10",
        "PERSIST j",
        "RENAME k k",
        "RENAMENX k j",
        "COPY k j",
        "MOVE nope 1",
        "DEL nope",
        "TOUCH k",
        "SORT nope STORE nope",
    ] {
        assert!(effects_of(&mut db, line).is_empty(), "{line}");
    }
}

#[test]
fn restore_tells_the_moment_and_needs_no_free_key_again() {
    let mut db = Session::default();
    db.say("SET k v");
    let payload = match db.call(1, &["DUMP", "k"]) {
        Outcome::Reply(nookdb::Reply::Bulk(payload)) => payload,
        other => panic!("DUMP answered {other:?}"),
    };
    effects(&mut db);
    let call: [&[u8]; 4] = [b"RESTORE", b"copy", b"5000", &payload];
    db.call(1, &call);
    let told = effects(&mut db);
    let moment = format!("RESTORE copy {} ", START_MS + 5000);
    assert!(told[0].starts_with(&moment), "{told:?}");
    assert!(told[0].ends_with(" ABSTTL REPLACE"), "{told:?}");
}

#[test]
fn idle_time_grows_until_the_key_is_used() {
    let mut db = Session::default();
    db.say("SET k v");
    db.sleep(10_999);
    assert_eq!(db.say("OBJECT IDLETIME k"), "(integer) 10");
    db.say("TTL k");
    db.say("EXISTS k");
    db.say("TYPE k");
    assert_eq!(db.say("OBJECT IDLETIME k"), "(integer) 10");
    db.say("GET k");
    assert_eq!(db.say("OBJECT IDLETIME k"), "(integer) 0");
    db.sleep(5_000);
    db.say("CLIENT NO-TOUCH on");
    db.say("GET k");
    assert_eq!(db.say("OBJECT IDLETIME k"), "(integer) 5");
    for line in ["MULTI", "CLIENT NO-TOUCH off", "TOUCH k", "EXEC"] {
        db.say(line);
    }
    assert_eq!(db.say("OBJECT IDLETIME k"), "(integer) 0");
}

#[test]
fn only_looks_are_counted_as_hits_and_misses() {
    let mut db = Session::default();
    db.say("SET k v");
    db.say("INCR n");
    db.say("DEL gone");
    let stats = |db: &Session| (db.engine.state().stats.hits, db.engine.state().stats.misses);
    assert_eq!(stats(&db), (0, 0));
    db.say("GET k");
    db.say("EXISTS k nope");
    db.say("MGET k n nope");
    assert_eq!(stats(&db), (4, 2));
}

/// A walk in steps of three, with the writes of `disturb` between them.
fn scanned(db: &mut Session, mut disturb: impl FnMut(&mut Session, usize)) -> HashSet<String> {
    let mut met = HashSet::new();
    let mut cursor = "0".to_owned();
    for round in 0.. {
        assert!(round < 10_000, "the walk does not end");
        let (next, keys) = scan(db, &cursor);
        met.extend(keys);
        if next == "0" {
            break;
        }
        cursor = next;
        disturb(db, round);
    }
    met
}

fn scan(db: &mut Session, cursor: &str) -> (String, Vec<String>) {
    let Outcome::Reply(reply) = db.call(1, &["SCAN", cursor, "COUNT", "3"]) else {
        panic!("SCAN does not wait");
    };
    let mut bytes = Vec::new();
    write(&reply, nookdb::protocol::Resp::Three, &mut bytes);
    let text = |answer: &Answer| match answer {
        Answer::Bulk(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => panic!("not a string: {other:?}"),
    };
    match Answer::read(&bytes).expect("our own RESP") {
        Some((Answer::Array(parts), _)) => match &parts[..] {
            [cursor, Answer::Array(keys)] => (text(cursor), keys.iter().map(text).collect()),
            other => panic!("not a cursor and keys: {other:?}"),
        },
        other => panic!("not an array: {other:?}"),
    }
}

/// A key that was written anew moved behind the cursor once, and was never met.
#[test]
fn scan_meets_every_key_that_stands_all_along() {
    let mut db = Session::default();
    for key in 0..60 {
        db.say(&format!("SET stays{key} v"));
        db.say(&format!("SET goes{key} v"));
    }
    let met = scanned(&mut db, |db, round| {
        db.say(&format!("DEL goes{}", (round * 7) % 60));
        db.say(&format!("SET stays{} w", (round * 11) % 60));
        db.say(&format!("SET stays{} w EX 100", (round * 17) % 60));
        db.say(&format!("SET new{round} v"));
        db.say(&format!("RENAME new{round} stays{}", (round * 13) % 60));
        db.say(&format!("COPY stays1 stays{} REPLACE", (round * 19) % 60));
        db.say(&format!("MSET other{round} v more{round} v"));
    });
    for key in 0..60 {
        assert!(met.contains(&format!("stays{key}")), "stays{key}");
    }
}

#[test]
fn scan_meets_every_key_though_a_failed_step_took_some_out_and_put_them_back() {
    let mut db = Session::default();
    for key in 0..40 {
        db.say(&format!("SET k{key} v"));
    }
    let met = scanned(&mut db, |db, round| {
        let id = db.id(1);
        assert!(db.engine.begin(db.now_ms, id));
        for line in [
            format!("DEL k{} k{}", round % 40, (round * 7 + 1) % 40),
            format!("RENAME k{} moved", (round * 3 + 2) % 40),
            format!("SET k{} w", (round * 5 + 3) % 40),
            "SET new v".to_owned(),
        ] {
            db.say(&line);
        }
        db.engine.abort();
    });
    assert_eq!(met.len(), 40);
}

/// Every kind of effect that these commands have.
const SCRIPT: &[&str] = &[
    "SET a 1 EX 10",
    "SET b 2",
    "SET gone 3 PX 1",
    "EXPIRE b 100",
    "RENAME a c",
    "COPY b d",
    "COPY b d DB 3 REPLACE",
    "MOVE c 2",
    "INCRBYFLOAT d 0.5",
    "GETEX d PX 5000",
    "RPUSH l 3 1 2",
    "SADD s 5 4 x",
    "SORT s BY nosort STORE sorted",
    "SORT l DESC STORE sorted2",
    "SET p v",
    "PEXPIREAT p 1",
    "SET q v KEEPTTL",
    "SET r v EXAT 1",
    "GET r",
    "GET gone",
    "PERSIST b",
    "UNLINK q",
    "SETRANGE e 3 x",
];

#[test]
fn effects_come_to_the_same_a_year_later_under_another_seed() {
    let mut db = Session::default();
    for line in SCRIPT {
        let reply = db.say(line);
        assert!(!reply.starts_with("(error)"), "{line}: {reply}");
        db.sleep(3);
    }
    let mut config = Config::default();
    config.limits.seed = Seed::new([7, 9]);
    let mut later = Engine::new(config, START_MS + YEAR_MS, 99);
    for mut step in db.engine.take_steps().to_vec() {
        step.at_ms += YEAR_MS;
        later.apply(&step).expect("effects fit their state");
    }
    assert_eq!(later.state().digest(), db.engine.state().digest());
}

#[test]
fn a_failing_step_leaves_keys_deadlines_and_weight_as_they_were() {
    let mut db = Session::default();
    for line in ["SET a 1 EX 10", "SET b 2", "RPUSH l 3 1 2", "SET c 3"] {
        db.say(line);
    }
    let before = (db.engine.state().digest(), db.engine.state().used_bytes());
    let id = db.id(1);
    assert!(db.engine.begin(db.now_ms, id));
    for line in SCRIPT
        .iter()
        .chain(&["RENAME b l", "COPY l c REPLACE", "MOVE l 5"])
    {
        let argv = split_arguments(line.as_bytes()).expect("balanced quotes");
        db.call(1, &argv);
    }
    db.engine.abort();
    let after = (db.engine.state().digest(), db.engine.state().used_bytes());
    assert_eq!(before, after);
}

#[test]
fn wait_lasts_as_long_as_it_was_told_to() {
    let mut db = Session::default();
    assert_eq!(db.say("WAIT 1 500"), "(blocked)");
    db.wait(499);
    assert_eq!(db.hear(1), None);
    db.wait(1);
    assert_eq!(db.hear(1).as_deref(), Some("(integer) 0"));
}
