//! `nookdb-server`: the arguments, under redis-server's own names, and nothing else.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use nookdb::server::{
    BindAddress, Fsync, Policy, SavePoints, Settings, Verbosity, parse_memory, parse_policy, run,
    start_logging,
};

/// A server for the Redis protocol with the nookdb engine inside.
#[derive(Debug, Parser)]
#[command(
    name = "nookdb-server",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  nookdb-server                               on 127.0.0.1:6379, snapshots to ./dump.rdb
  nookdb-server --save '' --appendonly no     keeps nothing
  nookdb-server --appendonly yes --appendfsync always --dir /var/lib/nookdb
                                              what was acknowledged outlives a crash
  nookdb-server --bind '*' --requirepass secret
                                              for other machines, with a password
  nookdb-server --http-port 8080 --site www/dist --allow-origin https://app.example
                                              a site, and its pages over ws://HOST:8080/ws

Try it with: redis-cli -p 6379 SET greeting hello
SIGTERM, SIGINT and SHUTDOWN write what --save and --appendonly promise, then end."
)]
struct Arguments {
    /// Port for RESP over TCP; 0 listens on none
    #[arg(long, default_value_t = 6379, value_name = "PORT")]
    port: u16,

    /// Addresses to listen on, `*` for all; this machine may lack one that is given as --bind=-ADDRESS
    #[arg(
        long,
        num_args = 1..,
        default_values = ["127.0.0.1", "-::1"],
        value_name = "ADDRESS"
    )]
    bind: Vec<BindAddress>,

    /// Port for HTTP: WebSocket on / and /ws, /health, /metrics and the site; 0 listens on none
    #[arg(long, default_value_t = 0, value_name = "PORT")]
    http_port: u16,

    /// Folder with the files of a site for the HTTP port
    #[arg(long, value_name = "FOLDER")]
    site: Option<PathBuf>,

    /// Sites, such as https://app.example, whose pages may open a WebSocket, beside those that this
    /// server serves itself under localhost or an IP address
    #[arg(long, num_args = 1.., value_name = "ORIGIN")]
    allow_origin: Vec<String>,

    /// Folder for dump.rdb and appendonlydir
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    dir: PathBuf,

    /// Name of the snapshot in --dir
    #[arg(long, default_value = "dump.rdb", value_name = "NAME")]
    dbfilename: String,

    /// When to write a snapshot: pairs of seconds and of changes within them; '' for never
    #[arg(
        long,
        num_args = 1..,
        default_values = ["3600 1 300 100 60 10000"],
        value_name = "SECONDS CHANGES"
    )]
    save: Vec<String>,

    /// Keeps a journal of all changes in appendonlydir
    #[arg(long, default_value = "no", value_name = "YES|NO")]
    appendonly: YesNo,

    /// When the journal is on the disk: before each reply, every second, or when the system likes
    #[arg(long, default_value = "everysec", value_name = "ALWAYS|EVERYSEC|NO")]
    appendfsync: Fsync,

    /// Growth of the journal, in per cent of its base, after which it is written anew; 0 for never
    #[arg(long, default_value_t = 100, value_name = "PERCENT")]
    auto_aof_rewrite_percentage: u64,

    /// Size below which the journal is left to grow
    #[arg(long, default_value = "64mb", value_parser = parse_memory, value_name = "BYTES")]
    auto_aof_rewrite_min_size: usize,

    /// Password that AUTH or HELLO must give before anything else
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "PASSWORD"
    )]
    requirepass: String,

    /// Most memory for keys and values, such as 100mb; 0 is without bound
    #[arg(long, default_value = "0", value_parser = parse_memory, value_name = "BYTES")]
    maxmemory: usize,

    /// What makes room at --maxmemory: noeviction, allkeys-lru, volatile-ttl
    #[arg(long, default_value = "noeviction", value_parser = parse_policy, value_name = "POLICY")]
    maxmemory_policy: Policy,

    /// Most clients at a time, over TCP and WebSocket together
    #[arg(long, default_value_t = 10_000, value_name = "COUNT")]
    maxclients: usize,

    /// How many numbered databases there are for SELECT
    #[arg(
        long,
        default_value_t = 16,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000),
        value_name = "COUNT"
    )]
    databases: u32,

    /// How much is logged: debug, verbose, notice, warning
    #[arg(long, default_value = "notice", value_name = "LEVEL")]
    loglevel: Verbosity,
}

/// As redis.conf has its switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum YesNo {
    Yes,
    No,
}

fn settings(arguments: Arguments) -> Result<Settings, String> {
    let settings = Settings {
        port: arguments.port,
        bind: arguments.bind,
        http_port: arguments.http_port,
        site: arguments.site,
        allowed_origins: arguments.allow_origin,
        dir: arguments.dir,
        dbfilename: arguments.dbfilename,
        save: arguments.save.join(" ").parse::<SavePoints>()?,
        appendonly: arguments.appendonly == YesNo::Yes,
        appendfsync: arguments.appendfsync,
        rewrite_percentage: arguments.auto_aof_rewrite_percentage,
        rewrite_min_bytes: arguments.auto_aof_rewrite_min_size,
        requirepass: arguments.requirepass,
        maxmemory: arguments.maxmemory,
        policy: arguments.maxmemory_policy,
        maxclients: arguments.maxclients,
        databases: arguments.databases,
        verbosity: arguments.loglevel,
    };
    settings.check()?;
    Ok(settings)
}

fn main() -> ExitCode {
    let settings = match settings(Arguments::parse()) {
        Ok(settings) => settings,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::from(2);
        }
    };
    start_logging(settings.verbosity);
    match run(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
