//! Which pages may open a WebSocket.
//!
//! A browser lets every page open a WebSocket to every server, this one on the user's own machine
//! among them, and says in `Origin` whose page it is: the server has to refuse the others'.

use std::net::IpAddr;
use std::sync::Arc;

/// The sites of `--allow-origin`, and the one that this server serves itself.
#[derive(Debug, Clone)]
pub struct AllowedOrigins {
    listed: Arc<[String]>,
}

impl AllowedOrigins {
    pub fn new(listed: &[String]) -> AllowedOrigins {
        let listed = listed.iter().map(|origin| {
            let origin = origin.strip_suffix('/').unwrap_or(origin);
            origin.to_ascii_lowercase()
        });
        AllowedOrigins {
            listed: listed.collect(),
        }
    }

    /// Whether a page of this origin may come in by this `Host`.
    ///
    /// Our own site is the one whose origin names the host that was asked for. That host has to be
    /// localhost or an address: a name that an attacker owns can be made to point here after his
    /// page was loaded (DNS rebinding), and then his origin and the host agree as well. Other names
    /// of this server belong into `--allow-origin`.
    pub fn allow(&self, origin: Option<&str>, host: Option<&str>) -> bool {
        let Some(origin) = origin.map(str::to_ascii_lowercase) else {
            return false;
        };
        let site = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        let is_own = match (site, host) {
            (Some(site), Some(host)) => {
                site == host.to_ascii_lowercase() && is_localhost_or_address(site)
            }
            _ => false,
        };
        is_own || self.listed.contains(&origin)
    }
}

/// Whether an authority, `host` or `host:port`, says no name that somebody could point elsewhere.
fn is_localhost_or_address(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.ends_with(".localhost") || host.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_site_and_those_listed_may_come_in_and_no_other() {
        let origins = AllowedOrigins::new(&["https://App.example/".to_owned()]);
        let allow = |origin, host| origins.allow(Some(origin), Some(host));
        assert!(allow("https://app.example", "db.example"));
        assert!(allow("http://localhost:6380", "localhost:6380"));
        assert!(allow("http://127.0.0.1:6380", "127.0.0.1:6380"));
        assert!(allow("http://[::1]:6380", "[::1]:6380"));
        assert!(!allow("http://localhost:3000", "localhost:6380"));
        assert!(!allow("https://evil.example", "localhost:6380"));
        assert!(!allow("null", "localhost:6380"));
        assert!(!allow("https://app.example.evil.example", "db.example"));
    }

    #[test]
    fn a_name_that_was_pointed_here_later_is_not_our_own_site() {
        let origins = AllowedOrigins::new(&[]);
        assert!(!origins.allow(Some("http://evil.example:6380"), Some("evil.example:6380")));
    }

    #[test]
    fn an_origin_without_a_host_is_refused() {
        assert!(!AllowedOrigins::new(&[]).allow(Some("http://localhost"), None));
        assert!(!AllowedOrigins::new(&[]).allow(None, Some("localhost")));
    }
}
