//! A real redis-server for one test, on a loopback port of its own: the oracle.
//!
//! ```text
//! let server = RedisServer::start();
//! let mut redis = server.connect();
//! assert_eq!(redis.say("INCR n"), "(integer) 1");
//! ```

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nookdb::protocol::{Answer, print, split_arguments, write_request};
use tempfile::TempDir;

use super::ports::free_port;

const MISSING: &str = "redis-server is not installed, and these tests compare with it. \
    `make setup` installs it; by hand: apt-get install redis-server";

/// A loaded machine may take seconds to start a process; only a broken one takes this long.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// An answer that takes longer is a hang.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// A running redis-server with a directory of its own. Both are gone when this is dropped.
pub struct RedisServer {
    child: Child,
    directory: TempDir,
    port: u16,
}

impl RedisServer {
    /// Empty, saving nothing by itself, with DEBUG allowed.
    pub fn start() -> RedisServer {
        RedisServer::start_with(&[])
    }

    /// As `start`, with further options: `&["--requirepass", "secret"]`.
    pub fn start_with(options: &[&str]) -> RedisServer {
        RedisServer::start_in(TempDir::new().expect("a temporary directory"), options)
    }

    /// On the contents of a dump.rdb.
    pub fn start_on_dump(dump: &[u8]) -> RedisServer {
        let directory = TempDir::new().expect("a temporary directory");
        fs::write(directory.path().join("dump.rdb"), dump).expect("the dump is written");
        RedisServer::start_in(directory, &[])
    }

    /// On whatever files a directory holds: dump.rdb, appendonlydir.
    ///
    /// Another process may take the free port before redis-server does; then another is tried.
    pub fn start_in(directory: TempDir, options: &[&str]) -> RedisServer {
        for _ in 0..5 {
            let port = free_port();
            let mut child = spawn(directory.path(), port, options);
            match wait_until_ready(&mut child, port) {
                Ok(()) => {
                    return RedisServer {
                        child,
                        directory,
                        port,
                    };
                }
                Err(Failure::Exited)
                    if log_of(directory.path()).contains("Address already in use") => {}
                Err(failure) => {
                    end(&mut child);
                    panic!(
                        "redis-server {failure:?}; its log:\n{}",
                        log_of(directory.path())
                    );
                }
            }
        }
        panic!("redis-server found no free port in five attempts");
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Where SAVE writes.
    pub fn dump_path(&self) -> PathBuf {
        self.directory().join("dump.rdb")
    }

    /// Has the server save, and hands over the file.
    pub fn dump(&self) -> Vec<u8> {
        assert_eq!(self.connect().say("SAVE"), "OK");
        fs::read(self.dump_path()).expect("the server wrote its dump")
    }

    pub fn connect(&self) -> RedisClient {
        RedisClient::connect(self.port)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

#[derive(Debug)]
enum Failure {
    Exited,
    TookTooLong,
}

fn spawn(directory: &Path, port: u16, options: &[&str]) -> Child {
    let spawned = Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--enable-debug-command", "local"])
        .args(["--dir", "."])
        .args(["--logfile", "redis.log"])
        .args(options)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match spawned {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => panic!("{MISSING}"),
        Err(error) => panic!("redis-server cannot be started: {error}"),
    }
}

/// Ready is when this very process answers INFO, which it does not while it loads. Whatever else is met
/// on the port, or a connection that is closed again, is not it yet.
fn wait_until_ready(child: &mut Child, port: u16) -> Result<(), Failure> {
    let deadline = Instant::now() + START_TIMEOUT;
    let own_line = format!("process_id:{}\r\n", child.id());
    while Instant::now() < deadline {
        if child.try_wait().expect("the state of a child").is_some() {
            return Err(Failure::Exited);
        }
        if let Ok(stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            let mut client = RedisClient::over(stream);
            let sent = client.try_send(b"INFO server persistence\r\n");
            match sent.then(|| client.try_receive()).flatten() {
                // It answers this one while it loads its files, and other commands not yet.
                Some(Answer::Bulk(info)) => {
                    let info = String::from_utf8_lossy(&info);
                    if info.contains(&own_line) && info.contains("\nloading:0\r\n") {
                        return Ok(());
                    }
                }
                // It wants a password first, so nothing more can be asked.
                Some(Answer::Error(text)) if text.starts_with(b"NOAUTH") => return Ok(()),
                _ => {}
            }
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(Failure::TookTooLong)
}

fn log_of(directory: &Path) -> String {
    fs::read_to_string(directory.join("redis.log")).unwrap_or_default()
}

fn end(child: &mut Child) {
    // Both fail only where the process has ended already.
    let _ = child.kill();
    let _ = child.wait();
}

/// A connection that speaks RESP: to the oracle, or to any other server on a loopback port.
pub struct RedisClient {
    stream: TcpStream,
    received: Vec<u8>,
}

impl RedisClient {
    pub fn connect(port: u16) -> RedisClient {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the server listens");
        RedisClient::over(stream)
    }

    fn over(stream: TcpStream) -> RedisClient {
        stream.set_nodelay(true).expect("TCP_NODELAY");
        stream
            .set_read_timeout(Some(ANSWER_TIMEOUT))
            .expect("a read timeout");
        RedisClient {
            stream,
            received: Vec::new(),
        }
    }

    /// Types a line as into redis-cli on a terminal, and answers what that would draw.
    pub fn say(&mut self, line: &str) -> String {
        let arguments = split_arguments(line.as_bytes()).expect("balanced quotes");
        print::draw_answer(&self.call(&arguments))
    }

    pub fn call<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> Answer {
        let mut request = Vec::new();
        write_request(arguments, &mut request);
        self.send(&request);
        self.receive()
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server reads");
    }

    /// As `send`, to a server that may be killed meanwhile; false where it was.
    pub fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// As `receive`, from a server that may be killed meanwhile: none then.
    pub fn try_receive(&mut self) -> Option<Answer> {
        loop {
            let read = Answer::read(&self.received).expect("the server speaks RESP");
            if let Some((answer, used)) = read {
                self.received.drain(..used);
                return Some(answer);
            }
            if self.read_more() == 0 {
                return None;
            }
        }
    }

    /// The next answer, or push message.
    pub fn receive(&mut self) -> Answer {
        loop {
            match Answer::read(&self.received).expect("the server speaks RESP") {
                Some((answer, used)) => {
                    self.received.drain(..used);
                    return answer;
                }
                None => assert!(self.read_more() > 0, "the server closed the connection"),
            }
        }
    }

    /// Everything until the server closes the connection.
    pub fn receive_to_end(&mut self) -> Vec<u8> {
        while self.read_more() > 0 {}
        std::mem::take(&mut self.received)
    }

    fn read_more(&mut self) -> usize {
        let mut piece = [0; 64 * 1024];
        let length = loop {
            match self.stream.read(&mut piece) {
                Ok(length) => break length,
                // Of a socket with a timeout, a read that a signal breaks off is not begun again by the system.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // A server that closes while we still send.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => break 0,
                Err(error) => panic!("no answer within {ANSWER_TIMEOUT:?}: {error}"),
            }
        };
        self.received.extend_from_slice(&piece[..length]);
        length
    }
}
