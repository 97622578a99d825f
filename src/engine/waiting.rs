//! Clients that wait for a key: BLPOP and its kin.
//!
//! A waiter keeps its call. When a step touches one of its keys, the call is run again, as a step
//! of its own; if it would still wait, it goes on waiting. So a blocking command is one function,
//! and serving a waiter has the effects of the plain command.

use alloc::boxed::Box;
use alloc::collections::{BinaryHeap, VecDeque};
use alloc::vec::Vec;

use super::{Delivery, Engine, Outcome, owned};
use crate::commands::{Listed, run, table};
use crate::db::{Argv, Block, Cause, ClientId, ClientMap, Ctx, Draft, Key};
use crate::error::Error;
use crate::reply::Reply;
use crate::types::{Seed, SeededMap, SeededSet};

/// Numbers waits in the order in which they began; never used twice.
type Arrival = u64;

#[derive(Debug)]
struct Waiter {
    arrival: Arrival,
    db: u32,
    block: Block,
    argv: Argv,
}

/// Who waits for what. For one key, those who came first are served first.
///
/// Serving takes the next of a line without touching the rest: a push costs the same however many wait behind. Whoever
/// leaves a line from its middle is found in O(log N), and those between him and the nearer end move up, at 16 bytes each.
/// Invariant: `by_key` holds exactly the waits of `waiters`, each line in the order of arrivals.
#[derive(Debug)]
pub(super) struct Waiting {
    waiters: ClientMap<Waiter>,
    by_key: SeededMap<(u32, Key), VecDeque<(Arrival, ClientId)>>,
    next: Arrival,
    /// Places that changed and whose waiters have not been looked at yet.
    ready: VecDeque<(u32, Key)>,
    is_serving: bool,
}

impl Waiting {
    pub fn new(seed: Seed) -> Waiting {
        Waiting {
            waiters: ClientMap::default(),
            by_key: SeededMap::with_hasher(seed),
            next: 0,
            ready: VecDeque::new(),
            is_serving: false,
        }
    }

    pub fn add(&mut self, client: ClientId, db: u32, block: Block, argv: Argv) {
        let arrival = self.next;
        self.next += 1;
        for key in &block.keys {
            let line = self.by_key.entry((db, key.clone())).or_default();
            // A call may name a key twice.
            if line.back() != Some(&(arrival, client)) {
                line.push_back((arrival, client));
            }
        }
        let waiter = Waiter {
            arrival,
            db,
            block,
            argv,
        };
        self.waiters.insert(client, waiter);
    }

    pub fn remove(&mut self, client: ClientId) -> bool {
        let Some(waiter) = self.waiters.swap_remove(&client) else {
            return false;
        };
        for key in waiter.block.keys {
            let place = (waiter.db, key);
            if let Some(line) = self.by_key.get_mut(&place) {
                if let Ok(at) = line.binary_search(&(waiter.arrival, client)) {
                    line.remove(at);
                }
                if line.is_empty() {
                    self.by_key.swap_remove(&place);
                }
            }
        }
        true
    }

    pub fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }

    /// The moment at which the first timeout ends.
    pub fn next_ms(&self) -> Option<i64> {
        self.waiters
            .values()
            .filter_map(|waiter| waiter.block.until_ms)
            .min()
    }

    /// Those whose time is up, who came first in front.
    fn past(&self, now_ms: i64) -> impl Iterator<Item = ClientId> + use<> {
        let past = |waiter: &Waiter| waiter.block.until_ms.is_some_and(|until| until <= now_ms);
        let waiters = self.waiters.iter().filter(|(_, waiter)| past(waiter));
        let waits: BinaryHeap<(Arrival, ClientId)> = waiters
            .map(|(client, waiter)| (waiter.arrival, *client))
            .collect();
        let waits = waits.into_sorted_vec().into_iter();
        waits.map(|(_, client)| client)
    }

    /// Who came next to a place after this one; after nobody, who came first.
    fn next_at(&self, place: &(u32, Key), after: Option<Arrival>) -> Option<(Arrival, ClientId)> {
        let line = self.by_key.get(place)?;
        let at = after.map_or(0, |last| {
            line.partition_point(|(arrival, _)| *arrival <= last)
        });
        line.get(at).copied()
    }

    /// Places that a step changed and that somebody waits for, each once, in order.
    fn ready(&self, draft: &Draft) -> SeededSet<(u32, Key)> {
        let touched = draft
            .touched
            .iter()
            .filter(|place| self.by_key.contains_key(*place));
        let replaced = self
            .by_key
            .keys()
            .filter(|(db, _)| draft.replaced.contains(db));
        let mut ready = SeededSet::with_hasher(*self.by_key.hasher());
        ready.extend(touched.chain(replaced).cloned());
        ready
    }
}

impl Engine {
    /// Puts a client into the wait that its call asked for.
    pub(super) fn wait(
        &mut self,
        client: ClientId,
        mut draft: Box<Draft>,
        argv: &[&[u8]],
    ) -> Outcome {
        if let Some(block) = draft.block.take() {
            let state = self.state.client_mut(client);
            state.blocked = true;
            let db = state.db;
            self.waiting.add(client, db, block, owned(argv));
        }
        // Looking for something to take may have removed what time had taken.
        self.commit(draft, Cause::Expiry, &[]);
        Outcome::Blocked
    }

    /// Serves those who waited for what this step brought. Their steps may serve others in turn:
    /// these come here too, and are served in the loop of the first, since a chain of BLMOVE may be
    /// as long as there are clients, and the stack is not.
    pub(super) fn serve(&mut self, draft: &Draft) {
        if self.waiting.is_empty() {
            return;
        }
        let ready = self.waiting.ready(draft);
        self.waiting.ready.extend(ready);
        if core::mem::replace(&mut self.waiting.is_serving, true) {
            return;
        }
        while let Some(place) = self.waiting.ready.pop_front() {
            self.serve_place(draft.now_ms, &place);
        }
        self.waiting.is_serving = false;
    }

    fn serve_place(&mut self, now_ms: i64, place: &(u32, Key)) {
        let mut last = None;
        while self.stands(place)
            && let Some((arrival, client)) = self.waiting.next_at(place, last)
        {
            self.retry(now_ms, client, place);
            last = Some(arrival);
        }
    }

    /// Takes a client out of its wait without a reply; false where it does not wait. For a caller
    /// that has gone, or changed its mind.
    pub fn cancel(&mut self, client: ClientId) -> bool {
        self.state.client_mut(client).blocked = false;
        self.waiting.remove(client)
    }

    /// The moment at which the first wait times out, for the host's timer.
    pub fn next_timeout_ms(&self) -> Option<i64> {
        self.waiting.next_ms()
    }

    /// Answers those whose time is up what they would have been told had they not waited.
    pub(super) fn time_out(&mut self, now_ms: i64) {
        for client in self.waiting.past(now_ms) {
            let mut draft = self.draft(now_ms);
            draft.may_block = false;
            let Some((listed, argv)) = self.waiting_call(client) else {
                continue;
            };
            let reply = self
                .rerun(&mut draft, client, listed, &argv)
                .unwrap_or_else(Reply::Error);
            self.answer_waiter(client, reply);
            self.commit(draft, Cause::Unblock, &borrowed(&argv));
        }
    }

    fn stands(&self, (db, key): &(u32, Key)) -> bool {
        self.state.databases[*db as usize].contains(key)
    }

    fn waiting_call(&self, client: ClientId) -> Option<(&'static Listed, Argv)> {
        let waiter = self.waiting.waiters.get(&client)?;
        let listed = table().find(&borrowed(&waiter.argv)).ok()?;
        Some((listed, waiter.argv.clone()))
    }

    /// Runs a waiter's call again, because one of its keys changed.
    fn retry(&mut self, now_ms: i64, client: ClientId, place: &(u32, Key)) {
        let Some((listed, argv)) = self.waiting_call(client) else {
            return;
        };
        let mut draft = self.draft(now_ms);
        let reply = match self.rerun(&mut draft, client, listed, &argv) {
            // Looking for something to take may have removed what time had taken.
            Ok(_) if draft.block.take().is_some() => {
                return self.commit(draft, Cause::Expiry, &[]);
            }
            // A key of another kind than the one waited for is as good as none.
            Err(Error::WrongType) if !self.is_of_group(place, listed.command.group) => return,
            Ok(reply) => reply,
            Err(error) => Reply::Error(error),
        };
        self.answer_waiter(client, reply);
        self.commit(draft, Cause::Unblock, &borrowed(&argv));
    }

    fn rerun(
        &mut self,
        draft: &mut Draft,
        client: ClientId,
        listed: &Listed,
        argv: &Argv,
    ) -> Result<Reply, Error> {
        let mut ctx = Ctx::new(&mut self.state, draft, client);
        run(&mut ctx, listed, &borrowed(argv))
    }

    fn answer_waiter(&mut self, client: ClientId, reply: Reply) {
        self.waiting.remove(client);
        self.state.client_mut(client).blocked = false;
        self.outbox.push(Delivery { client, reply });
    }

    /// Whether what stands there is what commands of this family take.
    fn is_of_group(&self, (db, key): &(u32, Key), group: &str) -> bool {
        let standing = self.state.databases[*db as usize].get(key);
        let kind = if group == "sorted-set" { "zset" } else { group };
        standing.is_some_and(|standing| standing.value().type_name() == kind)
    }
}

fn borrowed(argv: &Argv) -> Vec<&[u8]> {
    argv.iter().map(|argument| &**argument).collect()
}
