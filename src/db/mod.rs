//! STATE: keys, clients, channels and settings, and `Ctx`, the only hand that may touch a key.

pub mod bytes;
mod call;
#[cfg(feature = "pubsub")]
mod channels;
#[cfg(not(feature = "pubsub"))]
#[path = "no_channels.rs"]
mod channels;
mod client;
mod config;
mod context;
mod digest;
mod effects;
mod event;
mod eviction;
mod expiry;
pub mod glob;
mod keyspace;
mod lazy;
mod near;
mod notify;
mod quiet;
mod random;
mod slot;
mod state;
pub mod steps;
mod undo;
mod watch;

pub use call::write_call;
pub use channels::{Channels, Receiver};
pub use client::{Client, ClientId, ClientMap, ClientSet, Clients, NOBODY, Queue, ReplyMode, Resp};
pub use config::{Config, Policy, Role};
pub use context::{Ctx, Ttl};
pub use effects::{Argv, Block, Cause, Draft, Effect, Request, Savepoint, Step};
pub use event::{Class, Event};
pub use expiry::Budget;
pub use keyspace::{Deadline, Edit, Entry, Key, Keyspace, Lookup, Place, Standing};
pub use lazy::Lazy;
pub use near::{Hits, Near};
pub use notify::Notify;
pub use quiet::QuietSlot;
pub use random::split_mix;
pub use slot::Slot;
pub use state::{ENTRY_MAX_BYTES, Kept, KeptJournal, State, Stats, Unloaded};
pub use steps::{Call, Effects, Head, Intents, Steps, Taken, TakenEffect};
pub use watch::Watches;
