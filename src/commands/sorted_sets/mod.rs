//! Sorted sets: members with scores, in order.

pub(super) mod algebra;
pub(super) mod pops;
pub(super) mod ranges;
pub(super) mod scores;
pub(super) mod walks;

pub(crate) use scores::add_members;

use alloc::vec::Vec;

use super::bulks;
use super::flags::Flags;
use crate::reply::{Reply, Scored};
use crate::types::{Item, Score};

const READS_FAST: Flags = Flags::READS.and(Flags::FAST);
const WRITES: Flags = Flags::WRITE;
const WRITES_FAST: Flags = WRITES.and(Flags::FAST);
const GROWS: Flags = WRITES.and(Flags::GROWS);

const WRONG_TYPE: &str = "WRONGTYPE";
const SYNTAX: &str = "ERR syntax error";
const NOT_AN_INTEGER: &str = "ERR value is not an integer or out of range";

/// A member and its score, as replies.
fn pair((member, score): (Item<'_>, Score)) -> (Reply, Reply) {
    (Reply::Bulk(member.to_vec()), Reply::Double(score.get()))
}

fn named<'m>(members: impl Iterator<Item = (Item<'m>, Score)>) -> Reply {
    let count = members.size_hint().0;
    Reply::Bulks(bulks(count, members.map(|(member, _)| member)))
}

fn scored<'m>(members: impl Iterator<Item = (Item<'m>, Score)>) -> Reply {
    let count = members.size_hint().0;
    let mut scores = Vec::with_capacity(count);
    let members = members.map(|(member, score)| {
        scores.push(score.get());
        member
    });
    let members = bulks(count, members);
    Reply::Scored(Scored { members, scores })
}
