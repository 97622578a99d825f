//! Settings that CONFIG SET can change while the engine runs.

use alloc::string::String;
use alloc::vec::Vec;

use super::keyspace::Keyspace;
use super::notify::Notify;
use crate::types::Limits;

/// Which key goes when memory is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// None: a command that would grow the store fails.
    #[default]
    NoEviction,
    /// The one not used for longest, of a few drawn at random.
    AllKeysLru,
    /// The one whose deadline is nearest, of a few drawn at random.
    VolatileTtl,
}

impl Policy {
    pub const ALL: &[Policy] = &[Policy::NoEviction, Policy::AllKeysLru, Policy::VolatileTtl];

    pub fn name(self) -> &'static str {
        match self {
            Policy::NoEviction => "noeviction",
            Policy::AllKeysLru => "allkeys-lru",
            Policy::VolatileTtl => "volatile-ttl",
        }
    }
}

/// Who decides what time does to keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// Turns passed deadlines and full memory into effects.
    #[default]
    Authority,
    /// Acts first and is corrected by an authority later.
    Optimistic,
    /// Only applies what an authority did; hides keys past their deadline.
    Replica,
}

#[derive(Debug, Clone)]
pub struct Config {
    pub role: Role,
    pub databases: u32,
    /// 0 is without bound.
    pub maxmemory: usize,
    pub policy: Policy,
    /// Keys looked at to find one victim.
    pub maxmemory_samples: usize,
    pub limits: Limits,
    /// What the entries of one database may take, in bytes, values that lie apart not counted; a write that would need
    /// more fails, in whatever database.
    pub max_keyspace_bytes: u64,
    /// Which keyspace events are published.
    pub notify: Notify,
    /// Empty lets everyone in.
    pub requirepass: Vec<u8>,
    /// Longest string value, in bytes.
    pub max_value_bytes: usize,
    /// Settings of the host (port, dir, ...), which the engine only shows.
    pub host: Vec<(String, String)>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            role: Role::Authority,
            databases: 16,
            maxmemory: 0,
            policy: Policy::NoEviction,
            maxmemory_samples: 5,
            limits: Limits::default(),
            max_keyspace_bytes: Keyspace::MAX_BYTES,
            notify: Notify::default(),
            requirepass: Vec::new(),
            max_value_bytes: 512 * 1024 * 1024,
            host: Vec::new(),
        }
    }
}

impl Config {
    /// What the host says under this name.
    pub fn host_setting(&self, name: &str) -> Option<&str> {
        let mut settings = self.host.iter();
        settings
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}
