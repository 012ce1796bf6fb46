//! The managers of CPUs, memory and topology, which the kubelet builds when it starts.

use super::super::{gate, needs_gate};
use super::given;
use crate::component::kubelet_values::{
    self as values, CPU_OPTIONS, EXCLUSIVE_CPU_OPTIONS, TOPOLOGY_OPTIONS, cpus,
};
use crate::go_value::{parse_bool, parse_int_quantity, parse_quantity};
use crate::ids;
use crate::kube::is_known;
use crate::schema::cross_field::{amount, conflict, own_key};
use crate::schema::validator::Validator;
use crate::yaml::{Node, NodeKind, items};
use std::collections::HashSet;

pub(super) fn check<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    cpu(v, map);
    reserved_memory(v, map);
    memory(v, map);
    topology(v, map);
}

/// The word of a policy; `None` where it is filled in later, or may be written elsewhere.
fn policy<'d>(v: &Validator<'d>, map: Node<'d>, key: &str, default: &'d str) -> Option<&'d str> {
    match map.field(key) {
        None => (!v.is_fragment()).then_some(default),
        Some(node) if !is_known(node) => None,
        Some(node) => match node.as_str()? {
            "" => Some(default),
            word => Some(word),
        },
    }
}

fn cpu<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const KEY: &str = "cpuManagerPolicy";
    let Some(word) = policy(v, map, KEY, "none") else {
        return;
    };
    let options = map.field("cpuManagerPolicyOptions");
    let options = options.filter(|options| !options.is_empty());
    match (word, options) {
        ("none", Some(options)) => {
            let written = map
                .pair(KEY)
                .map(|(key, value)| if value.is_null() { key } else { value });
            let message = "`cpuManagerPolicyOptions` require `cpuManagerPolicy: static`, so the kubelet fails to start";
            conflict(v, written.unwrap_or_else(|| own_key(options)), message);
        }
        ("static", options) => {
            if reserved_cpus(map) == Some(0.0) && !v.is_fragment() {
                let message = "policy `static` requires CPUs in `systemReserved`, `kubeReserved` or `reservedSystemCPUs`; the kubelet fails to start";
                let written = map.field(KEY);
                conflict(v, written.unwrap_or(map), message);
            }
            if let Some(options) = options {
                cpu_options(v, options, map);
            }
        }
        _ => {}
    }
}

/// How many CPUs are reserved; `None` where that is filled in later or wrong.
fn reserved_cpus(map: Node<'_>) -> Option<f64> {
    if given(map, "reservedSystemCPUs") {
        let set = map.field("reservedSystemCPUs").filter(|n| is_known(*n))?;
        #[expect(clippy::cast_precision_loss, reason = "few")]
        return cpus(set.as_str()?).map(|count| count as f64);
    }
    reserved_of(map, "cpu")
}

/// What is reserved of a resource for the system and for Kubernetes.
fn reserved_of(map: Node<'_>, resource: &str) -> Option<f64> {
    let mut sum = 0.0;
    for key in ["systemReserved", "kubeReserved"] {
        if let Some(node) = map.at(&[key, resource]) {
            sum += node.text().and_then(parse_quantity)?;
        }
    }
    Some(sum)
}

fn cpu_options<'d>(v: &mut Validator<'d>, options: Node<'d>, map: Node<'d>) {
    const NAME: &str = "cpuManagerPolicyOptions";
    const ALPHA: [&str; 2] = ["align-by-socket", "distribute-cpus-across-cores"];
    let on = |name: &str| {
        options
            .field(name)
            .and_then(|node| parse_bool(node.as_str()?))
            == Some(true)
    };
    for (key, value) in options.entries().filter(|(key, _)| is_known(*key)) {
        let option = key.text().unwrap_or_default();
        if !CPU_OPTIONS.contains(&option) {
            v.not_one_of(key, NAME, &CPU_OPTIONS);
            continue;
        }
        let setting = format!("the option `{option}`");
        if ALPHA.contains(&option) {
            needs_gate(v, key, &setting, "CPUManagerPolicyAlphaOptions");
        } else if option == "distribute-cpus-across-numa" {
            needs_gate(v, key, &setting, "CPUManagerPolicyBetaOptions");
        }
        of_option(v, value, option, values::cpu_option);
        let other = EXCLUSIVE_CPU_OPTIONS
            .iter()
            .find(|(one, other)| *one == option && on(one) && on(other));
        if let Some((_, other)) = other {
            conflict(
                v,
                key,
                format!("`{option}` and `{other}` cannot both be set"),
            );
        }
    }
    if on("align-by-socket")
        && map.field("topologyManagerPolicy").and_then(Node::as_str) == Some("single-numa-node")
        && let Some(node) = options.field("align-by-socket")
    {
        let message =
            "`align-by-socket` cannot be combined with `topologyManagerPolicy: single-numa-node`";
        conflict(v, node, message);
    }
}

fn of_option<'d>(
    v: &mut Validator<'d>,
    value: Node<'d>,
    name: &str,
    must_be: impl Fn(&str) -> Option<&'static str>,
) {
    let wrong = match value.kind() {
        NodeKind::Null => must_be(""),
        NodeKind::Str if is_known(value) => value.as_str().and_then(must_be),
        _ => None,
    };
    if let Some(what) = wrong {
        v.refused(value, name, what);
    }
}

/// What is reserved of the memory of each NUMA node.
fn reserved_memory<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let mut seen = HashSet::new();
    for item in items(map.field("reservedMemory")) {
        let node = match item.field("numaNode") {
            None => Some(0),
            Some(number) => number.as_int(),
        };
        let Some(limits) = item.field("limits") else {
            continue;
        };
        for (key, limit) in limits.entries().filter(|(key, _)| is_known(*key)) {
            let name = key.text().unwrap_or_default();
            if name != "memory" && !name.starts_with("hugepages-") {
                let what = "a map with the keys `memory` or `hugepages-<size>`";
                v.refused(key, "limits", what);
                continue;
            }
            if limit.is_null() || amount(limit) == Some(0.0) {
                v.refused(limit, name, "above zero");
            }
            if node.is_some_and(|node| !seen.insert((node, name))) {
                let message = format!(
                    "`{name}` is reserved twice for the same NUMA node, so the kubelet rejects the file"
                );
                v.add(ids::schema::DUPLICATE_ITEM, key, message, None);
            }
        }
    }
}

fn memory<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const KEY: &str = "memoryManagerPolicy";
    let Some((node, word)) = map
        .field(KEY)
        .filter(|node| is_known(*node))
        .and_then(|node| Some((node, node.as_str()?)))
    else {
        return;
    };
    // The one of Windows has a feature gate.
    let windows = word == "BestEffort" && gate(v, "WindowsCPUAndMemoryAffinity") == Some(true);
    if !matches!(word, "" | "None" | "Static") && !windows {
        return v.not_one_of(node, KEY, &["None", "Static"]);
    }
    if word != "Static" {
        return;
    }
    let mut total = 0.0;
    for limits in items(map.field("reservedMemory")).filter_map(|item| item.field("limits")) {
        for (key, limit) in limits.entries() {
            let name = key.text().unwrap_or_default();
            let fraction = limit.as_str().is_some_and(|text| {
                parse_quantity(text).is_some() && parse_int_quantity(text.trim()).is_none()
            });
            if name.starts_with("hugepages-") {
                let message = format!(
                    "`{name}` is not reserved for the system, so it cannot be reserved here; the kubelet fails to start"
                );
                return conflict(v, key, message);
            } else if fraction {
                v.refused(
                    limit,
                    name,
                    "a whole quantity such as `1536Mi`, without a fraction",
                );
                return;
            }
            let Some(bytes) = amount(limit).filter(|_| name == "memory") else {
                return;
            };
            total += bytes;
        }
    }
    if v.is_fragment() {
        return;
    }
    if let Some(reserved) = reserved_of(map, "memory").zip(eviction_threshold(map)) {
        let reserved = reserved.0 + reserved.1;
        if (reserved - total).abs() > 0.5 || total <= 0.0 {
            let message = format!(
                "`reservedMemory` must be {reserved} bytes (system, kube and eviction reservations) for policy `Static`, but is {total}; the kubelet fails to start"
            );
            conflict(v, node, message);
        }
    }
}

/// The memory below which pods are evicted; `None` where that depends on the machine.
fn eviction_threshold(map: Node<'_>) -> Option<f64> {
    const DEFAULT: f64 = 100.0 * 1024.0 * 1024.0;
    let Some(thresholds) = map.field("evictionHard") else {
        return Some(DEFAULT);
    };
    let merged = map
        .field("mergeDefaultEvictionSettings")
        .and_then(Node::as_bool)
        == Some(true);
    match thresholds.field("memory.available") {
        None => Some(if merged { DEFAULT } else { 0.0 }),
        Some(node) => match node.as_str()? {
            text if values::is_no_threshold(text) => Some(0.0),
            text => parse_quantity(text),
        },
    }
}

fn topology<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const NAME: &str = "topologyManagerPolicyOptions";
    let Some(options) = map.field(NAME) else {
        return;
    };
    needs_gate(
        v,
        own_key(options),
        "`topologyManagerPolicyOptions`",
        "TopologyManagerPolicyOptions",
    );
    if matches!(
        policy(v, map, "topologyManagerPolicy", "none"),
        None | Some("none")
    ) {
        return;
    }
    for (key, value) in options.entries().filter(|(key, _)| is_known(*key)) {
        let option = key.text().unwrap_or_default();
        if TOPOLOGY_OPTIONS.contains(&option) {
            of_option(v, value, option, |text| {
                values::topology_option(option, text)
            });
        } else {
            v.not_one_of(key, NAME, &TOPOLOGY_OPTIONS);
        }
    }
}
