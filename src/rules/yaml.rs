//! Values that YAML reads as another type than Kubernetes expects.

use crate::check::Cx;
use crate::finding::Quotes;
use crate::kube::{Object, PodSpec};
use crate::yaml::{Node, NodeKind};

/// Kubernetes expects a string, and YAML reads the value as another type. Null is an empty string.
pub(super) fn not_a_string(object: Object<'_>, cx: &mut Cx<'_>) {
    let root = object.node;
    metadata(root, cx);
    match (object.gvk.group, object.gvk.kind) {
        ("", "ConfigMap") => map(root.field("data"), "key", false, cx),
        ("", "Secret") => ["data", "stringData"]
            .into_iter()
            .for_each(|f| map(root.field(f), "key", true, cx)),
        ("", "Service" | "ReplicationController") => {
            map(root.at(&["spec", "selector"]), "selector", false, cx);
        }
        ("apps" | "batch", _) => map(
            root.at(&["spec", "selector", "matchLabels"]),
            "selector",
            false,
            cx,
        ),
        _ => {}
    }
    let Some(pod) = PodSpec::of(object) else {
        return;
    };
    if let Some(template) = pod.node.parent().filter(|t| *t != root) {
        metadata(template, cx);
    }
    map(pod.node.field("nodeSelector"), "node selector", false, cx);
    for container in pod.containers() {
        for env in container.node.list("env") {
            let name = env.field("name").and_then(Node::text).unwrap_or_default();
            env.field("value").into_iter().for_each(|value| {
                report(value, &format!("environment variable `{name}`"), false, cx);
            });
        }
        for list in ["command", "args"] {
            let items = container.node.list(list);
            items.for_each(|item| report(item, &format!("an item of `{list}`"), false, cx));
        }
    }
}

fn metadata(holder: Node<'_>, cx: &mut Cx<'_>) {
    for (field, what) in [("labels", "label"), ("annotations", "annotation")] {
        map(holder.at(&["metadata", field]), what, false, cx);
    }
}

fn map(map: Option<Node<'_>>, what: &str, secret: bool, cx: &mut Cx<'_>) {
    for (key, value) in map.into_iter().flat_map(Node::entries) {
        report(
            value,
            &format!("{what} `{}`", key.text().unwrap_or_default()),
            secret,
            cx,
        );
    }
}

fn report(value: Node<'_>, what: &str, secret: bool, cx: &mut Cx<'_>) {
    let kind = match value.kind() {
        NodeKind::Bool => "a boolean",
        NodeKind::Int | NodeKind::Float => "a number",
        // A map or list is no typing error, but another type, which the schema reports.
        NodeKind::Null | NodeKind::Str | NodeKind::NotJson | NodeKind::Seq | NodeKind::Map => {
            return;
        }
    };
    if secret {
        cx.report(
            value,
            format!(
                "the value of {what} is {kind}, not a string, so the API server rejects the object"
            ),
        )
        .secret();
        return;
    }
    let (read, written) = (
        value.to_json().to_string(),
        value.text().unwrap_or_default(),
    );
    let (became, quotes) = if read == written {
        (String::new(), Quotes::Help)
    } else {
        (format!(" (`{read}`)"), Quotes::Message)
    };
    cx.report(
        value,
        format!("the value of {what} is {kind}{became}, not a string, so the API server rejects the object"),
    )
    .help(format!("Quote the value: `\"{written}\"`."))
    .quotes(quotes);
}
