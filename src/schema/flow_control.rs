//! Rules of validation between the fields of flow control (pkg/apis/flowcontrol validation of Kubernetes).

use super::admission::star_alone;
use super::cross_field::{conflict, key_of, missing, set, text};
use super::format::{is_label, is_subdomain};
use super::validator::Validator;
use crate::ids;
use crate::kube::is_replaced;
use crate::yaml::Node;

/// The first place among flow schemas is taken.
pub(super) fn flow_schema<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let first = |n: &Node<'_>| n.as_int() == Some(1);
    let precedence = spec.field("matchingPrecedence").filter(first);
    if let Some(precedence) = precedence.filter(|_| v.root_name() != Some("exempt")) {
        let message = "only the flow schema `exempt` has `matchingPrecedence: 1`";
        v.add(ids::schema::RANGE, precedence, message.to_owned(), None);
    }
}

/// Whom a flow schema is about: each kind of subject has its own field.
pub(super) fn flow_rules<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const FIELDS: [(&str, &str); 3] = [
        ("User", "user"),
        ("Group", "group"),
        ("ServiceAccount", "serviceAccount"),
    ];
    for subject in map.list("subjects") {
        let kind = text(subject, "kind").unwrap_or_default();
        let Some((_, wanted)) = FIELDS.iter().find(|(k, _)| *k == kind) else {
            if let Some(node) = subject.field("kind").filter(|_| !kind.is_empty()) {
                v.not_one_of(node, "kind", &FIELDS.map(|(kind, _)| kind));
            }
            continue;
        };
        if let Some(name) = subject.at(&["serviceAccount", "name"]) {
            let written = name.as_str().unwrap_or_default();
            let fits = written.is_empty()
                || written == "*"
                || is_replaced(written)
                || is_subdomain(written);
            v.form(fits, name, "name", "the name of a ServiceAccount, or `*`");
        }
        if subject.field(wanted).is_none() {
            let message = format!("`{wanted}` is missing: it names the subject of kind {kind}");
            missing(v, key_of(subject, wanted), message);
        } else if let Some((_, other)) = FIELDS
            .iter()
            .find(|(_, f)| f != wanted && subject.field(f).is_some())
        {
            conflict(
                v,
                key_of(subject, other),
                format!("a subject of kind {kind} has no `{other}`"),
            );
        }
    }
    let rules = |key: &str| map.list(key).next().is_some();
    if !rules("resourceRules") && !rules("nonResourceRules") {
        let message = "neither `resourceRules` nor `nonResourceRules` are there: one is needed";
        missing(v, map.lacking(), message);
    }
}

pub(super) fn flow_rule<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let of_resources = map.field("nonResourceURLs").is_none();
    for key in [
        "verbs",
        "apiGroups",
        "resources",
        "namespaces",
        "nonResourceURLs",
    ] {
        star_alone(v, map, key);
    }
    for url in map.list("nonResourceURLs") {
        let written = url.as_str().unwrap_or_default();
        let inner = written.strip_suffix("/*").unwrap_or(written);
        let path =
            written.starts_with('/') && !written.contains("//") && !inner.contains([' ', '*']);
        v.form(
            written == "*" || path,
            url,
            "nonResourceURLs",
            "an absolute path, optionally ending with `/*`, or `*`",
        );
    }
    for namespace in map.list("namespaces") {
        let written = namespace.as_str().unwrap_or_default();
        let fits = written == "*" || is_replaced(written) || is_label(written);
        v.form(
            fits,
            namespace,
            "namespaces",
            "the name of a namespace, or `*`",
        );
    }
    let wide = set(map, "clusterScope").is_some();
    if of_resources && !wide && map.list("namespaces").next().is_none() {
        let message =
            "`namespaces` is missing: without `clusterScope: true` the rule matches nothing";
        missing(v, map.lacking(), message);
    }
}

pub(super) fn priority_level<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    // Kubernetes' own exempt level is named so.
    let own = v.root_name() == Some("exempt");
    let kind = text(spec, "type").unwrap_or_default();
    if let Some(at) = spec.field("type").filter(|_| kind == "Exempt" && !own) {
        conflict(v, at, "only the priority level `exempt` can be exempt");
    }
    let wanted = if kind == "Exempt" {
        "exempt"
    } else {
        "limited"
    };
    let other = if kind == "Exempt" {
        "limited"
    } else {
        "exempt"
    };
    let given = spec.pair(other).filter(|(_, value)| !value.is_null());
    if let Some((key, _)) = given.filter(|_| !kind.is_empty() && (kind != "Exempt" || own)) {
        conflict(
            v,
            key,
            format!("a priority level of type {kind} has no `{other}`"),
        );
    }
    if let Some(at) = spec.field("type").filter(|_| kind == "Limited" && own) {
        conflict(v, at, "the priority level `exempt` is exempt");
    }
    if kind == "Limited" && spec.field(wanted).is_none() {
        let message = "`limited` is missing: the type is Limited";
        missing(v, spec.lacking(), message);
    }
}

pub(super) fn limit_response<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let queuing = map.pair("queuing").filter(|(_, value)| !value.is_null());
    match (text(map, "type"), queuing) {
        (Some("Reject"), Some((key, _))) => {
            conflict(v, key, "rejected requests are not queued; remove `queuing`");
        }
        (Some("Queue"), None) => {
            let message = "`queuing` is missing: the type is Queue";
            missing(v, map.lacking(), message);
        }
        _ => {}
    }
    let number = |key: &str, default| {
        let written = queuing.and_then(|(_, q)| q.field(key));
        written.map_or(Some(default), Node::as_int)
    };
    // What is not written is 8 of 64; so is 0.
    let number = |key, default| number(key, default).map(|n| if n == 0 { default } else { n });
    let (Some(hand), Some(queues)) = (number("handSize", 8), number("queues", 64)) else {
        return;
    };
    let Some((_, map)) = queuing else { return };
    if hand > queues {
        let message = format!("`handSize` is above `queues`: {hand} and {queues}");
        conflict(v, key_of(map, "handSize"), message);
    } else if entropy(queues, hand) > 60.0 {
        let message =
            format!("{hand} queues of {queues} are more than a hash of 60 bits can choose");
        conflict(v, key_of(map, "handSize"), message);
    }
}

/// Bits that it takes to choose some queues.
fn entropy(queues: i64, hand: i64) -> f64 {
    let number = |n: i64| u32::try_from(n).map_or(1.0, f64::from);
    (number(queues).log2() * number(hand)).ceil()
}
