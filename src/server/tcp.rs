//! RESP over TCP.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tracing::{debug, info, warn};

use super::Failure;
use super::host::{Host, Peer};
use super::mailbox::Mailbox;
use super::session::Session;
use super::settings::Settings;
use crate::db::Resp;
use crate::error::Error;
use crate::protocol::reply::write_error;

/// Read at a time, into a buffer that all connections share: an idle one holds no memory for it.
pub const READ_BYTES: usize = 64 * 1024;

/// Connections that the system keeps for us until we accept them, as Redis asks for.
const BACKLOG: u32 = 511;

/// A peer that is silent for so long is asked whether it is still there: one that vanished would hold
/// its place for ever. Redis's `tcp-keepalive`.
const KEEPALIVE: Duration = Duration::from_secs(300);

/// Where accepting fails (no file descriptors left), it would fail again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Takes the port on every address of `--bind`; 0 is none.
pub fn bind(settings: &Settings, port: u16) -> Result<Vec<TcpSocket>, Failure> {
    let mut sockets = Vec::new();
    for bind in settings.bind.iter().filter(|_| port != 0) {
        for address in &bind.addresses {
            let address = SocketAddr::new(*address, port);
            match bind_to(address) {
                Ok(socket) => sockets.push(socket),
                Err(error) if bind.is_optional && error.kind() != ErrorKind::AddrInUse => {
                    debug!("not listening on {address}: {error}");
                }
                Err(error) => {
                    return Err(Failure::of(format!("cannot listen on {address}"))(error));
                }
            }
        }
    }
    Ok(sockets)
}

fn bind_to(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A port that was left a moment ago may be taken again at once.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Opens the ports that were taken.
pub fn listen(sockets: Vec<TcpSocket>) -> Result<Vec<TcpListener>, Failure> {
    let listen = |socket: TcpSocket| {
        let address = socket
            .local_addr()
            .map_or_else(|_| String::new(), |at| format!(" on {at}"));
        let listening = socket.listen(BACKLOG);
        listening.map_err(Failure::of(format!("cannot listen{address}")))
    };
    sockets.into_iter().map(listen).collect()
}

/// Lets clients in, for as long as the server runs.
pub async fn accept(host: Rc<Host>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => {
                let host = Rc::clone(&host);
                tokio::task::spawn_local(async move {
                    match serve(&host, stream, address).await {
                        Ok(()) => debug!("{address} left"),
                        Err(error) => debug!("{address} is gone: {error}"),
                    }
                });
            }
            Err(error) => {
                warn!("cannot accept a connection: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(host: &Rc<Host>, stream: TcpStream, address: SocketAddr) -> io::Result<()> {
    // Replies are small, and somebody waits for each.
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE);
    SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    let peer = Peer {
        address,
        local_address: stream.local_addr()?,
        resp: Resp::Two,
    };
    match Session::open(host, peer) {
        Ok(session) => {
            debug!("{address} is client {}", session.mailbox.client);
            let mut connection = Connection {
                stream,
                sending: Vec::new(),
                sent: 0,
            };
            connection.carry(session, host).await
        }
        Err(refusal) => {
            info!("{address} is turned away: {refusal}");
            turn_away(&stream, &refusal)
        }
    }
}

/// Says why, as far as that goes without waiting.
fn turn_away(stream: &TcpStream, refusal: &Error) -> io::Result<()> {
    let mut reply = Vec::new();
    write_error(refusal, &mut reply);
    stream.try_write(&reply).map(|_| ())
}

struct Connection {
    stream: TcpStream,
    /// Taken out of the mailbox, and sent up to `sent`.
    sending: Vec<u8>,
    sent: usize,
}

impl Connection {
    /// Reads, runs and sends until either side ends it.
    async fn carry(&mut self, mut session: Session, host: &Host) -> io::Result<()> {
        let mailbox = Rc::clone(&session.mailbox);
        loop {
            self.send(host, &mailbox)?;
            let is_sent = self.is_sent();
            if mailbox.is_cut() || (mailbox.is_closing() && is_sent && mailbox.is_empty()) {
                return Ok(());
            }
            if session.is_resumable() {
                session.run();
                continue;
            }
            tokio::select! {
                biased;
                () = mailbox.woken() => session.run(),
                is_there = poll_fn(|task| self.poll(task, host, &mut session)) => {
                    if !is_there? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Waits until there is something to read, if the client may go on, or room to send; false where
    /// it has left.
    fn poll(
        &mut self,
        task: &mut Context,
        host: &Host,
        session: &mut Session,
    ) -> Poll<io::Result<bool>> {
        let may_read = !session.mailbox.is_full() && !session.mailbox.is_closing();
        if may_read && let Poll::Ready(read) = self.poll_read(task, host, session) {
            return Poll::Ready(read);
        }
        if self.is_sent() {
            return Poll::Pending;
        }
        self.stream.poll_write_ready(task).map_ok(|()| true)
    }

    /// Reads once, as soon as there is something, and runs what that completes; false where the client
    /// has left.
    ///
    /// A read that does not fill the buffer has emptied the socket. `poll_read` knows that and waits,
    /// where `try_read` would be asked again, in vain, before every wait.
    fn poll_read(
        &mut self,
        task: &mut Context,
        host: &Host,
        session: &mut Session,
    ) -> Poll<io::Result<bool>> {
        let mut buffer = host.read_buffer.borrow_mut();
        let mut buffer = ReadBuf::new(&mut buffer);
        ready!(Pin::new(&mut self.stream).poll_read(task, &mut buffer))?;
        let read = buffer.filled();
        if !read.is_empty() {
            session.receive(read);
        }
        Poll::Ready(Ok(!read.is_empty()))
    }

    /// Sends what the mailbox holds, as far as the system takes it now.
    fn send(&mut self, host: &Host, mailbox: &Mailbox) -> io::Result<()> {
        loop {
            if self.is_sent() {
                // At once, so that the replies to what is read next find its room.
                mailbox.give_back(std::mem::take(&mut self.sending));
                self.sent = 0;
                if mailbox.is_empty() {
                    return Ok(());
                }
                self.sending = mailbox.take(host.synced());
                if self.sending.is_empty() {
                    return Ok(());
                }
            }
            match self.stream.try_write(&self.sending[self.sent..]) {
                Ok(length) => self.sent += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    fn is_sent(&self) -> bool {
        self.sent == self.sending.len()
    }
}
