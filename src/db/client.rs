//! What is known of each client: a connection to the server, or a caller in the same process.

use alloc::boxed::Box;
use alloc::collections::BinaryHeap;
use alloc::string::String;
use alloc::vec::Vec;
use core::hash::{BuildHasherDefault, Hasher};

use indexmap::{IndexMap, IndexSet};

use super::effects::Argv;
use super::keyspace::Key;
use crate::error::{Error, Result};
use crate::types::Seed;
#[cfg(feature = "pubsub")]
use crate::types::SeededSet;

/// Numbers clients in the order in which they came; never used twice.
pub type ClientId = u64;

/// The client in whose name the engine acts by itself: expiry, eviction, loading.
pub const NOBODY: ClientId = 0;

const QUEUE_FULL: Error = Error::Said(
    "ERR the transaction is larger than 64 MiB: DISCARD it and use several smaller ones",
);

/// The version of the protocol that a client has chosen with HELLO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resp {
    #[default]
    Two,
    Three,
}

/// Where CLIENT REPLY stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReplyMode {
    #[default]
    On,
    Off,
    /// Leaves out the reply to the next command alone.
    Skip,
}

/// Commands between MULTI and EXEC. `maxmemory` counts keys and not these, so they have a bound of
/// their own.
#[derive(Debug, Default)]
pub struct Queue {
    commands: Vec<Argv>,
    bytes: usize,
    /// A command could not be queued: EXEC will refuse.
    pub broken: bool,
}

impl Queue {
    /// What the commands of one queue may take, in bytes. Larger than any transaction that a store
    /// of this kind should stand still for, and small enough for a wasm memory to hold it twice.
    pub const MAX_BYTES: usize = 64 << 20;

    pub fn commands(&self) -> &[Argv] {
        &self.commands
    }

    pub fn into_commands(self) -> Vec<Argv> {
        self.commands
    }

    /// What the commands take: their words, and the lists that hold them.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Queues a command. One of a broken transaction will not run, and is not kept.
    ///
    /// # Errors
    /// Where the queue would pass `MAX_BYTES`.
    pub fn push(&mut self, argv: &[&[u8]]) -> Result<()> {
        if self.broken {
            return Ok(());
        }
        let words: usize = argv
            .iter()
            .map(|word| word.len() + size_of::<Box<[u8]>>())
            .sum();
        let bytes = self.bytes + words + size_of::<Argv>();
        if bytes > Queue::MAX_BYTES {
            return Err(QUEUE_FULL);
        }
        self.bytes = bytes;
        self.commands
            .push(argv.iter().map(|&word| word.into()).collect());
        Ok(())
    }
}

#[derive(Debug)]
pub struct Client {
    pub id: ClientId,
    pub name: Vec<u8>,
    pub library_name: Vec<u8>,
    pub library_version: Vec<u8>,
    /// Peer and own address as `host:port`, empty inside a process.
    pub address: String,
    pub local_address: String,
    pub db: u32,
    pub resp: Resp,
    pub authenticated: bool,
    pub connected_ms: i64,
    pub active_ms: i64,
    pub last_command: &'static str,
    pub queue: Option<Queue>,
    pub watched: Vec<(u32, Key)>,
    /// A watched key changed: EXEC will answer null.
    pub watch_failed: bool,
    #[cfg(feature = "pubsub")]
    pub channels: SeededSet<Key>,
    #[cfg(feature = "pubsub")]
    pub patterns: SeededSet<Key>,
    pub no_touch: bool,
    pub no_evict: bool,
    pub reply_mode: ReplyMode,
    pub blocked: bool,
    /// The host closes the connection when the reply is written.
    pub closing: bool,
}

impl Client {
    pub fn new(
        id: ClientId,
        now_ms: i64,
        #[cfg_attr(not(feature = "pubsub"), expect(unused_variables))] seed: Seed,
    ) -> Client {
        Client {
            id,
            name: Vec::new(),
            library_name: Vec::new(),
            library_version: Vec::new(),
            address: String::new(),
            local_address: String::new(),
            db: 0,
            resp: Resp::Two,
            authenticated: false,
            connected_ms: now_ms,
            active_ms: now_ms,
            last_command: "NULL",
            queue: None,
            watched: Vec::new(),
            watch_failed: false,
            #[cfg(feature = "pubsub")]
            channels: SeededSet::with_hasher(seed),
            #[cfg(feature = "pubsub")]
            patterns: SeededSet::with_hasher(seed),
            no_touch: false,
            no_evict: false,
            reply_mode: ReplyMode::On,
            blocked: false,
            closing: false,
        }
    }

    /// Channels and patterns together, the number that SUBSCRIBE answers.
    #[cfg(feature = "pubsub")]
    pub fn subscriptions(&self) -> usize {
        self.channels.len() + self.patterns.len()
    }

    /// Nobody can subscribe in this build.
    #[cfg(not(feature = "pubsub"))]
    pub fn subscriptions(&self) -> usize {
        0
    }
}

/// All clients, by number.
#[derive(Debug)]
pub struct Clients {
    by_id: ClientMap<Client>,
    /// Where the client is that called last, as it mostly is the next to call: every call looks here first.
    recent: usize,
    nobody: Client,
    /// Apart from the clients, in their order: every change of a key looks here, and hardly any client is here.
    observed: Vec<(ClientId, Vec<Key>)>,
    next: ClientId,
    /// Of what clients name.
    seed: Seed,
}

/// Something of each of some clients.
pub type ClientMap<V> = IndexMap<ClientId, V, BuildHasherDefault<ById>>;
/// Some clients, in the order in which they joined.
pub type ClientSet = IndexSet<ClientId, BuildHasherDefault<ById>>;

/// Spreads numbers that the engine itself gave out: nobody can choose them to collide, and every call
/// looks its client up.
#[derive(Debug, Default)]
pub struct ById(u64);

impl Hasher for ById {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    /// Fibonacci hashing: the odd number is 2^64 divided by the golden ratio.
    fn write_u64(&mut self, id: u64) {
        self.0 = (self.0 ^ id).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Clients {
    pub fn new(seed: Seed) -> Clients {
        let mut nobody = Client::new(NOBODY, 0, seed);
        nobody.authenticated = true;
        Clients {
            by_id: ClientMap::default(),
            recent: 0,
            nobody,
            observed: Vec::new(),
            next: 1,
            seed,
        }
    }

    #[inline]
    pub fn connect(&mut self, now_ms: i64) -> ClientId {
        let id = self.next;
        self.next += 1;
        self.by_id.insert(id, Client::new(id, now_ms, self.seed));
        id
    }

    #[inline]
    pub fn remove(&mut self, id: ClientId) -> Option<Client> {
        self.observe(id, Vec::new());
        self.by_id.swap_remove(&id)
    }

    pub fn get(&self, id: ClientId) -> Option<&Client> {
        match self.by_id.get_index(self.recent) {
            Some((known, client)) if *known == id => Some(client),
            _ if id == NOBODY => Some(&self.nobody),
            _ => self.by_id.get(&id),
        }
    }

    #[inline(always)]
    pub fn get_mut(&mut self, id: ClientId) -> Option<&mut Client> {
        let is_recent = |(known, _): (&ClientId, &Client)| *known == id;
        if !self.by_id.get_index(self.recent).is_some_and(is_recent) {
            return self.seek(id);
        }
        let (_, client) = self.by_id.get_index_mut(self.recent)?;
        Some(client)
    }

    #[inline(never)]
    fn seek(&mut self, id: ClientId) -> Option<&mut Client> {
        if id == NOBODY {
            return Some(&mut self.nobody);
        }
        self.recent = self.by_id.get_index_of(&id)?;
        let (_, client) = self.by_id.get_index_mut(self.recent)?;
        Some(client)
    }

    /// The client of this number, or the engine itself where it has gone.
    pub fn get_or_nobody(&self, id: ClientId) -> &Client {
        self.by_id.get(&id).unwrap_or(&self.nobody)
    }

    pub fn get_or_nobody_mut(&mut self, id: ClientId) -> &mut Client {
        self.by_id.get_mut(&id).unwrap_or(&mut self.nobody)
    }

    /// Those that connected, without the engine itself, in the order in which they came.
    /// Cost: O(N log N), for those who list them.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = &Client> {
        // A heap, as the sorts of the library take kilobytes of wasm for every type.
        let ids: BinaryHeap<ClientId> = self.by_id.keys().copied().collect();
        let ids = ids.into_sorted_vec().into_iter();
        ids.filter_map(|id| self.get(id))
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Sends a client the events of all keys that match one of these patterns from now on, whatever
    /// `notify-keyspace-events` says; those of before no longer count.
    #[inline]
    pub fn observe(&mut self, id: ClientId, patterns: Vec<Key>) {
        let at = self
            .observed
            .binary_search_by_key(&id, |(observer, _)| *observer);
        let listens = !patterns.is_empty() && self.get(id).is_some();
        match at {
            Ok(at) if listens => self.observed[at].1 = patterns,
            Ok(at) => drop(self.observed.remove(at)),
            Err(at) if listens => self.observed.insert(at, (id, patterns)),
            Err(_) => {}
        }
    }

    /// Those that observe keys, with their patterns.
    pub fn observers(&self) -> impl Iterator<Item = (&Client, &[Key])> {
        let observed = self.observed.iter();
        observed.filter_map(|(id, patterns)| Some((self.get(*id)?, patterns.as_slice())))
    }

    pub fn has_observers(&self) -> bool {
        !self.observed.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum Deed {
        Connect,
        Remove(ClientId),
        Call(ClientId),
    }

    fn deed() -> impl Strategy<Value = Deed> {
        prop_oneof![
            Just(Deed::Connect),
            (0..8_u64).prop_map(Deed::Remove),
            (0..8_u64).prop_map(Deed::Call),
        ]
    }

    proptest! {
        #[test]
        fn a_client_is_found_whoever_called_last(deeds in prop::collection::vec(deed(), 0..60)) {
            let mut clients = Clients::new(Seed::default());
            let mut there = vec![NOBODY];
            for deed in deeds {
                match deed {
                    Deed::Connect => there.push(clients.connect(0)),
                    Deed::Remove(id) => {
                        let removed = clients.remove(id).map(|client| client.id);
                        prop_assert_eq!(removed.is_some(), id != NOBODY && there.contains(&id));
                        there.retain(|known| *known == NOBODY || *known != id);
                    }
                    Deed::Call(id) => {
                        let expected = there.contains(&id).then_some(id);
                        prop_assert_eq!(clients.get_mut(id).map(|client| client.id), expected);
                        prop_assert_eq!(clients.get(id).map(|client| client.id), expected);
                    }
                }
            }
        }
    }
}
