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
}
