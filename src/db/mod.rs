//! STATE: keys, clients, channels and settings, and `Ctx`, the only hand that may touch a key.

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
mod random;
mod slot;
mod state;
mod steps;
mod undo;
mod watch;

pub use channels::{Channels, Receiver};
pub use client::{Client, ClientId, Clients, NOBODY, Queue, ReplyMode, Resp};
pub use config::{Config, Policy, Role};
pub use context::{Ctx, Ttl};
pub use effects::{Argv, Block, Cause, Draft, Effect, Request, Savepoint, Step};
pub use event::{Class, Event};
pub use expiry::Budget;
pub use keyspace::{Deadline, Edit, Entry, Key, Keyspace, Standing};
pub use lazy::Lazy;
pub use near::Near;
pub use notify::Notify;
pub use random::split_mix;
pub use slot::Slot;
pub use state::{Kept, KeptJournal, State, Stats};
pub use steps::{Effects, Head, Intents, Steps, Taken, TakenEffect, read_call, write_call};
pub use watch::Watches;
