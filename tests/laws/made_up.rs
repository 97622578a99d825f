//! The same laws over calls that are made up from the usage of every command that writes, on a store
//! that grows under them: both forms of every value, keys that expire, keys that are evicted.

use nookdb::commands::{Flags, Listed, table};
use nookdb::db::Policy;
use nookdb::types::Limits;
use nookdb::{Config, Engine};

use super::support::author::Author;
use super::support::session::{START_MS, Session};
use super::{all_tables, fingerprint};

const YEAR_MS: i64 = 365 * 24 * 3_600_000;
/// Runs of a law, each on a store of its own and with calls of its own.
const RUNS: u64 = 6;
const CALLS: usize = 1_500;

/// So few elements, and a value turns to its large form: both forms are met.
fn limits() -> Limits {
    const MOST: usize = 4;
    Limits {
        hash_max_listpack_entries: MOST,
        list_max_listpack_size: MOST as i64,
        set_max_intset_entries: MOST,
        set_max_listpack_entries: MOST,
        zset_max_listpack_entries: MOST,
        ..Limits::default()
    }
}

fn store() -> Session {
    Session::with(Config {
        limits: limits(),
        ..Config::default()
    })
}

/// Says a call, and lets nobody wait for ever.
fn say(db: &mut Session, call: &str) -> String {
    let reply = db.say(call);
    let id = db.id(1);
    db.engine.cancel(id);
    reply
}

/// Said more often than others, as most commands that write make values smaller.
const FILLERS: &[&str] = &["HSET", "RPUSH", "SADD", "ZADD"];

/// Writes calls of all commands that write.
struct Writer {
    author: Author,
    rows: Vec<&'static Listed>,
}

impl Writer {
    fn new(seed: u64) -> Writer {
        let writes = |listed: &&Listed| listed.command.flags.has(Flags::WRITE);
        Writer {
            author: Author::new(seed),
            rows: table().iter().filter(writes).collect(),
        }
    }

    fn call(&mut self) -> String {
        if self.author.one_in(3) {
            let name = FILLERS[self.author.below(FILLERS.len())];
            return self.author.call(table().get(name).expect("a row"));
        }
        loop {
            let listed = self.rows[self.author.below(self.rows.len())];
            // Else the store would be empty most of the time.
            let clears = listed.command.name.starts_with("FLUSH");
            if !clears || self.author.one_in(20) {
                return self.author.call(listed);
            }
        }
    }
}

/// A deadline that will be met soon, which the usage of no command asks for.
fn soon(author: &mut Author) -> String {
    let keys = ["k:1", "hash:1", "list:1", "set:1", "zset:1"];
    let (key, ms) = (keys[author.below(keys.len())], author.below(100));
    format!("PEXPIRE {key} {ms}")
}

#[test]
fn made_up_calls_give_the_same_data_when_their_effects_are_done_again() {
    for seed in 0..RUNS {
        let mut writer = Writer::new(seed);
        let mut here = Session::with(Config {
            maxmemory: 3_000,
            policy: Policy::AllKeysLru,
            limits: limits(),
            ..Config::default()
        });
        let elsewhere = Config {
            limits: all_tables(seed),
            ..Config::default()
        };
        let mut there = Engine::new(elsewhere, START_MS + YEAR_MS, 99);
        let mut said = Vec::new();
        for _ in 0..CALLS {
            said.push(if writer.author.one_in(12) {
                soon(&mut writer.author)
            } else {
                writer.call()
            });
            say(&mut here, &said[said.len() - 1]);
            here.sleep(writer.author.below(40) as i64);
            for mut step in here.engine.take_steps().to_vec() {
                step.at_ms += YEAR_MS;
                there.apply(&step).expect("effects fit their state");
            }
            assert_eq!(
                here.engine.state().digest(),
                there.state().digest(),
                "seed {seed}, after\n{}",
                said[said.len().saturating_sub(8)..].join("\n")
            );
        }
        assert!(here.engine.state().stats.evicted > 0, "nothing was evicted");
        assert!(here.engine.state().stats.expired > 0, "nothing expired");
    }
}

#[test]
fn made_up_calls_can_be_taken_back() {
    for seed in 0..RUNS {
        let (mut writer, mut db) = (Writer::new(seed), store());
        for _ in 0..CALLS / 10 {
            for _ in 0..5 {
                say(&mut db, &writer.call());
            }
            let before = fingerprint::of(&db.engine);
            let id = db.id(1);
            assert!(db.engine.begin(db.now_ms, id));
            let calls: Vec<String> = (0..1 + writer.author.below(8))
                .map(|_| writer.call())
                .collect();
            for call in &calls {
                db.say(call);
            }
            db.engine.abort();
            assert_eq!(
                fingerprint::of(&db.engine),
                before,
                "seed {seed}, after\n{}",
                calls.join("\n")
            );
        }
    }
}

#[test]
fn a_made_up_call_that_fails_changes_nothing() {
    for seed in 0..RUNS {
        let (mut writer, mut db) = (Writer::new(seed), store());
        let mut failed = 0;
        for _ in 0..CALLS {
            let (before, call) = (fingerprint::of(&db.engine), writer.call());
            if say(&mut db, &call).starts_with("(error)") {
                failed += 1;
                assert_eq!(
                    fingerprint::of(&db.engine),
                    before,
                    "seed {seed}, after {call}"
                );
            }
        }
        assert!(failed > CALLS / 10, "{failed} calls failed");
    }
}
