//! What is kept, and by whom it can be read: after SIGTERM, after SIGKILL, by redis-server and from it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use nookdb::commands::{Flags, table};
use nookdb::protocol::{Answer, print, split_arguments};
use tempfile::TempDir;

use crate::case;
use crate::nook::{NookServer, new_directory, wait_for};
use crate::support::redis::{RedisClient, RedisServer};

const JOURNAL: &[&str] = &["--save", "", "--appendonly", "yes"];
const JOURNAL_ALWAYS: &[&str] = &[
    "--save",
    "",
    "--appendonly",
    "yes",
    "--appendfsync",
    "always",
];

/// Says something of every kind, some of it in words that the journal has to change.
fn fill(client: &mut RedisClient) {
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
fn picture(client: &mut RedisClient) -> Vec<String> {
    picture_of(client, 16)
}

fn picture_of(client: &mut RedisClient, databases: usize) -> Vec<String> {
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
fn assert_same(found: Vec<String>, expected: &[String]) {
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

fn info(client: &mut RedisClient, name: &str) -> String {
    let text = match client.call(&["INFO"]) {
        Answer::Bulk(text) => String::from_utf8(text).expect("text"),
        other => panic!("{other:?}"),
    };
    let mut lines = text.lines();
    let line = lines.find_map(|line| line.strip_prefix(&format!("{name}:")));
    line.unwrap_or_else(|| panic!("no {name} in {text}"))
        .to_owned()
}

#[test]
fn sigterm_keeps_everything_where_there_are_save_points() {
    let server = NookServer::start_with(&["--save", "3600", "1000000"]);
    let mut client = server.connect();
    fill(&mut client);
    let before = picture(&mut client);
    assert!(before.len() > 15);
    let (status, directory) = server.terminate();
    assert!(status.success());
    let server = NookServer::start_in(directory, &["--save", ""]);
    assert_same(picture(&mut server.connect()), &before);
}

#[test]
fn sigterm_keeps_everything_where_there_is_a_journal() {
    let server = NookServer::start_with(JOURNAL);
    let mut client = server.connect();
    fill(&mut client);
    let before = picture(&mut client);
    let (status, directory) = server.terminate();
    assert!(status.success());
    let server = NookServer::start_in(directory, JOURNAL);
    assert_same(picture(&mut server.connect()), &before);
}

#[test]
fn a_server_that_is_to_keep_nothing_writes_nothing() {
    let server = NookServer::start();
    fill(&mut server.connect());
    let (status, directory) = server.terminate();
    assert!(status.success());
    let names = fs::read_dir(directory.path()).expect("a directory");
    let names: Vec<_> = names
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(names, ["nookdb.log"]);
}

#[test]
fn shutdown_saves_or_not_as_it_is_told() {
    for (words, kept) in [("SAVE", "\"1\""), ("NOSAVE", "(nil)")] {
        let server = NookServer::start_with(&["--save", "3600", "1"]);
        let mut client = server.connect();
        client.say("SET k 1");
        client.send(format!("SHUTDOWN {words}\r\n").as_bytes());
        assert_eq!(client.receive_to_end(), b"");
        let (status, directory) = server.wait();
        assert!(status.success());
        let server = NookServer::start_in(directory, &["--save", ""]);
        assert_eq!(server.connect().say("GET k"), kept, "{words}");
    }
}

/// Four clients count, each for itself, until the server is killed under them; what it has
/// acknowledged has to be there when it comes back.
fn kill_while_counting(options: &[&str], rounds: u32) {
    let mut server = NookServer::start_with(options);
    for round in 0..rounds {
        let acknowledged: Vec<AtomicU64> = (0..4).map(|_| AtomicU64::new(0)).collect();
        let pause = Duration::from_millis(u64::from(round) * 37 % 150);
        let directory = thread::scope(|scope| {
            for (number, acknowledged) in acknowledged.iter().enumerate() {
                let client = server.connect();
                scope.spawn(move || count_until_killed(client, number, acknowledged));
            }
            wait_for("every client has counted", || {
                let mut counts = acknowledged.iter();
                counts.all(|count| count.load(Ordering::SeqCst) > 0)
            });
            thread::sleep(pause);
            server.kill()
        });
        server = NookServer::start_in(directory, options);
        let mut client = server.connect();
        for (number, acknowledged) in acknowledged.iter().enumerate() {
            let acknowledged = acknowledged.load(Ordering::SeqCst);
            let found = client.say(&format!("GET counter-{number}"));
            let found: u64 = found.trim_matches('"').parse().expect("a number");
            // The last step may have been kept while its reply was not sent yet.
            let may_be = acknowledged..=acknowledged + 1;
            assert!(
                may_be.contains(&found),
                "{found} of {acknowledged} acknowledged"
            );
        }
        client.say("FLUSHALL");
    }
}

fn count_until_killed(client: RedisClient, number: usize, acknowledged: &AtomicU64) {
    let mut client = client;
    let request = format!("INCR counter-{number}\r\n");
    while client.try_send(request.as_bytes()) {
        let Some(answer) = client.try_receive() else {
            return;
        };
        if let Answer::Integer(count) = answer {
            acknowledged.store(count as u64, Ordering::SeqCst);
        }
    }
}

#[test]
fn sigkill_loses_nothing_acknowledged_with_appendfsync_always() {
    kill_while_counting(JOURNAL_ALWAYS, 8);
}

#[test]
fn sigkill_loses_nothing_acknowledged_since_the_system_keeps_what_was_written() {
    kill_while_counting(JOURNAL, 4);
}

#[test]
fn redis_loads_our_snapshot_and_our_journal() {
    for options in [&["--save", "3600", "1"][..], JOURNAL] {
        let server = NookServer::start_with(options);
        let mut client = server.connect();
        fill(&mut client);
        let before = picture(&mut client);
        let (_, directory) = server.terminate();
        let appendonly = if options == JOURNAL { "yes" } else { "no" };
        let redis = RedisServer::start_in(directory, &["--appendonly", appendonly]);
        assert_same(picture(&mut redis.connect()), &before);
    }
}

#[test]
fn redis_loads_a_journal_that_was_written_anew() {
    let server = NookServer::start_with(JOURNAL);
    let mut client = server.connect();
    fill(&mut client);
    rewrite(&mut client);
    client.say("RPUSH list after");
    let before = picture(&mut client);
    let (_, directory) = server.terminate();
    let redis = RedisServer::start_in(directory, &["--appendonly", "yes"]);
    assert_same(picture(&mut redis.connect()), &before);
}

#[test]
fn redis_agrees_with_every_step_that_the_cases_take() {
    let cases: Vec<_> = case::all().collect();
    let databases = cases.len().to_string();
    let server = NookServer::start_with(&[JOURNAL, &["--databases", &databases]].concat());
    let mut client = server.connect();
    for (db, case) in cases.iter().enumerate() {
        client.say(&format!("SELECT {db}"));
        for line in &case.lines {
            let argv = split_arguments(line.text.as_bytes()).unwrap_or_default();
            let argv: Vec<&[u8]> = argv.iter().map(Vec::as_slice).collect();
            if writes_here(&argv) {
                client.call(&argv);
            }
        }
    }
    let before = picture_of(&mut client, cases.len());
    assert!(before.len() > cases.len() / 2, "{before:?}");
    let (_, directory) = server.terminate();
    let options = ["--appendonly", "yes", "--databases", &databases];
    let redis = RedisServer::start_in(directory, &options);
    assert_same(picture_of(&mut redis.connect(), cases.len()), &before);
    let log = fs::read_to_string(redis.directory().join("redis.log")).expect("a log");
    assert!(!log.contains("CRITICAL"), "{log}");
}

/// Commands that change keys at once, but for one that would take away what other cases left.
fn writes_here(argv: &[&[u8]]) -> bool {
    table().find(argv).is_ok_and(|listed| {
        let command = listed.command;
        command.flags.has(Flags::WRITE)
            && !command.flags.has(Flags::BLOCKS)
            && command.name != "FLUSHALL"
    })
}

#[test]
fn we_load_the_snapshot_and_the_journal_of_redis() {
    let redis = RedisServer::start_with(&["--appendonly", "yes"]);
    let mut client = redis.connect();
    fill(&mut client);
    rewrite(&mut client);
    fill_again(&mut client);
    let before = picture(&mut client);
    client.say("SAVE");
    let copy = copy_of(redis.directory());
    let server = NookServer::start_in(copy, JOURNAL);
    assert_same(picture(&mut server.connect()), &before);

    let only_dump = new_directory();
    fs::copy(redis.dump_path(), only_dump.path().join("dump.rdb")).expect("it was saved");
    let server = NookServer::start_in(only_dump, &["--save", ""]);
    assert_same(picture(&mut server.connect()), &before);
}

fn fill_again(client: &mut RedisClient) {
    for line in [
        "LPUSH list again",
        "SPOP many 10",
        "EXPIRE many 1000000",
        "SELECT 7",
        "SET k v",
        "SELECT 0",
    ] {
        client.say(line);
    }
}

fn rewrite(client: &mut RedisClient) {
    wait_for("a rewrite may start", || {
        client.say("BGREWRITEAOF") == "Background append only file rewriting started"
    });
    wait_for("the journal is written anew", || {
        info(client, "aof_rewrite_in_progress") == "0"
    });
    assert_eq!(info(client, "aof_last_bgrewrite_status"), "ok");
}

fn copy_of(directory: &Path) -> TempDir {
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

#[test]
fn a_journal_is_written_anew_while_it_grows_and_nothing_is_lost() {
    let options = [
        JOURNAL,
        &[
            "--auto-aof-rewrite-percentage",
            "50",
            "--auto-aof-rewrite-min-size",
            "20kb",
        ],
    ]
    .concat();
    let server = NookServer::start_with(&options);
    let mut client = server.connect();
    let base = |server: &NookServer| {
        let path = server
            .directory()
            .join("appendonlydir/appendonly.aof.manifest");
        fs::read_to_string(path).expect("a manifest")
    };
    let first = base(&server);
    let mut rounds = 0;
    wait_for("the base was replaced", || {
        for number in 0..500 {
            client.say(&format!("SET key-{number} {rounds}"));
        }
        client.say("RPUSH list x");
        rounds += 1;
        let now = base(&server);
        now != first && !now.contains("appendonly.aof.1.base.rdb")
    });
    let before = picture(&mut client);
    let files = || {
        fs::read_dir(server.directory().join("appendonlydir"))
            .expect("a folder")
            .count()
    };
    wait_for("old files are gone", || files() == 3);
    let directory = server.kill();
    let server = NookServer::start_in(directory, &options);
    assert_same(picture(&mut server.connect()), &before);
}

#[test]
fn a_snapshot_is_of_one_moment_whatever_happens_meanwhile() {
    let server = NookServer::start();
    let mut client = server.connect();
    let mut pipeline = String::new();
    for number in 0..20_000 {
        pipeline.push_str(&format!("SET key-{number} 0\r\n"));
    }
    client.send(pipeline.as_bytes());
    for _ in 0..20_000 {
        client.receive();
    }
    // In one pipeline: the snapshot begins before any of the writes behind it.
    let mut pipeline = "BGSAVE\r\n".to_owned();
    for number in 0..20_000 {
        pipeline.push_str(&format!("SET key-{} 1\r\n", number * 7 % 20_000));
    }
    client.send(pipeline.as_bytes());
    for _ in 0..=20_000 {
        client.receive();
    }
    wait_for("the snapshot is written", || {
        info(&mut client, "rdb_bgsave_in_progress") == "0"
    });
    let copy = copy_of(server.directory());
    let server = NookServer::start_in(copy, &["--save", ""]);
    let mut client = server.connect();
    assert_eq!(client.say("DBSIZE"), "(integer) 20000");
    let values: std::collections::BTreeSet<String> = (0..20_000)
        .map(|number| client.say(&format!("GET key-{number}")))
        .collect();
    assert_eq!(values.len(), 1, "{values:?}");
}

#[test]
fn a_flush_during_a_snapshot_has_it_begin_anew() {
    let server = NookServer::start();
    let mut client = server.connect();
    for number in 0..2000 {
        client.say(&format!("SET key-{number} 0"));
    }
    client.send(b"BGSAVE\r\nFLUSHALL\r\nSET after 1\r\n");
    for _ in 0..3 {
        client.receive();
    }
    wait_for("the snapshot is written", || {
        server.directory().join("dump.rdb").exists()
            && info(&mut client, "rdb_bgsave_in_progress") == "0"
    });
    assert_eq!(info(&mut client, "rdb_last_bgsave_status"), "ok");
    let server = NookServer::start_in(copy_of(server.directory()), &["--save", ""]);
    let size = server.connect().say("DBSIZE");
    assert!(
        ["(integer) 0", "(integer) 1"].contains(&size.as_str()),
        "{size}"
    );
}

#[test]
fn save_and_bgsave_answer_as_in_redis() {
    let server = NookServer::start();
    let mut client = server.connect();
    client.say("SET k v");
    assert_eq!(info(&mut client, "rdb_changes_since_last_save"), "1");
    let before: u64 = client.say("LASTSAVE")["(integer) ".len()..]
        .parse()
        .expect("a time");
    assert_eq!(client.say("SAVE"), "OK");
    assert_eq!(info(&mut client, "rdb_changes_since_last_save"), "0");
    let after: u64 = client.say("LASTSAVE")["(integer) ".len()..]
        .parse()
        .expect("a time");
    assert!(after >= before);
    assert_eq!(client.say("BGSAVE"), "Background saving started");
    let refused = client.say("BGREWRITEAOF");
    assert!(
        refused.starts_with("(error) ERR there is no journal"),
        "{refused}"
    );
    wait_for("the snapshot is written", || {
        info(&mut client, "rdb_bgsave_in_progress") == "0"
    });
}

#[test]
fn a_save_point_that_is_met_writes_a_snapshot() {
    let server = NookServer::start_with(&["--save", "1 3"]);
    let mut client = server.connect();
    client.say("SET a 1");
    client.say("SET b 1");
    thread::sleep(Duration::from_millis(1500));
    assert!(!server.directory().join("dump.rdb").exists());
    client.say("SET c 1");
    wait_for("a snapshot", || {
        server.directory().join("dump.rdb").exists()
    });
}

#[test]
fn a_snapshot_that_cannot_be_written_has_writes_refused_until_it_can() {
    let server = NookServer::start_with(&["--save", "3600 1000000"]);
    let mut client = server.connect();
    client.say("SET k v");
    // Where the snapshot is written before it takes its place.
    let in_the_way = server.directory().join("dump.rdb.unfinished");
    fs::create_dir(&in_the_way).expect("a folder");
    assert!(client.say("SAVE").starts_with("(error) ERR "));
    assert!(client.say("SET k w").starts_with("(error) MISCONF "));
    assert_eq!(client.say("GET k"), "\"v\"");
    client.send(b"SHUTDOWN\r\n");
    let answer = print::draw_answer(&client.receive());
    assert_eq!(answer, "(error) ERR Errors trying to SHUTDOWN. Check logs.");
    fs::remove_dir(&in_the_way).expect("it is there");
    assert_eq!(client.say("SAVE"), "OK");
    assert_eq!(client.say("SET k w"), "OK");
}

fn last_increment(directory: &TempDir) -> PathBuf {
    directory
        .path()
        .join("appendonlydir/appendonly.aof.1.incr.aof")
}

#[test]
fn a_step_that_a_crash_cut_short_is_dropped_and_the_rest_is_there() {
    for torn in [
        "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nhal",
        "*1\r\n$5\r\nMULTI\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n",
    ] {
        let server = NookServer::start_with(JOURNAL);
        server.connect().say("SET a whole");
        let directory = server.kill();
        let path = last_increment(&directory);
        let whole = fs::metadata(&path).expect("a journal").len();
        let mut file = OpenOptions::new()
            .append(true)
            .open(&path)
            .expect("a journal");
        file.write_all(torn.as_bytes()).expect("a write");
        let server = NookServer::start_in(directory, JOURNAL);
        assert!(
            server.log().contains("ends within a step"),
            "{}",
            server.log()
        );
        let mut client = server.connect();
        assert_eq!(client.say("GET a"), "\"whole\"");
        assert_eq!(
            fs::metadata(
                server
                    .directory()
                    .join("appendonlydir/appendonly.aof.1.incr.aof")
            )
            .expect("a journal")
            .len(),
            whole
        );
        assert_eq!(client.say("SET b 1"), "OK");
        let server = NookServer::start_in(server.kill(), JOURNAL);
        assert_eq!(server.connect().say("GET b"), "\"1\"");
    }
}

#[test]
fn a_server_does_not_start_on_a_damaged_journal_and_says_what_to_do() {
    let server = NookServer::start_with(JOURNAL);
    let mut client = server.connect();
    client.say("SET a 1");
    client.say("SET b 1");
    let directory = server.kill();
    let path = last_increment(&directory);
    let mut bytes = fs::read(&path).expect("a journal");
    let second = bytes.windows(2).rposition(|window| window == b"*3");
    bytes[second.expect("a step")] = b'!';
    fs::write(&path, &bytes).expect("a write");
    let refused = NookServer::try_start_in(directory, JOURNAL).err();
    let log = refused.expect("it does not start");
    assert!(
        log.contains("damaged behind byte") && log.contains("redis-check-aof --fix"),
        "{log}"
    );
}

#[test]
fn a_server_does_not_start_on_a_damaged_snapshot_and_leaves_it_alone() {
    let directory = new_directory();
    let path = directory.path().join("dump.rdb");
    let server = NookServer::start();
    server.connect().say("SET k v");
    server.connect().say("SAVE");
    let mut bytes = fs::read(server.directory().join("dump.rdb")).expect("a snapshot");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, &bytes).expect("a write");
    let refused = NookServer::try_start_in(copy_of(directory.path()), &["--save", "1 1"]).err();
    let log = refused.expect("it does not start");
    assert!(log.contains("dump.rdb") && log.contains("backup"), "{log}");
    assert_eq!(fs::read(&path).expect("it is there"), bytes);
}

#[test]
fn a_journal_that_is_turned_on_begins_with_the_snapshot() {
    let server = NookServer::start();
    let mut client = server.connect();
    fill(&mut client);
    let before = picture(&mut client);
    client.say("SAVE");
    let server = NookServer::start_in(copy_of(server.directory()), JOURNAL);
    assert_same(picture(&mut server.connect()), &before);
    fs::remove_file(server.directory().join("dump.rdb")).expect("it is there");
    let server = NookServer::start_in(server.kill(), JOURNAL);
    assert_same(picture(&mut server.connect()), &before);
}
