//! A CustomResourceDefinition beyond its types: names, versions, conversion, columns and paths (the validation of the apiextensions API
//! server).

use super::admission::review_versions;
use super::cross_field::{conflict, judged, key_of, missing, own_key, set, text};
use super::problem::SchemaProblem;
use super::table::Type;
use super::validator::Validator;
use super::{format, structural};
use crate::ids;
use crate::kube::is_unresolved;
use crate::yaml::{Node, NodeKind, NodeSpan};
use std::collections::HashMap;

/// Checks a definition.
pub(super) fn check<'d>(v: &mut Validator<'d>, definition: Node<'d>) {
    const SCHEMA: [&str; 4] = ["spec", "versions", "schema", "openAPIV3Schema"];
    let mut steps = SCHEMA.iter();
    let schema = v
        .ty()
        .and_then(|ty| steps.try_fold(ty, |ty, name| ty.field(name).first()?.ty()));
    let Some((spec, schema)) = definition.field("spec").zip(schema) else {
        return;
    };
    group(v, definition, spec);
    if let Some(names) = spec.field("names") {
        self::names(v, names);
    }
    if let Some(preserve) = set(spec, "preserveUnknownFields") {
        let message = "`preserveUnknownFields: true` was replaced in v1: write `x-kubernetes-preserve-unknown-fields: true` in the schema where any value is allowed";
        conflict(v, own_key(preserve), message);
    }
    if let Some(conversion) = spec.field("conversion") {
        self::conversion(v, conversion);
    }
    storage(v, spec);
    for version in spec.list("versions") {
        self::version(v, version, schema);
    }
    once_for_versions(v);
}

/// Versions are made of the same types: what is wrong with one at the same place as with one before it has one cause.
fn once_for_versions(v: &mut Validator<'_>) {
    let place = |at: &NodeSpan<'_>| {
        let path = at.node.path();
        let (_, below) = path.strip_prefix("/spec/versions/")?.split_once('/')?;
        Some(below.to_owned())
    };
    let mut seen: HashMap<(&str, String, String), usize> = HashMap::new();
    let mut kept: Vec<SchemaProblem<'_>> = Vec::new();
    for problem in std::mem::take(&mut v.problems) {
        let Some(below) = place(&problem.node_span) else {
            kept.push(problem);
            continue;
        };
        let key = (problem.rule, below, problem.message.clone());
        if let Some(first) = seen.get(&key).and_then(|at| kept.get_mut(*at)) {
            let again = (problem.node_span, "the same in another version");
            first.related.get_or_insert(again);
        } else {
            seen.insert(key, kept.len());
            kept.push(problem);
        }
    }
    v.problems = kept;
}

fn group<'d>(v: &mut Validator<'d>, definition: Node<'d>, spec: Node<'d>) {
    const APPROVAL: &str = "api-approved.kubernetes.io";
    const LINK: &str = "the URL of the approving pull request, or begin with `unapproved`";
    let Some((at, group)) = judged(spec, "group") else {
        return;
    };
    let fits = group.contains('.') && format::is_subdomain(group);
    v.form(
        fits,
        at,
        "group",
        "a domain in lower case with one dot at least",
    );
    let community = ["k8s.io", "kubernetes.io"].iter().any(|own| {
        let rest = group.strip_suffix(own);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    if !community {
        return;
    }
    let metadata = definition.field("metadata");
    let annotations = metadata.and_then(|m| m.field("annotations"));
    if let Some(value) = annotations.and_then(|a| a.field(APPROVAL)) {
        let text = value.as_str().unwrap_or_default();
        let host = text.split_once("://").map(|(_, rest)| rest);
        let link = host.is_some_and(|host| !host.is_empty() && !host.starts_with('/'));
        let fits = link || text.starts_with("unapproved") || is_unresolved(text);
        v.form(fits, value, APPROVAL, LINK);
        return;
    }
    let at = annotations.or(metadata).unwrap_or(definition).lacking();
    let message = format!(
        "the annotation `{APPROVAL}` is missing: `{group}` is a group of the Kubernetes community"
    );
    let help =
        "use a group of your own, or add the annotation with the URL of the approving pull request"
            .to_owned();
    missing(v, at, message).help = Some(help);
}

fn names<'d>(v: &mut Validator<'d>, names: Node<'d>) {
    const LABEL: &str =
        "lower-case letters, digits and dashes, at most 63, that begin with a letter";
    for key in ["kind", "listKind"] {
        if let Some((at, name)) = judged(names, key) {
            let fits = format::is_label_1035(&name.to_lowercase());
            let what = "letters, digits and dashes, at most 63, that begin with a letter";
            v.form(fits, at, key, what);
        }
    }
    for category in names.list("categories") {
        let text = category.as_str().unwrap_or_default();
        let fits = is_unresolved(text) || format::is_label_1035(text);
        v.form(fits, category, "categories", LABEL);
    }
    let kind = text(names, "kind").filter(|kind| !kind.is_empty());
    if let Some(list) = names.field("listKind").filter(|l| l.as_str() == kind)
        && let Some(kind) = kind
    {
        let message = format!("`listKind` cannot be `kind` itself: write `{kind}List`");
        conflict(v, list, message);
    }
}

fn conversion<'d>(v: &mut Validator<'d>, conversion: Node<'d>) {
    let Some((strategy, kind)) = judged(conversion, "strategy") else {
        return;
    };
    let webhook = conversion.field("webhook");
    let client = webhook.and_then(|w| w.field("clientConfig"));
    let reviews = webhook.and_then(|w| w.field("conversionReviewVersions"));
    match kind {
        "Webhook" => {
            if client.is_none() {
                let message = "`webhook.clientConfig` is missing: `strategy: Webhook` calls it";
                let help = "add `webhook: {clientConfig: …, conversionReviewVersions: [v1]}`, or write `strategy: None`";
                missing(v, webhook.unwrap_or(conversion).lacking(), message).help =
                    Some(help.into());
            }
            let Some(reviews) = reviews else { return };
            if reviews.kind() == NodeKind::Seq && reviews.is_empty() {
                let at = own_key(reviews);
                let message =
                    "`conversionReviewVersions` is empty: the API server does not know how to ask";
                missing(v, at, message).help = Some("write `[v1]`".into());
                return;
            }
            review_versions(v, Some(reviews));
        }
        "None" => {
            let reviewed = reviews.filter(|r| !r.is_empty());
            if let Some(webhook) = webhook.filter(|_| client.or(reviewed).is_some()) {
                let message = "`webhook` is never called with `strategy: None`: write `strategy: Webhook`, or remove it";
                conflict(v, own_key(webhook), message);
            }
        }
        _ => v.not_one_of(strategy, "strategy", &["None", "Webhook"]),
    }
}

/// Exactly one version is that in which objects are kept.
fn storage<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let mut flags = spec.list("versions").filter_map(|v| v.field("storage"));
    let Some(versions) = spec.field("versions").filter(|_| !v.is_fragment()) else {
        return;
    };
    if versions.kind() != NodeKind::Seq || flags.clone().any(|f| f.as_bool().is_none()) {
        return;
    }
    let count = flags.by_ref().filter(|f| f.as_bool() == Some(true)).count();
    if count != 1 {
        let message = match count {
            0 => "no version has `storage: true`: exactly one must, that in which objects are kept"
                .to_owned(),
            _ => format!(
                "{count} versions have `storage: true`: objects are kept in one version only"
            ),
        };
        let help = "set `storage: true` in one version, and `storage: false` in all others";
        let at = key_of(spec, "versions");
        v.add(ids::schema::CONFLICT, at, message, Some(help.to_owned()));
    }
}

fn version<'d>(v: &mut Validator<'d>, version: Node<'d>, ty: &'static Type) {
    deprecation(v, version);
    for column in version.list("additionalPrinterColumns") {
        self::column(v, column);
    }
    let subresources = version.field("subresources");
    let status = subresources.and_then(|s| s.field("status"));
    for (key, _) in status.into_iter().flat_map(Node::entries) {
        let name = key.text().unwrap_or_default();
        let message = format!("`status` has no field `{name}`: the API server rejects it");
        v.add(
            ids::schema::UNKNOWN_FIELD,
            key,
            message,
            Some("write `status: {}`".into()),
        );
    }
    if let Some(scale) = subresources.and_then(|s| s.field("scale")) {
        filled(v, scale, "specReplicasPath");
        filled(v, scale, "statusReplicasPath");
        path(v, scale, "specReplicasPath", &[".spec."]);
        path(v, scale, "statusReplicasPath", &[".status."]);
        path(v, scale, "labelSelectorPath", &[".spec.", ".status."]);
    }
    // An empty one is another finding.
    let root = version.at(&["schema", "openAPIV3Schema"]);
    let Some(root) = root.filter(|root| !root.is_empty()) else {
        return;
    };
    selectable(v, version, root);
    let has_status = subresources.is_some_and(|s| s.field("status").is_some());
    structural::check(v, root, ty, has_status);
}

fn deprecation<'d>(v: &mut Validator<'d>, version: Node<'d>) {
    let Some(warning) = version.field("deprecationWarning") else {
        return;
    };
    let text = warning.as_str().unwrap_or_default();
    let deprecated = version.field("deprecated");
    if deprecated.is_none_or(|d| d.as_bool() == Some(false)) {
        let message = "`deprecationWarning` is for versions with `deprecated: true`";
        conflict(v, key_of(version, "deprecationWarning"), message);
    } else if text.len() > 256 {
        let message = format!(
            "`deprecationWarning` must have at most 256 bytes, and this has {}",
            text.len()
        );
        v.add(ids::schema::RANGE, warning, message, None);
    } else {
        let fits = !text.is_empty() && !text.contains(char::is_control);
        v.form(fits, warning, "deprecationWarning", "one line of text");
    }
}

fn column<'d>(v: &mut Validator<'d>, column: Node<'d>) {
    const FORMATS: [&str; 8] = [
        "byte",
        "date",
        "date-time",
        "double",
        "float",
        "int32",
        "int64",
        "password",
    ];
    for key in ["name", "type", "jsonPath"] {
        filled(v, column, key);
    }
    if let Some((format, text)) = judged(column, "format")
        && !FORMATS.contains(&text)
    {
        v.not_one_of(format, "format", &FORMATS);
    }
    path(v, column, "jsonPath", &["."]);
}

/// That a text is not empty.
fn filled<'d>(v: &mut Validator<'d>, map: Node<'d>, key: &str) {
    if let Some(empty) = map.field(key).filter(|n| n.as_str() == Some("")) {
        let message = format!("`{key}` is empty: the API server rejects it");
        missing(v, own_key(empty), message).help = Some("write a value".into());
    }
}

/// A path into an object, which begins in one of some ways.
fn path<'d>(v: &mut Validator<'d>, map: Node<'d>, key: &str, starts: &[&str]) {
    let Some((at, path)) = judged(map, key) else {
        return;
    };
    let quoted: Vec<String> = starts.iter().map(|s| format!("`{s}`")).collect();
    let what = format!("a path that begins with {}", quoted.join(" or "));
    v.form(starts.iter().any(|s| path.starts_with(s)), at, key, &what);
}

/// Fields by which objects can be chosen: scalars of the schema.
fn selectable<'d>(v: &mut Validator<'d>, version: Node<'d>, root: Node<'d>) {
    const MAX_SELECTABLE_FIELDS: usize = 8;
    for field in version.list("selectableFields").take(MAX_SELECTABLE_FIELDS) {
        let Some((at, path)) = judged(field, "jsonPath") else {
            continue;
        };
        let names = path.strip_prefix('.').map(|path| path.split('.'));
        let found = names.and_then(|mut names| {
            names.try_fold(root, |schema, name| schema.field("properties")?.field(name))
        });
        let ty = found.and_then(|schema| text(schema, "type"));
        let scalar = matches!(ty, Some("string" | "integer" | "boolean"));
        let what =
            "the path of a string, an integer or a boolean of the schema, such as `.spec.color`";
        v.form(
            scalar && !path.starts_with(".metadata"),
            at,
            "jsonPath",
            what,
        );
    }
    let count = version.list("selectableFields").count();
    if count > MAX_SELECTABLE_FIELDS {
        let message = format!(
            "`selectableFields` must have at most {MAX_SELECTABLE_FIELDS} items, and this has {count}"
        );
        v.add(
            ids::schema::RANGE,
            key_of(version, "selectableFields"),
            message,
            None,
        );
    }
}
