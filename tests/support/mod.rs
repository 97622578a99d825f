//! What the tests stand on. Each test file takes what it needs, hence:
#![allow(dead_code)]

pub mod author;
pub mod ports;
pub mod redis;
pub mod session;
pub mod values;
