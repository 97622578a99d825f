//! Moving an element from one list to another.

use super::super::Args;
use super::ends::{pop_elements, push_elements, side};
use crate::db::Ctx;
use crate::error::Result;
use crate::reply::Reply;
use crate::types::{Item, List, Side};

/// From which end of which list to which end of which other.
pub(super) struct Move<'a> {
    pub source: &'a [u8],
    pub destination: &'a [u8],
    pub from: Side,
    pub to: Side,
}

impl<'a> Move<'a> {
    /// `source destination <LEFT | RIGHT> <LEFT | RIGHT>`
    pub fn read(args: &mut Args<'a>) -> Result<Move<'a>> {
        let (source, destination) = (args.bytes()?, args.bytes()?);
        let (from, to) = (side(args)?, side(args)?);
        Ok(Move {
            source,
            destination,
            from,
            to,
        })
    }

    /// `source destination`, from the right to the left.
    pub fn read_pop_push(args: &mut Args<'a>) -> Result<Move<'a>> {
        Ok(Move {
            source: args.bytes()?,
            destination: args.bytes()?,
            from: Side::Right,
            to: Side::Left,
        })
    }

    /// Moves the element and answers it; none where the source is empty. The push comes first, as
    /// its event does in Redis.
    pub fn run(&self, ctx: &mut Ctx) -> Result<Option<Reply>> {
        ctx.touch(self.source);
        let element = ctx
            .view::<List>(self.source)?
            .and_then(|list| match self.from {
                Side::Left => list.get(0),
                Side::Right => list.get(list.len() - 1),
            });
        let Some(element) = element.map(Item::to_vec) else {
            return Ok(None);
        };
        if self.source == self.destination {
            pop_elements(ctx, self.source, self.from, 1)?;
            push_elements(ctx, self.destination, self.to, &[&element])?;
        } else {
            push_elements(ctx, self.destination, self.to, &[&element])?;
            pop_elements(ctx, self.source, self.from, 1)?;
        }
        Ok(Some(Reply::Bulk(element)))
    }
}

pub(super) fn lmove(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let moved = Move::read(args)?.run(ctx)?;
    Ok(moved.unwrap_or(Reply::Null))
}

pub(super) fn rpoplpush(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let moved = Move::read_pop_push(args)?.run(ctx)?;
    Ok(moved.unwrap_or(Reply::Null))
}
