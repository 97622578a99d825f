//! Doubles as text, and the 80-bit arithmetic of INCRBYFLOAT: what `number` of the crate above has no shorter way for.
//!
//! A package of its own, as Cargo knows levels of optimization by package, and in the wasm this is to be small.

#![cfg_attr(not(test), no_std)]

#[macro_use]
extern crate alloc;

mod big;
mod decimal;
mod hex;
mod long_double;

pub use long_double::LongDouble;

use alloc::vec::Vec;

use decimal::Decimal;

/// Reads a double as Redis reads a score: decimal, with or without exponent, hexadecimal, `inf` and
/// `infinity` in any case. Refuses spaces, NaN, and what overflows to infinity or underflows to 0.
#[inline(never)]
pub fn parse_f64(text: &[u8]) -> Option<f64> {
    let value = convert(text)?;
    let spelled = spelling(text);
    let overflowed = value.is_infinite() && !spelled.infinite;
    let underflowed = value == 0.0 && spelled.nonzero;
    (!overflowed && !underflowed).then_some(value)
}

/// Reads a bound of a range of scores, the parenthesis taken off. Redis is laxer here than with a
/// score: it allows white space in front, takes no text at all for 0, stops at a NUL, and lets
/// overflow become infinity and underflow 0.
#[inline(never)]
pub fn parse_bound_f64(text: &[u8]) -> Option<f64> {
    let end = text.iter().position(|&byte| byte == 0);
    let text = &text[..end.unwrap_or(text.len())];
    if text.is_empty() {
        return Some(0.0);
    }
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let start = text.iter().position(|byte| !is_space(byte))?;
    convert(&text[start..])
}

/// What C's `strtod` makes of the whole text, but for NaN, which is refused.
fn convert(text: &[u8]) -> Option<f64> {
    if let Some(hexadecimal) = hex::Parsed::read(text) {
        return Some(hexadecimal.to_f64());
    }
    let (negative, unsigned) = sign(text);
    let magnitude = if is_infinity(unsigned) {
        f64::INFINITY
    } else {
        Decimal::read(unsigned)?.to_f64()
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// Takes the sign off; whether it is a minus.
fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    }
}

fn is_infinity(unsigned: &[u8]) -> bool {
    unsigned.eq_ignore_ascii_case(b"inf") || unsigned.eq_ignore_ascii_case(b"infinity")
}

/// What the text of a number says before any rounding.
struct Spelling {
    infinite: bool,
    nonzero: bool,
}

fn spelling(text: &[u8]) -> Spelling {
    let (_, unsigned) = sign(text);
    let (digits, exponent_marks): (&[u8], &[u8]) = match unsigned {
        [b'0', b'x' | b'X', rest @ ..] => (rest, b"pP"),
        rest => (rest, b"eE"),
    };
    Spelling {
        infinite: matches!(unsigned.first(), Some(b'i' | b'I')),
        nonzero: digits
            .iter()
            .take_while(|byte| !exponent_marks.contains(byte))
            .any(|byte| !matches!(byte, b'0' | b'.')),
    }
}

/// Puts the shortest text that reads back as the same double at the end of `out`: of one that is finite and not 0.
#[inline(never)]
pub fn write_shortest(out: &mut Vec<u8>, value: f64) {
    if value < 0.0 {
        out.push(b'-');
    }
    Shortest::of(value.abs()).write(out);
}

/// The fewest digits that name a double: 0.`digits` times ten to the `point`, no zero at either end.
struct Shortest {
    digits: [u8; 17],
    len: usize,
    /// Where the decimal point stands, counted from in front of the first digit.
    point: i32,
}

impl Shortest {
    /// `value` is finite and above zero.
    fn of(value: f64) -> Shortest {
        let mut buffer = ryu::Buffer::new();
        let text = buffer.format_finite(value);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let mut shortest = Shortest {
            digits: [0; 17],
            len: 0,
            point: exponent.parse().unwrap_or(0),
        };
        let mut after_point = false;
        for byte in mantissa.bytes() {
            match byte {
                b'.' => after_point = true,
                b'0' if shortest.len == 0 => shortest.point -= i32::from(after_point),
                digit => {
                    // Zeros past the 17th place only fill up a whole number.
                    if let Some(place) = shortest.digits.get_mut(shortest.len) {
                        *place = digit;
                        shortest.len += 1;
                    }
                    shortest.point += i32::from(!after_point);
                }
            }
        }
        while shortest.len > 1 && shortest.digits[shortest.len - 1] == b'0' {
            shortest.len -= 1;
        }
        shortest
    }

    /// When to use an exponent is the rule of fpconv, the printer that Redis took up in 7.2.
    fn write(&self, out: &mut Vec<u8>) {
        let digits = &self.digits[..self.len];
        let trailing = self.point - self.len as i32;
        let exponent = self.point - 1;
        if trailing >= 0 && exponent < self.len as i32 + 7 {
            out.extend_from_slice(digits);
            out.resize(out.len() + trailing as usize, b'0');
        } else if trailing < 0 && (trailing > -7 || exponent.abs() < 4) {
            if self.point <= 0 {
                out.extend_from_slice(b"0.");
                out.resize(out.len() + self.point.unsigned_abs() as usize, b'0');
                out.extend_from_slice(digits);
            } else {
                let (whole, fraction) = digits.split_at(self.point as usize);
                out.extend_from_slice(whole);
                out.push(b'.');
                out.extend_from_slice(fraction);
            }
        } else {
            out.push(digits[0]);
            if self.len > 1 {
                out.push(b'.');
                out.extend_from_slice(&digits[1..]);
            }
            out.push(b'e');
            out.push(if exponent < 0 { b'-' } else { b'+' });
            out.extend_from_slice(
                itoa::Buffer::new()
                    .format(exponent.unsigned_abs())
                    .as_bytes(),
            );
        }
    }
}
