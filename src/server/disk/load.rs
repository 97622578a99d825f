//! What was kept, read back when the server starts.
//!
//! A server that started without a part of what it had kept would write that loss over the files
//! within the hour. So anything that cannot be loaded keeps it from starting, and the message says
//! what can be done. One thing is expected: a crash cuts the last step of the journal short, and that
//! one was never acknowledged as kept.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use tracing::{info, warn};

use super::super::clock::now_ms;
use super::super::settings::Settings;
use super::{JOURNAL_FOLDER, Journal, MANIFEST};
use crate::db::{Cause, Effect, Entry, Step, Unloaded};
use crate::engine::Engine;
use crate::error::Error;
use crate::persist::aof::{self, Damage, Manifest};
use crate::persist::rdb::{LoadError, Reader};

/// Read of a journal at a time.
const PIECE_BYTES: usize = 1024 * 1024;

/// What every file with an RDB file at its start begins with.
const RDB_MAGIC: &[u8] = b"REDIS";

/// Why the server does not start.
#[derive(Debug)]
pub struct LoadFailure {
    path: PathBuf,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    Disk(io::Error),
    Rdb(LoadError),
    /// A database that `--databases` does not provide.
    NoSuchDatabase(u32),
    /// The entries of one database would take more room than they may.
    Full(u32),
    ManifestLine(usize),
    /// A file of before Redis 7.
    OldJournal,
    Journal {
        at: u64,
        damage: Damage,
    },
    /// An effect that does not fit what was loaded so far.
    Effect {
        at: u64,
        error: Error,
    },
    /// The end is missing of a file that is not the last.
    CutShort {
        at: u64,
    },
}

impl std::error::Error for LoadFailure {}

impl fmt::Display for LoadFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        const MEND: &str = "Put a backup in its place, or mend a copy of it with redis-check-aof --fix, which \
             drops everything behind the damage";
        match &self.reason {
            Reason::Disk(error) => write!(f, "{error}"),
            Reason::Rdb(error) => write!(
                f,
                "{error}. Put a backup in its place, or move it away to start without its keys"
            ),
            Reason::NoSuchDatabase(db) => {
                write!(
                    f,
                    "has keys in database {db}: start with a larger --databases"
                )
            }
            Reason::Full(db) => {
                write!(f, "has more entries in database {db} than one may hold")
            }
            Reason::ManifestLine(line) => write!(f, "line {line} makes no sense. {MEND}"),
            Reason::OldJournal => f.write_str(
                "is a journal of before Redis 7: start redis-server 7 on it once, which brings it \
                 into appendonlydir, or move it away to start without it",
            ),
            Reason::Journal { at, damage } => {
                write!(f, "damaged behind byte {at}: {damage}. {MEND}")
            }
            Reason::Effect { at, error } => write!(f, "damaged behind byte {at}: {error}. {MEND}"),
            Reason::CutShort { at } => {
                write!(
                    f,
                    "ends in the middle of a step behind byte {at}, and is not the last file. {MEND}"
                )
            }
        }
    }
}

/// Loads what `dir` holds, and opens the journal where there is to be one.
///
/// # Errors
/// Where anything that was kept cannot be loaded.
pub fn load(settings: &Settings, engine: &mut Engine) -> Result<Option<Journal>, LoadFailure> {
    engine.set_journaling(false);
    let folder = settings.dir.join(JOURNAL_FOLDER);
    let manifest_path = folder.join(MANIFEST);
    if !settings.appendonly {
        load_dump(&settings.dump_path(), engine)?;
        return Ok(None);
    }
    let journal = match fs::read(&manifest_path) {
        Ok(text) => {
            let manifest = Manifest::parse(&text)
                .map_err(|line| failure(&manifest_path, Reason::ManifestLine(line)))?;
            load_journal(&folder, &manifest, engine)?;
            Journal::open(folder, manifest)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let old = settings.dir.join("appendonly.aof");
            if old.exists() {
                return Err(failure(&old, Reason::OldJournal));
            }
            // The journal is being turned on: it begins with what was kept without it.
            load_dump(&settings.dump_path(), engine)?;
            Journal::create(folder, engine.state())
        }
        Err(error) => Err(error),
    };
    let journal = journal.map_err(|error| failure(&manifest_path, Reason::Disk(error)))?;
    engine.set_journaling(true);
    Ok(Some(journal))
}

fn failure(path: &Path, reason: Reason) -> LoadFailure {
    LoadFailure {
        path: path.to_owned(),
        reason,
    }
}

fn load_dump(path: &Path, engine: &mut Engine) -> Result<(), LoadFailure> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failure(path, Reason::Disk(error))),
    };
    load_rdb(path, &bytes, engine)?;
    Ok(())
}

/// Puts the keys of an RDB file into the engine, but for those whose deadline has passed; answers how
/// many bytes the file took.
fn load_rdb(path: &Path, bytes: &[u8], engine: &mut Engine) -> Result<usize, LoadFailure> {
    let now_ms = now_ms();
    let rdb = |error| failure(path, Reason::Rdb(error));
    let limits = engine.state().config.limits;
    let mut reader = Reader::new(bytes, &limits).map_err(rdb)?;
    let mut loaded = 0;
    for entry in reader.by_ref() {
        let entry = entry.map_err(rdb)?;
        if entry.deadline_ms.is_some_and(|deadline| deadline <= now_ms) {
            continue;
        }
        let value = Entry::new(entry.value, entry.deadline_ms);
        let loading = engine.state_mut().load(entry.db, entry.key, value);
        loading.map_err(|unloaded| {
            let reason = match unloaded {
                Unloaded::NoSuchDatabase => Reason::NoSuchDatabase(entry.db),
                Unloaded::Full => Reason::Full(entry.db),
            };
            failure(path, reason)
        })?;
        loaded += 1;
    }
    info!("{loaded} keys loaded from {}", path.display());
    Ok(bytes.len() - reader.rest().len())
}

fn load_journal(
    folder: &Path,
    manifest: &Manifest,
    engine: &mut Engine,
) -> Result<(), LoadFailure> {
    let parts: Vec<PathBuf> = manifest
        .base
        .iter()
        .chain(&manifest.increments)
        .map(|part| folder.join(&part.name))
        .collect();
    for (at, path) in parts.iter().enumerate() {
        let is_last = at + 1 == parts.len();
        load_part(path, is_last, engine)?;
    }
    Ok(())
}

/// Loads one file of a journal. Where the last one ends within a step, that beginning is cut off.
fn load_part(path: &Path, is_last: bool, engine: &mut Engine) -> Result<(), LoadFailure> {
    let disk = |error| failure(path, Reason::Disk(error));
    let mut file = File::open(path).map_err(disk)?;
    let mut piece = read_piece(&mut file).map_err(disk)?;
    let mut preamble_bytes = 0;
    if piece.starts_with(RDB_MAGIC) {
        file.read_to_end(&mut piece).map_err(disk)?;
        preamble_bytes = load_rdb(path, &piece, engine)?;
        piece.drain(..preamble_bytes);
    }
    let mut reader = aof::Reader::default();
    let mut steps = 0;
    while !piece.is_empty() {
        reader.feed(&piece);
        steps += apply_steps(path, preamble_bytes as u64, &mut reader, engine)?;
        piece = read_piece(&mut file).map_err(disk)?;
    }
    info!("{steps} steps loaded from {}", path.display());
    let whole_bytes = preamble_bytes as u64 + reader.whole_bytes();
    let length = file.metadata().map_err(disk)?.len();
    if whole_bytes < length {
        if !is_last {
            return Err(failure(path, Reason::CutShort { at: whole_bytes }));
        }
        warn!(
            "{} ends within a step, as a crash leaves it: its last {} bytes are cut off",
            path.display(),
            length - whole_bytes
        );
        cut(path, whole_bytes).map_err(disk)?;
    }
    Ok(())
}

fn read_piece(file: &mut File) -> io::Result<Vec<u8>> {
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    file.take(PIECE_BYTES as u64).read_to_end(&mut piece)?;
    Ok(piece)
}

fn cut(path: &Path, length: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(length)?;
    file.sync_all()
}

/// Applies the steps that are whole by now; answers how many they were.
fn apply_steps(
    path: &Path,
    preamble_bytes: u64,
    reader: &mut aof::Reader,
    engine: &mut Engine,
) -> Result<u64, LoadFailure> {
    let mut steps = 0;
    loop {
        let at = preamble_bytes + reader.whole_bytes();
        let taken = reader.take();
        let Some(effects) =
            taken.map_err(|damage| failure(path, Reason::Journal { at, damage }))?
        else {
            return Ok(steps);
        };
        let databases = engine.state().config.databases;
        if let Some(db) = effects.iter().map(db_of).find(|db| *db >= databases) {
            return Err(failure(path, Reason::NoSuchDatabase(db)));
        }
        let step = Step {
            seq: engine.state().seq + 1,
            at_ms: now_ms(),
            seed: 0,
            cause: Cause::Load,
            intent: Vec::new(),
            effects,
        };
        let applied = engine.apply(&step);
        applied.map_err(|error| failure(path, Reason::Effect { at, error }))?;
        steps += 1;
    }
}

fn db_of(effect: &Effect) -> u32 {
    match effect {
        Effect::Command { db, .. } | Effect::Expired { db, .. } | Effect::Evicted { db, .. } => *db,
    }
}
