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
    /// `scheme://user:password@host:port/path`; `None` without a scheme. What Go rejects has its parts, too: a host that is filled in
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

/// A URL as Go's own package reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoUrl<'a> {
    /// As it is written; empty where there is none.
    pub scheme: &'a str,
    /// Whether it names a user.
    pub has_user: bool,
    /// With its escapes; empty where it is opaque.
    pub path: &'a str,
    /// Without its question mark.
    pub query: &'a str,
    /// Without its hash.
    pub fragment: &'a str,
}

/// Whether Go reads a text as a URL, and its parts (`url.Parse`).
pub fn parse_url(text: &str) -> Option<GoUrl<'_>> {
    let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
    if text.bytes().any(|b| b < b' ' || b == 0x7f) || !has_whole_escapes(fragment) {
        return None;
    }
    let (scheme, rest) = scheme(text)?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let parsed = |has_user, path| {
        Some(GoUrl {
            scheme,
            has_user,
            path,
            query,
            fragment,
        })
    };
    if !rest.starts_with('/') {
        let first = rest.split('/').next().unwrap_or_default();
        let fits = !scheme.is_empty() || !first.contains(':') && has_whole_escapes(rest);
        let path = if scheme.is_empty() { rest } else { "" };
        return parsed(false, path).filter(|_| fits);
    }
    let authority = rest.strip_prefix("//");
    let Some(authority) = authority.filter(|a| !scheme.is_empty() || !a.starts_with('/')) else {
        return parsed(false, rest).filter(|_| has_whole_escapes(rest));
    };
    let (authority, path) = authority.split_at(authority.find('/').unwrap_or(authority.len()));
    let (login, host) = match authority.rsplit_once('@') {
        Some((login, host)) => (Some(login), host),
        None => (None, authority),
    };
    let login_fits = login.is_none_or(|login| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&b);
        login.bytes().all(fits) && has_whole_escapes(login)
    });
    let strict = ["http", "https"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    let fits = login_fits && is_host(host, strict) && has_whole_escapes(path);
    parsed(login.is_some(), path).filter(|_| fits)
}

/// The scheme and what follows; none where a URL begins with a colon.
fn scheme(text: &str) -> Option<(&str, &str)> {
    for (at, b) in text.bytes().enumerate() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return None,
            b':' => return text.split_once(':'),
            _ => break,
        }
    }
    Some(("", text))
}

/// Whether each `%` has two hexadecimal digits.
fn has_whole_escapes(text: &str) -> bool {
    text.split('%').skip(1).all(|behind| {
        let digits = behind.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// A host with an optional port, or an address in brackets. What is no web address may list several hosts with their ports.
fn is_host(text: &str, strict: bool) -> bool {
    let is_port = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
    let plain = |host: &str| {
        let fits = |b: u8| {
            b >= 0x80
                || b.is_ascii_alphanumeric()
                || b"!$&'()*+,;=<>\"-_.~%".contains(&b)
                || !strict && b == b':'
        };
        // Of what is ASCII only the sign itself may be written with a `%`.
        let escapes = host.split('%').skip(1).all(|behind| {
            behind.starts_with("25")
                || behind.starts_with(|c: char| matches!(c, '8' | '9' | 'a'..='f' | 'A'..='F'))
        });
        host.bytes().all(fits) && has_whole_escapes(host) && escapes
    };
    if let Some(inner) = text.strip_prefix('[') {
        return inner.rsplit_once(']').is_some_and(|(address, behind)| {
            let (address, zone) = address.split_once("%25").unwrap_or((address, "z"));
            let port = behind.is_empty() || behind.strip_prefix(':').is_some_and(is_port);
            address.parse::<std::net::Ipv6Addr>().is_ok() && !zone.is_empty() && port
        });
    }
    match text.rsplit_once(':') {
        Some((host, port)) => is_port(port) && plain(host),
        None => plain(text),
    }
}

/// Scheme and path of a URL as Go gives them, the scheme in the letters that are written, the path with its escapes; each is empty where
/// there is none. `None` where Go rejects the text.
pub fn scheme_and_path(text: &str) -> Option<(&str, &str)> {
    parse_url(text).map(|url| (url.scheme, url.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_what_go_takes_for_one() {
        for (text, go) in super::super::verdicts(include_str!("../../testdata/go/urls.json")) {
            let url = parse_url(&text);
            assert_eq!(url.is_some(), !go.is_null(), "{text:?}");
            let Some(url) = url else { continue };
            let scheme = go["scheme"].as_str().unwrap();
            assert_eq!(url.scheme.to_lowercase(), scheme, "{text:?}");
            let user = go["user"].as_str() != Some("") || go["password"] == true;
            assert!(!user || url.has_user, "{text:?}");
        }
    }

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
