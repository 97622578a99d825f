use crate::effects_of;
use crate::support::session::{START_MS, Session};

#[test]
fn a_span_is_told_as_the_moment_at_which_it_ends() {
    let mut db = Session::default();
    let in_ten_seconds = START_MS + 10_000;
    let told = format!("SET k v PXAT {in_ten_seconds}");
    for line in [
        "SET k v EX 10",
        "SET k v PX 10000",
        "SET k v XX GET EX 10",
        "SETEX k 10 v",
        "PSETEX k 10000 v",
    ] {
        assert_eq!(effects_of(&mut db, line), [told.as_str()], "{line}");
    }
    let told = format!("PEXPIREAT k {in_ten_seconds}");
    assert_eq!(effects_of(&mut db, "GETEX k EX 10"), [told]);
}

#[test]
fn what_means_the_same_at_any_time_is_told_as_it_was_said() {
    let mut db = Session::default();
    for line in [
        "SET k v",
        "SET k v KEEPTTL",
        "SET k v XX GET",
        "GETSET k w",
        "APPEND k x",
        "SETRANGE k 5 y",
        "GETDEL k",
        "MSET k 1 j 2",
        "INCR k",
        "DECRBY k 5",
        "MSETNX a 1 b 2",
    ] {
        assert_eq!(effects_of(&mut db, line), [line]);
    }
}

#[test]
fn what_changes_nothing_has_no_effect() {
    let mut db = Session::default();
    db.say("SET k v");
    db.say("SADD s a");
    for line in [
        "GET k",
        "SET k w NX",
        "SET j w XX",
        "SETNX k w",
        "MSETNX j 1 k 2",
        "INCR k",
        "INCRBYFLOAT k 1",
        "APPEND s x",
        "SETRANGE k 3 \"\"",
        "GETEX k",
        "GETEX k PERSIST",
        "GETDEL j",
        "SET k v EX 0",
        "LCS k k",
    ] {
        assert!(effects_of(&mut db, line).is_empty(), "{line}");
    }
}

#[test]
fn getex_tells_what_became_of_the_deadline() {
    let mut db = Session::default();
    db.say("SET k v EX 100");
    assert_eq!(effects_of(&mut db, "GETEX k PERSIST"), ["PERSIST k"]);
    assert_eq!(effects_of(&mut db, "GETEX k PXAT 1"), ["DEL k"]);
}

#[test]
fn incrbyfloat_tells_the_digits_it_came_to() {
    let mut db = Session::default();
    db.say("SET k 0.1 EX 100");
    assert_eq!(
        effects_of(&mut db, "INCRBYFLOAT k 0.2"),
        ["SET k 0.3 KEEPTTL"]
    );
    assert_eq!(db.say("TTL k"), "(integer) 100");
}

#[test]
fn counting_keeps_the_deadline_and_writing_takes_it_off() {
    let mut db = Session::default();
    db.say("SET k 1 EX 10");
    db.sleep(4_000);
    for line in ["INCR k", "INCRBYFLOAT k 1", "APPEND k 0", "SETRANGE k 0 7"] {
        db.say(line);
        assert_eq!(db.say("TTL k"), "(integer) 6", "{line}");
    }
    db.say("SET k 1");
    db.sleep(7_000);
    assert_eq!(db.say("GET k"), "\"1\"");
}

#[test]
fn set_tells_listeners_of_the_value_before_its_deadline() {
    let mut db = Session::default();
    db.say("CONFIG SET notify-keyspace-events Eg$n");
    db.say_as(2, "PSUBSCRIBE *");
    db.say("SET k v EX 10");
    db.say("SET k w");
    let mut events = Vec::new();
    while let Some(message) = db.hear(2) {
        let channel = message.lines().nth(2).expect("pattern, channel, key");
        events.push(channel.trim_matches(['3', ')', ' ', '"']).to_owned());
    }
    assert_eq!(
        events,
        ["new", "set", "expire", "set"].map(|event| format!("__keyevent@0__:{event}"))
    );
}

#[test]
fn a_string_that_a_failing_step_wrote_over_comes_back_as_it_was() {
    let mut db = Session::default();
    let long = "x".repeat(1000);
    db.say(&format!("SET long {long} EX 100"));
    db.say("SET short v");
    db.say("SET n 41");
    let before = (db.engine.state().digest(), db.engine.state().used_bytes());
    let id = db.id(1);
    assert!(db.engine.begin(db.now_ms, id));
    for line in [
        "SET long y",
        "APPEND short 123",
        "SETRANGE long 5 zz",
        "SET short z EX 5",
        "GETEX n EX 1",
        "INCR n",
        "GETDEL n",
        "MSET n 1 short 2 new 3",
    ] {
        let reply = db.say(line);
        assert!(!reply.starts_with("(error)"), "{line}: {reply}");
    }
    db.engine.abort();
    let after = (db.engine.state().digest(), db.engine.state().used_bytes());
    assert_eq!(before, after);
    assert_eq!(db.say("INCR n"), "(integer) 42");
}

#[test]
fn lcs_is_refused_where_its_table_would_be_larger_than_a_value_may_be() {
    let mut db = Session::default();
    db.say("CONFIG SET proto-max-bulk-len 1048576");
    db.say("SETRANGE a 600 x");
    db.say("SETRANGE b 600 x");
    assert_eq!(
        db.say("LCS a b LEN"),
        "(error) ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"
    );
}
