//! Kustomizations (kustomize's api: types, internal/generators, internal/builtins, kv, filters/replacement).

use super::judged_items;
use crate::schema::cross_field::{conflict, duplicate, key_of, missing};
use crate::schema::validator::Validator;
use crate::text::last_part;
use crate::yaml::{Node, NodeKind, NodeSpan};
use std::collections::HashMap;

pub(in crate::schema) fn check<'d>(v: &mut Validator<'d>, root: Node<'d>) {
    for patch in root.list("patchesJson6902") {
        let name = patch.at(&["target", "name"]);
        if patch.kind() == NodeKind::Map && name.is_none_or(is_nothing) {
            let at = name.map_or_else(|| key_of(patch, "target"), NodeSpan::from);
            missing(
                v,
                at,
                "`target.name` is missing: kustomize rejects a JSON patch without it",
            );
        }
    }
    let mut seen: HashMap<&str, Node<'d>> = HashMap::new();
    for name in root.list("vars").filter_map(|var| var.field("name")) {
        let text = name.as_str().unwrap_or_default();
        if let Some(first) = seen.insert(text, name) {
            let message = format!("var `{text}` is listed twice: kustomize rejects the second");
            duplicate(v, name, first, message);
        }
    }
    if let Some(options) = root.field("sortOptions")
        && options.field("order").and_then(Node::as_str) == Some("fifo")
        && let Some((key, _)) = options.pair("legacySortOptions")
    {
        let message =
            "`legacySortOptions` needs `order: legacy`: kustomize rejects it with another";
        conflict(v, key, message);
    }
}

fn is_nothing(node: Node<'_>) -> bool {
    node.is_null() || node.as_str() == Some("")
}

fn given<'d>(map: Node<'d>, key: &str) -> Option<Node<'d>> {
    map.field(key).filter(|node| !is_nothing(*node))
}

/// What a ConfigMap or a Secret is made of: keys and values, and files, which may have a key before them. Each key is given once.
pub(in crate::schema) fn generator<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let mut seen: HashMap<&str, Node<'d>> = HashMap::new();
    let mut known = |v: &mut Validator<'d>, key: &'d str, node: Node<'d>| {
        if let Some(first) = seen.insert(key, node) {
            let message = format!("key `{key}` is listed twice: kustomize rejects the second");
            duplicate(v, node, first, message);
        }
    };
    for (node, literal) in judged_items(map, "literals") {
        match literal.split_once('=') {
            Some((key, _)) if !key.is_empty() => known(v, key, node),
            _ => {
                v.refused(node, "literals", "key=value");
            }
        }
    }
    for (node, file) in judged_items(map, "files") {
        match file.split_once('=') {
            None => known(v, last_part(file, b'/'), node),
            Some((key, path)) if !key.is_empty() && !path.is_empty() && !path.contains('=') => {
                known(v, key, node);
            }
            Some(_) => {
                v.refused(node, "files", "a path, or key=path");
            }
        }
    }
}

/// A patch is written here or in a file.
pub(in crate::schema) fn patch<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let given = |key| {
        let text = given(map, key);
        text.filter(|text| text.text().is_none_or(|text| !text.trim().is_empty()))
    };
    match (given("path"), given("patch")) {
        (None, None) => {
            missing(
                v,
                map.lacking(),
                "`path` or `patch` is missing: kustomize rejects a patch without either",
            );
        }
        (Some(_), Some(patch)) => {
            let message = "a patch is in a file or here: kustomize rejects `path` with `patch`";
            conflict(v, patch.key_node().unwrap_or(patch), message);
        }
        (None, Some(patch)) if map.field("target").is_none() && is_json(patch) => {
            missing(
                v,
                map.lacking(),
                "`target` is missing: kustomize rejects a JSON patch without it",
            );
        }
        _ => {}
    }
}

/// Whether a patch is a list of operations.
fn is_json(patch: Node<'_>) -> bool {
    let text = patch.as_str().unwrap_or_default().trim_start();
    text.starts_with("- op:") || text.starts_with("- path:") || text.starts_with('[')
}

/// A replacement is in a file, or has a source and targets.
pub(in crate::schema) fn replacement<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let (source, value) = (map.field("source"), map.field("sourceValue"));
    let targets = map.field("targets").filter(|list| !list.is_null());
    if given(map, "path").is_some() {
        let inline = source.or_else(|| targets.filter(|list| !list.is_empty()));
        if let Some(inline) = inline {
            let message =
                "a replacement is in a file or here: kustomize rejects `path` with the others";
            conflict(v, inline.key_node().unwrap_or(inline), message);
        }
        return;
    }
    if let (Some(_), Some(value)) = (source, value) {
        let message = "the source is a field or a value: kustomize rejects both";
        conflict(v, value.key_node().unwrap_or(value), message);
    }
    let lacking = match (source.or(value), targets) {
        (None, _) => "source",
        (_, None) => "targets",
        _ => "",
    };
    if !lacking.is_empty() {
        let message = format!("`{lacking}` is missing: kustomize rejects a replacement without it");
        missing(v, map.lacking(), message);
    }
    for target in targets.into_iter().flat_map(Node::items) {
        if target.kind() == NodeKind::Map && target.field("select").is_none_or(Node::is_null) {
            missing(
                v,
                target.lacking(),
                "`select` is missing: kustomize rejects a target without it",
            );
        }
    }
}
