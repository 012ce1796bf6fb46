//! Conditions of the kubelet on several flags.

use super::api_server::given;
use super::value::{refuse, refuse_setting};
use crate::check::Cx;
use crate::component::{Instance, Setting, number};
use crate::go_value::{parse_bool, parse_quantity};

pub(super) fn check(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    evictions(instance, cx);
    images(instance, cx);
    allocatable(instance, cx);
    managers(instance, cx);
    super::manager::logging(instance, cx);
}

/// Soft evictions need a grace period, which has no default.
fn evictions(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let Some(periods) = instance.list("eviction-soft-grace-period") else {
        return;
    };
    let soft = instance
        .settings
        .iter()
        .filter(|s| s.name == "eviction-soft");
    for (item, node_span) in soft.flat_map(Setting::items) {
        let Some((signal, limit)) = item.split_once('<') else {
            continue;
        };
        let waits = |(period, _): &(&str, _)| {
            let name = period.split('=').next().unwrap_or_default();
            name.trim() == signal.trim()
        };
        let off = matches!(limit.trim(), "0%" | "100%");
        if !off && !periods.items.iter().any(waits) {
            let what = format!(
                "`{signal}` in `--eviction-soft` requires a period in `--eviction-soft-grace-period`"
            );
            refuse(instance, cx, node_span, &what);
        }
    }
}

fn images(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let names @ [low_name, high_name] = ["image-gc-low-threshold", "image-gc-high-threshold"];
    let [low, high] = names.map(|name| number(instance.effective(name)?.value));
    let written = names.iter().find_map(|name| given(instance, name));
    if let (Some(low), Some(high), Some(at)) = (low, high, written)
        && low >= high
    {
        let what = format!("`--{low_name}` ({low}) must be lower than `--{high_name}` ({high})");
        refuse(instance, cx, at.node_span(), &what);
    }
}

/// Limits that the kubelet enforces on pods, the system and itself.
fn allocatable(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    const ENFORCED: &str = "enforce-node-allocatable";
    if let Some(list) = instance.list(ENFORCED) {
        for (item, node_span, again) in list.repetitions() {
            let cgroup = match item.trim_end_matches("-compressible") {
                "system-reserved" => "system-reserved-cgroup",
                "kube-reserved" => "kube-reserved-cgroup",
                _ => "",
            };
            let what = if again {
                format!("`{item}` is listed twice")
            } else if item == "none" && list.items.len() > 1 {
                "`none` cannot be combined with another value".to_owned()
            } else if !cgroup.is_empty() && instance.is_set(cgroup) == Some(false) {
                format!("`{item}` requires `--{cgroup}`")
            } else {
                continue;
            };
            refuse(instance, cx, node_span, &what);
        }
        let off = given(instance, "cgroups-per-qos");
        let off = off.filter(|s| parse_bool(&s.value) == Some(false));
        if let Some(off) = off.filter(|_| list.items.iter().any(|(item, _)| *item != "none")) {
            refuse_setting(instance, cx, off, &format!("requires `--{ENFORCED}=none`"));
        }
    }
    let mut needs = |name: &str, other: &str, set: bool, what: &str| {
        let setting = given(instance, name).filter(|_| instance.is_set(other) == Some(set));
        if let Some(setting) = setting {
            refuse_setting(instance, cx, setting, &format!("{what} `--{other}`"));
        }
    };
    needs("system-cgroups", "cgroup-root", false, "requires");
    for cgroup in ["system-reserved-cgroup", "kube-reserved-cgroup"] {
        needs("reserved-cpus", cgroup, true, "cannot be combined with");
    }
}

/// The managers of CPUs and memory need reservations.
fn managers(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let policy = instance.effective("cpu-manager-policy");
    let lists = || ["kube-reserved", "system-reserved"].map(|name| instance.list(name));
    let reserves = |resource: &str| -> Option<bool> {
        let [Some(kube), Some(system)] = lists() else {
            return None;
        };
        let of = |(item, _): &(&str, _)| {
            let pair = item.split_once('=');
            pair.is_some_and(|(name, amount)| {
                name.trim() == resource && parse_quantity(amount.trim()).is_some_and(|a| a > 0.0)
            })
        };
        Some(kube.items.iter().chain(&system.items).any(of))
    };
    if let Some(policy) = policy {
        let options = given(instance, "cpu-manager-policy-options");
        let pinned = instance.is_set("reserved-cpus") != Some(false);
        if policy.value == "static" && !pinned && reserves("cpu") == Some(false) {
            let what = "`--cpu-manager-policy=static` requires CPUs in `--reserved-cpus`, `--kube-reserved` or `--system-reserved`";
            refuse(instance, cx, policy.node_span, what);
        } else if let Some(options) = options.filter(|_| policy.value == "none") {
            refuse_setting(
                instance,
                cx,
                options,
                "requires `--cpu-manager-policy=static`",
            );
        }
    }
    let memory = instance.effective("memory-manager-policy");
    if let Some(memory) = memory.filter(|e| e.value == "Static")
        && instance.is_set("reserved-memory") == Some(false)
    {
        let what = "`--memory-manager-policy=Static` requires `--reserved-memory`";
        refuse(instance, cx, memory.node_span, what);
    }
}
