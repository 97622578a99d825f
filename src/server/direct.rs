//! GET and SET the short way: from the bytes that were received into those that are sent, with no list of arguments
//! kept and no reply made between them; and runs of ZADD with one set, together.

use super::host::Host;
use super::mailbox::Mailbox;
use crate::db::{ClientId, ReplyMode, Resp};
use crate::engine::{CALLS_MAX, Engine, Lent, Moment};
use crate::protocol::reply::write_error;
use crate::protocol::{self, Argv};
use crate::reply::{Reply, write_bulk};
use crate::types::Score;

impl Host {
    /// Runs a call the short way; false where nothing has happened, and it has to go the ordinary one.
    pub(super) fn call_directly(
        &self,
        engine: &mut Engine,
        mailbox: &Mailbox,
        argv: &[&[u8]],
    ) -> bool {
        let now = Moment {
            ms: self.now_ms(),
            is_exact: true,
        };
        let client = mailbox.client;
        match *argv {
            [name, key] if name.eq_ignore_ascii_case(b"GET") => {
                let Some(resp) = plain_resp(engine, client) else {
                    return false;
                };
                match engine.get(now, client, key) {
                    Some(Ok(lent)) => mailbox.write(|bytes| write_lent(lent, resp, bytes)),
                    Some(Err(error)) => mailbox.write(|bytes| write_error(&error, bytes)),
                    None => return false,
                }
            }
            [name, key, value] if name.eq_ignore_ascii_case(b"SET") => {
                let is_let_in = plain_resp(engine, client).is_some() && !self.is_in_trouble();
                if !is_let_in || engine.set(now, client, (key, value), None).is_none() {
                    return false;
                }
                mailbox.write(|bytes| bytes.extend_from_slice(b"+OK\r\n"));
            }
            _ => return false,
        }
        self.release(engine);
        mailbox.hold(self.position());
        true
    }
}

impl Host {
    /// Runs the first requests of a pipeline as one, where they are ZADD of a member each to one large set; how many.
    pub(super) fn call_together<'a>(
        &self,
        mailbox: &Mailbox,
        requests: impl Iterator<Item = Argv<'a>>,
    ) -> usize {
        let (mut calls, mut len) = ([(Score::default(), [[].as_slice(); 4]); CALLS_MAX], 0);
        let mut key = None;
        for (call, argv) in calls.iter_mut().zip(requests) {
            match pair_added(argv) {
                Some((score, words)) if key.is_none_or(|key| key == words[1]) => {
                    key = Some(words[1]);
                    *call = (score, words);
                }
                _ => break,
            }
            len += 1;
        }
        if len < 2 {
            return 0;
        }
        let engine = &mut *self.engine.borrow_mut();
        let client = mailbox.client;
        let now = Moment {
            ms: self.now_ms(),
            is_exact: true,
        };
        let is_let_in = plain_resp(engine, client).is_some() && !self.is_in_trouble();
        let is_done = is_let_in
            && mailbox.write(|bytes| {
                engine.zadd_each(now, client, &calls[..len], |is_new| {
                    let reply: &[u8] = if is_new { b":1\r\n" } else { b":0\r\n" };
                    bytes.extend_from_slice(reply);
                })
            });
        if !is_done {
            return 0;
        }
        self.release(engine);
        mailbox.hold(self.position());
        len
    }
}

/// The words of ZADD, if it gives one member a score.
fn pair_added(argv: Argv<'_>) -> Option<(Score, [&[u8]; 4])> {
    let word = |at| argv.get(at);
    if argv.len() != 4 || !word(0)?.eq_ignore_ascii_case(b"ZADD") {
        return None;
    }
    let words = [word(0)?, word(1)?, word(2)?, word(3)?];
    Some((Score::parse(words[2])?, words))
}

/// What a client speaks that is answered each of its calls with the reply and nothing else. One that has subscribed may
/// be told of a key before the reply to the call that changed it, and one that asked for no replies is sent none.
fn plain_resp(engine: &Engine, client: ClientId) -> Option<Resp> {
    let client = engine.client(client)?;
    let is_plain =
        client.reply_mode == ReplyMode::On && client.subscriptions() == 0 && !client.closing;
    is_plain.then_some(client.resp)
}

fn write_lent(lent: Option<Lent>, resp: Resp, bytes: &mut Vec<u8>) {
    match lent {
        None => protocol::write(&Reply::Null, resp, bytes),
        Some(lent) => write_bulk(lent.item.bytes_in(&mut itoa::Buffer::new()), bytes),
    }
}
