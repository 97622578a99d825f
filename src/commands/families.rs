//! The list of families; a new file of commands is named here and nowhere else.

use super::row::Command;

pub(super) const FAMILIES: &[&[Command]] = &[
    super::connection::ROWS,
    super::transactions::ROWS,
    super::pubsub::ROWS,
    super::server::ROWS,
    super::config::ROWS,
    super::info::ROWS,
    super::command::ROWS,
    super::keys::ROWS,
    super::sort::ROWS,
    super::strings::ROWS,
    super::lists::ROWS,
    super::sets::ROWS,
    super::hashes::ROWS,
    super::sorted_sets::ROWS,
];
