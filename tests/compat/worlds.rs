//! The two that are compared: a redis-server with its connections, and an engine with its clients.

use std::time::{Duration, Instant};

use nookdb::db::Resp;
use nookdb::protocol::{print, split_arguments, write_request};

use crate::case::Line;
use crate::support::redis::{RedisClient, RedisServer};
use crate::support::session::Session;

/// Stands for the reply of a client that waits.
pub const BLOCKED: &str = "(blocked)";

/// How long the oracle may take to put a client into its wait.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Redis<'a> {
    server: &'a RedisServer,
    control: RedisClient,
    clients: Vec<RedisClient>,
    resp: Resp,
}

/// What a client says first.
fn hello(resp: Resp) -> &'static str {
    match resp {
        Resp::Two => "HELLO 2",
        Resp::Three => "HELLO 3",
    }
}

/// What cases change, and what they find at their start.
const SETTINGS: &[&str] = &[
    "requirepass \"\"",
    "maxmemory 0",
    "maxmemory-policy noeviction",
    "notify-keyspace-events \"\"",
    "zset-max-listpack-entries 128",
];

impl<'a> Redis<'a> {
    pub fn new(server: &'a RedisServer, resp: Resp) -> Redis<'a> {
        let control = server.connect();
        Redis {
            server,
            control,
            clients: Vec::new(),
            resp,
        }
    }

    /// Empties the server and sets it back; old clients leave.
    pub fn start_over(&mut self) {
        self.clients.clear();
        assert_eq!(self.control.say("FLUSHALL"), "OK");
        for setting in SETTINGS {
            assert_eq!(self.control.say(&format!("CONFIG SET {setting}")), "OK");
        }
    }

    /// Says a line, or waits for what comes. A client that blocks is left waiting.
    pub fn say(&mut self, line: &Line, blocks: bool) -> String {
        self.connect_up_to(line.client);
        let waiting_before = self.blocked_clients();
        let client = &mut self.clients[line.client - 1];
        if !line.text.is_empty() {
            let argv = split_arguments(line.text.as_bytes()).expect("balanced quotes");
            let mut request = Vec::new();
            write_request(&argv, &mut request);
            client.send(&request);
        }
        if blocks {
            self.wait_for_block(waiting_before);
            return BLOCKED.to_owned();
        }
        let answer = self.clients[line.client - 1].receive();
        print::draw_answer(&answer)
    }

    fn connect_up_to(&mut self, client: usize) {
        while self.clients.len() < client {
            let mut connection = self.server.connect();
            connection.say(hello(self.resp));
            self.clients.push(connection);
        }
    }

    fn blocked_clients(&mut self) -> String {
        let info = self.control.say("INFO clients");
        let at = info
            .find("blocked_clients:")
            .expect("INFO counts blocked clients");
        info[at..]
            .chars()
            .skip(16)
            .take_while(char::is_ascii_digit)
            .collect()
    }

    fn wait_for_block(&mut self, before: String) {
        let deadline = Instant::now() + PATIENCE;
        while self.blocked_clients() == before {
            assert!(
                Instant::now() < deadline,
                "redis-server does not block where the engine does"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

pub struct Engine {
    session: Session,
    resp: Resp,
    known: usize,
}

impl Engine {
    pub fn new(resp: Resp) -> Engine {
        Engine {
            session: Session::at_real_time(),
            resp,
            known: 0,
        }
    }

    pub fn say(&mut self, line: &Line) -> String {
        while self.known < line.client {
            self.known += 1;
            self.session.say_as(self.known, hello(self.resp));
        }
        self.session.catch_up();
        if line.text.is_empty() {
            return self.hear(line.client);
        }
        self.session.say_as(line.client, &line.text)
    }

    /// Waits as long as a blocking command in a case may wait.
    fn hear(&mut self, client: usize) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.session.catch_up();
            match self.session.hear(client) {
                Some(reply) => return reply,
                None => assert!(
                    Instant::now() < deadline,
                    "nothing came for client {client}"
                ),
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
