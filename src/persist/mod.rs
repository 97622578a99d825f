//! DURABLE FORMATS: bytes to bytes. Who keeps the bytes, and where, is the host's affair.

pub mod aof;
pub mod manifest;
pub mod rdb;
pub mod record;
pub mod snapshot;
