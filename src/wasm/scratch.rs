//! The piece of memory through which arguments come in.
//!
//! ```text
//! u32 length of argument 0 | u32 length of argument 1 | ... | bytes of argument 0 | bytes of argument 1 | ...
//! ```
//!
//! JavaScript writes between two calls, when no Rust code runs and no reference into the buffer
//! lives; Rust reads during a call, when JavaScript does not run. So the buffer is an ordinary
//! vector, its address is a number, and nothing here is `unsafe`.

use alloc::vec::Vec;

/// Room that is made for the first call: most others fit.
const INITIAL_BYTES: usize = 16 * 1024;
/// A buffer larger than this is given back once the call that needed it is over.
const KEPT_BYTES: usize = 1024 * 1024;
/// JavaScript writes lengths through a `Uint32Array`, which wants this alignment.
const ALIGNMENT: usize = 4;

/// Invariant: `start` is the first byte of `bytes` whose address is a multiple of `ALIGNMENT`.
pub(super) struct Scratch {
    bytes: Vec<u8>,
    start: usize,
}

impl Scratch {
    pub fn new() -> Scratch {
        Scratch {
            bytes: Vec::new(),
            start: 0,
        }
    }

    /// Makes room for this many bytes; false where memory cannot be had, and the old room stays.
    /// What was in the buffer is gone.
    pub fn reserve(&mut self, len: usize) -> bool {
        if len <= self.len() {
            return true;
        }
        let mut bytes = Vec::new();
        let Some(padded) = len.max(INITIAL_BYTES).checked_add(ALIGNMENT) else {
            return false;
        };
        if bytes.try_reserve_exact(padded).is_err() {
            return false;
        }
        bytes.resize(padded, 0);
        self.start = bytes.as_ptr().align_offset(ALIGNMENT);
        self.bytes = bytes;
        true
    }

    /// Lets a buffer go that one large call has left behind.
    pub fn trim(&mut self) {
        if self.len() > KEPT_BYTES {
            *self = Scratch::new();
        }
    }

    pub fn address(&self) -> usize {
        self.bytes.as_ptr() as usize + self.start
    }

    pub fn len(&self) -> usize {
        self.bytes.len() - self.start.min(self.bytes.len())
    }

    /// The arguments that JavaScript has written.
    ///
    /// # Panics
    /// Where the lengths lead out of the buffer: then the two sides disagree about the layout.
    pub fn argv(&self, argc: usize) -> Vec<&[u8]> {
        let (lengths, mut rest) = self.bytes[self.start..].split_at(argc * size_of::<u32>());
        let mut argv = Vec::with_capacity(argc);
        for length in lengths.as_chunks().0 {
            let (argument, after) = rest.split_at(u32::from_le_bytes(*length) as usize);
            argv.push(argument);
            rest = after;
        }
        argv
    }
}
