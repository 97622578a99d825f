//! Over all keys of a database: by pattern, in pieces, at random.

use alloc::vec::Vec;

use super::super::args::Args;
use super::super::scan::Scan;
use crate::db::{Ctx, Key, Standing, glob};
use crate::error::Result;
use crate::reply::Reply;

pub(super) fn keys(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let pattern = args.bytes()?;
    let matching = shown(ctx).filter(|key| glob::matches(pattern, key));
    Ok(Reply::bulks(matching.map(<[u8]>::to_vec)))
}

pub(super) fn scan(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let mut kind = None;
    let mut scan = Scan::begin(args)?;
    scan.options(args, |args| {
        let named = args.left() >= 2 && args.word("TYPE");
        if named {
            kind = Some(args.bytes()?);
        }
        Ok(named)
    })?;
    let mut wanted: Vec<Key> = Vec::new();
    let next = ctx.keyspace().scan(scan.cursor, scan.count, |met| {
        let name = met.value().type_name().as_bytes();
        if scan.wants(met.key()) && kind.is_none_or(|kind| kind.eq_ignore_ascii_case(name)) {
            wanted.push(met.key().into());
        }
    });
    let found = wanted.into_iter().filter(|key| ctx.exists(key));
    Ok(Scan::reply(next, found.map(Reply::bulk).collect()))
}

/// Draws again where time has taken the key that was drawn. An authority removes those it meets;
/// elsewhere they stay, and a database of nothing else must not be drawn from for ever.
pub(super) fn randomkey(ctx: &mut Ctx, _: &mut Args) -> Result<Reply> {
    const DRAWS: usize = 100;
    for _ in 0..DRAWS {
        let draw = ctx.random();
        let Some(key) = ctx
            .keyspace()
            .random(draw)
            .map(|drawn| Key::from(drawn.key()))
        else {
            break;
        };
        if ctx.exists(&key) {
            return Ok(Reply::bulk(key));
        }
    }
    Ok(Reply::bulk_or_null(shown(ctx).next()))
}

/// The keys that are there for a client.
fn shown<'c>(ctx: &'c Ctx) -> impl Iterator<Item = &'c [u8]> {
    let standing = ctx.keyspace().iter();
    let shown = standing.filter(|standing| ctx.shows(standing.deadline()));
    shown.map(Standing::key)
}
