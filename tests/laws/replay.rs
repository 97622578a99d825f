//! Effects done again give an equal digest: in an engine with another hash seed, other thresholds,
//! the clock a year later and eviction off.

use nookdb::db::{Policy, Step, Steps};
use nookdb::persist::aof;
use nookdb::types::{Limits, Seed};
use nookdb::{Config, Engine};
use proptest::prelude::*;

use super::support::session::{START_MS, Session};
use super::{Call, all_tables, said, scripts};

const YEAR_MS: i64 = 365 * 24 * 3_600_000;

/// Where the effects are done again: as unlike the first engine as may be.
fn other_engine() -> Engine {
    let limits = all_tables(77);
    let config = Config {
        limits,
        ..Config::default()
    };
    Engine::new(config, START_MS + YEAR_MS, 99)
}

fn session(limits: Limits) -> Session {
    Session::with(Config {
        limits,
        ..Config::default()
    })
}

fn replayed(steps: &[Step]) -> Engine {
    let mut engine = other_engine();
    for step in steps {
        let outcome = engine.apply(step);
        assert_eq!(outcome, Ok(()), "step {step:?}");
    }
    engine
}

fn assert_replay_is_equal(session: &mut Session, what: impl Fn() -> String) {
    let steps = session.engine.take_steps().to_vec();
    let numbers: Vec<u64> = steps.iter().map(|step| step.seq).collect();
    let gapless: Vec<u64> = (1..=steps.len() as u64).collect();
    assert_eq!(numbers, gapless, "steps are numbered without gaps");
    let other = replayed(&steps);
    let (first, second) = (session.engine.state(), other.state());
    assert_eq!(first.digest(), second.digest(), "after {}", what());
    assert_eq!(first.seq, second.seq);
    let other = replayed(&through_an_append_only_file(&steps));
    let digest = other.state().digest();
    assert_eq!(first.digest(), digest, "from the file, after {}", what());
}

/// The steps as they are read back from the file of a server.
fn through_an_append_only_file(steps: &[Step]) -> Vec<Step> {
    let packed: Steps = steps.iter().collect();
    let (mut writer, mut file) = (aof::Writer::default(), Vec::new());
    for step in packed.iter() {
        writer.step(step, &mut file);
    }
    let mut reader = aof::Reader::default();
    reader.feed(&file);
    let mut read = Vec::new();
    for step in steps {
        let effects = reader.take().expect("an AOF").expect("every step");
        let step = Step {
            effects,
            ..step.clone()
        };
        read.push(step);
    }
    assert_eq!(reader.take(), Ok(None));
    read
}

#[test]
fn every_case_gives_the_same_data_when_its_effects_are_done_again() {
    for script in scripts() {
        let mut session = session(Limits::default());
        for call in script {
            session.call(1, call);
        }
        session.say("EXEC");
        assert_replay_is_equal(&mut session, || said(script));
    }
}

#[test]
fn eviction_is_an_effect_like_any_other() {
    let config = Config {
        maxmemory: 2_000,
        policy: Policy::AllKeysLru,
        ..Config::default()
    };
    let mut session = Session::with(config);
    for n in 0..200 {
        session.sleep(1);
        assert_eq!(session.say(&format!("SET key:{n} value")), "OK");
    }
    assert!(session.engine.state().stats.evicted > 100);
    assert!(session.engine.state().used_bytes() <= 2_000);
    assert_replay_is_equal(&mut session, || "200 SETs".to_owned());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Calls of all families in any order, with time passing between them.
    #[test]
    fn any_mixture_of_calls_gives_the_same_data_when_its_effects_are_done_again(
        picks in prop::collection::vec((any::<prop::sample::Index>(), 0..2_000_i64), 1..120),
        tables in any::<bool>(),
    ) {
        let calls: Vec<&Call> = scripts().iter().flatten().collect();
        let limits = if tables {
            all_tables(5)
        } else {
            Limits { seed: Seed::new([5, 6]), ..Limits::default() }
        };
        let mut session = session(limits);
        let mut script = Vec::new();
        for (pick, pause_ms) in picks {
            let call: &Call = pick.get::<&Call>(&calls);
            session.wait(pause_ms);
            session.call(1, call);
            script.push(call.clone());
        }
        assert_replay_is_equal(&mut session, || said(&script));
    }
}
