//! Whole strings: written, read, and both at once.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::super::args::Args;
use super::super::deadline::{Expiry, Timing};
use crate::db::{Ctx, Event, Slot, Standing, Ttl};
use crate::error::{Error, Result};
use crate::reply::Reply;
use crate::types::{Str, Text};

/// On which keys a write is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Only {
    Missing,
    Standing,
}

/// Everything behind the value in a call of SET.
#[derive(Debug, Default)]
struct Options<'a> {
    only: Option<Only>,
    answer_old: bool,
    expiry: Expiry<'a>,
}

impl<'a> Options<'a> {
    fn read(args: &mut Args<'a>) -> Result<Options<'a>> {
        let mut options = Options::default();
        while !args.is_done() {
            if args.word("NX") {
                options.allow(Only::Missing)?;
            } else if args.word("XX") {
                options.allow(Only::Standing)?;
            } else if args.word("GET") {
                options.answer_old = true;
            } else {
                options.expiry.take_or_keep(args)?;
            }
        }
        Ok(options)
    }

    fn allow(&mut self, only: Only) -> Result<()> {
        match self.only.replace(only) {
            Some(other) if other != only => Err(Error::Syntax),
            _ => Ok(()),
        }
    }
}

pub(super) fn set(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, value) = (args.bytes()?, args.bytes()?);
    let options = Options::read(args)?;
    let ttl = options
        .expiry
        .ttl(ctx.now_ms(), "set")?
        .unwrap_or(Ttl::Clear);
    let mut slot = ctx.slot(key);
    let old = if options.answer_old {
        read(&mut slot)?
    } else {
        None
    };
    let allowed = match options.only {
        None => true,
        Some(Only::Missing) => !slot.exists(),
        Some(Only::Standing) => slot.exists(),
    };
    if allowed {
        write(slot, value, ttl);
    }
    Ok(match allowed {
        _ if options.answer_old => Reply::bulk_or_null(old),
        true => Reply::OK,
        false => Reply::Null,
    })
}

/// Writes a string. A deadline may come from a span, which means something else at any other time,
/// so the effect names the moment.
fn write(slot: Slot, value: &[u8], ttl: Ttl) {
    let (ctx, key) = slot.put_text(Event::Set, Text::of(value), ttl);
    if let Ttl::At(deadline) = ttl {
        ctx.effect([b"SET", key, value, b"PXAT", deadline.to_string().as_bytes()]);
    }
}

fn read(slot: &mut Slot) -> Result<Option<Vec<u8>>> {
    slot.touch();
    Ok(slot.view::<Str>()?.map(Text::to_vec))
}

pub(super) fn setnx(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, value) = (args.bytes()?, args.bytes()?);
    let slot = ctx.slot(key);
    let missing = !slot.exists();
    if missing {
        write(slot, value, Ttl::Clear);
    }
    Ok(Reply::from(missing))
}

pub(super) fn setex(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    set_for(ctx, args, Timing::IN_SECONDS, "setex")
}

pub(super) fn psetex(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    set_for(ctx, args, Timing::IN_MILLISECONDS, "psetex")
}

fn set_for(ctx: &mut Ctx, args: &mut Args, timing: Timing, command: &str) -> Result<Reply> {
    let (key, amount, value) = (args.bytes()?, args.int()?, args.bytes()?);
    let deadline = timing.future(amount, ctx.now_ms(), command)?;
    write(ctx.slot(key), value, Ttl::At(deadline));
    Ok(Reply::OK)
}

pub(super) fn get(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let key = args.bytes()?;
    Ok(Reply::bulk_or_null(ctx.read::<Str>(key)?.map(Text::to_vec)))
}

pub(super) fn getset(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, value) = (args.bytes()?, args.bytes()?);
    let mut slot = ctx.slot(key);
    let old = read(&mut slot)?;
    write(slot, value, Ttl::Clear);
    Ok(Reply::bulk_or_null(old))
}

pub(super) fn getdel(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let key = args.bytes()?;
    let mut slot = ctx.slot(key);
    let old = read(&mut slot)?;
    slot.remove(Event::Del);
    Ok(Reply::bulk_or_null(old))
}

pub(super) fn getex(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let key = args.bytes()?;
    let mut expiry = Expiry::default();
    while !args.is_done() {
        expiry.take_or_persist(args)?;
    }
    let now_ms = ctx.now_ms();
    let mut slot = ctx.slot(key);
    let Some(value) = read(&mut slot)? else {
        return Ok(Reply::Null);
    };
    let has_deadline = slot.look().and_then(Standing::deadline).is_some();
    // As in Redis, a bad amount is only seen where there is a key.
    match expiry.ttl(now_ms, "getex")? {
        Some(Ttl::At(deadline)) => {
            slot.set_deadline(Some(deadline));
        }
        Some(Ttl::Clear) if has_deadline => {
            slot.set_deadline(None);
        }
        _ => {}
    }
    Ok(Reply::Bulk(value))
}

pub(super) fn mget(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let values = args.rest().iter().map(|key| {
        // A key of another kind is as good as none here.
        let value = ctx.read::<Str>(key).unwrap_or_default();
        Reply::bulk_or_null(value.map(Text::to_vec))
    });
    Ok(Reply::Array(values.collect()))
}

pub(super) fn mset(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    for (key, value) in pairs(args)? {
        write(ctx.slot(key), value, Ttl::Clear);
    }
    Ok(Reply::OK)
}

pub(super) fn msetnx(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let pairs = pairs(args)?;
    let free = pairs.clone().all(|(key, _)| !ctx.exists(key));
    if free {
        for (key, value) in pairs {
            write(ctx.slot(key), value, Ttl::Clear);
        }
    }
    Ok(Reply::from(free))
}

/// Keys and values in turn, to the end of the call.
fn pairs<'a>(args: &mut Args<'a>) -> Result<impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone> {
    match args.rest().as_chunks::<2>() {
        (pairs, []) => Ok(pairs.iter().map(|[key, value]| (*key, *value))),
        _ => Err(Error::Arity {
            name: args.command(),
        }),
    }
}
