//! The HTTP port: WebSocket sessions and whom they are refused to, the site, health and metrics.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use nookdb::protocol::{Answer, print, write_request};
use tungstenite::client::IntoClientRequest;
use tungstenite::http::{HeaderValue, StatusCode};
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Error, Message, WebSocket, connect};

use crate::nook::{NookServer, new_directory};

/// A page's connection.
struct Page {
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    received: Vec<u8>,
}

impl Page {
    /// # Errors
    /// The status that the server refuses with.
    fn open(server: &NookServer, path: &str, origin: Option<&str>) -> Result<Page, StatusCode> {
        let address = format!("ws://127.0.0.1:{}{path}", server.http_port);
        let mut request = address.into_client_request().expect("an address");
        if let Some(origin) = origin {
            let value = HeaderValue::from_str(origin).expect("a header");
            request.headers_mut().insert("Origin", value);
        }
        match connect(request) {
            Ok((socket, _)) => Ok(Page {
                socket,
                received: Vec::new(),
            }),
            Err(Error::Http(response)) => Err(response.status()),
            Err(error) => panic!("{error}"),
        }
    }

    fn send(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let mut request = Vec::new();
        write_request(&words, &mut request);
        self.send_bytes(&request);
    }

    fn send_bytes(&mut self, bytes: &[u8]) {
        let message = Message::binary(bytes.to_vec());
        self.socket.send(message).expect("the server reads");
    }

    fn hear(&mut self) -> String {
        loop {
            match Answer::read(&self.received).expect("the server speaks RESP") {
                Some((answer, used)) => {
                    self.received.drain(..used);
                    return print::draw_answer(&answer);
                }
                None => match self.socket.read().expect("a message") {
                    Message::Binary(bytes) => self.received.extend_from_slice(&bytes),
                    Message::Ping(_) => {}
                    other => panic!("not a binary message: {other:?}"),
                },
            }
        }
    }

    fn say(&mut self, line: &str) -> String {
        self.send(line);
        self.hear()
    }

    /// The code with which the server closes.
    fn hear_close(&mut self) -> u16 {
        loop {
            if let Message::Close(frame) = self.socket.read().expect("a close") {
                return frame.expect("a reason").code.into();
            }
        }
    }
}

#[test]
fn a_page_speaks_resp3_in_binary_messages() {
    let server = NookServer::start();
    let mut page = Page::open(&server, "/ws", None).expect("no browser, no origin");
    assert_eq!(page.say("HSET h a 1"), "(integer) 1");
    assert_eq!(page.say("HGETALL h"), "1# \"a\" => \"1\"");
    // Cut anywhere, and several at a time.
    for byte in b"*1\r\n$4\r\nPING\r\n" {
        page.send_bytes(&[*byte]);
    }
    assert_eq!(page.hear(), "PONG");
    page.send_bytes(b"*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$1\r\nx\r\n");
    assert_eq!((page.hear(), page.hear()), ("PONG".into(), "\"x\"".into()));
    assert_eq!(page.say("QUIT"), "OK");
    assert_eq!(page.hear_close(), 1000);
}

#[test]
fn a_page_and_a_terminal_hear_each_other() {
    let server = NookServer::start();
    let mut page = Page::open(&server, "/", None).expect("no browser, no origin");
    let mut terminal = server.connect();
    assert_eq!(
        page.say("SUBSCRIBE news"),
        "1) \"subscribe\"\n2) \"news\"\n3) (integer) 1"
    );
    assert_eq!(
        terminal.say("PSUBSCRIBE n*"),
        "1) \"psubscribe\"\n2) \"n*\"\n3) (integer) 1"
    );
    let mut other = server.connect();
    assert_eq!(other.say("PUBLISH news hello"), "(integer) 2");
    assert_eq!(page.hear(), "1) \"message\"\n2) \"news\"\n3) \"hello\"");
    // RESP3 allows any command beside a subscription; a message comes before the reply of the call.
    page.send("PUBLISH news again");
    assert_eq!(page.hear(), "1) \"message\"\n2) \"news\"\n3) \"again\"");
    assert_eq!(page.hear(), "(integer) 2");
    for message in ["hello", "again"] {
        let heard = print::draw_answer(&terminal.receive());
        let expected = format!("1) \"pmessage\"\n2) \"n*\"\n3) \"news\"\n4) \"{message}\"");
        assert_eq!(heard, expected);
    }
}

#[test]
fn a_page_that_waits_is_served_by_another_client() {
    let server = NookServer::start();
    let mut page = Page::open(&server, "/ws", None).expect("no browser, no origin");
    page.send("BLPOP jobs 0");
    page.send("GET after");
    let mut other = server.connect();
    assert_eq!(other.say("SET after 1"), "OK");
    assert_eq!(other.say("RPUSH jobs job"), "(integer) 1");
    assert_eq!(page.hear(), "1) \"jobs\"\n2) \"job\"");
    assert_eq!(page.hear(), "\"1\"");
}

#[test]
fn pages_of_other_sites_are_refused() {
    let server = NookServer::start_with(&["--allow-origin", "https://app.example"]);
    let own = format!("http://127.0.0.1:{}", server.http_port);
    let open = |origin: &str| Page::open(&server, "/ws", Some(origin)).err();
    assert_eq!(open(&own), None);
    assert_eq!(open("https://app.example"), None);
    assert_eq!(open("https://evil.example"), Some(StatusCode::FORBIDDEN));
    assert_eq!(open("null"), Some(StatusCode::FORBIDDEN));
}

#[test]
fn text_and_oversized_messages_end_the_connection_and_not_the_server() {
    let server = NookServer::start();
    let mut page = Page::open(&server, "/ws", None).expect("no browser, no origin");
    page.socket.send(Message::text("PING")).expect("it is read");
    assert_eq!(page.hear_close(), 1003);

    let mut page = Page::open(&server, "/ws", None).expect("no browser, no origin");
    // The server may close while this is still being sent.
    let _ = page.socket.send(Message::binary(vec![b'x'; 17 << 20]));
    while page.socket.read().is_ok() {}

    let mut page = Page::open(&server, "/ws", None).expect("no browser, no origin");
    assert_eq!(page.say("PING"), "PONG");
}

#[test]
fn a_page_has_to_give_the_password_too() {
    let server = NookServer::start_with(&["--requirepass", "secret"]);
    let mut page = Page::open(&server, "/ws", None).expect("no browser, no origin");
    assert_eq!(page.say("GET k"), "(error) NOAUTH Authentication required.");
    assert_eq!(page.say("AUTH secret"), "OK");
    assert_eq!(page.say("GET k"), "(nil)");
}

/// The head of a response in lower case, and its body.
fn get(server: &NookServer, path: &str) -> (String, Vec<u8>) {
    let mut stream =
        TcpStream::connect((Ipv4Addr::LOCALHOST, server.http_port)).expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut response = Vec::new();
    stream.read_to_end(&mut response).expect("it answers");
    let end = response.windows(4).position(|window| window == b"\r\n\r\n");
    let body = response.split_off(end.expect("a head") + 4);
    let head = String::from_utf8(response).expect("text");
    (head.to_lowercase(), body)
}

#[test]
fn the_site_is_served_with_the_right_types_and_nothing_outside_of_it() {
    let site = new_directory();
    let files = [
        ("index.html", "text/html"),
        ("app.js", "text/javascript"),
        ("nookdb.wasm", "application/wasm"),
        ("style.css", "text/css"),
    ];
    for (name, _) in files {
        fs::write(site.path().join(name), name).expect("a file of the site");
    }
    let folder = site.path().to_str().expect("text");
    let server = NookServer::start_with(&["--save", "", "--site", folder]);
    for (name, kind) in files {
        let (head, body) = get(&server, &format!("/{name}"));
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert!(head.contains(&format!("content-type: {kind}")), "{head}");
        assert_eq!(body, name.as_bytes());
    }
    assert_eq!(get(&server, "/").1, b"index.html");
    let inside = server.directory().join("nookdb.log");
    assert!(inside.exists());
    for path in [
        "/missing",
        "/../nookdb.log",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2f..%2fetc/passwd",
        "//etc/passwd",
        "/%5c..%5c",
        "/%00",
    ] {
        let (head, _) = get(&server, path);
        assert!(head.starts_with("http/1.1 404"), "{path}: {head}");
    }
}

#[test]
fn health_and_metrics_say_what_info_says() {
    let server = NookServer::start();
    let mut client = server.connect();
    client.say("SET k v PX 100000");
    client.say("GET k");
    client.say("GET missing");
    client.say("SUBSCRIBE x");
    let (head, body) = get(&server, "/health");
    assert!(
        head.starts_with("http/1.1 200") && head.contains("application/json"),
        "{head}"
    );
    let body = String::from_utf8(body).expect("text");
    assert!(
        body.starts_with("{\"status\":\"ok\",\"version\":"),
        "{body}"
    );
    assert!(body.contains("\"keys\":1,"), "{body}");
    let (head, body) = get(&server, "/metrics");
    assert!(
        head.contains("content-type: text/plain; version=0.0.4"),
        "{head}"
    );
    let text = String::from_utf8(body).expect("text");
    for line in [
        "# TYPE nookdb_keyspace_hits_total counter",
        "nookdb_keyspace_hits_total 1",
        "nookdb_keyspace_misses_total 1",
        "nookdb_commands_processed_total 4",
        "nookdb_pubsub_channels 1",
        "nookdb_db_keys{db=\"db0\"} 1",
        "nookdb_db_keys_expiring{db=\"db0\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
}
