//! Over all keys of a database: by pattern, in pieces, at random.

use super::super::args::Args;
use super::super::scan::Scan;
use crate::db::{Ctx, Key, glob};
use crate::error::Result;
use crate::reply::Reply;

pub(super) fn keys(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let pattern = args.bytes()?;
    let keys = ctx.keyspace().iter().filter(|(_, entry)| ctx.shows(entry));
    let matching = keys.filter(|(key, _)| glob::matches(pattern, key));
    Ok(Reply::bulks(matching.map(|(key, _)| key.to_vec())))
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
    let (next, positions) = ctx.keyspace().scan(scan.cursor, scan.count);
    let met = positions
        .rev()
        .filter_map(|position| ctx.keyspace().at(position));
    let wanted = met.filter(|(key, entry)| {
        let name = entry.value.type_name().as_bytes();
        scan.wants(key) && kind.is_none_or(|kind| kind.eq_ignore_ascii_case(name))
    });
    let wanted: Vec<Key> = wanted.map(|(key, _)| key.clone()).collect();
    let found = wanted.into_iter().filter(|key| ctx.exists(key));
    Ok(Scan::reply(next, found.map(Reply::bulk).collect()))
}

/// Draws again where time has taken the key that was drawn. An authority removes those it meets;
/// elsewhere they stay, and a database of nothing else must not be drawn from for ever.
pub(super) fn randomkey(ctx: &mut Ctx, _: &mut Args) -> Result<Reply> {
    const DRAWS: usize = 100;
    for _ in 0..DRAWS {
        let draw = ctx.random() as usize;
        let Some(position) = draw.checked_rem(ctx.keyspace().len()) else {
            break;
        };
        let drawn = ctx.keyspace().at(position).map(|(key, _)| key.clone());
        if let Some(key) = drawn.filter(|key| ctx.exists(key)) {
            return Ok(Reply::bulk(key));
        }
    }
    let shown = ctx.keyspace().iter().find(|(_, entry)| ctx.shows(entry));
    Ok(Reply::bulk_or_null(shown.map(|(key, _)| key.clone())))
}
