//! A store with something of every kind in it, and how it is compared with another.

use std::fs;
use std::path::{Path, PathBuf};

use nookdb::protocol::Answer;
use tempfile::TempDir;

use crate::nook::{new_directory, wait_for};
use crate::support::redis::RedisClient;

/// Says something of every kind, some of it in words that the journal has to change.
pub fn fill(client: &mut RedisClient) {
    for line in [
        "SET text hello",
        "SET passing x PX 100000000",
        "EXPIRE text 1000000",
        "INCRBYFLOAT float 1.5",
        "APPEND text \" world\"",
        "SETRANGE text 20 end",
        "RPUSH list a b c 1 2 3",
        "LMOVE list other LEFT RIGHT",
        "HSET hash f v g 12",
        "HINCRBYFLOAT hash h 0.5",
        "SADD numbers 1 2 3",
        "SADD words a b c d e",
        "SPOP words 2",
        "ZADD zset 1 a 2.5 b inf c",
        "ZINCRBY zset 3 a",
        "SET binary \"\\x00\\xff\\r\\n\"",
        "RENAME list renamed",
        "COPY zset copied",
        "SET gone 1 PX 1",
        "SELECT 3",
        "SET in-three 1",
        "MULTI",
        "INCR counted",
        "SELECT 4",
        "INCR counted",
        "EXEC",
        "SELECT 0",
        "SET flushed 1",
        "MOVE flushed 5",
    ] {
        let answer = client.say(line);
        assert!(!answer.starts_with("(error)"), "{line}: {answer}");
    }
    for number in 0..600 {
        client.say(&format!("RPUSH long element-{number}"));
        client.say(&format!("ZADD ranked {number} member-{number}"));
        client.say(&format!("HSET wide field-{number} {number}"));
        client.say(&format!("SADD many member-{number}"));
    }
    client.say("SELECT 5");
    client.say("FLUSHDB");
    client.say("SELECT 0");
}

/// Every key of every database with its deadline and its value, as text.
pub fn picture(client: &mut RedisClient) -> Vec<String> {
    picture_of(client, 16)
}

pub fn picture_of(client: &mut RedisClient, databases: usize) -> Vec<String> {
    let mut picture = Vec::new();
    for db in 0..databases {
        client.say(&format!("SELECT {db}"));
        for key in lines(&client.say("KEYS *")) {
            let look = match client.say(&format!("TYPE {key}")).as_str() {
                "string" => format!("GET {key}"),
                "list" => format!("LRANGE {key} 0 -1"),
                "hash" => format!("HGETALL {key}"),
                "set" => format!("SMEMBERS {key}"),
                "zset" => format!("ZRANGE {key} 0 -1 WITHSCORES"),
                other => panic!("{key} is a {other}"),
            };
            let mut value = lines(&client.say(&look));
            match look.split(' ').next() {
                Some("SMEMBERS") => value.sort(),
                // Redis 7.0 writes a score with 17 digits, later ones as shortly as can be.
                Some("ZRANGE") => {
                    let scores = value.iter_mut().skip(1).step_by(2);
                    scores.for_each(|score| *score = number(score).to_string());
                }
                Some("HGETALL") => {
                    let mut pairs: Vec<String> =
                        value.chunks(2).map(|pair| pair.join("=")).collect();
                    pairs.sort();
                    value = pairs;
                }
                _ => {}
            }
            let deadline = client.say(&format!("PEXPIRETIME {key}"));
            picture.push(format!("{db} {key} {deadline} {}", value.join(" ")));
        }
    }
    client.say("SELECT 0");
    picture.sort();
    picture
}

fn number(drawn: &str) -> f64 {
    drawn.trim_matches('"').parse().expect("a number")
}

/// As `assert_eq!`, but tells only what differs.
#[track_caller]
pub fn assert_same(found: Vec<String>, expected: &[String]) {
    let missing: Vec<_> = expected
        .iter()
        .filter(|line| !found.contains(line))
        .collect();
    let strange: Vec<_> = found
        .iter()
        .filter(|line| !expected.contains(line))
        .collect();
    assert!(
        missing.is_empty() && strange.is_empty(),
        "missing: {missing:#?}\nin its place: {strange:#?}"
    );
}

/// The elements of an array as redis-cli draws it, without their numbers.
fn lines(drawn: &str) -> Vec<String> {
    if drawn == "(empty array)" {
        return Vec::new();
    }
    let without_number = |line: &str| match line.trim_start().split_once(") ") {
        Some((number, rest)) if number.parse::<u32>().is_ok() => rest.to_owned(),
        _ => line.to_owned(),
    };
    drawn.lines().map(without_number).collect()
}

pub fn info(client: &mut RedisClient, name: &str) -> String {
    let text = match client.call(&["INFO"]) {
        Answer::Bulk(text) => String::from_utf8(text).expect("text"),
        other => panic!("{other:?}"),
    };
    let mut lines = text.lines();
    let line = lines.find_map(|line| line.strip_prefix(&format!("{name}:")));
    line.unwrap_or_else(|| panic!("no {name} in {text}"))
        .to_owned()
}

pub fn rewrite(client: &mut RedisClient) {
    wait_for("a rewrite may start", || {
        client.say("BGREWRITEAOF") == "Background append only file rewriting started"
    });
    wait_for("the journal is written anew", || {
        info(client, "aof_rewrite_in_progress") == "0"
    });
    assert_eq!(info(client, "aof_last_bgrewrite_status"), "ok");
}

pub fn copy_of(directory: &Path) -> TempDir {
    let copy = new_directory();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        fs::create_dir_all(copy.path().join(&folder)).expect("a folder");
        for entry in fs::read_dir(directory.join(&folder)).expect("a folder") {
            let name = folder.join(entry.expect("an entry").file_name());
            if directory.join(&name).is_dir() {
                folders.push(name);
            } else {
                fs::copy(directory.join(&name), copy.path().join(&name)).expect("a copy");
            }
        }
    }
    copy
}
