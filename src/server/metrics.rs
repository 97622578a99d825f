//! What the server says to those who watch over it.

use std::fmt::Write;

use super::clock::now_ms;
use super::host::Host;
use crate::db::Keyspace;

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
#[derive(Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
}

/// In the text format of Prometheus, version 0.0.4. Names as redis_exporter has them where it has
/// the metric, with our prefix.
pub fn prometheus(host: &Host) -> String {
    let engine = host.engine.borrow();
    let state = engine.state();
    let stats = &state.stats;
    let blocked = state.clients.iter().filter(|client| client.blocked).count();
    let count = |number: usize| number as u64;
    let uptime_s = (now_ms() - state.started_ms).max(0) as u64 / 1000;
    let rows = [
        (
            Kind::Gauge,
            "uptime_in_seconds",
            "Since the server started.",
            uptime_s,
        ),
        (
            Kind::Gauge,
            "connected_clients",
            "Open connections, TCP and WebSocket.",
            count(state.clients.len()),
        ),
        (
            Kind::Gauge,
            "blocked_clients",
            "Those that wait for a key.",
            count(blocked),
        ),
        (
            Kind::Counter,
            "connections_received_total",
            "Connections ever opened.",
            stats.connections,
        ),
        (
            Kind::Counter,
            "commands_processed_total",
            "Commands ever run.",
            stats.commands,
        ),
        (
            Kind::Counter,
            "error_replies_total",
            "Commands that were answered an error.",
            stats.errors,
        ),
        (
            Kind::Counter,
            "keyspace_hits_total",
            "Reads that found their key.",
            stats.hits,
        ),
        (
            Kind::Counter,
            "keyspace_misses_total",
            "Reads that did not.",
            stats.misses,
        ),
        (
            Kind::Counter,
            "expired_keys_total",
            "Keys that time removed.",
            stats.expired,
        ),
        (
            Kind::Counter,
            "evicted_keys_total",
            "Keys that made room for others.",
            stats.evicted,
        ),
        (
            Kind::Gauge,
            "memory_used_bytes",
            "What keys and values weigh.",
            count(state.used_bytes()),
        ),
        (
            Kind::Gauge,
            "memory_used_peak_bytes",
            "The most that they ever weighed.",
            count(state.peak_bytes),
        ),
        (
            Kind::Gauge,
            "memory_max_bytes",
            "maxmemory; 0 is without bound.",
            count(state.config.maxmemory),
        ),
        (
            Kind::Gauge,
            "pubsub_channels",
            "Channels with a subscriber.",
            count(state.channels.channels.len()),
        ),
        (
            Kind::Gauge,
            "pubsub_patterns",
            "Patterns with a subscriber.",
            count(state.channels.patterns.len()),
        ),
    ];
    let mut text = String::new();
    for (kind, name, help, value) in rows {
        heading(&mut text, kind, name, help);
        writeln!(text, "nookdb_{name} {value}").expect("writing to a string");
    }
    per_database(
        &mut text,
        &state.databases,
        "db_keys",
        "Keys of a database.",
        Keyspace::len,
    );
    per_database(
        &mut text,
        &state.databases,
        "db_keys_expiring",
        "Those with a deadline.",
        Keyspace::volatile_len,
    );
    text
}

fn per_database(
    text: &mut String,
    databases: &[Keyspace],
    name: &str,
    help: &str,
    value: fn(&Keyspace) -> usize,
) {
    heading(text, Kind::Gauge, name, help);
    let filled = databases
        .iter()
        .enumerate()
        .filter(|(_, db)| !db.is_empty());
    for (db, keyspace) in filled {
        let value = value(keyspace);
        writeln!(text, "nookdb_{name}{{db=\"db{db}\"}} {value}").expect("writing to a string");
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
