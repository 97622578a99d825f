//! The short way into the engine beside the ordinary one: the same calls on two engines, one of which is called
//! directly wherever it lets itself be, have the same replies, messages, steps, statistics and data.

use nookdb::db::Step;
use nookdb::engine::{CALLS_MAX, Count, Lent, Moment, Row};
use nookdb::protocol::split_arguments;
use nookdb::types::number::format_f64;
use nookdb::types::{Score, ValueRef};
use nookdb::{ClientId, Config, Engine, Outcome, Reply};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Deed {
    /// A call that may go the short way.
    Direct {
        words: Vec<Vec<u8>>,
        is_exact: bool,
    },
    /// Calls of ZADD that may go together: score and member of each.
    Together(Vec<(String, Vec<u8>)>),
    /// Keys that may be read together.
    GetTogether(Vec<Vec<u8>>),
    /// Keys that may be set together.
    SetTogether(Vec<(Vec<u8>, Vec<u8>)>),
    /// One that does not.
    Call(String),
    Pass {
        ms: i64,
    },
    Begin,
    End,
    Abort,
    /// Somebody else hears of every event.
    Listen,
    /// A snapshot is begun, or goes on by a key.
    Snapshot,
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[ab]".prop_map(String::into_bytes),
        1 => Just(b"h".to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"12".to_vec()),
        Just(b"-9223372036854775808".to_vec()),
        Just("grün".as_bytes().to_vec()),
        Just(b"plain".to_vec()),
        // As long as each other, so that one takes the room of the other.
        "[xyz\u{e9}]{9}".prop_map(String::into_bytes),
        Just("lang und grün ".repeat(80).into_bytes()),
        prop::collection::vec(any::<u8>(), 0..100),
    ]
}

fn directly() -> impl Strategy<Value = Deed> {
    let named = |name: &'static str| Just(name.as_bytes().to_vec());
    let alone = prop::sample::select(vec![
        "GET", "INCR", "DECR", "DEL", "EXISTS", "TTL", "LPOP", "HGETALL", "STRLEN", "GETDEL",
        "TYPE", "FLUSHALL",
    ]);
    let two = prop::sample::select(vec![
        "SET", "GET", "APPEND", "INCRBY", "GETSET", "HGET", "HDEL", "SADD", "LPUSH", "EXPIRE",
        "SETNX", "RENAME", "ZSCORE", "ZRANK",
    ]);
    let three = prop::sample::select(vec![
        "HSET", "HSETNX", "ZADD", "ZADD", "SETEX", "SET", "LRANGE", "ZRANGE", "HINCRBY",
    ]);
    let words = prop_oneof![
        3 => (alone, key()).prop_map(|(name, key)| vec![name.as_bytes().to_vec(), key]),
        4 => (two, key(), value()).prop_map(|(name, key, value)| vec![name.as_bytes().to_vec(), key, value]),
        2 => (three, key(), "[fg12]|[12]\\.5", value()).prop_map(|(name, key, field, value)| {
            vec![name.as_bytes().to_vec(), key, field.into_bytes(), value]
        }),
        2 => (key(), value(), "EX|PX", 1..5u32).prop_map(|(key, value, unit, amount)| {
            vec![b"SET".to_vec(), key, value, unit.into_bytes(), amount.to_string().into_bytes()]
        }),
        1 => (named("MGET"), prop::collection::vec(key(), 1..5)).prop_map(|(name, keys)| {
            std::iter::once(name).chain(keys).collect()
        }),
    ];
    (words, any::<bool>()).prop_map(|(words, is_exact)| Deed::Direct { words, is_exact })
}

fn together() -> impl Strategy<Value = Deed> {
    let member = prop_oneof![
        8 => "[a-f]".prop_map(String::into_bytes),
        // No packed set holds it.
        1 => Just(b"long ".repeat(20)),
        1 => value(),
    ];
    let pairs = prop::collection::vec(("[12]|1\\.50", member), 1..17);
    let keys = prop::collection::vec(key(), 1..20).prop_map(Deed::GetTogether);
    let texts = prop::collection::vec((key(), value()), 1..20).prop_map(Deed::SetTogether);
    prop_oneof![2 => pairs.prop_map(Deed::Together), 1 => keys, 1 => texts]
}

/// Whether it reads as it would be written.
fn is_number(score: &[u8]) -> bool {
    let number = Score::parse(score).map(|score| format_f64(score.get()));
    number.is_some_and(|number| number.as_bytes() == score)
}

fn ordinarily() -> impl Strategy<Value = Deed> {
    let lines = vec![
        "MULTI",
        "EXEC",
        "DISCARD",
        "WATCH a",
        "BZPOPMIN b 0.004",
        "SET a 1 PX 5",
        "PEXPIRE b 3",
        "PERSIST a",
        "HSET h f 7",
        "SELECT 1",
        "SELECT 0",
        "CONFIG SET notify-keyspace-events KEAm",
        "CONFIG SET notify-keyspace-events ''",
        "CONFIG SET maxmemory 900",
        "CONFIG SET maxmemory-policy allkeys-lru",
        "CONFIG SET maxmemory-policy noeviction",
        "CONFIG SET maxmemory 0",
        "CLIENT NO-TOUCH on",
        "CLIENT NO-TOUCH off",
        "SWAPDB 0 1",
        "BLPOP a 0.004",
        "CONFIG RESETSTAT",
    ];
    prop::sample::select(lines).prop_map(|line| Deed::Call(line.to_owned()))
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        12 => directly(),
        3 => together(),
        4 => ordinarily(),
        2 => (0..4_i64).prop_map(|ms| Deed::Pass { ms }),
        1 => prop_oneof![Just(Deed::Begin), Just(Deed::End), Just(Deed::Abort), Just(Deed::Listen), Just(Deed::Snapshot)],
    ]
}

/// The number that is written so.
fn number(written: &[u8]) -> Option<i64> {
    let number: i64 = str::from_utf8(written).ok()?.parse().ok()?;
    (number.to_string().as_bytes() == written).then_some(number)
}

/// An engine with a client that calls and one that listens.
struct World {
    engine: Engine,
    caller: ClientId,
    listener: ClientId,
    /// How many calls went the short way.
    direct: usize,
    /// And how many runs of calls.
    together: usize,
    /// And how many GET and SET went together.
    gets: usize,
    sets: usize,
    /// What snapshots have shown: database, key and value.
    shown: Vec<(u32, Vec<u8>, Vec<u8>)>,
}

impl World {
    fn new(journaling: bool) -> World {
        let mut engine = Engine::new(Config::default(), 1000, 7);
        engine.set_journaling(journaling);
        let (caller, listener) = (engine.connect(1000), engine.connect(1000));
        World {
            engine,
            caller,
            listener,
            direct: 0,
            together: 0,
            gets: 0,
            sets: 0,
            shown: Vec::new(),
        }
    }

    fn call(&mut self, now_ms: i64, words: &[Vec<u8>]) -> Outcome {
        let argv: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
        self.engine.call(now_ms, self.caller, &argv)
    }

    /// The short way, where it goes.
    fn direct(&mut self, now: Moment, words: &[Vec<u8>]) -> Option<Outcome> {
        let caller = self.caller;
        let bulk = |lent: Option<Lent>| {
            Reply::bulk_or_null(lent.map(|lent| {
                let bytes = lent.item.to_vec();
                assert_eq!(lent.is_ascii(), bytes.is_ascii(), "{lent:?}");
                bytes
            }))
        };
        let replied = |reply: nookdb::error::Result<Reply>| {
            Outcome::Reply(reply.unwrap_or_else(Reply::Error))
        };
        match (words[0].as_slice(), &words[1..]) {
            (b"GET", [key]) => {
                let found = self.engine.get(now, caller, key)?;
                Some(replied(found.map(bulk)))
            }
            (b"HGET", [key, field]) => {
                let found = self.engine.hget(now, caller, (key, field))?;
                Some(replied(found.map(bulk)))
            }
            (b"MGET", keys) => {
                let mut values = Vec::new();
                let keys = keys.iter().map(Vec::as_slice);
                let done = self
                    .engine
                    .mget(now, caller, keys, |value| values.push(bulk(value)));
                done.then_some(Outcome::Reply(Reply::Array(values)))
            }
            (b"ZADD", [key, score, member]) if is_number(score) => {
                let score = Score::parse(score).expect("a number").get();
                let done = self.engine.zadd(now, caller, key, (score, member));
                done.map(|new| replied(new.map(Reply::from)))
            }
            (b"SET", [key, value]) => {
                let done = self.engine.set(now, caller, (key, value), None);
                done.map(|()| Outcome::Reply(Reply::OK))
            }
            (b"SET", [key, value, unit, amount]) if number(amount).is_some() => {
                let unit_ms = if unit == b"EX" { 1000 } else { 1 };
                let ttl_ms = number(amount).expect("a number") * unit_ms;
                let done = self.engine.set(now, caller, (key, value), Some(ttl_ms));
                done.map(|()| Outcome::Reply(Reply::OK))
            }
            (b"INCR", [key]) => self.count(now, key, Count::Incr),
            (b"DECR", [key]) => self.count(now, key, Count::Decr),
            (b"INCRBY", [key, step]) if number(step).is_some() => {
                let step = number(step).expect("a number");
                self.count(now, key, Count::IncrBy(step))
            }
            (name, _) => {
                let row = Row::of(str::from_utf8(name).expect("a name"))?;
                let argv: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
                self.engine.direct(now, caller, row, &argv)
            }
        }
    }

    /// The replies to ZADD of each pair, all together where that goes.
    fn together(
        &mut self,
        now: Moment,
        pairs: &[(String, Vec<u8>)],
        may_be_direct: bool,
    ) -> Outcome {
        let words = |(score, member): &(String, Vec<u8>)| {
            [b"ZADD", b"b".as_slice(), score.as_bytes(), member].map(<[u8]>::to_vec)
        };
        let words: Vec<_> = pairs.iter().map(words).collect();
        let calls: Vec<_> = (words.iter())
            .map(|words| {
                let score = Score::parse(&words[2]).expect("a number");
                (score, words.each_ref().map(Vec::as_slice))
            })
            .collect();
        let mut news = Vec::new();
        let told = |is_new| news.push(Reply::from(is_new));
        if may_be_direct && self.engine.zadd_each(now, self.caller, &calls, told) {
            self.together += 1;
            return Outcome::Reply(Reply::Array(news));
        }
        assert!(news.is_empty(), "nothing has happened");
        let mut reply_to = |words: &[Vec<u8>; 4]| reply_of(self.call(now.ms, words));
        Outcome::Reply(Reply::Array(words.iter().map(&mut reply_to).collect()))
    }

    /// The replies to GET of each key: together as far as that goes, then one by one.
    fn get_together(&mut self, now: Moment, keys: &[Vec<u8>], may_be_direct: bool) -> Outcome {
        let mut replies = Vec::new();
        for some in keys.chunks(CALLS_MAX) {
            let words: Vec<&[u8]> = some.iter().map(Vec::as_slice).collect();
            let mut done = 0;
            if may_be_direct {
                // It may end where the caller has enough.
                let enough = replies.len() + 7;
                done = self.engine.get_each(now, self.caller, &words, |lent| {
                    replies.push(lent.map_or_else(Reply::Error, |lent| match lent {
                        None => Reply::Null,
                        Some(lent) => Reply::Bulk(lent.item.to_vec()),
                    }));
                    replies.len() < enough
                });
                self.gets += done;
            }
            for key in &some[done..] {
                let words = [b"GET".as_slice(), key].map(<[u8]>::to_vec);
                replies.push(reply_of(self.call(now.ms, &words)));
            }
        }
        Outcome::Reply(Reply::Array(replies))
    }

    /// The replies to SET of each pair, as `get_together`.
    fn set_together(
        &mut self,
        now: Moment,
        pairs: &[(Vec<u8>, Vec<u8>)],
        may_be_direct: bool,
    ) -> Outcome {
        let mut replies = Vec::new();
        for some in pairs.chunks(CALLS_MAX) {
            let words: Vec<(&[u8], &[u8])> = some.iter().map(|(k, v)| (&**k, &**v)).collect();
            let mut done = 0;
            if may_be_direct {
                done = self.engine.set_each(now, self.caller, &words);
                replies.resize(replies.len() + done, Reply::OK);
                self.sets += done;
            }
            for (key, value) in &some[done..] {
                let words = [b"SET".as_slice(), key, value].map(<[u8]>::to_vec);
                replies.push(reply_of(self.call(now.ms, &words)));
            }
        }
        Outcome::Reply(Reply::Array(replies))
    }

    fn count(&mut self, now: Moment, key: &[u8], count: Count) -> Option<Outcome> {
        let sum = self.engine.count(now, self.caller, key, count)?;
        Some(Outcome::Reply(
            sum.map_or_else(Reply::Error, Reply::Integer),
        ))
    }

    /// What is to be the same on both ways, beside the data.
    fn traces(&mut self) -> impl PartialEq + std::fmt::Debug {
        let client = self
            .engine
            .client(self.caller)
            .map(|client| (client.active_ms, client.last_command, client.db));
        (
            self.engine.take_outbox(),
            self.engine
                .take_steps()
                .to_vec()
                .into_iter()
                .map(with_px)
                .collect::<Vec<_>>(),
            self.engine.state().stats.clone(),
            (
                self.engine.state().used_bytes(),
                self.engine.state().peak_bytes,
            ),
            client,
            std::mem::take(&mut self.shown),
        )
    }

    fn data(&mut self, now_ms: i64) -> Vec<Outcome> {
        let words = |line: &str| split_arguments(line.as_bytes()).expect("words");
        [
            "DEBUG DIGEST",
            "KEYS *",
            "OBJECT IDLETIME a",
            "OBJECT IDLETIME b",
            "OBJECT ENCODING a",
            "OBJECT ENCODING b",
            "INFO stats",
        ]
        .map(|line| self.call(now_ms, &words(line)))
        .into()
    }

    /// Goes on with a snapshot of each database, or begins one.
    fn show(&mut self) {
        for (db, keyspace) in (0..).zip(&mut self.engine.state_mut().databases) {
            if keyspace.is_walked() {
                keyspace.walk(1, |db, standing| {
                    let value = match standing.value() {
                        ValueRef::String(text) => text.as_item().to_vec(),
                        _ => Vec::new(),
                    };
                    self.shown.push((db, standing.key().to_vec(), value));
                });
            } else {
                keyspace.begin_walk(db);
            }
        }
    }

    /// Does a deed; gives what it came to.
    fn act(&mut self, now_ms: i64, deed: &Deed, may_be_direct: bool) -> Option<Outcome> {
        match deed {
            Deed::Direct { words, is_exact } => {
                let now = Moment {
                    ms: now_ms,
                    is_exact: *is_exact,
                };
                let direct = if may_be_direct {
                    self.direct(now, words)
                } else {
                    None
                };
                self.direct += usize::from(direct.is_some());
                return Some(direct.unwrap_or_else(|| self.call(now_ms, words)));
            }
            Deed::Together(pairs) => {
                let now = Moment {
                    ms: now_ms,
                    is_exact: true,
                };
                return Some(self.together(now, pairs, may_be_direct));
            }
            Deed::GetTogether(keys) => {
                let now = Moment {
                    ms: now_ms,
                    is_exact: true,
                };
                return Some(self.get_together(now, keys, may_be_direct));
            }
            Deed::SetTogether(pairs) => {
                let now = Moment {
                    ms: now_ms,
                    is_exact: true,
                };
                return Some(self.set_together(now, pairs, may_be_direct));
            }
            Deed::Call(line) => {
                let words = split_arguments(line.as_bytes()).expect("words");
                return Some(self.call(now_ms, &words));
            }
            Deed::Begin => {
                self.engine.begin(now_ms, self.caller);
            }
            Deed::End => {
                let _ = self.engine.end();
            }
            Deed::Abort => self.engine.abort(),
            Deed::Listen => self
                .engine
                .observe(self.listener, vec![b"*".as_slice().into()]),
            Deed::Snapshot => self.show(),
            Deed::Pass { .. } => {}
        }
        None
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn the_short_way_and_the_ordinary_one_come_to_the_same(
        deeds in prop::collection::vec(deed(), 1..60),
        journaling: bool,
    ) {
        let (mut ordinary, mut short) = (World::new(journaling), World::new(journaling));
        let mut now_ms = 1000;
        for deed in &deeds {
            if let Deed::Pass { ms } = deed {
                now_ms += ms;
            }
            let awaited = ordinary.act(now_ms, deed, false);
            let came = short.act(now_ms, deed, true);
            prop_assert_eq!(&came, &awaited, "{:?}", deed);
            // A client that waits makes no calls: as the package does it, nothing waits.
            for world in [&mut ordinary, &mut short] {
                world.engine.cancel(world.caller);
            }
            prop_assert_eq!(format!("{:?}", short.traces()), format!("{:?}", ordinary.traces()), "{:?}", deed);
        }
        ordinary.engine.abort();
        short.engine.abort();
        prop_assert_eq!(short.data(now_ms), ordinary.data(now_ms));
    }
}

/// The short way says PX where EX was asked for.
fn with_px(mut step: Step) -> Step {
    for argv in &mut step.intent {
        if let [name, _, _, unit, amount] = &mut argv[..]
            && **name == *b"SET"
            && **unit == *b"EX"
        {
            *unit = b"PX".as_slice().into();
            amount_in_ms(amount);
        }
    }
    step
}

fn amount_in_ms(amount: &mut Box<[u8]>) {
    if let Some(seconds) = number(amount) {
        *amount = (seconds * 1000).to_string().into_bytes().into();
    }
}

#[test]
fn plain_calls_go_the_short_way_and_special_ones_do_not() {
    let mut world = World::new(true);
    let words = |line: &str| split_arguments(line.as_bytes()).expect("words");
    let exact = Moment {
        ms: 1000,
        is_exact: true,
    };
    let shortly_before = Moment {
        ms: 1000,
        is_exact: false,
    };
    for line in [
        "SET a 1",
        "GET a",
        "HSET h f v",
        "HGET h f",
        "MGET a b h",
        "INCR a",
        "DECR a",
        "INCRBY a 7",
        "DEL a",
    ] {
        assert!(
            world.direct(shortly_before, &words(line)).is_some(),
            "{line}"
        );
    }
    world.call(1000, &words("SET a 1 PX 5"));
    for line in ["GET a", "INCR a", "INCRBY a 2", "MGET b a"] {
        assert!(
            world.direct(shortly_before, &words(line)).is_none(),
            "{line} asks for the time"
        );
        assert!(world.direct(exact, &words(line)).is_some(), "{line}");
    }
    assert!(
        world.direct(shortly_before, &words("GET b")).is_some(),
        "b has no deadline"
    );
    let for_a_time = words("SET c 1 PX 5");
    assert!(world.direct(exact, &for_a_time).is_some());
    assert!(world.direct(shortly_before, &for_a_time).is_none());
    world.call(1000, &words("MULTI"));
    for line in ["GET a", "SET b 1"] {
        assert!(
            world.direct(exact, &words(line)).is_none(),
            "{line} is to be queued"
        );
    }
}

#[test]
fn reads_and_writes_of_strings_go_together_as_far_as_nobody_is_to_hear() {
    let mut world = World::new(true);
    let now = Moment {
        ms: 1000,
        is_exact: true,
    };
    let pairs = ["a", "b", "a"].map(|key| (key.into(), b"plain".to_vec()));
    let keys = ["a", "none", "h", "b"].map(Vec::from);
    let say = |world: &mut World, line: &str| {
        world.call(1000, &split_arguments(line.as_bytes()).expect("words"))
    };
    say(&mut world, "HSET h f 7");
    world.set_together(now, &pairs, true);
    world.get_together(now, &keys, true);
    assert_eq!((world.sets, world.gets), (3, 4));
    for (line, undone) in [
        ("MULTI", "DISCARD"),
        ("SUBSCRIBE news", "UNSUBSCRIBE"),
        ("CONFIG SET maxmemory 900", "CONFIG SET maxmemory 0"),
        ("WATCH a", "UNWATCH"),
    ] {
        say(&mut world, line);
        world.set_together(now, &pairs, true);
        assert_eq!(world.sets, 3, "{line}");
        say(&mut world, undone);
    }
    say(&mut world, "CONFIG SET notify-keyspace-events KEAm");
    world.set_together(now, &pairs, true);
    world.get_together(now, &keys, true);
    assert_eq!((world.sets, world.gets), (3, 4));
    say(&mut world, "CONFIG SET notify-keyspace-events ''");
    // Time has taken the second.
    say(&mut world, "SET none 1 PXAT 1001");
    let later = Moment {
        ms: 1002,
        is_exact: true,
    };
    world.get_together(later, &keys, true);
    assert_eq!(world.gets, 5);
}

#[test]
fn calls_go_together_to_a_large_set_of_which_nobody_is_to_hear() {
    let mut world = World::new(true);
    let words = |line: &str| split_arguments(line.as_bytes()).expect("words");
    let now = Moment {
        ms: 1000,
        is_exact: true,
    };
    let pairs = ["x", "y", "x"].map(|member| ("1".to_owned(), member.as_bytes().to_vec()));
    world.together(now, &pairs, true);
    assert_eq!(world.together, 0, "there is none");
    world.together(now, &pairs, true);
    assert_eq!(world.together, 0, "it is packed");
    world.call(1000, &words(&format!("ZADD b 2 {}", "long".repeat(20))));
    world.together(now, &pairs, true);
    assert_eq!(world.together, 1);
    for (line, after) in [
        ("WATCH a", "UNWATCH"),
        ("MULTI", "DISCARD"),
        (
            "CONFIG SET notify-keyspace-events KEA",
            "CONFIG SET notify-keyspace-events ''",
        ),
        ("CONFIG SET maxmemory 1000000", "CONFIG SET maxmemory 0"),
    ] {
        world.call(1000, &words(line));
        world.together(now, &pairs, true);
        assert_eq!(world.together, 1, "{line}");
        world.call(1000, &words(after));
    }
    world.together(now, &pairs, true);
    assert_eq!(world.together, 2);
}

#[test]
fn a_short_way_does_not_pass_the_bound_of_memory() {
    let mut world = World::new(true);
    let now = Moment {
        ms: 1000,
        is_exact: true,
    };
    let words = |line: &str| split_arguments(line.as_bytes()).expect("words");
    let add = |world: &mut World, member: u32| {
        let member = member.to_string();
        world
            .engine
            .zadd(now, world.caller, b"board", (1.0, member.as_bytes()))
    };
    for member in 0..128 {
        assert_eq!(add(&mut world, member), Some(Ok(true)));
    }
    let used = world.engine.state().used_bytes();
    world.call(
        1000,
        &words(&format!("CONFIG SET maxmemory {}", used + 3000)),
    );
    // With one more it is no longer packed, and three times as large.
    assert_eq!(add(&mut world, 128), Some(Err(nookdb::Error::OutOfMemory)));
    assert_eq!(world.engine.state().used_bytes(), used);
    world.call(1000, &words("CONFIG SET maxmemory 100000"));
    assert_eq!(add(&mut world, 128), Some(Ok(true)));
    assert!(world.engine.state().used_bytes() > used + 3000);
}

fn reply_of(outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Reply(reply) => reply,
        other => panic!("{other:?}"),
    }
}
