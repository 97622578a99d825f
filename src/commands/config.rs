//! CONFIG: the settings, each a row of its own.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::row::{Command, Method, errors, methods, prose};
use super::{Args, Flags};
#[cfg(feature = "pubsub")]
use crate::db::Notify;
use crate::db::{Config, Ctx, Policy, Stats, glob};
use crate::error::{Error, Result};
use crate::reply::Reply;
use crate::types::{Limits, number};

const OPERATOR: Flags = Flags::ADMIN
    .and(Flags::NO_SCRIPT)
    .and(Flags::LOADING)
    .and(Flags::STALE);

pub(super) const ROWS: &[Command] = &[
    Command {
        name: "CONFIG GET",
        usage: "parameter [parameter ...]",
        summary: prose("Answers the settings whose names match a pattern."),
        complexity: prose("O(N*M), N being the patterns, M all settings"),
        group: "server",
        since: "2.0.0",
        flags: OPERATOR,
        errors: &[],
        methods: methods(&[Method::new(
            "configGet",
            "parameters: Many<Bytes>",
            "Record<string, Text>",
        )]),
        run: config_get,
    },
    Command {
        name: "CONFIG SET",
        usage: "parameter value [parameter value ...]",
        summary: prose("Changes settings, all or none of them."),
        complexity: prose("O(N), N being the settings given"),
        group: "server",
        since: "2.0.0",
        flags: OPERATOR,
        errors: errors(&[
            "ERR Unknown option or number of arguments for CONFIG SET",
            "ERR CONFIG SET failed",
        ]),
        methods: methods(&[Method::new(
            "configSet",
            "...config: ConfigArguments",
            "'OK'",
        )]),
        run: config_set,
    },
    Command {
        name: "CONFIG RESETSTAT",
        usage: "",
        summary: prose("Sets the counters of INFO to zero."),
        complexity: prose("O(1)"),
        group: "server",
        since: "2.0.0",
        flags: OPERATOR,
        errors: &[],
        methods: methods(&[Method::new("configResetStat", "", "'OK'")]),
        run: config_resetstat,
    },
];

/// A setting: its name in redis.conf, and how it is read and written as text.
struct Parameter {
    name: &'static str,
    get: fn(&Config) -> String,
    /// Fails with the reason that CONFIG SET gives.
    set: fn(&mut Config, &str) -> core::result::Result<(), String>,
}

const NOT_MEMORY: &str = "argument must be a memory value";

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "maxmemory",
        get: |config| config.maxmemory.to_string(),
        set: |config, text| {
            config.maxmemory = parse_memory(text).ok_or(NOT_MEMORY)?;
            Ok(())
        },
    },
    Parameter {
        name: "maxmemory-policy",
        get: |config| config.policy.name().to_owned(),
        set: |config, text| {
            let known = Policy::ALL
                .iter()
                .find(|policy| text.eq_ignore_ascii_case(policy.name()));
            config.policy = *known.ok_or_else(|| {
                let names: Vec<_> = Policy::ALL.iter().map(|policy| policy.name()).collect();
                format!(
                    "argument(s) must be one of the following: {}",
                    names.join(", ")
                )
            })?;
            Ok(())
        },
    },
    Parameter {
        name: "maxmemory-samples",
        get: |config| config.maxmemory_samples.to_string(),
        set: |config, text| {
            config.maxmemory_samples = count(text, 1, 64)?;
            Ok(())
        },
    },
    #[cfg(feature = "pubsub")]
    Parameter {
        name: "notify-keyspace-events",
        get: |config| config.notify.to_string(),
        set: |config, text| {
            let bad = "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
            config.notify = Notify::parse(text).ok_or(bad)?;
            Ok(())
        },
    },
    Parameter {
        name: "requirepass",
        get: |config| String::from_utf8_lossy(&config.requirepass).into_owned(),
        set: |config, text| {
            config.requirepass = text.as_bytes().to_vec();
            Ok(())
        },
    },
    Parameter {
        name: "databases",
        get: |config| config.databases.to_string(),
        set: |_, _| Err(IMMUTABLE.to_owned()),
    },
    Parameter {
        name: "proto-max-bulk-len",
        get: |config| config.max_value_bytes.to_string(),
        set: |config, text| {
            let bytes = parse_memory(text).ok_or(NOT_MEMORY)?;
            if bytes < 1024 * 1024 {
                return Err(
                    "argument must be between 1048576 and 9223372036854775807 inclusive".to_owned(),
                );
            }
            config.max_value_bytes = bytes;
            Ok(())
        },
    },
];

const IMMUTABLE: &str = "can't set immutable config";

/// A threshold: both its names, and where it stands.
struct Threshold {
    names: &'static [&'static str],
    of: fn(&mut Limits) -> &mut usize,
}

/// The thresholds of packed values, under today's names and those of before listpacks.
const THRESHOLDS: &[Threshold] = &[
    Threshold {
        names: &["hash-max-listpack-entries", "hash-max-ziplist-entries"],
        of: |limits| &mut limits.hash_max_listpack_entries,
    },
    Threshold {
        names: &["hash-max-listpack-value", "hash-max-ziplist-value"],
        of: |limits| &mut limits.hash_max_listpack_value,
    },
    #[cfg(feature = "sets")]
    Threshold {
        names: &["set-max-intset-entries"],
        of: |limits| &mut limits.set_max_intset_entries,
    },
    #[cfg(feature = "sets")]
    Threshold {
        names: &["set-max-listpack-entries"],
        of: |limits| &mut limits.set_max_listpack_entries,
    },
    #[cfg(feature = "sets")]
    Threshold {
        names: &["set-max-listpack-value"],
        of: |limits| &mut limits.set_max_listpack_value,
    },
    #[cfg(feature = "sorted-sets")]
    Threshold {
        names: &["zset-max-listpack-entries", "zset-max-ziplist-entries"],
        of: |limits| &mut limits.zset_max_listpack_entries,
    },
    #[cfg(feature = "sorted-sets")]
    Threshold {
        names: &["zset-max-listpack-value", "zset-max-ziplist-value"],
        of: |limits| &mut limits.zset_max_listpack_value,
    },
];

const LIST_SIZE: &[&str] = &["list-max-listpack-size", "list-max-ziplist-size"];

fn config_get(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let patterns: Vec<Vec<u8>> = args
        .rest()
        .iter()
        .map(|word| word.to_ascii_lowercase())
        .collect();
    let wanted = |name: &str| {
        patterns
            .iter()
            .any(|pattern| glob::matches(pattern, name.as_bytes()))
    };
    let pairs = all(&ctx.state.config)
        .into_iter()
        .filter(|(name, _)| wanted(name));
    Ok(Reply::Map(
        pairs
            .map(|(name, value)| (Reply::bulk(name), Reply::bulk(value)))
            .collect(),
    ))
}

/// Every setting with its value as text.
fn all(config: &Config) -> Vec<(String, String)> {
    let mut limits = config.limits;
    let mut pairs: Vec<(String, String)> = PARAMETERS
        .iter()
        .map(|row| (row.name.to_owned(), (row.get)(config)))
        .collect();
    for row in THRESHOLDS {
        let value = (row.of)(&mut limits).to_string();
        pairs.extend(
            row.names
                .iter()
                .map(|name| ((*name).to_owned(), value.clone())),
        );
    }
    let size = config.limits.list_max_listpack_size.to_string();
    pairs.extend(
        LIST_SIZE
            .iter()
            .map(|name| ((*name).to_owned(), size.clone())),
    );
    pairs.extend(config.host.iter().cloned());
    pairs
}

fn config_set(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let words = args.rest();
    if !words.len().is_multiple_of(2) {
        return Err(Error::Arity {
            name: "config|set".to_owned(),
        });
    }
    let pairs: Vec<(String, String)> = words
        .chunks(2)
        .map(|pair| (text(pair[0]).to_ascii_lowercase(), text(pair[1])))
        .collect();
    let mut config = ctx.state.config.clone();
    for (name, _) in &pairs {
        if !all(&config).iter().any(|(known, _)| known == name) {
            let unknown = "ERR Unknown option or number of arguments for CONFIG SET";
            return Err(Error::SaidOf(format!("{unknown} - '{name}'")));
        }
    }
    for (at, (name, value)) in pairs.iter().enumerate() {
        let twice = pairs[..at].iter().any(|(earlier, _)| earlier == name);
        let outcome = if twice {
            Err("duplicate parameter".to_owned())
        } else {
            set(&mut config, name, value)
        };
        outcome.map_err(|reason| {
            Error::SaidOf(format!(
                "ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}"
            ))
        })?;
    }
    ctx.state.config = config;
    Ok(Reply::OK)
}

fn set(config: &mut Config, name: &str, value: &str) -> core::result::Result<(), String> {
    if let Some(row) = PARAMETERS.iter().find(|row| row.name == name) {
        return (row.set)(config, value);
    }
    if let Some(row) = THRESHOLDS.iter().find(|row| row.names.contains(&name)) {
        *(row.of)(&mut config.limits) = parse_memory(value).ok_or(NOT_MEMORY)?;
        return Ok(());
    }
    if LIST_SIZE.contains(&name) {
        let size = number::parse_i64(value.as_bytes());
        config.limits.list_max_listpack_size =
            size.ok_or("argument couldn't be parsed into an integer")?;
        return Ok(());
    }
    // `--save` and `--appendonly` are asked for by tools that only want them off.
    match config.host_setting(name) {
        Some(current) if current == value => Ok(()),
        _ => Err(IMMUTABLE.to_owned()),
    }
}

fn config_resetstat(ctx: &mut Ctx, _: &mut Args) -> Result<Reply> {
    ctx.state.stats = Stats::default();
    ctx.state.lazy.freed_objects = 0;
    Ok(Reply::OK)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A count within bounds, or the reason that CONFIG SET gives.
fn count(text: &str, least: usize, most: usize) -> core::result::Result<usize, String> {
    let value =
        number::parse_i64(text.as_bytes()).ok_or("argument couldn't be parsed into an integer")?;
    usize::try_from(value)
        .ok()
        .filter(|value| (least..=most).contains(value))
        .ok_or_else(|| format!("argument must be between {least} and {most} inclusive"))
}

/// Bytes as redis.conf writes them: `100`, `100mb` (powers of 1024), `100m` (powers of 1000).
pub fn parse_memory(text: &str) -> Option<usize> {
    let digits = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    let number: usize = text[..digits].parse().ok()?;
    let unit = match text[digits..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit)
}
