//! Plugins that fetch the kubelet's credentials of registries (pkg/credentialprovider/plugin).

use super::{is_open, judged_items, lacks};
use crate::go_value::{parse_seconds, parse_url};
use crate::ids;
use crate::schema::constraints::unique;
use crate::schema::cross_field::{conflict, key_of, text};
use crate::schema::format::is_qualified;
use crate::schema::validator::Validator;
use crate::yaml::Node;

pub(in crate::schema) fn names<'d>(v: &mut Validator<'d>, root: Node<'d>) {
    let Some(providers) = root.field("providers") else {
        return;
    };
    unique(v, providers, &["name"], |_| None);
}

pub(in crate::schema) fn provider<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    match map.field("name") {
        // The kubelet looks for a program of that name.
        None => lacks(v, map, "name"),
        Some(name) => {
            let text = name.as_str().unwrap_or_default();
            let fits = !text.contains(['/', ' ']) && !matches!(text, "." | "..") || is_open(name);
            v.form(
                fits,
                name,
                "name",
                "the file name of a program, without `/` or spaces",
            );
        }
    }
    for (node, image) in judged_items(map, "matchImages") {
        let fits = parse_url(&format!("https://{image}")).is_some();
        v.form(
            fits,
            node,
            "matchImages",
            "a host, optionally with a port and a path",
        );
    }
    if let Some(node) = map.field("defaultCacheDuration")
        && node
            .text()
            .and_then(parse_seconds)
            .is_some_and(|seconds| seconds < 0.0)
    {
        let message = "`defaultCacheDuration` must not be negative; the kubelet rejects the file";
        v.add(ids::schema::RANGE, node, message.to_owned(), None);
    }
    let of_v1 = matches!(
        text(map, "apiVersion"),
        Some("credentialprovider.kubelet.k8s.io/v1")
    );
    if map.field("tokenAttributes").is_some()
        && !of_v1
        && map.field("apiVersion").is_some_and(|v| !is_open(v))
    {
        conflict(
            v,
            key_of(map, "tokenAttributes"),
            "`tokenAttributes` requires `apiVersion: credentialprovider.kubelet.k8s.io/v1`",
        );
    }
}

pub(in crate::schema) fn token<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let (required, optional) = (
        "requiredServiceAccountAnnotationKeys",
        "optionalServiceAccountAnnotationKeys",
    );
    for key in [required, optional] {
        for (node, name) in judged_items(map, key) {
            let fits = is_qualified(&name.to_lowercase());
            v.form(fits, node, key, "the name of an annotation");
        }
        if let Some(list) = map.field(key) {
            unique(v, list, &[], |_| None);
        }
    }
    for node in map.list(optional) {
        let same = |other: Node<'_>| node.text().is_some() && other.text() == node.text();
        if map.list(required).any(same) {
            let message = format!(
                "`{}` is both required and optional, so the kubelet rejects the file",
                node.text().unwrap_or_default()
            );
            conflict(v, node, message);
        }
    }
    let needless = map
        .field("requireServiceAccount")
        .filter(|node| node.as_bool() == Some(false));
    if let Some(node) = needless.filter(|_| map.list(required).next().is_some()) {
        conflict(
            v,
            node,
            format!("`{required}` requires `requireServiceAccount: true`"),
        );
    }
}
