//! Putting elements at the ends of a list, and taking them.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::super::args::{Args, amount};
use super::{BAD_COUNT, BAD_NUMKEYS};
use crate::db::{Ctx, Edit, Event};
use crate::error::{Error, Result};
use crate::reply::Reply;
use crate::types::{List, Side};

pub(super) fn lpush(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    push(ctx, args, Side::Left)
}

pub(super) fn rpush(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    push(ctx, args, Side::Right)
}

pub(super) fn lpushx(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    push_where_one_stands(ctx, args, Side::Left)
}

pub(super) fn rpushx(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    push_where_one_stands(ctx, args, Side::Right)
}

fn push_where_one_stands(ctx: &mut Ctx, args: &mut Args, side: Side) -> Result<Reply> {
    let key = args.peek().ok_or(Error::Syntax)?;
    match ctx.read::<List>(key)? {
        None => Ok(Reply::Integer(0)),
        Some(_) => push(ctx, args, side),
    }
}

fn push(ctx: &mut Ctx, args: &mut Args, side: Side) -> Result<Reply> {
    let (key, elements) = (args.bytes()?, args.rest());
    push_elements(ctx, key, side, elements).map(Reply::count)
}

/// Pushes elements one after the other; the length of the list after that.
pub(super) fn push_elements(
    ctx: &mut Ctx,
    key: &[u8],
    side: Side,
    elements: &[&[u8]],
) -> Result<usize> {
    let limits = ctx.limits();
    let event = match side {
        Side::Left => Event::LPush,
        Side::Right => Event::RPush,
    };
    ctx.edit(key, event, |list: &mut List| {
        list.push(side, elements.iter().copied(), &limits);
        Edit::Changed(list.len())
    })
}

/// Takes up to `count` elements from one end.
pub(super) fn pop_elements(
    ctx: &mut Ctx,
    key: &[u8],
    side: Side,
    count: usize,
) -> Result<Vec<Vec<u8>>> {
    let limits = ctx.limits();
    let event = match side {
        Side::Left => Event::LPop,
        Side::Right => Event::RPop,
    };
    ctx.edit(key, event, |list: &mut List| {
        let wanted = count.min(list.len());
        let popped: Vec<_> = (0..wanted)
            .filter_map(|_| list.pop(side, &limits))
            .collect();
        Edit::when(!popped.is_empty(), popped)
    })
}

pub(super) fn lpop(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    pop(ctx, args, Side::Left)
}

pub(super) fn rpop(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    pop(ctx, args, Side::Right)
}

fn pop(ctx: &mut Ctx, args: &mut Args, side: Side) -> Result<Reply> {
    let key = args.bytes()?;
    if args.is_done() {
        let popped = pop_elements(ctx, key, side, 1)?;
        return Ok(popped.into_iter().next().map_or(Reply::Null, Reply::Bulk));
    }
    let count = args.int_in(0..=i64::MAX, Error::MustBePositive);
    let count = amount(count.map_err(|_| Error::MustBePositive)?.unsigned_abs());
    if args.left() > 0 {
        let name = args.command();
        return Err(Error::Arity { name });
    }
    if ctx.read::<List>(key)?.is_none() {
        return Ok(Reply::NullArray);
    }
    Ok(Reply::bulks(pop_elements(ctx, key, side, count)?))
}

/// What LMPOP and BLMPOP take: keys, a side, a count.
pub(super) struct ManyPop<'a> {
    pub keys: &'a [&'a [u8]],
    side: Side,
    count: usize,
}

impl<'a> ManyPop<'a> {
    pub fn read(args: &mut Args<'a>) -> Result<ManyPop<'a>> {
        let bad_numkeys = Error::Said(BAD_NUMKEYS);
        let numkeys = args.int_in(1..=i64::MAX, bad_numkeys.clone());
        let keys = args.take(amount(numkeys.map_err(|_| bad_numkeys)?.unsigned_abs()))?;
        let side = side(args)?;
        let mut count = None;
        while !args.is_done() {
            if count.is_some() || args.left() < 2 || !args.word("COUNT") {
                return Err(Error::Syntax);
            }
            let bad_count = Error::Said(BAD_COUNT);
            let given = args.int_in(1..=i64::MAX, bad_count.clone());
            count = Some(amount(given.map_err(|_| bad_count)?.unsigned_abs()));
        }
        let count = count.unwrap_or(1);
        Ok(ManyPop { keys, side, count })
    }

    /// Takes from the first list that has any; none where no list has.
    pub fn pop(&self, ctx: &mut Ctx) -> Result<Option<Reply>> {
        for key in self.keys {
            if ctx.read::<List>(key)?.is_some() {
                let popped = pop_elements(ctx, key, self.side, self.count)?;
                let taken = popped.len().to_string();
                let (side, taken) = (word(self.side), taken.as_bytes());
                ctx.effect([b"LMPOP".as_slice(), b"1", key, side, b"COUNT", taken]);
                return Ok(Some(Reply::Array(vec![
                    Reply::bulk(*key),
                    Reply::bulks(popped),
                ])));
            }
        }
        Ok(None)
    }
}

pub(super) fn lmpop(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let popped = ManyPop::read(args)?.pop(ctx)?;
    Ok(popped.unwrap_or(Reply::NullArray))
}

/// `LEFT` or `RIGHT`.
pub(super) fn side(args: &mut Args) -> Result<Side> {
    if args.word("LEFT") {
        Ok(Side::Left)
    } else if args.word("RIGHT") {
        Ok(Side::Right)
    } else {
        Err(Error::Syntax)
    }
}

pub(super) fn word(side: Side) -> &'static [u8] {
    match side {
        Side::Left => b"LEFT",
        Side::Right => b"RIGHT",
    }
}
