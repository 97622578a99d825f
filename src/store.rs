//! The lower half of nookdb: keys and values, and what touches them. See the crate above for the whole.
//!
//! A package of its own, as Cargo knows levels of optimization by package, and in the wasm this half is to be fast
//! while the commands above are to be small.

#![cfg_attr(not(test), no_std)]

#[macro_use]
extern crate alloc;

pub mod db;
pub mod error;
pub mod reply;
pub mod types;
