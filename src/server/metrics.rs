//! What the server says to those who watch over it.

use std::fmt::Write;

use super::clock::now_ms;
use super::host::Host;
use crate::db::{Keyspace, State};

/// For a load balancer, and for a person with curl.
pub fn health(host: &Host) -> String {
    let engine = host.engine.borrow();
    let state = engine.state();
    let keys: usize = state.databases.iter().map(Keyspace::len).sum();
    let uptime_s = (now_ms() - state.started_ms).max(0) / 1000;
    format!(
        "{{\"status\":\"ok\",\"version\":\"{}\",\"uptime_seconds\":{uptime_s},\"clients\":{},\
         \"keys\":{keys},\"used_memory_bytes\":{}}}\n",
        env!("CARGO_PKG_VERSION"),
        state.clients.len(),
        state.used_bytes(),
    )
}

/// Counters only rise, gauges go both ways.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
}

struct Metric {
    kind: Kind,
    name: &'static str,
    help: &'static str,
    value: fn(&State) -> u64,
}

const fn counter(name: &'static str, help: &'static str, value: fn(&State) -> u64) -> Metric {
    Metric {
        kind: Kind::Counter,
        name,
        help,
        value,
    }
}

const fn gauge(name: &'static str, help: &'static str, value: fn(&State) -> u64) -> Metric {
    Metric {
        kind: Kind::Gauge,
        name,
        help,
        value,
    }
}

/// Names as redis_exporter has them where it has the metric.
const METRICS: &[Metric] = &[
    gauge("start_time_seconds", "When the server started.", |state| {
        seconds(state.started_ms)
    }),
    gauge("connected_clients", "Open connections.", |state| {
        state.clients.len() as u64
    }),
    gauge("blocked_clients", "Those that wait for a key.", blocked),
    counter("connections_received_total", "Ever opened.", |state| {
        state.stats.connections
    }),
    counter("commands_processed_total", "Ever run.", |state| {
        state.stats.commands
    }),
    counter("error_replies_total", "Ever answered.", |state| {
        state.stats.errors
    }),
    counter("keyspace_hits_total", "Reads of a key.", |state| {
        state.stats.hits
    }),
    counter("keyspace_misses_total", "Reads of no key.", |state| {
        state.stats.misses
    }),
    counter("expired_keys_total", "Removed by time.", |state| {
        state.stats.expired
    }),
    counter("evicted_keys_total", "Removed for room.", |state| {
        state.stats.evicted
    }),
    gauge("memory_used_bytes", "What the keys weigh.", |state| {
        state.used_bytes() as u64
    }),
    gauge("memory_used_peak_bytes", "The most ever.", |state| {
        state.peak_bytes as u64
    }),
    gauge("memory_max_bytes", "0 is without bound.", |state| {
        state.config.maxmemory as u64
    }),
    gauge("pubsub_channels", "With a subscriber.", |state| {
        state.channels.channels.len() as u64
    }),
    gauge("pubsub_patterns", "With a subscriber.", |state| {
        state.channels.patterns.len() as u64
    }),
    gauge(
        "rdb_last_save_timestamp_seconds",
        "When the last snapshot was written.",
        |state| seconds(state.kept.saved_at_ms),
    ),
    gauge(
        "rdb_changes_since_last_save",
        "Steps that the last snapshot lacks.",
        |state| state.seq.saturating_sub(state.kept.saved_seq),
    ),
    gauge(
        "rdb_last_save_failed",
        "1 where the last snapshot could not be written.",
        |state| u64::from(state.kept.save_failed),
    ),
    gauge("aof_enabled", "1 where there is a journal.", |state| {
        u64::from(state.kept.journal.is_some())
    }),
    gauge("aof_current_size_bytes", "Of all its files.", |state| {
        let journal = state.kept.journal.as_ref();
        journal.map_or(0, |journal| journal.size_bytes)
    }),
    gauge(
        "aof_last_write_failed",
        "1 where the journal could not be written or synced.",
        |state| {
            let journal = state.kept.journal.as_ref();
            journal.map_or(0, |journal| u64::from(journal.write_failed))
        },
    ),
];

fn seconds(ms: i64) -> u64 {
    (ms / 1000).max(0) as u64
}

fn blocked(state: &State) -> u64 {
    state.clients.iter().filter(|client| client.blocked).count() as u64
}

/// In the text format of Prometheus, version 0.0.4.
pub fn prometheus(host: &Host) -> String {
    let engine = host.engine.borrow();
    let state = engine.state();
    let mut text = String::new();
    for metric in METRICS {
        heading(&mut text, metric.kind, metric.name, metric.help);
        let value = (metric.value)(state);
        line(&mut text, format_args!("{} {value}", metric.name));
    }
    let each = &state.databases;
    per_database(&mut text, each, "db_keys", Keyspace::len);
    per_database(&mut text, each, "db_keys_expiring", Keyspace::volatile_len);
    text
}

fn per_database(text: &mut String, each: &[Keyspace], name: &str, value: fn(&Keyspace) -> usize) {
    heading(text, Kind::Gauge, name, "Of each database that has any.");
    let filled = each.iter().enumerate().filter(|(_, db)| !db.is_empty());
    for (db, keyspace) in filled {
        let value = value(keyspace);
        line(text, format_args!("{name}{{db=\"db{db}\"}} {value}"));
    }
}

fn heading(text: &mut String, kind: Kind, name: &str, help: &str) {
    let kind = match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
    };
    writeln!(
        text,
        "# HELP nookdb_{name} {help}\n# TYPE nookdb_{name} {kind}"
    )
    .expect("writing to a string");
}

fn line(text: &mut String, line: std::fmt::Arguments) {
    writeln!(text, "nookdb_{line}").expect("writing to a string");
}
