//! What the host does beside serving: the clock, the disk, and what clients ask of it.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Mutex, Notify};
use tracing::{error, info, warn};

use super::clock::now_ms;
use super::disk::{Journal, Snapshot, Written};
use super::host::Host;
use super::mailbox::Mailbox;
use super::settings::Fsync;
use crate::db::{KeptJournal, Keyspace, Request};
use crate::error::Error;
use crate::reply::Reply;

/// Longest time between two rounds of the clock: ten a second, as Redis's `hz` has it.
const ROUND_MS: u64 = 100;

/// A snapshot or a rewrite that failed is not tried again by itself for so long.
const RETRY_MS: i64 = 5_000;

/// Clients that do not read keep the server from ending for no longer than this.
const LAST_REPLIES: Duration = Duration::from_millis(200);

const IN_PROGRESS: Error = Error::Said("ERR Background save already in progress");
const REWRITING: Error =
    Error::Said("ERR Background append only file rewriting already in progress");
const NO_JOURNAL: Error = Error::Said("ERR there is no journal: the server has --appendonly no");
const NOT_ENDED: Error = Error::Said("ERR Errors trying to SHUTDOWN. Check logs.");

/// What is under way.
#[derive(Default)]
pub struct Jobs {
    /// The keys are walked over by one snapshot at a time.
    walk: Mutex<()>,
    /// When a snapshot or a rewrite failed last, or a journal had to be written anew.
    failed_at_ms: Cell<i64>,
    /// Everything is kept: the server ends.
    ended: Notify,
}

/// Lets time do its work until the server is told to end.
///
/// # Errors
/// Where it cannot be told by signals.
pub async fn run(host: &Rc<Host>) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    show_journal(host);
    let syncing = sync_journal(host);
    let mut syncing = std::pin::pin!(syncing);
    loop {
        let timeout_ms = host.next_timeout_ms().unwrap_or(ROUND_MS);
        let pause = Duration::from_millis(timeout_ms.min(ROUND_MS));
        tokio::select! {
            () = tokio::time::sleep(pause) => round(host),
            () = host.waits_changed.notified() => {}
            never = &mut syncing => match never {},
            _ = terminate.recv() => end_by_signal(host, "SIGTERM"),
            _ = interrupt.recv() => end_by_signal(host, "SIGINT"),
            () = host.jobs.ended.notified() => return Ok(()),
        }
    }
}

/// One round of the clock.
fn round(host: &Rc<Host>) {
    if host.is_stopped() {
        return;
    }
    host.tick();
    show_journal(host);
    let may_retry = now_ms() - host.jobs.failed_at_ms.get() >= RETRY_MS;
    if may_retry && is_save_due(host) {
        tokio::task::spawn_local(in_background(Rc::clone(host), Work::Save));
    }
    if may_retry && is_rewrite_due(host) {
        tokio::task::spawn_local(in_background(Rc::clone(host), Work::Rewrite));
    }
}

fn is_save_due(host: &Host) -> bool {
    let engine = host.engine.borrow();
    let (kept, seq) = (&engine.state().kept, engine.state().seq);
    let elapsed_s = u64::try_from((now_ms() - kept.saved_at_ms) / 1000).unwrap_or(0);
    let is_owed = host.trouble.borrow().snapshot.is_some();
    let is_met = host.settings.save.are_met(elapsed_s, seq - kept.saved_seq);
    !kept.is_saving && (is_owed || is_met)
}

fn is_rewrite_due(host: &Host) -> bool {
    let Some(journal) = &host.journal else {
        return false;
    };
    let is_rewriting = host.kept_journal(|kept| kept.is_rewriting);
    let (size, base) = (journal.size_bytes(), journal.base_bytes().max(1));
    let percentage = host.settings.rewrite_percentage;
    let grown_percent = (size - base.min(size)) * 100 / base;
    let is_large = percentage > 0
        && size >= host.settings.rewrite_min_bytes as u64
        && grown_percent >= percentage;
    !is_rewriting && (is_large || journal.is_mistrusted())
}

/// Tells INFO how the journal stands.
fn show_journal(host: &Host) {
    let Some(journal) = &host.journal else { return };
    let write_failed = host.trouble.borrow().journal.is_some();
    host.kept_journal(|kept| {
        kept.size_bytes = journal.size_bytes();
        kept.base_bytes = journal.base_bytes();
        kept.write_failed = write_failed;
    });
}

impl Host {
    fn kept_journal<R>(&self, change: impl FnOnce(&mut KeptJournal) -> R) -> R {
        let mut engine = self.engine.borrow_mut();
        let kept = &mut engine.state_mut().kept;
        change(kept.journal.get_or_insert_default())
    }
}

/// Makes the journal last as `--appendfsync` says.
///
/// After a failed fsync the system may have thrown away what it could not write, and says so only once. All of it is still in memory:
/// writes are refused, and replies that rest on it wait with `always`, until `round` has had the journal written anew.
async fn sync_journal(host: &Host) -> Infallible {
    let Some(journal) = &host.journal else {
        return std::future::pending().await;
    };
    loop {
        journal.wake.notified().await;
        match host.settings.appendfsync {
            Fsync::No => {}
            // While the disk works others go on, and the next round serves all of them.
            Fsync::Always => {
                while sync_once(host, journal).await {
                    host.wake_all();
                }
            }
            Fsync::EverySecond => {
                sync_once(host, journal).await;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// Whether more is on the disk than before. Where that fails, the host is in trouble before anything else is run.
async fn sync_once(host: &Host, journal: &Journal) -> bool {
    let synced = journal.sync().await;
    if synced.is_err() {
        host.settle();
    }
    synced.unwrap_or(false)
}

/// Carries out what only the host can do. The client waits for its answer.
pub fn serve(host: &Rc<Host>, mailbox: &Rc<Mailbox>, request: Request) {
    mailbox.set_served(true);
    let (host, mailbox) = (Rc::clone(host), Rc::clone(mailbox));
    tokio::task::spawn_local(async move {
        let answer = match request {
            Request::Save => work(&host, Work::Save).await.map(|()| Reply::OK),
            Request::SaveInBackground => start(&host, Work::Save).await,
            Request::RewriteJournal => start(&host, Work::Rewrite).await,
            Request::Shutdown { save } => match shut_down(&host, save).await {
                Ok(()) => return,
                Err(error) => Err(error),
            },
        };
        host.answer(&mailbox, &answer.unwrap_or_else(Reply::Error));
    });
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Save,
    Rewrite,
}

/// Starts a work, and answers at once: it has begun by then, so that what the client does next is not
/// in its snapshot. Only a rewrite that finds much to sync puts that first.
async fn start(host: &Rc<Host>, what: Work) -> Result<Reply, Error> {
    refuse_twice(host, what)?;
    let mut work = Box::pin(in_background(Rc::clone(host), what));
    if poll_fn(|task| Poll::Ready(work.as_mut().poll(task).is_pending())).await {
        tokio::task::spawn_local(work);
    }
    Ok(Reply::Simple(match what {
        Work::Save => "Background saving started",
        Work::Rewrite => "Background append only file rewriting started",
    }))
}

async fn in_background(host: Rc<Host>, what: Work) {
    // It is in the log, and INFO tells that it failed.
    let _ = work(&host, what).await;
}

fn refuse_twice(host: &Host, what: Work) -> Result<(), Error> {
    match what {
        Work::Save if host.engine.borrow().state().kept.is_saving => Err(IN_PROGRESS),
        Work::Rewrite if host.journal.is_none() => Err(NO_JOURNAL),
        Work::Rewrite if host.kept_journal(|kept| kept.is_rewriting) => Err(REWRITING),
        _ => Ok(()),
    }
}

async fn work(host: &Host, what: Work) -> Result<(), Error> {
    refuse_twice(host, what)?;
    match (what, &host.journal) {
        (Work::Rewrite, Some(journal)) => rewrite(host, journal).await,
        _ => save(host).await,
    }
}

/// Writes `dump.rdb`.
async fn save(host: &Host) -> Result<(), Error> {
    host.engine.borrow_mut().state_mut().kept.is_saving = true;
    let _turn = host.jobs.walk.lock().await;
    let started_ms = now_ms();
    let written = write_snapshot(host).await;
    let failure = written.as_ref().err().map(io::Error::to_string);
    let mut engine = host.engine.borrow_mut();
    let kept = &mut engine.state_mut().kept;
    kept.is_saving = false;
    kept.save_failed = failure.is_some();
    match written {
        Ok(Written { base_seq, bytes }) => {
            kept.saved_seq = base_seq;
            kept.saved_at_ms = now_ms();
            let took_ms = now_ms() - started_ms;
            info!("snapshot written: {bytes} bytes in {took_ms} ms");
        }
        Err(error) => {
            host.jobs.failed_at_ms.set(now_ms());
            error!("the snapshot cannot be written: {error}");
        }
    }
    // Who wants snapshots is not to find out only after a crash that there is none.
    let is_wanted = !host.settings.save.is_empty();
    host.trouble.borrow_mut().snapshot = failure.clone().filter(|_| is_wanted);
    match failure {
        None => Ok(()),
        Some(reason) => Err(Error::SaidOf(format!("ERR {reason}"))),
    }
}

async fn write_snapshot(host: &Host) -> io::Result<Written> {
    let snapshot = Snapshot::begin(host.engine.borrow_mut().state_mut());
    snapshot.write(host, host.settings.dump_path()).await
}

/// Writes the journal anew: a base of what it amounts to, and what is done meanwhile behind it.
async fn rewrite(host: &Host, journal: &Journal) -> Result<(), Error> {
    host.kept_journal(|kept| kept.is_rewriting = true);
    let _turn = host.jobs.walk.lock().await;
    let heals = journal.is_mistrusted();
    let written = write_base(host, journal).await;
    if heals || written.is_err() {
        // Where it fails again at once, that is no better than one that was not written.
        host.jobs.failed_at_ms.set(now_ms());
    }
    // It is trusted again, or no more.
    host.settle();
    host.kept_journal(|kept| {
        kept.is_rewriting = false;
        kept.rewrite_failed = written.is_err();
    });
    show_journal(host);
    match written {
        Ok(bytes) => {
            info!("journal written anew: its base has {bytes} bytes");
            Ok(())
        }
        Err(error) => {
            error!("the journal cannot be written anew, and goes on as it is: {error}");
            Err(Error::SaidOf(format!("ERR {error}")))
        }
    }
}

async fn write_base(host: &Host, journal: &Journal) -> io::Result<u64> {
    // Both at one moment: when the first returns, nothing else runs before the second.
    let rewrite = journal.begin_rewrite().await?;
    let snapshot = Snapshot::begin(host.engine.borrow_mut().state_mut());
    let written = snapshot.write(host, rewrite.path.clone()).await;
    journal.end_rewrite(rewrite, written.map(|Written { bytes, .. }| bytes))
}

fn end_by_signal(host: &Rc<Host>, name: &'static str) {
    if host.is_stopped() {
        warn!("{name} again: ending without waiting for the disk");
        host.jobs.ended.notify_one();
        return;
    }
    info!("{name}: ending");
    let host = Rc::clone(host);
    tokio::task::spawn_local(async move {
        if shut_down(&host, None).await.is_err() {
            error!("still running, since ending would lose what cannot be written");
        }
    });
}

/// Ends the server when everything is kept that is to be kept. From the first line on nothing is
/// acknowledged that the last snapshot would not hold.
async fn shut_down(host: &Host, wanted: Option<bool>) -> Result<(), Error> {
    host.set_stopped(true);
    let kept = keep_everything(host, wanted).await;
    match kept {
        Ok(()) => {
            send_last_replies(host).await;
            info!("what is to be kept is kept, bye");
            host.jobs.ended.notify_one();
            Ok(())
        }
        Err(error) => {
            error!("cannot end: {error}");
            // A failed sync has writes refused, before anyone can go on.
            host.settle();
            host.set_stopped(false);
            Err(NOT_ENDED)
        }
    }
}

/// Lets the replies leave that waited for the disk.
async fn send_last_replies(host: &Host) {
    let deadline = Instant::now() + LAST_REPLIES;
    host.wake_all();
    while host.has_unsent() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn keep_everything(host: &Host, wanted: Option<bool>) -> io::Result<()> {
    if wanted.unwrap_or(!host.settings.save.is_empty()) {
        let _turn = host.jobs.walk.lock().await;
        match write_snapshot(host).await {
            Err(error) if wanted.is_none() && would_lose_nothing(host) => {
                warn!("no snapshot is written, and nothing is lost by that: {error}");
            }
            written => {
                written.map_err(|error| {
                    let told = format!("{error}; SHUTDOWN NOSAVE ends without the snapshot");
                    io::Error::new(error.kind(), told)
                })?;
            }
        }
    }
    if let Some(journal) = &host.journal {
        journal.write()?;
        journal.sync().await?;
    }
    Ok(())
}

/// Whether what a start would find is what is there: as it was kept last, or nothing.
fn would_lose_nothing(host: &Host) -> bool {
    let engine = host.engine.borrow();
    let state = engine.state();
    let is_found = || host.journal.is_some() || host.settings.dump_path().exists();
    let is_empty = || state.databases.iter().all(Keyspace::is_empty);
    state.seq == state.kept.saved_seq && (is_found() || is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{Policy, Resp};
    use crate::server::host::{Next, Peer};
    use crate::server::settings::Settings;
    use crate::server::{SavePoints, Verbosity};

    fn host_in(folder: &std::path::Path, appendfsync: Fsync) -> Rc<Host> {
        let settings = Settings {
            port: 0,
            bind: Vec::new(),
            http_port: 0,
            site: None,
            allowed_origins: Vec::new(),
            dir: folder.to_owned(),
            dbfilename: "dump.rdb".to_owned(),
            save: SavePoints::default(),
            appendonly: true,
            appendfsync,
            rewrite_percentage: 0,
            rewrite_min_bytes: 0,
            requirepass: String::new(),
            maxmemory: 0,
            policy: Policy::ALL[0],
            maxclients: 10,
            databases: 16,
            verbosity: Verbosity::Warning,
        };
        Rc::new(Host::open(settings).expect("an empty folder"))
    }

    fn connect(host: &Host) -> Rc<Mailbox> {
        let address = ([127, 0, 0, 1], 1).into();
        let peer = Peer {
            address,
            local_address: address,
            resp: Resp::Two,
        };
        host.connect(peer).expect("the first client")
    }

    /// What leaves for a client of a request by itself.
    fn say(host: &Host, mailbox: &Mailbox, argv: &[&[u8]]) -> String {
        host.begin_batch();
        assert_eq!(host.call(mailbox, argv), Next::Go);
        host.settle();
        show_journal(host);
        sent(host, mailbox)
    }

    fn sent(host: &Host, mailbox: &Mailbox) -> String {
        String::from_utf8_lossy(&mailbox.take(host.synced())).into_owned()
    }

    async fn let_others_run(until: impl Fn() -> bool) {
        let waiting = async {
            while !until() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
        waited.expect("it comes, and long before");
    }

    fn has_failed(host: &Host) -> bool {
        host.trouble.borrow().journal.is_some()
    }

    fn journal(host: &Host) -> &Journal {
        host.journal.as_ref().expect("there is one")
    }

    /// Its own sync ended the server, and so lost what was in memory; after a failed SHUTDOWN it ended in the middle of the rewrite
    /// that was to keep all of it. And nothing told of it where the server syncs nothing by itself.
    #[tokio::test]
    async fn after_a_failed_sync_writes_are_refused_until_the_journal_was_written_anew() {
        for appendfsync in [Fsync::No, Fsync::EverySecond] {
            let folder = tempfile::tempdir().expect("a folder");
            let host = host_in(folder.path(), appendfsync);
            let client = connect(&host);
            assert_eq!(say(&host, &client, &[b"SET", b"k", b"v"]), "+OK\r\n");
            journal(&host).break_disk();
            shut_down(&host, None).await.expect_err("the disk fails");
            assert!(!host.is_stopped());
            let refusal = say(&host, &client, &[b"SET", b"k", b"w"]);
            assert!(
                refusal.starts_with("-MISCONF Errors writing to the AOF file: a sync of"),
                "{refusal}"
            );
            assert_eq!(say(&host, &client, &[b"GET", b"k"]), "$1\r\nv\r\n");
            let info = say(&host, &client, &[b"INFO", b"persistence"]);
            assert!(info.contains("aof_last_write_status:err"), "{info}");
            shut_down(&host, None).await.expect_err("it has failed");

            let local = tokio::task::LocalSet::new();
            let healed = local.run_until(async {
                let serving = Rc::clone(&host);
                let serving = tokio::task::spawn_local(async move { run(&serving).await });
                let_others_run(|| !has_failed(&host)).await;
                assert_eq!(say(&host, &client, &[b"SET", b"k", b"w"]), "+OK\r\n");
                shut_down(&host, None).await.expect("all is kept");
                serving.await.expect("no panic").expect("no error");
            });
            healed.await;
            let host = host_in(folder.path(), appendfsync);
            assert_eq!(say(&host, &connect(&host), &[b"GET", b"k"]), "$1\r\nw\r\n");
        }
    }

    /// The next one was acknowledged, and then not written.
    #[tokio::test]
    async fn after_a_failed_sync_not_even_the_next_write_is_taken() {
        let folder = tempfile::tempdir().expect("a folder");
        let host = host_in(folder.path(), Fsync::EverySecond);
        let client = connect(&host);
        assert_eq!(say(&host, &client, &[b"SET", b"k", b"v"]), "+OK\r\n");
        journal(&host).break_disk();
        assert!(!sync_once(&host, journal(&host)).await);
        let refusal = say(&host, &client, &[b"SET", b"k", b"w"]);
        assert!(refusal.starts_with("-MISCONF"), "{refusal}");
    }

    /// What is acknowledged is on the disk, whichever sync failed before.
    #[tokio::test]
    async fn a_reply_waits_for_the_journal_that_is_written_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let host = host_in(folder.path(), Fsync::Always);
        let client = connect(&host);
        // Where the base is written before it takes its place.
        let in_the_way = folder
            .path()
            .join("appendonlydir/appendonly.aof.2.base.rdb.unfinished");
        std::fs::create_dir(&in_the_way).expect("a folder");
        journal(&host).break_disk();
        let local = tokio::task::LocalSet::new();
        let healed = local.run_until(async {
            let serving = Rc::clone(&host);
            tokio::task::spawn_local(async move { run(&serving).await });
            assert_eq!(say(&host, &client, &[b"SET", b"k", b"v"]), "");
            let_others_run(|| host.jobs.failed_at_ms.get() > 0).await;
            assert!(has_failed(&host));
            assert_eq!(sent(&host, &client), "");
            std::fs::remove_dir(&in_the_way).expect("it is there");
            rewrite(&host, journal(&host)).await.expect("written anew");
            assert!(!has_failed(&host));
            let_others_run(|| journal(&host).synced() > 0).await;
            assert_eq!(sent(&host, &client), "+OK\r\n");
        });
        healed.await;
    }
}
