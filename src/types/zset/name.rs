//! The bytes of a member.

use alloc::boxed::Box;

use crate::types::buffer::ALLOCATION_BYTES;

/// So many bytes fill what a pointer with its length would take, and a word more.
const FEW_BYTES: usize = 22;

/// Bytes that lie where the name does while they are few: a search then reads them with the entry that they are part of.
#[derive(Debug, Clone)]
pub(super) enum Name {
    Few { len: u8, bytes: [u8; FEW_BYTES] },
    Many(Box<[u8]>),
}

impl Name {
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Name::Few { len, bytes } => &bytes[..usize::from(*len)],
            Name::Many(bytes) => bytes,
        }
    }

    pub fn into_bytes(self) -> Box<[u8]> {
        match self {
            Name::Few { .. } => self.as_bytes().into(),
            Name::Many(bytes) => bytes,
        }
    }

    /// What it takes elsewhere.
    pub fn bytes_apart(&self) -> usize {
        match self {
            Name::Few { .. } => 0,
            Name::Many(bytes) => bytes.len() + ALLOCATION_BYTES,
        }
    }
}

impl From<&[u8]> for Name {
    #[inline]
    fn from(name: &[u8]) -> Name {
        let mut bytes = [0; FEW_BYTES];
        match bytes.get_mut(..name.len()) {
            Some(few) => {
                few.copy_from_slice(name);
                let len = name.len() as u8;
                Name::Few { len, bytes }
            }
            None => Name::Many(name.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_any_length_is_the_bytes_that_it_was_made_of() {
        for len in 0..60 {
            let bytes: Box<[u8]> = (0..len).collect();
            let name = Name::from(&*bytes);
            assert_eq!(name.as_bytes(), &*bytes);
            assert_eq!(name.bytes_apart() > 0, bytes.len() > FEW_BYTES);
            assert_eq!(name.into_bytes(), bytes);
        }
    }

    #[test]
    fn a_name_takes_a_word_more_than_a_pointer_with_its_length() {
        assert_eq!(size_of::<Name>(), 24);
    }
}
