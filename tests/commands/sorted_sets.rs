use crate::support::session::Session;
use crate::{effects, effects_of};

#[test]
fn what_changes_a_sorted_set_is_told_as_it_was_said() {
    let mut db = Session::default();
    for line in [
        "ZADD k 1 a 2 b 3 c 4 d 5 e",
        "ZADD k GT CH 9 a 0 b",
        "ZADD k INCR 2 a",
        "ZINCRBY k -1 a",
        "ZREM k a x",
        "ZPOPMIN k",
        "ZMPOP 2 missing k MAX COUNT 1",
        "ZRANGESTORE to k 0 -1",
        "ZUNIONSTORE to 2 k to WEIGHTS 2 1",
        "ZREMRANGEBYRANK to 0 0",
        "ZREMRANGEBYSCORE to 0 100",
    ] {
        assert_eq!(effects_of(&mut db, line), [line]);
    }
}

#[test]
fn what_changes_no_sorted_set_has_no_effect() {
    let mut db = Session::default();
    db.say("ZADD k 1 a inf b");
    db.say("SET s 1");
    for line in [
        "ZADD k 1 a",
        "ZADD k NX 2 a",
        "ZADD k LT 2 a",
        "ZADD k XX 2 c",
        "ZADD k 2 a x c",
        "ZADD k NX INCR 1 a",
        "ZADD missing XX 1 a",
        "ZADD s 1 a",
        "ZINCRBY k 0 a",
        "ZINCRBY k -inf b",
        "ZREM k c",
        "ZPOPMIN missing",
        "ZPOPMAX k 0",
        "ZMPOP 1 missing MIN",
        "ZREMRANGEBYSCORE k 5 6",
        "ZRANGESTORE missing k 5 6",
        "ZUNIONSTORE missing 1 other",
        "ZRANGE k 0 -1",
        "ZUNION 1 k",
    ] {
        assert!(effects_of(&mut db, line).is_empty(), "{line}");
    }
    assert_eq!(db.say("ZSCORE k a"), "\"1\"");
    assert_eq!(db.say("ZSCORE k b"), "\"inf\"");
}

#[test]
fn a_pop_that_may_wait_is_told_as_one_that_never_does() {
    let mut db = Session::default();
    db.say("ZADD k 1 a 2 b 3 c 4 d 5 e");
    assert_eq!(effects_of(&mut db, "BZPOPMIN missing k 0"), ["ZPOPMIN k"]);
    assert_eq!(effects_of(&mut db, "BZPOPMAX k missing 0"), ["ZPOPMAX k"]);
    assert_eq!(
        effects_of(&mut db, "BZMPOP 0 2 missing k MAX COUNT 9"),
        ["ZPOPMAX k 3"]
    );
}

#[test]
fn who_waited_is_served_in_a_step_of_its_own() {
    let mut db = Session::default();
    assert_eq!(db.say_as(2, "BZMPOP 0 1 k MIN COUNT 2"), "(blocked)");
    assert_eq!(
        effects_of(&mut db, "ZADD k 1 a 2 b 3 c"),
        ["ZADD k 1 a 2 b 3 c", "ZPOPMIN k 2"]
    );
    assert!(db.hear(2).is_some());
    assert_eq!(db.say("ZRANGE k 0 -1"), "1) \"c\"");
}

#[test]
fn who_waits_in_vain_is_told_so_when_the_time_is_up() {
    let mut db = Session::default();
    assert_eq!(db.say_as(2, "BZPOPMIN k 1.5"), "(blocked)");
    db.wait(1_499);
    assert_eq!(db.hear(2), None);
    db.wait(1);
    assert_eq!(db.hear(2).as_deref(), Some("(nil)"));
    db.say("ZADD k 1 a");
    assert_eq!(db.say("ZCARD k"), "(integer) 1");
    assert!(!effects(&mut db).is_empty());
}

/// Large enough that changes are kept as inverses, one per member that was touched.
#[test]
fn a_transaction_that_fails_leaves_a_large_set_as_it_was() {
    let mut db = Session::default();
    for number in 0..1_000 {
        db.say(&format!("ZADD k {} member:{number}", number % 7));
    }
    let seen = |db: &mut Session| {
        (
            db.say("ZRANGE k 0 -1 WITHSCORES"),
            db.say("ZSCAN k 0 COUNT 2000"),
            db.engine.state().used_bytes(),
        )
    };
    let before = seen(&mut db);
    let id = db.id(1);
    assert!(db.engine.begin(db.now_ms, id));
    for line in [
        "ZREMRANGEBYSCORE k 2 3",
        "ZADD k 3 new -1 member:0 9 member:1",
        "ZPOPMAX k 100",
        "ZREM k member:0 member:7 new",
        "ZUNIONSTORE k 1 k WEIGHTS -1",
        "ZADD k 1 again",
    ] {
        assert!(!db.say(line).starts_with("(error)"), "{line}");
    }
    db.engine.abort();
    assert_eq!(seen(&mut db), before);
}
