//! RESP3 over WebSocket, for pages.
//!
//! Binary messages carry the bytes that TCP would: requests may be cut anywhere between messages, and
//! a message of ours holds whole replies and pushes. RESP3 is spoken from the start, as by HELLO 3.

use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use axum::Error;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};
use tracing::{debug, info};

use super::host::{Host, Peer};
use super::mailbox::Mailbox;
use super::session::Session;

/// Larger requests are sent in several messages.
const MOST_MESSAGE_BYTES: usize = 16 * 1024 * 1024;

/// A client that says nothing is asked so often whether it is still there. Proxies end connections
/// that are silent for a minute.
const PING_EVERY: Duration = Duration::from_secs(25);

/// A client that takes in nothing for so long is gone.
const SEND_TIMEOUT: Duration = Duration::from_secs(60);

/// An upgrade with the bounds of this protocol.
pub fn bounded(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .max_message_size(MOST_MESSAGE_BYTES)
        .max_frame_size(MOST_MESSAGE_BYTES)
}

/// Carries a session until either side ends it.
pub async fn serve(host: &Rc<Host>, socket: WebSocket, peer: Peer) {
    let (mut sink, stream) = socket.split();
    let session = match Session::open(host, peer) {
        Ok(session) => session,
        Err(refusal) => {
            info!("{} is turned away: {refusal}", peer.address);
            let reason = refusal.to_string();
            return close(&mut sink, close_code::AGAIN, reason).await;
        }
    };
    debug!("{} is client {}", peer.address, session.mailbox.client);
    let mut pings = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let connection = Connection {
        sink,
        stream,
        pings,
        is_silent: false,
    };
    match connection.carry(host, session).await {
        Ok(()) => debug!("{} left", peer.address),
        Err(error) => debug!("{} is gone: {error}", peer.address),
    }
}

struct Connection {
    sink: SplitSink<WebSocket, Message>,
    stream: SplitStream<WebSocket>,
    pings: Interval,
    /// Nothing has come since the last ping.
    is_silent: bool,
}

impl Connection {
    async fn carry(mut self, host: &Host, mut session: Session) -> Result<(), Error> {
        let mailbox = Rc::clone(&session.mailbox);
        loop {
            session.run();
            self.send(host, &mailbox).await?;
            if mailbox.is_cut() {
                return Ok(());
            }
            if mailbox.is_closing() && mailbox.is_empty() {
                close(&mut self.sink, close_code::NORMAL, String::new()).await;
                return Ok(());
            }
            if session.is_resumable() {
                continue;
            }
            let may_read = !mailbox.is_full() && !mailbox.is_closing();
            tokio::select! {
                message = self.stream.next(), if may_read => {
                    let Some(message) = message else { return Ok(()) };
                    self.is_silent = false;
                    if !self.receive(message?, &mut session).await {
                        return Ok(());
                    }
                }
                () = mailbox.woken() => {}
                _ = self.pings.tick() => {
                    if std::mem::replace(&mut self.is_silent, true) {
                        return Ok(());
                    }
                    self.sink.send(Message::Ping(Default::default())).await?;
                }
            }
        }
    }

    /// Takes a message in; false where it ends the connection.
    async fn receive(&mut self, message: Message, session: &mut Session) -> bool {
        match message {
            Message::Binary(bytes) => session.receive(&bytes),
            Message::Text(_) => {
                let reason = "RESP is sent in binary messages".to_owned();
                close(&mut self.sink, close_code::UNSUPPORTED, reason).await;
                return false;
            }
            // The library has answered a ping already.
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Close(_) => return false,
        }
        true
    }

    /// Sends what the mailbox holds, unless the client is cut off meanwhile.
    async fn send(&mut self, host: &Host, mailbox: &Mailbox) -> Result<(), Error> {
        let bytes = mailbox.take(host.synced());
        if bytes.is_empty() {
            return Ok(());
        }
        let message = Message::Binary(bytes.into());
        let mut sending = pin!(timeout(SEND_TIMEOUT, self.sink.send(message)));
        loop {
            tokio::select! {
                sent = &mut sending => {
                    return sent.unwrap_or_else(|_| {
                        mailbox.cut();
                        Ok(())
                    });
                }
                () = mailbox.woken() => {
                    if mailbox.is_cut() {
                        return Ok(());
                    }
                }
            }
        }
    }
}

async fn close(sink: &mut SplitSink<WebSocket, Message>, code: u16, reason: String) {
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    // The client may have gone already.
    let _ = sink.send(Message::Close(Some(frame))).await;
}
