//! What is undone leaves no trace: digest, deadlines, encodings, order, weight, WATCH and journal
//! are those of before.

use nookdb::types::{Limits, Seed};
use nookdb::{Config, Outcome, Reply};
use proptest::prelude::*;

use super::support::session::Session;
use super::{Call, all_tables, fingerprint, said, scripts};

/// Watches every key there is, so that a change that was not undone would show.
const WATCHER: usize = 5;

fn watch_everything(session: &mut Session) {
    let keys = session.engine.state().databases[0].iter();
    let keys: Vec<Vec<u8>> = keys.map(|standing| standing.key().to_vec()).collect();
    session.say_as(WATCHER, "UNWATCH");
    for key in keys {
        session.call(WATCHER, &[b"WATCH".to_vec(), key]);
    }
}

fn is_watch_failed(session: &mut Session) -> bool {
    let id = session.id(WATCHER);
    session
        .engine
        .client(id)
        .expect("it is connected")
        .watch_failed
}

/// Runs calls as one step and takes them back.
fn run_and_abort(session: &mut Session, calls: &[Call]) {
    session.id(1);
    watch_everything(session);
    session.engine.take_steps();
    let before = fingerprint::of(&session.engine);
    let id = session.id(1);
    let db = session.engine.client(id).expect("it is connected").db;
    assert!(session.engine.begin(session.now_ms, id));
    for call in calls {
        session.call(1, call);
    }
    session.engine.abort();
    let after = fingerprint::of(&session.engine);
    assert_eq!(before, after, "after taking back {}", said(calls));
    assert!(!is_watch_failed(session), "WATCH saw {}", said(calls));
    assert!(session.engine.take_steps().is_empty());
    let client = session.engine.client_mut(id).expect("it is connected");
    client.db = db;
    client.queue = None;
}

fn each_script(limits: Limits) {
    for script in scripts() {
        let mut session = Session::with(Config {
            limits,
            ..Config::default()
        });
        for (at, call) in script.iter().enumerate() {
            // Each call alone, and all that follow it together: every position of a failure.
            run_and_abort(&mut session, std::slice::from_ref(call));
            run_and_abort(&mut session, &script[at..]);
            session.call(1, call);
        }
    }
}

#[test]
fn every_call_of_every_case_can_be_taken_back_in_packed_values() {
    each_script(Limits::default());
}

#[test]
fn every_call_of_every_case_can_be_taken_back_in_tables() {
    each_script(all_tables(3));
}

/// What a change replaced stays in its table until the step is done, wherever that table goes meanwhile.
#[test]
fn what_was_replaced_comes_back_though_its_table_was_swapped_and_flushed() {
    let mut session = Session::default();
    for line in ["SET a 1", "RPUSH l x y", "SADD s m", "SET t v PX 9000"] {
        session.say(line);
    }
    let script = [
        "SET a 2",
        "DEL l",
        "SET t w",
        "SWAPDB 0 1",
        "SET a 3",
        "RENAME a b",
        "SET b 4",
        "MOVE b 1",
        "FLUSHDB",
        "SET a 5",
        "SWAPDB 0 1",
        "SET t x KEEPTTL",
        "RENAME s a",
        "EXPIRE t 100",
        "FLUSHALL",
        "RPUSH l z",
        "APPEND a 6",
        "PERSIST t",
    ];
    let script = script.map(|line| line.split(' ').map(|word| word.into()).collect::<Call>());
    for end in 1..=script.len() {
        run_and_abort(&mut session, &script[..end]);
    }
    let id = session.id(1);
    assert!(session.engine.begin(session.now_ms, id));
    for call in &script {
        session.call(1, call);
    }
    session.engine.end().expect("there is memory");
    for end in 1..=script.len() {
        run_and_abort(&mut session, &script[..end]);
    }
}

/// What RENAME had taken out came back in another block, where the undo of the change before it did not
/// look: others had taken the room meanwhile.
#[test]
fn what_was_renamed_comes_back_where_it_stood_though_its_room_was_wanted() {
    let call = |line: String| -> Call { line.split(' ').map(|word| word.into()).collect() };
    let mut script = vec![
        call(format!("SET k {}", "v".repeat(200))),
        call(format!("RENAME k {}", "renamed".repeat(20))),
    ];
    script.extend((0..2_000).map(|n| call(format!("SET s{n} {}", "v".repeat(100)))));
    run_and_abort(&mut Session::default(), &script);
}

#[test]
fn a_step_that_outgrows_memory_is_taken_back() {
    for script in scripts() {
        let mut session = Session::default();
        for call in script {
            let used_bytes = session.engine.state().used_bytes();
            watch_everything(&mut session);
            let before = fingerprint::of(&session.engine);
            session.engine.state_mut().config.maxmemory = used_bytes.max(1);
            let outcome = session.call(1, call);
            session.engine.state_mut().config.maxmemory = 0;
            if let Outcome::Reply(Reply::Error(nookdb::Error::OutOfMemory)) = outcome {
                assert_eq!(
                    before,
                    fingerprint::of(&session.engine),
                    "{}",
                    said(std::slice::from_ref(call))
                );
                assert!(!is_watch_failed(&mut session));
                session.call(1, call);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn any_mixture_of_calls_can_be_taken_back(
        built in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
        undone in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
        tables in any::<bool>(),
    ) {
        let calls: Vec<&Call> = scripts().iter().flatten().collect();
        let limits = if tables {
            all_tables(5)
        } else {
            Limits { seed: Seed::new([5, 6]), ..Limits::default() }
        };
        let mut session = Session::with(Config { limits, ..Config::default() });
        for pick in built {
            let call: &Call = pick.get::<&Call>(&calls);
            session.call(1, call);
        }
        let id = session.id(1);
        session.engine.cancel(id);
        session.engine.client_mut(id).expect("it is connected").queue = None;
        let undone: Vec<Call> = undone.iter().map(|pick| (*pick.get::<&Call>(&calls)).clone()).collect();
        run_and_abort(&mut session, &undone);
    }
}
