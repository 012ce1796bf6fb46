//! Rules between the fields of files that components read (the programs' own validation packages), a module for each program.

pub(super) mod admission;
pub(super) mod audit;
pub(super) mod authentication;
pub(super) mod authorization;
pub(super) mod credential_provider;
pub(super) mod egress;
pub(super) mod encryption;
pub(super) mod kube_proxy;
pub(super) mod kubeadm;
pub(super) mod kubeconfig;
pub(super) mod kubelet;
pub(super) mod kustomize;
pub(super) mod scheduler;
pub(super) mod tracing;

use super::cross_field::{amount, conflict, missing, own_key};
use super::validator::Validator;
use crate::component::{is_gate_on, kubelet_values, number, unmet_gates};
use crate::go_value::parse_duration;
use crate::kube::{is_known, is_replaced};
use crate::yaml::{Node, NodeKind, NodeSpan, items};

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
        let default = |node: Option<Node<'_>>| if node.is_none() { " (default)" } else { "" };
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

/// Whether a value is filled in later.
fn is_open(node: Node<'_>) -> bool {
    node.is_unquoted_template() || node.as_str().is_some_and(is_replaced)
}

/// A string that is not empty, and whose value is here.
fn filled_text<'d>(map: Node<'d>, key: &str) -> Option<(Node<'d>, &'d str)> {
    let node = map.field(key)?;
    let text = node.as_str().filter(|text| !text.is_empty())?;
    (!is_open(node)).then_some((node, text))
}

/// Strings of a list that can be judged; an item that is null is empty.
fn judged_items<'d>(map: Node<'d>, key: &str) -> impl Iterator<Item = (Node<'d>, &'d str)> {
    map.list(key).filter_map(|node| match node.kind() {
        NodeKind::Null => Some((node, "")),
        _ if is_open(node) => None,
        _ => Some((node, node.as_str()?)),
    })
}

/// The key of two that exclude each other which is written further down.
fn later_key<'d>(map: Node<'d>, one: &str, other: &str) -> NodeSpan<'d> {
    let of = |name: &str| map.pair(name).map(|(key, _)| key);
    let later = [one, other].into_iter().filter_map(of);
    let later = later.max_by_key(|key| key.span().start);
    later.map_or_else(|| map.lacking(), NodeSpan::from)
}

/// Whether a field is missing, null or empty.
fn empty(map: Node<'_>, key: &str) -> bool {
    map.field(key).is_none_or(|node| match node.kind() {
        NodeKind::Seq | NodeKind::Map => node.is_empty(),
        NodeKind::Str => node.text() == Some(""),
        _ => false,
    })
}

/// That a map lacks a field, or has it empty.
fn lacks<'d>(v: &mut Validator<'d>, map: Node<'d>, key: &str) {
    let at = map
        .pair(key)
        .map_or_else(|| map.lacking(), |(key, _)| key.into());
    let message = format!(
        "`{key}` is missing or empty, so {} rejects the file",
        v.reader()
    );
    missing(v, at, message);
}

/// How the file at hand sets a feature gate.
fn set_gate(gates: Option<Node<'_>>, name: &str) -> Option<bool> {
    let (_, value) = gates?.pair(name)?;
    if value.is_null() {
        Some(false)
    } else {
        value.as_bool()
    }
}

/// Whether a feature gate is on, as the file at hand sets it, or by default; `None` where others or the release tell.
fn gate(v: &Validator<'_>, name: &str) -> Option<bool> {
    let (root, _) = v.types.first()?;
    let gates = root.field("featureGates");
    let written = gates.is_some_and(|gates| gates.pair(name).is_some());
    if written || v.is_fragment() {
        set_gate(gates, name)
    } else {
        is_gate_on(name, |gate| set_gate(gates, gate), v.targets)
    }
}

/// Feature gates that are on without others that they need.
fn feature_gates<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let gates = map.field("featureGates").filter(|gates| !gates.is_empty());
    let Some(gates) = gates.filter(|_| !v.is_fragment()) else {
        return;
    };
    let mut seen = Vec::new();
    for (gate, need) in unmet_gates(|name| set_gate(Some(gates), name), v.targets) {
        let causes = [need, gate, "AllAlpha", "AllBeta"];
        let cause = causes.iter().find_map(|name| gates.pair(name));
        let Some((key, value)) = cause.filter(|(key, _)| !seen.contains(&key.id())) else {
            continue;
        };
        seen.push(key.id());
        let message = format!(
            "feature gate `{gate}` is enabled and requires `{need}`, which is disabled; {} fails to start",
            v.reader()
        );
        conflict(v, if value.is_null() { key } else { value }, message);
    }
}

/// A setting that counts only with a feature gate, which is off.
fn needs_gate<'d>(v: &mut Validator<'d>, at: Node<'d>, setting: &str, name: &str) {
    if gate(v, name) == Some(false) {
        let message = format!(
            "{setting} requires feature gate `{name}`, which is disabled; {} fails to start",
            v.reader()
        );
        conflict(v, at, message);
    }
}

/// How a component logs (component-base/logs/api/v1).
pub(in crate::schema) fn logging<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    if let Some(flush) = map.field("flushFrequency").filter(|node| is_known(*node)) {
        // A number counts nanoseconds.
        let time = match flush.kind() {
            NodeKind::Str => flush.as_str().and_then(parse_duration),
            _ => flush.as_int(),
        };
        v.form(
            time.is_some_and(|time| time >= 0),
            flush,
            "flushFrequency",
            "a duration such as `5s` or a number of nanoseconds, and greater than 0",
        );
    }
    let format = map.field("format");
    let json = format.filter(|node| node.as_str() == Some("json"));
    if let Some(format) = json {
        needs_gate(v, format, "`format: json`", "LoggingBetaOptions");
    }
    let patterns = map.field("vmodule").filter(|list| !list.is_empty());
    if let Some(patterns) = patterns.filter(|_| json.is_some()) {
        let message = "`vmodule` is allowed only with `format: text`";
        conflict(v, own_key(patterns), message);
    }
    for item in items(patterns) {
        let pattern = item.field("filePattern");
        let marks = |node: &Node<'_>| node.as_str().is_some_and(|t| t.contains(['=', ',']));
        if let Some(pattern) = pattern.filter(marks) {
            v.refused(pattern, "filePattern", "a pattern without `=` and `,`");
        }
    }
    for format in ["text", "json"] {
        let Some(options) = map.at(&["options", format]) else {
            continue;
        };
        let split = options.field("splitStream");
        let size = options.field("infoBufferSize");
        let is_set = |node: &Node<'_>| amount(*node).is_some_and(|amount| amount != 0.0);
        for (option, key) in [
            (
                split.filter(|node| node.as_bool() == Some(true)),
                "splitStream",
            ),
            (size.filter(is_set), "infoBufferSize"),
        ] {
            if let Some(option) = option {
                needs_gate(v, option, &format!("`{key}`"), "LoggingAlphaOptions");
            }
        }
    }
}

/// The version whose hidden metrics are shown.
fn hidden_metrics<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const KEY: &str = "showHiddenMetricsForVersion";
    let node = map.field(KEY).filter(|node| is_known(*node));
    let Some((node, text)) = node.and_then(|node| Some((node, node.as_str()?))) else {
        return;
    };
    let mut minors = (0..64).filter(|minor| !v.targets.from(*minor).before(minor + 1).is_empty());
    let before = |minor| kubelet_values::is_version_before(text, minor);
    if !text.is_empty() && !minors.any(before) {
        v.refused(
            node,
            KEY,
            "the previous minor version, such as `1.36` for 1.37",
        );
    }
}
