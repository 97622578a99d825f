//! Everything that an engine holds.

use alloc::vec::Vec;

use super::channels::Channels;
use super::client::{Client, ClientId, Clients};
use super::config::Config;
use super::keyspace::{Entry, Key, Keyspace};
use super::lazy::Lazy;
use super::near::Near;
use super::watch::Watches;

/// Counters that INFO shows and CONFIG RESETSTAT sets to zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    pub commands: u64,
    pub connections: u64,
    pub hits: u64,
    pub misses: u64,
    pub expired: u64,
    pub evicted: u64,
    pub errors: u64,
}

/// What the host keeps of this store on its disk, for INFO and LASTSAVE. The host sets it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// The step that the last snapshot holds, and when it was written.
    pub saved_seq: u64,
    pub saved_at_ms: i64,
    pub is_saving: bool,
    /// The last attempt at a snapshot failed.
    pub save_failed: bool,
    /// None where there is no journal.
    pub journal: Option<KeptJournal>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeptJournal {
    pub size_bytes: u64,
    pub base_bytes: u64,
    pub is_rewriting: bool,
    pub rewrite_failed: bool,
    pub write_failed: bool,
}

/// What the entries of all databases take of the allocator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allocated {
    pub live: usize,
    /// With what lies between entries, to be filled by others or given back by MEMORY PURGE.
    pub reserved: usize,
}

/// Why a key that was kept elsewhere is not in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unloaded {
    NoSuchDatabase,
    Full,
}

/// More than an entry takes beside its key.
pub const ENTRY_MAX_BYTES: usize = 2048;

/// All state of one engine. Nothing else is kept anywhere: no globals.
#[derive(Debug)]
pub struct State {
    pub config: Config,
    pub databases: Vec<Keyspace>,
    /// How many of them, from the first on, may hold anything: nearly every store uses one, and each
    /// write asks what all of them weigh.
    opened: usize,
    /// Tables that were flushed while a walk over them had not come to its end.
    pub departed: Vec<Keyspace>,
    /// What was removed and is yet to be freed.
    pub lazy: Lazy,
    pub clients: Clients,
    pub channels: Channels,
    pub watches: Watches,
    /// What a caller in JavaScript may answer by itself.
    pub near: Near,
    pub stats: Stats,
    pub started_ms: i64,
    /// Names this run of the engine in INFO, in hexadecimal digits.
    pub run_id: [u32; 5],
    /// Number of the last step taken; `Evicted` effects name it.
    pub seq: u64,
    pub kept: Kept,
    /// Heaviest that the keys ever were, in bytes.
    pub peak_bytes: usize,
}

impl State {
    pub fn new(config: Config, started_ms: i64, run_id: [u32; 5]) -> State {
        let seed = config.limits.seed;
        let databases = (0..config.databases)
            .map(|_| Keyspace::new(seed, config.max_keyspace_bytes))
            .collect();
        State {
            config,
            databases,
            opened: 0,
            departed: Vec::new(),
            lazy: Lazy::default(),
            clients: Clients::new(seed),
            channels: Channels::new(seed),
            watches: Watches::new(seed),
            near: Near::default(),
            stats: Stats::default(),
            started_ms,
            run_id,
            seq: 0,
            kept: Kept {
                saved_at_ms: started_ms,
                ..Kept::default()
            },
            peak_bytes: 0,
        }
    }

    /// What all keys with their values weigh. O(databases that were ever selected).
    pub fn used_bytes(&self) -> usize {
        self.opened().iter().map(Keyspace::used_bytes).sum()
    }

    /// The databases that may hold anything.
    pub fn opened(&self) -> &[Keyspace] {
        &self.databases[..self.opened]
    }

    /// Notes that a database is about to be written to.
    pub(super) fn open(&mut self, db: u32) {
        self.opened = self.opened.max(db as usize + 1);
    }

    /// Whether every database has room for entries whose keys and values take so many bytes; see
    /// `Keyspace::has_room_for`. O(databases that were ever selected).
    #[inline(always)]
    pub fn has_room_for(&self, bytes: usize, is_growth: bool) -> bool {
        // One that was not opened yet may be now, and has more room than those that were, or all that there is.
        let mut databases = self.databases.iter().take(self.opened.max(1));
        databases.all(|keyspace| keyspace.has_room_for(bytes, is_growth))
    }

    pub fn has_volatile_keys(&self) -> bool {
        self.opened().iter().any(|db| db.volatile_len() > 0)
    }

    /// Bytes of the entries and of the room they lie in, tables included. O(databases).
    pub fn allocated_bytes(&self) -> Allocated {
        let mut sum = Allocated::default();
        for keyspace in &self.databases {
            let (live, reserved) = keyspace.slab_bytes();
            sum.live += live + keyspace.table_bytes();
            sum.reserved += reserved + keyspace.table_bytes();
        }
        sum
    }

    /// Puts a key that was kept elsewhere, in the place of what stands under it. No event, no effect: this is how the
    /// state came to be, not a change of it.
    ///
    /// # Errors
    /// Where there is no such database, or no room in it.
    pub fn load(&mut self, db: u32, key: Key, entry: Entry) -> Result<(), Unloaded> {
        let keyspace = self.databases.get_mut(db as usize);
        let keyspace = keyspace.ok_or(Unloaded::NoSuchDatabase)?;
        if !keyspace.has_room_for(key.len() + ENTRY_MAX_BYTES, false) {
            return Err(Unloaded::Full);
        }
        self.near.forget(&key);
        let lookup = keyspace.find(&key);
        keyspace.put(lookup, &key, entry);
        keyspace.settle(&mut self.lazy);
        self.open(db);
        Ok(())
    }

    /// The client of this number, or the engine itself where it has gone.
    pub fn client(&self, id: ClientId) -> &Client {
        self.clients.get_or_nobody(id)
    }

    pub fn client_mut(&mut self, id: ClientId) -> &mut Client {
        self.clients.get_or_nobody_mut(id)
    }
}
