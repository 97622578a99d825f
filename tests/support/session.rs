//! An engine and its clients, spoken to as redis-cli speaks. Time moves when told.

use std::collections::VecDeque;
use std::time::{SystemTime, UNIX_EPOCH};

use nookdb::protocol::{print, split_arguments};
use nookdb::{Budget, ClientId, Config, Engine, Outcome, Reply};

/// 1 January 2026, in milliseconds: where the clock of a test starts.
pub const START_MS: i64 = 1_767_225_600_000;

pub struct Session {
    pub engine: Engine,
    pub now_ms: i64,
    clients: Vec<Guest>,
}

/// A client of the engine, and what has come for it.
struct Guest {
    id: ClientId,
    received: VecDeque<Reply>,
}

impl Default for Session {
    fn default() -> Session {
        Session::with(Config::default())
    }
}

impl Session {
    pub fn with(config: Config) -> Session {
        Session::of(Engine::new(config, START_MS, 1))
    }

    pub fn of(engine: Engine) -> Session {
        Session {
            engine,
            now_ms: START_MS,
            clients: Vec::new(),
        }
    }

    /// With the clock of the machine, for comparing with a server that has no other.
    pub fn at_real_time() -> Session {
        let now_ms = machine_ms();
        let mut session = Session::of(Engine::new(Config::default(), now_ms, now_ms as u64));
        session.now_ms = now_ms;
        session
    }

    /// Moves the clock to that of the machine.
    pub fn catch_up(&mut self) {
        self.now_ms = machine_ms();
        self.tick_at(self.now_ms);
    }

    /// Lets time pass, as a host would notice it.
    pub fn wait(&mut self, ms: i64) {
        self.now_ms += ms;
        let now_ms = self.now_ms;
        self.tick_at(now_ms);
    }

    /// Lets time pass without the host being called: only looks at keys will notice.
    pub fn sleep(&mut self, ms: i64) {
        self.now_ms += ms;
    }

    fn tick_at(&mut self, now_ms: i64) {
        let mut budget = Budget {
            units: 10_000,
            has_time: &mut || true,
        };
        self.engine.tick(now_ms, &mut budget);
        self.sort_post();
    }

    /// Types a line as the first client, and answers what redis-cli would draw.
    pub fn say(&mut self, line: &str) -> String {
        self.say_as(1, line)
    }

    /// Types a line as one of several clients, numbered from 1. `(blocked)` is a reply to come.
    pub fn say_as(&mut self, client: usize, line: &str) -> String {
        let argv = split_arguments(line.as_bytes()).expect("balanced quotes");
        match self.call(client, &argv) {
            Outcome::Reply(Reply::Many(replies)) => self.first_of(client, replies),
            Outcome::Reply(reply) => self.draw(client, &reply),
            Outcome::Blocked => "(blocked)".to_owned(),
            Outcome::Ask(request) => format!("(host) {request:?}"),
        }
    }

    /// Of several replies to one call, the others are heard later.
    fn first_of(&mut self, client: usize, mut replies: Vec<Reply>) -> String {
        if replies.is_empty() {
            return String::new();
        }
        let first = replies.remove(0);
        let received = &mut self.clients[client - 1].received;
        for reply in replies.into_iter().rev() {
            received.push_front(reply);
        }
        self.draw(client, &first)
    }

    pub fn call<A: AsRef<[u8]>>(&mut self, client: usize, argv: &[A]) -> Outcome {
        let id = self.id(client);
        let argv: Vec<&[u8]> = argv.iter().map(AsRef::as_ref).collect();
        let outcome = self.engine.call(self.now_ms, id, &argv);
        self.sort_post();
        outcome
    }

    /// The next reply or message that came for a client, drawn.
    pub fn hear(&mut self, client: usize) -> Option<String> {
        let reply = self.clients.get_mut(client - 1)?.received.pop_front()?;
        Some(self.draw(client, &reply))
    }

    pub fn id(&mut self, client: usize) -> ClientId {
        while self.clients.len() < client {
            let id = self.engine.connect(self.now_ms);
            self.clients.push(Guest {
                id,
                received: VecDeque::new(),
            });
        }
        self.clients[client - 1].id
    }

    fn draw(&mut self, client: usize, reply: &Reply) -> String {
        let id = self.id(client);
        let resp = self.engine.client(id).expect("it is connected").resp;
        print::draw(reply, resp)
    }

    fn sort_post(&mut self) {
        for delivery in self.engine.take_outbox() {
            let mut guests = self.clients.iter_mut();
            if let Some(guest) = guests.find(|guest| guest.id == delivery.client) {
                guest.received.push_back(delivery.reply);
            }
        }
    }
}

fn machine_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock after 1970");
    since.as_millis() as i64
}
