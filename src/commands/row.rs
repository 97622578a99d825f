//! The row of a command.

use super::args::Args;
use super::flags::Flags;
use crate::db::Ctx;
use crate::error::Result;
use crate::reply::Reply;

/// Everything that is known of a command, beside what it does.
#[derive(Clone, Copy)]
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
    /// NOAUTH, OOM). The tests hold it to this list, both ways; empty where the feature `prose` is off.
    pub errors: &'static [&'static str],
    /// How JavaScript calls it; empty where the feature `prose` is off. A command without a method is
    /// reached by `call`.
    pub methods: &'static [Method],
    pub run: fn(&mut Ctx, &mut Args) -> Result<Reply>,
}

/// What a build keeps of a row: the compiler has read the rest, and nobody asks for it.
#[derive(Clone, Copy)]
pub struct Told {
    pub name: &'static str,
    pub group: &'static str,
    #[cfg(feature = "introspection")]
    pub usage: &'static str,
    #[cfg(feature = "introspection")]
    pub since: &'static str,
    #[cfg(feature = "prose")]
    pub summary: &'static str,
    #[cfg(feature = "prose")]
    pub complexity: &'static str,
    #[cfg(feature = "prose")]
    pub errors: &'static [&'static str],
    #[cfg(feature = "prose")]
    pub methods: &'static [Method],
    pub flags: Flags,
    pub run: fn(&mut Ctx, &mut Args) -> Result<Reply>,
}

impl Told {
    pub(super) const fn of(row: &Command) -> Told {
        Told {
            name: row.name,
            group: row.group,
            #[cfg(feature = "introspection")]
            usage: row.usage,
            #[cfg(feature = "introspection")]
            since: row.since,
            #[cfg(feature = "prose")]
            summary: row.summary,
            #[cfg(feature = "prose")]
            complexity: row.complexity,
            #[cfg(feature = "prose")]
            errors: row.errors,
            #[cfg(feature = "prose")]
            methods: row.methods,
            flags: row.flags,
            run: row.run,
        }
    }

    /// Summary and complexity; empty where the feature `prose` is off.
    #[cfg(feature = "introspection")]
    pub fn prose(&self) -> [&'static str; 2] {
        #[cfg(feature = "prose")]
        let texts = [self.summary, self.complexity];
        #[cfg(not(feature = "prose"))]
        let texts = [""; 2];
        texts
    }
}

/// A method of the TypeScript client. Its doc comment is made of the row's summary and complexity.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    /// node-redis's name: `zAdd`, `zRangeWithScores`.
    pub name: &'static str,
    /// Its parameters as TypeScript writes them, `Bytes` being left out: `key, members: SortedSetMembers,
    /// options?: ZAddOptions`. The types are those of `pkg-template/src/commands/arguments.ts`; some
    /// have an encoder there, all others are sent as they are.
    pub parameters: &'static str,
    /// What is sent behind the name of the command: parameters and words in capitals. Empty where
    /// that is the parameters in their order.
    pub sends: &'static str,
    /// Type of the answer, `Text` being a bulk string: `ScoredMember<Text>[] | null`. Some have a
    /// transform in `pkg-template/src/commands/replies.ts`, all others are answered as they come.
    pub answers: &'static str,
}

impl Method {
    pub const fn new(
        name: &'static str,
        parameters: &'static str,
        answers: &'static str,
    ) -> Method {
        Method {
            name,
            parameters,
            sends: "",
            answers,
        }
    }

    /// The same method for a command whose words stand otherwise: `key options INCR members`.
    pub const fn sending(self, sends: &'static str) -> Method {
        Method { sends, ..self }
    }
}

/// Methods are for the generator of the TypeScript; a tab has them in its JavaScript already.
pub const fn methods(list: &'static [Method]) -> &'static [Method] {
    if cfg!(feature = "prose") { list } else { &[] }
}

/// Errors are for the tests, which run with all that is known of a command.
pub const fn errors(list: &'static [&'static str]) -> &'static [&'static str] {
    if cfg!(feature = "prose") { list } else { &[] }
}

/// Text that is worth its bytes in a server and in the docs, but not in a tab.
pub const fn prose(text: &'static str) -> &'static str {
    if cfg!(feature = "prose") { text } else { "" }
}
