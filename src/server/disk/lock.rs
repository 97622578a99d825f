//! One server to a folder: two would write one journal.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use tracing::warn;

/// Stays when the server ends: another server may have opened it to lock it by then, and a third would lock a new one.
const LOCK: &str = "nookdb.lock";

/// Makes this the only server that keeps its data in a folder, until what it gives is dropped or the
/// process ends, however it does.
///
/// # Errors
/// Where another server is that already. A folder where there are no locks is no error.
pub fn lock(folder: &Path) -> io::Result<Option<File>> {
    let opened = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join(LOCK));
    let locked = opened
        .map_err(TryLockError::Error)
        .and_then(|file| file.try_lock().map(|()| file));
    match locked {
        Ok(file) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(io::Error::new(
            io::ErrorKind::WouldBlock,
            "another nookdb-server keeps its data there; end that one, or give this one another folder with --dir",
        )),
        Err(TryLockError::Error(error)) => {
            warn!(
                "{LOCK} cannot be locked, so nothing keeps a second server off this folder: {error}"
            );
            Ok(None)
        }
    }
}
