//! One value as DUMP hands it out and RESTORE takes it.
//!
//! ```text
//! type u8 | value | version of RDB u16 LE | CRC-64 of all before, u64 LE
//! ```

use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

use super::decode::{Decoded, read_value};
use super::encode::write_value;
use super::lzf::Compressor;
use super::wire::Input;
use super::{LAST_VERSION, Target, crc64};
use crate::error::Error;
use crate::types::{Limits, Value, ValueRef};

/// Why a payload is refused. `Display` is the text of the error reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreError {
    /// Of a newer Redis, or not a payload at all.
    VersionOrChecksum,
    BadFormat,
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RestoreError::VersionOrChecksum => "ERR DUMP payload version or checksum are wrong",
            RestoreError::BadFormat => "ERR Bad data format",
        })
    }
}

impl core::error::Error for RestoreError {}

impl From<RestoreError> for Error {
    fn from(error: RestoreError) -> Error {
        Error::SaidOf(error.to_string())
    }
}

/// The payload of a value.
pub fn dump<'v>(value: impl Into<ValueRef<'v>>, target: Target) -> Vec<u8> {
    dump_with(&mut Compressor::default(), value, target)
}

/// The same payload, for those who ask for many: the table of a compressor is 64 KiB, which to
/// fill for each takes longer than all else that is done to a short value.
pub fn dump_with<'v>(
    compressor: &mut Compressor,
    value: impl Into<ValueRef<'v>>,
    target: Target,
) -> Vec<u8> {
    let mut out = Vec::new();
    write_value(value.into(), target, compressor, &mut out);
    out.extend_from_slice(&target.version().to_le_bytes());
    let crc = crc64(0, &out);
    out.extend_from_slice(&crc.to_le_bytes());
    out
}

/// The value of a payload.
///
/// What is left between the value and the footer is not looked at, as in Redis.
pub fn restore(payload: &[u8], limits: &Limits) -> Result<Value, RestoreError> {
    let (signed, crc) = payload
        .split_last_chunk()
        .ok_or(RestoreError::VersionOrChecksum)?;
    let (object, version) = signed
        .split_last_chunk()
        .ok_or(RestoreError::VersionOrChecksum)?;
    let is_known = u32::from(u16::from_le_bytes(*version)) <= LAST_VERSION;
    if !is_known || crc64(0, signed) != u64::from_le_bytes(*crc) {
        return Err(RestoreError::VersionOrChecksum);
    }
    let mut input = Input::new(object);
    let code = input.u8().map_err(|_| RestoreError::BadFormat)?;
    match read_value(code, &mut input, limits) {
        Ok(Decoded::Value(value)) => Ok(value),
        Ok(Decoded::Empty | Decoded::OtherType) | Err(_) => Err(RestoreError::BadFormat),
    }
}
