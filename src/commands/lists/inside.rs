//! Looking into a list, and changing it within.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;

use super::super::args::{Args, amount};
use super::super::bulks;
use super::{NEGATIVE_COUNT, NEGATIVE_MAXLEN, ZERO_RANK};
use crate::db::{Ctx, Edit, Event};
use crate::error::{Error, Result};
use crate::reply::{Bulks, Reply};
use crate::types::{Beside, Item, List, Side};

pub(super) fn llen(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let list = ctx.read::<List>(args.bytes()?)?;
    Ok(Reply::count(list.map_or(0, List::len)))
}

pub(super) fn lindex(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, index) = (args.bytes()?, args.bytes()?);
    let Some(list) = ctx.read::<List>(key)? else {
        return Ok(Reply::Null);
    };
    let index = crate::types::number::parse_i64(index).ok_or(Error::NotAnInteger)?;
    let item = place(index, list.len()).and_then(|index| list.get(index));
    Ok(Reply::bulk_or_null(item.map(Item::to_vec)))
}

pub(super) fn lrange(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, start, stop) = (args.bytes()?, args.int()?, args.int()?);
    let Some(list) = ctx.read::<List>(key)? else {
        return Ok(Reply::Bulks(Bulks::default()));
    };
    let span = span(start, stop, list.len());
    Ok(Reply::Bulks(bulks(span.len(), list.range(span))))
}

/// An index that may count from the end, as one that does not; none before the start.
fn place(index: i64, len: usize) -> Option<usize> {
    if index >= 0 {
        Some(amount(index.unsigned_abs()))
    } else {
        len.checked_sub(amount(index.unsigned_abs()))
    }
}

/// The places between two such indexes, both included, within the list.
fn span(start: i64, stop: i64, len: usize) -> Range<usize> {
    let start = place(start, len).unwrap_or(0);
    let end = place(stop, len).map_or(0, |stop| stop.saturating_add(1).min(len));
    start..end.max(start)
}

/// Which matches LPOS looks for.
struct Search {
    /// From 1; below 0, from the end.
    rank: i64,
    /// None answers one place and not an array; 0 is all.
    count: Option<usize>,
    /// Elements to compare; 0 is all.
    maxlen: usize,
}

impl Search {
    fn read(args: &mut Args) -> Result<Search> {
        let mut search = Search {
            rank: 1,
            count: None,
            maxlen: 0,
        };
        while !args.is_done() {
            if args.left() >= 2 && args.word("RANK") {
                search.rank = args.int()?;
                if search.rank == 0 {
                    return Err(Error::Said(ZERO_RANK));
                }
            } else if args.left() >= 2 && args.word("COUNT") {
                search.count = Some(natural(args, NEGATIVE_COUNT)?);
            } else if args.left() >= 2 && args.word("MAXLEN") {
                search.maxlen = natural(args, NEGATIVE_MAXLEN)?;
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(search)
    }

    /// Indexes of the matches, in the order in which they are found.
    fn run(&self, list: &List, element: &[u8]) -> Vec<i64> {
        let len = list.len();
        let elements: Box<dyn Iterator<Item = Item>> = if self.rank < 0 {
            Box::new(list.iter().rev())
        } else {
            Box::new(list.iter())
        };
        let looked_at = if self.maxlen == 0 { len } else { self.maxlen };
        let wanted = match self.count {
            None => 1,
            Some(0) => len,
            Some(count) => count,
        };
        elements
            .take(looked_at)
            .enumerate()
            .filter(|(_, item)| *item == Item::Bytes(element))
            .skip(amount(self.rank.unsigned_abs() - 1))
            .take(wanted)
            .map(|(steps, _)| if self.rank < 0 { len - 1 - steps } else { steps } as i64)
            .collect()
    }
}

fn natural(args: &mut Args, otherwise: &'static str) -> Result<usize> {
    let value = args.int_in(0..=i64::MAX, Error::Said(otherwise));
    value
        .map(|value| amount(value.unsigned_abs()))
        .map_err(|_| Error::Said(otherwise))
}

pub(super) fn lpos(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, element) = (args.bytes()?, args.bytes()?);
    let search = Search::read(args)?;
    let list = ctx.read::<List>(key)?;
    let mut found = list
        .map_or(Vec::new(), |list| search.run(list, element))
        .into_iter();
    Ok(match search.count {
        None => found.next().map_or(Reply::Null, Reply::Integer),
        Some(_) => Reply::Array(found.map(Reply::Integer).collect()),
    })
}

pub(super) fn lset(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, index, element) = (args.bytes()?, args.bytes()?, args.bytes()?);
    let len = ctx.read::<List>(key)?.ok_or(Error::NoSuchKey)?.len();
    let index = crate::types::number::parse_i64(index).ok_or(Error::NotAnInteger)?;
    let limits = ctx.limits();
    let written = ctx.edit(key, Event::LSet, |list: &mut List| {
        let place = place(index, len);
        let written = place.is_some_and(|place| list.set(place, element, &limits));
        Edit::when(written, written)
    })?;
    if written {
        Ok(Reply::OK)
    } else {
        Err(Error::IndexOutOfRange)
    }
}

pub(super) fn linsert(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let key = args.bytes()?;
    let beside = if args.word("BEFORE") {
        Beside::Before
    } else if args.word("AFTER") {
        Beside::After
    } else {
        return Err(Error::Syntax);
    };
    let (pivot, element) = (args.bytes()?, args.bytes()?);
    if ctx.read::<List>(key)?.is_none() {
        return Ok(Reply::Integer(0));
    }
    let limits = ctx.limits();
    let len = ctx.edit(key, Event::LInsert, |list: &mut List| {
        let found = list.insert(beside, pivot, element, &limits);
        Edit::when(found, if found { list.len() as i64 } else { -1 })
    })?;
    Ok(Reply::Integer(len))
}

pub(super) fn lrem(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, count, element) = (args.bytes()?, args.int()?, args.bytes()?);
    let side = if count < 0 { Side::Right } else { Side::Left };
    let most = if count == 0 {
        usize::MAX
    } else {
        amount(count.unsigned_abs())
    };
    let limits = ctx.limits();
    let removed = ctx.edit(key, Event::LRem, |list: &mut List| {
        let removed = list.remove(side, most, element, &limits);
        Edit::when(removed > 0, removed)
    })?;
    Ok(Reply::count(removed))
}

pub(super) fn ltrim(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (key, start, stop) = (args.bytes()?, args.int()?, args.int()?);
    let limits = ctx.limits();
    ctx.edit(key, Event::LTrim, |list: &mut List| {
        let removed = list.trim(span(start, stop, list.len()), &limits);
        Edit::when(removed > 0, ())
    })?;
    Ok(Reply::OK)
}
