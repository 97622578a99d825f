//! Where a value notes the inverses of its changes, while it is told to.

/// Off by default, and then the size of a pointer; a copy of a value starts with its log off.
#[derive(Debug)]
pub(super) struct Log<T>(Option<Box<Notes<T>>>);

#[derive(Debug)]
struct Notes<T> {
    inverses: Vec<T>,
}

impl<T> Default for Log<T> {
    fn default() -> Log<T> {
        Log(None)
    }
}

impl<T> Clone for Log<T> {
    fn clone(&self) -> Log<T> {
        Log::default()
    }
}

impl<T> Log<T> {
    pub fn start(&mut self) {
        self.0 = Some(Box::new(Notes {
            inverses: Vec::new(),
        }));
    }

    /// Stops, and hands over what was noted, oldest first.
    ///
    /// A value that was told to record and no longer does was overwritten as a whole within the
    /// edit. Its past could not be given back, so that stops here.
    pub fn finish(&mut self) -> Vec<T> {
        let notes = self.0.take();
        notes
            .expect("a value is changed, not replaced, while it records")
            .inverses
    }

    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    pub fn last(&self) -> Option<&T> {
        self.0.as_ref()?.inverses.last()
    }

    /// Makes the inverse only when somebody wants it.
    pub fn note(&mut self, inverse: impl FnOnce() -> T) {
        if let Some(notes) = &mut self.0 {
            notes.inverses.push(inverse());
        }
    }
}
