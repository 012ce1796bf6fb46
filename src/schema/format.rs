//! Formats of strings, as the API server's own packages read them.

use crate::go_value::{parse_duration, parse_quantity};
use crate::text::base64;

/// RFC 3339, as Go's time package reads it; `micros` asks for exactly six digits of a second (metav1.MicroTime).
pub(super) fn is_time(text: &str, micros: bool) -> bool {
    let bytes = text.as_bytes();
    let digits = |from: usize, to: usize| {
        bytes
            .get(from..to)
            .filter(|d| d.iter().all(u8::is_ascii_digit))
            .and_then(|_| text.get(from..to)?.parse::<u32>().ok())
    };
    let parts = [
        digits(0, 4),
        digits(5, 7),
        digits(8, 10),
        digits(11, 13),
        digits(14, 16),
        digits(17, 19),
    ];
    let [
        Some(year),
        Some(month),
        Some(day),
        Some(hour),
        Some(minute),
        Some(second),
    ] = parts
    else {
        return false;
    };
    let signs = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if signs.iter().any(|(at, sign)| bytes.get(*at) != Some(sign))
        || !(1..=12).contains(&month)
        || !(1..=days).contains(&day)
        || hour > 23
        || minute > 59
        || second > 59
    {
        return false;
    }
    let mut rest = text.get(19..).unwrap_or_default();
    let mut fraction = 0;
    if let Some(behind) = rest.strip_prefix('.') {
        fraction = behind.bytes().take_while(u8::is_ascii_digit).count();
        if fraction == 0 {
            return false;
        }
        rest = behind.get(fraction..).unwrap_or_default();
    }
    let zone = rest == "Z"
        || rest.len() == 6
            && rest.starts_with(['+', '-'])
            && rest.get(3..4) == Some(":")
            && rest.bytes().filter(u8::is_ascii_digit).count() == 4;
    zone && (!micros || fraction == 6)
}

/// Base64 with padding; line breaks may stand anywhere.
pub(super) fn is_base64(text: &str) -> bool {
    let compact: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    compact.len().is_multiple_of(4) && base64(&compact).is_some()
}

/// Whether every byte is one of these, and the ends are letters or digits.
fn is_word(text: &str, inner: impl Fn(u8) -> bool) -> bool {
    let ends = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() && inner(*b));
    let bytes = text.as_bytes();
    ends(bytes.first()) && ends(bytes.last()) && bytes.iter().all(|b| inner(*b))
}

/// A DNS label (RFC 1123): up to 63 lower-case letters, digits and dashes.
pub(super) fn is_label(text: &str) -> bool {
    text.len() <= 63 && is_word(text, |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// A DNS label that begins with a letter (RFC 1035).
pub(super) fn is_label_1035(text: &str) -> bool {
    is_label(text) && text.starts_with(|c: char| c.is_ascii_lowercase())
}

/// A DNS subdomain (RFC 1123): labels, of any length, joined by dots; 253 bytes in all.
pub(super) fn is_subdomain(text: &str) -> bool {
    let label = |part: &str| is_word(part, |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    text.len() <= 253 && text.split('.').all(label)
}

/// A subdomain whose first label may be `*`.
pub(super) fn is_wildcard_host(text: &str) -> bool {
    is_subdomain(text.strip_prefix("*.").unwrap_or(text))
}

/// The name of a port (RFC 6335): up to 15 letters, digits and single dashes, one letter at least.
pub(super) fn is_port_name(text: &str) -> bool {
    text.len() <= 15
        && is_label(text)
        && !text.contains("--")
        && text.bytes().any(|b| b.is_ascii_lowercase())
}

/// A name that may be a segment of a path: RBAC's objects.
pub(super) fn is_path_segment(text: &str) -> bool {
    !matches!(text, "." | "..") && !text.contains(['/', '%'])
}

/// The name of a label, annotation or taint: a name, perhaps behind a subdomain and a slash.
pub(super) fn is_qualified(text: &str) -> bool {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    prefix.is_none_or(is_subdomain) && !name.is_empty() && is_label_value(name)
}

/// A label's value: empty, or up to 63 letters, digits, dashes, dots and underscores.
pub(super) fn is_label_value(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    text.is_empty() || text.len() <= 63 && is_word(text, inner)
}

/// A key of a ConfigMap's or Secret's data.
pub(super) fn is_data_key(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=253).contains(&text.len())
        && text.bytes().all(inner)
        && text != "."
        && !text.starts_with("..")
}

/// The name of an environment variable: printable ASCII without `=` since 1.32, before that what a C identifier may be, and dots
/// and dashes.
pub(super) fn is_env_name(text: &str, strict: bool) -> bool {
    if strict {
        let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        return text.bytes().all(inner)
            && !text.starts_with(|c: char| c.is_ascii_digit())
            && !matches!(text, "." | "..")
            && !text.starts_with("..");
    }
    text.bytes()
        .all(|b| (b' '..=b'~').contains(&b) && b != b'=')
}

/// An IP address.
pub(super) fn is_ip(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

/// An IPv4 address, or a range of them, without the leading zeros of its numbers; of an IPv6 address the part that is written so.
pub(super) fn without_leading_zeros(text: &str) -> String {
    let (address, bits) = text.split_at(text.find('/').unwrap_or(text.len()));
    let (v6, v4) = address.split_at(address.rfind(':').map_or(0, |colon| colon + 1));
    if !v4.contains('.') {
        return text.to_owned();
    }
    let numbers = v4.split('.').map(|n| match n.trim_start_matches('0') {
        "" if !n.is_empty() => "0",
        number => number,
    });
    format!("{v6}{}{bits}", numbers.collect::<Vec<_>>().join("."))
}

/// A range of IP addresses, `10.0.0.0/8`.
pub(super) fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else {
        return false;
    };
    let plain = bits == "0" || !bits.starts_with(['0', '+']);
    let bits: Option<u8> = bits.parse().ok().filter(|_| plain);
    match (address.parse::<std::net::IpAddr>(), bits) {
        (Ok(std::net::IpAddr::V4(_)), Some(bits)) => bits <= 32,
        (Ok(std::net::IpAddr::V6(_)), Some(bits)) => bits <= 128,
        _ => false,
    }
}

/// A range of IP addresses as the API server would write it: without bits behind its prefix, and no IPv4 address in IPv6.
pub(super) fn is_canonical_cidr(text: &str) -> bool {
    let address = text.split_once('/').and_then(|(ip, _)| ip.parse().ok());
    is_cidr(text)
        && match address {
            Some(std::net::IpAddr::V6(ip)) => {
                ip.to_ipv4_mapped().is_none() && text.starts_with(&format!("{ip}/"))
            }
            _ => address.is_some(),
        }
}

/// A domain of two labels at least; it may end with its dot.
pub(super) fn is_fqdn(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    is_subdomain(text) && text.contains('.') && text.split('.').all(is_label)
}

/// The name of an iSCSI initiator or target: `iqn.2001-04.com.example:disk`, or `eui.` or `naa.` and what numbers it.
pub(super) fn is_iqn(text: &str) -> bool {
    let alphanumeric = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric());
    if let Some(rest) = text.strip_prefix("eui.") {
        return rest.len() == 16 && alphanumeric(rest);
    }
    if let Some(rest) = text.strip_prefix("naa.") {
        return rest.len() == 32 && alphanumeric(rest);
    }
    let digits =
        |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let parts = || {
        let (date, rest) = text.strip_prefix("iqn.")?.split_once('.')?;
        let (domain, unique) = rest.split_once(':')?;
        let (year, month) = date.split_once('-')?;
        let dated = digits(year, 4) && digits(month, 2);
        let named = !domain.is_empty()
            && domain
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
        let special = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '*' | '&' | '$' | '|');
        (dated && named && !unique.is_empty() && !unique.contains(special)).then_some(())
    };
    parts().is_some()
}

/// Who signs certificates: a domain of two labels at least, a slash and a subdomain.
pub(super) fn is_signer_name(text: &str) -> bool {
    text.split_once('/').is_some_and(|(domain, path)| {
        let labels = domain.len() <= 253 && domain.contains('.') && domain.split('.').all(is_label);
        labels && path.split('.').all(is_subdomain)
    })
}

/// What a quota limits, of what has no domain.
pub(super) const QUOTA_RESOURCES: [&str; 19] = [
    "configmaps",
    "cpu",
    "ephemeral-storage",
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "memory",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
    "requests.storage",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
];

/// What a quota can limit: a resource that Kubernetes knows, or one with a domain.
pub(super) fn is_quota_resource(text: &str) -> bool {
    is_qualified(text)
        && (text.contains('/')
            || QUOTA_RESOURCES.contains(&text)
            || text.starts_with("hugepages-")
            || text.starts_with("requests.hugepages-"))
}

/// A resource of others than Kubernetes, such as `example.com/gpu`.
pub(super) fn is_extended_resource(text: &str) -> bool {
    text.contains('/')
        && !text.contains("kubernetes.io/")
        && !text.starts_with("requests.")
        && is_qualified(&format!("requests.{text}"))
}

/// The name of an attribute or capacity of a device: an identifier, perhaps behind a domain and a slash. The server does not look
/// at what has more slashes.
pub(super) fn is_device_name(text: &str) -> bool {
    let identifier = |id: &str| {
        id.len() <= 32
            && id.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    match text.split_once('/') {
        Some((_, id)) if id.contains('/') => true,
        Some((domain, id)) => {
            domain.len() <= 63 && is_subdomain(&domain.to_ascii_lowercase()) && identifier(id)
        }
        None => identifier(text),
    }
}

/// A version as semver.org has it: `1.2.3-rc.1+build`.
pub(super) fn is_semver(text: &str) -> bool {
    let (text, build) = text.split_once('+').unwrap_or((text, "0"));
    let (core, pre) = text.split_once('-').unwrap_or((text, "0"));
    let numeric = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let plain = |part: &str| part.bytes().any(|b| !b.is_ascii_digit()) || numeric(part);
    core.split('.').count() == 3
        && core.split('.').all(numeric)
        && pre.split('.').all(|part| word(part) && plain(part))
        && build.split('.').all(word)
}

/// A domain, a slash and a path as in a URL.
pub(super) fn is_domain_path(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&b);
    text.split_once('/').is_some_and(|(domain, path)| {
        is_subdomain(domain) && !path.is_empty() && path.bytes().all(inner)
    })
}

/// A path below a directory: relative, and without `..`.
pub(super) fn is_inner_path(text: &str) -> bool {
    !text.starts_with('/') && has_no_dots(text)
}

/// A path without the segment `..`.
pub(super) fn has_no_dots(text: &str) -> bool {
    text.split('/').all(|part| part != "..")
}

/// A percentage: digits and `%`.
pub(super) fn is_percent(text: &str) -> bool {
    let digits = text.strip_suffix('%');
    digits.is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()))
}

/// A resource of containers: one of Kubernetes' own, or a name with a domain.
pub(super) fn is_container_resource(text: &str) -> bool {
    matches!(text, "cpu" | "memory" | "ephemeral-storage")
        || is_qualified(text) && (text.contains('/') || text.starts_with("hugepages-"))
}

/// A domain that resolvers try: it may have underscores, end with its dot, or be the root.
pub(super) fn is_search_domain(text: &str) -> bool {
    let domain = text.strip_suffix('.').unwrap_or(text);
    let inner = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    let word = |part: &str| {
        let end = |b: Option<&u8>| b.is_some_and(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9'));
        let start = part.strip_prefix('_').unwrap_or(part).as_bytes();
        end(start.first()) && end(start.last()) && start.iter().all(|b| inner(*b))
    };
    text == "." || domain.len() <= 253 && domain.split('.').all(word)
}

/// The name of a kernel parameter.
pub(super) fn is_sysctl(text: &str) -> bool {
    let inner = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    let end = |b: Option<&u8>| b.is_some_and(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9'));
    let word = |part: &str| {
        let bytes = part.as_bytes();
        end(bytes.first()) && end(bytes.last()) && bytes.iter().all(|b| inner(*b))
    };
    text.len() <= 253 && text.split(['.', '/']).all(word)
}

/// A user of Windows: `user` or `DOMAIN\user`.
pub(super) fn is_windows_user(text: &str) -> bool {
    const REFUSED: [char; 17] = [
        '"', '/', '\\', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '[', ']', '\0',
    ];
    let (domain, user) = match text.split_once('\\') {
        Some((domain, user)) => (Some(domain), user),
        None => (None, text),
    };
    let netbios = |d: &str| {
        !d.starts_with('.')
            && d.len() <= 15
            && !d.contains(['\\', '/', ':', '*', '?', '<', '>', '|', '"'])
    };
    let dotted =
        |d: &str| d.len() <= 255 && d.split('.').all(|part| is_label(&part.to_lowercase()));
    let known = domain.is_none_or(|d| !d.is_empty() && (netbios(d) || dotted(d)));
    let blank = user.chars().all(|c| c == '.' || c == ' ');
    known
        && !text.contains(|c: char| c.is_control())
        && !blank
        && user.len() <= 104
        && !user.contains(REFUSED)
}

/// A schedule as the CronJob controller reads it: five fields, or a descriptor.
pub(super) fn is_cron(text: &str) -> bool {
    const MONTHS: &str = "jan feb mar apr may jun jul aug sep oct nov dec";
    const DAYS: &str = "sun mon tue wed thu fri sat";
    if let Some(descriptor) = text.strip_prefix('@') {
        return match descriptor.strip_prefix("every ") {
            Some(duration) => parse_duration(duration).is_some(),
            None => matches!(
                descriptor,
                "yearly" | "annually" | "monthly" | "weekly" | "daily" | "midnight" | "hourly"
            ),
        };
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields.as_slice() else {
        return false;
    };
    is_cron_field(minute, 0, 59, "")
        && is_cron_field(hour, 0, 23, "")
        && is_cron_field(day, 1, 31, "")
        && is_cron_field(month, 1, 12, MONTHS)
        && is_cron_field(weekday, 0, 6, DAYS)
}

fn is_cron_field(field: &str, low: u32, high: u32, names: &str) -> bool {
    let value = |text: &str| -> Option<u32> {
        let by_name = names
            .split(' ')
            .position(|n| !n.is_empty() && n.eq_ignore_ascii_case(text));
        match by_name {
            Some(at) => Some(low + u32::try_from(at).ok()?),
            None if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok(),
            None => None,
        }
    };
    field.split(',').all(|part| {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (part, None),
        };
        let (from, to) = match range {
            "*" | "?" => (Some(low), Some(high)),
            _ => match range.split_once('-') {
                Some((from, to)) => (value(from), value(to)),
                None if step.is_some() => (value(range), Some(high)),
                None => (value(range), value(range)),
            },
        };
        let step_fits = step.is_none_or(|s| s.parse::<u32>().is_ok_and(|n| n > 0));
        matches!((from, to), (Some(from), Some(to)) if low <= from && from <= to && to <= high)
            && step_fits
    })
}

/// The quantity that somebody meant: its unit in other letters, with a blank before it or a `B` behind it.
pub(super) fn quantity_meant(text: &str) -> Option<String> {
    const UNITS: [&str; 12] = [
        "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
    ];
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, written) = text.split_at(end);
    let written = written.trim_start();
    let unit = written.strip_suffix(['b', 'B']).unwrap_or(written);
    let known = UNITS.iter().find(|known| unit.eq_ignore_ascii_case(known));
    let meant = format!("{number}{}", known?);
    parse_quantity(&meant).map(|_| meant)
}
