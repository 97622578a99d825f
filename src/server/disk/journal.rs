//! The journal: every step, at the end of a file, before its reply leaves.

use std::cell::{Cell, RefCell};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify};

use super::super::clock::now_ms;
use super::{MANIFEST, on_disk, sync_folder, write_whole};
use crate::db::{State, Taken};
use crate::persist::aof::{self, Manifest, Part};
use crate::persist::rdb::Target;
use crate::persist::snapshot::export;

/// So often a sync that waits looks whether the journal is trusted again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Positions in a journal count the bytes recorded since the server started, over all its files.
pub struct Journal {
    folder: PathBuf,
    writing: RefCell<Writing>,
    /// On the disk up to here.
    synced: Cell<u64>,
    /// The last increment that a failed sync had in hand. The system may have thrown away what it could not write, and says so
    /// only once: none up to here is trusted by a later sync that succeeds, but only a base that takes their place.
    mistrusted: Cell<Option<u64>>,
    /// Held while the disk is at it: a second sync could else call synced what is in a file that only
    /// the first has in hand.
    syncing: Mutex<()>,
    /// There is something to sync.
    pub wake: Notify,
}

struct Writing {
    manifest: Manifest,
    /// The last increment, to which everything is appended.
    file: Arc<File>,
    /// Of `file`: its length without what a failed write may have left.
    file_bytes: u64,
    lines: aof::Writer,
    /// Recorded, and not handed to the system yet.
    pending: Vec<u8>,
    recorded: u64,
    /// A failed write may have left something behind `file_bytes`.
    is_torn: bool,
    /// Increments before the last one, which are not on the disk yet, by their numbers.
    unsynced: Vec<(u64, Arc<File>)>,
    base_bytes: u64,
    /// Of the increments before the last one.
    earlier_bytes: u64,
}

impl Journal {
    /// Starts a journal with what the store holds now.
    pub fn create(folder: PathBuf, state: &State) -> io::Result<Journal> {
        fs::create_dir_all(&folder)?;
        sync_folder(&folder)?;
        let mut manifest = Manifest::default();
        let base = manifest.next_base();
        write_whole(
            &folder.join(&base.name),
            &export(state, now_ms(), Target::Redis70),
        )?;
        manifest.base = Some(base);
        Journal::open(folder, manifest)
    }

    /// Goes on with a journal whose files were loaded.
    pub fn open(folder: PathBuf, mut manifest: Manifest) -> io::Result<Journal> {
        if manifest.increments.is_empty() {
            let increment = manifest.next_increment();
            create_increment(&folder, &increment)?;
            manifest.increments.push(increment);
            write_whole(&folder.join(MANIFEST), manifest.write().as_bytes())?;
        }
        let sizes = Sizes::of(&folder, &manifest)?;
        let last = manifest.increments.last().expect("there is one by now");
        let file = OpenOptions::new()
            .append(true)
            .open(folder.join(&last.name))?;
        Ok(Journal {
            writing: RefCell::new(Writing {
                manifest,
                file: Arc::new(file),
                file_bytes: sizes.last,
                lines: aof::Writer::default(),
                pending: Vec::new(),
                recorded: 0,
                is_torn: false,
                unsynced: Vec::new(),
                base_bytes: sizes.base,
                earlier_bytes: sizes.earlier,
            }),
            folder,
            synced: Cell::new(0),
            mistrusted: Cell::new(None),
            syncing: Mutex::new(()),
            wake: Notify::new(),
        })
    }

    /// Takes a step in. It is written when the batch of calls is over.
    pub fn record(&self, step: Taken) {
        let writing = &mut *self.writing.borrow_mut();
        let before = writing.pending.len();
        writing.lines.step(step, &mut writing.pending);
        writing.recorded += (writing.pending.len() - before) as u64;
    }

    /// The position behind everything that was recorded.
    pub fn recorded(&self) -> u64 {
        self.writing.borrow().recorded
    }

    pub fn synced(&self) -> u64 {
        self.synced.get()
    }

    /// Hands everything that was recorded to the system, which keeps it if this process dies.
    ///
    /// # Errors
    /// Those of the disk. What is not written is kept for the next time.
    pub fn write(&self) -> io::Result<()> {
        let mut writing = self.writing.borrow_mut();
        if writing.pending.is_empty() {
            return Ok(());
        }
        writing.write()?;
        self.wake.notify_one();
        Ok(())
    }

    /// Makes what was written survive a crash of the machine; answers whether there was anything.
    ///
    /// # Errors
    /// Those of the disk; after one of them also each time until the journal was written anew.
    pub async fn sync(&self) -> io::Result<bool> {
        let _alone = self.syncing.lock().await;
        if self.is_mistrusted() {
            return Err(io::Error::other(
                "a sync of the journal has failed, so what it holds may not be on the disk until BGREWRITEAOF has \
                 written it anew",
            ));
        }
        self.sync_alone().await
    }

    /// As `sync`, but waits where another sync has failed, until the journal was written anew.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn sync_when_trusted(&self) -> io::Result<bool> {
        loop {
            {
                let _alone = self.syncing.lock().await;
                if !self.is_mistrusted() {
                    return self.sync_alone().await;
                }
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn sync_alone(&self) -> io::Result<bool> {
        let (position, last, mut files) = {
            let writing = self.writing.borrow();
            (writing.written(), writing.last(), writing.unsynced.clone())
        };
        if position == self.synced.get() {
            return Ok(false);
        }
        files.push((last, Arc::clone(&self.writing.borrow().file)));
        let synced = on_disk(move || files.iter().try_for_each(|(_, file)| file.sync_data())).await;
        if synced.is_err() {
            self.mistrusted.set(Some(last));
        }
        synced?;
        // Not before: where nobody waits any more, they are still to be synced.
        let mut writing = self.writing.borrow_mut();
        writing.unsynced.retain(|(number, _)| *number >= last);
        self.synced.set(position);
        Ok(true)
    }

    /// Whether it names a file that may not be on the disk, whatever a sync says.
    pub fn is_mistrusted(&self) -> bool {
        let writing = self.writing.borrow();
        let first = writing.manifest.increments.first();
        self.mistrusted
            .get()
            .is_some_and(|last| first.is_some_and(|first| first.seq <= last))
    }

    /// All files together.
    pub fn size_bytes(&self) -> u64 {
        let writing = self.writing.borrow();
        writing.base_bytes + writing.earlier_bytes + writing.file_bytes
    }

    pub fn base_bytes(&self) -> u64 {
        self.writing.borrow().base_bytes
    }

    /// Begins a new increment, for what is done from now on, and names the base that could replace
    /// all files before it.
    pub fn begin_rewrite(&self) -> io::Result<Rewrite> {
        let mut writing = self.writing.borrow_mut();
        writing.write()?;
        let increment = writing.manifest.next_increment();
        let file = create_increment(&self.folder, &increment)?;
        let mut manifest = writing.manifest.clone();
        manifest.increments.push(increment.clone());
        write_whole(&self.folder.join(MANIFEST), manifest.write().as_bytes())?;
        let old = std::mem::replace(&mut writing.file, Arc::new(file));
        let number = writing.last();
        writing.unsynced.push((number, old));
        writing.earlier_bytes += std::mem::take(&mut writing.file_bytes);
        writing.lines = aof::Writer::default();
        writing.manifest = manifest;
        let base = writing.manifest.next_base();
        Ok(Rewrite {
            path: self.folder.join(&base.name),
            base,
            first_increment: increment.seq,
        })
    }

    /// Puts a base, once it is written, in the place of the files before it.
    pub fn end_rewrite(&self, rewrite: Rewrite, base_bytes: u64) -> io::Result<()> {
        let mut writing = self.writing.borrow_mut();
        let (newer, older) = writing
            .manifest
            .increments
            .iter()
            .cloned()
            .partition(|part: &Part| part.seq >= rewrite.first_increment);
        let manifest = Manifest {
            base: Some(rewrite.base),
            increments: newer,
        };
        write_whole(&self.folder.join(MANIFEST), manifest.write().as_bytes())?;
        let replaced = std::mem::replace(&mut writing.manifest, manifest);
        for part in replaced.base.iter().chain(&older) {
            // A file that stays is named by no manifest, and does no harm.
            let _ = fs::remove_file(self.folder.join(&part.name));
        }
        writing
            .unsynced
            .retain(|(number, _)| *number >= rewrite.first_increment);
        writing.base_bytes = base_bytes;
        writing.earlier_bytes = Sizes::of(&self.folder, &writing.manifest)?.earlier;
        Ok(())
    }
}

/// A journal that is being written anew.
pub struct Rewrite {
    /// Where the base belongs.
    pub path: PathBuf,
    base: Part,
    /// The increment that follows the base.
    first_increment: u64,
}

impl Writing {
    fn write(&mut self) -> io::Result<()> {
        if self.is_torn {
            self.file.set_len(self.file_bytes)?;
            self.is_torn = false;
        }
        if let Err(error) = (&*self.file).write_all(&self.pending) {
            // A part may have been written, and would be there twice after the next attempt.
            self.is_torn = self.file.set_len(self.file_bytes).is_err();
            return Err(error);
        }
        self.file_bytes += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }

    /// The number of the last increment.
    fn last(&self) -> u64 {
        let last = self.manifest.increments.last();
        last.expect("there is one from the start").seq
    }

    fn written(&self) -> u64 {
        self.recorded - self.pending.len() as u64
    }
}

fn create_increment(folder: &Path, part: &Part) -> io::Result<File> {
    let path = folder.join(&part.name);
    // One of a rewrite that failed is named by no manifest.
    let file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .open(&path)?;
    sync_folder(&path)?;
    drop(file);
    OpenOptions::new().append(true).open(path)
}

/// How large the files of a manifest are, in bytes.
struct Sizes {
    base: u64,
    earlier: u64,
    last: u64,
}

impl Sizes {
    fn of(folder: &Path, manifest: &Manifest) -> io::Result<Sizes> {
        let size = |part: &Part| fs::metadata(folder.join(&part.name)).map(|file| file.len());
        let increments: Vec<u64> = manifest
            .increments
            .iter()
            .map(size)
            .collect::<io::Result<_>>()?;
        let last = increments.last().copied().unwrap_or(0);
        Ok(Sizes {
            base: manifest.base.as_ref().map_or(Ok(0), size)?,
            earlier: increments.iter().sum::<u64>() - last,
            last,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;
    use crate::{Config, Engine};

    fn set_a_key(engine: &mut Engine, journal: &Journal) {
        let client = engine.connect(0);
        engine.call(0, client, &[b"SET", b"key", b"value"]);
        engine.drain_steps(|step| journal.record(step));
        journal.write().expect("the folder is there");
    }

    /// The second had nothing but the new file in hand, and said that all was on the disk while the
    /// first was still at the old one.
    #[tokio::test]
    async fn a_sync_that_comes_during_another_waits_for_its_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut engine = Engine::new(Config::default(), 0, 1);
        let journal = Journal::create(folder.path().join("journal"), engine.state()).expect("new");
        set_a_key(&mut engine, &journal);
        journal.begin_rewrite().expect("a second increment");
        set_a_key(&mut engine, &journal);
        let (first, second) = tokio::join!(journal.sync(), journal.sync());
        assert!(first.expect("synced"));
        assert!(!second.expect("synced"), "nothing was left to sync");
        assert_eq!(journal.synced(), journal.recorded());
        assert!(!journal.sync().await.expect("synced"));
    }

    /// The system drops what it could not write and calls the next sync a success, which was taken at its word: SHUTDOWN said
    /// then that all was kept.
    #[tokio::test]
    async fn after_a_failed_sync_none_is_trusted_until_the_journal_was_written_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut engine = Engine::new(Config::default(), 0, 1);
        let journal = Journal::create(folder.path().join("journal"), engine.state()).expect("new");
        set_a_key(&mut engine, &journal);
        // No device can be synced that is no disk.
        let null = OpenOptions::new()
            .write(true)
            .open("/dev/null")
            .expect("there");
        let file = std::mem::replace(&mut journal.writing.borrow_mut().file, Arc::new(null));
        journal.sync().await.expect_err("the disk fails");
        journal.writing.borrow_mut().file = file;
        for _ in 0..2 {
            set_a_key(&mut engine, &journal);
            journal.sync().await.expect_err("the disk has failed");
        }
        assert_eq!(journal.synced(), 0);
        let mut later = pin!(journal.sync_when_trusted());
        let waiting = tokio::time::timeout(2 * LOOK_AGAIN, &mut later).await;
        waiting.expect_err("it waits, and does not fail");

        let rewrite = journal.begin_rewrite().expect("a second increment");
        journal
            .sync()
            .await
            .expect_err("the first increment counts still");
        let base = export(engine.state(), 0, Target::Redis70);
        write_whole(&rewrite.path, &base).expect("a base");
        let base_bytes = base.len() as u64;
        journal.end_rewrite(rewrite, base_bytes).expect("its place");
        assert!(later.await.expect("synced"));
        assert_eq!(journal.synced(), journal.recorded());
        assert!(!journal.sync().await.expect("nothing is left"));
    }
}
