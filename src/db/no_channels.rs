//! What `channels` comes to in a build in which nobody can subscribe.

use super::client::ClientId;
use super::state::State;
use crate::types::Seed;

#[derive(Debug)]
pub struct Channels;

/// Someone a message goes to: nobody.
pub struct Receiver<'a> {
    pub client: ClientId,
    pub pattern: Option<&'a [u8]>,
}

impl Channels {
    pub fn new(_: Seed) -> Channels {
        Channels
    }

    pub fn receivers<'a>(&'a self, _: &'a [u8]) -> impl Iterator<Item = Receiver<'a>> {
        core::iter::empty()
    }
}

impl State {
    pub fn unsubscribe_all(&mut self, _: ClientId) {}
}
