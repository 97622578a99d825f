//! DUMP and RESTORE: a value as bytes, between stores.

use alloc::string::ToString;

use super::super::args::Args;
use crate::db::{Ctx, Entry, Event, Standing};
use crate::error::{Error, Result};
use crate::persist::rdb::{self, Target};
use crate::reply::Reply;
use crate::types::number;

pub(super) const BUSY_KEY: &str = "BUSYKEY Target key name already exists.";
pub(super) const NEGATIVE_TTL: &str = "ERR Invalid TTL value, must be >= 0";
pub(super) const NEGATIVE_IDLETIME: &str = "ERR Invalid IDLETIME value, must be >= 0";
pub(super) const BAD_FREQ: &str = "ERR Invalid FREQ value, must be >= 0 and <= 255";
pub(super) const BAD_PAYLOAD: &str = "ERR DUMP payload version or checksum are wrong";
pub(super) const BAD_FORMAT: &str = "ERR Bad data format";

/// The oldest version that is written, so that every server since can take the payload.
const DUMP_TARGET: Target = Target::Redis70;

pub(super) fn dump(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let key = args.bytes()?;
    let mut slot = ctx.slot(key);
    slot.touch();
    let value = slot.look().map(Standing::value);
    Ok(Reply::bulk_or_null(
        value.map(|value| rdb::dump(value, DUMP_TARGET)),
    ))
}

/// Everything behind the payload in a call of RESTORE.
#[derive(Debug, Default)]
struct Options {
    replace: bool,
    absolute: bool,
    idle_seconds: Option<i64>,
    /// Read and forgotten: no policy that is to be had counts uses.
    frequency: Option<i64>,
}

impl Options {
    fn read(args: &mut Args) -> Result<Options> {
        let mut options = Options::default();
        while !args.is_done() {
            let has_value = args.left() >= 2;
            if args.word("REPLACE") {
                options.replace = true;
            } else if args.word("ABSTTL") {
                options.absolute = true;
            } else if has_value && options.frequency.is_none() && args.word("IDLETIME") {
                let bad = Error::Said(NEGATIVE_IDLETIME);
                options.idle_seconds = Some(args.int_in(0..=i64::MAX, bad)?);
            } else if has_value && options.idle_seconds.is_none() && args.word("FREQ") {
                options.frequency = Some(args.int_in(0..=255, Error::Said(BAD_FREQ))?);
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(options)
    }
}

pub(super) fn restore(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, ttl, payload) = (args.bytes()?, args.bytes()?, args.bytes()?);
    let options = Options::read(args)?;
    if !options.replace && ctx.probe(key) {
        return Err(Error::Said(BUSY_KEY));
    }
    // As in Redis, what stands in front is judged after the options.
    let ttl = number::parse_i64(ttl).ok_or(Error::NotAnInteger)?;
    if ttl < 0 {
        return Err(Error::Said(NEGATIVE_TTL));
    }
    let start = if options.absolute { 0 } else { ctx.now_ms() };
    let deadline = (ttl > 0).then(|| ttl.saturating_add(start));
    let entry = Entry::new(rdb::restore(payload, &ctx.limits())?, deadline);
    if !ctx.shows(entry.deadline) {
        if ctx.remove(key, Event::Del) {
            ctx.effect([b"DEL", key]);
        }
        return Ok(Reply::OK);
    }
    ctx.put_entry(key, Event::Restore, entry);
    if let Some(seconds) = options.idle_seconds {
        ctx.slot(key).set_idle(seconds.saturating_mul(1000));
    }
    let deadline = deadline.unwrap_or(0).to_string();
    ctx.effect([
        b"RESTORE",
        key,
        deadline.as_bytes(),
        payload,
        b"ABSTTL",
        b"REPLACE",
    ]);
    Ok(Reply::OK)
}
