//! Keys by name: removed, counted, renamed, copied, moved.

use super::super::args::Args;
use crate::db::{Ctx, Event, Standing};
use crate::error::{Error, Result};
use crate::reply::Reply;

pub(super) const SAME_OBJECT: &str = "ERR source and destination objects are the same";

pub(super) fn del(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let removed = args
        .rest()
        .iter()
        .filter(|key| ctx.remove(key, Event::Del))
        .count();
    Ok(Reply::count(removed))
}

pub(super) fn exists(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let found = args.rest().iter().filter(|key| ctx.probe(key)).count();
    Ok(Reply::count(found))
}

pub(super) fn touch(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let found = args.rest().iter().filter(|key| ctx.slot(key).touch());
    Ok(Reply::count(found.count()))
}

pub(super) fn kind(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let key = args.bytes()?;
    let mut slot = ctx.slot(key);
    slot.probe();
    Ok(Reply::Simple(
        slot.look()
            .map_or("none", |standing| standing.value().type_name()),
    ))
}

pub(super) fn rename(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (from, to) = (args.bytes()?, args.bytes()?);
    if !ctx.exists(from) {
        return Err(Error::NoSuchKey);
    }
    if from != to {
        move_name(ctx, from, to);
    }
    Ok(Reply::OK)
}

pub(super) fn renamenx(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (from, to) = (args.bytes()?, args.bytes()?);
    if !ctx.exists(from) {
        return Err(Error::NoSuchKey);
    }
    let free = !ctx.exists(to);
    if free {
        move_name(ctx, from, to);
    }
    Ok(Reply::from(free))
}

fn move_name(ctx: &mut Ctx, from: &[u8], to: &[u8]) {
    ctx.move_key(from, (ctx.db, to), (Event::RenameFrom, Event::RenameTo));
}

pub(super) fn copy(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let (source, target) = (args.bytes()?, args.bytes()?);
    let databases = ctx.state.config.databases;
    let (mut db, mut replace) = (ctx.db, false);
    while !args.is_done() {
        if args.word("REPLACE") {
            replace = true;
        } else if args.left() >= 2 && args.word("DB") {
            db = args.db(databases)?;
        } else {
            return Err(Error::Syntax);
        }
    }
    if db == ctx.db && source == target {
        return Err(Error::Said(SAME_OBJECT));
    }
    let mut slot = ctx.slot(source);
    slot.touch();
    let Some(copy) = slot.look().map(Standing::to_entry) else {
        return Ok(Reply::from(false));
    };
    let written = ctx.in_db(db, |ctx| {
        let free = replace || !ctx.exists(target);
        if free {
            ctx.put_entry(target, Event::CopyTo, copy);
        }
        free
    });
    Ok(Reply::from(written))
}

pub(super) fn move_to_db(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let databases = ctx.state.config.databases;
    let (key, db) = (args.bytes()?, args.db(databases)?);
    if db == ctx.db {
        return Err(Error::Said(SAME_OBJECT));
    }
    let stands = ctx.exists(key);
    let free = stands && !ctx.in_db(db, |ctx| ctx.exists(key));
    let moved = free && ctx.move_key(key, (db, key), (Event::MoveFrom, Event::MoveTo));
    Ok(Reply::from(moved))
}
