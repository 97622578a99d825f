//! Scores, and what can be asked of them.

use core::cmp::Ordering;
use core::ops::Bound;

use crate::types::number;

/// The score of a member: a double that is never NaN, so that scores have a total order. The two
/// zeros are one score.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Score(f64);

impl Score {
    pub const LOWEST: Score = Score(f64::NEG_INFINITY);
    pub const HIGHEST: Score = Score(f64::INFINITY);

    /// Nothing for NaN.
    pub fn new(value: f64) -> Option<Score> {
        // Adding zero turns -0.0 into 0.0 and leaves all else.
        (!value.is_nan()).then_some(Score(value + 0.0))
    }

    /// Reads a score as ZADD does.
    pub fn parse(text: &[u8]) -> Option<Score> {
        Score::new(number::parse_f64(text)?)
    }

    /// Reads the bound of a range of scores as ZRANGEBYSCORE does: `5`, `(5`, `-inf`, `+inf`.
    pub fn parse_bound(text: &[u8]) -> Option<Bound<Score>> {
        let read = |text| Score::new(number::parse_bound_f64(text)?);
        match text {
            [b'(', rest @ ..] => read(rest).map(Bound::Excluded),
            text => read(text).map(Bound::Included),
        }
    }

    pub fn get(self) -> f64 {
        self.0
    }
}

impl Eq for Score {}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Score) -> Option<Ordering> {
        Some(self.cmp(other))
    }

    // The one that a search asks, again and again.
    fn lt(&self, other: &Score) -> bool {
        self.0 < other.0
    }
}

impl Ord for Score {
    fn cmp(&self, other: &Score) -> Ordering {
        // Without NaN and -0.0 this is the order of numbers.
        self.0.total_cmp(&other.0)
    }
}

/// A bound of a range of members by their bytes, as ZRANGEBYLEX has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LexBound<'a> {
    /// `-`: below every member.
    Lowest,
    /// `+`: above every member.
    Highest,
    /// `[member`
    Included(&'a [u8]),
    /// `(member`
    Excluded(&'a [u8]),
}

impl<'a> LexBound<'a> {
    pub fn parse(text: &'a [u8]) -> Option<LexBound<'a>> {
        match text {
            b"-" => Some(LexBound::Lowest),
            b"+" => Some(LexBound::Highest),
            [b'[', member @ ..] => Some(LexBound::Included(member)),
            [b'(', member @ ..] => Some(LexBound::Excluded(member)),
            _ => None,
        }
    }

    /// Whether a range that begins here leaves the member out.
    pub(super) fn begins_after(self, member: &[u8]) -> bool {
        match self {
            LexBound::Lowest => false,
            LexBound::Highest => true,
            LexBound::Included(bound) => member < bound,
            LexBound::Excluded(bound) => member <= bound,
        }
    }

    /// Whether a range that ends here still holds the member.
    pub(super) fn ends_after(self, member: &[u8]) -> bool {
        match self {
            LexBound::Lowest => false,
            LexBound::Highest => true,
            LexBound::Included(bound) => member <= bound,
            LexBound::Excluded(bound) => member < bound,
        }
    }
}

/// Under which condition a score is set: the options NX, XX, GT and LT of ZADD in all the
/// combinations that mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Only {
    #[default]
    Any,
    /// NX: a new member.
    Absent,
    /// XX: a member that is there.
    Present,
    /// GT: a new member, or a greater score than before.
    Greater,
    /// LT: a new member, or a lesser score than before.
    Less,
    /// XX GT
    PresentAndGreater,
    /// XX LT
    PresentAndLess,
}

impl Only {
    /// Whether a member of the score `old`, or a new member, may be given the score `new`.
    pub fn allows(self, old: Option<Score>, new: Score) -> bool {
        match (self, old) {
            (Only::Any, _) => true,
            (Only::Absent, old) => old.is_none(),
            (Only::Present, old) => old.is_some(),
            (Only::Greater | Only::Less, None) => true,
            (Only::PresentAndGreater | Only::PresentAndLess, None) => false,
            (Only::Greater | Only::PresentAndGreater, Some(old)) => new > old,
            (Only::Less | Only::PresentAndLess, Some(old)) => new < old,
        }
    }
}
