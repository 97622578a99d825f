//! Calls made up from the usage of every row, said to a real redis-server and to the engine.
//!
//! The cases say what their author thought of; this says the rest: options in any number and order,
//! bounds that contradict each other, counts from everywhere, keys of the wrong kind, and all of it
//! on values that the calls before have left behind, small forms and large.

use nookdb::commands::{Flags, Listed, table};
use nookdb::db::Resp;

use crate::case::unordered;
use crate::support::author::Author;
use crate::support::redis::{RedisClient, RedisServer};
use crate::support::session::Session;

/// Families whose commands depend on nothing but keys and arguments, and how many calls each gets.
const FAMILIES: &[&str] = &["string", "list", "hash", "set", "sorted-set"];
const CALLS: usize = 4_000;

/// Commands that two servers may rightly answer differently.
const LEFT_OUT: &[(&str, &str)] = &[
    ("SPOP", "chooses by chance, and the sets would go apart"),
    ("SRANDMEMBER", "chooses by chance"),
    ("HRANDFIELD", "chooses by chance"),
    ("ZRANDMEMBER", "chooses by chance"),
    ("SSCAN", "walks in an order of its own"),
    ("HSCAN", "walks in an order of its own"),
    ("ZSCAN", "walks in an order of its own"),
];

/// Commands whose elements come in no order.
const UNORDERED: &[&str] = &[
    "SMEMBERS", "SINTER", "SUNION", "SDIFF", "HGETALL", "HKEYS", "HVALS",
];

/// Options that the oracle does not know yet.
const NEWER: &[&str] = &["WITHSCORE"];

/// So few elements, and a value turns to its large form: both forms are met.
const SETTINGS: &[&str] = &[
    "zset-max-listpack-entries 8",
    "hash-max-listpack-entries 8",
    "set-max-intset-entries 8",
    "list-max-listpack-size 4",
];

#[test]
fn made_up_calls_are_answered_as_by_redis_in_resp2() {
    compare_families(Resp::Two);
}

#[test]
fn made_up_calls_are_answered_as_by_redis_in_resp3() {
    compare_families(Resp::Three);
}

fn compare_families(resp: Resp) {
    let server = RedisServer::start();
    for (seed, family) in FAMILIES.iter().enumerate() {
        let mut worlds = Worlds::new(&server, resp);
        let mut author = Author::new(seed as u64);
        let rows = rows_of(family);
        for _ in 0..CALLS {
            let listed = rows[author.below(rows.len())];
            let call = author.call(listed);
            if call.split(' ').any(|word| NEWER.contains(&word)) {
                continue;
            }
            worlds.compare(&call, UNORDERED.contains(&listed.command.name));
        }
        let accepted = worlds.accepted;
        assert!(
            accepted > CALLS / 2,
            "{family}: {accepted} calls were no errors"
        );
    }
}

fn rows_of(family: &str) -> Vec<&'static Listed> {
    let left_out = |name| LEFT_OUT.iter().any(|(left_out, _)| *left_out == name);
    let rows = table().iter().filter(|listed| {
        let command = listed.command;
        command.group == family && !left_out(command.name) && !command.flags.has(Flags::BLOCKS)
    });
    rows.collect()
}

/// The two that are compared, and what was said to them last.
struct Worlds {
    redis: RedisClient,
    engine: Session,
    said: Vec<String>,
    /// How many calls were not answered with an error.
    accepted: usize,
}

impl Worlds {
    fn new(server: &RedisServer, resp: Resp) -> Worlds {
        let mut worlds = Worlds {
            redis: server.connect(),
            engine: Session::at_real_time(),
            said: Vec::new(),
            accepted: 0,
        };
        let hello = if resp == Resp::Two {
            "HELLO 2"
        } else {
            "HELLO 3"
        };
        worlds.redis.say(hello);
        worlds.engine.say(hello);
        worlds.compare("FLUSHALL", false);
        for setting in SETTINGS {
            worlds.compare(&format!("CONFIG SET {setting}"), false);
        }
        for other_kind in ["SET text x", "RPUSH list x", "SADD set a 1 b"] {
            worlds.compare(other_kind, false);
        }
        worlds
    }

    fn compare(&mut self, call: &str, any_order: bool) {
        self.said.push(call.to_owned());
        self.engine.catch_up();
        let (expected, got) = (self.redis.say(call), self.engine.say(call));
        self.accepted += usize::from(!got.starts_with("(error)"));
        let same = if any_order {
            unordered(&expected) == unordered(&got)
        } else {
            expected.trim_end() == got.trim_end()
        };
        let recent = &self.said[self.said.len().saturating_sub(12)..];
        assert!(
            same,
            "{}\nredis:\n{expected}\nnookdb:\n{got}",
            recent.join("\n")
        );
    }
}
