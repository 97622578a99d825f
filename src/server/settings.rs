//! What the flags say, and how CONFIG GET shows it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;

use super::Verbosity;
use super::clock::entropy;
use crate::db::{Config, Policy};
use crate::types::Seed;

#[derive(Debug, Clone)]
pub struct Settings {
    /// 0 listens on none; so with `http_port`.
    pub port: u16,
    pub bind: Vec<BindAddress>,
    pub http_port: u16,
    pub site: Option<PathBuf>,
    /// As browsers write them: `https://app.example`.
    pub allowed_origins: Vec<String>,
    pub dir: PathBuf,
    pub dbfilename: String,
    pub save: SavePoints,
    pub appendonly: bool,
    pub appendfsync: Fsync,
    /// Growth of the journal over its base, in per cent, after which it is written anew; 0 for never.
    pub rewrite_percentage: u64,
    pub rewrite_min_bytes: usize,
    /// Empty lets everyone in.
    pub requirepass: String,
    pub maxmemory: usize,
    pub policy: Policy,
    pub maxclients: usize,
    pub databases: u32,
    pub verbosity: Verbosity,
}

impl Settings {
    pub fn dump_path(&self) -> PathBuf {
        self.dir.join(&self.dbfilename)
    }

    /// Whether it does so unasked: SAVE writes a snapshot wherever it is sent.
    pub fn keeps_anything(&self) -> bool {
        self.appendonly || !self.save.is_empty()
    }

    /// What can be seen to be wrong before anything is done.
    ///
    /// # Errors
    /// A sentence for who gave the flags.
    pub fn check(&self) -> Result<(), String> {
        if self.dbfilename.is_empty() || self.dbfilename.contains(['/', '\\']) {
            return Err("--dbfilename is the name of a file in --dir, not a path".to_owned());
        }
        let folders = std::iter::once(("--dir", &self.dir));
        for (flag, folder) in folders.chain(self.site.iter().map(|site| ("--site", site))) {
            if !folder.is_dir() {
                return Err(format!("{flag}: there is no folder {}", folder.display()));
            }
        }
        Ok(())
    }

    /// The settings of the engine. The host's own are among them, for CONFIG GET.
    pub fn config(&self) -> Config {
        let mut config = Config {
            databases: self.databases,
            maxmemory: self.maxmemory,
            policy: self.policy,
            requirepass: self.requirepass.clone().into_bytes(),
            ..Config::default()
        };
        config.limits.seed = Seed::new([entropy(), entropy()]);
        let yes_no = |on| if on { "yes" } else { "no" };
        let addresses: Vec<String> = self.bind.iter().map(BindAddress::to_string).collect();
        let shown = [
            ("port", self.port.to_string()),
            ("http-port", self.http_port.to_string()),
            ("bind", addresses.join(" ")),
            ("dir", absolute(&self.dir)),
            ("dbfilename", self.dbfilename.clone()),
            ("save", self.save.to_string()),
            ("appendonly", yes_no(self.appendonly).to_owned()),
            ("appendfsync", self.appendfsync.name().to_owned()),
            ("appendfilename", "appendonly.aof".to_owned()),
            ("appenddirname", "appendonlydir".to_owned()),
            (
                "auto-aof-rewrite-percentage",
                self.rewrite_percentage.to_string(),
            ),
            (
                "auto-aof-rewrite-min-size",
                self.rewrite_min_bytes.to_string(),
            ),
            ("maxclients", self.maxclients.to_string()),
            ("loglevel", self.verbosity.name().to_owned()),
            ("timeout", "0".to_owned()),
        ];
        config.host = shown.map(|(name, value)| (name.to_owned(), value)).into();
        config
    }
}

/// The path from the root, where it can be found out.
pub(super) fn absolute(path: &std::path::Path) -> String {
    let found = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    found.to_string_lossy().into_owned()
}

/// An address of `--bind`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindAddress {
    pub addresses: Vec<IpAddr>,
    /// The server starts without it where the machine has none (`-::1`).
    pub is_optional: bool,
    text: String,
}

impl FromStr for BindAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<BindAddress, String> {
        let address = text.strip_prefix('-').unwrap_or(text);
        let everywhere = [
            IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        ];
        let addresses = match address {
            "*" => everywhere.to_vec(),
            "::*" => vec![everywhere[1]],
            _ => vec![
                address
                    .parse()
                    .map_err(|_| "must be an IP address, or * for all".to_owned())?,
            ],
        };
        Ok(BindAddress {
            // A machine without IPv6 can serve `*` still.
            is_optional: text.starts_with('-') || address == "*",
            addresses,
            text: text.to_owned(),
        })
    }
}

impl std::fmt::Display for BindAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// When the journal is made to survive a crash of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fsync {
    /// Before the reply is sent.
    Always,
    EverySecond,
    /// When the operating system likes.
    No,
}

impl Fsync {
    pub fn name(self) -> &'static str {
        match self {
            Fsync::Always => "always",
            Fsync::EverySecond => "everysec",
            Fsync::No => "no",
        }
    }
}

impl FromStr for Fsync {
    type Err = String;

    fn from_str(text: &str) -> Result<Fsync, String> {
        [Fsync::Always, Fsync::EverySecond, Fsync::No]
            .into_iter()
            .find(|fsync| fsync.name() == text)
            .ok_or_else(|| "must be always, everysec or no".to_owned())
    }
}

/// A snapshot is due when one of them is met. None at all: never.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SavePoints(Vec<SavePoint>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SavePoint {
    seconds: u64,
    changes: u64,
}

impl SavePoints {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether so many changes, so long after the last snapshot, make a snapshot due.
    pub fn are_met(&self, elapsed_s: u64, changes: u64) -> bool {
        let mut points = self.0.iter();
        points.any(|point| changes >= point.changes && elapsed_s >= point.seconds)
    }
}

impl FromStr for SavePoints {
    type Err = String;

    fn from_str(text: &str) -> Result<SavePoints, String> {
        const PAIRS: &str = "--save takes pairs of seconds and changes, both from 1, or ''";
        let numbers = text
            .split_ascii_whitespace()
            .map(|word| word.parse::<u64>().ok().filter(|number| *number > 0));
        let numbers: Vec<u64> = numbers.collect::<Option<_>>().ok_or(PAIRS)?;
        if !numbers.len().is_multiple_of(2) {
            return Err(PAIRS.to_owned());
        }
        let points = numbers.chunks(2).map(|pair| SavePoint {
            seconds: pair[0],
            changes: pair[1],
        });
        Ok(SavePoints(points.collect()))
    }
}

impl std::fmt::Display for SavePoints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pairs: Vec<String> = self
            .0
            .iter()
            .map(|point| format!("{} {}", point.seconds, point.changes))
            .collect();
        f.write_str(&pairs.join(" "))
    }
}

/// A policy by its name.
///
/// # Errors
/// The names that there are.
pub fn parse_policy(text: &str) -> Result<Policy, String> {
    let known = Policy::ALL.iter().find(|policy| policy.name() == text);
    known.copied().ok_or_else(|| {
        let names: Vec<&str> = Policy::ALL.iter().map(|policy| policy.name()).collect();
        format!("must be one of {}", names.join(", "))
    })
}

/// Bytes as redis.conf writes them: `100`, `100mb` (powers of 1024), `100m` (powers of 1000).
///
/// # Errors
/// Where it is no such number.
pub fn parse_memory(text: &str) -> Result<usize, String> {
    crate::commands::parse_memory(text)
        .ok_or_else(|| "must be a number of bytes, such as 1000, 100mb or 1gb".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn save_points_are_pairs_of_seconds_and_changes() {
        let points: SavePoints = "3600 1 300 100".parse().unwrap();
        assert_eq!(points.to_string(), "3600 1 300 100");
        assert!(points.are_met(3600, 1) && points.are_met(300, 100));
        assert!(!points.are_met(3599, 99) && !points.are_met(299, 100_000));
        assert!("".parse::<SavePoints>().unwrap().is_empty());
        for bad in ["1", "1 2 3", "0 1", "1 x", "-1 1"] {
            assert!(bad.parse::<SavePoints>().is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_are_those_of_redis_conf() {
        let address = |text: &str| text.parse::<BindAddress>();
        assert!(!address("127.0.0.1").unwrap().is_optional);
        assert!(address("-::1").unwrap().is_optional);
        assert_eq!(address("*").unwrap().addresses.len(), 2);
        assert!(address("localhost").is_err());
    }
}
