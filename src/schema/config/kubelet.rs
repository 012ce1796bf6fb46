//! The kubelet's file (pkg/kubelet/apis/config/validation).

use super::ordered;
use crate::component::number;
use crate::schema::cross_field::{conflict, key_of, set, text};
use crate::schema::validator::Validator;
use crate::yaml::{Node, items};

pub(in crate::schema) fn check<'d>(v: &mut Validator<'d>, map: Node<'d>) {
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
