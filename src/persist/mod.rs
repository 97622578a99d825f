//! DURABLE FORMATS: bytes to bytes. Who keeps the bytes, and where, is the host's affair.

pub mod rdb;
