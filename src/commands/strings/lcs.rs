//! LCS: what two strings have in common, in order.

use alloc::vec::Vec;

use super::super::args::Args;
use crate::db::Ctx;
use crate::error::{Error, Result};
use crate::reply::Reply;
use crate::types::{Str, Text};

pub(super) const NOT_STRINGS: &str = "ERR The specified keys must contain string values";
pub(super) const LENGTH_AND_PLACES: &str =
    "ERR If you want both the length and indexes, please just use IDX.";
pub(super) const TOO_LARGE: &str =
    "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len";

#[derive(Debug, Default)]
struct Options {
    length: bool,
    places: bool,
    with_lengths: bool,
    least: i64,
}

impl Options {
    fn read(args: &mut Args) -> Result<Options> {
        let mut options = Options::default();
        while !args.is_done() {
            if args.word("IDX") {
                options.places = true;
            } else if args.word("LEN") {
                options.length = true;
            } else if args.word("WITHMATCHLEN") {
                options.with_lengths = true;
            } else if args.left() > 1 && args.word("MINMATCHLEN") {
                options.least = args.int()?;
            } else {
                return Err(Error::Syntax);
            }
        }
        if options.length && options.places {
            Err(Error::Said(LENGTH_AND_PLACES))
        } else {
            Ok(options)
        }
    }
}

pub(super) fn lcs(ctx: &mut Ctx, args: &mut Args) -> Result<Reply> {
    let keys = [args.bytes()?, args.bytes()?];
    keys.iter().for_each(|key| ctx.touch(key));
    let bytes = |key| match ctx.view::<Str>(key) {
        Ok(string) => Ok(string.map(Text::as_bytes).unwrap_or_default()),
        Err(_) => Err(Error::Said(NOT_STRINGS)),
    };
    let (left, right) = (bytes(keys[0])?, bytes(keys[1])?);
    let options = Options::read(args)?;
    let common = Common::of(&left, &right, ctx.state.config.max_value_bytes)?;
    Ok(if options.length {
        Reply::count(common.len())
    } else if options.places {
        common.places(&options)
    } else {
        Reply::Bulk(common.text())
    })
}

/// A longest common subsequence of two strings.
struct Common<'a> {
    left: &'a [u8],
    right: &'a [u8],
    /// At (i, j) the length for the first i bytes of `left` and the first j of `right`, in rows of
    /// `right.len() + 1`.
    lengths: Vec<u32>,
}

/// Bytes that both strings have one after the other, by the offsets after their last.
struct Match {
    left_end: usize,
    right_end: usize,
    len: usize,
}

impl<'a> Common<'a> {
    /// The table of dynamic programming. Cost: time and memory O(N*M); refused where it would take
    /// more than `max_bytes`.
    fn of(left: &'a [u8], right: &'a [u8], max_bytes: usize) -> Result<Common<'a>> {
        let cells = (left.len() + 1).checked_mul(right.len() + 1);
        let bytes = cells.and_then(|cells| cells.checked_mul(size_of::<u32>()));
        let cells = cells.filter(|_| bytes.is_some_and(|bytes| bytes <= max_bytes));
        let cells = cells.ok_or(Error::Said(TOO_LARGE))?;
        let mut lengths = Vec::new();
        lengths
            .try_reserve_exact(cells)
            .map_err(|_| Error::OutOfMemory)?;
        lengths.resize(cells, 0);
        let mut common = Common {
            left,
            right,
            lengths,
        };
        common.fill();
        Ok(common)
    }

    fn fill(&mut self) {
        let width = self.right.len() + 1;
        for (i, a) in self.left.iter().enumerate() {
            for (j, b) in self.right.iter().enumerate() {
                let corner = i * width + j;
                self.lengths[corner + width + 1] = if a == b {
                    self.lengths[corner] + 1
                } else {
                    self.lengths[corner + 1].max(self.lengths[corner + width])
                };
            }
        }
    }

    fn at(&self, i: usize, j: usize) -> u32 {
        self.lengths[i * (self.right.len() + 1) + j]
    }

    fn len(&self) -> usize {
        self.at(self.left.len(), self.right.len()) as usize
    }

    /// The matches, the last one first: the way back through the table. Where both ways are as
    /// good, it goes back in `right`, as Redis does.
    fn matches(&self) -> Vec<Match> {
        let mut matches: Vec<Match> = Vec::new();
        let (mut i, mut j) = (self.left.len(), self.right.len());
        let mut continues = false;
        while i > 0 && j > 0 {
            let same = self.left[i - 1] == self.right[j - 1];
            match matches.last_mut() {
                Some(open) if same && continues => open.len += 1,
                _ if same => matches.push(Match {
                    left_end: i,
                    right_end: j,
                    len: 1,
                }),
                _ => {}
            }
            let left_is_better = self.at(i - 1, j) > self.at(i, j - 1);
            i -= usize::from(same || left_is_better);
            j -= usize::from(same || !left_is_better);
            continues = same;
        }
        matches
    }

    fn text(&self) -> Vec<u8> {
        let parts = self.matches().into_iter().rev();
        let parts = parts.map(|part| &self.left[part.left_end - part.len..part.left_end]);
        parts.collect::<Vec<_>>().concat()
    }

    fn places(&self, options: &Options) -> Reply {
        let matches = self.matches().into_iter();
        let long_enough = matches.filter(|part| part.len as i64 >= options.least);
        let matches = long_enough
            .map(|part| part.reply(options.with_lengths))
            .collect();
        Reply::Map(vec![
            (Reply::bulk("matches"), Reply::Array(matches)),
            (Reply::bulk("len"), Reply::count(self.len())),
        ])
    }
}

impl Match {
    /// First and last offset in either string, both included.
    fn reply(&self, with_length: bool) -> Reply {
        let range =
            |end: usize| Reply::Array(vec![Reply::count(end - self.len), Reply::count(end - 1)]);
        let mut parts = vec![range(self.left_end), range(self.right_end)];
        if with_length {
            parts.push(Reply::count(self.len));
        }
        Reply::Array(parts)
    }
}
