//! Authorizers (pkg/apis/apiserver/validation, pkg/kubeapiserver/authorizer).

use super::{empty, filled_text, is_open, lacks};
use crate::go_value::parse_seconds;
use crate::ids;
use crate::schema::constraints::unique;
use crate::schema::cross_field::duplicate;
use crate::schema::cross_field::{conflict, key_of, missing, text};
use crate::schema::format::is_subdomain;
use crate::schema::validator::Validator;
use crate::yaml::Node;
use std::collections::{HashMap, HashSet};

const TYPES: [&str; 6] = [
    "Webhook",
    "RBAC",
    "ABAC",
    "Node",
    "AlwaysAllow",
    "AlwaysDeny",
];
const MAX_CONDITIONS: usize = 64;

pub(in crate::schema) fn check<'d>(v: &mut Validator<'d>, root: Node<'d>) {
    let mut seen_types: HashSet<&str> = HashSet::new();
    let mut seen_names: HashMap<&str, Node<'d>> = HashMap::new();
    for authorizer in root.list("authorizers") {
        let kind = authorizer.field("type");
        if kind.is_some_and(is_open) {
            continue;
        }
        let Some((kind_at, kind)) = filled_text(authorizer, "type") else {
            continue;
        };
        if !TYPES.contains(&kind) {
            v.not_one_of(kind_at, "type", &TYPES);
            continue;
        }
        if !seen_types.insert(kind) && kind != "Webhook" {
            let message = format!(
                "authorizer type `{kind}` is used twice, which only `Webhook` can be; the API server rejects the file"
            );
            v.add(ids::schema::DUPLICATE_ITEM, kind_at, message, None);
            continue;
        }
        name(v, authorizer, kind, &mut seen_names);
        match (kind == "Webhook", authorizer.field("webhook")) {
            (true, None) => lacks(v, authorizer, "webhook"),
            (false, Some(_)) => conflict(
                v,
                kind_at,
                format!("an authorizer of type `{kind}` cannot have `webhook`"),
            ),
            _ => {}
        }
    }
}

fn name<'d>(
    v: &mut Validator<'d>,
    authorizer: Node<'d>,
    kind: &str,
    seen: &mut HashMap<&'d str, Node<'d>>,
) {
    if authorizer.field("name").is_some_and(is_open) {
        return;
    }
    let Some((node, name)) = filled_text(authorizer, "name") else {
        return;
    };
    if let Some(first) = seen.insert(name, node) {
        let message = format!("`name` `{name}` is used twice, so the API server rejects the file");
        duplicate(v, node, first, message);
    } else if kind != "Webhook" && name != kind.to_lowercase() {
        let problem = v.refused(node, "name", "the type of the authorizer in lower case");
        problem.help = Some(format!("Write `name: {}`.", kind.to_lowercase()));
    } else {
        v.form(
            is_subdomain(name),
            node,
            "name",
            "lower-case letters, digits, `-` and `.`",
        );
    }
}

pub(in crate::schema) fn webhook<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    for (key, most) in [
        ("timeout", 30.0),
        ("authorizedTTL", f64::MAX),
        ("unauthorizedTTL", f64::MAX),
    ] {
        let null = map.pair(key).filter(|(_, value)| value.is_null());
        if let Some((at, _)) = null.filter(|_| key != "timeout") {
            let message = format!(
                "`{key}` is null instead of a duration, so the API server rejects the file"
            );
            v.add(ids::schema::FORMAT, at, message, None);
        }
        let Some(node) = map.field(key) else { continue };
        let seconds = node.text().and_then(parse_seconds);
        let zero = key == "timeout" && seconds == Some(0.0);
        if zero || seconds.is_some_and(|seconds| seconds < 0.0 || seconds > most) {
            let limit = if key == "timeout" {
                "greater than 0 and at most 30s"
            } else {
                "greater than 0"
            };
            v.add(
                ids::schema::RANGE,
                node,
                format!("`{key}` must be {limit}; the API server rejects the file"),
                None,
            );
        }
    }
    let conditions = map.list("matchConditions");
    if let Some(extra) = conditions.clone().nth(MAX_CONDITIONS) {
        conflict(
            v,
            extra.lacking(),
            format!("the API server accepts at most {MAX_CONDITIONS} conditions"),
        );
    }
    for condition in conditions.clone() {
        let blank = |node: Node<'_>| node.text().is_some_and(|text| text.trim().is_empty());
        if condition.field("expression").is_some_and(blank) {
            lacks(v, condition, "expression");
        }
    }
    let Some(list) = map.field("matchConditions").filter(|list| !list.is_empty()) else {
        return;
    };
    unique(v, list, &["expression"], |_| None);
    if empty(map, "matchConditionSubjectAccessReviewVersion") {
        let at = map
            .pair("matchConditionSubjectAccessReviewVersion")
            .map_or_else(|| map.lacking(), |(key, _)| key.into());
        missing(
            v,
            at,
            "`matchConditions` require `matchConditionSubjectAccessReviewVersion: v1`, so the API server rejects the file",
        );
    }
}

pub(in crate::schema) fn connection<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let file = map.field("kubeConfigFile");
    match text(map, "type") {
        Some("InClusterConfig") if file.is_some() => {
            conflict(
                v,
                key_of(map, "kubeConfigFile"),
                "`kubeConfigFile` is allowed only with `type: KubeConfigFile`",
            );
        }
        Some("KubeConfigFile") => match file {
            None => lacks(v, map, "kubeConfigFile"),
            Some(node) if node.text() == Some("") => lacks(v, map, "kubeConfigFile"),
            Some(node) => {
                let fits = node.text().is_some_and(|path| path.starts_with('/')) || is_open(node);
                v.form(fits, node, "kubeConfigFile", "an absolute path");
            }
        },
        _ => {}
    }
}
