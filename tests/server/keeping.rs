//! What is kept: after SIGTERM, after SIGKILL, while it is written anew, and where it is damaged.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use nookdb::protocol::{Answer, print};
use tempfile::TempDir;

use crate::nook::{NookServer, new_directory, wait_for};
use crate::picture::{assert_same, copy_of, fill, info, picture, rewrite};
use crate::support::redis::RedisClient;

pub const JOURNAL: &[&str] = &["--save", "", "--appendonly", "yes"];
pub const JOURNAL_ALWAYS: &[&str] = &[
    "--save",
    "",
    "--appendonly",
    "yes",
    "--appendfsync",
    "always",
];

const NOSAVE: &str = "SHUTDOWN NOSAVE ends without the snapshot";

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

/// It began anew with what was left, again and again where flushes came often; and the flushed keys
/// stayed in memory for good.
#[test]
fn a_snapshot_is_of_its_moment_though_all_is_flushed_meanwhile() {
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
    assert_eq!(server.connect().say("DBSIZE"), "(integer) 2000");
}

#[test]
fn a_flush_while_the_journal_is_written_anew_is_kept_like_any_step() {
    // All is synced by then: the base is of the moment of the call.
    let server = NookServer::start_with(JOURNAL_ALWAYS);
    let mut client = server.connect();
    fill(&mut client);
    client.send(b"BGREWRITEAOF\r\nLSET long 0 x\r\nFLUSHALL\r\nSET after 1\r\n");
    for _ in 0..4 {
        client.receive();
    }
    wait_for("the journal is written anew", || {
        info(&mut client, "aof_rewrite_in_progress") == "0"
    });
    assert_eq!(info(&mut client, "aof_last_bgrewrite_status"), "ok");
    let before = picture(&mut client);
    assert_eq!(before.len(), 1);
    rewrite(&mut client);
    let server = NookServer::start_in(server.kill(), JOURNAL);
    assert_same(picture(&mut server.connect()), &before);
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
    let mut queued = server.connect();
    queued.say("MULTI");
    queued.say("SET k w");
    // Where the snapshot is written before it takes its place.
    let in_the_way = server.directory().join("dump.rdb.unfinished");
    fs::create_dir(&in_the_way).expect("a folder");
    let refusal = client.say("SAVE");
    assert!(refusal.starts_with("(error) ERR "));
    assert!(refusal.contains("dump.rdb.unfinished: "), "{refusal}");
    assert!(client.say("SET k w").starts_with("(error) MISCONF "));
    assert_eq!(client.say("GET k"), "\"v\"");
    // Neither a part of a transaction, nor one that was queued before.
    assert_eq!(client.say("MULTI"), "OK");
    assert!(client.say("SET k w").starts_with("(error) MISCONF "));
    assert!(client.say("EXEC").starts_with("(error) EXECABORT "));
    assert!(queued.say("EXEC").starts_with("(error) MISCONF "));
    assert_eq!(queued.say("GET k"), "\"v\"");
    client.send(b"SHUTDOWN\r\n");
    let answer = print::draw_answer(&client.receive());
    assert_eq!(answer, "(error) ERR Errors trying to SHUTDOWN. Check logs.");
    assert!(server.log().contains(NOSAVE), "{}", server.log());
    fs::remove_dir(&in_the_way).expect("it is there");
    assert_eq!(client.say("SAVE"), "OK");
    assert_eq!(client.say("SET k w"), "OK");
}

/// Ctrl-C was refused in a folder where nobody may write, though there was nothing to lose.
#[test]
fn a_snapshot_that_cannot_be_written_keeps_no_server_from_ending_that_has_nothing_new() {
    let saving = &["--save", "3600 1000000"];
    let end_without = |server: NookServer| {
        let in_the_way = server.directory().join("dump.rdb.unfinished");
        fs::create_dir(in_the_way).expect("a folder");
        let (status, directory) = server.terminate();
        assert!(status.success());
        fs::remove_dir(directory.path().join("dump.rdb.unfinished")).expect("it is there");
        directory
    };
    let directory = end_without(NookServer::start_with(saving));
    let server = NookServer::start_in(directory, saving);
    server.connect().say("SET k v");
    let (_, directory) = server.terminate();
    let directory = end_without(NookServer::start_in(directory, saving));
    let server = NookServer::start_in(directory, saving);
    assert_eq!(server.connect().say("GET k"), "\"v\"");
}

/// Without the snapshot, it would fail on the journal again.
#[test]
fn a_journal_that_cannot_be_written_is_not_told_as_a_snapshot() {
    let server = NookServer::start_with_short_files(JOURNAL);
    let mut client = server.connect();
    for key in ["a", "b", "c"] {
        client.send(format!("SET {key} {}\r\n", "v".repeat(60_000)).as_bytes());
    }
    wait_for("the journal fails", || {
        server
            .connect()
            .say("SET k v")
            .starts_with("(error) MISCONF Errors writing to the AOF file")
    });
    server.send_sigterm();
    wait_for("it goes on", || server.log().contains("still running"));
    assert!(!server.log().contains(NOSAVE), "{}", server.log());
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
