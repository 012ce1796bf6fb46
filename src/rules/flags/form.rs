//! Forms of the values of flags that `schemas/components/flag-rules.tsv` names.

use super::value::is_gate_on;
use crate::component::kubelet_values::{
    RESERVABLE, SIGNALS, cpus, grace_period, log_size, minimum_reclaim, qos_reserved, reserved,
    threshold,
};
use crate::component::{Instance, is_label_value, is_qualified};
use crate::finding::Releases;
use crate::go_value::{parse_bool, parse_quantity, parse_seconds, parse_url, split_host_port};
use std::net::IpAddr;

/// What a value of another form must be instead.
pub(super) fn misfit(form: &str, instance: &Instance<'_>, value: &str) -> Option<String> {
    let items = || value.split(',').filter(|_| !value.is_empty());
    let (fits, what) = match form {
        "address-and-port" => (
            split_host_port(value).is_none_or(|(_, port)| port.parse() != Ok(0)),
            "is to have a port from 1 to 65535",
        ),
        "controllers" => return unknown_controller(instance, value),
        "cors" => (
            items().all(is_pinned),
            "must be regular expressions that begin with `^` or `//` and end with `$` or `:`, so that no other host matches",
        ),
        "cpu-set" => (
            value.is_empty() || cpus(value).is_some(),
            "must be a set of CPUs such as 0-3,8",
        ),
        "etcd-bind-urls" => (
            items().all(|url| etcd_host(url).is_some_and(can_be_bound)),
            "must be URLs with IP address and port, without a path",
        ),
        "etcd-host-urls" => (
            items().all(|url| etcd_host(url).is_some_and(|host| !host.is_empty())),
            "must be URLs with host and port, without a path",
        ),
        "etcd-origins" => (
            value == "*" || items().all(|url| etcd_host(url).is_some()),
            "must be URLs with host and port, without a path, or `*`",
        ),
        "etcd-overrides" => (
            items().all(is_override),
            "must be group/resource#servers, such as /events#https://etcd:2379",
        ),
        "etcd-token" => (
            is_etcd_token(value),
            "must be simple, or jwt with its options, such as jwt,sign-method=RS256",
        ),
        "grace-periods" => (
            pairs(value, '=').all(|(signal, period)| {
                SIGNALS.contains(&signal) && grace_period(period).is_none()
            }),
            "must be durations by signal, such as memory.available=1m30s",
        ),
        "hsts" => (
            value.is_empty() || value.split(',').all(is_hsts),
            "must be max-age=…, includeSubDomains or preload",
        ),
        "https" => (
            value.is_empty()
                || value
                    .get(..6)
                    .is_some_and(|s| s.eq_ignore_ascii_case("https:"))
                    && is_url(value),
            "must be a URL that begins with https://",
        ),
        "issuer" => (
            !value.is_empty() && (!value.contains(':') || is_url(value)),
            "must be a name, or a URL",
        ),
        "log-size" => (
            log_size(value).is_none(),
            "must be a whole number of bytes such as 10Mi",
        ),
        "not-empty" => (!value.is_empty(), "must not be empty"),
        "off" => (
            parse_bool(value) != Some(true),
            "was removed and must not be true",
        ),
        "reserved-memory" => (
            is_reserved_memory(value),
            "must list each memory type of a NUMA node once, with an amount greater than 0",
        ),
        "metric-labels" => (is_metric_label(value), "must be metric,label=value"),
        "metrics" => (
            value.is_empty()
                || value
                    .split(',')
                    .all(|name| is_word(name.trim_matches('"'), true)),
            "must be names of metrics with letters, digits, `_` and `:`",
        ),
        "node-labels" => (
            pairs(value, '=').all(|(key, text)| is_qualified(key) && is_label_value(text)),
            "must be labels such as zone=a",
        ),
        "node-port-addresses" => (
            items().enumerate().all(|(at, item)| match item {
                "primary" | "localhost" | "all" => !items().take(at).any(|other| other == item),
                _ => range(item).is_some(),
            }),
            "must be ranges of addresses, or `primary`, `localhost` and `all`, each once",
        ),
        "not-blank" => (
            value.is_empty() || value.split(',').all(|item| !item.trim().is_empty()),
            "must not have an empty item",
        ),
        "qos-reserved" => (
            pairs(value, '=')
                .all(|(resource, share)| resource == "memory" && qos_reserved(share).is_none()),
            "must be memory=50%",
        ),
        "reclaims" => (
            pairs(value, '=').all(|(signal, amount)| {
                SIGNALS.contains(&signal) && minimum_reclaim(amount).is_none()
            }),
            "must be amounts by signal, such as memory.available=100Mi",
        ),
        "reserved" => (
            pairs(value, '=').all(is_reserved),
            "must be amounts of cpu, memory, ephemeral-storage and pid, such as cpu=100m,memory=1Gi",
        ),
        "runtime-config" => return runtime_config(instance, value),
        "service-range" => return service_range(instance, value),
        "socket" => (
            !value.starts_with('@') || is_abstract(value),
            "must be a path, or `@` and the name of an abstract socket",
        ),
        "thresholds" => (
            pairs(value, '<')
                .all(|(signal, amount)| SIGNALS.contains(&signal) && threshold(amount).is_none()),
            "must be limits by signal, such as memory.available<100Mi or nodefs.available<10%",
        ),
        "token-expiration" => (
            is_expiration(value),
            "must be 0, or between 1h and 2^32 seconds",
        ),
        "two-at-most" => (value.split(',').count() <= 2, "can have at most two ranges"),
        "uid-headers" => (
            value.is_empty()
                || value
                    .split(',')
                    .any(|name| name.eq_ignore_ascii_case("X-Remote-Uid"))
                    && value.split(',').all(|item| !item.trim().is_empty()),
            "must contain the header X-Remote-Uid",
        ),
        "versions" => return versions(instance, value),
        "watch-cache" => (
            items().all(is_cache_size),
            "must be resource#size, such as pods#0",
        ),
        "zap-level" => (
            matches!(
                &*value.to_ascii_lowercase(),
                "" | "debug" | "info" | "warn" | "error" | "dpanic" | "panic" | "fatal"
            ),
            "must be one of debug, info, warn, error, panic, fatal",
        ),
        _ => return None,
    };
    (!fits).then(|| what.to_owned())
}

/// Pairs between commas, each trimmed; of a text without its sign the value is empty.
fn pairs(value: &str, sign: char) -> impl Iterator<Item = (&str, &str)> {
    let pairs = value.split(',').filter(|pair| !pair.is_empty());
    pairs.map(move |pair| match pair.split_once(sign) {
        Some((name, value)) => (name.trim(), value.trim()),
        None => (pair.trim(), ""),
    })
}

/// The host of a URL that etcd takes, that of the machine where it is a socket (client/pkg/types, `NewURLs`).
fn etcd_host(text: &str) -> Option<&str> {
    let text = text.trim();
    let url = parse_url(text)?;
    match &*url.scheme.to_ascii_lowercase() {
        "http" | "https" => {
            let rest = text.get(url.scheme.len()..)?.strip_prefix("://")?;
            let host = rest.split(['/', '?', '#']).next()?;
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            let (host, _) = split_host_port(host).filter(|_| url.path.is_empty())?;
            Some(host)
        }
        "unix" | "unixs" => Some("localhost"),
        _ => None,
    }
}

/// Whether etcd can listen at a host (`checkBindURLs`).
fn can_be_bound(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok()
}

/// A kind of tokens, and options that are each given once (server/auth, `decomposeOpts`).
fn is_etcd_token(text: &str) -> bool {
    let mut parts = text.split(',');
    let kind = parts.next().unwrap_or_default();
    let mut seen = Vec::new();
    let options = parts.all(|option| {
        let name = option.split('=').next().unwrap_or_default();
        let again = seen.contains(&name);
        seen.push(name);
        option.matches('=').count() == 1 && !again
    });
    matches!(kind, "" | "simple" | "jwt") && options
}

/// A regular expression that pins both ends of a host.
fn is_pinned(text: &str) -> bool {
    let starts = text.contains('^') || text.contains("//");
    starts && (text.contains('$') || text.contains(':')) && regex_syntax_fits(text)
}

/// Unclosed brackets, the usual mistake.
fn regex_syntax_fits(text: &str) -> bool {
    let (mut round, mut square, mut escaped) = (0_i32, false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' if square => square = false,
            _ if square => {}
            '[' => square = true,
            '(' => round += 1,
            ')' => round -= 1,
            _ => {}
        }
        if round < 0 {
            return false;
        }
    }
    round == 0 && !square && !escaped && !text.starts_with(['*', '+', '?'])
}

/// Whether `net/url` reads a text.
fn is_url(text: &str) -> bool {
    let rest = text.split('#').next().unwrap_or_default();
    let escapes = rest.split('%').skip(1).all(|behind| {
        let digits = behind.get(..2).unwrap_or_default();
        digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_hexdigit())
    });
    let scheme = rest.split_once(':').filter(|(scheme, _)| {
        let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(inner)
    });
    let first = rest.split('/').next().unwrap_or_default();
    let host_fits = match scheme.map_or(rest, |(_, rest)| rest).strip_prefix("//") {
        Some(authority) => {
            let host = authority.split(['/', '?']).next().unwrap_or_default();
            !host.contains([' ', '<', '>', '"', '\\', '^', '`', '{', '|', '}'])
        }
        None => scheme.is_some() || !first.contains(':'),
    };
    escapes && host_fits && !text.bytes().any(|b| b.is_ascii_control())
}

/// `group/resource#server;server`
fn is_override(text: &str) -> bool {
    let parts: Vec<&str> = text.split('#').collect();
    let [resource, servers] = parts.as_slice() else {
        return false;
    };
    resource.matches('/').count() == 1 && servers.split(';').all(|server| !server.is_empty())
}

/// `resource#size`
fn is_cache_size(text: &str) -> bool {
    let parts: Vec<&str> = text.split('#').collect();
    matches!(parts.as_slice(), [_, size] if size.parse::<i64>().is_ok_and(|size| size >= 0))
}

fn is_hsts(text: &str) -> bool {
    let age = text.strip_prefix("max-age=");
    matches!(text, "includeSubDomains" | "preload") || age.is_some_and(|age| !age.contains('='))
}

fn is_word(text: &str, colons: bool) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || colons && b == b':';
    let digit = text.starts_with(|c: char| c.is_ascii_digit());
    !text.is_empty() && text.bytes().all(inner) && !digit
}

/// A metric and a label of it: the comma between them parts pairs, too, and what follows a value is another value.
fn is_metric_label(value: &str) -> bool {
    let keys = value.split('=').next().unwrap_or_default();
    keys.split_once(',').is_some_and(|(metric, label)| {
        is_word(metric.trim_matches('"'), true) && is_word(label, false)
    })
}

/// A name after `@`: words with dots between them.
fn is_abstract(text: &str) -> bool {
    let name = text.strip_prefix('@').unwrap_or_default();
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    name.split('.')
        .all(|part| !part.is_empty() && part.bytes().all(inner))
}

fn is_expiration(text: &str) -> bool {
    let longest = f64::from(u32::MAX) + 1.0;
    parse_seconds(text).is_none_or(|s| s == 0.0 || (3600.0..=longest).contains(&s))
}

/// Reservations that are read, each kind of a node once.
fn is_reserved_memory(text: &str) -> bool {
    let mut seen = Vec::new();
    text.split(';').all(|reservation| {
        let (node, limits) = reservation.split_once(':').unwrap_or_default();
        limits.split(',').all(|limit| {
            let (kind, amount) = limit.split_once('=').unwrap_or((limit, ""));
            let first = !seen.contains(&(node, kind));
            seen.push((node, kind));
            text.is_empty() || first && parse_quantity(amount) != Some(0.0)
        })
    })
}

fn is_reserved((resource, amount): (&str, &str)) -> bool {
    RESERVABLE.contains(&resource) && reserved(amount).is_none()
}

/// Names of controllers, as they were before 1.28 and since.
const CONTROLLERS: &str = include_str!("../../../schemas/components/controllers.tsv");

fn unknown_controller(instance: &Instance<'_>, value: &str) -> Option<String> {
    let known = |name: &str| {
        let lines = CONTROLLERS.lines().filter(|line| !line.starts_with('#'));
        let mut rows = lines.map(|line| line.split('\t'));
        rows.any(|mut row| {
            let named = [row.next(), row.next()].contains(&Some(name));
            let last: Option<u8> = row.next().and_then(|last| last.parse().ok());
            named && last.is_none_or(|last| !instance.is_gone(last + 1))
        })
    };
    let mut items = value
        .split(',')
        .filter(|item| !item.is_empty() && *item != "*");
    let strange = items.find(|item| !known(item.strip_prefix('-').unwrap_or(item)))?;
    Some(format!("names `{strange}`, which is not a controller"))
}

/// Groups, versions and resources that the API server serves, switched on or off (apiserver's pkg/server/resourceconfig, and what
/// kube-apiserver's own options make of `v1` and `api/legacy` before).
fn runtime_config(instance: &Instance<'_>, value: &str) -> Option<String> {
    let entries: Vec<(&str, &str)> = pairs(value, '=')
        .filter(|(key, _)| *key != "api/legacy")
        .collect();
    if let [("api/all", "false")] = entries.as_slice() {
        return Some("must not disable every API without enabling some".to_owned());
    }
    let mut entries = entries.into_iter();
    entries.find_map(|(key, on)| runtime_entry(instance, key, on))
}

fn runtime_entry(instance: &Instance<'_>, key: &str, on: &str) -> Option<String> {
    if matches!(key, "api/all" | "api/ga" | "api/beta" | "api/alpha") {
        let fits = matches!(on, "true" | "false");
        return (!fits).then(|| format!("must set `{key}` to true or false"));
    }
    let key = key
        .strip_prefix("api/")
        .filter(|rest| *rest == "v1" || rest.starts_with("v1/"))
        .unwrap_or(key);
    // Resources of the core group are switched with all of it.
    let key = if key == "v1" || key.starts_with("v1/") {
        "/v1"
    } else {
        key
    };
    let parts: Vec<&str> = key.split('/').collect();
    // The third is a resource.
    let ([group, version] | [group, version, _]) = parts.as_slice() else {
        return Some(format!(
            "must list groups with versions, and `{key}` is not one"
        ));
    };
    let Some((_, versions)) = GROUPS.iter().find(|(known, _)| known == group) else {
        return Some(format!(
            "names `{group}`, which is not a built-in API group"
        ));
    };
    let newest = instance.releases.before(Releases::NEWEST).is_empty();
    if newest && versions.split(' ').all(|known| known != *version) {
        return Some(format!(
            "names `{group}/{version}`, which this release does not serve"
        ));
    }
    if parts.get(2).is_some_and(|r| r.contains(char::is_uppercase)) {
        return Some(format!(
            "names `{key}`, but resources are plural and lowercase"
        ));
    }
    (!on.is_empty() && parse_bool(on).is_none())
        .then(|| format!("must set `{key}` to true or false"))
}

/// Groups of the API server's own, with the versions that the newest release registers (pkg/apis/*/install, and those of
/// apiextensions-apiserver and kube-aggregator).
const GROUPS: [(&str, &str); 27] = [
    ("", "v1"),
    ("admission.k8s.io", "v1 v1beta1"),
    ("admissionregistration.k8s.io", "v1 v1beta1 v1alpha1"),
    ("apiextensions.k8s.io", "v1 v1beta1"),
    ("apiregistration.k8s.io", "v1 v1beta1"),
    ("apps", "v1 v1beta2 v1beta1"),
    ("authentication.k8s.io", "v1 v1beta1 v1alpha1"),
    ("authorization.k8s.io", "v1 v1beta1"),
    ("autoscaling", "v2 v1"),
    ("batch", "v1 v1beta1"),
    ("certificates.k8s.io", "v1 v1beta1 v1alpha1"),
    ("coordination.k8s.io", "v1 v1beta1 v1alpha2"),
    ("discovery.k8s.io", "v1 v1beta1"),
    ("events.k8s.io", "v1 v1beta1"),
    ("extensions", "v1beta1"),
    ("flowcontrol.apiserver.k8s.io", "v1 v1beta3 v1beta2 v1beta1"),
    ("imagepolicy.k8s.io", "v1alpha1"),
    ("internal.apiserver.k8s.io", "v1alpha1"),
    ("lifecycle.k8s.io", "v1alpha1"),
    ("networking.k8s.io", "v1 v1beta1"),
    ("node.k8s.io", "v1 v1beta1 v1alpha1"),
    ("policy", "v1 v1beta1"),
    ("rbac.authorization.k8s.io", "v1 v1beta1 v1alpha1"),
    ("resource.k8s.io", "v1 v1beta2 v1beta1 v1alpha3"),
    ("scheduling.k8s.io", "v1 v1beta1 v1alpha3"),
    ("storage.k8s.io", "v1 v1beta1 v1alpha1"),
    ("storagemigration.k8s.io", "v1 v1beta1"),
];

/// One range, or two of different families, that are not too large to keep in etcd.
fn service_range(instance: &Instance<'_>, value: &str) -> Option<String> {
    const WHAT: &str = "must be an IP range such as 10.96.0.0/12, or one range of each IP family";
    if value.is_empty() {
        return None;
    }
    let ranges: Vec<&str> = value.split(',').collect();
    if ranges.len() > 2 {
        return Some("can have at most two ranges".to_owned());
    }
    let parsed: Option<Vec<(IpAddr, u8)>> = ranges.iter().map(|r| range(r)).collect();
    let Some(parsed) = parsed else {
        return Some(WHAT.to_owned());
    };
    let wide = is_gate_on(instance, "MultiCIDRServiceAllocator") != Some(false)
        && is_gate_on(instance, "DisableAllocatorDualWrite") != Some(false);
    for (at, (address, bits)) in parsed.iter().enumerate() {
        let all: u8 = if address.is_ipv4() { 32 } else { 128 };
        if all - bits > 20 && !wide {
            return Some(format!(
                "is too large; its prefix length must be at least {}",
                all - 20
            ));
        }
        // Their number has no room in an integer, and counts as none.
        if at == 0 && (*bits < 2) {
            return Some("is too large".to_owned());
        }
        if at == 0 && all - bits < 3 {
            return Some(format!(
                "is too small; its prefix length can be at most {}",
                all - 3
            ));
        }
    }
    match parsed.as_slice() {
        [(one, _), (other, _)] if one.is_ipv4() == other.is_ipv4() => {
            Some("has two ranges of the same IP family".to_owned())
        }
        _ => None,
    }
}

/// A range of addresses, whose numbers may begin with zeros.
pub(super) fn range(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = text.split_once('/')?;
    let plain: Vec<&str> = address
        .split('.')
        .map(|n| match n.trim_start_matches('0') {
            "" if !n.is_empty() => "0",
            number => number,
        })
        .collect();
    let address: IpAddr = if address.contains(':') {
        address.parse().ok()?
    } else {
        plain.join(".").parse().ok()?
    };
    let digits = !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit());
    let bits: u8 = bits.parse().ok().filter(|_| digits)?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    (bits <= most).then_some((address, bits))
}

/// Versions that a program can act as: its own and the three before, of `kube`.
fn versions(instance: &Instance<'_>, value: &str) -> Option<String> {
    let mut seen = Vec::new();
    for item in value.split(',').filter(|_| !value.is_empty()) {
        let (component, version) = item.split_once('=').unwrap_or(("kube", item));
        let component = component.trim();
        let minor = crate::component::minor(version);
        let version = version.trim().trim_start_matches('v');
        if component != "kube" || seen.contains(&component) {
            return Some("must be one version, such as kube=1.36".to_owned());
        }
        seen.push(component);
        let two = version.split('.').count() == 2;
        let Some(minor) = minor.filter(|_| two) else {
            return Some("must be a version such as 1.36".to_owned());
        };
        let own = instance.releases.names().last();
        let own = own.and_then(|name| name.strip_prefix("1.")?.parse::<u8>().ok());
        if own.is_some_and(|own| minor > own || minor + 3 < own) {
            return Some(
                "must be the version of the component or one of the three before it".to_owned(),
            );
        }
    }
    None
}
