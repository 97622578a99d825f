//! A running nookdb-server, on loopback ports of its own.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::ports::free_port;
use crate::support::redis::RedisClient;

/// A loaded machine may take seconds to start or end a process; only a broken one takes this long.
const PATIENCE: Duration = Duration::from_secs(30);

const PROGRAM: &str = env!("CARGO_BIN_EXE_nookdb-server");

/// The server with a directory of its own. It is killed when this is dropped.
pub struct NookServer {
    child: Child,
    directory: TempDir,
    pub port: u16,
    pub http_port: u16,
}

impl NookServer {
    /// Empty, and saving nothing.
    pub fn start() -> NookServer {
        NookServer::start_with(&["--save", ""])
    }

    pub fn start_with(options: &[&str]) -> NookServer {
        NookServer::start_in(new_directory(), options)
    }

    /// On whatever files a directory holds: dump.rdb, appendonlydir.
    ///
    /// # Panics
    /// Where the server does not come up; its log is shown.
    pub fn start_in(directory: TempDir, options: &[&str]) -> NookServer {
        started(NookServer::try_start_in(directory, options))
    }

    /// Where no file becomes larger than 64 KiB, or 128, as the shell counts: a write beyond fails.
    pub fn start_with_short_files(options: &[&str]) -> NookServer {
        let in_shell = || {
            let mut shell = Command::new("sh");
            shell.args([
                "-c",
                "trap '' XFSZ; ulimit -f 128; exec \"$0\" \"$@\"",
                PROGRAM,
            ]);
            shell
        };
        started(NookServer::try_start_as(in_shell, new_directory(), options))
    }

    /// Over a library that stands between it and its disk, told what to do by a folder.
    pub fn start_over(
        library: &Path,
        faults: &Path,
        directory: TempDir,
        options: &[&str],
    ) -> NookServer {
        let preloaded = || {
            let mut program = Command::new(PROGRAM);
            program.env("LD_PRELOAD", library).env("FAULTS", faults);
            program
        };
        started(NookServer::try_start_as(preloaded, directory, options))
    }

    /// As `start_in`, where the server may refuse to start: its log then.
    pub fn try_start_in(directory: TempDir, options: &[&str]) -> Result<NookServer, String> {
        NookServer::try_start_as(|| Command::new(PROGRAM), directory, options)
    }

    /// Another process may take a free port before the server does; then others are tried.
    fn try_start_as(
        program: impl Fn() -> Command,
        directory: TempDir,
        options: &[&str],
    ) -> Result<NookServer, String> {
        for _ in 0..5 {
            let (port, http_port) = (free_port(), free_port());
            let mut child = spawn(program(), directory.path(), port, http_port, options);
            match wait_until_listening(&mut child, [port, http_port]) {
                Ok(()) => {
                    return Ok(NookServer {
                        child,
                        directory,
                        port,
                        http_port,
                    });
                }
                Err(_) if log_of(directory.path()).contains("in use") => {}
                Err(status) => {
                    return Err(format!("{status}\n{}", log_of(directory.path())));
                }
            }
        }
        panic!("no free ports in five attempts");
    }

    pub fn connect(&self) -> RedisClient {
        RedisClient::connect(self.port)
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> String {
        log_of(self.directory.path())
    }

    /// Waits until the server has ended by itself, and hands over its files.
    pub fn wait(mut self) -> (ExitStatus, TempDir) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("the state of a child") {
                return (status, self.leave());
            }
            assert!(Instant::now() < deadline, "still running:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Asks it to end, as an init system does.
    pub fn terminate(self) -> (ExitStatus, TempDir) {
        self.send_sigterm();
        self.wait()
    }

    pub fn send_sigterm(&self) {
        let pid = self.process_id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(sent.expect("kill").success());
    }

    /// Ends it at once, with SIGKILL.
    pub fn kill(mut self) -> TempDir {
        self.child.kill().expect("the server runs");
        self.child.wait().expect("it was killed");
        self.leave()
    }

    fn leave(&mut self) -> TempDir {
        std::mem::replace(&mut self.directory, new_directory())
    }
}

/// # Panics
/// Where it did not start; its log is shown.
fn started(server: Result<NookServer, String>) -> NookServer {
    server.unwrap_or_else(|log| panic!("nookdb-server did not start:\n{log}"))
}

impl Drop for NookServer {
    fn drop(&mut self) {
        // Both fail only where the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks until it is so.
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "still not so: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn new_directory() -> TempDir {
    TempDir::new().expect("a temporary directory")
}

fn spawn(
    mut program: Command,
    directory: &Path,
    port: u16,
    http_port: u16,
    options: &[&str],
) -> Child {
    let log = File::create(directory.join("nookdb.log")).expect("a log");
    program
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--http-port", &http_port.to_string()])
        .args(["--dir", ".", "--loglevel", "verbose"])
        .args(options)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("nookdb-server was built with these tests")
}

/// The server listens when its files are loaded, on one port after the other. Fails where it ends instead.
fn wait_until_listening(child: &mut Child, ports: [u16; 2]) -> Result<(), ExitStatus> {
    let listens = |&port: &u16| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().expect("the state of a child") {
            return Err(status);
        }
        if ports.iter().all(listens) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("nookdb-server took too long to start");
}

fn log_of(directory: &Path) -> String {
    fs::read_to_string(directory.join("nookdb.log")).unwrap_or_default()
}
