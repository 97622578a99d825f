//! What is kept gives back what was there: a snapshot made while commands went on, and the journal after it.

use nookdb::db::{Cause, ClientId, Config, Effect, Step, split_mix};
use nookdb::persist::rdb::Target;
use nookdb::persist::record::{self, Origin};
use nookdb::persist::snapshot::{self, Chunk, Slice, Snapshot};
use nookdb::types::Limits;
use nookdb::{Engine, Outcome, Reply};
use proptest::collection::vec;
use proptest::prelude::*;

const NOW_MS: i64 = 1_800_000_000_000;

struct Store {
    engine: Engine,
    client: ClientId,
    journal: Vec<Vec<u8>>,
}

impl Store {
    fn new(seed: u64) -> Store {
        let mut engine = Engine::new(Config::default(), NOW_MS, seed);
        let client = engine.connect(NOW_MS);
        Store {
            engine,
            client,
            journal: Vec::new(),
        }
    }

    fn say(&mut self, line: &str) -> Reply {
        let argv: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        let outcome = self.engine.call(NOW_MS, self.client, &argv);
        let journal = &mut self.journal;
        self.engine.drain_steps(|step| {
            let mut bytes = Vec::new();
            record::encode(step, Origin::default(), &mut bytes);
            journal.push(bytes);
        });
        match outcome {
            Outcome::Reply(reply) => reply,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn load(chunks: &[Chunk], base_seq: u64, journal: &[Vec<u8>]) -> Store {
        let mut store = Store::new(99);
        for chunk in chunks {
            let entries = snapshot::read_chunk(&chunk.bytes, &Limits::default()).unwrap();
            assert_eq!(entries.len() as u64, chunk.keys);
            for (db, key, entry) in entries {
                assert_eq!(store.engine.state_mut().load(db, key, entry), Ok(()));
            }
        }
        store.engine.state_mut().seq = base_seq;
        for record in journal {
            let record = record::read(record).unwrap();
            for step in record.steps().filter(|step| step.head().seq > base_seq) {
                store.engine.apply_taken(step).unwrap();
            }
        }
        store
    }

    /// Makes a snapshot, saying a line between any two slices of it.
    fn snapshot_while(&mut self, lines: &[String], budget: usize) -> (Vec<Chunk>, u64) {
        let mut lines = lines.iter();
        let mut making = Snapshot::begin(self.engine.state_mut(), NOW_MS, Target::default());
        let mut chunks = Vec::new();
        loop {
            match making.walk(self.engine.state_mut(), budget) {
                Slice::Walked => {}
                Slice::Chunk(chunk) => chunks.push(chunk),
                Slice::Done(last) => {
                    chunks.extend(last);
                    break;
                }
            }
            if let Some(line) = lines.next() {
                self.say(line);
            }
        }
        for line in lines {
            self.say(line);
        }
        (chunks, making.base_seq())
    }
}

fn line() -> impl Strategy<Value = String> {
    let key = (0..6u8).prop_map(|n| format!("k{n}"));
    let word = prop_oneof![
        Just("SET {} a"),
        Just("SET {} bb EX 1000"),
        Just("APPEND {} x"),
        Just("DEL {}"),
        Just("EXPIRE {} 500"),
        Just("PERSIST {}"),
        Just("RPUSH {} a b c"),
        Just("LPOP {}"),
        Just("SADD {} 1 2 3"),
        Just("SPOP {}"),
        Just("HSET {} f v g w"),
        Just("ZADD {} 1 a 2 b"),
        Just("ZPOPMIN {}"),
        Just("RENAME {} k0"),
        Just("MOVE {} 1"),
        Just("SWAPDB 0 1"),
        Just("FLUSHDB"),
        Just("SELECT 1"),
        Just("SELECT 0"),
    ];
    (word, key).prop_map(|(word, key)| word.replace("{}", &key))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn snapshot_and_journal_give_back_what_was_there(
        before in vec(line(), 0..40),
        during in vec(line(), 0..20),
        budget in 1usize..4,
    ) {
        let mut store = Store::new(1);
        for line in &before {
            store.say(line);
        }
        let (chunks, base_seq) = store.snapshot_while(&during, budget);
        let mut loaded = Store::load(&chunks, base_seq, &store.journal);
        prop_assert_eq!(loaded.engine.state().digest(), store.engine.state().digest());
        // What shrank where it lay has room to spare, which a snapshot knows nothing of.
        store.say("MEMORY PURGE");
        loaded.say("MEMORY PURGE");
        prop_assert_eq!(loaded.engine.state().used_bytes(), store.engine.state().used_bytes());
        prop_assert_eq!(loaded.engine.state().seq, store.engine.state().seq);
    }
}

#[test]
fn a_snapshot_holds_the_moment_at_which_it_began() {
    let mut store = Store::new(1);
    for n in 0..100 {
        store.say(&format!("SET k{n} old"));
    }
    let during: Vec<String> = (0..100).map(|n| format!("SET k{n} new")).collect();
    let (chunks, base_seq) = store.snapshot_while(&during, 1);
    let mut loaded = Store::load(&chunks, base_seq, &[]);
    for n in 0..100 {
        assert_eq!(loaded.say(&format!("GET k{n}")), Reply::bulk("old"));
    }
}

#[test]
fn chunks_are_cut_near_half_a_mebibyte() {
    let mut store = Store::new(1);
    let mut random = 7;
    for n in 0..40 {
        // Of letters drawn at random, so that compression finds little.
        let letters = (0..50_000).map(|_| char::from(b'!' + (split_mix(&mut random) % 90) as u8));
        store.say(&format!("SET k{n} {}", letters.collect::<String>()));
    }
    let (chunks, _) = store.snapshot_while(&[], 1);
    assert!(chunks.len() > 1, "{} chunks", chunks.len());
    assert!(chunks.iter().all(|chunk| chunk.bytes.len() < 600 * 1024));
    assert_eq!(chunks.iter().map(|chunk| chunk.keys).sum::<u64>(), 40);
}

#[test]
fn nothing_of_a_damaged_chunk_is_believed_and_its_keys_can_be_named() {
    let mut store = Store::new(1);
    store.say("SET intact 1");
    store.say("SET hurt 12345678901234567890123");
    let (mut chunks, _) = store.snapshot_while(&[], 10);
    let bytes = &mut chunks[0].bytes;
    let at = bytes
        .windows(5)
        .position(|window| window == b"12345")
        .unwrap();
    bytes[at] = b'9';
    assert!(snapshot::read_chunk(bytes, &Limits::default()).is_err());
    assert!(!snapshot::is_whole(bytes));
    let mut names = snapshot::names_in(bytes, &Limits::default());
    names.sort();
    assert_eq!(
        names,
        [b"hurt".as_slice().into(), b"intact".as_slice().into()] as [Box<[u8]>; 2]
    );
}

/// The CRC-64 of zeros is zero: taken for a chunk of another build, they would keep the store from being opened.
#[test]
fn zeros_in_the_place_of_a_chunk_are_damage() {
    let mut store = Store::new(1);
    store.say("SET k v");
    let (mut chunks, _) = store.snapshot_while(&[], 10);
    assert!(snapshot::is_whole(&chunks[0].bytes));
    chunks[0].bytes.fill(0);
    assert!(!snapshot::is_whole(&chunks[0].bytes));
    assert!(!snapshot::is_whole(b""));
}

#[test]
fn a_chunk_cut_short_anywhere_is_refused() {
    let mut store = Store::new(1);
    store.say("ZADD z 1 a 2 b");
    store.say("HSET h f v");
    let (chunks, _) = store.snapshot_while(&[], 10);
    for length in 0..chunks[0].bytes.len() {
        assert!(snapshot::read_chunk(&chunks[0].bytes[..length], &Limits::default()).is_err());
    }
}

/// It was a panic, and so the end of the instance: a build to come may have more databases.
#[test]
fn a_step_in_a_database_that_there_is_not_is_refused() {
    let mut store = Store::new(1);
    let effect = |db| Effect::Command {
        db,
        argv: [b"SET".as_slice(), b"k", b"v"].map(Box::from).into(),
    };
    let step = Step {
        seq: 1,
        at_ms: NOW_MS,
        seed: 0,
        cause: Cause::Command,
        intent: Vec::new(),
        effects: vec![effect(0), effect(16)],
    };
    let refused = store.engine.apply(&step).unwrap_err();
    assert_eq!(refused.to_string(), "ERR DB index is out of range");
    assert_eq!(store.engine.state().seq, 0);
    assert_eq!(store.say("EXISTS k"), Reply::Integer(0));
}

/// Written by the last builds whose records were of these formats.
#[test]
fn records_of_formats_3_and_4_are_read() {
    for (format, mut steps) in [
        (
            3,
            include_bytes!("fixtures/records/format-3.steps").as_slice(),
        ),
        (
            4,
            include_bytes!("fixtures/records/format-4.steps").as_slice(),
        ),
    ] {
        let mut journal = Vec::new();
        while let Some((length, rest)) = steps.split_first_chunk() {
            let (record, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
            assert_eq!(record[0], format);
            journal.push(record.to_vec());
            steps = rest;
        }
        let mut store = Store::load(&[], 0, &journal);
        assert_eq!(store.engine.state().seq, 11);
        for (line, reply) in [
            ("GET greeting", Reply::bulk("hello")),
            ("GET visits", Reply::bulk("2")),
            ("LLEN queue", Reply::Integer(2)),
            ("HGET user role", Reply::bulk("admin")),
            ("EXISTS drawn gone", Reply::Integer(0)),
            ("GET two", Reply::bulk("2")),
            ("SELECT 3", Reply::OK),
            ("ZRANK board ada", Reply::Integer(1)),
        ] {
            assert_eq!(store.say(line), reply, "{line}");
        }
    }
}
