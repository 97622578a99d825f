//! All keys of one moment, into one file, while commands go on.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::clock::now_ms;
use super::super::host::Host;
use super::{create, on_disk, put_in_place, unfinished};
use crate::db::State;
use crate::persist::rdb::{About, Target, Writer};
use crate::persist::snapshot::abandon;

/// Keys that are written before others get their turn: some tenths of a millisecond, if they are small.
const SLICE_KEYS: usize = 128;

/// Written to the file at a time.
const PIECE_BYTES: usize = 256 * 1024;

/// A snapshot in the making: the state as it is now, whatever happens to it from now on.
pub struct Snapshot {
    writer: Writer,
    /// The last step that it holds.
    pub base_seq: u64,
}

/// A snapshot that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The last step that it holds.
    pub base_seq: u64,
    pub bytes: u64,
}

enum Slice {
    More,
    Over,
}

impl Snapshot {
    /// Starts one; there is one at a time. O(keys) in bits.
    pub fn begin(state: &mut State) -> Snapshot {
        let about = About {
            created_s: now_ms() / 1000,
            used_memory_bytes: state.used_bytes(),
        };
        state.end_walks();
        for (db, keyspace) in (0..).zip(&mut state.databases) {
            keyspace.begin_walk(db);
        }
        Snapshot {
            writer: Writer::new(Target::Redis70, about),
            base_seq: state.seq,
        }
    }

    /// Writes it to where it belongs, a slice at a time.
    ///
    /// # Errors
    /// Those of the disk. What was at `path` is there still.
    pub async fn write(self, host: &Host, path: PathBuf) -> io::Result<Written> {
        let written = self.write_beside(host, &path).await;
        if written.is_err() {
            abandon(host.engine.borrow_mut().state_mut());
            // It may not have come into being.
            let _ = fs::remove_file(unfinished(&path));
        }
        written
    }

    async fn write_beside(mut self, host: &Host, path: &Path) -> io::Result<Written> {
        let place = unfinished(path);
        let file = Arc::new(on_disk(move || create(&place)).await?);
        let mut bytes = 0;
        loop {
            let slice = self.walk(host.engine.borrow_mut().state_mut());
            let piece = match slice {
                Slice::More if self.writer.pending_bytes() < PIECE_BYTES => {
                    tokio::task::yield_now().await;
                    continue;
                }
                Slice::More | Slice::Over => self.writer.take(),
            };
            bytes += piece.len() as u64;
            write_piece(&file, piece).await?;
            if let Slice::Over = slice {
                break;
            }
        }
        let end = self.writer.finish();
        bytes += end.len() as u64;
        write_piece(&file, end).await?;
        let path = path.to_owned();
        on_disk(move || put_in_place(&file, &path)?.sync_all()).await?;
        Ok(Written {
            base_seq: self.base_seq,
            bytes,
        })
    }

    /// Writes some more keys, of tables that were flushed meanwhile too.
    fn walk(&mut self, state: &mut State) -> Slice {
        state.release_departed();
        let mut keyspaces = state.databases.iter_mut().chain(&mut state.departed);
        let Some(keyspace) = keyspaces.find(|keyspace| keyspace.is_walked()) else {
            return Slice::Over;
        };
        let writer = &mut self.writer;
        keyspace.walk(SLICE_KEYS, |db, standing| writer.standing(db, standing));
        Slice::More
    }
}

async fn write_piece(file: &Arc<File>, piece: Vec<u8>) -> io::Result<()> {
    let file = Arc::clone(file);
    on_disk(move || (&*file).write_all(&piece)).await
}
