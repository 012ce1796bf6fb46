//! Rules of validation between the fields of admission policies and webhooks (pkg/apis/admissionregistration validation of
//! Kubernetes). Expressions in CEL: `expressions.rs`.

use super::cel::is_reserved;
use super::cross_field::{conflict, judged, key_of, missing, own_key, text};
use super::expressions;
use super::format::{is_label_1035, is_label_value, is_subdomain};
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
    param_kind(v, spec);
    let rules = spec.field("matchConstraints").filter(|_| !v.is_fragment());
    if let Some(constraints) = rules.filter(|c| c.list("resourceRules").next().is_none()) {
        let message = "`resourceRules` is missing: a policy is about some resources";
        missing(v, key_of(constraints, "resourceRules"), message);
    }
    if v.root_kind() == Some("MutatingAdmissionPolicy") {
        no_deletions(v, rules);
    }
    for annotation in spec.list("auditAnnotations") {
        if let Some((key, name)) = judged(annotation, "key") {
            let fits = is_label_value(name);
            v.form(
                fits,
                key,
                "key",
                "at most 63 letters, digits, `-`, `_` and `.`",
            );
        }
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

/// What is deleted cannot be changed.
fn no_deletions<'d>(v: &mut Validator<'d>, constraints: Option<Node<'d>>) {
    let rules = constraints
        .into_iter()
        .flat_map(|c| c.list("resourceRules"));
    let operations = rules.flat_map(|rule| rule.list("operations"));
    for operation in operations.filter(|o| o.as_str() == Some("DELETE")) {
        v.not_one_of(
            operation,
            "operations",
            &["*", "CONNECT", "CREATE", "UPDATE"],
        );
    }
}

/// The kind of a policy's parameters.
fn param_kind<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let Some(param) = spec.field("paramKind") else {
        return;
    };
    if let Some((at, written)) = judged(param, "apiVersion") {
        let (group, version) = written.split_once('/').unwrap_or(("", written));
        let fits = (group.is_empty() || is_subdomain(group)) && is_label_1035(version);
        let what = "a group and a version, or the version of the core group";
        v.form(fits, at, "apiVersion", what);
    }
    if let Some((at, kind)) = judged(param, "kind") {
        let fits = is_label_1035(&kind.to_ascii_lowercase());
        v.form(
            fits,
            at,
            "kind",
            "letters, digits and dashes, at most 63, that begin with a letter",
        );
    }
}

/// A `*` says all, and stands alone.
pub(super) fn star_alone<'d>(v: &mut Validator<'d>, map: Node<'d>, key: &str) {
    let star = map.list(key).any(|item| item.as_str() == Some("*"));
    if star && map.list(key).count() > 1 {
        conflict(
            v,
            key_of(map, key),
            format!("`*` means all of `{key}`, so it must be the only item"),
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
        missing(v, key_of(map, wanted), message);
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
                format!("`{written}` is already covered by a wildcard"),
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
