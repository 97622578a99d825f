//! nookdb: one data-structure engine for browser tabs, edge workers, Node and servers.
//!
//! How a command flows, file by file:
//!
//! 1. A host has bytes: `src/wasm/`, a package of its own, a scratch buffer filled by JavaScript, `server` a socket. It makes
//!    `argv` of them (`protocol`) and calls [`engine::Engine::call`] with the time.
//! 2. [`engine`] looks the command up in the table, checks arity, rights and transactions, and opens
//!    a step. The hottest commands have a shorter way past the table, `engine::direct`, which leaves
//!    whatever is out of the ordinary to this one.
//! 3. [`commands`] holds the row and the function: it reads its arguments, makes an edit, answers.
//! 4. [`db`]'s `Ctx` is the only hand that touches a key: it finds its `Slot`, keeps the inverse of
//!    what it does, names the event, records the effect, and weighs the key. The `Keyspace` below it
//!    is a slab of blocks, an entry each, under a table that grows a segment at a time.
//! 5. [`types`] are the values themselves: pure structures that know none of this.
//! 6. At the end of the step the engine releases messages, events and the step for the journal; the
//!    host writes the reply and keeps the step ([`persist`]).
//!
//! Layers look down only: `server | wasm -> engine -> commands -> persist, protocol -> db -> types`.

#![cfg_attr(not(any(test, feature = "server")), no_std)]

#[macro_use]
extern crate alloc;

pub mod commands;
pub mod engine;
pub mod persist;
pub mod protocol;
#[cfg(all(feature = "server", not(target_arch = "wasm32")))]
pub mod server;

pub use nookdb_store::{db, error, reply, types};

pub use db::{Budget, ClientId, Config};
pub use engine::{Delivery, Engine, Outcome};
pub use error::Error;
pub use reply::Reply;
