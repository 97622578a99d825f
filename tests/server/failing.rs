//! What is kept, and what is answered, where the disk fails: the real server over faults.c.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use nookdb::protocol::print::draw_answer;
use tempfile::TempDir;

use crate::keeping::{JOURNAL, JOURNAL_ALWAYS};
use crate::nook::{NookServer, new_directory, wait_for};
use crate::picture::{info, rewrite};
use crate::support::redis::RedisClient;

/// The library of faults.c.
static LIBRARY: LazyLock<PathBuf> = LazyLock::new(|| {
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server/faults.c");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status();
    assert!(compiled.expect("cc, which links Rust too").success());
    library
});

/// A server and the faults of its disk.
struct Failing {
    server: NookServer,
    faults: TempDir,
}

impl Failing {
    fn start(options: &[&str]) -> Failing {
        let faults = new_directory();
        let server = NookServer::start_over(&LIBRARY, faults.path(), new_directory(), options);
        Failing { server, faults }
    }

    fn fail(&self, what: &str) {
        fs::write(self.faults.path().join(what), "").expect("a file");
    }

    /// The sync behind the naming of files that so many precede.
    fn fail_naming(&self, before: u8) {
        fs::write(self.faults.path().join("manifest"), before.to_string()).expect("a file");
    }

    fn heal(&self, what: &str) {
        fs::remove_file(self.faults.path().join(what)).expect("it failed");
    }

    fn has_failed_naming(&self) -> bool {
        !self.faults.path().join("manifest").exists()
    }

    /// Kills it, as a crash would, and starts it again over a disk that works. Gives what was synced by then.
    fn start_again(self, options: &[&str]) -> (NookServer, String) {
        let directory = self.server.kill();
        let faults = new_directory();
        let server = NookServer::start_over(&LIBRARY, faults.path(), directory, options);
        let synced = fs::read_to_string(faults.path().join("synced"));
        (server, synced.unwrap_or_default())
    }
}

/// Of rewrites that failed.
fn assert_nothing_is_left(server: &NookServer) {
    let files = fs::read_dir(server.directory().join("appendonlydir")).expect("a folder");
    let names: Vec<_> = files
        .map(|file| file.expect("a file").file_name())
        .collect();
    assert_eq!(
        names.len(),
        3,
        "beside the base, the increment and the manifest: {names:?}"
    );
}

fn is_trusted(client: &mut RedisClient) -> bool {
    info(client, "aof_last_write_status") == "ok"
}

/// The new base was put in the place of one that the manifest on the disk named together with the steps that the new one held, and
/// these were applied twice.
#[test]
fn a_rewrite_that_fails_at_its_last_sync_has_no_step_applied_twice() {
    let failing = Failing::start(JOURNAL);
    let mut client = failing.server.connect();
    client.say("INCR n");
    failing.fail_naming(1);
    client.say("BGREWRITEAOF");
    client.say("INCR n");
    wait_for("the rewrite fails", || failing.has_failed_naming());
    failing.fail("folder");
    wait_for("nothing more is taken", || {
        client.say("INCR n").starts_with("(error) MISCONF")
    });
    let counted = client.say("GET n");
    // Until after the next try, which comes in five seconds by itself.
    let failed = |server: &NookServer| server.log().matches("cannot be written anew").count();
    wait_for("it is tried again", || failed(&failing.server) >= 2);
    let (server, _) = failing.start_again(JOURNAL);
    let mut client = server.connect();
    assert_eq!(client.say("GET n"), counted);
    rewrite(&mut client);
    assert_nothing_is_left(&server);
}

/// The new file was named on the disk while writes still went to the one before it: cut short by a crash of the machine, that one
/// kept the server from starting.
#[test]
fn a_rewrite_that_fails_at_its_first_sync_is_made_up_for() {
    let failing = Failing::start(JOURNAL);
    let mut client = failing.server.connect();
    client.say("SET a 1");
    failing.fail_naming(0);
    client.say("BGREWRITEAOF");
    wait_for("the rewrite fails", || failing.has_failed_naming());
    wait_for("nothing more is taken", || {
        client.say("SET b 2").starts_with("(error) MISCONF")
    });
    wait_for("the journal is written anew", || is_trusted(&mut client));
    assert_eq!(client.say("SET b 2"), "OK");
    let (server, _) = failing.start_again(JOURNAL);
    let mut client = server.connect();
    assert_eq!(client.say("MGET a b"), "1) \"1\"\n2) \"2\"");
    assert_nothing_is_left(&server);
}

/// Everybody waited, for whatever they had asked, and nobody could look what was wrong.
#[test]
fn where_nothing_can_be_synced_what_rests_on_no_key_is_answered() {
    let failing = Failing::start(JOURNAL_ALWAYS);
    let mut client = failing.server.connect();
    assert_eq!(client.say("SET a 1"), "OK");
    failing.fail("data");
    client.send(b"SET a 2\r\n");
    let mut other = failing.server.connect();
    wait_for("it is told", || !is_trusted(&mut other));
    assert_eq!(other.say("PING"), "PONG");
    assert!(other.say("SET a 3").starts_with("(error) MISCONF"));
    assert!(
        other
            .say("SHUTDOWN")
            .starts_with("(error) ERR Errors trying to SHUTDOWN")
    );
    // What it would read is not on the disk.
    other.send(b"GET a\r\n");
    thread::sleep(Duration::from_millis(200));
    failing.heal("data");
    assert_eq!(draw_answer(&other.receive()), "\"2\"");
    assert_eq!(draw_answer(&client.receive()), "OK");
    let (server, _) = failing.start_again(JOURNAL_ALWAYS);
    assert_eq!(server.connect().say("GET a"), "\"2\"");
}

/// Whoever wrote it was killed before it had synced it, and a later sync took it for done.
#[test]
fn what_was_loaded_is_synced_before_it_is_served() {
    let failing = Failing::start(JOURNAL);
    failing.fail("data");
    assert_eq!(failing.server.connect().say("SET a 1"), "OK");
    let (_server, synced) = failing.start_again(JOURNAL);
    assert!(synced.contains("appendonly.aof.1.incr.aof"), "{synced}");
}
