//! RESP over TCP: sessions, pipelines, messages, waits, and the bounds of each.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use nookdb::commands::table;
use nookdb::db::split_mix;
use nookdb::protocol::{Answer, write_request};

use crate::keeping::JOURNAL;
use crate::nook::{NookServer, wait_for};
use crate::support::redis::RedisClient;

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

/// Lines that are typed, as opposed to a command on its command line: before the first it reads all of COMMAND DOCS.
#[test]
fn redis_cli_can_be_typed_into() {
    let server = NookServer::start();
    let mut cli = Command::new("redis-cli")
        .args(["-p", &server.port.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("redis-cli is installed by `make setup`");
    let mut typed = cli.stdin.take().expect("piped");
    typed
        .write_all(b"SET greeting hello\nGET greeting\n")
        .expect("redis-cli reads");
    drop(typed);
    let Output { stdout, stderr, .. } = cli.wait_with_output().expect("redis-cli ends");
    assert_eq!(String::from_utf8_lossy(&stderr), "");
    assert_eq!(String::from_utf8_lossy(&stdout), "OK\nhello\n");
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

/// Tables of so many elements are looked ahead in, by words that need not be elements.
#[test]
fn a_pipeline_on_a_large_table_is_answered_as_one_request_after_the_other() {
    const LEN: usize = 6000;
    let server = NookServer::start();
    let mut client = server.connect();
    let long = "x".repeat(300);
    let odd = [
        "HGET h 7;HGET h nothing;HGET h;HSET h 7 seven;HSET h 7;HSET h 8 eight 9 nine;HGET h 8;HDEL h 7 8",
        "HGET h 7;HGET h LONG;HLEN h;ZADD h 1 7;SADD h 7;HSET h LONG LONG;HINCRBY h 9 1;HINCRBY h 10 1;HGETALL",
        "SADD s 7;SADD s nothing;SADD s;SREM s 7 8;SISMEMBER s 7;SMISMEMBER s 9 7;SCARD s;HGET s 7;SADD s LONG",
        "ZADD z 3 7;ZADD z inf 8;ZADD z -inf 9;ZADD z nan 9;ZADD z 1;ZADD z;ZADD z NX 1 7;ZSCORE z 7;ZADD z 1 LONG",
        "ZRANK z 7;ZREM z 7;ZRANK z 7;ZADD z 3 7;ZADD z 3 new;ZADD z 3 newer 4 newest;ZINCRBY z 2 7;ZCARD z",
        "ZADD z 9 7;ZADD z 9 8;ZADD z 8 8;ZADD z 7 a;ZADD z 6 a;ZADD z 6 a;zadd z 2 8;ZADD y 1 7;ZADD z 2 7;ZSCORE z a",
        "ZRANGE z 0 3;ZRANGE z 3 3 BYSCORE;ZREVRANK z 10;ZADD z CH 1 10 2 11;ZRANGE z 0 2;HGET z 7;LPUSH z 7",
    ];
    let answers = [1, 1000].map(|at_once| {
        client.say("FLUSHALL");
        let mut requests: Vec<String> = (0..LEN)
            .flat_map(|number| {
                let score = number / 3;
                [
                    format!("HSET h {number} value-{number}"),
                    format!("SADD s member-{number} {number}"),
                    format!("ZADD z {score} {number}"),
                ]
            })
            .collect();
        // Of each kind together.
        requests.sort();
        for line in odd {
            requests.extend(line.replace("LONG", &long).split(';').map(str::to_owned));
        }
        answers_of(&mut client, &requests, at_once)
    });
    assert_same(answers);
}

/// Those of requests that are words with spaces between, so many of them in a pipeline.
fn answers_of(client: &mut RedisClient, requests: &[String], at_once: usize) -> Vec<Answer> {
    let mut answers = Vec::new();
    for some in requests.chunks(at_once) {
        let mut pipeline = Vec::new();
        for request in some {
            let words: Vec<&str> = request.split(' ').collect();
            write_request(&words, &mut pipeline);
        }
        client.send(&pipeline);
        answers.extend(some.iter().map(|_| client.receive()));
    }
    answers
}

fn assert_same([one_by_one, together]: [Vec<Answer>; 2]) {
    assert_eq!(one_by_one.len(), together.len());
    for (number, answer) in one_by_one.iter().enumerate() {
        assert_eq!(&together[number], answer, "request {number}");
    }
}

/// What the same requests are answered in one pipeline and one by one.
#[test]
fn a_pipeline_of_strings_is_answered_as_one_request_after_the_other() {
    const LEN: usize = 20_000;
    let server = NookServer::start();
    let mut client = server.connect();
    let answers = [1, 1000].map(|at_once| {
        client.say("FLUSHALL");
        let sets = (0..LEN).map(|number| format!("SET key-{number} value-{number}-{:060}", 0));
        let gets = (0..LEN + 5).map(|number| format!("get key-{}", number * 7 % LEN));
        let odd = [
            "LPUSH list 1;GET key-1;GET list;GET none;GET key-2;GET;GET key-1 key-2;GET key-3;SET key-1 12;GET key-1",
            "SET key-1 a;SELECT 1;GET key-1;GET key-2;SET key-1 one;SET key-2 two;SET list 1;SELECT 0;GET key-1;GET list",
            "SET list now;set list 2;SET list 3 NX;SET list;GET list;GET key-5;ZADD z 1 a;ZADD z 1 b;GET z;GET key-6",
            "MULTI;SET key-1 b;SET key-2 b;GET key-1;GET key-2;EXEC;GET key-1;GET key-2;PEXPIREAT key-1 1;GET key-1;GET key-1",
        ];
        let odd = odd.iter().flat_map(|line| line.split(';').map(str::to_owned));
        let requests: Vec<String> = sets.chain(gets).chain(odd).collect();
        answers_of(&mut client, &requests, at_once)
    });
    assert_same(answers);
}

#[test]
fn messages_reach_clients_of_either_protocol_before_the_reply_of_who_sent_them() {
    let server = NookServer::start();
    let (mut two, mut three) = (server.connect(), server.connect());
    three.say("HELLO 3");
    for client in [&mut two, &mut three] {
        client.say("SUBSCRIBE news");
    }
    assert_eq!(server.connect().say("PUBLISH news hello"), "(integer) 2");
    let parts = || [&b"message"[..], b"news", b"hello"].map(|part| Answer::Bulk(part.to_vec()));
    assert_eq!(two.receive(), Answer::Array(parts().into()));
    assert_eq!(three.receive(), Answer::Push(parts().into()));
    let refused = two.say("GET k");
    assert!(
        refused.starts_with("(error) ERR Can't execute 'get'"),
        "{refused}"
    );
    three.send(b"PUBLISH news again\r\n");
    assert!(matches!(three.receive(), Answer::Push(_)));
    assert_eq!(three.receive(), Answer::Integer(2));
}

/// GET and SET are run by a way of their own: to their clients it is the same one.
#[test]
fn a_pipeline_of_gets_and_sets_is_answered_as_each_by_itself() {
    let server = NookServer::start();
    let (mut two, mut three) = (server.connect(), server.connect());
    three.say("HELLO 3");
    let lines = [
        "SET k v",
        "get k",
        "GET none",
        "RPUSH l a",
        "GET l",
        "set l 12",
        "GET l",
        "INCR l",
        "GET l",
        "SET k x GET",
        "GET",
        "SET k",
        "GET k k",
        "MULTI",
        "SET k y",
        "GET k",
        "EXEC",
        "SET k z PX 1000000",
        "SET k w",
        "TTL k",
    ];
    let nothing = |two| if two { "$-1\r\n" } else { "_\r\n" };
    for (client, is_two) in [(&mut two, true), (&mut three, false)] {
        client.say("FLUSHALL");
        client.send((lines.join("\r\n") + "\r\nQUIT\r\n").as_bytes());
        let heard = String::from_utf8(client.receive_to_end()).expect("text");
        let arity = |name: &str| format!("-ERR wrong number of arguments for '{name}' command\r\n");
        let expected = [
            "+OK\r\n$1\r\nv\r\n",
            nothing(is_two),
            ":1\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
            "+OK\r\n$2\r\n12\r\n:13\r\n$2\r\n13\r\n$1\r\nv\r\n",
            &arity("get"),
            &arity("set"),
            &arity("get"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$1\r\ny\r\n",
            "+OK\r\n+OK\r\n:-1\r\n+OK\r\n",
        ];
        assert_eq!(heard, expected.concat());
    }
}

#[test]
fn a_subscriber_hears_of_its_own_get_and_set_before_their_replies() {
    let server = NookServer::start();
    let mut client = server.connect();
    client.say("HELLO 3");
    client.say("CONFIG SET notify-keyspace-events KEAm");
    client.say("SUBSCRIBE __keyevent@0__:set __keyevent@0__:keymiss");
    client.receive();
    client.send(b"SET k v\r\nGET none\r\n");
    assert!(matches!(client.receive(), Answer::Push(_)));
    assert_eq!(client.receive(), Answer::Simple(b"OK".to_vec()));
    assert!(matches!(client.receive(), Answer::Push(_)));
    assert_eq!(client.receive(), Answer::Null);
    client.say("UNSUBSCRIBE");
    client.receive();
    client.send(b"CLIENT REPLY SKIP\r\nSET k w\r\nGET k\r\n");
    assert_eq!(client.receive(), Answer::Bulk(b"w".to_vec()));
    client.send(b"CLIENT REPLY OFF\r\nSET k x\r\nGET k\r\nCLIENT REPLY ON\r\n");
    assert_eq!(client.receive(), Answer::Simple(b"OK".to_vec()));
}

/// Enough keys for the server to look ahead for those of a batch.
#[test]
fn long_pipelines_over_many_keys_are_answered_in_order() {
    let server = NookServer::start();
    let mut client = server.connect();
    let value = "x".repeat(64);
    for write in [true, false] {
        let mut pipeline = Vec::new();
        for number in 0..40_000 {
            let (key, value) = (format!("key:{number}"), format!("{number}:{value}"));
            if write {
                write_request(&["SET", &key, &value], &mut pipeline);
            } else {
                write_request(&["GET", &key], &mut pipeline);
                write_request(&["GET", "none"], &mut pipeline);
            }
        }
        client.send(&pipeline);
        for number in 0..40_000 {
            if write {
                assert_eq!(client.receive(), Answer::Simple(b"OK".to_vec()));
            } else {
                let value = format!("{number}:{value}");
                assert_eq!(client.receive(), Answer::Bulk(value.into_bytes()));
                assert_eq!(client.receive(), Answer::Null);
            }
        }
    }
}

#[test]
fn what_a_waiting_client_has_sent_ahead_runs_when_its_wait_is_over() {
    let server = NookServer::start();
    let (mut waiting, mut other) = (server.connect(), server.connect());
    waiting.send(b"BLPOP jobs 0\r\nLLEN jobs\r\nPING\r\n");
    wait_for("it waits", || {
        other.say("INFO clients").contains("blocked_clients:1")
    });
    assert_eq!(other.say("RPUSH jobs a b"), "(integer) 2");
    let popped = [&b"jobs"[..], b"a"].map(|part| Answer::Bulk(part.to_vec()));
    assert_eq!(waiting.receive(), Answer::Array(popped.into()));
    assert_eq!(waiting.receive(), Answer::Integer(1));
    assert_eq!(waiting.receive(), Answer::Simple(b"PONG".to_vec()));
}

#[test]
fn a_wait_ends_with_its_time() {
    let server = NookServer::start();
    let mut client = server.connect();
    let start = Instant::now();
    assert_eq!(client.say("BLPOP jobs 0.2"), "(nil)");
    let took = start.elapsed();
    assert!(
        took >= Duration::from_millis(200) && took < Duration::from_secs(5),
        "{took:?}"
    );
    assert_eq!(client.say("PING"), "PONG");
}

#[test]
fn nothing_is_handed_to_a_client_that_left_while_it_waited() {
    let server = NookServer::start();
    let mut other = server.connect();
    let mut waiting = server.connect();
    waiting.send(b"BLPOP jobs 0\r\n");
    wait_for("it waits", || {
        other.say("INFO clients").contains("blocked_clients:1")
    });
    drop(waiting);
    wait_for("it has left", || {
        other.say("INFO clients").contains("connected_clients:1")
    });
    assert_eq!(other.say("RPUSH jobs a"), "(integer) 1");
    assert_eq!(other.say("LLEN jobs"), "(integer) 1");
}

#[test]
fn without_the_password_nothing_is_answered_and_little_is_read() {
    let server = NookServer::start_with(&["--save", "", "--requirepass", "secret"]);
    let mut client = server.connect();
    assert_eq!(
        client.say("GET k"),
        "(error) NOAUTH Authentication required."
    );
    let wrong = client.say("AUTH wrong");
    assert!(wrong.starts_with("(error) WRONGPASS"), "{wrong}");
    assert_eq!(client.say("AUTH secret"), "OK");
    let long = "x".repeat(100_000);
    assert_eq!(
        client.call(&["SET", "k", &long]),
        Answer::Simple(b"OK".to_vec())
    );
    // One that leaves its rights may send as little as one that never had any.
    assert_eq!(client.say("RESET"), "RESET");
    client.send(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n");
    let heard = client.receive_to_end();
    assert_eq!(
        heard,
        b"-ERR Protocol error: unauthenticated bulk length\r\n"
    );
    // What is sent in one piece with the password counts as sent after it.
    let mut client = server.connect();
    let mut pipeline = Vec::new();
    write_request(&["AUTH", "secret"], &mut pipeline);
    write_request(&["SET", "k", &long], &mut pipeline);
    client.send(&pipeline);
    assert_eq!(client.receive(), Answer::Simple(b"OK".to_vec()));
    assert_eq!(client.receive(), Answer::Simple(b"OK".to_vec()));
}

#[test]
fn a_client_that_wants_no_replies_gets_none_but_messages() {
    let server = NookServer::start();
    let mut client = server.connect();
    client.say("HELLO 3");
    client.say("SUBSCRIBE news");
    client.send(b"CLIENT REPLY SKIP\r\nPING\r\nECHO heard\r\n");
    assert_eq!(client.receive(), Answer::Bulk(b"heard".to_vec()));
    client.send(b"CLIENT REPLY OFF\r\nPING\r\nPUBLISH news x\r\nCLIENT REPLY ON\r\n");
    assert!(matches!(client.receive(), Answer::Push(_)));
    assert_eq!(client.receive(), Answer::Simple(b"OK".to_vec()));
}

#[test]
fn quit_is_answered_and_what_follows_it_is_not() {
    let server = NookServer::start();
    let mut client = server.connect();
    client.send(b"SET k 1\r\nQUIT\r\nSET k 2\r\n");
    assert_eq!(client.receive_to_end(), b"+OK\r\n+OK\r\n");
    assert_eq!(server.connect().say("GET k"), "\"1\"");
}

#[test]
fn a_browser_that_was_made_to_speak_to_the_port_is_cut_off() {
    let server = NookServer::start();
    for request in [
        "POST / HTTP/1.1\r\nHost: localhost\r\n\r\nSET k v\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\nSET k v\r\n",
    ] {
        let mut client = server.connect();
        client.send(request.as_bytes());
        let heard = String::from_utf8(client.receive_to_end()).expect("text");
        assert!(!heard.contains("OK"), "{heard}");
    }
    assert_eq!(server.connect().say("GET k"), "(nil)");
    assert!(server.log().contains("speaks HTTP"), "{}", server.log());
}

#[test]
fn what_breaks_the_protocol_or_its_bounds_is_told_so_and_closed() {
    let server = NookServer::start();
    let long_line = "x".repeat(70_000);
    for (bytes, told) in [
        ("*1\r\n$536870913\r\n", "invalid bulk length"),
        ("*1\r\n$-5\r\n", "invalid bulk length"),
        ("*1048577\r\n", "invalid multibulk length"),
        ("*99999999999999999999\r\n", "invalid multibulk length"),
        ("*1\r\n+PING\r\n", "expected '$', got '+'"),
        ("SET \"k\r\n", "unbalanced quotes in request"),
        (&long_line, "too big inline request"),
    ] {
        let mut client = server.connect();
        client.send(bytes.as_bytes());
        let heard = String::from_utf8(client.receive_to_end()).expect("text");
        assert_eq!(
            heard,
            format!("-ERR Protocol error: {told}\r\n"),
            "{bytes:.40}"
        );
    }
    // A length is not believed before its bytes arrive: these hold next to no memory.
    let idle: Vec<_> = (0..50)
        .map(|_| {
            let mut client = server.connect();
            client.send(b"*1048576\r\n$536870912\r\nx");
            client
        })
        .collect();
    assert!(resident_bytes(&server) < 200 * 1024 * 1024);
    assert_eq!(server.connect().say("PING"), "PONG");
    drop(idle);
}

/// What the process holds of the machine's memory.
fn resident_bytes(server: &NookServer) -> usize {
    let path = format!("/proc/{}/status", server.process_id());
    let status = std::fs::read_to_string(path).expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kib.expect("a size").parse::<usize>().expect("a number") * 1024
}

#[test]
fn one_client_too_many_is_turned_away() {
    let server = NookServer::start_with(&["--save", "", "--maxclients", "2"]);
    let mut clients = [server.connect(), server.connect()];
    for client in &mut clients {
        assert_eq!(client.say("PING"), "PONG");
    }
    let heard = server.connect().receive_to_end();
    assert_eq!(heard, b"-ERR max number of clients reached\r\n");
    drop(clients);
    wait_for("there is room again", || {
        let mut client = server.connect();
        client.try_send(b"PING\r\n")
            && client.try_receive() == Some(Answer::Simple(b"PONG".to_vec()))
    });
}

#[test]
fn a_subscriber_that_does_not_read_is_cut_off_and_the_others_go_on() {
    let server = NookServer::start();
    let mut slow = server.connect();
    slow.say("SUBSCRIBE news");
    let mut sender = server.connect();
    let message = "x".repeat(1024 * 1024);
    wait_for("it is cut off", || {
        sender.call(&["PUBLISH", "news", &message]) == Answer::Integer(0)
    });
    assert!(resident_bytes(&server) < 300 * 1024 * 1024);
}

#[test]
fn a_client_that_sends_and_does_not_read_is_held_up_and_loses_nothing() {
    let server = NookServer::start();
    let mut client = server.connect();
    let value = "x".repeat(1024 * 1024);
    client.call(&["SET", "k", &value]);
    let mut pipeline = Vec::new();
    for _ in 0..200 {
        write_request(&["GET", "k"], &mut pipeline);
    }
    client.send(&pipeline);
    std::thread::sleep(Duration::from_millis(300));
    assert!(resident_bytes(&server) < 150 * 1024 * 1024);
    assert_eq!(server.connect().say("PING"), "PONG");
    for _ in 0..200 {
        assert_eq!(client.receive(), Answer::Bulk(value.clone().into_bytes()));
    }
}

#[test]
fn no_bytes_bring_the_server_down() {
    let server = NookServer::start_with(&["--save", "", "--appendonly", "yes"]);
    let mut noise = Noise(0x5EED);
    for round in 0..300 {
        let mut client = server.connect();
        let bytes = match round % 3 {
            0 => noise.bytes(),
            1 => noise.almost_requests(),
            _ => noise.requests(),
        };
        client.try_send(&bytes);
    }
    let mut client = server.connect();
    assert_eq!(client.say("SET k v"), "OK");
    let before = client.say("DBSIZE");
    let (status, directory) = server.terminate();
    assert!(status.success());
    let server = NookServer::start_in(directory, &["--save", "", "--appendonly", "yes"]);
    assert_eq!(server.connect().say("DBSIZE"), before);
}

/// Bytes that a client could send, the same in every run.
struct Noise(u64);

impl Noise {
    fn below(&mut self, bound: u64) -> u64 {
        split_mix(&mut self.0) % bound
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = self.below(2000);
        (0..length).map(|_| self.below(256) as u8).collect()
    }

    /// Commands that exist, with arguments that may fit; none that end or empty the server.
    fn requests(&mut self) -> Vec<u8> {
        let commands: Vec<_> = table()
            .iter()
            .map(|listed| listed.command.name)
            .filter(|name| !["SHUTDOWN", "CONFIG SET"].contains(name))
            .collect();
        let words = [
            "a",
            "b",
            "0",
            "1",
            "-1",
            "(1",
            "inf",
            "",
            "*",
            "EX",
            "LIMIT",
            "\r\n",
            "9223372036854775807",
        ];
        let mut bytes = Vec::new();
        for _ in 0..20 {
            let name = commands[self.below(commands.len() as u64) as usize];
            let mut argv: Vec<&str> = name.split(' ').collect();
            for _ in 0..self.below(6) {
                argv.push(words[self.below(words.len() as u64) as usize]);
            }
            write_request(&argv, &mut bytes);
        }
        bytes
    }

    /// Requests with a few bytes changed.
    fn almost_requests(&mut self) -> Vec<u8> {
        let mut bytes = self.requests();
        for _ in 0..self.below(5) {
            let at = self.below(bytes.len() as u64) as usize;
            bytes[at] = self.below(256) as u8;
        }
        bytes
    }
}

#[test]
fn help_names_every_flag_and_bad_ones_are_refused() {
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_nookdb-server"))
            .args(arguments)
            .output()
            .expect("it was built");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).expect("text"))
    };
    let (code, help) = run(&["--help"]);
    assert_eq!(code, Some(0));
    for flag in [
        "--port",
        "--bind",
        "--dir",
        "--save",
        "--appendonly",
        "--requirepass",
        "--site",
    ] {
        assert!(help.contains(flag), "{flag} in {help}");
    }
    for arguments in [
        &["--save", "1"][..],
        &["--maxmemory", "much"],
        &["--appendfsync", "sometimes"],
        &["--bind", "localhost"],
        &["--databases", "0"],
        &["--dir", "/no/such/folder"],
        &["--site", "/no/such/folder"],
        &["--dbfilename", "../dump.rdb"],
        &["--what"],
    ] {
        let (code, message) = run(arguments);
        assert_eq!(code, Some(2), "{arguments:?}");
        assert!(message.starts_with("error: "), "{message}");
    }
}

#[test]
fn a_second_server_on_the_same_port_says_so_and_ends() {
    let server = NookServer::start();
    let port = server.port.to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_nookdb-server"))
        .args(["--port", &port, "--save", ""])
        .output()
        .expect("it was built");
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).expect("text");
    assert!(
        message.contains(&format!("cannot listen on 127.0.0.1:{port}")),
        "{message}"
    );
}

#[test]
fn a_second_server_on_the_same_folder_says_so_and_ends() {
    let server = NookServer::start_with(JOURNAL);
    for options in [JOURNAL, &["--save", "3600 1"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_nookdb-server"))
            .args(["--port", "0", "--http-port", "0", "--dir"])
            .arg(server.directory())
            .args(options)
            .output()
            .expect("it was built");
        assert_eq!(output.status.code(), Some(1));
        let message = String::from_utf8(output.stderr).expect("text");
        assert!(
            message.contains("another nookdb-server keeps its data there"),
            "{message}"
        );
    }
    assert_eq!(server.connect().say("SET k v"), "OK");
    // The lock goes with the process, however that ends.
    let server = NookServer::start_in(server.kill(), JOURNAL);
    assert_eq!(server.connect().say("GET k"), "\"v\"");
}
