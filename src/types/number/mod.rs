//! Numbers as text: what Redis reads as a number, and how it writes one.
//!
//! Three families, because Redis has three: integers (`parse_i64`), scores and other doubles
//! (`parse_f64`, `format_f64`), and the 80-bit arithmetic of INCRBYFLOAT (`LongDouble`). What is not whole is read and
//! written by a package of its own, `../doubles`.

pub use nookdb_doubles::{LongDouble, parse_bound_f64};

use alloc::string::String;
use alloc::vec::Vec;

/// Reads an integer as strictly as Redis does where a wrong reading would change the text of a
/// value: no plus sign, no spaces, no leading zeros, no `-0`.
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match digits {
        [b'0'] if !negative => return Some(0),
        [b'1'..=b'9', ..] => {}
        _ => return None,
    }
    // Summed below zero, where the range is one wider.
    let mut value: i64 = 0;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value
            .checked_mul(10)?
            .checked_sub(i64::from(digit - b'0'))?;
    }
    if negative {
        Some(value)
    } else {
        value.checked_neg()
    }
}

/// Reads a double as Redis reads a score: decimal, with or without exponent, hexadecimal, `inf` and
/// `infinity` in any case. Refuses spaces, NaN, and what overflows to infinity or underflows to 0.
pub fn parse_f64(text: &[u8]) -> Option<f64> {
    short_whole(text).or_else(|| nookdb_doubles::parse_f64(text))
}

/// A number of few digits and nothing else, as nearly all scores are: the short way to what `convert` comes to.
fn short_whole(text: &[u8]) -> Option<f64> {
    /// A double can say every number of so many digits.
    const DIGITS_MAX: usize = 15;
    if text.is_empty() || text.len() > DIGITS_MAX {
        return None;
    }
    let mut number = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u64::from(digit);
    }
    Some(number as f64)
}

/// The shortest text that reads back as the same double, laid out as Redis 7.2 and later do:
/// `3`, `0.1`, `1e+20`, `1.5e-7`, `inf`, `-inf`, `nan`, `-0`.
pub fn format_f64(value: f64) -> String {
    let mut text = Vec::with_capacity(24);
    write_f64(&mut text, value);
    text.into_iter().map(char::from).collect()
}

/// As `format_f64`, put at the end of `out`.
pub fn write_f64(out: &mut Vec<u8>, value: f64) {
    // Whole numbers in this range are written out, as integers are.
    const WHOLE_MAX: f64 = (1u64 << 62) as f64;
    if value.is_nan() {
        out.extend_from_slice(b"nan");
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"inf" } else { b"-inf" });
    } else if value == 0.0 {
        out.extend_from_slice(if value.is_sign_negative() {
            b"-0"
        } else {
            b"0"
        });
    } else if value.abs() <= WHOLE_MAX && value as i64 as f64 == value {
        out.extend_from_slice(itoa::Buffer::new().format(value as i64).as_bytes());
    } else {
        nookdb_doubles::write_shortest(out, value);
    }
}

#[cfg(test)]
mod tests;
