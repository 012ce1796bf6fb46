//! The validation of the kubelet configuration (pkg/kubelet/apis/config/validation).

mod managers;
mod reserved;

use super::{feature_gates, gate, hidden_metrics, needs_gate, ordered};
use crate::component::kubelet_values::{self as values, allowlist_pattern, cpus, log_size};
use crate::component::number;
use crate::go_value::parse_duration;
use crate::ids;
use crate::kube::is_known;
use crate::schema::cross_field::{conflict, key_of, own_key, set, text};
use crate::schema::validator::Validator;
use crate::yaml::{Node, NodeKind, items};
use std::collections::HashSet;

pub(in crate::schema) fn check<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    feature_gates(v, map);
    image_collection(v, map);
    shutdown(v, map);
    pulls(v, map);
    if given(map, "systemCgroups")
        && text(map, "cgroupRoot").is_none_or(str::is_empty)
        && !v.is_fragment()
    {
        conflict(
            v,
            key_of(map, "systemCgroups"),
            "`systemCgroups` requires `cgroupRoot`",
        );
    }
    allocatable(v, map);
    reserved::check(v, map);
    managers::check(v, map);
    sysctls(v, map);
    gated(v, map);
    hidden_metrics(v, map);
    tls(v, map);
    single_values(v, map);
}

/// Whether a text is there that is not empty.
fn given(map: Node<'_>, key: &str) -> bool {
    text(map, key).is_some_and(|text| !text.is_empty())
}

/// A duration of the file, in nanoseconds; zero where it is not given.
fn duration(map: Node<'_>, key: &str) -> Option<i64> {
    match map.field(key) {
        None => Some(0),
        Some(node) => node.as_str().and_then(parse_duration),
    }
}

/// When images are removed.
fn image_collection<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const DEFAULT: i64 = 120_000_000_000;
    let percent = |key| format!("imageGC{key}ThresholdPercent");
    let (low, high) = (percent("Low"), percent("High"));
    ordered(v, map, (&low, 80.0), (&high, 85.0), true);
    let minimum = map.field("imageMinimumGCAge");
    let Some(maximum) = map.field("imageMaximumGCAge") else {
        return;
    };
    let Some(age) = duration(map, "imageMaximumGCAge").filter(|age| *age > 0) else {
        return;
    };
    needs_gate(v, maximum, "`imageMaximumGCAge`", "ImageMaximumGCAge");
    let least = match duration(map, "imageMinimumGCAge") {
        Some(0) if minimum.is_none() && v.is_fragment() => None,
        Some(0) => Some(DEFAULT),
        least => least,
    };
    if least.is_some_and(|least| age <= least) {
        let shown = minimum.and_then(Node::text).unwrap_or("2m (default)");
        let message = format!(
            "`imageMaximumGCAge` must be longer than `imageMinimumGCAge`: {} and {shown}",
            maximum.text().unwrap_or_default()
        );
        conflict(v, maximum, message);
    }
}

/// How long pods have when the node shuts down.
fn shutdown<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const SECOND: i64 = 1_000_000_000;
    let keys = ["shutdownGracePeriodCriticalPods", "shutdownGracePeriod"];
    ordered(v, map, (keys[0], 0.0), (keys[1], 0.0), false);
    let mut longest = 0;
    for key in keys {
        let (Some(node), Some(time)) = (map.field(key), duration(map, key)) else {
            continue;
        };
        longest = longest.max(time);
        if time < 0 || (1..SECOND).contains(&time) {
            let text = node.text().unwrap_or_default();
            let message = format!("`{key}` must be 0s, or 1s or more, but is {text}");
            v.add(ids::schema::RANGE, node, message, None);
        } else if time > 0 {
            needs_gate(v, node, &format!("`{key}`"), "GracefulNodeShutdown");
        }
    }
    let by_priority = map.field("shutdownGracePeriodByPodPriority");
    if let Some(list) = by_priority.filter(|list| !list.is_empty()) {
        let name = "`shutdownGracePeriodByPodPriority`";
        needs_gate(
            v,
            own_key(list),
            name,
            "GracefulNodeShutdownBasedOnPodPriority",
        );
        if longest > 0 {
            let message =
                format!("{name} replaces `shutdownGracePeriod`, so only one of them can be set");
            conflict(v, own_key(list), message);
        }
    }
}

/// How images are pulled, and which pods can use images on the node.
fn pulls<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let parallel = map.field("maxParallelImagePulls");
    let one_by_one = set(map, "serializeImagePulls").is_some();
    if let Some(parallel) = parallel.filter(|n| one_by_one && n.as_int().is_some_and(|n| n > 1)) {
        conflict(
            v,
            parallel,
            "this requires `serializeImagePulls: false`, because the kubelet otherwise pulls one image at a time",
        );
    }
    let key = "imagePullCredentialsVerificationPolicy";
    let policy = map.field(key);
    let list = map.field("preloadedImagesVerificationAllowlist");
    let list = list.filter(|list| !list.is_empty());
    let open =
        policy.is_some_and(|policy| !is_known(policy)) || policy.is_none() && v.is_fragment();
    let takes_list = policy.and_then(Node::as_str) == Some("NeverVerifyAllowlistedImages");
    if let Some(list) = list.filter(|_| !takes_list && !open) {
        let message = format!(
            "`preloadedImagesVerificationAllowlist` requires `{key}: NeverVerifyAllowlistedImages`"
        );
        conflict(v, own_key(list), message);
    } else {
        each(
            v,
            list,
            "preloadedImagesVerificationAllowlist",
            allowlist_pattern,
        );
    }
    let gate = "KubeletEnsureSecretPulledImages";
    if let Some(policy) = policy.filter(|policy| policy.text() != Some("")) {
        needs_gate(v, policy, &format!("`{key}`"), gate);
    }
}

/// Items of a list, each of which tells what it must be.
fn each<'d>(
    v: &mut Validator<'d>,
    list: Option<Node<'d>>,
    name: &str,
    must_be: impl Fn(&str) -> Option<&'static str>,
) {
    for item in items(list).filter(|item| is_known(*item)) {
        let wrong = match item.kind() {
            NodeKind::Null => must_be(""),
            _ => item.as_str().and_then(&must_be),
        };
        if let Some(what) = wrong {
            v.refused(item, name, what);
        }
    }
}

/// What the kubelet holds pods, the system and itself to.
fn allocatable<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const NAME: &str = "enforceNodeAllocatable";
    const KNOWN: [&str; 6] = [
        "pods",
        "system-reserved",
        "kube-reserved",
        "system-reserved-compressible",
        "kube-reserved-compressible",
        "none",
    ];
    let list = map.field(NAME);
    let count = items(list).count();
    let mut seen = HashSet::new();
    for item in items(list).filter(|item| is_known(*item)) {
        let word = item.as_str().unwrap_or_default();
        let whole = word.strip_suffix("-compressible");
        let cgroup = match whole.unwrap_or(word) {
            "system-reserved" => Some("systemReservedCgroup"),
            "kube-reserved" => Some("kubeReservedCgroup"),
            _ => None,
        };
        let lacks = |key: &&str| {
            map.field(key).is_none_or(|node| node.text() == Some("")) && !v.is_fragment()
        };
        if !KNOWN.contains(&word) {
            v.not_one_of(item, NAME, &KNOWN);
        } else if !seen.insert(word) {
            let message = format!("`{word}` is listed twice, so the kubelet rejects the file");
            v.add(ids::schema::DUPLICATE_ITEM, item, message, None);
        } else if word == "none" && count > 1 {
            conflict(v, item, "`none` cannot be combined with other values");
        } else if let Some(cgroup) = cgroup.filter(lacks) {
            conflict(v, item, format!("`{word}` requires `{cgroup}`"));
        } else if let Some(whole) = whole.filter(|whole| list.is_some_and(|l| l.has_item(whole))) {
            conflict(
                v,
                item,
                format!("`{word}` and `{whole}` cannot be combined"),
            );
        }
    }
    let off = map
        .field("cgroupsPerQOS")
        .filter(|n| n.as_bool() == Some(false));
    let none = list.is_some_and(|list| list.items().all(|item| item.as_str() == Some("none")));
    let unknown = v.is_fragment() && list.is_none();
    if let Some(off) = off.filter(|_| !none && !unknown) {
        conflict(
            v,
            off,
            "with `cgroupsPerQOS: false`, `enforceNodeAllocatable` must be `[none]`",
        );
    }
    if let Some(cpus) = map
        .field("reservedSystemCPUs")
        .filter(|n| n.text() != Some(""))
        && let Some(cgroup) = ["systemReservedCgroup", "kubeReservedCgroup"]
            .into_iter()
            .find(|key| given(map, key))
    {
        conflict(
            v,
            cpus,
            format!("`reservedSystemCPUs` and `{cgroup}` cannot both be set"),
        );
    }
}

/// Sysctls that pods may set, and those that they have.
fn sysctls<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let allowed = map.field("allowedUnsafeSysctls");
    each(v, allowed, "allowedUnsafeSysctls", values::sysctl_pattern);
    let Some(own) = map.field("defaultPodSysctls").filter(|own| !own.is_empty()) else {
        return;
    };
    let name = "defaultPodSysctls";
    if gate(v, "DefaultPodSysctls") == Some(false) {
        return needs_gate(v, own_key(own), "`defaultPodSysctls`", "DefaultPodSysctls");
    }
    let mut seen = HashSet::new();
    for (key, _) in own.entries().filter(|(key, _)| is_known(*key)) {
        let sysctl = key.text().unwrap_or_default();
        if let Some(what) = values::pod_sysctl(sysctl) {
            v.refused(key, name, what);
        } else if !seen.insert(values::normal_sysctl(sysctl)) {
            let message =
                format!("sysctl `{sysctl}` is listed twice, so the kubelet rejects the file");
            v.add(ids::schema::DUPLICATE_ITEM, key, message, None);
        }
    }
}

/// Settings that need a feature gate, or another setting.
fn gated<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    if let Some(node) = set(map, "serverTLSBootstrap") {
        needs_gate(
            v,
            node,
            "`serverTLSBootstrap`",
            "RotateKubeletServerCertificate",
        );
    }
    if let Some(node) = set(map, "enableSystemLogQuery") {
        needs_gate(v, node, "`enableSystemLogQuery`", "NodeLogQuery");
        if map.field("enableSystemLogHandler").and_then(Node::as_bool) == Some(false) {
            conflict(
                v,
                node,
                "`enableSystemLogQuery` requires `enableSystemLogHandler`",
            );
        }
    }
    if let Some(node) = set(map, "runOnce") {
        conflict(
            v,
            node,
            "`runOnce` is no longer supported, so the kubelet fails to start",
        );
    }
    if let Some(node) = map.at(&["memorySwap", "swapBehavior"])
        && node.text() != Some("")
    {
        needs_gate(v, node, "`swapBehavior`", "NodeSwap");
    }
    if let Some(node) = map.at(&["crashLoopBackOff", "maxContainerRestartPeriod"]) {
        needs_gate(
            v,
            node,
            "`maxContainerRestartPeriod`",
            "KubeletCrashLoopBackOffMax",
        );
    }
    if let Some(node) = map.field("cpuCFSQuotaPeriod")
        && node.as_str().and_then(parse_duration) != Some(100_000_000)
    {
        needs_gate(v, node, "`cpuCFSQuotaPeriod`", "CustomCPUCFSQuotaPeriod");
    }
    if let Some(node) = map.field("memoryReservationPolicy")
        && node.text() == Some("TieredReservation")
    {
        needs_gate(v, node, "`TieredReservation`", "MemoryQoS");
    }
    throttling(v, map);
}

/// How much of its limit a container has before it is slowed down.
fn throttling<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let factor = map.field("memoryThrottlingFactor");
    let number = factor.and_then(|node| number(node.text()?));
    let Some((node, number)) = factor.zip(number) else {
        return;
    };
    if number <= 0.0 || number > 1.0 {
        let message = format!(
            "`memoryThrottlingFactor` must be greater than 0 and at most 1, but is {number}"
        );
        v.add(ids::schema::RANGE, node, message, None);
    } else if !matches!(number, 0.9) && v.all_from(37) {
        needs_gate(v, node, "`memoryThrottlingFactor`", "MemoryQoS");
    }
}

/// What the kubelet's server is to take; the rules about cipher suites tell of the names of those that are written.
fn tls<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    // What Go 1.26 has.
    const CURVES: [i64; 7] = [23, 24, 25, 29, 4587, 4588, 4589];
    for suite in items(map.field("tlsCipherSuites")) {
        if suite.is_null() || suite.text() == Some("") {
            v.refused(suite, "tlsCipherSuites", "the name of a cipher suite");
        }
    }
    let mut seen = HashSet::new();
    for curve in items(map.field("tlsCurvePreferences")) {
        let id = if curve.is_null() {
            Some(0)
        } else {
            curve.as_int()
        };
        let Some(id) = id else { continue };
        if !CURVES.contains(&id) {
            let what = "the number of a curve: 23, 24, 25, 29, 4587, 4588 or 4589";
            v.refused(curve, "tlsCurvePreferences", what);
        } else if !seen.insert(id) {
            let message = format!("curve {id} is listed twice, so the kubelet rejects the file");
            v.add(ids::schema::DUPLICATE_ITEM, curve, message, None);
        }
    }
}

/// Values that stand alone and are no row of the table.
fn single_values<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let known = |key: &str| {
        let node = map.field(key).filter(|node| is_known(*node))?;
        node.as_str()
            .filter(|text| !text.is_empty())
            .map(|text| (node, text))
    };
    if let Some((node, size)) = known("containerLogMaxSize")
        && let Some(what) = log_size(size)
    {
        v.refused(node, "containerLogMaxSize", what);
    }
    if let Some((node, set)) = known("reservedSystemCPUs")
        && cpus(set).is_none()
    {
        v.refused(node, "reservedSystemCPUs", "a list of CPUs such as `0-3,8`");
    }
    // A relative one is below the folder of the file.
    if let Some((node, path)) = known("podLogsDir") {
        let clean = path == "/"
            || !path.starts_with('/')
            || path
                .split('/')
                .skip(1)
                .all(|part| !matches!(part, "" | "." | ".."));
        let what = "an ASCII path without `//`, `.`, `..` or a final slash";
        v.form(clean && path.is_ascii(), node, "podLogsDir", what);
    }
}

/// A taint that the node registers with.
pub(in crate::schema) fn taint<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    if let Some(time) = map.field("timeAdded") {
        conflict(
            v,
            own_key(time),
            "`timeAdded` is not allowed here, so the kubelet fails to start",
        );
    }
}

/// How many users a pod has.
pub(in crate::schema) fn user_namespaces<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const UNIT: i64 = 65_536;
    let count = map.field("idsPerPod");
    let Some((node, number)) = count.and_then(|node| Some((node, node.as_int()?))) else {
        return;
    };
    if number < UNIT || number % UNIT != 0 || number > i64::from(u32::MAX) {
        let message = format!(
            "`idsPerPod` must be a multiple of {UNIT}, at least {UNIT} and less than 4294967296, but is {number}"
        );
        v.add(ids::schema::RANGE, node, message, None);
    }
}
