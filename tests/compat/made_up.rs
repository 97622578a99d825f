//! Calls made up from the usage of every row, said to a real redis-server and to the engine.
//!
//! The cases say what their author thought of; this says the rest: options in any number and order,
//! bounds that contradict each other, counts from everywhere, keys of the wrong kind, and all of it
//! on values that the calls before have left behind, small forms and large.

use nookdb::commands::usage::{Item, Usage};
use nookdb::commands::{Flags, Listed, table};
use nookdb::db::{Resp, split_mix};

use crate::case::unordered;
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
        let mut author = Author {
            random: seed as u64,
            family,
        };
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

/// Writes calls by chance, always the same for one seed.
struct Author {
    random: u64,
    family: &'static str,
}

/// A word of a call: as it stands, or still to be decided when all words are there.
enum Word {
    Said(String),
    Key,
    /// How many keys there are.
    CountOfKeys,
}

impl Author {
    fn below(&mut self, bound: usize) -> usize {
        (split_mix(&mut self.random) % bound as u64) as usize
    }

    fn one_in(&mut self, odds: usize) -> bool {
        self.below(odds) == 0
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[self.below(from.len())]
    }

    fn call(&mut self, listed: &Listed) -> String {
        let name = listed.command.name;
        if name == "ZADD" && self.one_in(3) {
            return self.equal_scores();
        }
        let mut words = vec![Word::Said(name.to_owned())];
        self.usage(&listed.usage, &mut words);
        let by_bytes = name.contains("LEX")
            || words
                .iter()
                .any(|word| matches!(word, Word::Said(said) if said == "BYLEX"));
        let keys = words
            .iter()
            .filter(|word| matches!(word, Word::Key))
            .count();
        let say = |word| match word {
            Word::Said(said) => said,
            Word::Key => self.key(by_bytes).to_owned(),
            Word::CountOfKeys if self.one_in(12) => self.number().to_owned(),
            Word::CountOfKeys => keys.to_string(),
        };
        let said: Vec<String> = words.into_iter().map(say).collect();
        said.join(" ")
    }

    /// Fills a sorted set in which order by bytes means something: that of other sets is undefined.
    fn equal_scores(&mut self) -> String {
        let key = self.pick(&["lex:1", "lex:2"]);
        let (one, other) = (self.text(), self.text());
        format!("ZADD {key} 0 {one} 0 {other}")
    }

    fn usage(&mut self, usage: &Usage, words: &mut Vec<Word>) {
        for item in &usage.items {
            self.item(item, words);
        }
    }

    fn item(&mut self, item: &Item, words: &mut Vec<Word>) {
        match item {
            Item::Token(token) => words.push(Word::Said((*token).to_owned())),
            Item::Argument(name) => words.push(self.argument(name)),
            Item::Optional(item) => {
                if self.one_in(3) {
                    self.item(item, words);
                }
            }
            Item::Repeated(item) => {
                for _ in 0..self.below(4) {
                    self.item(item, words);
                }
            }
            Item::OneOf(items) => {
                let chosen = self.below(items.len());
                self.item(&items[chosen], words);
            }
            Item::Sequence(items) => {
                for item in items {
                    self.item(item, words);
                }
            }
        }
    }

    /// The name of an argument says what it takes.
    fn argument(&mut self, name: &str) -> Word {
        let said = match name {
            "key" | "key1" | "key2" | "src" | "source" => return Word::Key,
            "numkeys" => return Word::CountOfKeys,
            // Not one of those that are ordered by bytes: they keep their scores.
            "dst" | "destination" => self.key(false),
            "min" | "max" => match self.below(3) {
                0 => self.lex_bound(),
                1 => self.number(),
                _ => self.score_bound(),
            },
            "start" | "stop" if self.one_in(2) => self.score_bound(),
            "start" | "stop" if self.one_in(3) => self.lex_bound(),
            "score" => self.score(),
            "weight" => self.pick(&["1", "2", "0.5", "3", "inf", "x"]),
            "increment" if self.family == "sorted-set" => self.score(),
            "increment" => self.pick(&["1", "-2", "0.1", "1e2", "3", "x", "9223372036854775807"]),
            // Long enough to outlast the test, or past.
            "seconds" | "milliseconds" | "unix-time-seconds" | "unix-time-milliseconds" => {
                self.pick(&["100000", "9999999999999", "0", "-1", "x"])
            }
            // Redis negates a negative rank, whether it can be negated or not.
            "rank" => self.pick(&["1", "-1", "2", "-2", "0", "x"]),
            "member" | "element" | "field" | "value" | "pivot" => self.text(),
            _ => self.number(),
        };
        Word::Said(said.to_owned())
    }

    fn key(&mut self, by_bytes: bool) -> &'static str {
        if by_bytes {
            return self.pick(&["lex:1", "lex:2", "lex:1", "lex:2", "missing"]);
        }
        if self.one_in(12) {
            return self.pick(&["text", "list", "set"]);
        }
        self.pick(&["k:1", "k:2", "k:3", "k:1", "k:2", "k:3", "k:4"])
    }

    fn text(&mut self) -> &'static str {
        self.pick(&[
            "a",
            "b",
            "c",
            "d",
            "e",
            "f",
            "aa",
            "ab",
            "1",
            "2",
            "3",
            "10",
            "-7",
            "007",
            "\"\"",
            "\"\\x00\\xff\"",
            "1.5",
            "much-longer-than-the-sixty-four-bytes-that-fit-into-a-packed-value",
        ])
    }

    fn number(&mut self) -> &'static str {
        let odd = [
            "x",
            "1.5",
            "\"\"",
            "9223372036854775807",
            "-9223372036854775808",
        ];
        if self.one_in(16) {
            return self.pick(&odd);
        }
        self.pick(&[
            "0", "1", "2", "3", "4", "5", "10", "100", "-1", "-2", "-3", "-10",
        ])
    }

    /// Sums of halves and quarters are exact, and look alike in every version of Redis.
    fn score(&mut self) -> &'static str {
        if self.one_in(24) {
            return self.pick(&["x", "nan", "\"\"", "1e400", "0x10"]);
        }
        self.pick(&[
            "1", "2", "3", "1", "2", "-1", "0.5", "-2.25", "1e2", "inf", "-inf",
        ])
    }

    fn score_bound(&mut self) -> &'static str {
        self.pick(&[
            "0", "1", "(1", "2", "(2", "3", "-inf", "+inf", "inf", "(inf", "0.5", "(x",
        ])
    }

    fn lex_bound(&mut self) -> &'static str {
        self.pick(&["-", "+", "[a", "(a", "[b", "(c", "[aa", "[1", "(", "b"])
    }
}
