//! Removing what time has taken, in small pieces.

use alloc::vec::Vec;

use super::context::Ctx;
use super::keyspace::Key;
use super::lazy::pieces_at_once;

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

    /// Takes this much for what is done already, or all that is there.
    fn charge(&mut self, units: usize) {
        self.units = self.units.saturating_sub(units);
    }
}

/// Keys with a deadline that one round looks at.
const ROUND: usize = 20;
/// What it takes to remove a key, in look-ups; each piece of its value is one more.
const REMOVAL: usize = 8;
/// Units after which a step of expiry ends: what it removed is freed at its end, and the clock looked at after that.
const STEP_UNITS: usize = 1024;

impl Ctx<'_> {
    /// Removes keys of the selected database whose deadline has passed, until the budget is spent or a step is full, and says whether
    /// it is that.
    ///
    /// Looks at 20 keys that have a deadline, drawn at random, and goes round again while more than
    /// one in ten was dead, as Redis does with its default effort. Cost of a round: 20 look-ups, and what it takes to
    /// remove those that it found.
    pub fn expire_some(&mut self, budget: &mut Budget) -> bool {
        let mut spent = 0;
        while spent < STEP_UNITS {
            let volatile = self.keyspace().volatile_len();
            if volatile == 0 || !budget.spend(ROUND) {
                return false;
            }
            let looked_at = volatile.min(ROUND);
            let dead = self.dead_among(looked_at, volatile);
            let found = dead.len();
            let removal = dead.iter().map(|(_, units)| units).sum();
            for (key, _) in dead {
                self.slot_as_it_is(&key).expire();
            }
            budget.charge(removal);
            spent += ROUND + removal;
            if found * 10 <= looked_at {
                return false;
            }
        }
        true
    }

    /// Dead keys in a run of positions that begins at random, each named once, and what it takes to remove them.
    fn dead_among(&mut self, looked_at: usize, volatile: usize) -> Vec<(Key, usize)> {
        let start = self.random() as usize % volatile;
        let keyspace = self.keyspace();
        (0..looked_at)
            .filter_map(|step| keyspace.volatile_at((start + step) % volatile))
            .filter(|standing| standing.is_past(self.now_ms()))
            .map(|standing| {
                let units = REMOVAL + pieces_at_once(standing.pieces());
                (standing.key().into(), units)
            })
            .collect()
    }
}
