//! THE WIRE: RESP2 and RESP3, requests from bytes and replies to bytes. No I/O.
//!
//! A host appends what it read to a `Parser` and takes whole requests out of it; what the engine
//! answers is written to a buffer with `write`. `Answer` reads replies back, as a client does, and
//! `print` draws them as redis-cli does.

pub mod answer;
pub mod inline;
pub mod print;
pub mod reply;
pub mod request;

pub use crate::db::Resp;
pub use crate::db::write_call as write_request;
pub use answer::Answer;
pub use inline::split_arguments;
pub use reply::write;
pub use request::{Argv, Bounds, Parser, ProtocolError};
