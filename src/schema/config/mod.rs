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
pub(super) mod scheduler;
pub(super) mod tracing;

use super::cross_field::{conflict, missing};
use super::validator::Validator;
use crate::component::number;
use crate::kube::is_replaced;
use crate::yaml::{Node, NodeKind};

/// How long a leader leads.
pub(in crate::schema) fn leader_election<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    if map.field("leaderElect").and_then(Node::as_bool) != Some(false) {
        let (renew, retry) = (("renewDeadline", 10.0), ("retryPeriod", 2.0));
        ordered(v, map, renew, ("leaseDuration", 15.0), true);
        ordered(v, map, retry, renew, true);
    }
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
        "`{key}` is missing or empty: {} refuses the file without it",
        v.reader()
    );
    missing(v, at, message);
}
