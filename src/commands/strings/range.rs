//! Parts of strings, by offsets in bytes.

use alloc::vec::Vec;
use core::ops::Range;

use super::super::args::Args;
use crate::db::{Ctx, Edit, Event, Ttl};
use crate::error::{Error, Result};
use crate::reply::Reply;
use crate::types::{Str, Text};

pub(super) fn strlen(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let key = args.bytes()?;
    Ok(Reply::count(ctx.read::<Str>(key)?.map_or(0, Text::len)))
}

pub(super) fn getrange(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, start, end) = (args.bytes()?, args.int()?, args.int()?);
    let Some(value) = ctx.read::<Str>(key)? else {
        return Ok(Reply::bulk(""));
    };
    let range = within(value.len(), start, end);
    Ok(Reply::bulk(&value.as_bytes()[range]))
}

/// The offsets meant by two that may count from the end, both included. As in Redis, an end before
/// the first byte means that byte, unless start and end both lie there in the wrong order.
fn within(len: usize, start: i64, end: i64) -> Range<usize> {
    if len == 0 || (start < 0 && end < 0 && start > end) {
        return 0..0;
    }
    let len = len as i64;
    let from_front = |offset: i64| {
        if offset < 0 {
            (len + offset).max(0)
        } else {
            offset
        }
    };
    let (start, end) = (from_front(start), from_front(end).min(len - 1));
    if start > end {
        0..0
    } else {
        start as usize..end as usize + 1
    }
}

pub(super) fn append(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, value) = (args.bytes()?, args.bytes()?);
    let max_bytes = ctx.state.config.max_value_bytes;
    let slot = ctx.slot(key);
    if !slot.exists() {
        slot.put_text(Event::Append, Text::of(value), Ttl::Clear);
        return Ok(Reply::count(value.len()));
    }
    let len = slot.edit(Event::Append, |string: &mut Str| {
        match end_within(string.len(), value.len(), max_bytes) {
            Err(error) => Edit::Kept(Err(error)),
            Ok(len) => {
                string.append(value);
                Edit::Changed(Ok(len))
            }
        }
    })??;
    Ok(Reply::count(len))
}

pub(super) fn setrange(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, offset, value) = (args.bytes()?, args.int()?, args.bytes()?);
    let offset = u64::try_from(offset).map_err(|_| Error::Said("ERR offset is out of range"))?;
    let max_bytes = ctx.state.config.max_value_bytes;
    let len = ctx.edit(key, Event::SetRange, |string: &mut Str| {
        if value.is_empty() {
            return Edit::Kept(Ok(string.len()));
        }
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        match end_within(offset, value.len(), max_bytes) {
            Err(error) => Edit::Kept(Err(error)),
            Ok(_) => {
                string.set_range(offset, value);
                Edit::Changed(Ok(string.len()))
            }
        }
    })??;
    Ok(Reply::count(len))
}

/// Where so many bytes from an offset on end, if a string may be that long and there is memory.
fn end_within(offset: usize, bytes: usize, max_bytes: usize) -> Result<usize> {
    let end = offset.checked_add(bytes).filter(|end| *end <= max_bytes);
    let end = end.ok_or(Error::Said(super::TOO_LONG))?;
    if can_be_had(end) {
        Ok(end)
    } else {
        Err(Error::OutOfMemory)
    }
}

/// Asks for the memory before anything is changed: a single call can want half a gigabyte, and an
/// allocation that fails in the middle of a step ends the process.
fn can_be_had(bytes: usize) -> bool {
    const LARGE_BYTES: usize = 1024 * 1024;
    bytes < LARGE_BYTES || Vec::<u8>::new().try_reserve_exact(bytes).is_ok()
}
