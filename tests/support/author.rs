//! Writes calls: from the usage of a row, which says what may stand where, and by chance.

use nookdb::commands::Listed;
use nookdb::commands::usage::{Item, Usage};
use nookdb::db::split_mix;

/// Writes calls by chance, always the same for one seed.
pub struct Author {
    random: u64,
    /// The family of the command that is being written.
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
    pub fn new(seed: u64) -> Author {
        Author {
            random: seed,
            family: "",
        }
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (split_mix(&mut self.random) % bound as u64) as usize
    }

    pub fn one_in(&mut self, odds: usize) -> bool {
        self.below(odds) == 0
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[self.below(from.len())]
    }

    /// A call of this command, as redis-cli would take it.
    pub fn call(&mut self, listed: &Listed) -> String {
        let name = listed.command.name;
        self.family = listed.command.group;
        if name == "ZADD" && self.one_in(3) {
            return self.equal_scores();
        }
        let mut words = vec![Word::Said(name.to_owned())];
        self.usage(listed.usage(), &mut words);
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
        if self.one_in(8) {
            return self.pick(&["k:1", "k:2", "k:3"]);
        }
        match self.family {
            "hash" => self.pick(&["hash:1", "hash:2", "hash:3"]),
            "list" => self.pick(&["list:1", "list:2", "list:3"]),
            "set" => self.pick(&["set:1", "set:2", "set:3"]),
            "sorted-set" => self.pick(&["zset:1", "zset:2", "zset:3"]),
            _ => self.pick(&["k:1", "k:2", "k:3", "hash:1", "list:1", "set:1", "zset:1"]),
        }
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
