//! The oracle: every case of `cases/*.txt` is said to a real redis-server and to the engine, in both
//! protocols, and the replies are compared as redis-cli draws them.

#[path = "../support/mod.rs"]
mod support;

mod case;
mod coverage;
mod differences;
mod made_up;
mod worlds;

use case::{Case, Compare, Line};
use nookdb::db::Resp;
use support::redis::RedisServer;
use worlds::{Engine, Redis};

#[test]
fn replies_are_those_of_redis_in_resp2() {
    compare_all(Resp::Two);
}

#[test]
fn replies_are_those_of_redis_in_resp3() {
    compare_all(Resp::Three);
}

fn compare_all(resp: Resp) {
    let server = RedisServer::start();
    let only = std::env::var("ONLY").unwrap_or_default();
    let cases = case::all().filter(|case| case.title().contains(&only));
    let mut redis = Redis::new(&server, resp);
    let mut differences = Vec::new();
    let mut compared = 0;
    for case in cases {
        redis.start_over();
        differences.extend(compare(&case, &mut redis, resp));
        compared += 1;
    }
    assert!(compared > 0, "no case has ONLY={only} in its title");
    assert!(
        differences.is_empty(),
        "{} differences:\n\n{}",
        differences.len(),
        differences.join("\n\n")
    );
}

/// What differs in a case: at most one difference, since the two have gone apart then.
fn compare(case: &Case, redis: &mut Redis, resp: Resp) -> Option<String> {
    let mut engine = Engine::new(resp);
    for line in &case.lines {
        let (expected, got) = match &line.compare {
            Compare::With(reply) => (reply.drawn_in(resp), engine.say(line)),
            _ => {
                let got = engine.say(line);
                (redis.say(line, got == worlds::BLOCKED), got)
            }
        };
        if seen_by(line, &expected) != seen_by(line, &got) {
            let place = format!("{}:{} ({resp:?}) {}", case.file, line.number, case.name);
            return Some(format!(
                "{place}\n> {}\nredis:\n{expected}\nnookdb:\n{got}",
                line.text
            ));
        }
    }
    None
}

/// The part of a reply that the case wants compared.
fn seen_by(line: &Line, reply: &str) -> String {
    match line.compare {
        Compare::Exactly | Compare::With(_) => reply.trim_end().to_owned(),
        Compare::Unordered => case::unordered(reply),
        Compare::Kind => case::kind(reply),
    }
}
