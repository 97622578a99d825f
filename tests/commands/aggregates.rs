//! Lists, sets and hashes: what their commands tell the journal.

use super::{Session, effects, effects_of};

#[test]
fn members_that_chance_chose_are_named() {
    let mut db = Session::default();
    db.say("SADD s a b c");
    let popped = db.say("SPOP s").replace('"', "");
    effects(&mut db);
    db.say(&format!("SADD s {popped}"));
    effects(&mut db);
    let popped = db.say("SPOP s").replace('"', "");
    assert_eq!(effects(&mut db), [format!("SREM s {popped}")]);
}

#[test]
fn digits_that_a_sum_came_to_are_named() {
    let mut db = Session::default();
    assert_eq!(
        effects_of(&mut db, "HINCRBYFLOAT h f 0.1"),
        ["HSET h f 0.1"]
    );
    assert_eq!(
        effects_of(&mut db, "HINCRBYFLOAT h f 0.2"),
        ["HSET h f 0.3"]
    );
    assert_eq!(effects_of(&mut db, "HINCRBY h n 3"), ["HINCRBY h n 3"]);
}

#[test]
fn a_blocking_pop_is_told_as_a_plain_one() {
    let mut db = Session::default();
    db.say("RPUSH k 1 2 3 4 5 6");
    assert_eq!(effects_of(&mut db, "BLPOP none k 0"), ["LPOP k"]);
    assert_eq!(effects_of(&mut db, "BRPOP k 0"), ["RPOP k"]);
    assert_eq!(
        effects_of(&mut db, "BLMOVE k l LEFT RIGHT 0"),
        ["LMOVE k l LEFT RIGHT"]
    );
    assert_eq!(effects_of(&mut db, "BRPOPLPUSH k l 0"), ["RPOPLPUSH k l"]);
    assert_eq!(
        effects_of(&mut db, "BLMPOP 0 2 none k LEFT COUNT 9"),
        ["LMPOP 1 k LEFT COUNT 2"]
    );
}

#[test]
fn what_changes_nothing_has_no_effect() {
    let mut db = Session::default();
    db.say("SADD s a");
    db.say("RPUSH l a");
    db.say("HSET h f 1");
    for line in [
        "SADD s a",
        "SREM s x",
        "SMOVE s t x",
        "SMOVE s s a",
        "LREM l 0 x",
        "LTRIM l 0 -1",
        "LINSERT l BEFORE x y",
        "LPUSHX none a",
        "RPOP none",
        "LMOVE none l LEFT LEFT",
        "HDEL h x",
        "HSETNX h f 2",
        "SPOP none 3",
        "SPOP s 0",
    ] {
        assert!(effects_of(&mut db, line).is_empty(), "{line}");
    }
}

#[test]
fn an_aggregate_that_ends_empty_is_no_key() {
    let mut db = Session::default();
    for (fill, empty) in [
        ("SADD k a", "SREM k a"),
        ("SADD k a", "SPOP k"),
        ("RPUSH k a", "LPOP k"),
        ("RPUSH k a", "LTRIM k 5 9"),
        ("RPUSH k a", "LREM k 0 a"),
        ("HSET k f v", "HDEL k f"),
        ("SADD k a", "SINTERSTORE k none"),
    ] {
        db.say(fill);
        db.say(empty);
        assert_eq!(db.say("EXISTS k"), "(integer) 0", "{fill}, {empty}");
        assert_eq!(db.engine.state().used_bytes(), 0, "{fill}, {empty}");
    }
}
