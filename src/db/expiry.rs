//! Removing what time has taken, in small pieces.

use alloc::vec::Vec;

use super::context::Ctx;
use super::keyspace::Key;

/// How much a bounded loop may do: an amount of work, and as long as the host says there is time.
///
/// Both, since in workerd the clock stands still while code runs.
pub struct Budget<'a> {
    pub units: usize,
    pub has_time: &'a mut dyn FnMut() -> bool,
}

impl Budget<'_> {
    /// The most that is spent at once.
    pub const PIECE_UNITS: usize = 256;

    /// Whether so little is left that some of the work may have been left out.
    pub fn is_spent(&self) -> bool {
        self.units < Self::PIECE_UNITS
    }

    /// Takes this much, or says that it is no longer there.
    pub fn spend(&mut self, units: usize) -> bool {
        let enough = self.units >= units && (self.has_time)();
        if enough {
            self.units -= units;
        }
        enough
    }
}

/// Keys with a deadline that one round looks at.
const ROUND: usize = 20;

impl Ctx<'_> {
    /// Removes keys of the selected database whose deadline has passed, until the budget is spent.
    ///
    /// Looks at 20 keys that have a deadline, drawn at random, and goes round again while more than
    /// one in ten was dead, as Redis does with its default effort. Cost of a round: 20 look-ups.
    pub fn expire_some(&mut self, budget: &mut Budget) {
        loop {
            let volatile = self.keyspace().volatile_len();
            if volatile == 0 || !budget.spend(ROUND) {
                return;
            }
            let looked_at = volatile.min(ROUND);
            let dead = self.dead_among(looked_at, volatile);
            let found = dead.len();
            for key in dead {
                self.slot_as_it_is(&key).expire();
            }
            if found * 10 <= looked_at {
                return;
            }
        }
    }

    /// Dead keys in a run of positions that begins at random, each named once.
    fn dead_among(&mut self, looked_at: usize, volatile: usize) -> Vec<Key> {
        let start = self.random() as usize % volatile;
        let keyspace = self.keyspace();
        (0..looked_at)
            .filter_map(|step| keyspace.volatile_at((start + step) % volatile))
            .filter(|standing| standing.is_past(self.now_ms()))
            .map(|standing| standing.key().into())
            .collect()
    }
}
