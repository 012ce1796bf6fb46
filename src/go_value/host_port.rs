//! `host:port` (`net.SplitHostPort`), which addresses to listen at are.

/// Host and port of an address. An address of IPv6 has brackets, which the host is without.
pub fn split_host_port(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    let bare = match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']')?,
        None if host.contains(':') => return None,
        None => host,
    };
    let stray = |part: &str| part.contains(['[', ']']);
    (!stray(bare) && !stray(port)).then_some((bare, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_split_as_go_does() {
        for (text, go) in super::super::verdicts(include_str!("../../testdata/go/host-ports.json"))
        {
            let expected: Option<(String, String)> = serde_json::from_value(go).unwrap();
            let expected = expected.as_ref().map(|(h, p)| (h.as_str(), p.as_str()));
            assert_eq!(split_host_port(&text), expected, "{text:?}");
        }
    }
}
