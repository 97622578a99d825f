//! GET and SET the short way: from the bytes that were received into those that are sent, with no list of arguments
//! kept and no reply made between them; runs of either, and of ZADD with one set, together.

use super::host::{Host, LOOK_AHEAD_MAX_BYTES};
use super::mailbox::{Mailbox, PAUSE_BYTES};
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
        let now = self.moment();
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

    fn moment(&self) -> Moment {
        Moment {
            ms: self.now_ms(),
            is_exact: true,
        }
    }
}

impl Host {
    /// Runs the first requests of a pipeline together, where they are several GET, several SET, or ZADD of a member each
    /// to one large set; how many.
    pub(super) fn call_together<'a>(
        &self,
        mailbox: &Mailbox,
        requests: impl Iterator<Item = Argv<'a>> + Clone,
    ) -> usize {
        let mut lens = requests.clone().map(|argv| argv.len());
        let (Some(len), second) = (lens.next(), lens.next()) else {
            return 0;
        };
        if second != Some(len) {
            return 0;
        }
        match len {
            2 => {
                let mut keys = [[].as_slice(); CALLS_MAX];
                let len = fill(&mut keys, requests.map_while(key_got));
                self.get_together(mailbox, &keys[..len])
            }
            3 => {
                let mut pairs = [([].as_slice(), [].as_slice()); CALLS_MAX];
                let len = fill(&mut pairs, requests.map_while(pair_set));
                self.set_together(mailbox, &pairs[..len])
            }
            4 => self.add_together(mailbox, requests),
            _ => 0,
        }
    }

    fn get_together(&self, mailbox: &Mailbox, keys: &[&[u8]]) -> usize {
        if keys.len() < 2 {
            return 0;
        }
        let engine = &mut *self.engine.borrow_mut();
        let Some(resp) = plain_resp(engine, mailbox.client) else {
            return 0;
        };
        let done = mailbox.write(|bytes| {
            engine.get_each(self.moment(), mailbox.client, keys, |lent| {
                match lent {
                    Ok(lent) => write_lent(lent, resp, bytes),
                    Err(error) => write_error(&error, bytes),
                }
                bytes.len() < PAUSE_BYTES
            })
        });
        if done > 0 {
            self.release(engine);
            mailbox.hold(self.position());
        }
        done
    }

    fn set_together(&self, mailbox: &Mailbox, pairs: &[(&[u8], &[u8])]) -> usize {
        if pairs.len() < 2 {
            return 0;
        }
        let engine = &mut *self.engine.borrow_mut();
        if plain_resp(engine, mailbox.client).is_none() || self.is_in_trouble() {
            return 0;
        }
        let done = engine.set_each(self.moment(), mailbox.client, pairs);
        if done > 0 {
            mailbox.write(|bytes| (0..done).for_each(|_| bytes.extend_from_slice(b"+OK\r\n")));
            self.release(engine);
            mailbox.hold(self.position());
        }
        done
    }

    fn add_together<'a>(
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
        let now = self.moment();
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

/// Puts items at the start of a list, as far as it has room; how many.
fn fill<T>(list: &mut [T], items: impl Iterator<Item = T>) -> usize {
    let places = list.iter_mut().zip(items);
    places.map(|(place, item)| *place = item).count()
}

/// The key of GET, if it may be hashed before its turn.
fn key_got(argv: Argv<'_>) -> Option<&[u8]> {
    let is_get = argv.len() == 2 && argv.get(0)?.eq_ignore_ascii_case(b"GET");
    is_get.then(|| key_ahead(argv))?
}

/// Key and value of SET without options, as `key_got`.
fn pair_set(argv: Argv<'_>) -> Option<(&[u8], &[u8])> {
    let is_set = argv.len() == 3 && argv.get(0)?.eq_ignore_ascii_case(b"SET");
    is_set.then_some((key_ahead(argv)?, argv.get(2)?))
}

fn key_ahead(argv: Argv<'_>) -> Option<&[u8]> {
    argv.get(1).filter(|key| key.len() <= LOOK_AHEAD_MAX_BYTES)
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
