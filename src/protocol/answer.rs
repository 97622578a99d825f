//! Replies from bytes, as a client reads them: all of RESP2 and RESP3.
//!
//! A `Reply` is what a command means, an `Answer` is what went over the wire; the second cannot
//! tell a score from a bulk string where the protocol could not.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Deeper nesting is refused, so that a hostile peer cannot exhaust the stack.
const MAX_DEPTH: usize = 128;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Text is kept as bytes: nothing on the wire says that it is UTF-8.
    Simple(Vec<u8>),
    Error(Vec<u8>),
    Integer(i64),
    /// In the peer's digits.
    Double(String),
    BigNumber(String),
    Bulk(Vec<u8>),
    Verbatim {
        format: [u8; 3],
        text: Vec<u8>,
    },
    /// `_`, `$-1` and `*-1`.
    Null,
    Boolean(bool),
    Array(Vec<Answer>),
    Map(Vec<(Answer, Answer)>),
    Set(Vec<Answer>),
    Push(Vec<Answer>),
}

/// The peer does not speak RESP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Where in the bytes.
    pub at: usize,
    pub what: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed reply at byte {}: {}", self.at, self.what)
    }
}

impl core::error::Error for Malformed {}

impl Answer {
    /// The first answer in `bytes` and how many bytes it took, or `None` where it is not whole yet.
    ///
    /// Starts from the front each time, so a caller with a long answer should wait for more than a
    /// byte. Attributes are skipped.
    pub fn read(bytes: &[u8]) -> Result<Option<(Answer, usize)>, Malformed> {
        let mut reader = Reader { bytes, at: 0 };
        match reader.answer(0) {
            Ok(answer) => Ok(Some((answer, reader.at))),
            Err(Stop::Incomplete) => Ok(None),
            Err(Stop::Malformed(malformed)) => Err(malformed),
        }
    }
}

enum Stop {
    Incomplete,
    Malformed(Malformed),
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn answer(&mut self, depth: usize) -> Result<Answer, Stop> {
        if depth > MAX_DEPTH {
            return Err(self.malformed("nested too deeply"));
        }
        let line = self.line()?;
        let Some((kind, rest)) = line.split_first() else {
            return Err(self.malformed("an empty line"));
        };
        Ok(match kind {
            b'+' => Answer::Simple(rest.to_vec()),
            b'-' => Answer::Error(rest.to_vec()),
            b':' => Answer::Integer(self.number(rest)?),
            b',' => Answer::Double(self.text(rest)?),
            b'(' => Answer::BigNumber(self.text(rest)?),
            b'_' => Answer::Null,
            b'#' => match rest {
                b"t" => Answer::Boolean(true),
                b"f" => Answer::Boolean(false),
                _ => return Err(self.malformed("neither true nor false")),
            },
            b'$' => match self.length(rest)? {
                None => Answer::Null,
                Some(length) => Answer::Bulk(self.take(length)?.to_vec()),
            },
            b'!' => Answer::Error(self.bytes_of(rest)?.to_vec()),
            b'=' => match self.bytes_of(rest)? {
                [a, b, c, b':', text @ ..] => Answer::Verbatim {
                    format: [*a, *b, *c],
                    text: text.to_vec(),
                },
                _ => return Err(self.malformed("verbatim text without its format")),
            },
            b'*' => match self.length(rest)? {
                None => Answer::Null,
                Some(length) => Answer::Array(self.answers(length, depth)?),
            },
            b'~' => Answer::Set(self.aggregate(rest, depth)?),
            b'>' => Answer::Push(self.aggregate(rest, depth)?),
            b'%' => Answer::Map(self.pairs(rest, depth)?),
            b'|' => {
                self.pairs(rest, depth)?;
                self.answer(depth + 1)?
            }
            _ => return Err(self.malformed("an unknown type")),
        })
    }

    fn aggregate(&mut self, digits: &[u8], depth: usize) -> Result<Vec<Answer>, Stop> {
        let length = self.known_length(digits)?;
        self.answers(length, depth)
    }

    /// Nothing is reserved for a length that is only claimed.
    fn answers(&mut self, length: usize, depth: usize) -> Result<Vec<Answer>, Stop> {
        (0..length)
            .map(|_| self.answer(depth + 1))
            .collect::<Result<_, _>>()
    }

    fn pairs(&mut self, digits: &[u8], depth: usize) -> Result<Vec<(Answer, Answer)>, Stop> {
        let length = self.known_length(digits)?;
        let mut pairs = Vec::new();
        for _ in 0..length {
            pairs.push((self.answer(depth + 1)?, self.answer(depth + 1)?));
        }
        Ok(pairs)
    }

    fn line(&mut self) -> Result<&'a [u8], Stop> {
        let rest = &self.bytes[self.at..];
        let end = rest.windows(2).position(|pair| pair == b"\r\n");
        let end = end.ok_or(Stop::Incomplete)?;
        self.at += end + 2;
        Ok(&rest[..end])
    }

    fn bytes_of(&mut self, digits: &[u8]) -> Result<&'a [u8], Stop> {
        let length = self.known_length(digits)?;
        self.take(length)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Stop> {
        let rest = &self.bytes[self.at..];
        match rest.get(length..).and_then(|after| after.get(..2)) {
            None => Err(Stop::Incomplete),
            Some(b"\r\n") => {
                self.at += length + 2;
                Ok(&rest[..length])
            }
            Some(_) => Err(self.malformed("bytes past the length of a string")),
        }
    }

    /// `None` for the -1 with which RESP2 says null.
    fn length(&self, digits: &[u8]) -> Result<Option<usize>, Stop> {
        match self.number(digits)? {
            -1 => Ok(None),
            number => match usize::try_from(number) {
                Ok(length) => Ok(Some(length)),
                Err(_) => Err(self.malformed("a length below zero")),
            },
        }
    }

    fn known_length(&self, digits: &[u8]) -> Result<usize, Stop> {
        self.length(digits)?
            .ok_or_else(|| self.malformed("a length below zero"))
    }

    fn number(&self, digits: &[u8]) -> Result<i64, Stop> {
        let text = self.text(digits)?;
        text.parse().map_err(|_| self.malformed("not a number"))
    }

    fn text(&self, bytes: &[u8]) -> Result<String, Stop> {
        let text = core::str::from_utf8(bytes).map_err(|_| self.malformed("not a number"))?;
        Ok(text.to_owned())
    }

    fn malformed(&self, what: &'static str) -> Stop {
        Stop::Malformed(Malformed { at: self.at, what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[u8] = b"%2\r\n+a\r\n*3\r\n:-1\r\n,1.5\r\n(123\r\n$3\r\na\r\n\r\n~3\r\n#t\r\n_\r\n>1\r\n=5\r\ntxt:x\r\n";

    #[test]
    fn every_type_is_read() {
        let (answer, used) = Answer::read(ALL).unwrap().unwrap();
        let array = vec![
            Answer::Integer(-1),
            Answer::Double("1.5".into()),
            Answer::BigNumber("123".into()),
        ];
        let text = Answer::Verbatim {
            format: *b"txt",
            text: b"x".to_vec(),
        };
        let set = vec![
            Answer::Boolean(true),
            Answer::Null,
            Answer::Push(vec![text]),
        ];
        let pairs = vec![
            (Answer::Simple(b"a".to_vec()), Answer::Array(array)),
            (Answer::Bulk(b"a\r\n".to_vec()), Answer::Set(set)),
        ];
        assert_eq!((answer, used), (Answer::Map(pairs), ALL.len()));
    }

    #[test]
    fn an_answer_is_whole_only_with_its_last_byte() {
        for end in 0..ALL.len() {
            assert_eq!(Answer::read(&ALL[..end]), Ok(None), "cut at {end}");
        }
    }

    #[test]
    fn nulls_of_resp2_and_attributes_are_understood() {
        let read = |bytes: &[u8]| Answer::read(bytes).unwrap().unwrap().0;
        assert_eq!(read(b"$-1\r\n"), Answer::Null);
        assert_eq!(read(b"*-1\r\n"), Answer::Null);
        assert_eq!(read(b"|1\r\n+ttl\r\n:1\r\n:2\r\n"), Answer::Integer(2));
        assert_eq!(read(b"!5\r\nERR x\r\n"), Answer::Error(b"ERR x".to_vec()));
    }

    #[test]
    fn what_is_not_resp_is_an_error_and_hostile_nesting_too() {
        for bytes in [
            &b"?\r\n"[..],
            b"#x\r\n",
            b"\r\n",
            b":x\r\n",
            b"$-2\r\n",
            b"$1\r\nabc",
            b"=1\r\nx\r\n",
        ] {
            assert!(Answer::read(bytes).is_err(), "{}", bytes.escape_ascii());
        }
        assert!(Answer::read(&b"*1\r\n".repeat(100_000)).is_err());
    }
}
