//! Values that the kubelet reads of text, each alone: the same in its file and behind its flags. Each function tells what a value must be
//! where it is not.

use crate::go_value::{parse_bool, parse_duration, parse_int_quantity, parse_quantity};

/// The signals of eviction.
pub const SIGNALS: [&str; 9] = [
    "memory.available",
    "allocatableMemory.available",
    "nodefs.available",
    "nodefs.inodesFree",
    "imagefs.available",
    "imagefs.inodesFree",
    "containerfs.available",
    "containerfs.inodesFree",
    "pid.available",
];

/// What is reserved of, for the system and for Kubernetes.
pub const RESERVABLE: [&str; 4] = ["cpu", "memory", "ephemeral-storage", "pid"];

/// A quantity as the kubelet's own parser takes it: without blanks around it.
fn quantity(text: &str) -> Option<f64> {
    (text.trim() == text)
        .then(|| parse_quantity(text))
        .flatten()
}

/// Whether a percentage, as the eviction manager reads it however many signs are behind it, or else a quantity is such a one.
fn is_such(text: &str, share: impl Fn(f32) -> bool, amount: impl Fn(f64) -> bool) -> bool {
    match text.strip_suffix('%') {
        Some(number) => {
            let number = number.trim_end_matches('%').parse();
            number.is_ok_and(|number: f32| !number.is_infinite() && share(number))
        }
        None => quantity(text).is_some_and(amount),
    }
}

/// An amount of `systemReserved` or `kubeReserved`.
pub fn reserved(text: &str) -> Option<&'static str> {
    let fits = quantity(text).is_some_and(|amount| amount >= 0.0);
    (!fits).then_some("a quantity such as `500m` or `1Gi`, and not negative")
}

/// A share of `qosReserved`.
pub fn qos_reserved(text: &str) -> Option<&'static str> {
    let number = text
        .strip_suffix('%')
        .map(|number| number.trim_end_matches('%'));
    let share = number.and_then(|number| number.parse::<i64>().ok());
    let fits = share.is_some_and(|share| (0..=100).contains(&share));
    (!fits).then_some("a whole percentage from `0%` to `100%`")
}

/// Whether a threshold is none: the kubelet leaves it out.
pub fn is_no_threshold(text: &str) -> bool {
    matches!(text, "0%" | "100%")
}

/// A threshold of `evictionHard` or `evictionSoft`.
pub fn threshold(text: &str) -> Option<&'static str> {
    let share = |share: f32| share.is_nan() || (0.0..=100.0).contains(&share);
    let fits = is_such(text, share, |amount| amount > 0.0);
    (!fits).then_some("a quantity above zero such as `100Mi`, or a percentage such as `10%`")
}

/// An amount of `evictionMinimumReclaim`.
pub fn minimum_reclaim(text: &str) -> Option<&'static str> {
    let share = |share: f32| share.is_nan() || share > 0.0;
    let fits = is_such(text, share, |amount| amount >= 0.0);
    (!fits).then_some(
        "a quantity such as `500Mi` that is not negative, or a percentage above zero such as `5%`",
    )
}

/// A time of `evictionSoftGracePeriod`.
pub fn grace_period(text: &str) -> Option<&'static str> {
    let fits = parse_duration(text).is_some_and(|time| time >= 0);
    (!fits).then_some("a duration such as `1m30s`, and not negative")
}

/// `containerLogMaxSize`; below zero logs are not rotated.
pub fn log_size(text: &str) -> Option<&'static str> {
    let fits = text.trim() == text && parse_int_quantity(text).is_some();
    (!fits).then_some("a whole quantity such as `10Mi`, without a fraction")
}

/// A set of CPUs such as `0-3,8`, as how many it has; `None` where it is none.
pub fn cpus(text: &str) -> Option<usize> {
    let mut known = std::collections::BTreeSet::new();
    for range in text.split(',').filter(|_| !text.is_empty()) {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (i64, i64) = (first.parse().ok()?, last.parse().ok()?);
        // What no machine has needs not be counted.
        if first > last || last.checked_sub(first)? > 65_536 {
            return None;
        }
        known.extend(first..=last);
    }
    Some(known.len())
}

/// The name of a sysctl, with `.` or `/` between its parts; of a pattern the last part may end with `*`.
pub fn is_sysctl(text: &str, pattern: bool) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
    let end = |b: Option<&u8>| b.is_some_and(|b| inner(*b) && !matches!(b, b'-' | b'_'));
    let is_part =
        |part: &[u8]| end(part.first()) && end(part.last()) && part.iter().all(|b| inner(*b));
    let is_last = |part: &[u8]| match part.strip_suffix(b"*") {
        Some([]) => true,
        Some(stem) => end(stem.first()) && stem.iter().all(|b| inner(*b)),
        None => is_part(part),
    };
    let parts = text.as_bytes().split(|b| matches!(b, b'.' | b'/'));
    let count = parts.clone().count();
    let mut parts = parts.enumerate();
    text.len() <= 253
        && parts.all(|(at, part)| is_part(part) || pattern && at + 1 == count && is_last(part))
}

/// The name of a sysctl as the kernel's interfaces are compared: where the first separator is a slash, both change places.
pub fn normal_sysctl(text: &str) -> String {
    let first = text.bytes().find(|b| matches!(b, b'.' | b'/'));
    let swap = |c| match c {
        '.' => '/',
        '/' => '.',
        other => other,
    };
    if first == Some(b'/') {
        text.chars().map(swap).collect()
    } else {
        text.to_owned()
    }
}

/// Whether the kernel has a sysctl, or those of a pattern, in a namespace that a pod can have of its own.
pub fn is_namespaced(text: &str) -> bool {
    const NAMES: [&str; 11] = [
        "kernel.domainname",
        "kernel.sem",
        "kernel.shm",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
        "kernel.shm_rmid_forced",
        "kernel.msg",
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
    ];
    let name = normal_sysctl(text);
    let stem = name.split('*').next().unwrap_or_default();
    let below = ["net.", "fs.mqueue.", "user."];
    NAMES.contains(&stem) || below.iter().any(|prefix| stem.starts_with(prefix))
}

/// A pattern of `allowedUnsafeSysctls`.
pub fn sysctl_pattern(text: &str) -> Option<&'static str> {
    if !is_sysctl(text, true) {
        return Some("the name of a sysctl, perhaps with `*` at its end");
    }
    (!is_namespaced(text)).then_some(NAMESPACED)
}

/// A name of `defaultPodSysctls`.
pub fn pod_sysctl(text: &str) -> Option<&'static str> {
    if !is_sysctl(text, false) {
        return Some("a sysctl");
    }
    (!is_namespaced(text)).then_some(NAMESPACED)
}

const NAMESPACED: &str = "a sysctl in a namespace of the pod's own: below `net.`, `user.` or `fs.mqueue.`, or one of shared memory, semaphores and messages below `kernel.`";

/// The options of the CPU manager's static policy that the kubelet knows.
pub const CPU_OPTIONS: [&str; 6] = [
    "full-pcpus-only",
    "distribute-cpus-across-numa",
    "align-by-socket",
    "distribute-cpus-across-cores",
    "strict-cpu-reservation",
    "prefer-align-cpus-by-uncorecache",
];

/// Those that exclude each other.
pub const EXCLUSIVE_CPU_OPTIONS: [(&str, &str); 4] = [
    ("full-pcpus-only", "distribute-cpus-across-cores"),
    (
        "distribute-cpus-across-numa",
        "distribute-cpus-across-cores",
    ),
    (
        "prefer-align-cpus-by-uncorecache",
        "distribute-cpus-across-cores",
    ),
    (
        "prefer-align-cpus-by-uncorecache",
        "distribute-cpus-across-numa",
    ),
];

/// The value of an option of the CPU manager's.
pub fn cpu_option(text: &str) -> Option<&'static str> {
    parse_bool(text)
        .is_none()
        .then_some("`\"true\"` or `\"false\"`")
}

/// The options of the topology manager's policies.
pub const TOPOLOGY_OPTIONS: [&str; 2] = ["prefer-closest-numa-nodes", "max-allowable-numa-nodes"];

/// The value of an option of the topology manager's.
pub fn topology_option(name: &str, text: &str) -> Option<&'static str> {
    if name != "max-allowable-numa-nodes" {
        return cpu_option(text);
    }
    let fits = text.parse::<i64>().is_ok_and(|nodes| nodes >= 8);
    (!fits).then_some("a number in quotes, 8 or more")
}

/// The version whose hidden metrics are shown: only that before the own.
pub fn is_version_before(text: &str, minor: u8) -> bool {
    text.strip_prefix("1.") == Some(minor.saturating_sub(1).to_string().as_str())
}

/// An image, or `registry/path/*` for all below, whose tag is not looked at.
pub fn allowlist_pattern(text: &str) -> Option<&'static str> {
    const WHAT: &str = "an image without tag and digest, or all below a registry such as `registry.example/team/*`";
    let fits = match text.strip_suffix("/*") {
        _ if text != text.trim() => false,
        Some(stem) => !stem.is_empty() && !stem.contains('*'),
        None => is_image_name(text),
    };
    (!fits).then_some(WHAT)
}

/// A registry that may be left out, and a path in lower case, without tag and digest.
fn is_image_name(text: &str) -> bool {
    let is_path = |path: &str| path.split('/').all(is_path_component);
    let is_domain = |domain: &str| {
        let (host, port) = domain.split_once(':').unwrap_or((domain, "0"));
        let label = |l: &str| {
            let ends = [l.bytes().next(), l.bytes().next_back()];
            ends.iter()
                .all(|b| b.is_some_and(|b| b.is_ascii_alphanumeric()))
                && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        digits && host.split('.').all(label)
    };
    let behind_domain = text
        .split_once('/')
        .is_some_and(|(domain, path)| is_domain(domain) && is_path(path));
    text.len() <= 255 && (is_path(text) || behind_domain)
}

/// Lower-case letters and digits, with one dot, one or two underscores, or dashes between them.
fn is_path_component(part: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let separated = part
        .split(|c: char| c.is_ascii() && letter(c as u8))
        .filter(|between| !between.is_empty());
    let ends = [part.bytes().next(), part.bytes().next_back()];
    ends.iter().all(|b| b.is_some_and(letter)) && { separated }
        .all(|s| matches!(s, "." | "_" | "__") || s.bytes().all(|b| b == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpus_are_counted_once() {
        assert_eq!(cpus("0-3,2,8"), Some(5));
        assert_eq!(cpus(""), Some(0));
        for other in ["0-", "3-1", "a", "0,,1", "-1", "0-99999999"] {
            assert_eq!(cpus(other), None, "{other}");
        }
    }

    #[test]
    fn sysctls_have_parts_and_a_namespace() {
        for fits in ["net.*", "kernel.shm*", "net/core/somaxconn", "net.ipv4.a_b"] {
            assert_eq!(sysctl_pattern(fits), None, "{fits}");
        }
        for other in [
            "*",
            "kernel.*",
            "Net.x",
            "net.*.x",
            "vm.swappiness",
            "net.",
            "",
        ] {
            assert!(sysctl_pattern(other).is_some(), "{other}");
        }
        assert_eq!(normal_sysctl("net/ipv4/eno2.100"), "net.ipv4.eno2/100");
    }

    #[test]
    fn images_of_the_allowlist_have_no_tag() {
        for fits in [
            "app",
            "a.example:5000/app",
            "UPPER/case",
            "a.example/*",
            "a__b/c-d",
        ] {
            assert_eq!(allowlist_pattern(fits), None, "{fits}");
        }
        for other in [
            "",
            "/*",
            "a:1",
            "a/*/b",
            "UPPER",
            "a@sha256:0",
            " a",
            "a..b",
        ] {
            assert!(allowlist_pattern(other).is_some(), "{other}");
        }
    }
}
