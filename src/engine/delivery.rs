//! Messages and keyspace events on their way to those who listen.

use super::{Delivery, Engine};
use crate::db::{Event, Key, glob};
use crate::reply::Reply;

impl Engine {
    /// Sends a message to all subscribers of a channel.
    pub(super) fn deliver(&mut self, channel: &[u8], message: &[u8]) {
        for receiver in self.state.channels.receivers(channel) {
            let parts = match receiver.pattern {
                None => vec![b"message".as_slice(), channel, message],
                Some(pattern) => vec![b"pmessage".as_slice(), pattern, channel, message],
            };
            let reply = Reply::Push(parts.into_iter().map(Reply::bulk).collect());
            self.outbox.push(Delivery {
                client: receiver.client,
                reply,
            });
        }
    }

    /// Publishes what happened to keys, as `notify-keyspace-events` wants it, and tells observers.
    pub(super) fn notify(&mut self, events: &[(u32, Event, Key)]) {
        for (db, event, key) in events {
            self.tell_observers(*db, *event, key);
            #[cfg(feature = "pubsub")]
            self.publish_event(*db, *event, key);
        }
    }

    #[cfg(feature = "pubsub")]
    fn publish_event(&mut self, db: u32, event: Event, key: &Key) {
        let notify = self.state.config.notify;
        if !notify.wants(event.class()) {
            return;
        }
        if notify.keyspace {
            let channel = [format!("__keyspace@{db}__:").as_bytes(), key].concat();
            self.deliver(&channel, event.name().as_bytes());
        }
        if notify.keyevent {
            let channel = format!("__keyevent@{db}__:{}", event.name());
            self.deliver(channel.as_bytes(), key);
        }
    }

    /// Observers hear of every change of the keys that their patterns match, once for each pattern,
    /// and of nothing else.
    fn tell_observers(&mut self, db: u32, event: Event, key: &Key) {
        if matches!(event, Event::New | Event::KeyMiss) {
            return;
        }
        let observers = self.state.clients.observers();
        for (client, patterns) in observers.filter(|(client, _)| client.db == db) {
            for pattern in patterns
                .iter()
                .filter(|pattern| glob::matches(pattern, key))
            {
                let parts = [b"event".as_slice(), pattern, event.name().as_bytes(), key];
                let reply = Reply::Push(parts.into_iter().map(Reply::bulk).collect());
                self.outbox.push(Delivery {
                    client: client.id,
                    reply,
                });
            }
        }
    }
}
