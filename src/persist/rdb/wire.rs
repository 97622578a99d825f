//! The two things that all of RDB is made of: lengths and strings.
//!
//! ```text
//! length   00NNNNNN                           up to 63
//!          01NNNNNN  NNNNNNNN                 up to 16383, the high bits first
//!          10000000  u32 BE                   up to 4294967295
//!          10000001  u64 BE
//! string   length  byte ...
//!          11000000  i8                       a number, meaning its decimal digits
//!          11000001  i16 LE
//!          11000010  i32 LE
//!          11000011  length compressed  length original  LZF byte ...
//! ```

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::lzf::{self, Compressor};
use crate::types::number::parse_i64;

/// What was expected and did not stand there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// The bytes end too early.
    Truncated,
    Malformed(&'static str),
}

/// proto-max-bulk-len of Redis: no client could have stored a longer string, and a few bytes of LZF
/// could claim to be one.
const MAX_STRING_BYTES: u64 = 512 * 1024 * 1024;

const AS_I8: u8 = 0;
const AS_I16: u8 = 1;
const AS_I32: u8 = 2;
const AS_LZF: u8 = 3;
/// The top bits of a byte that says how a string is stored, where a length could stand.
const SPECIAL: u8 = 0xc0;

/// `-2147483648`: the longest text that a number of 32 bits can be.
const MAX_NUMBER_BYTES: usize = 11;

pub fn ensure(holds: bool, otherwise: Broken) -> Result<(), Broken> {
    match holds {
        true => Ok(()),
        false => Err(otherwise),
    }
}

enum Length {
    Of(u64),
    Special(u8),
}

/// Bytes that are read from the front. Nothing is reserved for a length that is only claimed.
#[derive(Debug, Clone)]
pub struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    pub fn new(bytes: &'a [u8]) -> Input<'a> {
        Input { bytes, at: 0 }
    }

    /// How many bytes were read.
    pub fn at(&self) -> usize {
        self.at
    }

    pub fn before(&self) -> &'a [u8] {
        &self.bytes[..self.at]
    }

    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    pub fn u8(&mut self) -> Result<u8, Broken> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let bytes = self.rest().first_chunk().ok_or(Broken::Truncated)?;
        self.at += N;
        Ok(*bytes)
    }

    pub fn take(&mut self, length: u64) -> Result<&'a [u8], Broken> {
        let length = usize::try_from(length).map_err(|_| Broken::Truncated)?;
        let bytes = self.rest().get(..length).ok_or(Broken::Truncated)?;
        self.at += length;
        Ok(bytes)
    }

    pub fn length(&mut self) -> Result<u64, Broken> {
        match self.length_or_special()? {
            Length::Of(length) => Ok(length),
            Length::Special(_) => Err(Broken::Malformed("a string where a length was expected")),
        }
    }

    /// A string; a number comes as its digits.
    pub fn string(&mut self) -> Result<Cow<'a, [u8]>, Broken> {
        let number = match self.length_or_special()? {
            Length::Of(length) => return Ok(Cow::Borrowed(self.take(bounded(length)?)?)),
            Length::Special(AS_LZF) => return Ok(Cow::Owned(self.compressed()?)),
            Length::Special(AS_I8) => i64::from(i8::from_le_bytes(self.array()?)),
            Length::Special(AS_I16) => i64::from(i16::from_le_bytes(self.array()?)),
            Length::Special(AS_I32) => i64::from(i32::from_le_bytes(self.array()?)),
            Length::Special(_) => return Err(Broken::Malformed("an unknown form of string")),
        };
        Ok(Cow::Owned(itoa::Buffer::new().format(number).into()))
    }

    fn compressed(&mut self) -> Result<Vec<u8>, Broken> {
        let compressed_length = self.length()?;
        let length = bounded(self.length()?)?;
        let compressed = self.take(compressed_length)?;
        lzf::decompress(compressed, length as usize)
            .ok_or(Broken::Malformed("a bad compressed string"))
    }

    fn length_or_special(&mut self) -> Result<Length, Broken> {
        let first = self.u8()?;
        Ok(match first >> 6 {
            0 => Length::Of(u64::from(first)),
            1 => Length::Of(u64::from(first & 0x3f) << 8 | u64::from(self.u8()?)),
            2 => match first {
                0x80 => Length::Of(u64::from(u32::from_be_bytes(self.array()?))),
                0x81 => Length::Of(u64::from_be_bytes(self.array()?)),
                _ => return Err(Broken::Malformed("an unknown form of length")),
            },
            _ => Length::Special(first & 0x3f),
        })
    }
}

fn bounded(length: u64) -> Result<u64, Broken> {
    let too_long = Broken::Malformed("a string longer than 512 MiB");
    ensure(length <= MAX_STRING_BYTES, too_long)?;
    Ok(length)
}

pub fn write_length(length: u64, out: &mut Vec<u8>) {
    match length {
        0..=0x3f => out.push(length as u8),
        0x40..=0x3fff => out.extend_from_slice(&(0x4000 | length as u16).to_be_bytes()),
        0x4000..=0xffff_ffff => {
            out.push(0x80);
            out.extend_from_slice(&(length as u32).to_be_bytes());
        }
        _ => {
            out.push(0x81);
            out.extend_from_slice(&length.to_be_bytes());
        }
    }
}

/// Writes a string in its shortest form: as a number, compressed, or as it is.
pub fn write_string(bytes: &[u8], compressor: &mut Compressor, out: &mut Vec<u8>) {
    if bytes.len() <= MAX_NUMBER_BYTES
        && let Some(number) = parse_i64(bytes)
        && write_small_number(number, out)
    {
        return;
    }
    if let Some(compressed) = compressor.compress(bytes) {
        out.push(SPECIAL | AS_LZF);
        write_length(compressed.len() as u64, out);
        write_length(bytes.len() as u64, out);
        return out.extend_from_slice(compressed);
    }
    write_length(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Writes a string that is the decimal digits of a number.
pub fn write_number(number: i64, out: &mut Vec<u8>) {
    if !write_small_number(number, out) {
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(number).as_bytes();
        write_length(digits.len() as u64, out);
        out.extend_from_slice(digits);
    }
}

/// Numbers of up to 32 bits have a form of their own; says whether it could be used.
fn write_small_number(number: i64, out: &mut Vec<u8>) -> bool {
    if let Ok(number) = i8::try_from(number) {
        out.push(SPECIAL | AS_I8);
        out.extend_from_slice(&number.to_le_bytes());
    } else if let Ok(number) = i16::try_from(number) {
        out.push(SPECIAL | AS_I16);
        out.extend_from_slice(&number.to_le_bytes());
    } else if let Ok(number) = i32::try_from(number) {
        out.push(SPECIAL | AS_I32);
        out.extend_from_slice(&number.to_le_bytes());
    } else {
        return false;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_shortest_form_and_come_back() {
        let cases = [
            (0, 1),
            (63, 1),
            (64, 2),
            (16_383, 2),
            (16_384, 5),
            (u64::from(u32::MAX), 5),
            (u64::from(u32::MAX) + 1, 9),
            (u64::MAX, 9),
        ];
        for (length, bytes) in cases {
            let mut out = Vec::new();
            write_length(length, &mut out);
            assert_eq!(out.len(), bytes, "{length}");
            assert_eq!(Input::new(&out).length(), Ok(length));
        }
    }

    #[test]
    fn strings_take_the_shortest_form_and_come_back() {
        let cases: [(&[u8], usize); 14] = [
            (b"", 1),
            (b"abc", 4),
            (b"0", 2),
            (b"-128", 2),
            (b"128", 3),
            (b"-32768", 3),
            (b"32768", 5),
            (b"-2147483648", 5),
            (b"2147483648", 11),
            (b"007", 4),
            (b"-0", 3),
            (b"+1", 3),
            (&[b'x'; 20], 21),
            (&[b'x'; 21], 8),
        ];
        for (bytes, length) in cases {
            let mut out = Vec::new();
            write_string(bytes, &mut Compressor::default(), &mut out);
            assert_eq!(out.len(), length, "{}", bytes.escape_ascii());
            assert_eq!(Input::new(&out).string().as_deref(), Ok(bytes));
        }
    }

    #[test]
    fn numbers_are_strings_of_their_digits() {
        for number in [0, -1, 1 << 20, i64::MIN, i64::MAX] {
            let mut out = Vec::new();
            write_number(number, &mut out);
            let text = number.to_string();
            assert_eq!(Input::new(&out).string().as_deref(), Ok(text.as_bytes()));
        }
    }

    #[test]
    fn a_claimed_length_is_not_believed() {
        let huge_string = [&[0x81][..], &[0xff; 8], b"abc"].concat();
        assert!(Input::new(&huge_string).string().is_err());
        let long_string = [&[0x80][..], &[1, 0, 0, 0], b"abc"].concat();
        assert_eq!(Input::new(&long_string).string(), Err(Broken::Truncated));
        let huge_original = [&[0xc3, 3, 0x81][..], &[0xff; 8], b"\x01ab"].concat();
        assert!(Input::new(&huge_original).string().is_err());
    }
}
