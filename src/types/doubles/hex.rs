//! Hexadecimal floats (`0x1.8p3`), which C reads and therefore Redis does.

use super::long_double::round_to_even;
use super::sign;

/// A hexadecimal float: `mantissa` times two to the `exponent`.
///
/// Digits past the 120th bit are folded into the lowest bit: it then says "and something more",
/// which is all that rounding to 53 or 64 bits has to know.
pub(super) struct Parsed {
    pub negative: bool,
    pub mantissa: u128,
    pub exponent: i64,
}

impl Parsed {
    /// The whole text, or nothing.
    pub fn read(text: &[u8]) -> Option<Parsed> {
        let (negative, rest) = sign(text);
        let [b'0', b'x' | b'X', rest @ ..] = rest else {
            return None;
        };
        let mark = rest.iter().position(|byte| matches!(byte, b'p' | b'P'));
        let (digits, exponent) = match mark {
            Some(at) => (&rest[..at], read_exponent(&rest[at + 1..])?),
            None => (rest, 0),
        };
        let mut parsed = Parsed {
            negative,
            mantissa: 0,
            exponent,
        };
        parsed.read_digits(digits)?;
        Some(parsed)
    }

    fn read_digits(&mut self, digits: &[u8]) -> Option<()> {
        let mut seen_digit = false;
        let mut after_point = false;
        for &byte in digits {
            if byte == b'.' && !after_point {
                after_point = true;
                continue;
            }
            let digit = char::from(byte).to_digit(16)?;
            seen_digit = true;
            if self.mantissa >> 120 == 0 {
                self.mantissa = self.mantissa << 4 | u128::from(digit);
                self.exponent -= if after_point { 4 } else { 0 };
            } else {
                self.mantissa |= u128::from(digit != 0);
                self.exponent += if after_point { 0 } else { 4 };
            }
        }
        seen_digit.then_some(())
    }

    /// The nearest double, ties to even; infinity where it is too large, 0 where too small.
    pub fn to_f64(&self) -> f64 {
        const MANTISSA_BITS: u32 = 53;
        const LEAST_EXPONENT: i64 = -1074;
        if self.mantissa == 0 {
            return if self.negative { -0.0 } else { 0.0 };
        }
        let bits = i64::from(u128::BITS - self.mantissa.leading_zeros());
        // A subnormal has fewer bits than 53: as many as lie above the least exponent.
        let kept = (self.exponent + bits - LEAST_EXPONENT).clamp(0, i64::from(MANTISSA_BITS));
        let magnitude = if self.exponent + bits > 1024 {
            f64::INFINITY
        } else if self.exponent + bits < LEAST_EXPONENT {
            0.0
        } else {
            let (mantissa, dropped) = round_to_even(self.mantissa, kept as u32);
            scale(mantissa as f64, self.exponent + i64::from(dropped))
        };
        if self.negative { -magnitude } else { magnitude }
    }
}

/// The number after the `p` or the `e`, held within bounds that no sum with a count of digits overflows.
pub(super) fn read_exponent(text: &[u8]) -> Option<i64> {
    const FAR: i64 = 1 << 40;
    let (negative, digits) = sign(text);
    if digits.is_empty() {
        return None;
    }
    let mut value: i64 = 0;
    for &byte in digits {
        let digit = char::from(byte).to_digit(10)?;
        value = (value * 10 + i64::from(digit)).min(FAR);
    }
    Some(if negative { -value } else { value })
}

/// `value` times two to the `exponent`, which lies between that of the least subnormal and that of
/// the greatest double. Exact, as the caller has rounded to what a double holds.
fn scale(value: f64, exponent: i64) -> f64 {
    let power_of_two = |exponent: i64| f64::from_bits(((exponent + 1023) as u64) << 52);
    // In two steps, as the power itself may be too small for a normal double.
    let half = exponent / 2;
    value * power_of_two(half) * power_of_two(exponent - half)
}
