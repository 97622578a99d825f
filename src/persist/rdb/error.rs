//! Why a file, or a key of it, could not be loaded.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use super::wire::Broken;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadError {
    NotRdb,
    /// Of a Redis that is newer than we know.
    UnknownVersion(u32),
    /// The file ends too early.
    Truncated {
        at: usize,
        key: Option<Box<[u8]>>,
    },
    Malformed {
        at: usize,
        key: Option<Box<[u8]>>,
        what: &'static str,
    },
    Checksum {
        stored: u64,
        computed: u64,
    },
    /// A key that we cannot hold. Where `is_skipped`, the keys behind it can still be read.
    Unsupported {
        key: Box<[u8]>,
        what: &'static str,
        is_skipped: bool,
    },
    UnknownType {
        code: u8,
        key: Box<[u8]>,
    },
    /// What a module of Redis keeps beside the keys. It is skipped.
    ModuleState {
        module: String,
    },
}

impl LoadError {
    pub(super) fn at(at: usize, key: Option<&[u8]>, broken: Broken) -> LoadError {
        let key = key.map(Box::from);
        match broken {
            Broken::Truncated => LoadError::Truncated { at, key },
            Broken::Malformed(what) => LoadError::Malformed { at, key, what },
        }
    }

    /// Whether what follows can still be read.
    pub fn is_skipped(&self) -> bool {
        match self {
            LoadError::Unsupported { is_skipped, .. } => *is_skipped,
            LoadError::ModuleState { .. } => true,
            _ => false,
        }
    }
}

impl core::error::Error for LoadError {}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::NotRdb => f.write_str("not an RDB file"),
            LoadError::UnknownVersion(version) => {
                write!(
                    f,
                    "RDB version {version} is newer than {}",
                    super::LAST_VERSION
                )
            }
            LoadError::Truncated { at, key } => {
                write!(f, "the file ends at byte {at}{}", InKey(key.as_deref()))
            }
            LoadError::Malformed { at, key, what } => {
                write!(f, "{what} before byte {at}{}", InKey(key.as_deref()))
            }
            LoadError::Checksum { stored, computed } => {
                write!(
                    f,
                    "the checksum is {computed:016x}, and should be {stored:016x}"
                )
            }
            LoadError::Unsupported { key, what, .. } => {
                write!(f, "{what} cannot be held{}", InKey(Some(key)))
            }
            LoadError::UnknownType { code, key } => {
                write!(f, "unknown type {code}{}", InKey(Some(key)))
            }
            LoadError::ModuleState { module } => write!(f, "state of the module {module}"),
        }
    }
}

/// Names the key where there is one.
struct InKey<'a>(Option<&'a [u8]>);

impl fmt::Display for InKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(key) => write!(f, ", in key '{}'", key.escape_ascii()),
            None => Ok(()),
        }
    }
}
