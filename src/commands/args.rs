//! Reading the arguments of a call, one after the other.

use alloc::string::String;
#[cfg(any(feature = "lists", feature = "sorted-sets"))]
use alloc::vec::Vec;

#[cfg(any(feature = "lists", feature = "sorted-sets"))]
use crate::db::Key;
use crate::error::{Error, Result};
#[cfg(feature = "sorted-sets")]
use crate::types::Score;
use crate::types::number;

/// A cursor over the arguments of one call. Every reader fails in Redis's words; a function that
/// has read all it understands calls `end`.
pub struct Args<'a> {
    argv: &'a [&'a [u8]],
    at: usize,
}

impl<'a> Args<'a> {
    /// Starts behind the name, which is `words` long.
    pub fn new(argv: &'a [&'a [u8]], words: usize) -> Args<'a> {
        Args { argv, at: words }
    }

    /// The whole call, name included.
    pub fn argv(&self) -> &'a [&'a [u8]] {
        self.argv
    }

    /// The name of the command as it was called, in lower case, for errors that repeat it.
    pub fn command(&self) -> String {
        String::from_utf8_lossy(self.argv[0]).to_ascii_lowercase()
    }

    /// How many arguments are left.
    pub fn left(&self) -> usize {
        self.argv.len() - self.at
    }

    pub fn is_done(&self) -> bool {
        self.left() == 0
    }

    /// Fails with a syntax error where anything is left.
    pub fn end(&self) -> Result<()> {
        if self.is_done() {
            Ok(())
        } else {
            Err(Error::Syntax)
        }
    }

    /// The next argument, without taking it.
    #[inline(always)]
    pub fn peek(&self) -> Option<&'a [u8]> {
        self.argv.get(self.at).copied()
    }

    pub fn bytes(&mut self) -> Result<&'a [u8]> {
        // Not `ok_or`: an error that is not there would be made and dropped for every argument.
        let Some(argument) = self.peek() else {
            return Err(Error::Syntax);
        };
        self.at += 1;
        Ok(argument)
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [&'a [u8]] {
        let rest = &self.argv[self.at..];
        self.at = self.argv.len();
        rest
    }

    /// The next `count` arguments.
    pub fn take(&mut self, count: usize) -> Result<&'a [&'a [u8]]> {
        let end = self.at.checked_add(count).ok_or(Error::Syntax)?;
        let taken = self.argv.get(self.at..end).ok_or(Error::Syntax)?;
        self.at = end;
        Ok(taken)
    }

    pub fn int(&mut self) -> Result<i64> {
        number::parse_i64(self.bytes()?).ok_or(Error::NotAnInteger)
    }

    /// An integer within bounds, or the error given.
    pub fn int_in(
        &mut self,
        bounds: core::ops::RangeInclusive<i64>,
        otherwise: Error,
    ) -> Result<i64> {
        let value = self.int()?;
        if bounds.contains(&value) {
            Ok(value)
        } else {
            Err(otherwise)
        }
    }

    pub fn float(&mut self) -> Result<f64> {
        // Not `ok_or`, as above.
        match number::parse_f64(self.bytes()?) {
            Some(value) => Ok(value),
            None => Err(Error::NotAFloat),
        }
    }

    #[cfg(feature = "sorted-sets")]
    pub fn score(&mut self) -> Result<Score> {
        match Score::new(self.float()?) {
            Some(score) => Ok(score),
            None => Err(Error::NotAFloat),
        }
    }

    /// A database number, as SELECT takes it.
    pub fn db(&mut self, databases: u32) -> Result<u32> {
        let index = i32::try_from(self.int()?).map_err(|_| {
            Error::Said("ERR value is out of range, value must between -2147483648 and 2147483647")
        })?;
        u32::try_from(index)
            .ok()
            .filter(|index| *index < databases)
            .ok_or(Error::Said("ERR DB index is out of range"))
    }

    /// Takes the next argument if it is this word, in any case.
    pub fn word(&mut self, word: &str) -> bool {
        let found = self
            .peek()
            .is_some_and(|argument| argument.eq_ignore_ascii_case(word.as_bytes()));
        self.at += usize::from(found);
        found
    }

    /// `numkeys key [key ...]`, with the error that this command has for a bad count.
    pub fn numbered_keys(&mut self, bad_count: Error) -> Result<&'a [&'a [u8]]> {
        let count = self.int_in(1..=i64::MAX, bad_count)?;
        if count as u64 > self.left() as u64 {
            return Err(Error::Syntax);
        }
        self.take(amount(count.unsigned_abs()))
    }

    /// The timeout of a blocking command: seconds, 0 for ever. Answers the moment it ends.
    pub fn timeout(&mut self, now_ms: i64) -> Result<Option<i64>> {
        let not_a_timeout = Error::Said("ERR timeout is not a float or out of range");
        let seconds = number::parse_f64(self.bytes()?).ok_or(not_a_timeout.clone())?;
        if seconds < 0.0 {
            return Err(Error::Said("ERR timeout is negative"));
        }
        let wait_ms = ceiling(seconds * 1000.0);
        if seconds == 0.0 {
            return Ok(None);
        }
        let until_ms = now_ms.checked_add(wait_ms);
        until_ms
            .map(Some)
            .ok_or(Error::Said("ERR timeout is out of range"))
    }
}

/// The next integer, or the greatest there is. `f64::ceil` is in the standard library alone.
fn ceiling(value: f64) -> i64 {
    let below = value as i64;
    below.saturating_add(i64::from((below as f64) < value))
}

/// A number of elements as `usize`. With pointers of 32 bits the largest stands for all that are
/// greater: no collection holds as many.
pub fn amount(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Keys as the engine keeps them.
#[cfg(any(feature = "lists", feature = "sorted-sets"))]
pub fn owned(keys: &[&[u8]]) -> Vec<Key> {
    keys.iter().map(|&key| key.into()).collect()
}
