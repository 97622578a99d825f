//! Messages to whoever listens now: at most once, and kept nowhere.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::row::{Command, Method, methods, prose};
use super::{Args, Flags};
use crate::db::{Ctx, glob};
use crate::error::Result;
use crate::reply::Reply;

const SUBSCRIBES: Flags = Flags::PUBSUB
    .and(Flags::NO_SCRIPT)
    .and(Flags::LOADING)
    .and(Flags::STALE)
    .and(Flags::SENTINEL)
    .and(Flags::WHILE_SUBSCRIBED);
const ASKS: Flags = Flags::PUBSUB.and(Flags::LOADING).and(Flags::STALE);

pub(super) const ROWS: &[Command] = &[
    Command {
        name: "SUBSCRIBE",
        usage: "channel [channel ...]",
        summary: prose("Listens to channels."),
        complexity: prose("O(N), N being the number of channels"),
        group: "pubsub",
        since: "2.0.0",
        flags: SUBSCRIBES,
        errors: &[],
        methods: &[],
        run: subscribe,
    },
    Command {
        name: "UNSUBSCRIBE",
        usage: "[channel [channel ...]]",
        summary: prose("Stops listening to channels, or to all of them."),
        complexity: prose("O(N), N being the number of channels"),
        group: "pubsub",
        since: "2.0.0",
        flags: SUBSCRIBES,
        errors: &[],
        methods: &[],
        run: unsubscribe,
    },
    Command {
        name: "PSUBSCRIBE",
        usage: "pattern [pattern ...]",
        summary: prose("Listens to all channels whose names match a pattern."),
        complexity: prose("O(N), N being the number of patterns"),
        group: "pubsub",
        since: "2.0.0",
        flags: SUBSCRIBES,
        errors: &[],
        methods: &[],
        run: psubscribe,
    },
    Command {
        name: "PUNSUBSCRIBE",
        usage: "[pattern [pattern ...]]",
        summary: prose("Stops listening by patterns, or by all of them."),
        complexity: prose("O(N), N being the number of patterns"),
        group: "pubsub",
        since: "2.0.0",
        flags: SUBSCRIBES,
        errors: &[],
        methods: &[],
        run: punsubscribe,
    },
    Command {
        name: "PUBLISH",
        usage: "channel message",
        summary: prose("Sends a message; answers how many clients receive it."),
        complexity: prose("O(N+M), N being the subscribers of the channel, M all patterns"),
        group: "pubsub",
        since: "2.0.0",
        flags: ASKS
            .and(Flags::FAST)
            .and(Flags::MAY_REPLICATE)
            .and(Flags::SENTINEL),
        errors: &[],
        methods: methods(&[Method::new("publish", "channel, message", "number")]),
        run: publish,
    },
    Command {
        name: "PUBSUB CHANNELS",
        usage: "[pattern]",
        summary: prose("Answers the channels that anyone listens to."),
        complexity: prose("O(N), N being the number of channels"),
        group: "pubsub",
        since: "2.8.0",
        flags: ASKS,
        errors: &[],
        methods: methods(&[Method::new("pubSubChannels", "pattern?", "Text[]")]),
        run: pubsub_channels,
    },
    Command {
        name: "PUBSUB NUMSUB",
        usage: "[channel [channel ...]]",
        summary: prose("Answers how many clients listen to each channel, patterns aside."),
        complexity: prose("O(N), N being the channels asked for"),
        group: "pubsub",
        since: "2.8.0",
        flags: ASKS,
        errors: &[],
        methods: methods(&[Method::new(
            "pubSubNumSub",
            "channels?: Many<Bytes>",
            "Record<string, number>",
        )]),
        run: pubsub_numsub,
    },
    Command {
        name: "PUBSUB NUMPAT",
        usage: "",
        summary: prose("Answers how many patterns are listened by."),
        complexity: prose("O(1)"),
        group: "pubsub",
        since: "2.8.0",
        flags: ASKS,
        errors: &[],
        methods: methods(&[Method::new("pubSubNumPat", "", "number")]),
        run: pubsub_numpat,
    },
];

fn subscribe(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let id = ctx.client;
    each(ctx, args.rest(), "subscribe", |ctx, channel| {
        if ctx.client_mut().channels.insert(channel.into()) {
            ctx.state.channels.channels.add(channel, id);
        }
    })
}

fn unsubscribe(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let all: Vec<_> = ctx.client().channels.iter().cloned().collect();
    let named = or_all(args.rest(), &all);
    each(ctx, &named, "unsubscribe", |ctx, channel| {
        ctx.state.unsubscribe(ctx.client, channel)
    })
}

fn psubscribe(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let id = ctx.client;
    each(ctx, args.rest(), "psubscribe", |ctx, pattern| {
        if ctx.client_mut().patterns.insert(pattern.into()) {
            ctx.state.channels.patterns.add(pattern, id);
        }
    })
}

fn punsubscribe(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let all: Vec<_> = ctx.client().patterns.iter().cloned().collect();
    let named = or_all(args.rest(), &all);
    each(ctx, &named, "punsubscribe", |ctx, pattern| {
        ctx.state.punsubscribe(ctx.client, pattern)
    })
}

/// Does one thing for each name, and confirms each with the number of subscriptions that remain.
fn each(
    ctx: &mut Ctx,
    names: &[&[u8]],
    word: &str,
    mut act: impl FnMut(&mut Ctx, &[u8]),
) -> Result<Reply> {
    let confirm = |ctx: &Ctx, name: Option<&[u8]>| {
        let count = Reply::count(ctx.client().subscriptions());
        Reply::Push(vec![Reply::bulk(word), Reply::bulk_or_null(name), count])
    };
    if names.is_empty() {
        return Ok(Reply::Many(vec![confirm(ctx, None)]));
    }
    let mut replies = Vec::with_capacity(names.len());
    for name in names {
        act(ctx, name);
        replies.push(confirm(ctx, Some(name)));
    }
    Ok(Reply::Many(replies))
}

/// The names given, or every one there is.
fn or_all<'a>(named: &[&'a [u8]], all: &'a [Box<[u8]>]) -> Vec<&'a [u8]> {
    if named.is_empty() {
        all.iter().map(|name| &**name).collect()
    } else {
        named.to_vec()
    }
}

fn publish(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (channel, message) = (args.bytes()?, args.bytes()?);
    Ok(Reply::count(ctx.publish(channel, message)))
}

fn pubsub_channels(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let pattern = args.bytes().ok();
    args.end()?;
    let channels = ctx.state.channels.channels.names();
    let wanted = channels.filter(|name| pattern.is_none_or(|p| glob::matches(p, name)));
    Ok(Reply::bulks(wanted.map(|name| name.to_vec())))
}

fn pubsub_numsub(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let count = |name: &&[u8]| Reply::count(ctx.state.channels.channels.count(name));
    let counts = args
        .rest()
        .iter()
        .flat_map(|name| [Reply::bulk(*name), count(name)]);
    Ok(Reply::Array(counts.collect()))
}

fn pubsub_numpat(ctx: &mut Ctx, _: &mut Args) -> Result<Reply> {
    Ok(Reply::count(ctx.state.channels.patterns.len()))
}
