//! What is on the disk: `dump.rdb`, and `appendonlydir/` with the journal. Both are Redis's own, so
//! that a redis-server can be started on them, and this server on one's.
//!
//! ```text
//! dump.rdb                        a snapshot, by SAVE, BGSAVE, --save and SHUTDOWN
//! appendonlydir/                  with --appendonly yes
//!   appendonly.aof.manifest       which of the following count, and in which order
//!   appendonly.aof.2.base.rdb     a snapshot
//!   appendonly.aof.2.incr.aof     what was done since
//! nookdb.lock                     locked by the server that keeps its data here
//! ```
//!
//! A file that takes the place of another is written beside it, made to last, and renamed: a crash
//! leaves the old one or the new one.

mod journal;
mod load;
mod lock;
mod snapshot;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub use journal::Journal;
pub use load::{LoadFailure, load};
pub use lock::lock;
pub use snapshot::{Snapshot, Written};

pub const JOURNAL_FOLDER: &str = "appendonlydir";
const MANIFEST: &str = "appendonly.aof.manifest";

/// Where a file lies until it is whole.
fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    path.with_file_name(name)
}

/// Creates a file. An error says which: whoever reads it may not know the folder.
fn create(path: &Path) -> io::Result<File> {
    File::create(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// Puts a finished file in its place, and answers the folder: until that is synced, a crash of the machine may bring back what
/// was there before.
///
/// # Errors
/// Those of the disk. What was there before is there still.
fn put_in_place(file: &File, path: &Path) -> io::Result<File> {
    file.sync_all()?;
    // Now, as no descriptor may be left to do so when the file is in its place.
    let folder = open_folder(path)?;
    fs::rename(unfinished(path), path)?;
    Ok(folder)
}

/// Makes the names in the folder of a file last: renaming and creating change the folder.
fn sync_folder(path: &Path) -> io::Result<()> {
    open_folder(path)?.sync_all()
}

fn open_folder(path: &Path) -> io::Result<File> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))
}

/// Writes a small file, whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put_whole_in_place(path, bytes)?.sync_all()
}

/// As `put_in_place`, for a small file that is written first.
fn put_whole_in_place(path: &Path, bytes: &[u8]) -> io::Result<File> {
    let mut file = create(&unfinished(path))?;
    file.write_all(bytes)?;
    put_in_place(&file, path)
}

/// Runs what waits for a disk on a thread for that.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await?
}
