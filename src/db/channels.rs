//! Who listens to which channel.

use super::client::{ClientId, ClientSet};
use super::glob;
use super::keyspace::Key;
use super::state::State;
use crate::types::{Seed, SeededMap};

/// Subscribers by channel and by pattern. No channel and no pattern stands without a subscriber.
#[derive(Debug)]
pub struct Channels {
    pub channels: Subscribers,
    pub patterns: Subscribers,
}

#[derive(Debug)]
pub struct Subscribers {
    by_name: SeededMap<Key, ClientSet>,
}

impl Subscribers {
    fn new(seed: Seed) -> Subscribers {
        Subscribers {
            by_name: SeededMap::with_hasher(seed),
        }
    }

    #[inline]
    pub fn add(&mut self, name: &[u8], client: ClientId) {
        self.by_name.entry(name.into()).or_default().insert(client);
    }

    #[inline]
    pub fn remove(&mut self, name: &[u8], client: ClientId) {
        if let Some(clients) = self.by_name.get_mut(name) {
            clients.shift_remove(&client);
            if clients.is_empty() {
                self.by_name.swap_remove(name);
            }
        }
    }

    /// Number of subscribers of one name.
    pub fn count(&self, name: &[u8]) -> usize {
        self.by_name.get(name).map_or(0, ClientSet::len)
    }

    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    pub fn names(&self) -> impl Iterator<Item = &Key> {
        self.by_name.keys()
    }
}

/// Someone a message goes to, and the pattern by which it reached them.
pub struct Receiver<'a> {
    pub client: ClientId,
    pub pattern: Option<&'a [u8]>,
}

impl Channels {
    pub fn new(seed: Seed) -> Channels {
        Channels {
            channels: Subscribers::new(seed),
            patterns: Subscribers::new(seed),
        }
    }

    /// Everyone that a message on this channel goes to, subscribers of the channel first.
    /// Cost: O(S + P), S being the subscribers, P all patterns.
    pub fn receivers<'a>(&'a self, channel: &'a [u8]) -> impl Iterator<Item = Receiver<'a>> {
        let direct = self.channels.by_name.get(channel).into_iter().flatten();
        let direct = direct.map(|&client| Receiver {
            client,
            pattern: None,
        });
        let matching = self
            .patterns
            .by_name
            .iter()
            .filter(move |(pattern, _)| glob::matches(pattern, channel));
        let matching = matching.flat_map(|(pattern, clients)| {
            clients.iter().map(|&client| Receiver {
                client,
                pattern: Some(pattern),
            })
        });
        direct.chain(matching)
    }
}

impl State {
    #[inline]
    pub fn unsubscribe(&mut self, client: ClientId, channel: &[u8]) {
        self.client_mut(client).channels.shift_remove(channel);
        self.channels.channels.remove(channel, client);
    }

    #[inline]
    pub fn punsubscribe(&mut self, client: ClientId, pattern: &[u8]) {
        self.client_mut(client).patterns.shift_remove(pattern);
        self.channels.patterns.remove(pattern, client);
    }

    #[inline]
    pub fn unsubscribe_all(&mut self, client: ClientId) {
        for channel in core::mem::take(&mut self.client_mut(client).channels) {
            self.channels.channels.remove(&channel, client);
        }
        for pattern in core::mem::take(&mut self.client_mut(client).patterns) {
            self.channels.patterns.remove(&pattern, client);
        }
    }
}
