//! AdmissionConfiguration and the configurations of its plugins, inside of it or in files of their own.

use crate::check::Cx;
use crate::kube::Object;
use crate::yaml::{Node, items};

/// The configurations of a plugin in an object: its own document, or an entry of an AdmissionConfiguration.
fn configurations<'d>(object: Object<'d>, kind: &str, plugin: &str) -> Vec<Node<'d>> {
    if object.gvk.kind == kind {
        return vec![object.node];
    }
    let plugins = object.node.list("plugins");
    let of_plugin = plugins.filter(|p| p.field("name").and_then(Node::as_str) == Some(plugin));
    of_plugin.filter_map(|p| p.field("configuration")).collect()
}

fn pod_security(object: Object<'_>) -> Vec<Node<'_>> {
    configurations(object, "PodSecurityConfiguration", "PodSecurity")
}

pub(super) fn pod_security_default_enforce_privileged(object: Object<'_>, cx: &mut Cx<'_>) {
    for config in pod_security(object) {
        let message = "Namespaces without labels allow every pod: the default level is privileged";
        match config.at(&["defaults", "enforce"]) {
            Some(level) if level.as_str() == Some("privileged") => {
                cx.report(level, message);
            }
            Some(_) => {}
            None => {
                let at = config.field("defaults").unwrap_or(config);
                cx.missing(at.lacking(), message);
            }
        }
    }
}

pub(super) fn pod_security_exempt_namespaces(object: Object<'_>, cx: &mut Cx<'_>) {
    for config in pod_security(object) {
        let list = config.at(&["exemptions", "namespaces"]);
        for name in items(list) {
            if matches!(name.as_str(), Some("default" | "kube-public")) {
                let text = name.text().unwrap_or_default();
                cx.report(name, format!("Namespace {text}, where anybody puts pods first, is exempt from Pod Security"));
            }
        }
    }
}

pub(super) fn pod_security_exempt_usernames(object: Object<'_>, cx: &mut Cx<'_>) {
    for config in pod_security(object) {
        let list = config.at(&["exemptions", "usernames"]);
        for name in items(list) {
            let text = name.text().unwrap_or_default();
            let controller = text.starts_with("system:serviceaccount:kube-system:")
                && text.ends_with("-controller");
            if controller {
                cx.report(name, format!("every workload is exempt from Pod Security: {text} makes the pods of all of them"));
            }
        }
    }
}

pub(super) fn image_policy_webhook_fail_open(object: Object<'_>, cx: &mut Cx<'_>) {
    for config in configurations(object, "ImagePolicyWebhook", "ImagePolicyWebhook") {
        let open = config.at(&["imagePolicy", "defaultAllow"]);
        if let Some(open) = open.filter(|o| o.as_bool() == Some(true)) {
            cx.report(
                open,
                "every image is allowed while the image policy webhook does not answer",
            );
        }
    }
}

pub(super) fn duplicate_plugin(object: Object<'_>, cx: &mut Cx<'_>) {
    let mut seen: Vec<Node<'_>> = Vec::new();
    let plugins = object.node.list("plugins");
    for name in plugins.filter_map(|p| p.field("name")) {
        match seen.iter().find(|before| before.text() == name.text()) {
            Some(before) => {
                cx.report(
                    name,
                    "this plugin is configured twice: the first one counts",
                )
                .related(*before, "the first");
            }
            None => seen.push(name),
        }
    }
}
