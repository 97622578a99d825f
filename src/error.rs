//! Why a command failed, in the words that Redis uses.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

pub type Result<T> = core::result::Result<T, Error>;

/// What went wrong. `Display` is the text of the error reply, word for word as Redis has it.
///
/// The first word is the code that clients branch on (`WRONGTYPE`, `OOM`, `ERR` ...).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The key holds a value of another kind.
    WrongType,
    /// The table has no such command; the arguments are those that Redis repeats to the user.
    UnknownCommand {
        name: String,
        arguments: Vec<String>,
    },
    UnknownSubcommand {
        name: String,
        container: &'static str,
    },
    /// Too few or too many arguments; the name is in lower case, `config|get` for a subcommand.
    Arity {
        name: String,
    },
    Syntax,
    NotAnInteger,
    NotAFloat,
    /// A result that would not be a number: inf + -inf.
    NotANumber,
    /// A float that overflowed to infinity.
    NotFinite,
    Overflow,
    OutOfRange,
    MustBePositive,
    IndexOutOfRange,
    NoSuchKey,
    InvalidExpire {
        command: String,
    },
    OutOfMemory,
    /// A write to a store that only follows another.
    ReadOnly,
    NoAuth,
    WrongPass,
    NoProto,
    /// EXEC after a command that could not be queued.
    ExecAbort,
    /// Anything else that has its own words in Redis; the text starts with its code.
    Said(&'static str),
    /// As `Said`, with words that depend on the arguments.
    SaidOf(String),
}

impl Error {
    /// The first word of the text.
    pub fn code(&self) -> String {
        let text = self.to_string();
        text.split(' ').next().unwrap_or("ERR").to_owned()
    }
}

impl core::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Error::WrongType => "WRONGTYPE Operation against a key holding the wrong kind of value",
            Error::UnknownCommand { name, .. } if cfg!(not(feature = "families")) => {
                return write!(
                    f,
                    "ERR unknown command '{name}': this is the slim build; import 'nookdb' for all commands"
                );
            }
            Error::UnknownCommand { name, arguments } => {
                write!(
                    f,
                    "ERR unknown command '{name}', with args beginning with: "
                )?;
                for argument in arguments {
                    write!(f, "'{argument}' ")?;
                }
                return Ok(());
            }
            Error::UnknownSubcommand { name, container } => {
                return write!(f, "ERR unknown subcommand '{name}'. Try {container} HELP.");
            }
            Error::Arity { name } => {
                return write!(f, "ERR wrong number of arguments for '{name}' command");
            }
            Error::Syntax => "ERR syntax error",
            Error::NotAnInteger => "ERR value is not an integer or out of range",
            Error::NotAFloat => "ERR value is not a valid float",
            Error::NotANumber => "ERR resulting score is not a number (NaN)",
            Error::NotFinite => "ERR increment would produce NaN or Infinity",
            Error::Overflow => "ERR increment or decrement would overflow",
            Error::OutOfRange => "ERR value is out of range",
            Error::MustBePositive => "ERR value is out of range, must be positive",
            Error::IndexOutOfRange => "ERR index out of range",
            Error::NoSuchKey => "ERR no such key",
            Error::InvalidExpire { command } => {
                return write!(f, "ERR invalid expire time in '{command}' command");
            }
            Error::OutOfMemory => "OOM command not allowed when used memory > 'maxmemory'.",
            Error::ReadOnly => "READONLY You can't write against a read only replica.",
            Error::NoAuth => "NOAUTH Authentication required.",
            Error::WrongPass => "WRONGPASS invalid username-password pair or user is disabled.",
            Error::NoProto => "NOPROTO unsupported protocol version",
            Error::ExecAbort => "EXECABORT Transaction discarded because of previous errors.",
            Error::Said(text) => text,
            Error::SaidOf(text) => text,
        };
        f.write_str(text)
    }
}
