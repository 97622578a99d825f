//! The machine around the commands: steps that are held open, memory that runs short, clients that
//! come, wait and go.

#[path = "support/mod.rs"]
mod support;

use nookdb::db::{Cause, Policy};
use nookdb::{Budget, Config, Error, Outcome, Reply};
use support::session::Session;

fn bounded(maxmemory: usize, policy: Policy) -> Session {
    Session::with(Config {
        maxmemory,
        policy,
        ..Config::default()
    })
}

fn used(db: &Session) -> usize {
    db.engine.state().used_bytes()
}

#[test]
fn what_happens_between_begin_and_end_is_one_step() {
    let mut db = Session::default();
    let id = db.id(1);
    assert!(db.engine.begin(db.now_ms, id));
    assert_eq!(db.say("SET a 1"), "OK");
    assert_eq!(db.say("INCR a"), "(integer) 2");
    assert_eq!(db.engine.end(), Ok(()));
    let steps = db.engine.take_steps().to_vec();
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0].cause, Cause::Atomic);
    assert_eq!(steps[0].effects.len(), 2);
    assert_eq!(steps[0].intent.len(), 2);
}

#[test]
fn a_step_that_is_aborted_leaves_nothing_and_tells_nobody() {
    let mut db = Session::default();
    db.say_as(2, "SUBSCRIBE news");
    db.say("SET a 1");
    db.engine.take_steps();
    let id = db.id(1);
    assert!(db.engine.begin(db.now_ms, id));
    db.say("SET a 2");
    db.say("PUBLISH news hi");
    db.engine.abort();
    assert_eq!(db.say("GET a"), "\"1\"");
    assert_eq!(db.hear(2), None);
    assert!(db.engine.take_steps().is_empty());
}

#[test]
fn a_command_that_fails_within_a_step_takes_back_itself_alone() {
    let mut db = Session::default();
    let id = db.id(1);
    db.engine.begin(db.now_ms, id);
    db.say("RPUSH l 1");
    assert!(db.say("INCR l").starts_with("(error) WRONGTYPE"));
    db.say("RPUSH l 2");
    db.engine.end().expect("there is room");
    assert_eq!(db.say("LRANGE l 0 -1"), "1) \"1\"\n2) \"2\"");
}

#[test]
fn while_a_step_is_open_nobody_else_gets_in_and_nothing_waits() {
    let mut db = Session::default();
    let id = db.id(1);
    db.id(2);
    db.engine.begin(db.now_ms, id);
    assert!(db.say_as(2, "GET a").starts_with("(error) BUSY"));
    assert!(!db.engine.begin(db.now_ms, id), "steps do not nest");
    assert_eq!(db.say("BLPOP l 0"), "(nil)");
    assert!(db.say("SAVE").starts_with("(error)"));
    db.engine.abort();
    assert_eq!(db.say_as(2, "GET a"), "(nil)");
}

#[test]
fn an_open_step_that_outgrows_memory_is_taken_back() {
    let mut db = bounded(2_000, Policy::NoEviction);
    db.say("SET a 1");
    let before = used(&db);
    let id = db.id(1);
    db.engine.begin(db.now_ms, id);
    let value = "x".repeat(4_000);
    assert_eq!(db.say(&format!("SET b {value}")), "OK");
    assert_eq!(db.engine.end(), Err(Error::OutOfMemory));
    assert_eq!(used(&db), before);
    assert_eq!(db.say("EXISTS b"), "(integer) 0");
}

#[test]
fn without_eviction_growth_past_the_bound_is_refused_and_the_rest_goes_on() {
    let mut db = bounded(1_000, Policy::NoEviction);
    let mut refused = 0;
    for n in 0..100 {
        refused += usize::from(
            db.say(&format!("SET key:{n} value"))
                .starts_with("(error) OOM"),
        );
        assert!(used(&db) <= 1_000);
    }
    assert!(refused > 50);
    assert_eq!(db.say("GET key:0"), "\"value\"");
    assert_eq!(db.say("DEL key:0"), "(integer) 1");
    assert_eq!(db.say("SET key:0 value"), "OK");
}

#[test]
fn a_transaction_that_outgrows_memory_is_refused_whole() {
    let mut db = bounded(2_000, Policy::NoEviction);
    db.say("MULTI");
    db.say("SET small 1");
    db.say(&format!("SET large {}", "x".repeat(4_000)));
    assert!(db.say("EXEC").starts_with("(error) OOM"));
    assert_eq!(db.say("DBSIZE"), "(integer) 0");
}

#[test]
fn what_was_not_used_for_longest_is_evicted_first() {
    let mut db = bounded(0, Policy::AllKeysLru);
    db.say("CONFIG SET maxmemory-samples 64");
    for n in 0..10 {
        db.sleep(10);
        db.say(&format!("SET key:{n} value"));
    }
    db.sleep(10);
    db.say("GET key:0");
    let bound = used(&db);
    db.say(&format!("CONFIG SET maxmemory {bound}"));
    db.sleep(10);
    assert_eq!(db.say("SET key:x value"), "OK");
    assert_eq!(db.say("EXISTS key:0 key:1"), "(integer) 1");
    assert_eq!(db.say("EXISTS key:0"), "(integer) 1", "it was just read");
}

#[test]
fn the_nearest_deadline_is_evicted_first_and_keys_without_one_stay() {
    let mut db = bounded(0, Policy::VolatileTtl);
    db.say("CONFIG SET maxmemory-samples 64");
    db.say("SET forever value");
    db.say("SET late value EX 1000");
    db.say("SET soon value EX 10");
    let bound = used(&db);
    db.say(&format!("CONFIG SET maxmemory {bound}"));
    assert_eq!(db.say("SET next value"), "OK");
    assert_eq!(db.say("EXISTS soon"), "(integer) 0");
    assert_eq!(db.say("EXISTS forever late next"), "(integer) 3");
    db.say("SET another value");
    assert_eq!(db.say("EXISTS late"), "(integer) 0");
    let third = db.say("SET third value-that-finds-no-victim");
    assert!(third.starts_with("(error) OOM"), "{third}");
}

/// What tables grow by is not among what keys weigh, so it takes no room from them.
#[test]
fn tables_that_grow_evict_nothing() {
    const KEYS: usize = 20_000;
    let mut db = bounded(0, Policy::AllKeysLru);
    db.say("SET key:00000 value");
    let bound = KEYS * used(&db);
    db.say(&format!("CONFIG SET maxmemory {bound}"));
    for n in 1..KEYS {
        db.say(&format!("SET key:{n:05} value"));
    }
    assert_eq!(db.say("DBSIZE"), format!("(integer) {KEYS}"));
    assert_eq!(used(&db), bound);
    db.say("SET key:more! value");
    assert_eq!(db.say("DBSIZE"), format!("(integer) {KEYS}"));
}

#[test]
fn an_evicted_key_is_told_to_listeners_as_such() {
    let mut db = bounded(200, Policy::AllKeysLru);
    db.say("CONFIG SET maxmemory-samples 64");
    db.say("CONFIG SET notify-keyspace-events Ee");
    db.say_as(2, "SUBSCRIBE __keyevent@0__:evicted");
    for n in 0..10 {
        db.sleep(10);
        db.say(&format!("SET key:{n} value"));
    }
    assert_eq!(
        db.hear(2).as_deref(),
        Some("1) \"message\"\n2) \"__keyevent@0__:evicted\"\n3) \"key:0\"")
    );
}

/// Sets that are tables, each as large as what is freed at once.
fn fill_sets(db: &mut Session, sets: usize) {
    let members: Vec<String> = (0..63).map(|n| format!("member:{n}")).collect();
    let long = "x".repeat(100);
    for n in 0..sets {
        db.say(&format!("SADD set:{n} {long} {}", members.join(" ")));
    }
}

#[test]
fn what_expires_counts_by_the_pieces_that_are_freed_with_it() {
    let mut db = Session::default();
    fill_sets(&mut db, 100);
    for n in 0..100 {
        db.say(&format!("PEXPIRE set:{n} 5"));
    }
    db.sleep(10);
    let mut looks = 0;
    let mut budget = Budget {
        units: 20 + 20 * (8 + 64),
        has_time: &mut || {
            looks += 1;
            looks < 3
        },
    };
    db.engine.tick(db.now_ms, &mut budget);
    assert_eq!(db.engine.state().databases[0].len(), 80);
    assert_eq!(db.engine.state().lazy.pending_objects(), 0);
    // A step of expiry is no longer than one look at the clock lets it be.
    let before = db.engine.state().seq;
    let mut budget = Budget {
        units: 1_000_000,
        has_time: &mut || true,
    };
    db.engine.tick(db.now_ms, &mut budget);
    assert_eq!(db.engine.state().databases[0].len(), 0);
    assert_eq!(db.engine.state().seq, before + 4);
}

#[test]
fn what_is_flushed_counts_by_the_pieces_that_are_freed_with_it() {
    let mut db = Session::default();
    fill_sets(&mut db, 100);
    db.say("FLUSHALL");
    let ticks = ticks_of_1000(&mut db);
    // Each frees three times 256 pieces of 6,400.
    assert!((7..=10).contains(&ticks), "{ticks} ticks");
}

#[test]
fn expiry_takes_no_more_than_its_budget() {
    let mut db = Session::default();
    for n in 0..1_000 {
        db.say(&format!("SET key:{n} value PX 5"));
    }
    db.sleep(10);
    let mut budget = Budget {
        // Two rounds: 20 look-ups each, and for each key 8 and a piece.
        units: 400,
        has_time: &mut || true,
    };
    db.engine.tick(db.now_ms, &mut budget);
    assert_eq!(db.engine.state().databases[0].len(), 960);
    let mut no_time = Budget {
        units: 10_000,
        has_time: &mut || false,
    };
    db.engine.tick(db.now_ms, &mut no_time);
    assert_eq!(db.engine.state().databases[0].len(), 960);
    db.wait(0);
    assert_eq!(db.say("DBSIZE"), "(integer) 0");
}

#[test]
fn a_client_that_goes_leaves_its_place_in_the_line() {
    let mut db = Session::default();
    assert_eq!(db.say_as(2, "BLPOP l 0"), "(blocked)");
    assert_eq!(db.say_as(3, "BLPOP l 0"), "(blocked)");
    let second = db.id(2);
    db.engine.disconnect(second);
    db.say("RPUSH l 1");
    assert_eq!(db.hear(3).as_deref(), Some("1) \"l\"\n2) \"1\""));
    assert_eq!(db.say("EXISTS l"), "(integer) 0");
}

#[test]
fn a_wait_that_is_cancelled_takes_nothing() {
    let mut db = Session::default();
    db.say_as(2, "BLPOP l 0");
    let waiting = db.id(2);
    assert!(db.engine.cancel(waiting));
    assert!(!db.engine.cancel(waiting));
    db.say("RPUSH l 1");
    assert_eq!(db.say("LLEN l"), "(integer) 1");
    assert_eq!(db.hear(2), None);
}

#[test]
fn a_host_is_told_when_the_next_wait_ends() {
    let mut db = Session::default();
    assert_eq!(db.engine.next_timeout_ms(), None);
    db.say_as(2, "BLPOP l 10");
    db.say_as(3, "BLPOP l 2.5");
    assert_eq!(db.engine.next_timeout_ms(), Some(db.now_ms + 2_500));
    db.wait(2_500);
    assert_eq!(db.hear(3).as_deref(), Some("(nil)"));
    assert_eq!(db.hear(2), None);
}

#[test]
fn an_expired_watched_key_calls_exec_off_once_and_one_that_was_gone_before_does_not() {
    let mut db = Session::default();
    db.say("SET k v PX 10");
    db.say("WATCH k");
    db.sleep(20);
    db.say("MULTI");
    assert_eq!(db.say("EXEC"), "(nil)");
    db.say("SET k v PX 10");
    db.sleep(20);
    db.say("WATCH k");
    db.say_as(2, "GET k");
    db.say("MULTI");
    assert_eq!(db.say("EXEC"), "(empty array)");
}

#[test]
fn chance_is_the_same_for_the_same_seed() {
    let drawn = || {
        let mut db = Session::default();
        db.say("SADD s a b c d e f g h");
        (0..20).map(|_| db.say("SRANDMEMBER s")).collect::<Vec<_>>()
    };
    assert_eq!(drawn(), drawn());
}

#[test]
fn what_only_a_host_can_do_is_asked_of_it() {
    let mut db = Session::default();
    let outcome = db.call(1, &["SHUTDOWN", "NOSAVE"]);
    assert!(matches!(outcome, Outcome::Ask(_)));
    let outcome = db.call(1, &["PING"]);
    assert_eq!(outcome, Outcome::Reply(Reply::Simple("PONG")));
}

/// Each served waiter served the next from within its own step, until the stack was full.
#[test]
fn a_chain_of_waiters_as_long_as_there_are_clients_is_served_to_its_end() {
    const WAITERS: usize = 2_000;
    let mut db = Session::default();
    for n in 0..WAITERS {
        let call = format!("BLMOVE l{n} l{} LEFT RIGHT 0", n + 1);
        db.say_as(n + 2, &call);
    }
    assert_eq!(db.say("RPUSH l0 x"), "(integer) 1");
    assert_eq!(db.say(&format!("LRANGE l{WAITERS} 0 -1")), "1) \"x\"");
    assert_eq!(db.say("DBSIZE"), "(integer) 1");
}

/// MULTI stayed open after the abort, and every later call was answered QUEUED.
#[test]
fn a_step_that_is_aborted_leaves_its_client_as_it_was() {
    let mut db = Session::default();
    let id = db.id(1);
    assert!(db.engine.begin(db.now_ms, id));
    for call in ["MULTI", "EXEC", "WATCH k"] {
        let refused = "(error) ERR This command is not allowed in an atomic function";
        assert_eq!(db.say(call), refused);
    }
    assert_eq!(db.say("SELECT 3"), "OK");
    assert_eq!(db.say("SET a 1"), "OK");
    db.engine.abort();
    assert_eq!(db.engine.client(id).map(|client| client.db), Some(0));
    assert_eq!(db.say("SET a 2"), "OK");
}

/// What the host said was the whole reply of EXEC.
#[test]
fn what_only_a_host_can_do_does_not_take_the_place_of_the_replies_of_exec() {
    let mut db = Session::default();
    db.say("MULTI");
    db.say("INCR n");
    db.say("BGSAVE");
    assert_eq!(
        db.say("EXEC"),
        "1) (integer) 1\n2) (error) ERR Only the host can do this, and not within a transaction"
    );
}

#[test]
fn the_mean_time_to_live_of_keys_that_never_end_is_a_number() {
    let mut db = Session::default();
    for key in ["a", "b", "c"] {
        db.say(&format!("SET {key} 1"));
        db.say(&format!("PEXPIREAT {key} 9223372036854775807"));
    }
    assert!(db.say("INFO keyspace").contains("avg_ttl=9"));
}

/// EXEC was refused and the queue stayed: the client was answered QUEUED for good.
#[test]
fn a_transaction_for_which_there_is_no_memory_is_over() {
    let mut db = Session::default();
    db.say("SET k v");
    db.say("CONFIG SET maxmemory 1");
    db.say("MULTI");
    db.say("SET k w");
    assert!(db.say("EXEC").starts_with("(error) OOM"));
    assert_eq!(db.say("GET k"), "\"v\"");
}

/// The queue had no bound: a client could fill the server without ever saying EXEC.
#[test]
fn a_transaction_that_is_too_large_is_refused_and_takes_no_more() {
    let mut db = Session::default();
    let value = "x".repeat(16 << 20);
    db.say("MULTI");
    for n in 0..3 {
        assert_eq!(db.say(&format!("SET key:{n} {value}")), "QUEUED");
    }
    assert_eq!(
        db.say(&format!("SET key:3 {value}")),
        "(error) ERR the transaction is larger than 64 MiB: DISCARD it and use several smaller ones"
    );
    let queued = |db: &Session, id| {
        let client = db.engine.client(id).expect("connected");
        client.queue.as_ref().map(|queue| queue.bytes())
    };
    let id = db.id(1);
    let before = queued(&db, id);
    assert_eq!(db.say("SET small 1"), "QUEUED");
    assert_eq!(queued(&db, id), before, "it will not run");
    assert!(db.say("EXEC").starts_with("(error) EXECABORT"));
    assert_eq!(db.say("DBSIZE"), "(integer) 0");
    assert_eq!(db.say("SET key value"), "OK");
}

#[test]
fn client_list_tells_what_the_queue_of_a_client_takes() {
    let mut db = Session::default();
    assert!(db.say_as(2, "CLIENT LIST").contains(" multi-mem=0 "));
    db.say("MULTI");
    db.say(&format!("SET key {}", "x".repeat(5_000)));
    let list = db.say_as(2, "CLIENT LIST");
    let (_, queued) = list.split_once(" multi=1 ").expect("one has a queue");
    let (_, bytes) = queued.split_once("multi-mem=").expect("the field");
    let (bytes, _) = bytes.split_once(' ').expect("more fields");
    let bytes: usize = bytes.parse().expect("a number");
    assert!((5_000..5_200).contains(&bytes), "{bytes}");
}

/// Each push copied the whole line, and each departure moved all who stood behind.
#[test]
fn a_long_line_of_waiters_is_served_one_by_one_in_the_order_in_which_they_came() {
    const WAITERS: usize = 5_000;
    let mut db = Session::default();
    for n in 0..WAITERS {
        db.say_as(n + 2, "BLPOP jobs 0");
    }
    // Every tenth gives up, wherever he stands.
    let stays = |n: &usize| !n.is_multiple_of(10);
    for n in (0..WAITERS).filter(|n| !stays(n)) {
        let client = db.id(n + 2);
        db.engine.disconnect(client);
    }
    for n in (0..WAITERS).filter(stays) {
        assert_eq!(db.say(&format!("RPUSH jobs job:{n}")), "(integer) 1");
        let job = format!("1) \"jobs\"\n2) \"job:{n}\"");
        assert_eq!(db.hear(n + 2), Some(job));
    }
    assert_eq!(db.say("RPUSH jobs last"), "(integer) 1");
    assert_eq!(db.say("LLEN jobs"), "(integer) 1");
    assert!(!db.engine.needs_ticks(), "nobody waits any more");
}

#[test]
fn waits_that_end_together_are_answered_in_the_order_in_which_they_began() {
    let mut db = Session::default();
    for client in 2..12 {
        db.say_as(client, &format!("BLPOP l{client} 1"));
    }
    // One leaves from among the others.
    let gone = db.id(4);
    db.engine.disconnect(gone);
    db.sleep(1_000);
    let mut budget = Budget {
        units: 1_000,
        has_time: &mut || true,
    };
    db.engine.tick(db.now_ms, &mut budget);
    let outbox = db.engine.take_outbox().into_iter();
    let answered: Vec<_> = outbox.map(|delivery| delivery.client).collect();
    let waited: Vec<_> = (2..12).filter(|client| *client != 4).collect();
    assert_eq!(
        answered,
        waited
            .into_iter()
            .map(|client| db.id(client))
            .collect::<Vec<_>>()
    );
}

/// A set of so many members under a key, which no longer fits a listpack.
fn fill_set(db: &mut Session, key: &str, members: usize) {
    let members: Vec<String> = (0..members).map(|n| format!("member:{n}")).collect();
    for some in members.chunks(1000) {
        db.say(&format!("SADD {key} {}", some.join(" ")));
    }
}

/// Ticks as long as they have work, each with a budget of 1,000 units and no bound in time. How many that takes.
fn ticks_of_1000(db: &mut Session) -> usize {
    let mut ticks = 0;
    while db.engine.needs_ticks() {
        let mut budget = Budget {
            units: 1_000,
            has_time: &mut || true,
        };
        db.engine.tick(db.now_ms, &mut budget);
        ticks += 1;
    }
    ticks
}

fn memory_line(db: &mut Session, name: &str) -> usize {
    let info = db.say("INFO memory");
    let line = info.split("\\r\\n").flat_map(str::lines);
    let value =
        line.filter_map(|line| line.trim_matches('"').strip_prefix(name)?.strip_prefix(':'));
    let value = value.last().expect("INFO has the line");
    value.trim().parse().expect("a number")
}

#[test]
fn what_a_hash_has_left_of_its_block_counts_until_memory_is_purged() {
    let mut db = Session::default();
    for number in 0..2_000 {
        db.say(&format!(
            "HSET h:{number} one 1 two 2 three 3 four 4 five 5"
        ));
    }
    let (full, usage) = (
        memory_line(&mut db, "used_memory"),
        db.say("MEMORY USAGE h:7"),
    );
    for number in 0..2_000 {
        db.say(&format!("HDEL h:{number} two three four five"));
    }
    assert_eq!(memory_line(&mut db, "used_memory"), full);
    assert_eq!(db.say("MEMORY USAGE h:7"), usage);
    db.say("MEMORY PURGE");
    db.say("HSET h:anew one 1");
    let anew = db.say("MEMORY USAGE h:anew");
    assert_ne!(anew, usage);
    db.say("DEL h:anew");
    assert!(memory_line(&mut db, "used_memory") < full * 3 / 4);
    let is_trimmed = |number: &i32| db.say(&format!("MEMORY USAGE h:{number}")) == anew;
    assert!((100..1000).filter(is_trimmed).count() > 800);
}

#[test]
fn a_large_value_is_freed_within_the_budget_of_ticks() {
    let mut db = Session::default();
    fill_set(&mut db, "big", 5_000);
    assert!(!db.engine.needs_ticks());
    db.say("DEL big");
    assert_eq!(memory_line(&mut db, "used_memory"), 0);
    assert_eq!(memory_line(&mut db, "lazyfree_pending_objects"), 1);
    let ticks = ticks_of_1000(&mut db);
    assert!((4..=7).contains(&ticks), "{ticks} ticks of 1000 pieces");
    assert_eq!(memory_line(&mut db, "lazyfree_pending_objects"), 0);
    assert_eq!(memory_line(&mut db, "lazyfreed_objects"), 1);
    db.say("CONFIG RESETSTAT");
    assert_eq!(memory_line(&mut db, "lazyfreed_objects"), 0);
}

#[test]
fn a_large_value_is_freed_by_later_calls_where_nothing_ticks() {
    let mut db = Session::default();
    for (make, remove) in [
        ("SADD", "DEL big"),
        ("SADD", "UNLINK big"),
        ("SADD", "SET big over"),
        ("SADD", "PEXPIRE big -1"),
        ("SADD", "FLUSHALL"),
        ("HSET", "DEL big"),
        ("ZADD", "DEL big"),
        ("RPUSH", "DEL big"),
    ] {
        for n in 0..300 {
            let element = "x".repeat(2_000);
            match make {
                "HSET" => db.say(&format!("HSET big {n} {element}")),
                "ZADD" => db.say(&format!("ZADD big {n} {n}{element}")),
                make => db.say(&format!("{make} big {n}{element}")),
            };
        }
        let before = memory_line(&mut db, "lazyfreed_objects");
        db.say(remove);
        assert_eq!(
            memory_line(&mut db, "lazyfree_pending_objects"),
            1,
            "{make}, {remove}"
        );
        for _ in 0..100 {
            db.say("SET other value");
        }
        assert_eq!(
            memory_line(&mut db, "lazyfree_pending_objects"),
            0,
            "{make}, {remove}"
        );
        assert_eq!(memory_line(&mut db, "lazyfreed_objects"), before + 1);
        db.say("FLUSHALL");
    }
}

#[test]
fn a_flushed_database_waits_to_be_freed_and_is_not_seen_again() {
    let mut db = Session::default();
    for n in 0..10_000 {
        db.say(&format!("SET key:{n} value PX 100000"));
    }
    fill_set(&mut db, "big", 1_000);
    db.say("FLUSHDB ASYNC");
    assert_eq!(db.say("DBSIZE"), "(integer) 0");
    // DBSIZE is a step too, and freed its share: the place of the set, which takes one in the queue, and some segments of the table.
    let waiting = memory_line(&mut db, "lazyfree_pending_objects");
    assert!((5_000..10_000).contains(&waiting), "{waiting}");
    db.say("SET key:1 again");
    db.wait(0);
    assert_eq!(memory_line(&mut db, "lazyfree_pending_objects"), 0);
    assert_eq!(memory_line(&mut db, "lazyfreed_objects"), 10_001);
    assert_eq!(db.say("GET key:1"), "\"again\"");
}

#[test]
fn what_a_step_removed_is_freed_only_when_it_cannot_come_back() {
    let mut db = Session::default();
    fill_set(&mut db, "big", 1_000);
    let id = db.id(1);
    assert!(db.engine.begin(db.now_ms, id));
    db.say("DEL big");
    db.say("FLUSHALL");
    assert!(db.engine.state().lazy.is_empty());
    db.engine.abort();
    assert!(db.engine.state().lazy.is_empty());
    assert_eq!(db.say("SCARD big"), "(integer) 1000");
}
