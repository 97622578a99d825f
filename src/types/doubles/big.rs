//! Whole numbers of any length, with the few operations that reading and printing a float take.

use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// A whole number of any length: 32 bits in each limb, the lowest first, no zero limb on top.
pub(super) struct Big {
    limbs: Vec<u32>,
}

const LIMB_BITS: usize = u32::BITS as usize;

impl From<u64> for Big {
    fn from(value: u64) -> Big {
        let mut big = Big {
            limbs: vec![value as u32, (value >> LIMB_BITS) as u32],
        };
        big.trim();
        big
    }
}

impl Big {
    /// `digits` are ASCII digits.
    pub fn from_decimal(digits: &[u8]) -> Big {
        let mut big = Big::from(0);
        for chunk in digits.chunks(9) {
            let number = chunk
                .iter()
                .fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
            big.multiply_add(10u32.pow(chunk.len() as u32), number);
        }
        big
    }

    pub fn into_decimal(mut self) -> String {
        // Nine digits at a time, the last first.
        let mut groups = Vec::new();
        while !self.limbs.is_empty() {
            groups.push(self.divide_small(1_000_000_000));
        }
        let mut text = groups.pop().unwrap_or(0).to_string();
        for group in groups.iter().rev() {
            text.push_str(&format!("{group:09}"));
        }
        text
    }

    /// How many bits it takes; 0 for zero.
    pub fn bits(&self) -> usize {
        match self.limbs.last() {
            Some(top) => self.limbs.len() * LIMB_BITS - top.leading_zeros() as usize,
            None => 0,
        }
    }

    pub fn multiply_by_power_of_five(&mut self, mut power: u32) {
        const FIVES: u32 = 13; // 5^13 is the greatest power that fits a limb
        while power > 0 {
            let step = power.min(FIVES);
            self.multiply_add(5u32.pow(step), 0);
            power -= step;
        }
    }

    pub fn shift_left(&mut self, bits: usize) {
        let (limbs, bits) = (bits / LIMB_BITS, bits % LIMB_BITS);
        self.multiply_add(1 << bits, 0);
        if !self.limbs.is_empty() {
            self.limbs.splice(0..0, core::iter::repeat_n(0, limbs));
        }
    }

    /// Whether a one fell out.
    pub fn shift_right(&mut self, bits: usize) -> bool {
        let (limbs, bits) = ((bits / LIMB_BITS).min(self.limbs.len()), bits % LIMB_BITS);
        let lost = self.limbs.drain(..limbs).any(|limb| limb != 0);
        let rest = self.divide_small(1 << bits);
        lost || rest != 0
    }

    /// The quotient, which must be below 2^`bits`, and whether there is a remainder.
    ///
    /// Long division in base two: `bits` comparisons and subtractions.
    pub fn divide(mut self, mut divisor: Big, bits: usize) -> (u128, bool) {
        divisor.shift_left(bits);
        let mut quotient = 0;
        for _ in 0..bits {
            divisor.shift_right(1);
            quotient <<= 1;
            if self.compare(&divisor) != Ordering::Less {
                self.subtract(&divisor);
                quotient |= 1;
            }
        }
        (quotient, !self.limbs.is_empty())
    }

    fn compare(&self, other: &Big) -> Ordering {
        let by_length = self.limbs.len().cmp(&other.limbs.len());
        by_length.then_with(|| self.limbs.iter().rev().cmp(other.limbs.iter().rev()))
    }

    /// `other` is not greater.
    fn subtract(&mut self, other: &Big) {
        let mut borrow = false;
        for (at, limb) in self.limbs.iter_mut().enumerate() {
            let taken = other.limbs.get(at).copied().unwrap_or(0);
            let (without, first) = limb.overflowing_sub(taken);
            let (without, second) = without.overflowing_sub(u32::from(borrow));
            *limb = without;
            borrow = first || second;
        }
        debug_assert!(!borrow, "a smaller number was taken from a greater");
        self.trim();
    }

    fn multiply_add(&mut self, factor: u32, addend: u32) {
        let mut carry = u64::from(addend);
        for limb in &mut self.limbs {
            carry += u64::from(*limb) * u64::from(factor);
            *limb = carry as u32;
            carry >>= LIMB_BITS;
        }
        self.limbs.push(carry as u32);
        self.trim();
    }

    /// Divides in place, and gives the remainder.
    fn divide_small(&mut self, divisor: u32) -> u32 {
        let mut rest = 0;
        for limb in self.limbs.iter_mut().rev() {
            let with_rest = rest << LIMB_BITS | u64::from(*limb);
            *limb = (with_rest / u64::from(divisor)) as u32;
            rest = with_rest % u64::from(divisor);
        }
        self.trim();
        rest as u32
    }

    fn trim(&mut self) {
        while self.limbs.last() == Some(&0) {
            self.limbs.pop();
        }
    }
}
