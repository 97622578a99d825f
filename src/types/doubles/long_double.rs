//! The arithmetic of INCRBYFLOAT and HINCRBYFLOAT.
//!
//! Redis computes them in C's `long double`, which on x86 is a float with a mantissa of 64 bits,
//! and prints 17 digits after the point. No double gives the same digits, and an exact decimal sum
//! gives others for large numbers (`1000000000.1` plus 0 is `1000000000.09999999997671694`,
//! tail and all). So this is that float: read, added and printed with its rounding. Parsing
//! and printing are exact for every input.
//!
//! The one difference: below 2^-16382 the real one loses bits, which no text here shows, as it ends
//! 17 digits after the point. `tests/numbers_redis.rs` holds it beside the real one.

use alloc::string::String;
use alloc::string::ToString;
use core::fmt;

use super::big::Big;
use super::decimal::Decimal;
use super::{hex, is_infinity, sign};

/// A number of 64 bits of mantissa, as in `mantissa` times two to the `exponent`, or an infinity.
///
/// The top bit of `mantissa` is set, but for zero, which has no sign here as Redis prints none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LongDouble {
    Finite {
        negative: bool,
        mantissa: u64,
        exponent: i32,
    },
    Infinite {
        negative: bool,
    },
}

/// The greatest number is just under two to this.
const EXPONENT_END: i64 = 16384;
/// The least number above zero is two to this.
const EXPONENT_LEAST: i64 = -16445;
/// Redis reads no longer text than this as a number.
const TEXT_MAX_BYTES: usize = 5 * 1024 - 1;
/// Digits after the point in the text of a number.
const FRACTION_DIGITS: u32 = 17;

impl LongDouble {
    const ZERO: LongDouble = LongDouble::Finite {
        negative: false,
        mantissa: 0,
        exponent: 0,
    };

    /// Reads decimal and hexadecimal numbers and infinities. Refuses spaces, NaN, numbers beyond
    /// the range at either end.
    pub fn parse(text: &[u8]) -> Option<LongDouble> {
        if text.len() > TEXT_MAX_BYTES {
            return None;
        }
        if let Some(hex) = hex::Parsed::read(text) {
            return LongDouble::in_range(hex.negative, hex.mantissa, hex.exponent);
        }
        let (negative, unsigned) = sign(text);
        if is_infinity(unsigned) {
            return Some(LongDouble::Infinite { negative });
        }
        let (mantissa, exponent) = Decimal::read(unsigned)?.to_binary(TEXT_MAX_BYTES)?;
        LongDouble::in_range(negative, mantissa, exponent)
    }

    pub fn is_finite(self) -> bool {
        matches!(self, LongDouble::Finite { .. })
    }

    /// The sum, rounded to the nearest, ties to even; nothing where it is infinite or NaN.
    pub fn plus(self, other: LongDouble) -> Option<LongDouble> {
        let (left, right) = (self.unpacked()?, other.unpacked()?);
        if left.mantissa == 0 || right.mantissa == 0 {
            return Some(if left.mantissa == 0 { other } else { self });
        }
        let (high, low) = if left.exponent >= right.exponent {
            (left, right)
        } else {
            (right, left)
        };
        // 62 spare bits below: a smaller operand that reaches past them is far too small for its
        // exact place to matter, and its lowest bit stands for all that was cut off.
        const SPARE_BITS: u32 = 62;
        let high_bits = u128::from(high.mantissa) << SPARE_BITS;
        let distance = (high.exponent - low.exponent).min(127) as u32;
        let low_bits = shift_right_jam(u128::from(low.mantissa) << SPARE_BITS, distance);
        let exponent = high.exponent - i64::from(SPARE_BITS);
        let sum = if high.negative == low.negative {
            LongDouble::round(high.negative, high_bits + low_bits, exponent)
        } else if high_bits >= low_bits {
            LongDouble::round(high.negative, high_bits - low_bits, exponent)
        } else {
            LongDouble::round(low.negative, low_bits - high_bits, exponent)
        };
        sum.is_finite().then_some(sum)
    }

    fn unpacked(self) -> Option<Unpacked> {
        match self {
            LongDouble::Infinite { .. } => None,
            LongDouble::Finite {
                negative,
                mantissa,
                exponent,
            } => Some(Unpacked {
                negative,
                mantissa,
                exponent: i64::from(exponent),
            }),
        }
    }

    /// Rounds what was read; nothing where the range ends.
    fn in_range(negative: bool, mantissa: u128, exponent: i64) -> Option<LongDouble> {
        let rounded = LongDouble::round(negative, mantissa, exponent);
        let LongDouble::Finite { mantissa: kept, .. } = rounded else {
            return None;
        };
        (kept != 0 || mantissa == 0).then_some(rounded)
    }

    fn round(negative: bool, mantissa: u128, exponent: i64) -> LongDouble {
        if mantissa == 0 {
            return LongDouble::ZERO;
        }
        let (rounded, dropped) = round_to_even(mantissa, u64::BITS);
        let exponent = exponent + i64::from(dropped);
        // Only a carry makes 65 bits, and then all but the first are zeros.
        let bits = u128::BITS - rounded.leading_zeros();
        let (mantissa, exponent) = match bits.checked_sub(u64::BITS) {
            Some(above) => (rounded >> above, exponent + i64::from(above)),
            None => (
                rounded << (u64::BITS - bits),
                exponent - i64::from(u64::BITS - bits),
            ),
        };
        let top = exponent + i64::from(u64::BITS);
        if top > EXPONENT_END {
            LongDouble::Infinite { negative }
        } else if top < EXPONENT_LEAST {
            LongDouble::ZERO
        } else {
            LongDouble::Finite {
                negative,
                mantissa: mantissa as u64,
                exponent: exponent as i32,
            }
        }
    }
}

/// `LongDouble::Finite` with room to reckon with exponents.
struct Unpacked {
    negative: bool,
    mantissa: u64,
    exponent: i64,
}

/// Keeps the upper `kept` bits of `mantissa`, rounded to the nearest, ties to even. Gives them and
/// the count of bits that were dropped; a carry may make them one bit longer.
pub(super) fn round_to_even(mantissa: u128, kept: u32) -> (u128, u32) {
    let bits = u128::BITS - mantissa.leading_zeros();
    let dropped = bits.saturating_sub(kept);
    if dropped == 0 {
        return (mantissa, 0);
    }
    let half = 1u128 << (dropped - 1);
    let upper = mantissa.checked_shr(dropped).unwrap_or(0);
    let rest = mantissa - upper.checked_shl(dropped).unwrap_or(0);
    let up = rest > half || (rest == half && upper & 1 == 1);
    (upper + u128::from(up), dropped)
}

/// Shifts right; what falls out leaves its mark in the lowest bit, which rounding needs to know.
fn shift_right_jam(bits: u128, distance: u32) -> u128 {
    let shifted = bits >> distance;
    shifted | u128::from(shifted << distance != bits)
}

/// As C prints `%.17Lf`, the zeros at the end of the fraction cut off. Redis writes it so.
impl fmt::Display for LongDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (negative, mantissa, exponent) = match *self {
            LongDouble::Infinite { negative } => {
                return f.write_str(if negative { "-inf" } else { "inf" });
            }
            LongDouble::Finite {
                negative,
                mantissa,
                exponent,
            } => (negative, mantissa, exponent),
        };
        let (whole, fraction) = split_at_point(mantissa, exponent);
        if negative && !(whole == "0" && fraction == 0) {
            f.write_str("-")?;
        }
        f.write_str(&whole)?;
        if fraction == 0 {
            return Ok(());
        }
        let fraction = format!("{fraction:0width$}", width = FRACTION_DIGITS as usize);
        write!(f, ".{}", fraction.trim_end_matches('0'))
    }
}

/// The digits in front of the point, and the 17 after it as a whole number.
fn split_at_point(mantissa: u64, exponent: i32) -> (String, u64) {
    if exponent >= 0 {
        let mut whole = Big::from(mantissa);
        whole.shift_left(exponent as usize);
        return (whole.into_decimal(), 0);
    }
    // 64 bits times 57 fit.
    let unit = 10u128.pow(FRACTION_DIGITS);
    let scaled = u128::from(mantissa) * unit;
    let bits = u128::BITS - scaled.leading_zeros();
    let distance = exponent.unsigned_abs();
    let rounded = match bits.checked_sub(distance) {
        Some(kept) => round_to_even(scaled, kept).0,
        None => 0,
    };
    // Less than the mantissa, and than the unit.
    let (whole, fraction) = ((rounded / unit) as u64, (rounded % unit) as u64);
    (whole.to_string(), fraction)
}
