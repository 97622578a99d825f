//! Steps, snapshots and RDB files on their way out and in.

use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;

use wasm_bindgen::prelude::*;

use super::Instance;
use super::loading::Loading;
use nookdb::db::{Resp, Role, Taken};
use nookdb::error::Error;
use nookdb::persist::manifest::{ChunkEntry, Manifest};
use nookdb::persist::rdb::{Compressor, Entry, LoadError, Reader, Target, dump_with};
use nookdb::persist::record::{self, Record};
use nookdb::persist::snapshot::{self, Chunk, Slice, Snapshot};
use nookdb::reply::Reply;
use nookdb::{Engine, Outcome};

/// Keys that a slice of a snapshot looks at: about a millisecond's work where values are small.
const SLICE_KEYS: usize = 500;

/// What `snapshot_next` came to.
const WALKED: u32 = 0;
const CHUNK: u32 = 1;
const DONE: u32 = 2;

/// A snapshot in the making, with the manifest that will name its chunks.
pub(super) struct Making {
    /// None once the last chunk was cut.
    snapshot: Option<Snapshot>,
    manifest: Manifest,
}

#[wasm_bindgen]
impl Instance {
    /// Refuses writes from here on, and lets time change nothing: another writer has the store.
    pub fn become_replica(&mut self) {
        self.engine.state_mut().config.role = Role::Replica;
    }

    /// The number of the last step.
    pub fn seq(&self) -> f64 {
        self.engine.state().seq as f64
    }

    /// Puts the records of all steps since the last time into the answer, in frames. Gives how many steps they have.
    pub fn take_steps(&mut self, epoch: u32) -> u32 {
        let count = self.engine.steps_waiting();
        let mut steps = self.engine.replace_steps(self.answer.room());
        record::seal(&mut steps, epoch);
        self.answer.steps_waiting(0);
        self.answer.bytes(steps);
        count as u32
    }

    /// Starts a snapshot. The store's id, 16 bytes, is in the scratch buffer. Gives the last step in it.
    pub fn snapshot_begin(&mut self, now_ms: f64, epoch: u32, first_chunk: f64) -> f64 {
        let store_id = store_id(self.scratch.argv(1)[0]);
        let state = self.engine.state_mut();
        let snapshot = Snapshot::begin(state, now_ms as i64, Target::default());
        let manifest = Manifest {
            store_id,
            incarnation: 1,
            epoch,
            base_seq: snapshot.base_seq(),
            made_at_ms: now_ms as i64,
            next_chunk: first_chunk as u64,
            ..Manifest::default()
        };
        let base_seq = snapshot.base_seq() as f64;
        self.making = Some(Making {
            snapshot: Some(snapshot),
            manifest,
        });
        base_seq
    }

    /// Goes on by a slice. A chunk is in the answer; it is to be kept in values of at most
    /// `part_bytes` under ids that follow each other.
    pub fn snapshot_next(&mut self, part_bytes: u32) -> u32 {
        let Some(Making { snapshot, manifest }) = &mut self.making else {
            return DONE;
        };
        let slice = match snapshot {
            Some(snapshot) => snapshot.walk(self.engine.state_mut(), SLICE_KEYS),
            None => return DONE,
        };
        if matches!(slice, Slice::Done(_)) {
            *snapshot = None;
        }
        match slice {
            Slice::Walked => WALKED,
            Slice::Done(None) => DONE,
            Slice::Chunk(Chunk { bytes, keys }) | Slice::Done(Some(Chunk { bytes, keys })) => {
                manifest.add(bytes.len().div_ceil(part_bytes as usize) as u64, keys);
                self.answer.bytes(bytes);
                CHUNK
            }
        }
    }

    /// Puts the manifest of the snapshot into the answer, and ends it.
    pub fn snapshot_manifest(&mut self) {
        let manifest = self.making.take().map(|making| making.manifest.encode());
        self.answer.bytes(manifest.unwrap_or_default());
    }

    pub fn snapshot_abandon(&mut self) {
        self.making = None;
        snapshot::abandon(self.engine.state_mut());
    }

    /// Reads the manifest that is in the scratch buffer behind the id of its store, 16 bytes; the
    /// chunks that it names are to follow.
    pub fn load_manifest(&mut self) -> u32 {
        let argv = self.scratch.argv(2);
        let reply = match Manifest::decode(argv[1]) {
            Ok(manifest) if manifest.store_id != store_id(argv[0]) => {
                let text = format!(
                    "DAMAGED the manifest is of the store {:032x}",
                    manifest.store_id
                );
                Reply::Error(Error::SaidOf(text))
            }
            Ok(manifest) => {
                self.loading = Loading::new(manifest);
                Reply::OK
            }
            Err(error) if error.is_of_newer() => unsupported(&error),
            Err(error) => refused(&error),
        };
        self.answer.outcome(Outcome::Reply(reply)) as u32
    }

    /// Loads the chunk in the scratch buffer, or keeps it until its other parts are there.
    pub fn load_chunk(&mut self, id: f64) {
        let bytes = self.scratch.argv(1)[0];
        self.loading.add(self.engine.state_mut(), id as u64, bytes);
    }

    /// Ends the loading of chunks, and puts into the answer what is lost: the ids of its chunks, how
    /// many keys they held, and the names of these as far as they can be made out.
    pub fn load_finish(&mut self) -> u32 {
        self.needs_ticks = true;
        let lost = match self.loading.finish(self.engine.state_mut()) {
            Ok(lost) => lost,
            Err(error) => return self.answer.outcome(Outcome::Reply(unsupported(&error))) as u32,
        };
        let ids = lost.chunks.iter().flat_map(ChunkEntry::ids);
        let keys = lost.chunks.iter().map(|chunk| chunk.keys).sum::<u64>();
        let reply = Reply::Array(vec![
            Reply::Array(ids.map(|id| Reply::Integer(id as i64)).collect()),
            Reply::Integer(keys as i64),
            Reply::bulks(lost.names),
        ]);
        self.answer.reply(&reply, Resp::Three) as u32
    }

    /// Applies the steps of the record in the scratch buffer that come after those that were applied.
    pub fn load_record(&mut self) -> u32 {
        self.needs_ticks = true;
        let argv = self.scratch.argv(1);
        let reply = match record::read(argv[0]) {
            Ok(record) => apply_all(&mut self.engine, &self.loading, &record),
            Err(error) if error.is_of_another() => unsupported(&error),
            Err(error) => refused(&error),
        };
        self.answer.outcome(Outcome::Reply(reply)) as u32
    }

    /// Puts everything into the answer as an RDB file for Redis 7.0, 7.2 or 7.4.
    pub fn export(&mut self, now_ms: f64, minor: u32) {
        let target = match minor {
            0 => Target::Redis70,
            2 => Target::Redis72,
            _ => Target::Redis74,
        };
        let file = snapshot::export(self.engine.state(), now_ms as i64, target);
        self.answer.bytes(file);
    }

    /// Has the store hold what the RDB file in the scratch buffer holds, in one step, or changes
    /// nothing. Answers how many keys that were, and what could not be held.
    pub fn import(&mut self, now_ms: f64, client: u32) -> u32 {
        let file = self.scratch.argv(1)[0];
        let reply = match read_file(file, &self.engine.state().config.limits) {
            Ok((entries, skipped)) => {
                let count = Reply::count(entries.len());
                let skipped = Reply::bulks(skipped);
                let filled = self.replace_all(now_ms as i64, u64::from(client), &entries);
                filled.map_or_else(Reply::Error, |()| Reply::Array(vec![count, skipped]))
            }
            Err(error) => refused(&error),
        };
        self.answer.outcome(Outcome::Reply(reply)) as u32 | self.flags()
    }

    fn replace_all(&mut self, now_ms: i64, client: u64, entries: &[Entry]) -> Result<(), Error> {
        let selected = self.engine.client(client).map_or(0, |client| client.db);
        self.engine.begin(now_ms, client);
        let filled = self.fill(now_ms, client, entries);
        if let Some(client) = self.engine.client_mut(client) {
            client.db = selected;
        }
        match filled {
            Ok(()) => self.engine.end(),
            Err(error) => {
                self.engine.abort();
                Err(error)
            }
        }
    }

    fn fill(&mut self, now_ms: i64, client: u64, entries: &[Entry]) -> Result<(), Error> {
        let mut say = |argv: &[&[u8]]| match self.engine.call(now_ms, client, argv) {
            Outcome::Reply(Reply::Error(error)) => Err(error),
            _ => Ok(()),
        };
        say(&[b"FLUSHALL"])?;
        let mut compressor = Compressor::default();
        for entry in entries {
            let deadline = entry.deadline_ms.unwrap_or(0).to_string();
            let payload = dump_with(&mut compressor, &entry.value, Target::default());
            say(&[b"SELECT", entry.db.to_string().as_bytes()])?;
            say(&[
                b"RESTORE",
                &entry.key,
                deadline.as_bytes(),
                &payload,
                b"REPLACE",
                b"ABSTTL",
            ])?;
        }
        Ok(())
    }
}

fn apply_all(engine: &mut Engine, loading: &Loading, record: &Record) -> Reply {
    let last = engine.state().seq;
    let after = |step: &Taken| step.head().seq > last;
    for step in record.steps().skip_while(|step| !after(step)) {
        let reply = apply(engine, loading, step);
        if reply != Reply::OK {
            return reply;
        }
    }
    if engine.state().seq > last {
        return Reply::OK;
    }
    Reply::Error(Error::SaidOf(format!(
        "DAMAGED a record that ends before step {}",
        last + 1
    )))
}

fn apply(engine: &mut Engine, loading: &Loading, step: Taken) -> Reply {
    let seq = step.head().seq;
    let expected = engine.state().seq + 1;
    if seq != expected {
        let text = format!("DAMAGED step {seq} where step {expected} should be");
        return Reply::Error(Error::SaidOf(text));
    }
    match engine.apply_taken(step) {
        Ok(()) => Reply::OK,
        // Of a build that has more commands than this one.
        Err(error @ Error::UnknownCommand { .. }) => unsupported(&error),
        // A step on keys that are lost may fail: the loss was told, and others need not follow.
        Err(_) if loading.has_losses() => {
            engine.state_mut().seq = seq;
            Reply::OK
        }
        Err(error) => {
            let text = format!("DAMAGED step {seq} does not fit: {error}");
            Reply::Error(Error::SaidOf(text))
        }
    }
}

/// # Panics
/// Where it has not 16 bytes: JavaScript checks that before it hands it over.
fn store_id(bytes: &[u8]) -> u128 {
    u128::from_be_bytes(bytes.try_into().expect("a store's id has 16 bytes"))
}

/// All keys of a file, and a line for each that cannot be held.
fn read_file(
    file: &[u8],
    limits: &nookdb::types::Limits,
) -> Result<(Vec<Entry>, Vec<String>), LoadError> {
    let (mut entries, mut skipped) = (Vec::new(), Vec::new());
    for entry in Reader::new(file, limits)? {
        match entry {
            Ok(entry) => entries.push(entry),
            Err(error) if error.is_skipped() => skipped.push(error.to_string()),
            Err(error) => return Err(error),
        }
    }
    Ok((entries, skipped))
}

fn unsupported(error: &dyn core::fmt::Display) -> Reply {
    Reply::Error(Error::SaidOf(format!("UNSUPPORTED {error}")))
}

fn refused(error: &dyn core::fmt::Display) -> Reply {
    Reply::Error(Error::SaidOf(format!("DAMAGED {error}")))
}
