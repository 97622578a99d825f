//! Making room: which key goes when memory is short.

use super::config::Policy;
use super::context::Ctx;
use super::keyspace::{Key, Keyspace};

impl Ctx<'_> {
    /// Removes one key by the policy in force; false where there is none that may go.
    ///
    /// A victim is the worst of `maxmemory-samples` keys drawn at random from each database: an
    /// approximation of the true order whose cost does not depend on the number of keys (Redis's
    /// method). Cost: databases * samples look-ups.
    pub fn evict_one(&mut self) -> bool {
        let Some((db, key)) = self.victim() else {
            return false;
        };
        self.in_db(db, |ctx| ctx.slot_as_it_is(&key).evict());
        true
    }

    fn victim(&mut self) -> Option<(u32, Key)> {
        let policy = self.state.config.policy;
        let samples = self.state.config.maxmemory_samples;
        let mut worst: Option<(i64, u32, Key)> = None;
        for db in 0..self.state.databases.len() {
            for _ in 0..samples {
                let draw = self.random();
                let keyspace = &self.state.databases[db];
                let now_ms = self.draft.now_ms;
                let Some((key, rank)) = candidate(keyspace, policy, draw, now_ms) else {
                    break;
                };
                let rank = match policy {
                    Policy::AllKeysLru => {
                        // What JavaScript answered by itself was a use of the key too.
                        let near = &self.state.near;
                        near.idle_ms(db as u32, key, rank, now_ms)
                    }
                    _ => rank,
                };
                if worst.as_ref().is_none_or(|(worst, ..)| rank > *worst) {
                    worst = Some((rank, db as u32, key.into()));
                }
            }
        }
        worst.map(|(_, db, key)| (db, key))
    }
}

/// A key at random among those that may go, and how much it deserves to.
fn candidate(keyspace: &Keyspace, policy: Policy, draw: u64, now_ms: i64) -> Option<(&[u8], i64)> {
    match policy {
        Policy::NoEviction => None,
        Policy::AllKeysLru => {
            let drawn = keyspace.random(draw)?;
            Some((drawn.key(), drawn.idle_ms(now_ms)))
        }
        Policy::VolatileTtl => {
            let position = draw.checked_rem(keyspace.volatile_len() as u64)?;
            let drawn = keyspace.volatile_at(position as usize)?;
            Some((drawn.key(), drawn.deadline()?.saturating_neg()))
        }
    }
}
