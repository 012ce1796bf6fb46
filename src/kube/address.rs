//! URLs and hosts: who can be reached there, and who listens.

pub use crate::go_value::Url;
use std::net::IpAddr;

impl Url<'_> {
    /// Whether what is sent there can be read on the way: http, and another machine.
    pub fn is_plain(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("http") && !is_loopback(self.host)
    }
}

/// Whether a host is the machine itself.
pub fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.ends_with(".localhost")
        || host.starts_with("127.")
        || host == "::1"
}

/// Whether a host to listen at means all addresses of the machine.
pub fn is_any(host: &str) -> bool {
    matches!(host, "" | "*" | "0.0.0.0" | "::")
}

/// Whether a host is one that no public authority gives a certificate to: a private address, or a name without a public domain.
pub fn is_private(host: &str) -> bool {
    const DOMAINS: [&str; 6] = [".local", ".internal", ".lan", ".home", ".corp", ".svc"];
    match host.parse() {
        Ok(IpAddr::V4(ip)) => ip.is_private() || ip.is_link_local() || ip.is_loopback(),
        Ok(IpAddr::V6(ip)) => ip.is_unique_local() || ip.is_loopback(),
        Err(_) => !host.contains('.') || DOMAINS.iter().any(|d| host.ends_with(d)),
    }
}

/// Whether a host is an address of the internet.
pub fn is_public(host: &str) -> bool {
    let own = match host.parse() {
        Ok(IpAddr::V4(ip)) => {
            // Addresses that carriers share are nobody's (RFC 6598).
            let [first, second, ..] = ip.octets();
            first == 100 && (64..128).contains(&second)
        }
        Ok(IpAddr::V6(ip)) => ip.is_unicast_link_local(),
        Err(_) => true,
    };
    !own && !is_any(host) && !is_private(host)
}

/// Whether a range is every address.
pub fn is_everywhere(range: &str) -> bool {
    matches!(range.trim(), "0.0.0.0/0" | "::/0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_internet_are_public() {
        for host in ["198.51.100.7", "2001:db8::1"] {
            assert!(is_public(host), "{host}");
        }
        for host in [
            "0.0.0.0",
            "::",
            "10.1.2.3",
            "100.64.0.1",
            "169.254.1.1",
            "fd00::1",
            "fe80::1",
            "127.0.0.1",
            "api.example.org",
            "",
        ] {
            assert!(!is_public(host), "{host}");
        }
    }

    #[test]
    fn urls_are_plain_where_others_can_read_them() {
        for plain in [
            "http://10.0.0.1:2379",
            "HTTP://etcd.example.org/x",
            "http://[::]:2379",
            "http://u:p@h",
        ] {
            assert!(Url::parse(plain).is_some_and(|u| u.is_plain()), "{plain}");
        }
        for other in [
            "https://10.0.0.1",
            "http://127.0.0.1:2379",
            "http://[::1]:2379",
            "http://localhost",
            "unix:///run/x",
            "x",
        ] {
            assert!(!Url::parse(other).is_some_and(|u| u.is_plain()), "{other}");
        }
    }
}
