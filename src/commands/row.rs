//! The row of a command.

use super::args::Args;
use super::flags::Flags;
use crate::db::Ctx;
use crate::error::Result;
use crate::reply::Reply;

/// Everything that is known of a command, beside what it does.
pub struct Command {
    /// In capitals; a subcommand after its container: `CONFIG GET`.
    pub name: &'static str,
    /// Arguments in the notation of the Redis documentation: `key [NX | XX] score member [score
    /// member ...]`. Arity, key positions and argument types are read from it (see `usage`).
    pub usage: &'static str,
    /// One sentence; empty where the feature `prose` is off, as in the wasm.
    pub summary: &'static str,
    /// Cost, with its variables explained; empty where the feature `prose` is off.
    pub complexity: &'static str,
    /// Family, in the words of the Redis documentation: `string`, `sorted-set`, `generic` ...
    pub group: &'static str,
    /// Version of Redis that brought it.
    pub since: &'static str,
    pub flags: Flags,
    /// Texts or first words of the errors that it may answer, beside those of every command (arity,
    /// NOAUTH, OOM). The tests hold it to this list, both ways.
    pub errors: &'static [&'static str],
    /// How JavaScript calls it: node-redis's names, argument shapes and reply shapes.
    pub methods: &'static [Method],
    pub run: fn(&mut Ctx, &mut Args) -> Result<Reply>,
}

/// A method of the TypeScript client.
pub struct Method {
    /// node-redis's name: `zAdd`, `zRangeWithScores`.
    pub name: &'static str,
    /// Names the shape of the arguments in `pkg-template/src/commands/arguments.ts`; empty where
    /// the usage alone says it (plain positional arguments).
    pub args: &'static str,
    /// Names the transform of the reply in `pkg-template/src/commands/replies.ts`.
    pub answers: &'static str,
}

/// Text that is worth its bytes in a server and in the docs, but not in a tab.
pub const fn prose(text: &'static str) -> &'static str {
    if cfg!(feature = "prose") { text } else { "" }
}
