//! Loopback ports for servers that a test starts.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ports that Linux gives to outgoing connections: there a client that tries until its server
/// listens may be given the very port that it calls, and talk to itself.
const FIRST: u16 = 10_000;
const COUNT: u16 = 22_000;

/// A port that nobody listens on, another each time; processes that run side by side begin apart.
pub fn free_port() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let start = (std::process::id().wrapping_mul(97) % u32::from(COUNT)) as u16;
    loop {
        let step = TAKEN.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (u32::from(start) + u32::from(step)) as u16 % COUNT;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
