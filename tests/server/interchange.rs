//! Files that go from this server to redis-server, and back.

use std::fs;

use nookdb::commands::{Flags, table};
use nookdb::protocol::split_arguments;

use crate::case;
use crate::keeping::JOURNAL;
use crate::nook::{NookServer, new_directory};
use crate::picture::{assert_same, copy_of, fill, picture, picture_of, rewrite};
use crate::support::redis::{RedisClient, RedisServer};

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
    // As `everysec` it answers before it has written where a sync takes long, and the copy would lack the last steps.
    let redis = RedisServer::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
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
