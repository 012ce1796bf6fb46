//! Namespaces and their Pod Security labels.

use crate::check::Cx;
use crate::documents::namespace::ENFORCE;
use crate::documents::{DocumentSet, Fact, NamespaceFacts};
use crate::kube::{Object, is_placeholder};
use crate::yaml::Node;

const PREFIX: &str = "pod-security.kubernetes.io/";
/// From the weakest.
const LEVELS: [&str; 3] = ["privileged", "baseline", "restricted"];

fn label<'d>(namespace: Object<'d>, mode: &str) -> Option<Node<'d>> {
    namespace
        .metadata("labels")?
        .field(&format!("{PREFIX}{mode}"))
}

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
    for (_, facts) in &set.facts {
        let Fact::Namespace(NamespaceFacts { name, at }) = &facts.fact else {
            continue;
        };
        if !is_system(name, cx) {
            let message =
                format!("Namespace \"{name}\" takes privileged Pods: it has no label `{ENFORCE}`");
            cx.report_fact(facts, at, message);
        }
    }
}

pub(super) fn pod_security_level_privileged(namespace: Object<'_>, cx: &mut Cx<'_>) {
    let level = label(namespace, "enforce").filter(|l| l.text() == Some("privileged"));
    let name = namespace.name().unwrap_or("without a name");
    if let Some(level) = level.filter(|_| !is_system(name, cx)) {
        cx.report(
            level,
            format!("Namespace \"{name}\" takes any Pod: the level `privileged` forbids nothing"),
        );
    }
}

pub(super) fn pod_security_invalid_value(namespace: Object<'_>, cx: &mut Cx<'_>) {
    let labels = namespace.metadata("labels");
    for (key, value) in labels.into_iter().flat_map(Node::entries) {
        let Some(key) = key.key() else { continue };
        let (Some(mode), Some(text)) = (key.strip_prefix(PREFIX), value.text()) else {
            continue;
        };
        if is_placeholder(text) {
            continue;
        }
        let version = text == "latest"
            || text.strip_prefix("v1.").is_some_and(|minor| {
                !minor.is_empty() && minor.bytes().all(|b| b.is_ascii_digit())
            });
        match mode {
            "enforce" | "warn" | "audit" if LEVELS.contains(&text) => {}
            "enforce" | "warn" | "audit" => {
                cx.report(value, format!("`{text}` is no level of Pod Security: privileged, baseline and restricted are"));
            }
            "enforce-version" | "warn-version" | "audit-version" if version => {}
            "enforce-version" | "warn-version" | "audit-version" => {
                cx.report(
                    value,
                    format!(
                        "`{text}` is no version of Pod Security: `latest`, or one like `v1.35`"
                    ),
                );
            }
            _ => {
                cx.report(
                    value,
                    format!(
                        "`{key}` is no label of Pod Security: the modes are enforce, warn and audit"
                    ),
                );
            }
        }
    }
}

pub(super) fn pod_security_warn_weaker(namespace: Object<'_>, cx: &mut Cx<'_>) {
    let strength = |node: Node<'_>| LEVELS.iter().position(|level| node.text() == Some(level));
    let Some(enforced) = label(namespace, "enforce") else {
        return;
    };
    for mode in ["warn", "audit"] {
        let Some(level) = label(namespace, mode) else {
            continue;
        };
        if let (Some(weaker), Some(strong)) = (strength(level), strength(enforced))
            && weaker < strong
        {
            let enforced = enforced.text().unwrap_or_default();
            cx.report(level, format!("`{mode}` is weaker than `{enforced}`, which is enforced: it never says anything"));
        }
    }
}

pub(super) fn default_namespace(object: Object<'_>, cx: &mut Cx<'_>) {
    let (kind, name) = (object.gvk.kind, object.name().unwrap_or("without a name"));
    // The API server makes these.
    let made = matches!(
        (kind, name),
        ("ServiceAccount", "default") | ("Service" | "Endpoints" | "EndpointSlice", "kubernetes")
    );
    let at = object.metadata("namespace");
    if let Some(at) = at.filter(|n| n.as_str() == Some("default") && !made) {
        cx.report(
            at,
            format!(
                "{kind} \"{name}\" lives in the namespace `default`, with all that nobody gave one"
            ),
        );
    }
}

pub(super) fn policy_bypass_label(namespace: Object<'_>, cx: &mut Cx<'_>) {
    let name = namespace.name().unwrap_or("without a name");
    let own = ["kube-", "openshift-", "gatekeeper-system", "cosign-system"];
    if own.iter().any(|start| name.starts_with(start)) {
        return;
    }
    let labels = namespace.metadata("labels");
    for (key, value) in labels.into_iter().flat_map(Node::entries) {
        let (Some(key), Some(text)) = (key.key(), value.text()) else {
            continue;
        };
        let off = match (&*key, text) {
            ("admission.gatekeeper.sh/ignore", _) => "Gatekeeper looks at nothing in",
            ("policy.sigstore.dev/include", "false") => "nobody verifies the images of",
            ("openshift.io/run-level", "0" | "1") => {
                "OpenShift applies no security context constraints in"
            }
            ("security.openshift.io/scc.podSecurityLabelSync", "false") => {
                "OpenShift sets no Pod Security level in"
            }
            _ => continue,
        };
        cx.report(value, format!("{off} Namespace \"{name}\""));
    }
}
