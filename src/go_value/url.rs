//! URLs with a host (`net/url`).

/// A URL as far as rules ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Url<'a> {
    /// `https`, in any case.
    pub scheme: &'a str,
    /// What stands behind the name of the user.
    pub password: Option<&'a str>,
    /// Name or address, without the brackets of IPv6.
    pub host: &'a str,
    /// Digits; empty where there is none.
    pub port: &'a str,
}

impl<'a> Url<'a> {
    /// `scheme://user:password@host:port/path`; `None` without a scheme. What Go refuses has its parts, too: a host that is filled in
    /// later tells nothing of the scheme before it.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        let (login, place) = match authority.rsplit_once('@') {
            Some((login, place)) => (login, place),
            None => ("", authority),
        };
        let (host, port) = match place.strip_prefix('[') {
            Some(v6) => {
                let (host, behind) = v6.split_once(']').unwrap_or((v6, ""));
                (host, behind.strip_prefix(':').unwrap_or_default())
            }
            None => place.rsplit_once(':').unwrap_or((place, "")),
        };
        Some(Self {
            scheme,
            password: login.split_once(':').map(|(_, password)| password),
            host,
            port,
        })
    }
}

/// Scheme and path of a URL as Go's `url.Parse` gives them, the scheme in the letters that are written, the path with its escapes; each
/// is empty where there is none. `None` where Go refuses the text.
pub fn scheme_and_path(text: &str) -> Option<(&str, &str)> {
    if text.bytes().any(|b| b < b' ' || b == 0x7f) {
        return None;
    }
    let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (scheme, rest) = split_scheme(before)?;
    let rest = rest.split('?').next().unwrap_or_default();
    let (authority, path) = match rest.strip_prefix("//") {
        Some(behind) if !scheme.is_empty() || !behind.starts_with('/') => {
            behind.split_at(behind.find('/').unwrap_or(behind.len()))
        }
        // Without a host; a scheme takes what is behind it as it is.
        _ if !rest.starts_with('/') && !scheme.is_empty() => ("", ""),
        _ if !rest.starts_with('/') && rest.split('/').next()?.contains(':') => return None,
        _ => ("", rest),
    };
    let fits = is_authority(scheme, authority) && is_escaped(path, false);
    (fits && is_escaped(fragment, false)).then_some((scheme, path))
}

/// `None` where a colon has nothing before it.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    let end = text.bytes().position(|b| !inner(b)).unwrap_or(text.len());
    let (scheme, rest) = text.split_at(end);
    match rest.strip_prefix(':') {
        Some(_) if scheme.is_empty() => None,
        Some(rest) if scheme.starts_with(|c: char| c.is_ascii_alphabetic()) => Some((scheme, rest)),
        _ => Some(("", text)),
    }
}

/// `user:password@host:port`, each of which may be left out.
fn is_authority(scheme: &str, authority: &str) -> bool {
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let named = |b: u8| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&b);
    if !user.bytes().all(named) || !is_escaped(user, false) {
        return false;
    }
    let is_port = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
    if let Some(inner) = host.strip_prefix('[') {
        let Some((address, port)) = inner.rsplit_once(']') else {
            return false;
        };
        let (address, zone) = address.split_once("%25").unwrap_or((address, "zone"));
        let port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return port && !zone.is_empty() && address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let http = ["http", "https"]
        .iter()
        .any(|s| scheme.eq_ignore_ascii_case(s));
    let port = if http {
        host.split_once(':')
    } else {
        host.rsplit_once(':')
    };
    !host.contains('[') && port.is_none_or(|(_, port)| is_port(port)) && is_escaped(host, true)
}

/// Whether each `%` has two hexadecimal digits behind it. A host has few signs besides, and escapes none of ASCII.
fn is_escaped(text: &str, host: bool) -> bool {
    let bytes = text.as_bytes();
    let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let escape = |at: usize| {
        let high = bytes.get(at + 1).is_some_and(|b| !(b'0'..b'8').contains(b));
        let percent = bytes.get(at + 1..at + 3) == Some(b"25");
        hex(at + 1) && hex(at + 2) && (!host || high || percent)
    };
    let sign = |b: u8| {
        !host
            || !b.is_ascii()
            || b.is_ascii_alphanumeric()
            || b"!$&'()*+,;=:[]<>\"-_.~".contains(&b)
    };
    let mut all = bytes.iter().enumerate();
    all.all(|(at, b)| if *b == b'%' { escape(at) } else { sign(*b) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_have_the_parts_that_go_gives_them() {
        for (text, go) in super::super::verdicts(include_str!("../../testdata/go/urls.json")) {
            let part = |name: &str| go.get(name).and_then(|v| v.as_str()).unwrap_or_default();
            // Go has the host decoded, and opaque URLs without a host.
            let judged = text.contains("://") && !part("scheme").is_empty() && !text.contains('%');
            if !judged || part("host").is_empty() {
                continue;
            }
            let url = Url::parse(&text).unwrap();
            let password = go["password"].as_bool();
            assert_eq!(url.scheme.to_lowercase(), part("scheme"), "{text:?}");
            assert_eq!(
                (url.host, url.port),
                (part("host"), part("port")),
                "{text:?}"
            );
            assert_eq!(Some(url.password.is_some()), password, "{text:?}");
        }
    }

    #[test]
    fn a_url_that_go_refuses_has_no_scheme() {
        for (text, go) in super::super::verdicts(include_str!("../../testdata/go/urls.json")) {
            let expected = go.get("scheme").and_then(|v| v.as_str());
            let found = scheme_and_path(&text).map(|(scheme, _)| scheme.to_lowercase());
            assert_eq!(found.as_deref(), expected, "{text:?}");
        }
        assert_eq!(scheme_and_path("file:///a/b?c"), Some(("file", "/a/b")));
        assert_eq!(scheme_and_path("file:a"), Some(("file", "")));
    }
}
