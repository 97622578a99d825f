//! What `waiting` comes to in a build that has no call that waits.

use alloc::boxed::Box;

use super::{Engine, Outcome};
use crate::db::{Cause, ClientId, Draft};
use crate::reply::Reply;
use crate::types::Seed;

#[derive(Debug)]
pub(super) struct Waiting;

impl Waiting {
    pub fn new(_: Seed) -> Waiting {
        Waiting
    }

    pub fn remove(&mut self, _: ClientId) -> bool {
        false
    }

    pub fn is_empty(&self) -> bool {
        true
    }
}

impl Engine {
    /// No row of this build asks for a wait.
    pub(super) fn wait(&mut self, _: ClientId, draft: Box<Draft>, argv: &[&[u8]]) -> Outcome {
        self.commit(draft, Cause::Command, argv);
        Outcome::Reply(Reply::Null)
    }

    pub(super) fn serve(&mut self, _: &Draft) {}

    /// As in a build with waits: false where a client does not wait.
    pub fn cancel(&mut self, client: ClientId) -> bool {
        self.waiting.remove(client)
    }

    /// As in a build with waits: none where nobody waits.
    pub fn next_timeout_ms(&self) -> Option<i64> {
        None
    }

    pub(super) fn time_out(&mut self, _: i64) {}
}
