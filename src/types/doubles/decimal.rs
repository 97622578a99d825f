//! Decimal floats (`12.5e-3`), read exactly: what a double or a long double keeps of them is rounded once.
//!
//! The standard library reads doubles faster, by a table of 10 KB of which nothing compresses; in a wasm that is
//! a good part of the way. Numbers of up to 19 digits near the point, which are nearly all, take no table: 64 bits times
//! a power of five that has no more fit a `u128`. The others take a long division of as many bits as they ask for.

use super::big::Big;
use super::hex;

/// The text of an unsigned decimal number, taken apart: the digits of `whole`, then those of `fraction`, times ten to the
/// `exponent`.
pub(super) struct Decimal<'a> {
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
}

impl<'a> Decimal<'a> {
    /// The forms of C: digits with at most one point among them, and an exponent if any.
    pub fn read(text: &'a [u8]) -> Option<Decimal<'a>> {
        let mark = text.iter().position(|byte| matches!(byte, b'e' | b'E'));
        let (number, exponent) = match mark {
            Some(at) => (&text[..at], hex::read_exponent(&text[at + 1..])?),
            None => (text, 0),
        };
        let point = number.iter().position(|&byte| byte == b'.');
        let (whole, fraction) = match point {
            Some(at) => (&number[..at], &number[at + 1..]),
            None => (number, &[][..]),
        };
        let valid = whole.len() + fraction.len() > 0
            && whole.iter().chain(fraction).all(u8::is_ascii_digit);
        let whole = without_leading_zeros(whole);
        let exponent = exponent - fraction.len() as i64;
        let fraction = match whole {
            [] => without_leading_zeros(fraction),
            _ => fraction,
        };
        valid.then_some(Decimal {
            whole,
            fraction,
            exponent,
        })
    }

    fn len(&self) -> usize {
        self.whole.len() + self.fraction.len()
    }

    fn is_zero(&self) -> bool {
        self.len() == 0
    }

    /// Decimal places in front of the point; behind it where negative.
    fn places(&self) -> i64 {
        self.len() as i64 + self.exponent
    }

    /// The digits as one number, if there are few enough for that.
    fn significant(&self) -> Option<u64> {
        /// All that so many digits can say fits.
        const DIGITS_MAX: usize = 19;
        let digits = self.whole.iter().chain(self.fraction);
        let sum = |number, digit| number * 10 + u64::from(digit - b'0');
        (self.len() <= DIGITS_MAX).then(|| digits.fold(0, sum))
    }

    /// The nearest double, ties to even; infinity where it is too large, 0 where too small.
    pub fn to_f64(&self) -> f64 {
        /// Every whole number up to here is a double.
        const EXACT_MAX: u64 = 1 << f64::MANTISSA_DIGITS;
        /// So is every power of ten up to here that a `u64` can hold.
        const POWER_MAX: u64 = 19;
        /// More than the exact value of the middle between two doubles has.
        const DIGITS_MAX: usize = 800;
        // Two doubles that are exact: what they come to is rounded as it should be (Clinger 1990).
        let power = self.exponent.unsigned_abs();
        if let Some(number) = self.significant()
            && number <= EXACT_MAX
            && power <= POWER_MAX
        {
            let power = 10u64.pow(power as u32) as f64;
            return match self.exponent {
                0.. => number as f64 * power,
                _ => number as f64 / power,
            };
        }
        match self.places() {
            _ if self.is_zero() => 0.0,
            ..-400 => 0.0,
            401.. => f64::INFINITY,
            // That is within what a long double reads.
            _ => self
                .to_binary(DIGITS_MAX)
                .map_or(f64::INFINITY, |(mantissa, exponent)| {
                    let parsed = hex::Parsed {
                        negative: false,
                        mantissa,
                        exponent,
                    };
                    parsed.to_f64()
                }),
        }
    }

    /// The same number in binary, with at least 66 bits where it does not end before, the lowest
    /// of them standing for all that follow. Nothing where it is far out of range. Of digits beyond `digits_max` it is only
    /// asked whether they are all zeros. O(`digits_max`² + length of the text).
    pub fn to_binary(&self, digits_max: usize) -> Option<(u128, i64)> {
        // Beyond so many the exact number is of no interest.
        const PLACES_MAX: i64 = 5000;
        if self.is_zero() {
            Some((0, 0))
        } else if self.places().abs() > PLACES_MAX {
            None
        } else {
            Some(
                self.divide_short()
                    .unwrap_or_else(|| self.divide_long(digits_max)),
            )
        }
    }

    /// `to_binary` of numbers that fit a `u128` all the way.
    fn divide_short(&self) -> Option<(u128, i64)> {
        /// The greatest power of five of 64 bits.
        const FIVES_MAX: u64 = 27;
        let number = u128::from(self.significant()?);
        let power = self.exponent.unsigned_abs();
        let fives = (power <= FIVES_MAX).then(|| u128::from(5u64.pow(power as u32)))?;
        // Ten is five times two: the twos go to the exponent.
        if self.exponent >= 0 {
            return Some((number * fives, self.exponent));
        }
        let shift = number.leading_zeros();
        let over = number << shift;
        let (quotient, rest) = (over / fives, over % fives);
        // Over at least 127 bits by at most 63 leaves 65: one more says whether more would follow.
        let lowest = u128::from(rest != 0);
        let mantissa = quotient << 1 | lowest;
        Some((mantissa, self.exponent - i64::from(shift) - 1))
    }

    /// `to_binary` of any number: a long division of as many bits as the digits and the exponent ask for, 68 steps of it.
    fn divide_long(&self, digits_max: usize) -> (u128, i64) {
        const BITS: i64 = 67;
        let mut digits = [self.whole, self.fraction].concat();
        let mut exponent = self.exponent;
        if digits.len() > digits_max {
            let dropped = digits.split_off(digits_max);
            exponent += dropped.len() as i64;
            if dropped.iter().any(|&digit| digit != b'0') {
                // In the place of all of them, so that no middle is met that they are beyond.
                digits.push(b'1');
                exponent -= 1;
            }
        }
        let mut over = Big::from_decimal(&digits);
        let mut under = Big::from(1);
        let fives = exponent.unsigned_abs() as u32;
        if exponent >= 0 {
            over.multiply_by_power_of_five(fives);
        } else {
            under.multiply_by_power_of_five(fives);
        }
        let shift = BITS + under.bits() as i64 - over.bits() as i64;
        let lost = if shift >= 0 {
            over.shift_left(shift as usize);
            false
        } else {
            over.shift_right(-shift as usize)
        };
        let (quotient, rest) = over.divide(under, BITS as usize + 1);
        (quotient | u128::from(lost || rest), exponent - shift)
    }
}

fn without_leading_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    &digits[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str) {
        let read = Decimal::read(text.as_bytes()).expect("a number");
        let expected: f64 = text.parse().expect("a number");
        assert_eq!(read.to_f64().to_bits(), expected.to_bits(), "{text}");
    }

    #[test]
    fn numbers_at_the_edges_are_those_of_the_standard_library() {
        for text in [
            "0e99999",
            "0.000e-99999",
            "9007199254740993",
            "9007199254740992.5",
            "9007199254740993e19",
            "9007199254740993e-19",
            "1.7976931348623158e308",
            "1.7976931348623159e308",
            "2.2250738585072011e-308",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "9999999999999999999e27",
            "9999999999999999999e-27",
            "99999999999999999999",
            "0.000000000000000000000000000000000000000000000000001",
            "1e-99999",
            "1e99999",
        ] {
            check(text);
        }
    }

    /// Redis reads scores of any length, so a client may send any: that must not keep others waiting. What is expected is
    /// written out: the standard library takes exponents beyond some 65,000 for smaller ones.
    #[test]
    fn a_text_of_megabytes_is_read_as_fast_as_it_comes() {
        let zeros = "0".repeat(4_000_000);
        let middle = "9007199254740993";
        for (text, expected) in [
            (format!("0.{}", "3".repeat(4_000_000)), 1.0 / 3.0),
            (format!("1{zeros}e-4000000"), 1.0),
            (format!("0.{zeros}1e4000001"), 1.0),
            (format!("{middle}.{zeros}"), 9007199254740992.0),
            (format!("{middle}.{zeros}1"), 9007199254740994.0),
            (format!("{middle}{zeros}1e-4000001"), 9007199254740994.0),
        ] {
            let read = Decimal::read(text.as_bytes()).expect("a number");
            assert_eq!(read.to_f64(), expected, "{} digits", text.len());
        }
        check(&"7".repeat(300));
    }

    proptest! {
        #[test]
        fn every_number_is_that_of_the_standard_library(
            text in "[0-9]{0,22}[.]?[0-9]{1,24}(e-?[0-9]{1,3})?"
        ) {
            check(&text);
        }

        #[test]
        fn every_double_is_read_back(bits: u64) {
            let value = f64::from_bits(bits).abs();
            prop_assume!(value.is_finite());
            check(&value.to_string());
            check(&format!("{value:e}"));
        }
    }
}
