//! Requests from bytes: arrays of bulk strings, and lines typed by hand.
//!
//! ```text
//! *2\r\n  $3\r\nGET\r\n  $1\r\nk\r\n      an array of two bulk strings
//! GET k\r\n                               the same, inline
//! ```
//!
//! Nothing is believed before it has arrived: a length says how far to read, never how much to
//! reserve. Bytes are copied once, into the buffer, and arguments are ranges of it. A request that
//! is still incomplete when its beginning was read is taken up where it was left, not from its start.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use super::split_arguments;
use crate::error::Error;

/// What a client may send. The defaults are Redis's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// proto-max-bulk-len: the bytes of one argument.
    pub max_argument_bytes: usize,
    pub max_arguments: usize,
    /// The bytes of an inline request, and of a line that holds a length.
    pub max_line_bytes: usize,
    /// client-query-buffer-limit: the bytes of a whole request.
    pub max_request_bytes: usize,
    /// Before AUTH a client may send 10 arguments of 16 KiB: as much as AUTH and HELLO need.
    pub authenticated: bool,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            max_argument_bytes: 512 * 1024 * 1024,
            max_arguments: 1024 * 1024,
            max_line_bytes: 64 * 1024,
            max_request_bytes: 1024 * 1024 * 1024,
            authenticated: true,
        }
    }
}

impl Bounds {
    /// Whether a request of short lengths (see `read_short_length`) is within all of them.
    fn allow_short(&self) -> bool {
        const LENGTH_MAX: usize = 99;
        const REQUEST_MAX_BYTES: usize = (LENGTH_MAX + 1) * (LENGTH_MAX + "$99\r\n\r\n".len());
        self.authenticated
            && self.max_arguments >= LENGTH_MAX
            && self.max_argument_bytes >= LENGTH_MAX
            && self.max_request_bytes >= REQUEST_MAX_BYTES
    }
}

const MAX_ARGUMENTS_BEFORE_AUTH: usize = 10;
const MAX_ARGUMENT_BYTES_BEFORE_AUTH: usize = 16 * 1024;

/// A buffer that grew past this for a large request is given back after it.
const KEPT_BUFFER_BYTES: usize = 64 * 1024;

/// So many arguments are lent from the stack.
const FEW_ARGUMENTS: usize = 8;

/// Why a client cannot be understood. It is told, and then the connection is closed: what follows
/// in the stream has no meaning any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProtocolError {
    InvalidArrayLength,
    InvalidBulkLength,
    UnauthenticatedArrayLength,
    UnauthenticatedBulkLength,
    ExpectedBulk { got: u8 },
    TooBigArrayLine,
    TooBigBulkLine,
    TooBigInline,
    TooBigRequest,
    UnbalancedQuotes,
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            ProtocolError::InvalidArrayLength => "invalid multibulk length",
            ProtocolError::InvalidBulkLength => "invalid bulk length",
            ProtocolError::UnauthenticatedArrayLength => "unauthenticated multibulk length",
            ProtocolError::UnauthenticatedBulkLength => "unauthenticated bulk length",
            ProtocolError::ExpectedBulk { got } => {
                let got = char::from(*got);
                return write!(f, "ERR Protocol error: expected '$', got '{got}'");
            }
            ProtocolError::TooBigArrayLine => "too big mbulk count string",
            ProtocolError::TooBigBulkLine => "too big bulk count string",
            ProtocolError::TooBigInline => "too big inline request",
            ProtocolError::TooBigRequest => "too big request",
            ProtocolError::UnbalancedQuotes => "unbalanced quotes in request",
        };
        write!(f, "ERR Protocol error: {text}")
    }
}

impl core::error::Error for ProtocolError {}

impl From<ProtocolError> for Error {
    fn from(error: ProtocolError) -> Error {
        Error::SaidOf(error.to_string())
    }
}

/// The arguments of one request, the first being the command's name. Never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argv<'a> {
    bytes: &'a [u8],
    ranges: &'a [Range<usize>],
}

impl<'a> Argv<'a> {
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        let range = self.ranges.get(index)?;
        Some(&self.bytes[range.clone()])
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        let bytes = self.bytes;
        self.ranges.iter().map(move |range| &bytes[range.clone()])
    }

    /// Lends the arguments as slices: nearly every request has few, and costs no allocation.
    pub fn with_slices<R>(&self, act: impl FnOnce(&[&[u8]]) -> R) -> R {
        let mut few = [[].as_slice(); FEW_ARGUMENTS];
        if let Some(slices) = few.get_mut(..self.len()) {
            for (slice, argument) in slices.iter_mut().zip(self.iter()) {
                *slice = argument;
            }
            return act(slices);
        }
        act(&self.iter().collect::<Vec<_>>())
    }

    pub fn to_vecs(&self) -> Vec<Vec<u8>> {
        self.iter().map(<[u8]>::to_vec).collect()
    }
}

/// Takes requests out of a stream of bytes that arrives in pieces of any size.
///
/// Each byte is looked at twice at most, however the stream is cut. After an error it answers that error
/// for ever.
#[derive(Debug, Default)]
pub struct Parser {
    bounds: Bounds,
    /// What arrived: requests already taken, those read ahead, then the one being read, then more.
    buffer: Vec<u8>,
    /// Where the request being read begins in `buffer`.
    start: usize,
    /// How far the request is understood, counted from `start`.
    at: usize,
    /// No line ends before here, counted from `start`.
    scanned: usize,
    stage: Stage,
    /// Whole requests, of which so many were taken.
    whole: Vec<Whole>,
    taken: usize,
    /// The arguments of those, then of the request being read.
    arguments: Vec<Range<usize>>,
    /// The arguments of inline requests without their quotes, one after the other.
    unquoted: Vec<u8>,
}

/// What a line that was typed came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inline {
    Empty,
    Words,
}

/// Where a whole request lies.
#[derive(Debug)]
struct Whole {
    /// Where it begins in the buffer.
    start: usize,
    /// Its arguments end here among all.
    arguments_end: usize,
    /// Whether they lie in `unquoted`, not in the buffer.
    is_unquoted: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Start,
    /// So many arguments are missing, and the length of the next comes now.
    Length {
        missing: usize,
    },
    /// The bytes of an argument come now.
    Bytes {
        missing: usize,
        length: usize,
    },
    Broken(ProtocolError),
}

impl Parser {
    pub fn new(bounds: Bounds) -> Parser {
        Parser {
            bounds,
            ..Parser::default()
        }
    }

    /// For AUTH and CONFIG SET, which change what a client may send.
    pub fn bounds_mut(&mut self) -> &mut Bounds {
        &mut self.bounds
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        self.input().extend_from_slice(bytes);
    }

    /// The buffer, for a host that can read right into it. It may only be appended to.
    pub fn input(&mut self) -> &mut Vec<u8> {
        self.drop_taken();
        &mut self.buffer
    }

    /// Bytes that have arrived and are not taken yet.
    pub fn pending_bytes(&self) -> usize {
        let next = self.whole.get(self.taken);
        self.buffer.len() - next.map_or(self.start, |whole| whole.start)
    }

    /// The next whole request, or `None` until more has arrived.
    ///
    /// Empty requests (`*0`, an empty line) are skipped, as Redis does.
    pub fn take(&mut self) -> Result<Option<Argv<'_>>, ProtocolError> {
        if !self.has_ahead() {
            self.read_ahead(1);
        }
        if self.has_ahead() {
            self.taken += 1;
            return Ok(Some(self.argv(self.taken - 1)));
        }
        match self.stage {
            Stage::Broken(error) => Err(error),
            _ => Ok(None),
        }
    }

    /// Reads so many requests at most that `take` will hand out, as far as they have arrived, where none is left of
    /// those before. Before AUTH it is one: the next may be bounded otherwise.
    pub fn read_ahead(&mut self, most: usize) {
        self.drop_taken();
        let most = if self.bounds.authenticated { most } else { 1 };
        while self.whole.len() < most {
            if self.take_short_request() {
                continue;
            }
            match self.advance() {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    self.stage = Stage::Broken(error);
                    break;
                }
            }
        }
    }

    /// Whether a request was read that is not taken yet.
    pub fn has_ahead(&self) -> bool {
        self.taken < self.whole.len()
    }

    /// The requests that were read and are not taken yet.
    pub fn ahead(&self) -> impl ExactSizeIterator<Item = Argv<'_>> + Clone {
        (self.taken..self.whole.len()).map(|at| self.argv(at))
    }

    /// Takes so many of these as `take` does.
    pub fn skip(&mut self, requests: usize) {
        debug_assert!(requests <= self.whole.len() - self.taken);
        self.taken += requests;
    }

    fn argv(&self, at: usize) -> Argv<'_> {
        let whole = &self.whole[at];
        let before = at.checked_sub(1).map(|before| &self.whole[before]);
        let start = before.map_or(0, |whole| whole.arguments_end);
        Argv {
            bytes: if whole.is_unquoted {
                &self.unquoted
            } else {
                &self.buffer
            },
            ranges: &self.arguments[start..whole.arguments_end],
        }
    }

    /// Reads a request that has arrived whole and whose lengths are short, as nearly all are: the short way to what
    /// `advance` comes to. False where nothing has happened.
    fn take_short_request(&mut self) -> bool {
        if self.stage != Stage::Start || !self.bounds.allow_short() {
            return false;
        }
        let before = self.arguments.len();
        let Some(end) = read_short_request(&self.buffer, self.start, &mut self.arguments) else {
            self.arguments.truncate(before);
            return false;
        };
        self.at = end - self.start;
        self.end_request(false);
        true
    }

    /// Reads on until a further request is whole; false where the bytes end before.
    fn advance(&mut self) -> Result<bool, ProtocolError> {
        loop {
            let progress = match self.stage {
                Stage::Start if self.request().is_empty() => None,
                Stage::Start if self.request()[0] == b'*' => self.read_array_length()?,
                Stage::Start => {
                    let read = self.read_inline()?;
                    if read == Some(Inline::Words) {
                        self.end_request(true);
                        return Ok(true);
                    }
                    read.map(|_| ())
                }
                Stage::Length { missing: 0 } => {
                    self.end_request(false);
                    return Ok(true);
                }
                Stage::Length { missing } => self.read_bulk_length(missing)?,
                Stage::Bytes { missing, length } => self.read_bytes(missing, length),
                Stage::Broken(error) => return Err(error),
            };
            if progress.is_none() {
                return Ok(false);
            }
        }
    }

    /// The bytes of the request being read, and what follows it.
    fn request(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    fn read_array_length(&mut self) -> Result<Option<()>, ProtocolError> {
        let length = match self.take_short_length(b'*') {
            Some(length) => length,
            None => {
                let line = self.take_length_line(ProtocolError::TooBigArrayLine)?;
                let Some((_, digits)) = line else {
                    return Ok(None);
                };
                let length = parse_length(&self.request()[digits])
                    .ok_or(ProtocolError::InvalidArrayLength)?;
                // A negative count is an empty request.
                usize::try_from(length.max(0)).unwrap_or(usize::MAX)
            }
        };
        if length > self.bounds.max_arguments {
            return Err(ProtocolError::InvalidArrayLength);
        }
        if !self.bounds.authenticated && length > MAX_ARGUMENTS_BEFORE_AUTH {
            return Err(ProtocolError::UnauthenticatedArrayLength);
        }
        if length == 0 {
            self.next_request();
        } else {
            self.stage = Stage::Length { missing: length };
        }
        Ok(Some(()))
    }

    fn read_bulk_length(&mut self, missing: usize) -> Result<Option<()>, ProtocolError> {
        let length = match self.take_short_length(b'$') {
            Some(length) => length,
            None => {
                let line = self.take_length_line(ProtocolError::TooBigBulkLine)?;
                let Some((got, digits)) = line else {
                    return Ok(None);
                };
                if got != b'$' {
                    return Err(ProtocolError::ExpectedBulk { got });
                }
                parse_length(&self.request()[digits])
                    .and_then(|length| usize::try_from(length).ok())
                    .ok_or(ProtocolError::InvalidBulkLength)?
            }
        };
        if length > self.bounds.max_argument_bytes {
            return Err(ProtocolError::InvalidBulkLength);
        }
        if !self.bounds.authenticated && length > MAX_ARGUMENT_BYTES_BEFORE_AUTH {
            return Err(ProtocolError::UnauthenticatedBulkLength);
        }
        if self.at.saturating_add(length) > self.bounds.max_request_bytes {
            return Err(ProtocolError::TooBigRequest);
        }
        self.stage = Stage::Bytes { missing, length };
        Ok(Some(()))
    }

    fn read_bytes(&mut self, missing: usize, length: usize) -> Option<()> {
        // Redis does not look at the two bytes after an argument either.
        let end = self.at + length;
        if self.request().len() < end + 2 {
            return None;
        }
        self.arguments.push(self.start + self.at..self.start + end);
        self.at = end + 2;
        self.scanned = self.at;
        self.stage = Stage::Length {
            missing: missing - 1,
        };
        Some(())
    }

    /// Takes a whole line of few digits: the short way to what `take_length_line` and `parse_length` come to.
    fn take_short_length(&mut self, kind: u8) -> Option<usize> {
        let (length, taken) = read_short_length(&self.buffer[self.start + self.at..], kind)?;
        self.at += taken;
        self.scanned = self.at;
        Some(length)
    }

    /// Takes a line like `$3\r\n`: its first byte, and where its digits lie.
    fn take_length_line(
        &mut self,
        too_big: ProtocolError,
    ) -> Result<Option<(u8, Range<usize>)>, ProtocolError> {
        let Some(end) = self.find_line_end(b'\r', too_big)? else {
            return Ok(None);
        };
        if self.request().len() < end + 2 {
            return Ok(None);
        }
        let kind = self.request()[self.at];
        let digits = self.at + 1..end.max(self.at + 1);
        self.at = end + 2;
        self.scanned = self.at;
        Ok(Some((kind, digits)))
    }

    /// Reads a line of words into `unquoted`.
    fn read_inline(&mut self) -> Result<Option<Inline>, ProtocolError> {
        let Some(end) = self.find_line_end(b'\n', ProtocolError::TooBigInline)? else {
            return Ok(None);
        };
        let line = &self.request()[..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let words = split_arguments(line).ok_or(ProtocolError::UnbalancedQuotes)?;
        self.at = end + 1;
        if words.is_empty() {
            self.next_request();
            return Ok(Some(Inline::Empty));
        }
        for word in words {
            let start = self.unquoted.len();
            self.unquoted.extend_from_slice(&word);
            self.arguments.push(start..self.unquoted.len());
        }
        Ok(Some(Inline::Words))
    }

    /// Where the line ends, looking only at what no earlier call has looked at. The bound holds
    /// whether or not the end has arrived, so that it does not depend on how the stream is cut.
    fn find_line_end(
        &mut self,
        end: u8,
        too_big: ProtocolError,
    ) -> Result<Option<usize>, ProtocolError> {
        let request = &self.buffer[self.start..];
        let found = request[self.scanned..].iter().position(|byte| *byte == end);
        let found = found.map(|offset| self.scanned + offset);
        let line_bytes = found.unwrap_or(request.len()) - self.at;
        if line_bytes > self.bounds.max_line_bytes {
            return Err(too_big);
        }
        self.scanned = found.unwrap_or(request.len());
        Ok(found)
    }

    fn end_request(&mut self, is_unquoted: bool) {
        self.whole.push(Whole {
            start: self.start,
            arguments_end: self.arguments.len(),
            is_unquoted,
        });
        self.next_request();
    }

    fn next_request(&mut self) {
        self.start += self.at;
        self.at = 0;
        self.scanned = 0;
        self.stage = Stage::Start;
    }

    /// Forgets the requests that were taken, once all are.
    fn drop_taken(&mut self) {
        if self.has_ahead() {
            return;
        }
        if let Some(last) = self.whole.last() {
            self.arguments.drain(..last.arguments_end);
            self.unquoted.clear();
            self.whole.clear();
            self.taken = 0;
        }
        self.compact();
    }

    /// Gives back the room of what was taken, once that is most of the buffer: a byte is moved
    /// at most once for each time it is read.
    fn compact(&mut self) {
        if self.start == 0 || self.start * 2 < self.buffer.len() {
            return;
        }
        self.buffer.drain(..self.start);
        for argument in &mut self.arguments {
            *argument = argument.start - self.start..argument.end - self.start;
        }
        self.start = 0;
        if self.buffer.capacity() > KEPT_BUFFER_BYTES {
            self.buffer.shrink_to(KEPT_BUFFER_BYTES);
        }
        let kept_arguments = KEPT_BUFFER_BYTES / size_of::<Range<usize>>();
        self.arguments.shrink_to(kept_arguments);
        self.unquoted.shrink_to(KEPT_BUFFER_BYTES);
    }
}

/// A line of one or two digits, as nearly all lengths are, and what it takes.
#[inline]
fn read_short_length(bytes: &[u8], kind: u8) -> Option<(usize, usize)> {
    let value = |digit: u8| usize::from(digit - b'0');
    match *bytes {
        [first, ones @ b'0'..=b'9', b'\r', b'\n', ..] if first == kind => Some((value(ones), 4)),
        [
            first,
            tens @ b'1'..=b'9',
            ones @ b'0'..=b'9',
            b'\r',
            b'\n',
            ..,
        ] if first == kind => Some((value(tens) * 10 + value(ones), 5)),
        _ => None,
    }
}

/// Puts the arguments of the request that begins at `start` at the end of a list, and gives where it ends; nothing where it
/// is empty, or has not arrived, or is not of short lengths. The list may be longer then.
fn read_short_request(
    bytes: &[u8],
    start: usize,
    arguments: &mut Vec<Range<usize>>,
) -> Option<usize> {
    let (count, taken) = read_short_length(&bytes[start..], b'*')?;
    let mut at = start + taken;
    for _ in 0..count {
        let (length, taken) = read_short_length(&bytes[at..], b'$')?;
        let end = at + taken + length;
        // Redis does not look at the two bytes after an argument either.
        if bytes.len() < end + 2 {
            return None;
        }
        arguments.push(at + taken..end);
        at = end + 2;
    }
    (count > 0).then_some(at)
}

/// A length as Redis reads it: an optional minus, no plus, no leading zeros.
fn parse_length(digits: &[u8]) -> Option<i64> {
    let (negative, magnitude) = match digits {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, digits),
    };
    let canonical = match magnitude {
        [] => false,
        [b'0'] => !negative,
        [b'0', ..] => false,
        _ => magnitude.iter().all(u8::is_ascii_digit),
    };
    if !canonical {
        return None;
    }
    core::str::from_utf8(digits).ok()?.parse().ok()
}
