//! The scheduler's file (pkg/scheduler/apis/config/validation, and what the framework checks when it builds the profiles).

mod args;
mod plugins;

use super::ordered;
use crate::go_value::parse_seconds;
use crate::ids;
use crate::kube::is_unresolved;
use crate::schema::cross_field::duplicate;
use crate::schema::cross_field::{conflict, key_of, missing};
use crate::schema::format::{is_label_value, is_qualified};
use crate::schema::validator::Validator;
use crate::yaml::{Node, NodeKind, NodeSpan};
use std::collections::HashMap;

pub(in crate::schema) use args::{
    balanced, node_affinity, preemption, resources_fit, topology_spread, volume_binding,
};
pub(in crate::schema) use plugins::profile;

pub(in crate::schema) fn check<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let initial = ("podInitialBackoffSeconds", 1.0);
    ordered(v, map, initial, ("podMaxBackoffSeconds", 10.0), false);
    let profiles = list(map, "profiles");
    names(v, &profiles);
    queue_sort(v, &profiles);
    extenders(v, &list(map, "extenders"));
}

/// Items of a list; none where it is none.
fn list<'d>(map: Node<'d>, key: &str) -> Vec<Node<'d>> {
    map.list(key).collect()
}

/// Text to Go: what is not there, or null, is empty. `None` where it is no text, or filled in later.
fn go_text<'d>(map: Node<'d>, key: &str) -> Option<&'d str> {
    match map.field(key) {
        None => Some(""),
        Some(node) => node.as_str().filter(|text| !is_unresolved(text)),
    }
}

/// The value of a key; the key where the value is empty, what lacks it where it is not there.
fn place<'d>(map: Node<'d>, key: &str) -> NodeSpan<'d> {
    match map.field(key) {
        Some(value) if value.text() != Some("") => value.into(),
        _ => key_of(map, key),
    }
}

/// One profile has a name by default; of several each has its own.
fn names<'d>(v: &mut Validator<'d>, profiles: &[Node<'d>]) {
    let mut seen: HashMap<&str, NodeSpan<'d>> = HashMap::new();
    for profile in profiles {
        let Some(name) = go_text(*profile, "schedulerName") else {
            continue;
        };
        let at = place(*profile, "schedulerName");
        let by_default = profiles.len() == 1 && profile.field("schedulerName").is_none();
        if name.is_empty() {
            if !by_default && !v.is_fragment() {
                let message =
                    "`schedulerName` is missing, but each of several profiles requires a name";
                missing(v, at, message);
            }
        } else if let Some(first) = seen.get(name) {
            let message =
                format!("profile name `{name}` is used twice, so the scheduler rejects the file");
            duplicate(v, at, *first, message);
        } else {
            seen.insert(name, at);
        }
    }
}

/// Pods wait in one queue, which all profiles sort the same way.
fn queue_sort<'d>(v: &mut Validator<'d>, profiles: &[Node<'d>]) {
    let sorts = |profile: &Node<'d>| {
        let set = profile.at(&["plugins", "queueSort"]);
        let of = |key: &str| -> Vec<(Option<&'d str>, Option<i64>)> {
            let weight = |item: Node<'d>| match key {
                "enabled" => item.field("weight").and_then(Node::as_int),
                _ => None,
            };
            let items = set.into_iter().flat_map(|set| set.list(key));
            items
                .map(|item| (item.field("name").and_then(Node::as_str), weight(item)))
                .collect()
        };
        (of("enabled"), of("disabled"))
    };
    let Some(first) = profiles.first() else {
        return;
    };
    let canon = sorts(first);
    for profile in profiles.iter().skip(1).filter(|p| sorts(p) != canon) {
        let plugins = profile.field("plugins");
        let at = match plugins {
            Some(plugins) => key_of(plugins, "queueSort"),
            None => profile.lacking(),
        };
        let message = "`queueSort` must be the same in all profiles, because they share one queue";
        conflict(v, at, message);
    }
}

/// What schedulers outside decide along.
fn extenders<'d>(v: &mut Validator<'d>, extenders: &[Node<'d>]) {
    let binds = |e: &&Node<'d>| go_text(**e, "bindVerb").is_some_and(|verb| !verb.is_empty());
    if let Some(second) = extenders.iter().filter(binds).nth(1) {
        let message = "only one extender can bind pods, but another one also has `bindVerb`";
        conflict(v, place(*second, "bindVerb"), message);
    }
    let mut seen: HashMap<&str, Node<'d>> = HashMap::new();
    for resource in extenders.iter().flat_map(|e| e.list("managedResources")) {
        let Some(name) = go_text(resource, "name") else {
            continue;
        };
        let at = place(resource, "name");
        if !is_extended_resource(name) {
            let message = format!(
                "`name` must be an extended resource such as `example.com/gpu`; the scheduler rejects `{name}`"
            );
            v.add(ids::schema::FORMAT, at, message, None);
        } else if let Some(first) = seen.get(name) {
            let message = format!("`{name}` is managed twice, so the scheduler rejects the file");
            duplicate(v, at, *first, message);
        } else {
            seen.insert(name, resource);
        }
    }
}

/// A resource outside of Kubernetes' own domains, whose name is one behind `requests.`, too.
fn is_extended_resource(name: &str) -> bool {
    is_qualified(name)
        && name.contains('/')
        && !name.contains("kubernetes.io/")
        && !name.starts_with("requests.")
        && is_qualified(&format!("requests.{name}"))
}

/// An extender alone.
pub(in crate::schema) fn extender<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let prioritizes = go_text(map, "prioritizeVerb").is_some_and(|verb| !verb.is_empty());
    let weight = map.field("weight").map_or(Some(0), Node::as_int);
    if prioritizes && weight.is_some_and(|weight| weight <= 0) {
        let message = "`weight` must be greater than 0 if `prioritizeVerb` is set";
        match map.field("weight") {
            Some(node) => {
                v.add(ids::schema::RANGE, node, message.to_owned(), None);
            }
            None if v.is_fragment() => {}
            None => {
                missing(v, map.lacking(), message);
            }
        }
    }
    null_time(v, map, "httpTimeout");
    let Some(tls) = map.field("tlsConfig") else {
        return;
    };
    let given = |key: &str| tls.field(key).filter(|node| node.text() != Some(""));
    let either = |[file, data]: [&str; 2]| given(file).or_else(|| given(data));
    let insecure = tls.field("insecure").and_then(Node::as_bool) == Some(true);
    if let Some(authority) = either(["caFile", "caData"]).filter(|_| insecure) {
        let message =
            "`insecure: true` cannot be combined with a CA, so the scheduler fails to start";
        conflict(v, authority, message);
    }
    let pair = [["certFile", "certData"], ["keyFile", "keyData"]];
    if let [Some(one), None] | [None, Some(one)] = pair.map(either) {
        let message = "a certificate and its key must both be set; the scheduler fails to start";
        conflict(v, one, message);
    }
}

/// How long the scheduler leads: times that are zero are the defaults, one that is below zero is rejected.
pub(in crate::schema) fn leader_election<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const TIMES: [(&str, f64); 3] = [
        ("leaseDuration", 15.0),
        ("renewDeadline", 10.0),
        ("retryPeriod", 2.0),
    ];
    // How much longer than the period a retry may take.
    const JITTER: f64 = 1.2;
    for (key, _) in TIMES {
        null_time(v, map, key);
    }
    if map.field("leaderElect").and_then(Node::as_bool) == Some(false) {
        return;
    }
    let lock = map.field("resourceLock");
    if let Some(lock) = lock
        .filter(|_| go_text(map, "resourceLock").is_some_and(|lock| !matches!(lock, "" | "leases")))
    {
        v.not_one_of(lock, "resourceLock", &["leases"]);
    }
    let time = |(key, default): (&str, f64)| match map.field(key).and_then(Node::text) {
        None => Some(default),
        Some(text) => parse_seconds(text).map(|time| if time == 0.0 { default } else { time }),
    };
    let [Some(lease), Some(renew), Some(retry)] = TIMES.map(time) else {
        return;
    };
    let given = |key: &'static str| map.field(key).map(|_| key);
    let fragment = v.is_fragment();
    for ((key, _), time) in TIMES.into_iter().zip([lease, renew, retry]) {
        if time < 0.0 {
            let message = format!("`{key}` must be greater than 0");
            v.add(ids::schema::RANGE, place(map, key), message, None);
            return;
        }
    }
    let shown = |key: &str, seconds: f64| match map.field(key).and_then(Node::text) {
        Some(text) => text.to_owned(),
        None => format!("{seconds}s (default)"),
    };
    let both = |one, other| !fragment || given(one).is_some() && given(other).is_some();
    if lease <= renew && both("leaseDuration", "renewDeadline") {
        let message = format!(
            "`leaseDuration` must be longer than `renewDeadline`: {} and {}",
            shown("leaseDuration", lease),
            shown("renewDeadline", renew)
        );
        let at = given("leaseDuration").unwrap_or("renewDeadline");
        conflict(v, place(map, at), message);
    } else if renew <= retry * JITTER && both("renewDeadline", "retryPeriod") {
        let message = format!(
            "`renewDeadline` must be longer than 1.2 times `retryPeriod`: {} and {}",
            shown("renewDeadline", renew),
            shown("retryPeriod", retry)
        );
        let at = given("renewDeadline").unwrap_or("retryPeriod");
        conflict(v, place(map, at), message);
    }
}

/// A time that is null is read as an empty text, which is none.
fn null_time<'d>(v: &mut Validator<'d>, map: Node<'d>, key: &str) {
    if let Some((key_node, _)) = map.pair(key).filter(|(_, value)| value.is_null()) {
        let message =
            format!("`{key}` is null instead of a duration; delete it to use the default");
        v.add(ids::schema::FORMAT, key_node, message, None);
    }
}

/// Whether a value of a label fits; what is filled in later does.
fn fits_label(node: Node<'_>) -> bool {
    let text = node.text().unwrap_or_default();
    node.kind() == NodeKind::Map || is_unresolved(text) || is_label_value(text)
}
