//! The binary itself, spoken to over its sockets, stopped and killed, and its files given to Redis.

#[path = "../support/mod.rs"]
mod support;

#[path = "../compat/case.rs"]
#[allow(dead_code)]
mod case;

// Libraries are put before the one of C by LD_PRELOAD.
#[cfg(all(target_os = "linux", not(target_env = "musl")))]
mod failing;
mod interchange;
mod keeping;
mod nook;
mod picture;
mod talking;
mod web;
