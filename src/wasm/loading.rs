//! Chunks as they come out of a storage, in any order, until the manifest's are all there.

use alloc::vec::Vec;

use nookdb::db::{Key, State};
use nookdb::persist::manifest::{ChunkEntry, Manifest};
use nookdb::persist::rdb::LoadError;
use nookdb::persist::snapshot::{is_whole, names_in, read_chunk};

/// A store that is being brought back.
#[derive(Default)]
pub(super) struct Loading {
    manifest: Manifest,
    /// Chunks, each taken out when it was loaded.
    missing: Vec<Missing>,
    lost: Lost,
    /// The first thing in a chunk that is whole, and that this build cannot hold.
    unsupported: Option<LoadError>,
}

struct Missing {
    entry: ChunkEntry,
    parts: Vec<Option<Vec<u8>>>,
}

/// What could not be brought back.
#[derive(Default, Clone)]
pub(super) struct Lost {
    pub chunks: Vec<ChunkEntry>,
    /// Keys that were in damaged chunks, as far as they can be made out.
    pub names: Vec<Key>,
}

impl Loading {
    pub fn new(manifest: Manifest) -> Loading {
        let missing = |entry: &ChunkEntry| {
            // No more is made room for than the parts that come.
            Missing {
                entry: *entry,
                parts: Vec::new(),
            }
        };
        Loading {
            missing: manifest.chunks.iter().map(missing).collect(),
            manifest,
            lost: Lost::default(),
            unsupported: None,
        }
    }

    /// Takes a part of a chunk, and loads the chunk if it is whole. One that the manifest does not
    /// name is left alone.
    pub fn add(&mut self, state: &mut State, id: u64, bytes: &[u8]) {
        let mut all = self.missing.iter_mut();
        let Some(missing) = all.find(|missing| missing.entry.ids().contains(&id)) else {
            return;
        };
        let entry = missing.entry;
        if entry.parts == 1 {
            self.load(state, entry, bytes);
            return;
        }
        let part = (id - entry.first_id) as usize;
        if missing.parts.len() <= part {
            missing.parts.resize(part + 1, None);
        }
        missing.parts[part] = Some(bytes.to_vec());
        let is_whole = missing.parts.len() as u64 == entry.parts;
        if is_whole && missing.parts.iter().all(Option::is_some) {
            let parts: Vec<_> = missing.parts.drain(..).flatten().collect();
            self.load(state, entry, &parts.concat());
        }
    }

    fn load(&mut self, state: &mut State, chunk: ChunkEntry, bytes: &[u8]) {
        let limits = state.config.limits;
        match read_chunk(bytes, &limits) {
            Ok(entries) => {
                for (db, key, entry) in entries {
                    // A database that there is not was never written to; memory ends long before a database is full.
                    let _ = state.load(db, key, entry);
                }
                self.missing
                    .retain(|missing| missing.entry.first_id != chunk.first_id);
            }
            // To take it for lost would have the next checkpoint drop it.
            Err(error) if is_whole(bytes) => {
                self.unsupported.get_or_insert(error);
            }
            Err(_) => self.lost.names.extend(names_in(bytes, &limits)),
        }
    }

    /// Everything that was to come has come: the rest is lost.
    ///
    /// # Errors
    /// Where another build has kept what this one cannot hold: then nothing is lost, as long as nothing is kept.
    pub fn finish(&mut self, state: &mut State) -> Result<Lost, LoadError> {
        if let Some(error) = self.unsupported.take() {
            return Err(error);
        }
        let missing = self.missing.drain(..).map(|missing| missing.entry);
        self.lost.chunks.extend(missing);
        state.seq = self.manifest.base_seq;
        Ok(self.lost.clone())
    }

    pub fn has_losses(&self) -> bool {
        !self.lost.chunks.is_empty()
    }
}
