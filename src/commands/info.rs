//! INFO and MEMORY: what the engine says about itself.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use super::connection::REDIS_VERSION;
use super::row::{Command, Method, errors, methods, prose};
use super::{Args, Flags};
use crate::db::{Ctx, Standing, State};
use crate::error::{Error, Result};
use crate::reply::Reply;

pub(super) const ROWS: &[Command] = &[
    Command {
        name: "INFO",
        usage: "[section [section ...]]",
        summary: prose("Answers counters and facts about the engine, by section."),
        complexity: prose("O(1)"),
        group: "server",
        since: "1.0.0",
        flags: Flags::LOADING.and(Flags::STALE).and(Flags::SENTINEL),
        errors: &[],
        methods: methods(&[Method::new("info", "section?", "string")]),
        run: info,
    },
    Command {
        name: "MEMORY PURGE",
        usage: "",
        summary: prose("Gives back the memory between entries, by moving them together."),
        complexity: prose("O(N), N being the number of keys"),
        group: "server",
        since: "4.0.0",
        flags: Flags::NONE,
        errors: &[],
        methods: methods(&[Method::new("memoryPurge", "", "'OK'")]),
        run: memory_purge,
    },
    Command {
        name: "MEMORY USAGE",
        usage: "key [SAMPLES count]",
        summary: prose("Answers how many bytes a key takes with its value; exact, not sampled."),
        complexity: prose("O(1)"),
        group: "server",
        since: "4.0.0",
        flags: Flags::READS,
        errors: errors(&[
            "ERR syntax error",
            "ERR value is not an integer or out of range",
        ]),
        methods: methods(&[Method::new(
            "memoryUsage",
            "key, options?: MemoryUsageOptions",
            "number | null",
        )]),
        run: memory_usage,
    },
];

/// A section of INFO: its title, and what it says.
type Section = (&'static str, fn(&State, i64, &mut String));

const SECTIONS: &[Section] = &[
    ("Server", server),
    ("Clients", clients),
    ("Memory", memory),
    ("Persistence", persistence),
    ("Stats", stats),
    ("Replication", replication),
    ("Keyspace", keyspace),
];

fn info(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let wanted: Vec<Vec<u8>> = args
        .rest()
        .iter()
        .map(|name| name.to_ascii_lowercase())
        .collect();
    let everything = wanted.is_empty()
        || wanted
            .iter()
            .any(|name| matches!(name.as_slice(), b"all" | b"default" | b"everything"));
    let mut text = String::new();
    for (title, write) in SECTIONS {
        let asked = wanted
            .iter()
            .any(|name| name == title.to_ascii_lowercase().as_bytes());
        if everything || asked {
            let gap = if text.is_empty() { "" } else { "\r\n" };
            write!(text, "{gap}# {title}\r\n").expect("writing to a string");
            write(ctx.state, ctx.now_ms(), &mut text);
        }
    }
    Ok(Reply::Verbatim("txt", text.into_bytes()))
}

/// One line of INFO.
fn line(out: &mut String, name: &str, value: impl core::fmt::Display) {
    write!(out, "{name}:{value}\r\n").expect("writing to a string");
}

fn server(state: &State, now_ms: i64, out: &mut String) {
    line(out, "redis_version", REDIS_VERSION);
    line(out, "nookdb_version", env!("CARGO_PKG_VERSION"));
    line(out, "redis_mode", "standalone");
    line(out, "arch_bits", usize::BITS);
    let [a, b, c, d, e] = state.run_id;
    line(
        out,
        "run_id",
        format_args!("{a:08x}{b:08x}{c:08x}{d:08x}{e:08x}"),
    );
    for name in ["tcp_port", "config_file"] {
        let setting = state
            .config
            .host_setting(if name == "tcp_port" { "port" } else { name });
        line(out, name, setting.unwrap_or_default());
    }
    let uptime_seconds = (now_ms - state.started_ms).max(0) / 1000;
    line(out, "server_time_usec", now_ms * 1000);
    line(out, "uptime_in_seconds", uptime_seconds);
    line(out, "uptime_in_days", uptime_seconds / 86_400);
}

fn clients(state: &State, _: i64, out: &mut String) {
    line(out, "connected_clients", state.clients.len());
    line(
        out,
        "blocked_clients",
        state.clients.iter().filter(|client| client.blocked).count(),
    );
}

fn memory(state: &State, _: i64, out: &mut String) {
    line(out, "used_memory", state.used_bytes());
    line(out, "used_memory_human", human(state.used_bytes()));
    line(out, "used_memory_peak", state.peak_bytes);
    line(out, "used_memory_peak_human", human(state.peak_bytes));
    line(out, "used_memory_dataset", state.used_bytes());
    line(out, "maxmemory", state.config.maxmemory);
    line(out, "maxmemory_human", human(state.config.maxmemory));
    line(out, "maxmemory_policy", state.config.policy.name());
    let entries = state.allocated_bytes();
    let ratio = hundredths(entries.reserved as u64, entries.live.max(1) as u64);
    line(out, "allocator_allocated", entries.live);
    line(out, "allocator_active", entries.reserved);
    line(out, "allocator_frag_ratio", ratio);
    line(out, "allocator_frag_bytes", entries.reserved - entries.live);
    let lazy = &state.lazy;
    line(out, "lazyfree_pending_objects", lazy.pending_objects());
    line(out, "lazyfreed_objects", lazy.freed_objects);
    if state.near.is_open() {
        line(out, "js_cache_bytes", state.near.bytes());
    }
}

fn persistence(state: &State, _: i64, out: &mut String) {
    let kept = &state.kept;
    let ok_unless = |failed: bool| if failed { "err" } else { "ok" };
    line(out, "loading", 0);
    let changes = state.seq.saturating_sub(kept.saved_seq);
    line(out, "rdb_changes_since_last_save", changes);
    line(out, "rdb_bgsave_in_progress", u8::from(kept.is_saving));
    line(out, "rdb_last_save_time", kept.saved_at_ms / 1000);
    line(out, "rdb_last_bgsave_status", ok_unless(kept.save_failed));
    line(out, "aof_enabled", u8::from(kept.journal.is_some()));
    let journal = kept.journal.clone().unwrap_or_default();
    let rewriting = u8::from(journal.is_rewriting);
    line(out, "aof_rewrite_in_progress", rewriting);
    let rewrite = ok_unless(journal.rewrite_failed);
    line(out, "aof_last_bgrewrite_status", rewrite);
    let write = ok_unless(journal.write_failed);
    line(out, "aof_last_write_status", write);
    if kept.journal.is_some() {
        line(out, "aof_current_size", journal.size_bytes);
        line(out, "aof_base_size", journal.base_bytes);
    }
}

fn stats(state: &State, _: i64, out: &mut String) {
    let stats = &state.stats;
    line(out, "total_connections_received", stats.connections);
    line(out, "total_commands_processed", stats.commands);
    line(out, "expired_keys", stats.expired);
    line(out, "evicted_keys", stats.evicted);
    line(out, "keyspace_hits", stats.hits);
    line(out, "keyspace_misses", stats.misses);
    line(out, "pubsub_channels", state.channels.channels.len());
    line(out, "pubsub_patterns", state.channels.patterns.len());
    line(out, "total_error_replies", stats.errors);
}

fn replication(_: &State, _: i64, out: &mut String) {
    line(out, "role", "master");
    line(out, "connected_slaves", 0);
}

fn keyspace(state: &State, now_ms: i64, out: &mut String) {
    for (db, keyspace) in state
        .databases
        .iter()
        .enumerate()
        .filter(|(_, db)| !db.is_empty())
    {
        let (keys, expires) = (keyspace.len(), keyspace.volatile_len());
        let average = keyspace.average_ttl_ms(now_ms);
        line(
            out,
            &format!("db{db}"),
            format!("keys={keys},expires={expires},avg_ttl={average}"),
        );
    }
}

/// Bytes as people read them: `1.50M`.
fn human(bytes: usize) -> String {
    let units = [
        (1u64 << 40, "T"),
        (1 << 30, "G"),
        (1 << 20, "M"),
        (1 << 10, "K"),
    ];
    match units.iter().find(|(size, _)| bytes as u64 >= *size) {
        Some((size, unit)) => hundredths(bytes as u64, *size) + unit,
        None => format!("{bytes}B"),
    }
}

/// A fraction with two digits behind the point, ties to even as `printf` has them; without floats, whose printing takes
/// kilobytes of wasm.
fn hundredths(number: u64, of: u64) -> String {
    let (whole, rest) = (number * 100 / of, number * 100 % of);
    let is_up = rest * 2 > of || (rest * 2 == of && whole % 2 == 1);
    let rounded = whole + u64::from(is_up);
    format!("{}.{:02}", rounded / 100, rounded % 100)
}

/// What is moved are the places of entries and nothing else, so it can wait until the step is done.
fn memory_purge(ctx: &mut Ctx, _: &mut Args) -> Result<Reply> {
    ctx.draft.purges = true;
    Ok(Reply::OK)
}

fn memory_usage(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let key = args.bytes()?;
    if args.word("SAMPLES") && args.int()? < 0 {
        return Err(Error::Syntax);
    }
    args.end()?;
    let weight = ctx.look(key).map(Standing::weight);
    Ok(weight.map_or(Reply::Null, Reply::count))
}
