//! The bytes of a packed value: one allocation that grows by steps, and that can note how a change is
//! taken back.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::{Deref, Range};

use super::Inverses;

/// The longest head of a packed form. A head is counted anew after each change; what it was before
/// an edit is kept beside the patches.
const HEAD_BYTES: usize = 8;
/// Up to this length the bytes are compact: they lie in the block of their key, and undo keeps a copy of the whole.
pub(super) const COMPACT_MAX_BYTES: usize = 256;
/// The bookkeeping of an allocation, as an estimate that is the same everywhere.
pub(super) const ALLOCATION_BYTES: usize = 16;

/// Bytes in one allocation.
#[derive(Debug)]
pub(super) struct Buffer(Form);

/// While it records, the bytes lie with their notes in a box, so that at rest they are a `Vec` and
/// nothing else.
#[derive(Debug)]
enum Form {
    Resting(Vec<u8>),
    Recording(Box<Recording>),
}

#[derive(Debug)]
struct Recording {
    bytes: Vec<u8>,
    /// What was noted of the same edit while the value had another form.
    noted: Inverses,
    rewind: Rewind,
}

/// How to take back an edit of packed bytes.
#[derive(Debug)]
pub struct Rewind {
    head: [u8; HEAD_BYTES],
    patches: Vec<Patch>,
}

/// Old bytes go in the place of as many as stand there `now`.
#[derive(Debug)]
struct Patch {
    at: usize,
    now: usize,
    old: Box<[u8]>,
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Buffer {
        Buffer(Form::Resting(bytes))
    }
}

impl Clone for Buffer {
    /// A copy does not record.
    fn clone(&self) -> Buffer {
        Buffer::from(self.to_vec())
    }
}

impl PartialEq for Buffer {
    fn eq(&self, other: &Buffer) -> bool {
        **self == **other
    }
}

impl Eq for Buffer {}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Form::Resting(bytes) => bytes,
            Form::Recording(recording) => &recording.bytes,
        }
    }
}

impl Buffer {
    pub fn is_compact(&self) -> bool {
        self.len() <= COMPACT_MAX_BYTES
    }

    /// The first bytes, to be counted anew after a change; not noted.
    pub fn head_mut(&mut self) -> &mut [u8] {
        let bytes = self.bytes_mut();
        let head = bytes.len().min(HEAD_BYTES);
        &mut bytes[..head]
    }

    /// Makes room for so many bytes in the place of a range, and gives them to be written.
    pub fn splice(&mut self, range: Range<usize>, len: usize) -> &mut [u8] {
        if let Form::Recording(recording) = &mut self.0 {
            recording.rewind.patches.push(Patch {
                at: range.start,
                now: len,
                old: recording.bytes[range.clone()].into(),
            });
        }
        let bytes = self.bytes_mut();
        splice(bytes, range.clone(), len);
        &mut bytes[range.start..range.start + len]
    }

    /// Starts to note changes.
    fn start(&mut self, noted: Inverses) {
        let bytes = core::mem::take(self.bytes_mut());
        let mut head = [0; HEAD_BYTES];
        let kept = bytes.len().min(HEAD_BYTES);
        head[..kept].copy_from_slice(&bytes[..kept]);
        self.0 = Form::Recording(Box::new(Recording {
            bytes,
            noted,
            rewind: Rewind {
                head,
                patches: Vec::new(),
            },
        }));
    }

    /// Stops, and hands over what was noted.
    fn finish(&mut self) -> Option<Inverses> {
        let Form::Recording(recording) = &mut self.0 else {
            return None;
        };
        let mut noted = core::mem::take(&mut recording.noted);
        let patches = core::mem::take(&mut recording.rewind.patches);
        if !patches.is_empty() {
            let head = recording.rewind.head;
            noted.push(super::Inverse::Rewind(Rewind { head, patches }));
        }
        self.0 = Form::Resting(core::mem::take(&mut recording.bytes));
        Some(noted)
    }

    /// Puts what was there before into the place of what was noted.
    fn rewind(&mut self, rewind: Rewind) {
        let bytes = self.bytes_mut();
        for patch in rewind.patches.into_iter().rev() {
            splice(bytes, patch.at..patch.at + patch.now, patch.old.len());
            bytes[patch.at..patch.at + patch.old.len()].copy_from_slice(&patch.old);
        }
        let head = bytes.len().min(HEAD_BYTES);
        bytes[..head].copy_from_slice(&rewind.head[..head]);
    }

    fn bytes_mut(&mut self) -> &mut Vec<u8> {
        match &mut self.0 {
            Form::Resting(bytes) => bytes,
            Form::Recording(recording) => &mut recording.bytes,
        }
    }
}

/// A value that is a buffer and nothing else.
pub(super) trait Buffered: Sized {
    /// The bytes of an empty one.
    const EMPTY: &[u8];

    /// Of bytes that one of this kind had.
    fn of(bytes: Vec<u8>) -> Self;

    fn buffer(&mut self) -> &mut Buffer;

    /// An empty one in a buffer that is there already, whatever was in it.
    fn in_buffer(mut bytes: Vec<u8>) -> Self {
        bytes.clear();
        bytes.extend_from_slice(Self::EMPTY);
        Self::of(bytes)
    }

    /// The allocation, for something else that takes the place of this; none while it records.
    fn take_buffer(&mut self) -> Option<Vec<u8>> {
        match &mut self.buffer().0 {
            Form::Resting(bytes) => Some(core::mem::take(bytes)),
            Form::Recording(_) => None,
        }
    }

    /// Gives back room that was taken for more, once a value is made.
    fn trim(&mut self) {
        let bytes = self.buffer().bytes_mut();
        if bytes.capacity() > capacity_for(bytes.len()) {
            bytes.shrink_to(capacity_for(bytes.len()));
        }
    }

    /// Starts to note how changes are taken back, after those that were noted of the same edit.
    fn record(&mut self, noted: Inverses) {
        self.buffer().start(noted);
    }

    /// Stops, and hands over what was noted; none where it did not record.
    fn recorded(&mut self) -> Option<Inverses> {
        self.buffer().finish()
    }

    /// Takes an edit back.
    fn rewind(&mut self, rewind: Rewind) {
        self.buffer().rewind(rewind);
    }
}

fn splice(bytes: &mut Vec<u8>, range: Range<usize>, len: usize) {
    let old_len = bytes.len();
    let (old_end, new_end) = (range.end, range.start + len);
    if new_end > old_end {
        let more = new_end - old_end;
        reserve(bytes, more);
        bytes.resize(old_len + more, 0);
        bytes.copy_within(old_end..old_len, new_end);
    } else if new_end < old_end {
        bytes.copy_within(old_end..old_len, new_end);
        bytes.truncate(old_len - (old_end - new_end));
        if bytes.capacity() > 2 * bytes.len() + COMPACT_MAX_BYTES {
            bytes.shrink_to(capacity_for(bytes.len()));
        }
    }
}

/// Grows by an eighth rather than to the double: most packed values are small, and there are many.
fn reserve(bytes: &mut Vec<u8>, more: usize) {
    let needed = bytes.len() + more;
    if needed > bytes.capacity() {
        let roomy = if bytes.len() > 64 { needed / 8 } else { 0 };
        bytes.reserve_exact(capacity_for(needed + roomy) - bytes.len());
    }
}

/// The next size that an allocator hands out whole: in steps of 8, with 4 for its own use.
fn capacity_for(len: usize) -> usize {
    ((len + 3) & !7) + 4
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_edit_is_taken_back_whole(
            before in prop::collection::vec(any::<u8>(), 8..600),
            splices in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..300usize), 0..20),
        ) {
            let mut buffer = Buffer::from(before.clone());
            let mut twin = before.clone();
            buffer.start(Inverses::default());
            for (one, other, len) in splices {
                let (one, other) = (one.index(twin.len() - 7) + 8, other.index(twin.len() - 7) + 8);
                let range = (one.min(other)).min(twin.len())..one.max(other).min(twin.len());
                buffer.splice(range.clone(), len).fill(7);
                twin.splice(range, vec![7; len]);
                buffer.head_mut().fill(twin.len() as u8);
                let len = twin.len() as u8;
                twin[..8].fill(len);
                prop_assert_eq!(&*buffer, &twin[..]);
            }
            let inverses = buffer.finish().expect("it recorded");
            for inverse in inverses.into_iter().rev() {
                let crate::types::Inverse::Rewind(rewind) = inverse else {
                    panic!("{inverse:?}");
                };
                buffer.rewind(rewind);
            }
            prop_assert_eq!(&*buffer, &before[..]);
        }
    }

    #[test]
    fn it_takes_little_more_than_it_holds() {
        let mut buffer = Buffer::from(vec![0; 8]);
        for len in 8..4000 {
            buffer.splice(len..len, 1);
            let Form::Resting(bytes) = &buffer.0 else {
                unreachable!("it was not told to record")
            };
            assert!(bytes.capacity() <= len + 1 + len / 8 + 8);
        }
    }
}
