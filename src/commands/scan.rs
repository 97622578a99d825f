//! What SCAN, HSCAN, SSCAN and ZSCAN have in common: a cursor, a pattern and a step.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::args::{Args, amount};
use crate::db::glob;
use crate::error::{Error, Result};
use crate::reply::Reply;
use crate::types::number;

/// The arguments after the key.
pub(super) struct Scan<'a> {
    pub cursor: u64,
    /// About how many elements to look at.
    pub count: usize,
    pattern: Option<&'a [u8]>,
}

/// Elements looked at where COUNT says nothing.
const COUNT: usize = 10;

impl<'a> Scan<'a> {
    /// Reads the cursor. Where there is no such key, Redis answers before it looks at the options.
    pub fn begin(args: &mut Args<'a>) -> Result<Scan<'a>> {
        Ok(Scan {
            cursor: Scan::cursor(args)?,
            count: COUNT,
            pattern: None,
        })
    }

    /// Reads `[MATCH pattern] [COUNT count]`; `other` may take what else a command knows.
    pub fn options(
        &mut self,
        args: &mut Args<'a>,
        mut other: impl FnMut(&mut Args<'a>) -> Result<bool>,
    ) -> Result<()> {
        while !args.is_done() {
            if args.left() >= 2 && args.word("COUNT") {
                let count = args.int_in(1..=i64::MAX, Error::Syntax)?;
                self.count = amount(count.unsigned_abs());
            } else if args.left() >= 2 && args.word("MATCH") {
                self.pattern = Some(args.bytes()?);
            } else if !other(args)? {
                return Err(Error::Syntax);
            }
        }
        Ok(())
    }

    /// Redis's words for a cursor that is none: any unsigned 64-bit number may be one.
    fn cursor(args: &mut Args) -> Result<u64> {
        let text = args.bytes()?;
        let digits = core::str::from_utf8(text)
            .ok()
            .filter(|text| !text.starts_with('+'));
        let cursor = digits.and_then(|digits| digits.parse().ok());
        // What is read as a number by Redis, though not by `parse`: leading zeros are the same.
        cursor
            .or_else(|| number::parse_i64(text).map(|negative| negative as u64))
            .ok_or(Error::Said("ERR invalid cursor"))
    }

    pub fn wants(&self, name: &[u8]) -> bool {
        self.pattern
            .is_none_or(|pattern| glob::matches(pattern, name))
    }

    /// The cursor to go on with, and what was found.
    pub fn reply(next: u64, found: Vec<Reply>) -> Reply {
        Reply::Array(vec![Reply::bulk(next.to_string()), Reply::Array(found)])
    }
}
