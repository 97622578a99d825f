//! The log, on standard error, and what becomes of a panic.

use std::str::FromStr;

use tracing::{Level, error};

/// How much is logged, under redis-server's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    Debug,
    Verbose,
    Notice,
    Warning,
}

impl Verbosity {
    pub fn name(self) -> &'static str {
        match self {
            Verbosity::Debug => "debug",
            Verbosity::Verbose => "verbose",
            Verbosity::Notice => "notice",
            Verbosity::Warning => "warning",
        }
    }

    fn level(self) -> Level {
        match self {
            Verbosity::Debug => Level::TRACE,
            Verbosity::Verbose => Level::DEBUG,
            Verbosity::Notice => Level::INFO,
            Verbosity::Warning => Level::WARN,
        }
    }
}

impl FromStr for Verbosity {
    type Err = String;

    fn from_str(text: &str) -> Result<Verbosity, String> {
        let all = [
            Verbosity::Debug,
            Verbosity::Verbose,
            Verbosity::Notice,
            Verbosity::Warning,
        ];
        all.into_iter()
            .find(|level| level.name() == text)
            .ok_or_else(|| "must be debug, verbose, notice or warning".to_owned())
    }
}

/// Starts the log, for the whole process and once.
///
/// A panic is logged and ends the process at once: see the head of `server`.
pub fn start_logging(verbosity: Verbosity) {
    tracing_subscriber::fmt()
        .with_max_level(verbosity.level())
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(false)
        .init();
    std::panic::set_hook(Box::new(|panic| {
        error!("a bug in nookdb ends the server without a snapshot: {panic}");
        std::process::abort();
    }));
}
