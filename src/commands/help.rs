//! What `HELP` of a container (OBJECT, CONFIG ...) answers, read from the rows.

use alloc::borrow::ToOwned;

use super::table::table;
use crate::reply::Reply;

/// The subcommands of a container with their arguments and, where there is prose, what they do.
pub(super) fn of(container: &str) -> Reply {
    let head = format!("{container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    let prefix = format!("{container} ");
    let rows = table().iter().filter_map(|listed| {
        let subcommand = listed.command.name.strip_prefix(&prefix)?;
        Some((subcommand, &listed.command))
    });
    let lines = rows.flat_map(|(subcommand, command)| {
        let call = format!("{subcommand} {}", command.usage);
        let [summary, _] = command.prose();
        let summary = Some(summary).filter(|summary| !summary.is_empty());
        [
            Some(call.trim_end().to_owned()),
            summary.map(|summary| format!("    {summary}")),
        ]
    });
    Reply::bulks(core::iter::once(head).chain(lines.flatten()))
}
