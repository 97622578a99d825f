//! The binary itself, spoken to over its sockets, stopped and killed, and its files given to Redis.

#[allow(dead_code)]
#[path = "../support/redis.rs"]
mod redis;

#[allow(dead_code)]
mod nook;
mod talking;
mod web;
