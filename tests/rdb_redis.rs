//! RDB beside a real Redis: its files are read, ours are loaded, and both hold the same.

mod support;

use std::fs;
use std::process::Command;

use nookdb::persist::rdb::{About, Entry, LoadError, Reader, Target, Writer, dump, restore};
use nookdb::protocol::Answer;
use nookdb::types::{Limits, Value};
use support::redis::{RedisClient, RedisServer};
use support::values::{contents, noise};

const ABOUT: About = About {
    created_s: 1_700_000_000,
    used_memory_bytes: 1 << 20,
};
/// In the year 2100.
const DEADLINE_MS: i64 = 4_102_444_800_123;

fn read(file: &[u8]) -> Vec<Entry> {
    let reader = Reader::new(file, &Limits::default()).unwrap();
    reader.collect::<Result<_, _>>().unwrap()
}

fn write(entries: &[Entry], target: Target) -> Vec<u8> {
    let mut writer = Writer::new(target, ABOUT);
    for db in 0..16 {
        let of_db = || entries.iter().filter(|entry| entry.db == db);
        let deadlines = of_db().filter(|entry| entry.deadline_ms.is_some()).count();
        writer.open_db(db, of_db().count(), deadlines);
        for entry in of_db() {
            writer.entry(db, &entry.key, &entry.value, entry.deadline_ms);
        }
    }
    writer.finish()
}

/// Every kind, small: in the packed forms.
const SMALL: &str = r#"
SET number:zero 0
SET number:i8 -128
SET number:i16 128
SET number:i32 -32769
SET number:i32-most 2147483647
SET number:i64 2147483648
SET number:i64-most 9223372036854775807
SET text:zeros 007
SET text:minus-zero -0
SET text:float 1.5
SET text:empty ""
SET text:44 "a text of forty-four bytes, which is embedded"
SET 12345 "under a key that is a number"
SET "" "under an empty key"
SET "\x00\xff\r\n" "under a key of bytes"
RPUSH list:one one
RPUSH list:small a "" 12 -7000 9223372036854775807 70000 "\r\n" b
SADD set:small a "" 12 -7000 9223372036854775807 70000 "\r\n"
SADD set:16 -3 -2 -1 0 1 2 3 32767
SADD set:32 -70000 0 70000
SADD set:64 -9223372036854775808 0 9223372036854775807
HSET hash:small a 1 "" 2 12 -1 -7000 "" text "more text" 70000 9999999999
ZADD zset:small 1 a 2.5 "" -7 12 0.1 -7000
ZADD zset:ends -inf low +inf high 1e300 large 1e-300 tiny 0.1 tenth 3 three 1e20 round
SET soon x PXAT 4102444800123
RPUSH list:soon x
PEXPIREAT list:soon 4102444800000
SELECT 3
SET elsewhere here
SELECT 0
"#;

/// Values of every kind, in every form that Redis has for it.
fn fill(redis: &mut RedisClient) {
    for line in SMALL.lines().filter(|line| !line.is_empty()) {
        let answer = redis.say(line);
        assert!(!answer.starts_with("(error)"), "{line}: {answer}");
    }
    for length in [20, 21, 45, 63, 64, 16_383, 16_384, 100_000] {
        set(redis, &format!("noise:{length}"), &noise(length));
        let repeated = "all work and no play ".repeat(length / 21 + 1);
        set(
            redis,
            &format!("text:{length}"),
            &repeated.as_bytes()[..length],
        );
    }
    let words: Vec<String> = (0..1000).map(|n| format!("word:{n}")).collect();
    let with_long = [
        "a".to_owned(),
        "long ".repeat(40),
        "huge ".repeat(4000),
        "b".to_owned(),
    ];
    for (name, items) in [("many", &words[..]), ("huge", &with_long[..])] {
        for (position, item) in items.iter().enumerate() {
            let number = (position as f64 * 0.1 - 3.0).to_string();
            redis.call(&["RPUSH", &format!("list:{name}"), item]);
            redis.call(&["SADD", &format!("set:{name}"), item]);
            redis.call(&["HSET", &format!("hash:{name}"), item, &number]);
            redis.call(&["ZADD", &format!("zset:{name}"), &number, item]);
        }
    }
}

fn set(redis: &mut RedisClient, key: &str, value: &[u8]) {
    redis.call(&[b"SET", key.as_bytes(), value]);
}

/// What the server has under a key, as `contents` has it.
fn contents_in(redis: &mut RedisClient, entry: &Entry) -> Vec<Vec<u8>> {
    let ask: &[&[u8]] = match entry.value {
        Value::String(_) => &[b"GET", &entry.key],
        Value::List(_) => &[b"LRANGE", &entry.key, b"0", b"-1"],
        Value::Set(_) => &[b"SMEMBERS", &entry.key],
        Value::Hash(_) => &[b"HGETALL", &entry.key],
        Value::ZSet(_) => &[b"ZRANGE", &entry.key, b"0", b"-1", b"WITHSCORES"],
    };
    let texts = texts(redis.call(ask));
    match entry.value {
        Value::Set(_) => sorted(texts, 1),
        Value::Hash(_) => sorted(texts, 2),
        // The digits of a double are not those of ours in 7.0, so they are read and written again.
        Value::ZSet(_) => texts
            .into_iter()
            .enumerate()
            .map(|(at, text)| again(at, text))
            .collect(),
        _ => texts,
    }
}

fn again(position: usize, text: Vec<u8>) -> Vec<u8> {
    match position % 2 {
        0 => text,
        _ => String::from_utf8(text)
            .unwrap()
            .parse::<f64>()
            .unwrap()
            .to_string()
            .into_bytes(),
    }
}

fn sorted(texts: Vec<Vec<u8>>, stride: usize) -> Vec<Vec<u8>> {
    let mut groups: Vec<&[Vec<u8>]> = texts.chunks(stride).collect();
    groups.sort();
    groups.concat()
}

fn texts(answer: Answer) -> Vec<Vec<u8>> {
    match answer {
        Answer::Bulk(text) | Answer::Simple(text) => vec![text],
        Answer::Array(items) => items.into_iter().flat_map(texts).collect(),
        other => panic!("an answer of texts, not {other:?}"),
    }
}

/// The server has these entries and no others.
#[track_caller]
fn assert_holds(redis: &mut RedisClient, entries: &[Entry]) {
    for entry in entries {
        let key = entry.key.escape_ascii();
        redis.call(&["SELECT", &entry.db.to_string()]);
        assert_eq!(contents_in(redis, entry), contents(&entry.value), "{key}");
        let deadline_ms = entry.deadline_ms.unwrap_or(-1);
        let theirs = redis.call(&[&b"PEXPIRETIME"[..], &entry.key]);
        assert_eq!(theirs, Answer::Integer(deadline_ms), "{key}");
    }
    let mut keys = 0;
    for db in 0..16 {
        redis.call(&["SELECT", &db.to_string()]);
        keys += match redis.call(&["DBSIZE"]) {
            Answer::Integer(count) => count,
            other => panic!("a count, not {other:?}"),
        };
    }
    assert_eq!(keys, entries.len() as i64);
    redis.call(&["SELECT", "0"]);
}

#[test]
fn a_file_of_redis_is_read_as_it_was_meant() {
    let server = RedisServer::start();
    let mut redis = server.connect();
    fill(&mut redis);
    let entries = read(&server.dump());
    assert_holds(&mut redis, &entries);
    let soon = entries.iter().find(|entry| &*entry.key == b"soon").unwrap();
    assert_eq!(soon.deadline_ms, Some(DEADLINE_MS));
}

#[test]
fn a_file_of_redis_without_compression_is_read_too() {
    let server = RedisServer::start_with(&["--rdbcompression", "no", "--rdbchecksum", "no"]);
    let mut redis = server.connect();
    fill(&mut redis);
    assert_holds(&mut redis, &read(&server.dump()));
}

#[test]
fn values_take_the_forms_that_redis_gave_them() {
    let server = RedisServer::start();
    let mut redis = server.connect();
    fill(&mut redis);
    for entry in read(&server.dump()).iter().filter(|entry| entry.db == 0) {
        let theirs = texts(redis.call(&[&b"OBJECT"[..], b"ENCODING", &entry.key])).concat();
        let theirs = String::from_utf8(theirs).unwrap();
        // 7.0 has no packed sets but of integers, and every list of it is a quicklist.
        let expected = match (&entry.value, entry.value.encoding()) {
            (Value::Set(_), "listpack") => "hashtable",
            (Value::List(_), "listpack") => "quicklist",
            (_, encoding) => encoding,
        };
        assert_eq!(expected, theirs, "{}", entry.key.escape_ascii());
    }
}

#[test]
fn a_file_of_ours_is_loaded_by_redis_with_the_same_digest() {
    let original = RedisServer::start();
    fill(&mut original.connect());
    let entries = read(&original.dump());
    let copy = RedisServer::start_on_dump(&write(&entries, Target::Redis70));
    let mut redis = copy.connect();
    assert_holds(&mut redis, &entries);
    assert_eq!(
        redis.say("DEBUG DIGEST"),
        original.connect().say("DEBUG DIGEST")
    );
}

#[test]
fn redis_check_rdb_passes_a_file_of_ours() {
    let original = RedisServer::start();
    fill(&mut original.connect());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ours.rdb");
    fs::write(&path, write(&read(&original.dump()), Target::Redis70)).unwrap();
    let output = Command::new("redis-check-rdb").arg(&path).output();
    let output = output.expect("redis-check-rdb comes with redis-server: run make setup");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("RDB looks OK"),
        "{said}"
    );
}

#[test]
fn payloads_go_both_ways() {
    let server = RedisServer::start();
    let mut redis = server.connect();
    fill(&mut redis);
    for entry in read(&server.dump()).iter().filter(|entry| entry.db == 0) {
        let key = entry.key.escape_ascii();
        let payload = texts(redis.call(&[&b"DUMP"[..], &entry.key])).concat();
        let restored = restore(&payload, &Limits::default()).unwrap();
        assert_eq!(contents(&restored), contents(&entry.value), "{key}");

        // A digest says whether there is a deadline, and a payload has none.
        redis.call(&[&b"PERSIST"[..], &entry.key]);
        let ours = dump(&entry.value, Target::Redis70);
        let restore = [&b"RESTORE"[..], b"copy", b"0", &ours, b"REPLACE"];
        assert_eq!(
            redis.call(&restore),
            Answer::Simple(b"OK".to_vec()),
            "{key}"
        );
        let digests = texts(redis.call(&[&b"DEBUG"[..], b"DIGEST-VALUE", &entry.key, b"copy"]));
        assert_eq!(digests[0], digests[1], "{key}");
    }
}

#[test]
fn small_payloads_are_those_of_redis_byte_for_byte() {
    let server = RedisServer::start();
    let mut redis = server.connect();
    redis.say("SET number 12345");
    redis.say("SET text 'some text'");
    redis.say("RPUSH list a 1 bb");
    redis.say("SADD intset 1 2 3");
    redis.say("HSET hash f 1");
    redis.say("ZADD zset 1 a 2.5 b");
    for key in ["number", "text", "list", "intset", "hash", "zset"] {
        let theirs = texts(redis.call(&["DUMP", key])).concat();
        let value = restore(&theirs, &Limits::default()).unwrap();
        let ours = dump(&value, Target::Redis70);
        assert_eq!(
            ours.escape_ascii().to_string(),
            theirs.escape_ascii().to_string(),
            "{key}"
        );
    }
}

#[test]
fn a_stream_costs_its_own_key_and_no_other() {
    let server = RedisServer::start();
    let mut redis = server.connect();
    for n in 0..300 {
        redis.say(&format!("XADD stream {n}-1 field {n}"));
    }
    redis.say("XGROUP CREATE stream group 0");
    redis.say("XREADGROUP GROUP group ada COUNT 5 STREAMS stream >");
    redis.say("XREADGROUP GROUP group bob COUNT 5 STREAMS stream >");
    redis.say("SET a 1");
    redis.say("SET b 2");
    let file = server.dump();
    let reader = Reader::new(&file, &Limits::default()).unwrap();
    let (read, refused): (Vec<_>, Vec<_>) = reader.partition(Result::is_ok);
    assert_eq!(read.len(), 2);
    let errors: Vec<String> = refused
        .into_iter()
        .map(|error| error.unwrap_err().to_string())
        .collect();
    assert_eq!(errors, ["a stream cannot be held, in key 'stream'"]);
}

#[test]
fn functions_are_handed_over() {
    let server = RedisServer::start();
    let source = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";
    server.connect().call(&["FUNCTION", "LOAD", source]);
    let file = server.dump();
    let mut reader = Reader::new(&file, &Limits::default()).unwrap();
    assert!(reader.next().is_none());
    assert_eq!(reader.functions(), [source.as_bytes().into()]);
    assert_eq!(reader.aux("redis-bits"), Some(&b"64"[..]));
}

/// A file as Redis 2.4 to 6.2 wrote them, put together by hand.
fn old_file() -> Vec<u8> {
    let ziplist = |entries: &[&[u8]]| {
        let mut body = Vec::new();
        let mut before = 0;
        let mut last = 0;
        for entry in entries {
            last = 10 + body.len();
            body.push(before);
            body.extend_from_slice(entry);
            before = 1 + entry.len() as u8;
        }
        let length = 10 + body.len() as u32 + 1;
        let mut list = [length.to_le_bytes(), (last as u32).to_le_bytes()].concat();
        list.extend((entries.len() as u16).to_le_bytes());
        list.extend(body);
        list.push(0xff);
        list
    };
    let string = |bytes: &[u8]| [&[bytes.len() as u8][..], bytes].concat();
    let entries: [&[u8]; 6] = [
        b"\x01a",
        b"\xf4",
        b"\xfe\x80",
        b"\xc0\x39\x30",
        b"\xf0\x00\x00\x80",
        b"\x02bc",
    ];
    let packed = string(&ziplist(&entries));
    let scored = string(&ziplist(&[b"\x01a", b"\xf2", b"\x01b", b"\x032.5"]));
    let zipmap = string(b"\x02\x01a\x02\x00bc\x03key\x01\x02vxx\xff");
    [
        &b"REDIS0004\xfe\x00"[..],
        b"\x00\x06string\x03abc",
        b"\xfd\x00\xe7\x2e\x7f\x01\x04list\x03\x01a\xc0\x07\x02bc",
        b"\xfc\x00\x50\xd4\x4b\xbb\x03\x00\x00\x02\x03set\x02\x01a\xc1\x00\x01",
        b"\x03\x09zset:text\x04\x01a\x031.5\x01b\xfe\x01c\xff\x01d\x02-3",
        b"\x04\x04hash\x02\x01a\x01b\x01c\xc2\x00\x00\x00\x80",
        b"\x09\x06zipmap",
        &zipmap,
        b"\x0a\x0clist:ziplist",
        &packed,
        b"\x0b\x06intset\x0e\x02\x00\x00\x00\x03\x00\x00\x00\xff\xff\x01\x00\x02\x00",
        b"\x0c\x0czset:ziplist",
        &scored,
        b"\x0d\x0chash:ziplist",
        &packed,
        b"\x0e\x09quicklist\x02",
        &packed,
        &packed,
        b"\xff",
    ]
    .concat()
}

#[test]
fn a_file_of_old_versions_means_to_us_what_it_means_to_redis() {
    let file = old_file();
    let entries = read(&file);
    assert_eq!(entries.len(), 11);
    let server = RedisServer::start_on_dump(&file);
    assert_holds(&mut server.connect(), &entries);
}

#[test]
fn a_file_is_refused_where_redis_refuses_it() {
    let mut file = old_file();
    // The second field of the hash becomes the first again.
    let at = file
        .windows(5)
        .position(|part| part == b"\x01b\x01c\xc2")
        .unwrap();
    file[at + 3] = b'a';
    let refused = Reader::new(&file, &Limits::default())
        .unwrap()
        .find_map(Result::err)
        .unwrap();
    assert!(matches!(refused, LoadError::Malformed { .. }), "{refused}");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("twice.rdb");
    fs::write(&path, &file).unwrap();
    let output = Command::new("redis-check-rdb").arg(&path).output().unwrap();
    assert!(!output.status.success());
}
