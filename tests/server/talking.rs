//! RESP over TCP: sessions, pipelines, messages, waits, and the bounds of each.

use std::process::{Command, Output};

use nookdb::protocol::{Answer, write_request};

use crate::nook::NookServer;

fn redis_cli(server: &NookServer, arguments: &[&str]) -> Output {
    Command::new("redis-cli")
        .args(["-p", &server.port.to_string()])
        .args(arguments)
        .output()
        .expect("redis-cli is installed by `make setup`")
}

#[test]
fn redis_cli_holds_a_conversation() {
    let server = NookServer::start();
    let say = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        String::from_utf8(redis_cli(&server, &words).stdout).expect("text")
    };
    assert_eq!(say("SET greeting hello"), "OK\n");
    assert_eq!(say("GET greeting"), "hello\n");
    assert_eq!(say("RPUSH list a b"), "2\n");
    assert_eq!(say("LRANGE list 0 -1"), "a\nb\n");
    assert_eq!(say("-3 HGETALL nothing"), "\n");
    assert_eq!(say("CONFIG GET save"), "save\n\n");
    assert!(say("INFO server").contains("redis_version:"));
}

#[test]
fn redis_benchmark_runs_every_one_of_its_tests() {
    let server = NookServer::start();
    let tests = "ping,set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,lrange,mset";
    let output = Command::new("redis-benchmark")
        .args(["-p", &server.port.to_string(), "-q", "--csv"])
        .args(["-n", "400", "-c", "20", "-P", "4", "-r", "100", "-t", tests])
        .output()
        .expect("redis-benchmark is installed by `make setup`");
    let table = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{table}");
    // A line for each test, two of ping, four of lrange and its preparation, and the heading.
    assert_eq!(table.lines().count(), 21, "{table}");
    assert!(!table.to_lowercase().contains("error"), "{table}");
}

#[test]
fn a_pipeline_is_answered_in_order_however_it_is_cut() {
    let server = NookServer::start();
    let mut client = server.connect();
    let mut pipeline = Vec::new();
    for number in 0..1000 {
        write_request(&["RPUSH", "numbers", &number.to_string()], &mut pipeline);
    }
    for piece in pipeline.chunks(777) {
        client.send(piece);
    }
    for length in 1..=1000 {
        assert_eq!(client.receive(), Answer::Integer(length));
    }
}
