//! Names of objects: each kind has its own form.

use super::cross_field::{missing, own_key};
use super::format;
use super::table::ApiKind;
use super::validator::Validator;
use crate::ids;
use crate::kube::{Object, is_replaced};
use crate::yaml::NodeSpan;

/// Kinds that are questions or answers, not objects that are kept: they need no name.
fn is_kept(kind: &ApiKind) -> bool {
    const PASSING: [&str; 10] = [
        "Eviction",
        "Binding",
        "Status",
        "WatchEvent",
        "TokenRequest",
        "Scale",
        "APIGroup",
        "APIVersions",
        "APIResource",
        // The server makes up a name for it.
        "LimitRange",
    ];
    let ends = ["Review", "List", "Options"];
    !ends.iter().any(|end| kind.kind.ends_with(end)) && !PASSING.contains(&kind.kind)
}

/// Checks the name of an object.
pub(super) fn check<'d>(validator: &mut Validator<'d>, object: Object<'d>, kind: &ApiKind) {
    if !is_kept(kind) {
        return;
    }
    let metadata = object.metadata("name").filter(|n| !n.is_null());
    let Some(name) = metadata.filter(|n| n.text() != Some("")) else {
        unnamed(validator, object);
        return;
    };
    let Some(text) = name.as_str() else { return };
    // `_` and the like stand for a name that a transformer writes.
    let stands_in = !text.contains(|c: char| c.is_alphanumeric()) && !text.starts_with('.');
    if stands_in || is_replaced(text) {
        return;
    }
    let (fits, what) = form(text, object, kind);
    if !fits && kind.kind == "APIService" {
        let message = format!("`metadata.name` must be {what}");
        validator.add(ids::schema::CONFLICT, name, message, None);
        return;
    }
    validator.form(fits, name, "metadata.name", &what);
}

fn unnamed<'d>(validator: &mut Validator<'d>, object: Object<'d>) {
    let generated = object
        .metadata("generateName")
        .is_some_and(|n| !n.is_null());
    if generated {
        return;
    }
    let metadata = object.node.get("metadata");
    let node_span: NodeSpan<'d> = match (object.metadata("name"), metadata) {
        (Some(empty), _) => own_key(empty).into(),
        (None, Some(metadata)) => match object.node.at(&["metadata"]).and_then(|m| m.get("name")) {
            Some(null) => own_key(null).into(),
            None => metadata.lacking(),
        },
        (None, None) => object
            .node
            .get("kind")
            .map_or_else(|| object.node.lacking(), crate::yaml::Node::lacking),
    };
    let message = format!(
        "this {} has no `metadata.name`: the API server refuses it",
        object.gvk.kind
    );
    missing(validator, node_span, message).help = Some("give it a name".to_owned());
}

/// Whether a name has its kind's form, and what that is.
fn form(name: &str, object: Object<'_>, kind: &ApiKind) -> (bool, String) {
    let subdomain =
        "lower-case letters, digits, `-` and `.`, a letter or digit at both ends of each part";
    let label = "lower-case letters, digits and dashes, at most 63, a letter or digit at both ends";
    let shorter = |most: usize| {
        let fits = name.len() <= most && format::is_subdomain(name);
        (fits, format!("at most {most} {subdomain}"))
    };
    match (kind.group, kind.kind) {
        ("rbac.authorization.k8s.io", _) => (
            format::is_path_segment(name),
            "a name without `/` and `%`, and not `.` or `..`".to_owned(),
        ),
        ("", "Namespace") | ("apps", "StatefulSet") => (format::is_label(name), label.to_owned()),
        ("", "Service") => (
            format::is_label_1035(name),
            "lower-case letters, digits and dashes, at most 63, that begin with a letter"
                .to_owned(),
        ),
        ("batch", "CronJob") => shorter(52),
        ("batch", "Job") => shorter(63),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            let part = |path: &[&str]| object.node.at(path).and_then(crate::yaml::Node::text);
            let (plural, group) = (part(&["spec", "names", "plural"]), part(&["spec", "group"]));
            let wanted = plural
                .zip(group)
                .map(|(plural, group)| format!("{plural}.{group}"));
            match wanted.filter(|wanted| name != wanted) {
                Some(wanted) => (false, format!("`{wanted}`: the plural name and the group")),
                None => (format::is_subdomain(name), subdomain.to_owned()),
            }
        }
        ("apiregistration.k8s.io", "APIService") => {
            let part = |key: &str| {
                object
                    .node
                    .at(&["spec", key])
                    .and_then(crate::yaml::Node::text)
            };
            match (part("version"), part("group")) {
                (Some(version), Some(group)) => {
                    let wanted = format!("{version}.{group}");
                    (
                        name == wanted,
                        format!("`{wanted}`: the version and the group"),
                    )
                }
                _ => (true, String::new()),
            }
        }
        // Their names have colons.
        ("certificates.k8s.io", _) | ("networking.k8s.io", "IPAddress") => (
            format::is_path_segment(name),
            "a name without `/` and `%`".to_owned(),
        ),
        _ => (format::is_subdomain(name), subdomain.to_owned()),
    }
}
