//! Forms of text that need nothing but the text: what fits, and what to write.

use super::format;
use super::table::Syntax;

/// Whether a text has a form, and what the form is; `None` for forms that look at more than the text.
pub(super) fn of_text(form: Syntax, text: &str) -> Option<(bool, &'static str)> {
    Some(match form {
        Syntax::CanonicalCidr => (
            format::is_canonical_cidr(text),
            "a range of addresses in its canonical form, such as `10.0.0.0/8` or `fd00::/112`",
        ),
        Syntax::DeviceAttribute => (
            text.contains('/')
                && format::is_device_name(text)
                && (text.matches('/').count() > 1
                    || !text.split('/').next().is_some_and(has_capitals)),
            "a domain, a slash and an identifier of at most 32 letters, digits and `_`",
        ),
        Syntax::DomainPath => (format::is_domain_path(text), "a domain, a slash and a path"),
        Syntax::ExtendedResource => (
            format::is_extended_resource(text),
            "a domain that is not of Kubernetes, a slash and a name, such as `example.com/gpu`",
        ),
        Syntax::IngressHost => (
            format::is_wildcard_host(text) && !format::is_ip(&format::without_leading_zeros(text)),
            "a domain, whose first part can be `*`, and no IP address",
        ),
        Syntax::Iqn => (
            format::is_iqn(text),
            "an iSCSI name such as `iqn.2001-04.com.example:disk`",
        ),
        Syntax::PoolName => (
            text.len() <= 253 && text.split('/').all(format::is_subdomain),
            "names of lower-case letters, digits, `-` and `.`, with slashes between them",
        ),
        Syntax::QualifiedAnyCase => (
            format::is_qualified(&text.to_ascii_lowercase()),
            "a name of letters, digits, `-`, `_` and `.`, perhaps behind a domain and a slash",
        ),
        Syntax::ApiVersion => (!text.is_empty(), "a version such as `v1`, or `*` for all"),
        Syntax::SignerName => (
            format::is_signer_name(text),
            "a domain of two parts at least, a slash and a name, such as `example.com/signer`",
        ),
        Syntax::WebhookName => (
            format::is_subdomain(text) && text.split('.').count() >= 3,
            "a domain of three parts at least",
        ),
        Syntax::WebhookPath => (
            is_webhook_path(text),
            "an absolute path whose segments are lower-case letters, digits, `-` and `.`",
        ),
        Syntax::WebhookUrl => (
            is_webhook_url(text),
            "an https URL without user, query and fragment",
        ),
        _ => return None,
    })
}

fn has_capitals(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_uppercase())
}

/// Whether an address is one that other machines reach.
pub(super) fn is_reachable(text: &str) -> bool {
    match text.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(ip)) => {
            let near = matches!(ip.octets(), [224, 0, 0, _]);
            !(ip.is_loopback() || ip.is_link_local() || near || ip.is_unspecified())
        }
        Ok(std::net::IpAddr::V6(ip)) => {
            let near = ip
                .octets()
                .first_chunk()
                .is_some_and(|[a, b]| *a == 0xff && b & 0xf == 2);
            !(ip.is_loopback() || ip.is_unicast_link_local() || near || ip.is_unspecified())
        }
        Err(_) => false,
    }
}

/// An absolute path, which may end with a slash; an empty one is not set.
fn is_webhook_path(text: &str) -> bool {
    let path = text.strip_prefix('/').unwrap_or_default();
    let path = path.strip_suffix('/').unwrap_or(path);
    matches!(text, "" | "/") || text.starts_with('/') && path.split('/').all(format::is_subdomain)
}

fn is_webhook_url(text: &str) -> bool {
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    scheme.eq_ignore_ascii_case("https")
        && !host.is_empty()
        && !rest.contains(['?', '#'])
        && !host.contains('@')
}
