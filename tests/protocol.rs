//! The wire: requests however they are cut, and the oracle's own words for what is not a request.

mod support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Stdio};
use std::thread;

use nookdb::error::Error;
use nookdb::protocol::reply::write_error;
use nookdb::protocol::{Answer, Bounds, Parser, ProtocolError, Resp, print, write, write_request};
use nookdb::reply::Reply;
use proptest::prelude::*;
use support::redis::RedisServer;

type Requests = Vec<Vec<Vec<u8>>>;

/// Every whole request of a stream that arrives in these pieces, and how the stream ended.
fn parse(pieces: &[&[u8]], bounds: Bounds) -> (Requests, Result<(), ProtocolError>) {
    let mut parser = Parser::new(bounds);
    let mut requests = Vec::new();
    for piece in pieces {
        parser.feed(piece);
        loop {
            match parser.take() {
                Ok(Some(argv)) => requests.push(argv.to_vecs()),
                Ok(None) => break,
                Err(error) => return (requests, Err(error)),
            }
        }
    }
    (requests, Ok(()))
}

fn request(words: &[&str]) -> Vec<Vec<u8>> {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

const MIXED: &[u8] =
    b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\nb\r\nGET  \"k\\n\"\r\n\r\n*0\r\n*-1\r\n\
    PING\n*1\r\n$0\r\n\r\n*2\r\n$4\r\nECHO\r\n$11\r\nhello world\r\n";

fn mixed_requests() -> Requests {
    vec![
        request(&["SET", "k", "a\r\nb"]),
        request(&["GET", "k\n"]),
        request(&["PING"]),
        request(&[""]),
        request(&["ECHO", "hello world"]),
    ]
}

#[test]
fn a_stream_means_the_same_however_it_is_cut_in_two() {
    for cut in 0..=MIXED.len() {
        let (head, tail) = MIXED.split_at(cut);
        let parsed = parse(&[head, tail], Bounds::default());
        assert_eq!(parsed, (mixed_requests(), Ok(())), "cut at {cut}");
    }
}

#[test]
fn a_stream_means_the_same_byte_by_byte() {
    let pieces: Vec<&[u8]> = MIXED.chunks(1).collect();
    assert_eq!(
        parse(&pieces, Bounds::default()),
        (mixed_requests(), Ok(()))
    );
}

#[test]
fn a_stream_means_the_same_however_many_requests_are_read_ahead() {
    for most in 1..=6 {
        for cut in 0..=MIXED.len() {
            let (head, tail) = MIXED.split_at(cut);
            let mut parser = Parser::default();
            parser.feed(head);
            parser.read_ahead(most);
            let ahead: Requests = parser.ahead().map(|argv| argv.to_vecs()).collect();
            // More arrives before these are taken.
            parser.feed(tail);
            let mut requests = Requests::new();
            while let Some(argv) = parser.take().unwrap() {
                requests.push(argv.to_vecs());
            }
            assert_eq!(requests, mixed_requests(), "{most} ahead, cut at {cut}");
            assert!(ahead.len() <= most && requests.starts_with(&ahead));
            assert_eq!(parser.pending_bytes(), 0);
        }
    }
}

#[test]
fn what_was_read_ahead_is_taken_before_the_error_that_follows_it() {
    let mut parser = Parser::default();
    parser.feed(b"PING\r\nPING\r\n*x\r\n");
    parser.read_ahead(10);
    assert_eq!(parser.ahead().len(), 2);
    assert_eq!(parser.pending_bytes(), 16);
    for _ in 0..2 {
        assert!(parser.take().unwrap().is_some());
    }
    for _ in 0..2 {
        assert_eq!(parser.take(), Err(ProtocolError::InvalidArrayLength));
    }
}

#[test]
fn a_claimed_length_reserves_nothing_before_its_bytes_arrive() {
    let mut parser = Parser::default();
    parser.feed(b"*1048576\r\n$536870912\r\nabc");
    assert_eq!(parser.take(), Ok(None));
    assert!(parser.input().capacity() < 1024);
    assert_eq!(parser.pending_bytes(), 25);
}

#[test]
fn a_large_request_leaves_no_large_buffer_behind() {
    let mut parser = Parser::default();
    let mut bytes = Vec::new();
    write_request(&["ECHO".as_bytes(), &vec![b'x'; 10 << 20]], &mut bytes);
    parser.feed(&bytes);
    assert_eq!(
        parser.take().unwrap().unwrap().get(1).unwrap().len(),
        10 << 20
    );
    assert_eq!(parser.take(), Ok(None));
    assert!(parser.input().capacity() <= 64 * 1024);
}

#[test]
fn empty_lines_for_ever_fill_no_buffer() {
    let mut parser = Parser::default();
    for _ in 0..10_000 {
        parser.feed(b"\r\n*0\r\n");
        assert_eq!(parser.take(), Ok(None));
    }
    assert!(parser.input().capacity() < 1024);
}

#[test]
fn a_request_is_bounded_as_a_whole() {
    let bounds = Bounds {
        max_request_bytes: 100,
        ..Bounds::default()
    };
    let sent = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$90\r\n";
    assert_eq!(parse(&[sent], bounds).1, Err(ProtocolError::TooBigRequest));
    let bounds = Bounds {
        max_arguments: 2,
        ..Bounds::default()
    };
    assert_eq!(
        parse(&[sent], bounds).1,
        Err(ProtocolError::InvalidArrayLength)
    );
    let bounds = Bounds {
        max_argument_bytes: 89,
        ..Bounds::default()
    };
    assert_eq!(
        parse(&[sent], bounds).1,
        Err(ProtocolError::InvalidBulkLength)
    );
}

#[test]
fn a_line_is_bounded_however_it_is_cut() {
    let bounds = Bounds {
        max_line_bytes: 8,
        ..Bounds::default()
    };
    let cases: [(&[u8], Result<(), ProtocolError>); 5] = [
        (b"PING abc\n", Ok(())),
        (b"PING abcd\n", Err(ProtocolError::TooBigInline)),
        (b"*1\r\n$4\r\nPING\r\n", Ok(())),
        (b"*00000001\r\n", Err(ProtocolError::TooBigArrayLine)),
        (b"*1\r\n$00000004\r\n", Err(ProtocolError::TooBigBulkLine)),
    ];
    for (stream, end) in cases {
        for cut in 0..=stream.len() {
            let (head, tail) = stream.split_at(cut);
            assert_eq!(parse(&[head, tail], bounds).1, end, "{cut}");
        }
    }
}

/// Streams that are wrong somewhere, or look as if they were.
fn doubtful_streams() -> Vec<Vec<u8>> {
    let mut streams: Vec<Vec<u8>> = [
        &b"*x\r\n"[..],
        b"*\r\n",
        b"*+1\r\n",
        b"*01\r\n",
        b"* 1\r\n",
        b"*2147483648\r\n",
        b"*99999999999999999999\r\n",
        b"*-99999999999\r\nPING\r\n",
        b"*1\r\nx3\r\nfoo\r\n",
        b"*1\r\n\r\n",
        b"*1\r\n\n$4\r\nPING\r\n",
        b"*1\r\n$\r\n",
        b"*1\r\n$-1\r\n",
        b"*1\r\n$x\r\n",
        b"*1\r\n$04\r\nPING\r\n",
        b"*1\r\n$536870913\r\n",
        b"*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n",
        b"*1\r\n$4\rxPING\r\n",
        b"*2\r\n$4\r\nPING\r\n:1\r\n",
        b"PING \"\r\n",
        b"PING 'a'b\r\n",
        b"PING \"a\" \"b\r\n",
        b"PING \"\\x41\\n\"\r\n",
        b"PING ''\r\n",
        b"PING\r\r\n",
        b"\r\n\r\n*0\r\nPING\r\n",
        b"  \r\nPING a\x0bb\r\n",
        b"ECHO $1\n",
    ]
    .map(<[u8]>::to_vec)
    .to_vec();
    let long = vec![b'1'; 70 * 1024];
    for start in [&b"*"[..], b"*1\r\n$", b"PING "] {
        streams.push([start, &long].concat());
    }
    streams
}

/// What redis-server would answer to PINGs and ECHOs, as our parser understands them.
fn understood(stream: &[u8], bounds: Bounds) -> Vec<u8> {
    let (requests, end) = parse(&[stream], bounds);
    let mut out = Vec::new();
    for argv in &requests {
        let name = argv[0].to_ascii_uppercase();
        let reply = match (&name[..], &argv[1..]) {
            _ if !bounds.authenticated => Reply::Error(Error::NoAuth),
            (b"PING", []) => Reply::Simple("PONG"),
            (b"PING" | b"ECHO", [text]) => Reply::bulk(text.clone()),
            _ => panic!(
                "this stream holds another command: {}",
                stream.escape_ascii()
            ),
        };
        write(&reply, Resp::Two, &mut out);
    }
    if let Err(error) = end {
        write_error(&error.into(), &mut out);
    }
    out
}

/// Sends a stream and nothing more, and collects the answers until there are no more.
fn answered(server: &RedisServer, stream: &[u8], refused: bool) -> Vec<u8> {
    let mut redis = server.connect();
    redis.send(stream);
    if !refused {
        // Redis closes once it answered; nothing in front of it stays unanswered.
        redis.send(b"QUIT\r\n");
    }
    redis.receive_to_end()
}

#[test]
fn requests_and_protocol_errors_are_those_of_redis() {
    let server = RedisServer::start();
    for stream in doubtful_streams() {
        let mut ours = understood(&stream, Bounds::default());
        let refused = ours.windows(20).any(|part| part == b"-ERR Protocol error:");
        if !refused {
            ours.extend_from_slice(b"+OK\r\n");
        }
        let theirs = answered(&server, &stream, refused);
        let shown = stream[..stream.len().min(60)].escape_ascii();
        assert_eq!(
            String::from_utf8_lossy(&ours),
            String::from_utf8_lossy(&theirs),
            "after {shown}"
        );
    }
}

#[test]
fn before_authentication_requests_are_bounded_as_in_redis() {
    let server = RedisServer::start_with(&["--requirepass", "secret"]);
    let bounds = Bounds {
        authenticated: false,
        ..Bounds::default()
    };
    let streams = [
        &b"*11\r\n"[..],
        b"*1\r\n$16385\r\n",
        b"*10\r\n$16384\r\nx\r\n",
    ];
    for stream in &streams[..2] {
        let ours = understood(stream, bounds);
        let theirs = answered(&server, stream, true);
        assert_eq!(
            String::from_utf8_lossy(&ours),
            String::from_utf8_lossy(&theirs)
        );
    }
    assert_eq!(parse(&streams[2..], bounds), (vec![], Ok(())));
}

/// Lets the real redis-cli print a reply: a listener that answers whatever it is asked with it.
fn printed_by_redis_cli(reply: &Reply, resp: Resp, options: &[&str]) -> Vec<u8> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let mut bytes = Vec::new();
    write(reply, resp, &mut bytes);
    let answering = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut parser = Parser::default();
        let mut piece = [0; 1024];
        loop {
            let length = stream.read(&mut piece).unwrap();
            if length == 0 {
                return;
            }
            parser.feed(&piece[..length]);
            while let Some(argv) = parser.take().unwrap() {
                let hello = argv.get(0) == Some(b"HELLO");
                let answer = if hello { b"%0\r\n" } else { &bytes[..] };
                stream.write_all(answer).unwrap();
            }
        }
    });
    let output = Command::new("redis-cli")
        .args(["-h", "127.0.0.1", "-p", &port])
        .args(options)
        .args((resp == Resp::Three).then_some("-3"))
        .arg("ASK")
        .stdin(Stdio::null())
        .output()
        .expect("redis-cli is installed with redis-server: run make setup");
    answering.join().unwrap();
    output.stdout
}

fn every_shape() -> Vec<Reply> {
    let bulk = |text: &str| Reply::bulk(text);
    let all_bytes: Vec<u8> = (0..=255).collect();
    let twelve = || (0..12).map(Reply::Integer).collect::<Vec<_>>();
    let nested = Reply::Array(vec![
        bulk("a"),
        Reply::Array(twelve()),
        Reply::Map(vec![
            (
                bulk("k"),
                Reply::Set(vec![Reply::Null, Reply::Boolean(true)]),
            ),
            (Reply::Map(vec![]), Reply::Array(vec![])),
            (
                Reply::Array(vec![Reply::Integer(1), Reply::Integer(2)]),
                Reply::Map(vec![(Reply::OK, Reply::OK)]),
            ),
            (
                Reply::Integer(7),
                Reply::Array(vec![Reply::Double(1.5), Reply::OK]),
            ),
        ]),
        Reply::Pairs(vec![(bulk("m"), Reply::Double(-0.25))]),
    ]);
    vec![
        Reply::OK,
        Reply::Error(Error::SaidOf("ERR two\r\nlines".into())),
        Reply::Integer(-42),
        Reply::Double(1.5),
        Reply::Double(f64::INFINITY),
        Reply::Boolean(true),
        Reply::Boolean(false),
        Reply::Null,
        Reply::NullArray,
        Reply::bulk(all_bytes),
        Reply::Verbatim("txt", b"# Server\r\nx:1\r\n".to_vec()),
        Reply::Array(vec![]),
        Reply::Map(vec![]),
        Reply::Set(vec![]),
        Reply::Map(
            (0..10)
                .map(|n| (Reply::Integer(n), Reply::Array(twelve())))
                .collect(),
        ),
        Reply::Set(vec![bulk("x"), nested.clone()]),
        nested,
    ]
}

#[test]
fn replies_are_drawn_as_redis_cli_draws_them_on_a_terminal() {
    for resp in [Resp::Two, Resp::Three] {
        for reply in every_shape() {
            let theirs = printed_by_redis_cli(&reply, resp, &["--no-raw"]);
            let ours = print::draw(&reply, resp) + "\n";
            assert_eq!(ours, String::from_utf8_lossy(&theirs), "{resp:?} {reply:?}");
        }
    }
}

#[test]
fn replies_are_drawn_as_redis_cli_draws_them_into_a_pipe() {
    for resp in [Resp::Two, Resp::Three] {
        for reply in every_shape() {
            let theirs = printed_by_redis_cli(&reply, resp, &["--raw"]);
            let ours = [&print::draw_raw(&reply, resp)[..], b"\n"].concat();
            assert_eq!(
                ours.escape_ascii().to_string(),
                theirs.escape_ascii().to_string(),
                "{resp:?}"
            );
        }
    }
}

fn any_arguments() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..8)
}

/// Bytes that look enough like RESP to get somewhere.
fn almost_resp() -> impl Strategy<Value = Vec<u8>> {
    let tokens = [
        "*", "$", "-", "_", "#t", "%", "~", ">", "|", "=", ":", ",", "1", "2", "0", "\r\n", "\n",
        "a", "\"",
    ];
    let token = prop::sample::select(tokens.to_vec()).prop_map(|token| token.as_bytes().to_vec());
    let noise = prop::collection::vec(any::<u8>(), 0..4);
    prop::collection::vec(prop_oneof![8 => token, 1 => noise], 0..60)
        .prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn what_was_written_is_parsed(requests in prop::collection::vec(any_arguments(), 0..5)) {
        let mut bytes = Vec::new();
        for request in &requests {
            write_request(request, &mut bytes);
        }
        prop_assert_eq!(parse(&[&bytes], Bounds::default()), (requests, Ok(())));
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in almost_resp(), piece in 1usize..9) {
        let pieces: Vec<&[u8]> = bytes.chunks(piece).collect();
        let (requests, end) = parse(&pieces, Bounds::default());
        prop_assert_eq!((requests, end), parse(&[&bytes], Bounds::default()));
        if let Ok(Some((answer, used))) = Answer::read(&bytes) {
            prop_assert!(used <= bytes.len());
            print::draw_answer(&answer);
            print::draw_answer_raw(&answer);
        }
    }
}
