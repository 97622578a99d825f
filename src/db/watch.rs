//! WATCH: which clients want to know that a key changed before their EXEC.

use super::client::{ClientId, ClientSet};
use super::keyspace::Key;
use super::state::State;
use crate::types::{Seed, SeededMap};

/// Clients by watched key. No key stands without a client.
#[derive(Debug)]
pub struct Watches {
    by_key: SeededMap<(u32, Key), ClientSet>,
}

impl Watches {
    pub fn new(seed: Seed) -> Watches {
        Watches {
            by_key: SeededMap::with_hasher(seed),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    pub fn keys_of(&self, db: u32) -> impl Iterator<Item = &Key> {
        self.by_key
            .keys()
            .filter(move |(watched, _)| *watched == db)
            .map(|(_, key)| key)
    }
}

impl State {
    #[inline]
    pub fn watch(&mut self, client: ClientId, db: u32, key: Key) {
        let place = (db, key);
        if self
            .watches
            .by_key
            .entry(place.clone())
            .or_default()
            .insert(client)
        {
            self.client_mut(client).watched.push(place);
        }
    }

    /// Forgets all that the client watches, and whether it changed.
    #[inline]
    pub fn unwatch(&mut self, client: ClientId) {
        let client_state = self.client_mut(client);
        client_state.watch_failed = false;
        for place in core::mem::take(&mut client_state.watched) {
            if let Some(clients) = self.watches.by_key.get_mut(&place) {
                clients.swap_remove(&client);
                if clients.is_empty() {
                    self.watches.by_key.swap_remove(&place);
                }
            }
        }
    }

    /// Tells those who watch a key that it changed.
    #[inline]
    pub fn fail_watches(&mut self, touched: &[(u32, Key)]) {
        if self.watches.by_key.is_empty() {
            return;
        }
        for place in touched {
            let clients = self.watches.by_key.get(place).cloned().unwrap_or_default();
            for client in clients {
                self.client_mut(client).watch_failed = true;
            }
        }
    }
}
