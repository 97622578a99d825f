//! The list of families; a new file of commands is named here and nowhere else.

use super::row::Command;

mod connection;
mod hashes;
mod keys;
mod lists;
mod pubsub;
mod server;
mod sets;
mod strings;
mod transactions;

pub(super) const FAMILIES: &[&[Command]] = &[
    connection::ROWS,
    keys::ROWS,
    strings::ROWS,
    lists::ROWS,
    sets::ROWS,
    hashes::ROWS,
    transactions::ROWS,
    pubsub::ROWS,
    server::ROWS,
];
