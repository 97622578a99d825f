//! BEHAVIOUR: every command is one row and one function, in its family's file.
//!
//! The rows are data. Dispatch, arity, key positions, COMMAND, the TypeScript methods, the docs and
//! the compatibility tables are read from them, and nothing else registers a command.

mod args;
#[cfg(feature = "prose")]
mod catalog;
mod families;
mod flags;
#[cfg(feature = "sets")]
mod order;
mod row;
mod sample;
mod scan;
mod table;

#[cfg(feature = "clients")]
mod clients;
#[cfg(feature = "introspection")]
mod command;
mod config;
mod connection;
mod deadline;
mod hashes;
#[cfg(feature = "introspection")]
mod help;
#[cfg(feature = "introspection")]
mod info;
mod keys;
#[cfg(feature = "lists")]
mod lists;
#[cfg(feature = "introspection")]
mod objects;
#[cfg(feature = "pubsub")]
mod pubsub;
mod server;
#[cfg(feature = "sets")]
mod sets;
pub mod shape;
#[cfg(feature = "sort")]
mod sort;
#[cfg(feature = "sorted-sets")]
mod sorted_sets;
mod strings;
mod transactions;

#[cfg(feature = "introspection")]
pub mod usage;

pub use args::Args;
#[cfg(feature = "prose")]
pub use catalog::catalog;
pub use config::parse_memory;
pub use flags::Flags;
pub use row::{Command, Method, Told, methods, prose};
#[cfg(feature = "sorted-sets")]
pub(crate) use sorted_sets::add_members;
pub(crate) use strings::{add, sum_of};
pub use table::{Listed, Table, table};

use crate::db::Ctx;
use crate::error::{Error, Result};
use crate::reply::{Bulks, Reply};
use crate::types::Item;

/// Runs one command within the step of `ctx`: all of it happens, or, where it fails, none.
pub fn execute(ctx: &mut Ctx, argv: &[&[u8]]) -> Result<Reply> {
    let listed = table().find(argv)?;
    run(ctx, listed, argv)
}

/// As `execute`, for a caller that has looked the command up already.
pub fn run(ctx: &mut Ctx, listed: &Listed, argv: &[&[u8]]) -> Result<Reply> {
    if !listed.accepts(argv.len()) {
        return Err(Error::Arity {
            name: listed.full_name(),
        });
    }
    let savepoint = ctx.savepoint();
    let mut args = Args::new(argv, listed.words());
    match (listed.command.run)(ctx, &mut args) {
        Ok(reply) => {
            ctx.seal(savepoint);
            Ok(reply)
        }
        Err(error) => {
            ctx.rollback(savepoint);
            Err(error)
        }
    }
}

/// About `count` items of a value as bulk strings.
fn bulks<'a>(count: usize, items: impl Iterator<Item = Item<'a>>) -> Bulks {
    let (mut bulks, mut digits) = (Bulks::with_capacity(count), itoa::Buffer::new());
    items.for_each(|item| bulks.push(item.bytes_in(&mut digits)));
    bulks
}
