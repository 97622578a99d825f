//! What the host does beside serving: the clock, and what clients ask of it.

use std::rc::Rc;
use std::time::Duration;

use super::host::Host;
use super::mailbox::Mailbox;
use crate::db::Request;
use crate::error::Error;
use crate::reply::Reply;

/// Longest time between two rounds of the clock: ten a second, as Redis's `hz` has it.
const ROUND_MS: u64 = 100;

/// Lets time do its work, for ever.
pub async fn keep_time(host: &Host) {
    loop {
        let pause_ms = host
            .next_timeout_ms()
            .map_or(ROUND_MS, |ms| ms.min(ROUND_MS));
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(pause_ms)) => host.tick(),
            () = host.waits_changed.notified() => {}
        }
    }
}

/// Carries out what only the host can do, and answers the client.
pub fn serve(host: &Rc<Host>, mailbox: &Rc<Mailbox>, _: Request) {
    mailbox.set_served(true);
    let refusal = Error::Said("ERR this server keeps nothing");
    host.answer(mailbox, &Reply::Error(refusal));
}
