//! Audit policies (pkg/apis/audit/validation).

use super::{empty, is_open, judged_items};
use crate::schema::cross_field::{conflict, key_of};
use crate::schema::format::is_subdomain;
use crate::schema::validator::Validator;
use crate::yaml::{Node, NodeKind};

const STAGES: [&str; 4] = [
    "RequestReceived",
    "ResponseStarted",
    "ResponseComplete",
    "Panic",
];

pub(in crate::schema) fn check<'d>(v: &mut Validator<'d>, root: Node<'d>) {
    stages(v, root);
    let Some(metadata) = root.field("metadata").filter(|node| !is_open(*node)) else {
        return;
    };
    v.expect(
        metadata.kind() == NodeKind::Map,
        metadata,
        "metadata",
        "a map",
    );
    for key in ["name", "namespace", "generateName"] {
        if let Some(node) = metadata.field(key) {
            v.expect(node.kind() == NodeKind::Str, node, key, "a string");
        }
    }
}

/// Stages that are null count as empty ones.
fn stages<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    for node in map.list("omitStages").filter(|node| node.is_null()) {
        v.not_one_of(node, "omitStages", &STAGES);
    }
}

pub(in crate::schema) fn rule<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    stages(v, map);
    for (node, url) in judged_items(map, "nonResourceURLs") {
        if url != "*" && !url.starts_with('/') {
            v.refused(
                node,
                "nonResourceURLs",
                "a path that begins with `/`, or `*`",
            );
        } else if url.len() > 1 && url.get(..url.len() - 1).is_some_and(|u| u.contains('*')) {
            v.refused(
                node,
                "nonResourceURLs",
                "a path whose only `*` is its last character",
            );
        }
    }
    let given = |key: &str| map.field(key).is_some_and(|list| !list.is_empty());
    if given("nonResourceURLs") {
        for key in ["resources", "namespaces"]
            .into_iter()
            .filter(|key| given(key))
        {
            let message = "a rule cannot combine `nonResourceURLs` with `resources` or `namespaces`; the API server rejects the policy";
            conflict(v, key_of(map, key), message);
        }
    }
    for entry in map.list("resources") {
        if let Some(group) = entry.field("group") {
            let text = group.as_str().unwrap_or_default();
            let fits = matches!(text, "" | "*") || is_subdomain(text) || is_open(group);
            v.form(
                fits,
                group,
                "group",
                "the name of an API group without its version",
            );
        }
        if entry
            .field("resourceNames")
            .is_some_and(|list| !list.is_empty())
            && empty(entry, "resources")
        {
            conflict(
                v,
                key_of(entry, "resourceNames"),
                "`resourceNames` requires `resources`, so the API server rejects the policy",
            );
        }
    }
}
