//! Where a value notes the inverses of its changes, while it is told to.

use alloc::vec::Vec;

use super::Inverse;

/// Inverses, oldest first. Most edits change one thing, and that takes no allocation.
#[derive(Debug, Default)]
pub struct Inverses {
    first: Option<Inverse>,
    rest: Vec<Inverse>,
}

impl Inverses {
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(super) fn push(&mut self, inverse: impl Into<Inverse>) {
        match &self.first {
            None => self.first = Some(inverse.into()),
            Some(_) => self.rest.push(inverse.into()),
        }
    }
}

impl<I: Into<Inverse>> FromIterator<I> for Inverses {
    fn from_iter<T: IntoIterator<Item = I>>(inverses: T) -> Inverses {
        let mut collected = Inverses::default();
        inverses
            .into_iter()
            .for_each(|inverse| collected.push(inverse));
        collected
    }
}

impl IntoIterator for Inverses {
    type Item = Inverse;
    type IntoIter =
        core::iter::Chain<core::option::IntoIter<Inverse>, alloc::vec::IntoIter<Inverse>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.rest)
    }
}

/// Off by default; a copy of a value starts with its log off. For a value that lies in a box of its
/// own: this one is as large as an inverse.
#[derive(Debug, Default)]
pub(super) struct Log {
    is_on: bool,
    noted: Inverses,
}

impl Clone for Log {
    fn clone(&self) -> Log {
        Log::default()
    }
}

impl Log {
    /// Starts with what was noted of the same edit elsewhere.
    pub fn start(&mut self, noted: Inverses) {
        self.is_on = true;
        self.noted = noted;
    }

    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// Stops, and hands over what was noted, oldest first.
    pub fn finish(&mut self) -> Inverses {
        assert!(self.is_on, "{NOT_RECORDING}");
        self.is_on = false;
        core::mem::take(&mut self.noted)
    }

    /// Makes the inverse only when somebody wants it.
    pub fn note<I: Into<Inverse>>(&mut self, inverse: impl FnOnce() -> I) {
        if self.is_on {
            self.noted.push(inverse());
        }
    }
}

/// A value that was told to record and no longer does was overwritten as a whole within the edit. Its
/// past could not be given back, so that stops there.
pub(super) const NOT_RECORDING: &str = "a value is changed, not replaced, while it records";
