//! Numbers beside a real redis-server: what it reads as one, and the digits of INCRBYFLOAT.

mod support;

use nookdb::db::split_mix;
use nookdb::types::number::{LongDouble, parse_f64};
use support::redis::{RedisClient, RedisServer};

/// How many texts and pairs of texts are tried.
const TRIES: usize = 3_000;

#[test]
fn incrbyfloat_gives_the_digits_of_redis() {
    let server = RedisServer::start();
    let mut redis = server.connect();
    let mut author = Author(1);
    for _ in 0..TRIES {
        let (value, increment) = (author.number(), author.number());
        redis.say(&format!("SET k \"{value}\""));
        let expected = redis.say(&format!("INCRBYFLOAT k \"{increment}\""));
        let got = sum(&value, &increment);
        assert_eq!(got, expected, "{value} + {increment}");
    }
}

#[test]
fn scores_are_read_as_by_redis() {
    let server = RedisServer::start();
    let mut redis = server.connect();
    let mut author = Author(2);
    for _ in 0..TRIES {
        let text = author.number();
        let got = parse_f64(text.as_bytes());
        assert_eq!(got, score(&mut redis, &text), "{text}");
    }
}

/// What INCRBYFLOAT draws.
fn sum(value: &str, increment: &str) -> String {
    let read = |text: &str| LongDouble::parse(text.as_bytes());
    let (Some(value), Some(increment)) = (read(value), read(increment)) else {
        return "(error) ERR value is not a valid float".to_owned();
    };
    match value.plus(increment) {
        Some(sum) => format!("\"{sum}\""),
        None => "(error) ERR increment would produce NaN or Infinity".to_owned(),
    }
}

/// What Redis takes the text for: it answers 17 digits, which name every double.
fn score(redis: &mut RedisClient, text: &str) -> Option<f64> {
    redis.say("DEL k");
    let answer = redis.say(&format!("ZADD k \"{text}\" m"));
    if answer == "(error) ERR value is not a valid float" {
        return None;
    }
    assert_eq!(answer, "(integer) 1", "{text}");
    let score = redis.say("ZSCORE k m");
    Some(score.trim_matches('"').parse().expect("a double"))
}

/// Writes numbers by chance, always the same for one seed.
struct Author(u64);

impl Author {
    fn below(&mut self, bound: u64) -> u64 {
        split_mix(&mut self.0) % bound
    }

    fn digits(&mut self, most: u64) -> String {
        let count = 1 + self.below(most);
        let digit = |_| char::from(b'0' + self.below(10) as u8);
        (0..count).map(digit).collect()
    }

    fn number(&mut self) -> String {
        let sign = ["", "", "-", "+"][self.below(4) as usize];
        let text = match self.below(12) {
            0..=3 => format!("{}.{}", self.digits(8), self.digits(7)),
            4 => self.digits(15),
            5 => format!("{}.{}", self.digits(25), self.digits(40)),
            6 => format!("{}e{}", self.digits(17), self.below(60) as i64 - 30),
            7 => format!(
                "{}.{}E-{}",
                self.digits(2),
                self.digits(17),
                self.below(340)
            ),
            8 => format!("{}e+{}", self.digits(3), self.below(5000)),
            9 => format!("{}e-{}", self.digits(3), self.below(5000)),
            10 => {
                let (mantissa, exponent) = (split_mix(&mut self.0), self.below(2200) as i64 - 1100);
                format!("0x{:x}.{mantissa:x}p{exponent}", self.below(1 << 30))
            }
            _ => self.nearly_a_number(),
        };
        format!("{sign}{text}")
    }

    fn nearly_a_number(&mut self) -> String {
        let letters = b"0123456789.eExpinfa +-";
        let count = 1 + self.below(5);
        let letter = |_| char::from(letters[self.below(letters.len() as u64) as usize]);
        (0..count).map(letter).collect()
    }
}
