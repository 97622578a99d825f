//! What is asked once, and what is looked at now and then: objects, by serde.

use serde::{Deserialize, Serialize};

use crate::db::Config;
use crate::engine::Engine;
use crate::types::Seed;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Options {
    /// In bytes; 0 is without bound.
    pub max_memory: f64,
    /// Whether steps are kept for a journal.
    pub journaling: bool,
}

impl Options {
    pub fn config(&self, entropy: [u64; 2]) -> Config {
        let mut config = Config {
            maxmemory: self.max_memory as usize,
            ..Config::default()
        };
        config.limits.seed = Seed::new(entropy);
        config
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Statistics {
    /// The number of the last step.
    seq: f64,
    keys: usize,
    /// What keys and values weigh.
    used_bytes: usize,
    clients: usize,
}

impl Statistics {
    pub fn of(engine: &Engine) -> Statistics {
        let state = engine.state();
        Statistics {
            seq: state.seq as f64,
            keys: state.databases.iter().map(|db| db.len()).sum(),
            used_bytes: state.used_bytes(),
            clients: state.clients.len(),
        }
    }
}
