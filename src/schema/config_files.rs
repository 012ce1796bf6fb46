//! Rules between the fields of files that components read (the programs' own validation packages).

use super::cross_field::{conflict, key_of, set, text};
use super::validator::Validator;
use crate::component::number;
use crate::kube::is_unresolved;
use crate::yaml::{Node, items};

pub(super) fn sync_periods<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    ordered(v, map, ("minSyncPeriod", 1.0), ("syncPeriod", 30.0), false);
}

pub(super) fn scheduler<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let initial = ("podInitialBackoffSeconds", 1.0);
    ordered(v, map, initial, ("podMaxBackoffSeconds", 10.0), false);
}

/// One amount that is not to be above another, or is to be below it; each with what it is where nobody writes it. Durations count as
/// seconds. In a fragment both must be written.
fn ordered<'d>(
    v: &mut Validator<'d>,
    map: Node<'d>,
    (lower, lower_default): (&str, f64),
    (upper, upper_default): (&str, f64),
    strictly: bool,
) {
    let written = |key: &str| map.field(key).filter(|node| !node.is_null());
    let (low, high) = (written(lower), written(upper));
    let Some(at) = low.or(high) else { return };
    if v.is_fragment() && (low.is_none() || high.is_none()) {
        return;
    }
    let amount = |node: Option<Node<'_>>, default: f64| {
        node.map_or(Some(default), |node| node.text().and_then(number))
    };
    let amounts = amount(low, lower_default).zip(amount(high, upper_default));
    let wrong = |(low, high): (f64, f64)| low > high || strictly && low >= high;
    if amounts.is_some_and(wrong) {
        let than = if strictly { "less than" } else { "at most" };
        let default = |node: Option<Node<'_>>| if node.is_none() { ", by default" } else { "" };
        let message = format!(
            "`{lower}` must be {than} `{upper}`: {}{} and {}{}",
            low.and_then(Node::text)
                .map_or(lower_default.to_string(), str::to_owned),
            default(low),
            high.and_then(Node::text)
                .map_or(upper_default.to_string(), str::to_owned),
            default(high),
        );
        conflict(v, at, message);
    }
}

/// How long a leader leads.
pub(super) fn leader_election<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    if map.field("leaderElect").and_then(Node::as_bool) != Some(false) {
        let (renew, retry) = (("renewDeadline", 10.0), ("retryPeriod", 2.0));
        ordered(v, map, renew, ("leaseDuration", 15.0), true);
        ordered(v, map, retry, renew, true);
    }
}

pub(super) fn kubelet<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let percent = |key| format!("imageGC{key}ThresholdPercent");
    let (low, high) = (percent("Low"), percent("High"));
    ordered(v, map, (&low, 80.0), (&high, 85.0), true);
    if map.field("shutdownGracePeriod").is_some() {
        let (critical, all) = ("shutdownGracePeriodCriticalPods", "shutdownGracePeriod");
        ordered(v, map, (critical, 0.0), (all, 0.0), false);
        if map
            .field("shutdownGracePeriodByPodPriority")
            .is_some_and(|list| !list.is_empty())
        {
            let message = "`shutdownGracePeriodByPodPriority` stands in for `shutdownGracePeriod`: only one of them is taken";
            conflict(v, key_of(map, "shutdownGracePeriodByPodPriority"), message);
        }
    }
    if map
        .field("imageMaximumGCAge")
        .and_then(Node::text)
        .and_then(number)
        .is_some_and(|age| age > 0.0)
    {
        ordered(
            v,
            map,
            ("imageMinimumGCAge", 120.0),
            ("imageMaximumGCAge", 0.0),
            true,
        );
    }
    let parallel = map.field("maxParallelImagePulls");
    let one_by_one = set(map, "serializeImagePulls").is_some();
    if let Some(parallel) = parallel.filter(|n| one_by_one && n.as_int().is_some_and(|n| n > 1)) {
        conflict(
            v,
            parallel,
            "`serializeImagePulls: true` pulls one image at a time: leave this out, or set that to false",
        );
    }
    if text(map, "systemCgroups").is_some_and(|t| !t.is_empty())
        && text(map, "cgroupRoot").is_none_or(str::is_empty)
        && !v.is_fragment()
    {
        conflict(
            v,
            key_of(map, "systemCgroups"),
            "`systemCgroups` needs `cgroupRoot`",
        );
    }
    allocatable(v, map);
}

/// What the kubelet holds pods, the system and itself to.
fn allocatable<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const KNOWN: [&str; 6] = [
        "pods",
        "system-reserved",
        "kube-reserved",
        "system-reserved-compressible",
        "kube-reserved-compressible",
        "none",
    ];
    let list = map.field("enforceNodeAllocatable");
    let count = items(list).count();
    for item in items(list) {
        let word = item.as_str().unwrap_or_default();
        let cgroup = match word.trim_end_matches("-compressible") {
            "system-reserved" => Some("systemReservedCgroup"),
            "kube-reserved" => Some("kubeReservedCgroup"),
            _ => None,
        };
        if !KNOWN.contains(&word) {
            v.not_one_of(item, "enforceNodeAllocatable", &KNOWN);
        } else if word == "none" && count > 1 {
            conflict(v, item, "`none` stands alone");
        } else if let Some(cgroup) =
            cgroup.filter(|key| map.field(key).is_none() && !v.is_fragment())
        {
            conflict(v, item, format!("`{word}` needs `{cgroup}`"));
        }
    }
    let off = map
        .field("cgroupsPerQOS")
        .filter(|n| n.as_bool() == Some(false));
    let none = list.is_some_and(|list| {
        list.is_empty() || list.items().all(|item| item.as_str() == Some("none"))
    });
    if let Some(off) = off.filter(|_| !none && !v.is_fragment()) {
        conflict(
            v,
            off,
            "without cgroups for each class of pods `enforceNodeAllocatable` must be `[none]`",
        );
    }
}

/// `abcdef.0123456789abcdef`
pub(super) fn bootstrap_token<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let Some(node) = map.field("token") else {
        return;
    };
    let written = node.as_str().unwrap_or_default();
    let plain = |part: &str, len| {
        part.len() == len
            && part
                .bytes()
                .all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
    };
    let fits = written
        .split_once('.')
        .is_some_and(|(id, secret)| plain(id, 6) && plain(secret, 16));
    let open = is_unresolved(written);
    v.form(
        fits || open || written.is_empty(),
        node,
        "token",
        "6 and 16 lower-case letters and digits with a dot between them",
    );
}
