//! The journal: every step, at the end of a file, before its reply leaves.

use std::cell::{Cell, RefCell};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{Mutex, Notify};

use super::super::clock::now_ms;
use super::{MANIFEST, on_disk, put_whole_in_place, sync_folder, write_whole};
use crate::db::{State, Taken};
use crate::persist::aof::{self, Manifest, Part};
use crate::persist::rdb::Target;
use crate::persist::snapshot::export;

/// Positions in a journal count the bytes recorded since the server started, over all its files.
pub struct Journal {
    folder: PathBuf,
    writing: RefCell<Writing>,
    /// On the disk up to here.
    synced: Cell<u64>,
    /// How a sync failed, of an increment or of the folder that has the manifest. The system may have thrown away what it could not
    /// write, and says so only once: no later sync is trusted and nothing more is written, until a base takes the place of all files.
    mistrusted: RefCell<Option<String>>,
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

    /// Goes on with a journal whose files were loaded. Who wrote them may not have come to sync them.
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
        for part in &manifest.increments {
            File::open(folder.join(&part.name))?.sync_all()?;
        }
        sync_folder(&folder.join(MANIFEST))?;
        Ok(Journal {
            writing: RefCell::new(Writing {
                manifest,
                file: Arc::new(file),
                file_bytes: sizes.last,
                lines: aof::Writer::default(),
                pending: Vec::new(),
                recorded: 0,
                is_torn: false,
                base_bytes: sizes.base,
                earlier_bytes: sizes.earlier,
            }),
            folder,
            synced: Cell::new(0),
            mistrusted: RefCell::default(),
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
    /// Those of the disk, and until the journal is trusted again. What is not written is kept for the next time.
    pub fn write(&self) -> io::Result<()> {
        self.trusted()?;
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
        self.trusted()?;
        if self.is_synced() {
            return Ok(false);
        }
        let position = self.sync_last().await?;
        self.synced.set(position);
        Ok(true)
    }

    /// Has the disk take what was written, all of which is in the last increment or was synced before that began; answers up to
    /// where. One at a time: of two, the system tells but one that it failed.
    async fn sync_last(&self) -> io::Result<u64> {
        let (position, file) = {
            let writing = self.writing.borrow();
            (writing.written(), Arc::clone(&writing.file))
        };
        let synced = on_disk(move || file.sync_data()).await;
        self.mistrust_unless(synced)?;
        Ok(position)
    }

    fn mistrust_unless(&self, synced: io::Result<()>) -> io::Result<()> {
        synced.inspect_err(|error| *self.mistrusted.borrow_mut() = Some(error.to_string()))
    }

    fn trusted(&self) -> io::Result<()> {
        let Some(reason) = &*self.mistrusted.borrow() else {
            return Ok(());
        };
        Err(io::Error::other(format!(
            "a sync of the journal has failed ({reason}), so what it holds may not be on the disk until it is written anew"
        )))
    }

    fn is_synced(&self) -> bool {
        self.writing.borrow().written() == self.synced.get()
    }

    /// Whether a sync has failed, and no base has taken the place of what it had in hand.
    pub fn is_mistrusted(&self) -> bool {
        self.mistrusted.borrow().is_some()
    }

    /// All files together.
    pub fn size_bytes(&self) -> u64 {
        let writing = self.writing.borrow();
        writing.base_bytes + writing.earlier_bytes + writing.file_bytes
    }

    pub fn base_bytes(&self) -> u64 {
        self.writing.borrow().base_bytes
    }

    /// Names the base that could replace all files, or those before an increment that begins now. The base is to hold what the
    /// state is when this returns.
    ///
    /// # Errors
    /// Those of the disk. The journal goes on as it was.
    pub async fn begin_rewrite(&self) -> io::Result<Rewrite> {
        let _alone = self.syncing.lock().await;
        if !self.is_mistrusted() {
            let synced = if self.is_synced() {
                self.synced()
            } else {
                // Only `sync` says so to those who wait.
                self.sync_last().await?
            };
            self.write()?;
            self.begin_increment(synced)?;
        }
        let writing = &mut *self.writing.borrow_mut();
        writing.lines = aof::Writer::default();
        let base = writing.manifest.next_base();
        let first_increment = if self.is_mistrusted() {
            writing.manifest.next_increment().seq
        } else {
            writing.last()
        };
        Ok(Rewrite {
            path: self.folder.join(&base.name),
            base,
            first_increment,
            pending_bytes: writing.pending.len(),
        })
    }

    /// Goes on in a new file, unless the last one is empty. All before it is on the disk by then: a file that lacked its end
    /// could not be loaded with another one behind it.
    fn begin_increment(&self, synced: u64) -> io::Result<()> {
        let mut writing = self.writing.borrow_mut();
        // Nothing else runs meanwhile, for what came in the course of the last sync.
        if writing.written() > synced {
            self.mistrust_unless(writing.file.sync_data())?;
        }
        if writing.file_bytes == 0 {
            return Ok(());
        }
        let mut manifest = writing.manifest.clone();
        let file = self.add_increment(&mut manifest)?;
        self.name_files(&mut writing, manifest, Some(file))
    }

    fn add_increment(&self, manifest: &mut Manifest) -> io::Result<File> {
        let increment = manifest.next_increment();
        let file = create_increment(&self.folder, &increment)?;
        manifest.increments.push(increment);
        Ok(file)
    }

    /// Has a start find these files, the last of which is new if there is one. Where the disk fails behind that, a crash of the machine
    /// may bring back those of before: either will do, as nothing more is written to any of them.
    fn name_files(
        &self,
        writing: &mut Writing,
        manifest: Manifest,
        fresh: Option<File>,
    ) -> io::Result<()> {
        let path = self.folder.join(MANIFEST);
        let folder = put_whole_in_place(&path, manifest.write().as_bytes())?;
        writing.manifest = manifest;
        if let Some(file) = fresh {
            writing.go_on_in(file);
        }
        self.mistrust_unless(folder.sync_all())
    }

    /// Puts a base, whose bytes are given once it is written, in the place of the files before it. The journal is trusted again if these
    /// are all that there were when the rewrite began.
    ///
    /// # Errors
    /// That of the base, and those of the disk. No base is left behind that no start would find.
    pub fn end_rewrite(&self, rewrite: Rewrite, base_bytes: io::Result<u64>) -> io::Result<u64> {
        let ended = base_bytes.and_then(|bytes| self.replace(&rewrite, bytes).map(|()| bytes));
        if ended.is_err() && self.writing.borrow().manifest.base.as_ref() != Some(&rewrite.base) {
            let _ = fs::remove_file(rewrite.path);
        }
        ended
    }

    fn replace(&self, rewrite: &Rewrite, base_bytes: u64) -> io::Result<()> {
        let mut writing = self.writing.borrow_mut();
        let mut manifest = writing.manifest.clone();
        manifest.base = Some(rewrite.base.clone());
        let is_newer = |part: &Part| part.seq >= rewrite.first_increment;
        let replaces_all = !manifest.increments.iter().any(is_newer);
        let fresh = if replaces_all {
            Some(self.add_increment(&mut manifest)?)
        } else {
            None
        };
        manifest.increments.retain(is_newer);
        let replaced = writing.manifest.clone();
        self.name_files(&mut writing, manifest, fresh)?;
        if replaces_all {
            // Nothing was written meanwhile, and what was recorded before is in the base.
            writing.pending.drain(..rewrite.pending_bytes);
            *self.mistrusted.borrow_mut() = None;
            self.wake.notify_one();
        }
        let older = replaced.increments.iter().filter(|part| !is_newer(part));
        remove(
            &self.folder,
            &writing.manifest,
            replaced.base.iter().chain(older),
        );
        writing.base_bytes = base_bytes;
        writing.earlier_bytes = Sizes::of(&self.folder, &writing.manifest)?.earlier;
        Ok(())
    }

    /// Lets every sync fail from now on, as no device can be synced that is no disk.
    #[cfg(test)]
    pub fn break_disk(&self) {
        let null = OpenOptions::new().write(true).open("/dev/null");
        self.writing.borrow_mut().file = Arc::new(null.expect("there"));
    }
}

/// A journal that is being written anew.
pub struct Rewrite {
    /// Where the base belongs.
    pub path: PathBuf,
    base: Part,
    /// The increment that follows the base; of a journal that is mistrusted, one that is not there before the base is.
    first_increment: u64,
    /// Recorded before, and not written.
    pending_bytes: usize,
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

    fn go_on_in(&mut self, file: File) {
        self.file = Arc::new(file);
        self.earlier_bytes += std::mem::take(&mut self.file_bytes);
        self.is_torn = false;
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

/// Removes files that a manifest has replaced, and what was left of those before them. A file that stays does no harm.
fn remove<'a>(folder: &Path, manifest: &Manifest, replaced: impl Iterator<Item = &'a Part>) {
    for part in replaced {
        let _ = fs::remove_file(folder.join(&part.name));
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name
            .to_str()
            .is_some_and(|name| manifest.has_replaced(name))
        {
            let _ = fs::remove_file(entry.path());
        }
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
    // A disk that does not take this would take nothing that is written to it.
    file.sync_data()?;
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
    use super::*;
    use crate::{Config, Engine};

    fn set_a_key(engine: &mut Engine, journal: &Journal) {
        record_a_key(engine, journal);
        journal.write().expect("the folder is there");
    }

    fn record_a_key(engine: &mut Engine, journal: &Journal) {
        let client = engine.connect(0);
        engine.call(0, client, &[b"SET", b"key", b"value"]);
        engine.drain_steps(|step| journal.record(step));
    }

    fn base_of(engine: &Engine, rewrite: &Rewrite) -> u64 {
        let base = export(engine.state(), 0, Target::Redis70);
        write_whole(&rewrite.path, &base).expect("a base");
        base.len() as u64
    }

    /// As a crash would leave it to the next start.
    fn named(journal: &Journal) -> Manifest {
        let text = fs::read(journal.folder.join(MANIFEST)).expect("a manifest");
        Manifest::parse(&text).expect("a whole one")
    }

    /// The second had nothing but the new file in hand, and said that all was on the disk while the
    /// first was still at the old one.
    #[tokio::test]
    async fn a_sync_that_comes_during_another_waits_for_its_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut engine = Engine::new(Config::default(), 0, 1);
        let journal = Journal::create(folder.path().join("journal"), engine.state()).expect("new");
        set_a_key(&mut engine, &journal);
        journal.begin_rewrite().await.expect("a second increment");
        set_a_key(&mut engine, &journal);
        let (first, second) = tokio::join!(journal.sync(), journal.sync());
        assert!(first.expect("synced"));
        assert!(!second.expect("synced"), "nothing was left to sync");
        assert_eq!(journal.synced(), journal.recorded());
        assert!(!journal.sync().await.expect("synced"));
    }

    /// It named the new one first: after a crash of the machine, a file that lacked its end had another one behind it, on which no
    /// server starts, or which was replayed over the gap.
    #[tokio::test]
    async fn an_increment_begins_when_all_before_it_is_on_the_disk() {
        for is_synced_before in [false, true] {
            let folder = tempfile::tempdir().expect("a folder");
            let mut engine = Engine::new(Config::default(), 0, 1);
            let journal =
                Journal::create(folder.path().join("journal"), engine.state()).expect("new");
            set_a_key(&mut engine, &journal);
            if is_synced_before {
                journal.sync().await.expect("synced");
                record_a_key(&mut engine, &journal);
            }
            journal.break_disk();
            assert!(journal.begin_rewrite().await.is_err(), "the disk fails");
            assert_eq!(named(&journal).increments.len(), 1);
            assert!(journal.is_mistrusted());
        }
    }

    #[tokio::test]
    async fn rewrites_that_fail_leave_no_bases_and_no_empty_increments() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut engine = Engine::new(Config::default(), 0, 1);
        let journal = Journal::create(folder.path().join("journal"), engine.state()).expect("new");
        set_a_key(&mut engine, &journal);
        for _ in 0..3 {
            let rewrite = journal.begin_rewrite().await.expect("begun");
            base_of(&engine, &rewrite);
            let full = || io::Error::from(io::ErrorKind::StorageFull);
            let base = rewrite.path.clone();
            journal.end_rewrite(rewrite, Err(full())).expect_err("full");
            assert!(!base.exists());
        }
        assert_eq!(named(&journal).increments.len(), 2);
        set_a_key(&mut engine, &journal);
        let rewrite = journal.begin_rewrite().await.expect("begun");
        let base_bytes = base_of(&engine, &rewrite);
        journal
            .end_rewrite(rewrite, Ok(base_bytes))
            .expect("its place");
        assert_eq!(named(&journal).increments.len(), 1);
        assert_eq!(named(&journal).increments[0].seq, 3);
    }

    /// The system drops what it could not write and calls the next sync a success, which was taken at its word: SHUTDOWN said
    /// then that all was kept.
    #[tokio::test]
    async fn after_a_failed_sync_none_is_trusted_until_the_journal_was_written_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut engine = Engine::new(Config::default(), 0, 1);
        let journal = Journal::create(folder.path().join("journal"), engine.state()).expect("new");
        set_a_key(&mut engine, &journal);
        let file = Arc::clone(&journal.writing.borrow().file);
        journal.break_disk();
        journal.sync().await.expect_err("the disk fails");
        journal.writing.borrow_mut().file = file;
        let before = named(&journal);
        let mut record_in_vain = |key: &[u8]| {
            let client = engine.connect(0);
            engine.call(0, client, &[b"SET", key, b"value"]);
            engine.drain_steps(|step| journal.record(step));
            journal.write().expect_err("nothing more is written");
        };
        for key in [b"first".as_slice(), b"other"] {
            record_in_vain(key);
            journal.sync().await.expect_err("the disk has failed");
            // A rewrite that comes to nothing.
            journal.begin_rewrite().await.expect("begun");
            assert_eq!(named(&journal), before, "nothing is named before the base");
        }
        assert_eq!(journal.synced(), 0);

        let rewrite = journal.begin_rewrite().await.expect("begun");
        record_in_vain(b"behind");
        write_whole(&rewrite.path, &[]).expect("a base");
        journal.end_rewrite(rewrite, Ok(0)).expect("its place");
        journal.write().expect("trusted again");
        assert!(journal.sync().await.expect("synced"));
        assert_eq!(journal.synced(), journal.recorded());
        let after = named(&journal);
        assert_eq!(after.increments.len(), 1);
        let text = fs::read(journal.folder.join(&after.increments[0].name)).expect("there");
        let text = String::from_utf8(text).expect("text");
        assert!(text.contains("SELECT") && text.contains("behind"), "{text}");
        assert!(!text.contains("first") && !text.contains("other"), "{text}");
    }
}
