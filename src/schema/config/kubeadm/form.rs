//! Forms of text that kubeadm asks for, each with what it must be.

use crate::go_value::{scheme_and_path, split_host_port};
use crate::schema::format::{is_ip, is_subdomain, is_wildcard_host, without_leading_zeros};

/// Whether a text has the form, and the form in words.
pub(super) type Form = (fn(&str) -> bool, &'static str);

pub(super) const ABSOLUTE_PATH: Form = (|text| text.starts_with('/'), "an absolute path");

pub(super) const CA_PATH: Form = (
    |text| text.starts_with('/') && text.as_bytes().ends_with(b".crt"),
    "an absolute path that ends with `.crt`",
);

pub(super) const ADDRESS: Form = (is_address, "an IP address");

pub(super) const CERTIFICATE_KEY: Form = (
    |text| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()),
    "a key of 32 bytes: 64 hexadecimal digits, as `kubeadm certs certificate-key` prints",
);

/// The names of an etcd's certificate, which kubeadm takes as they are.
pub(super) const CERTIFICATE_NAME: Form = (
    |text| is_subdomain(text) || text.starts_with("*.") && is_wildcard(text) || is_address(text),
    "an IP address or a lower-case domain, whose first part can be `*`",
);

/// Those of the API server's, which it writes in lower case.
pub(super) const SERVER_NAME: Form = (
    |text| (CERTIFICATE_NAME.0)(&text.to_lowercase()),
    "an IP address or a domain, whose first part can be `*`, without port or scheme",
);

pub(super) const DOMAIN: Form = (
    is_subdomain,
    "a domain: lower-case letters, digits, `-` and `.`",
);

pub(super) const ENDPOINT: Form = (
    is_endpoint,
    "an IP address or a lower-case domain, optionally with a port from 1 to 65535, such as `api.example.com:6443`",
);

pub(super) const HOST_AND_PORT: Form = (
    |text| split_host_port(text).is_some(),
    "a host and a port such as `api.example.com:6443`",
);

/// Of an etcd that needs no certificates.
pub(super) const URL: Form = (
    |text| scheme_and_path(text).is_some_and(|(scheme, _)| !scheme.is_empty()),
    "a URL such as `http://10.0.0.1:2379`",
);

pub(super) const HTTPS_URL: Form = (
    |text| scheme_and_path(text).is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("https")),
    "an https URL such as `https://10.0.0.1:2379`, because TLS files are set",
);

pub(super) const DISCOVERY_FILE: Form = (is_discovery_file, "an https URL or the path of a file");

pub(super) const NODE_NAME: Form = (
    |text| is_subdomain(&text.trim().to_lowercase()),
    "a domain name of letters, digits, `-` and `.`, where each part begins and ends with a letter or digit",
);

pub(super) const REPOSITORY: Form = (
    is_repository,
    "an image repository such as `registry.example.com:5000/kubernetes`, without scheme, tag or final slash",
);

pub(super) const SOCKET: Form = (
    is_socket,
    "the path of a socket such as `unix:///run/containerd/containerd.sock`",
);

pub(super) const TOKEN: Form = (
    is_token,
    "6 and 16 lower-case letters or digits, separated by a dot",
);

pub(super) const TOKEN_GROUP: Form = (
    is_token_group,
    "`system:bootstrappers:` followed by lower-case letters, digits, `:` and `-`, ending with a letter or digit",
);

pub(super) const RELEASE: Form = (
    is_release,
    "a version such as `v1.37.2`, or a label such as `stable-1.37`",
);

/// As Go's older functions read it: numbers may begin with zeros.
fn is_address(text: &str) -> bool {
    is_ip(text) || is_ip(&without_leading_zeros(text))
}

fn is_wildcard(text: &str) -> bool {
    text.len() <= 253 && is_wildcard_host(text)
}

fn is_endpoint(text: &str) -> bool {
    let (host, port) = split_host_port(text).unwrap_or((text, ""));
    let is_port = |port: &str| {
        port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    (port.is_empty() || is_port(port)) && (is_address(host) || is_subdomain(host))
}

/// Whether a path names a file is known to the machine only.
fn is_discovery_file(text: &str) -> bool {
    match scheme_and_path(text) {
        Some((scheme, path)) if scheme.eq_ignore_ascii_case("file") => !path.is_empty(),
        Some((scheme, _)) => scheme.is_empty() || scheme.eq_ignore_ascii_case("https"),
        None => false,
    }
}

/// What has no scheme gets one.
fn is_socket(text: &str) -> bool {
    if !text.starts_with("unix") {
        return scheme_and_path(&format!("unix://{text}")).is_some();
    }
    scheme_and_path(text).is_some_and(|(scheme, _)| scheme == "unix")
}

fn is_token(text: &str) -> bool {
    let plain = |part: &str, len| {
        let inner = |b: u8| b.is_ascii_digit() || b.is_ascii_lowercase();
        part.len() == len && part.bytes().all(inner)
    };
    text.split_once('.')
        .is_some_and(|(id, secret)| plain(id, 6) && plain(secret, 16))
}

fn is_token_group(text: &str) -> bool {
    let Some(name) = text.strip_prefix("system:bootstrappers:") else {
        return false;
    };
    let word = |b: u8| b.is_ascii_digit() || b.is_ascii_lowercase();
    let inner = |b: u8| word(b) || matches!(b, b':' | b'-');
    name.len() <= 256 && name.bytes().all(inner) && name.bytes().next_back().is_some_and(word)
}

/// What an image's name may begin with: a host, perhaps with a port, and folders.
fn is_repository(text: &str) -> bool {
    let mut parts = text.split('/');
    let first = parts.next().unwrap_or_default();
    (is_registry(first) || is_folder(first)) && parts.all(is_folder)
}

fn is_registry(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (text, "0"),
    };
    let label = |label: &str| {
        let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        !label.is_empty()
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let v6 = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let is_v6 = |v6: &str| !v6.is_empty() && v6.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    digits && v6.map_or_else(|| host.split('.').all(label), is_v6)
}

/// Words of lower-case letters and digits; between them a dot, one underscore or two, or dashes.
fn is_folder(text: &str) -> bool {
    let word = |c: char| c.is_ascii_digit() || c.is_ascii_lowercase();
    let between =
        |part: &str| matches!(part, "" | "." | "_" | "__") || part.bytes().all(|b| b == b'-');
    text.starts_with(word) && text.ends_with(word) && text.split(word).all(between)
}

/// A semantic version, or what the servers with releases call one.
fn is_release(text: &str) -> bool {
    let named = text
        .strip_prefix("release/")
        .or_else(|| text.strip_prefix("ci/"));
    let name = named.unwrap_or(text);
    is_semantic(name) || is_release_label(name)
}

fn is_semantic(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    let (text, build) = text.split_once('+').unwrap_or((text, "0"));
    let (core, before) = text.split_once('-').unwrap_or((text, "0"));
    let number = |part: &str| {
        let zeros = part.len() > 1 && part.starts_with('0');
        !zeros && !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())
    };
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let of_numbers = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    core.split('.').count() == 3
        && core.split('.').all(number)
        && before
            .split('.')
            .all(|p| word(p) && (!of_numbers(p) || number(p)))
        && build.split('.').all(word)
}

/// `stable`, `latest-1`, `stable-1.37`
fn is_release_label(text: &str) -> bool {
    let (word, numbers) = text.split_once('-').unwrap_or((text, "1"));
    let mut rest = word;
    while let Some(next) = ["latest", "stable"]
        .iter()
        .find_map(|w| rest.strip_prefix(w))
    {
        rest = next;
    }
    let digit = |text: &str| {
        text.bytes()
            .next()
            .is_some_and(|b| (b'1'..=b'9').contains(&b))
    };
    let (major, minor) = numbers.split_once('.').unwrap_or((numbers, "1"));
    let short = minor.len() <= 2 && minor.bytes().all(|b| b.is_ascii_digit());
    !word.is_empty() && rest.is_empty() && major.len() == 1 && digit(major) && digit(minor) && short
}
