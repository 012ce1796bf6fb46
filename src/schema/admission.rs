//! Rules of validation between the fields of admission policies, webhooks and flow control (pkg/apis/admissionregistration and
//! flowcontrol validation of Kubernetes). Expressions in CEL: `expressions.rs`.

use super::cel::is_reserved;
use super::cross_field::{conflict, key_of, missing, own_key, set, text};
use super::expressions;
use super::format::{is_label, is_subdomain};
use super::validator::Validator;
use crate::ids;
use crate::kube::{is_known, is_replaced};
use crate::yaml::{Node, NodeKind};
use std::collections::HashSet;

fn is_identifier(name: &str) -> bool {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    starts && plain && !is_reserved(name)
}

pub(super) fn policy<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let names = spec.list("variables").filter_map(|v| v.field("name"));
    for name in names {
        let written = name.as_str().unwrap_or_default();
        let fits = written.is_empty() || is_identifier(written) || is_replaced(written);
        v.form(
            fits,
            name,
            "name",
            "an identifier of CEL: letters, digits and `_`, no reserved word",
        );
    }
    expressions::policy(v, spec);
    if let Some(version) = spec.at(&["paramKind", "apiVersion"]) {
        let written = version.as_str().unwrap_or_default();
        let fits = written.matches('/').count() <= 1
            && !written.ends_with('/')
            && !written.starts_with('/');
        v.form(
            fits || is_replaced(written),
            version,
            "apiVersion",
            "a group and a version, or the version of the core group",
        );
    }
    for validation in spec.list("validations") {
        let blank = |m: &Node<'_>| {
            m.as_str()
                .is_some_and(|m| !m.is_empty() && m.trim().is_empty())
        };
        if let Some(message) = validation.field("message").filter(blank) {
            v.add(
                ids::schema::MISSING_FIELD,
                message,
                "`message` is blank".to_owned(),
                None,
            );
        }
        let lines = |m: &Node<'_>| m.as_str().is_some_and(|m| m.trim().contains(['\n', '\r']));
        if let Some(message) = validation.field("message").filter(lines) {
            let key = own_key(message);
            conflict(
                v,
                key,
                "`message` must be one line: write `messageExpression` for more",
            );
        }
    }
}

/// A `*` says all, and stands alone.
fn star_alone<'d>(v: &mut Validator<'d>, map: Node<'d>, key: &str) {
    let star = map.list(key).any(|item| item.as_str() == Some("*"));
    if star && map.list(key).count() > 1 {
        conflict(
            v,
            key_of(map, key),
            format!("`*` says all of `{key}`, and stands alone"),
        );
    }
}

/// What is done to objects: of one kind.
pub(super) fn mutation<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let (wanted, other) = match text(map, "patchType") {
        Some("JSONPatch") => ("jsonPatch", "applyConfiguration"),
        Some("ApplyConfiguration") => ("applyConfiguration", "jsonPatch"),
        _ => return,
    };
    if map.field(wanted).is_none() {
        let message = format!("`{wanted}` is missing: `patchType` asks for it");
        missing(v, map.lacking(), message);
        if map.field(other).is_some() {
            conflict(
                v,
                key_of(map, other),
                format!("`{other}` is of the other `patchType`"),
            );
        }
    }
}

/// What becomes of what a policy finds.
pub(super) fn binding<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let has = |word: &str| {
        let mut actions = spec.list("validationActions");
        actions.any(|action| action.as_str() == Some(word))
    };
    if has("Deny") && has("Warn") {
        conflict(
            v,
            key_of(spec, "validationActions"),
            "what is denied needs no warning: `Deny` and `Warn` exclude each other",
        );
    }
}

/// What a webhook is asked about, and in which form.
pub(super) fn webhook<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    expressions::webhook(v, map);
    review_versions(v, map.field("admissionReviewVersions"));
}

/// The forms of a review that a webhook understands: one at least that the API server knows, too.
pub(super) fn review_versions<'d>(v: &mut Validator<'d>, versions: Option<Node<'d>>) {
    let known = |version: Node<'d>| {
        let text = version.text().unwrap_or_default();
        matches!(text, "v1" | "v1beta1") || !is_known(version)
    };
    let Some(versions) = versions.filter(|list| !list.is_empty()) else {
        return;
    };
    if versions.kind() == NodeKind::Seq && !versions.items().any(known) {
        let name = versions.key_node().and_then(Node::text).unwrap_or_default();
        let message = format!("`{name}` has none that the API server knows: write `[v1]`");
        v.add(ids::schema::ENUM, own_key(versions), message, None);
    }
}

/// Which devices are chosen.
pub(super) fn selector<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    if let Some(node) = map.field("expression") {
        expressions::device(v, node);
    }
}

/// What webhooks and policies match.
pub(super) fn operations<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    for key in ["operations", "apiGroups", "apiVersions"] {
        star_alone(v, map, key);
    }
    // In the order of the list, as the server compares: what a wildcard before has said already.
    let (mut all_below, mut of_all) = (HashSet::new(), HashSet::new());
    let (mut everything, mut all, mut plain) = (false, false, false);
    let resources: Vec<Node<'d>> = map.list("resources").collect();
    for resource in &resources {
        let written = resource.as_str().unwrap_or_default();
        if written.is_empty() {
            v.add(
                ids::schema::MISSING_FIELD,
                *resource,
                "a resource needs a name".to_owned(),
                None,
            );
        }
        everything |= written == "*/*";
        all |= written == "*";
        let Some((kind, below)) = written.split_once('/') else {
            plain = written != "*";
            continue;
        };
        if all_below.contains(kind) || of_all.contains(below) {
            conflict(
                v,
                *resource,
                format!("`{written}` is said by a wildcard before it"),
            );
        }
        if below == "*" {
            all_below.insert(kind);
        }
        if kind == "*" {
            of_all.insert(below);
        }
    }
    if everything && resources.len() > 1 || all && plain {
        conflict(
            v,
            key_of(map, "resources"),
            "one of `resources` says what another says already",
        );
    }
}

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
            missing(v, subject.lacking(), message);
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
    const VERBS: [&str; 9] = [
        "*",
        "create",
        "delete",
        "deletecollection",
        "get",
        "list",
        "patch",
        "update",
        "watch",
    ];
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
    for verb in map.list("verbs") {
        if verb
            .as_str()
            .is_some_and(|t| !VERBS.contains(&t) && t != "proxy" && !is_replaced(t))
        {
            v.not_one_of(verb, "verbs", &VERBS);
        }
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
            "an absolute path that may end with `/*`, or `*`",
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
        conflict(v, at, "only the priority level `exempt` may be exempt");
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
        (Some("Reject"), Some((key, _))) => conflict(
            v,
            key,
            "what is rejected is not queued: leave `queuing` out",
        ),
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
    // What is not written is 8 of 64.
    if let (Some(hand), Some(queues)) = (number("handSize", 8), number("queues", 64))
        && let Some((_, map)) = queuing
        && hand > queues
    {
        let message = format!("`handSize` is above `queues`: {hand} and {queues}");
        conflict(v, key_of(map, "handSize"), message);
    }
}
