//! The list of families; a new file of commands is named here and nowhere else.

use super::row::Command;

pub(super) const FAMILIES: &[&[Command]] = &[
    super::connection::ROWS,
    #[cfg(feature = "clients")]
    super::clients::ROWS,
    super::transactions::ROWS,
    #[cfg(feature = "pubsub")]
    super::pubsub::ROWS,
    super::server::ROWS,
    super::config::ROWS,
    #[cfg(feature = "introspection")]
    super::info::ROWS,
    #[cfg(feature = "introspection")]
    super::command::ROWS,
    super::keys::ROWS,
    #[cfg(feature = "introspection")]
    super::objects::ROWS,
    #[cfg(feature = "sort")]
    super::sort::ROWS,
    super::strings::ROWS,
    #[cfg(feature = "lists")]
    super::lists::ROWS,
    #[cfg(feature = "sets")]
    super::sets::ROWS,
    super::hashes::ROWS,
    #[cfg(feature = "sorted-sets")]
    super::sorted_sets::scores::ROWS,
    #[cfg(feature = "sorted-sets")]
    super::sorted_sets::ranges::ROWS,
    #[cfg(feature = "sorted-sets")]
    super::sorted_sets::pops::ROWS,
    #[cfg(feature = "sorted-sets")]
    super::sorted_sets::algebra::ROWS,
    #[cfg(feature = "sorted-sets")]
    super::sorted_sets::walks::ROWS,
];
