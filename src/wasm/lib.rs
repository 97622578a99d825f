//! HOST, JavaScript: few exports; converts, never decides.
//!
//! A call is written into the scratch buffer by `pkg-template/src/engine/instance.ts`, runs, and its
//! answer is read from where the answer's words point. Numbers are `f64` and `u32`: nothing on the way
//! is a BigInt or a string.
//!
//! Nothing throws that is meant: replies carry errors. What is thrown is a panic, a stack that
//! overflowed or memory that could not be had, and the instance is never entered again.

#![no_std]

#[macro_use]
extern crate alloc;

mod answer;
mod direct;
mod headroom;
mod keep;
mod loading;
mod scratch;

use core::panic::PanicInfo;

use dlmalloc::GlobalDlmalloc;
use wasm_bindgen::prelude::*;

use nookdb::commands::table;
use nookdb::db::{Budget, ClientId, Config, NOBODY, Resp};
use nookdb::engine::{Engine, Outcome};
use nookdb::error::Error;
use nookdb::reply::Reply;
use nookdb::types::Seed;

use answer::Answer;
use direct::Places;
use headroom::Headroom;
use keep::Making;
use loading::Loading;
use scratch::Scratch;

/// Set beside the tag where messages or late replies wait for `take_deliveries`.
const DELIVERIES: u32 = 1 << 8;
/// Set beside the tag where steps wait for `take_steps`.
const STEPS: u32 = 1 << 9;
/// Set beside `STEPS` where so much waits that it is to be taken at once, and not at the end of the turn.
const STEPS_DUE: u32 = 1 << 11;
/// Set beside the tag where somebody waits or a key has a deadline, so that ticks are needed.
const TICKS: u32 = 1 << 10;
/// Set beside the tag where the units of a tick did not do for all that is due.
const UNFINISHED: u32 = 1 << 12;

/// An engine with the memory through which JavaScript talks to it.
#[wasm_bindgen]
pub struct Instance {
    engine: Engine,
    scratch: Scratch,
    places: Places,
    /// Whose near cache it is.
    near_client: ClientId,
    /// Whether ticks were needed when that was last looked at, or may be since.
    needs_ticks: bool,
    answer: Answer,
    headroom: Headroom,
    making: Option<Making>,
    loading: Loading,
}

#[wasm_bindgen]
impl Instance {
    /// An empty store that may come to `max_memory` bytes, 0 being without bound, and that keeps its steps for a journal or does not.
    /// The seeds are random.
    #[wasm_bindgen(constructor)]
    pub fn new(
        now_ms: f64,
        max_memory: f64,
        journaling: bool,
        hash_seed: u64,
        other_hash_seed: u64,
        seed: u64,
    ) -> Instance {
        let mut config = Config {
            maxmemory: max_memory as usize,
            ..Config::default()
        };
        config.limits.seed = Seed::new([hash_seed, other_hash_seed]);
        let mut engine = Engine::new(config, now_ms as i64, seed);
        engine.set_journaling(journaling);
        Instance {
            engine,
            scratch: Scratch::new(),
            places: Places::new(),
            near_client: NOBODY,
            needs_ticks: false,
            answer: Answer::new(),
            headroom: Headroom::default(),
            making: None,
            loading: Loading::default(),
        }
    }

    /// Makes the scratch buffer this large; false where memory cannot be had.
    pub fn reserve_scratch(&mut self, len: u32) -> bool {
        self.scratch.reserve(len as usize)
    }

    /// Lets go of a large scratch buffer.
    pub fn trim_scratch(&mut self) {
        self.scratch.trim();
    }

    /// Where the words of the answer are (0) and the places of direct calls (1), which never move, and the scratch buffer (2), and how long
    /// that is (3). `pkg-template/src/engine/tags.ts` has the same numbers.
    pub fn place(&self, of: u32) -> u32 {
        let place = match of {
            0 => self.answer.address(),
            1 => self.places.address(),
            2 => self.scratch.address(),
            _ => self.scratch.len(),
        };
        place as u32
    }

    /// Opens a session that speaks RESP3. In-process callers have no password to give.
    pub fn connect(&mut self, now_ms: f64, db: u32) -> u32 {
        let id = self.engine.connect(now_ms as i64);
        if let Some(client) = self.engine.client_mut(id) {
            client.resp = Resp::Three;
            client.authenticated = true;
            client.db = db;
        }
        id as u32
    }

    pub fn disconnect(&mut self, client: u32) {
        self.engine.disconnect(u64::from(client));
    }

    /// The database that a client has selected.
    pub fn selected(&self, client: u32) -> u32 {
        self.engine
            .client(u64::from(client))
            .map_or(0, |client| client.db)
    }

    /// Runs the command in the scratch buffer.
    pub fn call(&mut self, now_ms: f64, client: u32, argc: u32) -> u32 {
        let outcome = self.run(now_ms, client, argc);
        self.answer.outcome(outcome) as u32 | self.flags()
    }

    /// Runs the command in the scratch buffer, and answers in the protocol that the client has chosen.
    pub fn exchange(&mut self, now_ms: f64, client: u32, argc: u32) -> u32 {
        let tag = match self.run(now_ms, client, argc) {
            Outcome::Reply(reply) => self.answer.reply(&reply, self.protocol(client)),
            outcome => self.answer.outcome(outcome),
        };
        tag as u32 | self.flags()
    }

    /// Whether an argument of the command in the scratch buffer is a key.
    pub fn is_key(&self, argc: u32, at: u32) -> bool {
        let argv = self.scratch.argv(argc as usize);
        table()
            .find(&argv)
            .is_ok_and(|listed| listed.is_key(&argv, at as usize))
    }

    /// Takes a client out of its wait; false where it does not wait.
    pub fn cancel(&mut self, client: u32) -> bool {
        self.engine.cancel(u64::from(client))
    }

    /// Opens a step that the next calls of the client join.
    pub fn begin(&mut self, now_ms: f64, client: u32) -> bool {
        self.engine.begin(now_ms as i64, u64::from(client))
    }

    /// Ends the open step; an error reply says that it was taken back.
    pub fn end(&mut self) -> u32 {
        let reply = self.engine.end().map_or_else(Reply::Error, |()| Reply::OK);
        self.answer.outcome(Outcome::Reply(reply)) as u32 | self.flags()
    }

    pub fn abort(&mut self) {
        self.engine.abort();
    }

    /// Sends a client every event of the keys that match the patterns in the scratch buffer, and no
    /// longer those of the patterns before.
    pub fn observe(&mut self, client: u32, argc: u32) {
        let patterns = self.scratch.argv(argc as usize);
        let patterns = patterns.into_iter().map(Into::into).collect();
        self.engine.observe(u64::from(client), patterns);
    }

    /// What is due: waits end, keys go. A unit is about a look-up. The clock is looked at by who calls, between one tick and the next: a
    /// function of the host, called from here, would take a part of every start in V8, which compiles a wrapper for it.
    pub fn tick(&mut self, now_ms: f64, units: u32) -> u32 {
        let mut budget = Budget {
            units: units as usize,
            has_time: &mut || true,
        };
        self.engine.tick(now_ms as i64, &mut budget);
        let is_spent = budget.is_spent();
        self.flags() | if is_spent { UNFINISHED } else { 0 }
    }

    /// When the first wait times out; infinite where nobody waits for a time.
    pub fn next_timeout_ms(&self) -> f64 {
        self.engine
            .next_timeout_ms()
            .map_or(f64::INFINITY, |at_ms| at_ms as f64)
    }

    /// Puts messages and late replies into the answer, in order.
    pub fn take_deliveries(&mut self) {
        let deliveries = self.engine.take_outbox();
        let engine = &self.engine;
        let resp = |client| {
            engine
                .client(client)
                .map_or(Resp::Three, |client| client.resp)
        };
        self.answer.deliveries(&deliveries, resp);
    }

    /// Puts numbers for people and dashboards into the answer: the last step, keys, what they weigh, clients.
    pub fn statistics(&mut self) -> u32 {
        let state = self.engine.state();
        let keys = state.databases.iter().map(|db| db.len()).sum();
        let reply = Reply::Array(vec![
            Reply::Integer(state.seq as i64),
            Reply::count(keys),
            Reply::count(state.used_bytes()),
            Reply::count(state.clients.len()),
        ]);
        self.answer.reply(&reply, Resp::Three) as u32
    }

    fn run(&mut self, now_ms: f64, client: u32, argc: u32) -> Outcome {
        let (argv, client) = (self.scratch.argv(argc as usize), u64::from(client));
        self.engine.count_hits(now_ms as i64, self.near_client);
        if !self.headroom.is_there_for(&argv) && self.engine.grows(client, &argv) {
            // What was removed and is yet to be freed may be all that is missing.
            self.engine.state_mut().free_at_once();
            if !self.headroom.is_there_for(&argv) {
                return self.engine.refuse(client, &argv, Error::OutOfMemory);
            }
        }
        let outcome = self.engine.call(now_ms as i64, client, &argv);
        self.engine.keep_near(self.near_client);
        outcome
    }

    fn protocol(&self, client: u32) -> Resp {
        self.engine
            .client(u64::from(client))
            .map_or(Resp::Three, |client| client.resp)
    }

    /// What is left to do after a look, which hardly ever leaves anything and brings no deadline.
    #[inline(always)]
    fn flags_of_look(&mut self) -> u32 {
        let steps = self.engine.steps_waiting();
        self.answer.steps_waiting(steps);
        if steps == 0 && !self.needs_ticks && !self.engine.has_deliveries() {
            return 0;
        }
        self.flags_with(steps)
    }

    /// The flags while so many steps wait.
    #[inline(never)]
    fn flags_with(&self, steps: usize) -> u32 {
        [
            (self.engine.has_deliveries(), DELIVERIES),
            (steps > 0, STEPS),
            (self.engine.steps_are_due(), STEPS_DUE),
            (self.needs_ticks, TICKS),
        ]
        .into_iter()
        .fold(
            0,
            |flags, (is_set, flag)| {
                if is_set { flags | flag } else { flags }
            },
        )
    }

    /// What is left to do after a call.
    fn flags(&mut self) -> u32 {
        self.needs_ticks = self.engine.needs_ticks();
        self.flags_of_look()
    }
}

#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;

/// A panic traps, without a word: what each of them would say, and where it is, is a tenth of the wasm. The stack of the error that
/// JavaScript sees names functions by their numbers, which the wasm with names beside the one of the package has too.
#[panic_handler]
fn stop(_: &PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
