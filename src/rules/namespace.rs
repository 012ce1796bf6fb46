//! Namespaces and their Pod Security labels.

use crate::check::Cx;
use crate::documents::namespace::ENFORCE;
use crate::documents::{DocumentSet, Fact, NamespaceFacts};
use crate::kube::{Object, is_unresolved};
use crate::yaml::Node;

const PREFIX: &str = "pod-security.kubernetes.io/";
/// From the weakest.
const LEVELS: [&str; 3] = ["privileged", "baseline", "restricted"];

fn is_system(name: &str, cx: &Cx<'_>) -> bool {
    cx.param("system").iter().any(|system| system == name)
}

pub(super) fn pod_security_label_missing(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    if set
        .facts
        .iter()
        .any(|(_, facts)| matches!(facts.fact, Fact::PodGuard))
    {
        return;
    }
    for (path, facts) in &set.facts {
        let Fact::Namespace(NamespaceFacts { name, at }) = &facts.fact else {
            continue;
        };
        let labels = ["metadata", "labels"];
        let written = |object| cx.repository().sets_key(path, object, &labels, ENFORCE);
        if !is_system(name, cx) && !facts.object.as_ref().is_some_and(written) {
            let message = format!(
                "Namespace \"{name}\" has no label `{ENFORCE}`, so it admits privileged pods"
            );
            cx.report_fact(facts, at, message);
        }
    }
}

pub(super) fn pod_security_invalid_value(namespace: Object<'_>, cx: &mut Cx<'_>) {
    let labels = namespace.metadata("labels");
    for (key, value) in labels.into_iter().flat_map(Node::entries) {
        let Some(key) = key.key() else { continue };
        let (Some(mode), Some(text)) = (key.strip_prefix(PREFIX), value.text()) else {
            continue;
        };
        if is_unresolved(text) {
            continue;
        }
        let version = text == "latest"
            || text.strip_prefix("v1.").is_some_and(|minor| {
                !minor.is_empty() && minor.bytes().all(|b| b.is_ascii_digit())
            });
        match mode {
            "enforce" | "warn" | "audit" if LEVELS.contains(&text) => {}
            "enforce" | "warn" | "audit" => {
                cx.report(value, format!("`{text}` is not a Pod Security level; the levels are privileged, baseline and restricted"));
            }
            "enforce-version" | "warn-version" | "audit-version" if version => {}
            "enforce-version" | "warn-version" | "audit-version" => {
                cx.report(
                    value,
                    format!(
                        "`{text}` is not a Pod Security version; a version is `latest` or a release such as `v1.35`"
                    ),
                );
            }
            _ => {
                cx.report(
                    value,
                    format!(
                        "`{key}` is not a Pod Security label and has no effect; the modes are enforce, warn and audit"
                    ),
                );
            }
        }
    }
}
