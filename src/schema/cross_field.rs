//! What the checks between several fields of a type share.

use super::problem::SchemaProblem;
use super::validator::Validator;
use crate::go_value::parse_quantity;
use crate::ids;
use crate::kube::is_unresolved;
use crate::yaml::{Node, NodeKind, NodeSpan};

pub(super) fn text<'d>(map: Node<'d>, key: &str) -> Option<&'d str> {
    map.field(key)?.as_str()
}

/// Text that can be judged.
pub(super) fn judged<'d>(map: Node<'d>, key: &str) -> Option<(Node<'d>, &'d str)> {
    let node = map.field(key)?;
    let text = node.as_str()?;
    (!text.is_empty() && !is_unresolved(text)).then_some((node, text))
}

pub(super) fn conflict<'d>(
    v: &mut Validator<'d>,
    at: impl Into<NodeSpan<'d>>,
    message: impl Into<String>,
) {
    v.add(ids::schema::CONFLICT, at, message.into(), None);
}

/// That an item is the same as one before it.
pub(super) fn duplicate<'d>(
    v: &mut Validator<'d>,
    at: impl Into<NodeSpan<'d>>,
    first: impl Into<NodeSpan<'d>>,
    message: impl Into<String>,
) {
    let problem = v.add(ids::schema::DUPLICATE_ITEM, at, message.into(), None);
    problem.related = Some((first.into(), "the first"));
}

/// That something is not there.
pub(super) fn missing<'v, 'd>(
    v: &'v mut Validator<'d>,
    at: impl Into<NodeSpan<'d>>,
    message: impl Into<String>,
) -> &'v mut SchemaProblem<'d> {
    let problem = v.add(ids::schema::MISSING_FIELD, at, message.into(), None);
    problem.missing = true;
    problem
}

/// A flag that is set.
pub(super) fn set<'d>(map: Node<'d>, key: &str) -> Option<Node<'d>> {
    map.field(key).filter(|n| n.as_bool() == Some(true))
}

/// The key of a value.
pub(super) fn own_key(value: Node<'_>) -> Node<'_> {
    value.key_node().unwrap_or(value)
}

pub(super) fn key_of<'d>(map: Node<'d>, key: &str) -> NodeSpan<'d> {
    map.pair(key)
        .map_or_else(|| map.lacking(), |(key, _)| key.into())
}

/// An amount of a resource, as a number.
pub(super) fn amount(node: Node<'_>) -> Option<f64> {
    match node.kind() {
        // However it is written: to the server `0x10` is 16.
        NodeKind::Int => node.text().and_then(parse_quantity).or_else(|| {
            let whole = i32::try_from(node.as_int()?).ok()?;
            Some(f64::from(whole))
        }),
        _ => node.text().and_then(parse_quantity),
    }
}
