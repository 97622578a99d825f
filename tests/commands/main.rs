//! What the oracle cannot show of commands: time that moves, effects, what an undo leaves.

#[path = "../support/mod.rs"]
mod support;

mod aggregates;
mod keys;
mod sorted_sets;
mod strings;

use nookdb::db::Effect;
use support::session::Session;

/// What the steps since the last time did, one line each: commands in their own words.
fn effects(db: &mut Session) -> Vec<String> {
    let steps = db.engine.take_steps().to_vec();
    let effects = steps.iter().flat_map(|step| &step.effects);
    effects.map(drawn).collect()
}

fn drawn(effect: &Effect) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match effect {
        Effect::Command { argv, .. } => {
            let words: Vec<String> = argv.iter().map(|word| text(word)).collect();
            words.join(" ")
        }
        Effect::Expired { key, deadline, .. } => format!("expired {} {deadline}", text(key)),
        Effect::Evicted { key, .. } => format!("evicted {}", text(key)),
    }
}

/// What one line did, the steps before it aside.
fn effects_of(db: &mut Session, line: &str) -> Vec<String> {
    effects(db);
    db.say(line);
    effects(db)
}
