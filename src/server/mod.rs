//! HOST, native: sockets, files and signals around one engine.
//!
//! ```text
//! settings    what the flags say, and CONFIG GET shows
//! host        the engine with its clients, its journal and its jobs; one borrow at a time
//! direct      GET and SET by a shorter way
//! session     one client: requests in, replies out, whatever carries them
//! tcp         carries a session over TCP
//! websocket   carries one over WebSocket; `http` lets it in beside the site, /health and /metrics
//! disk/       the snapshot and the append-only files, written and loaded
//! jobs        what a client asks of the host: SAVE, BGREWRITEAOF, SHUTDOWN; save points; the clock
//! ```
//!
//! Everything runs on one thread, as in Redis: the engine answers most commands in less time than a
//! hand-over to another thread takes. Only what waits for a disk goes to threads of its own.
//!
//! A panic is a bug of ours, and may have left half a step behind, of which nothing may reach a client
//! or a disk: the process ends at once, without a snapshot. The journal holds what was acknowledged.

mod clock;
mod direct;
mod disk;
mod host;
mod http;
mod jobs;
mod logging;
mod mailbox;
mod metrics;
mod origin;
mod session;
mod settings;
mod tcp;
mod websocket;

use std::fmt;
use std::io;
use std::rc::Rc;

use tokio::runtime;
use tokio::task::LocalSet;
use tracing::info;

pub use crate::db::Policy;
pub use logging::{Verbosity, start_logging};
pub use settings::{BindAddress, Fsync, SavePoints, Settings, parse_memory, parse_policy};

use host::Host;

/// Why a server could not start, or had to end.
#[derive(Debug)]
pub struct Failure {
    what: String,
    reason: String,
}

impl Failure {
    pub(crate) fn of(what: impl Into<String>) -> impl FnOnce(io::Error) -> Failure {
        let what = what.into();
        |error| Failure {
            what,
            reason: error.to_string(),
        }
    }

    fn load(failure: disk::LoadFailure) -> Failure {
        Failure {
            what: "cannot load what was kept".to_owned(),
            reason: failure.to_string(),
        }
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.reason)
    }
}

/// Serves until it is told to end: by SHUTDOWN, SIGTERM or SIGINT.
///
/// # Errors
/// Where a port cannot be listened on, or what was kept cannot be loaded.
pub fn run(settings: Settings) -> Result<(), Failure> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::of("cannot start the event loop"))?;
    LocalSet::new().block_on(&runtime, serve(settings))
}

async fn serve(settings: Settings) -> Result<(), Failure> {
    // Taken before anything is loaded: a second server on the same port ends here.
    let ports = tcp::bind(&settings, settings.port)?;
    let http_ports = tcp::bind(&settings, settings.http_port)?;
    // And one on the same folder here.
    let _lock = if settings.keeps_anything() {
        disk::lock(&settings.dir).map_err(Failure::of(format!(
            "cannot keep anything in {}",
            settings::absolute(&settings.dir)
        )))?
    } else {
        None
    };
    let host = Host::open(settings).map_err(Failure::load)?;
    let host = Rc::new(host);
    for listener in tcp::listen(ports)? {
        tokio::task::spawn_local(tcp::accept(Rc::clone(&host), listener));
    }
    for listener in tcp::listen(http_ports)? {
        http::start(&host, listener).map_err(Failure::of("cannot serve HTTP"))?;
    }
    info!("ready to accept connections on port {}", host.settings.port);
    jobs::run(&host)
        .await
        .map_err(Failure::of("the server ends"))
}
