//! kube-controller-manager.

use crate::check::Cx;
use crate::component::{Instance, Origin};
use crate::kube::address::is_loopback;
use crate::model::Severity;

/// Paths that anyone who can reach the port can read without credentials.
pub(super) fn always_allow_paths(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let bound = instance.effective("bind-address");
    let reachable = bound.is_some_and(|e| !e.value.is_empty() && !is_loopback(e.value));
    let Some(paths) = instance.list("authorization-always-allow-paths") else {
        return;
    };
    if !reachable || paths.origin != Origin::Explicit {
        return;
    }
    for (path, node_span) in paths.items {
        let all = path.trim_end_matches('*').trim_end_matches('/').is_empty();
        let tells = all || path.starts_with("/debug") || path == "/configz";
        if !(tells || path == "/metrics") {
            continue;
        }
        let name = instance.component.name();
        let message = format!(
            "{name} serves `{path}` without authorization to anyone who can reach its port"
        );
        let draft = cx.report(node_span, message);
        if !tells {
            draft.severity(Severity::Low);
        }
    }
}

pub(super) fn ca_key_reused_for_service_accounts(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let [signing, tokens] = [
        "cluster-signing-key-file",
        "service-account-private-key-file",
    ]
    .map(|name| instance.effective(name).filter(|e| !e.value.is_empty()));
    if let (Some(signing), Some(tokens)) = (signing, tokens)
        && signing.value == tokens.value
    {
        let message = format!(
            "`{}` signs both cluster certificates and service account tokens, so a leaked key compromises both",
            signing.value
        );
        let (at, other) = match signing.origin {
            Origin::Explicit => (signing.node_span, tokens.node_span),
            _ => (tokens.node_span, signing.node_span),
        };
        cx.report(at, message).related(other, "same key");
    }
}

/// Security-relevant controllers: their name, their name before 1.28, and what happens without them.
const CONTROLLERS: [(&str, &str, &str); 7] = [
    (
        "serviceaccount-controller",
        "serviceaccount",
        "new Namespaces get no default service account",
    ),
    (
        "serviceaccount-token-controller",
        "serviceaccount-token",
        "tokens of deleted service accounts stay valid",
    ),
    (
        "root-ca-certificate-publisher-controller",
        "root-ca-cert-publisher",
        "pods get no CA to verify the API server",
    ),
    (
        "certificatesigningrequest-signing-controller",
        "csrsigning",
        "certificates of kubelets are not renewed",
    ),
    (
        "certificatesigningrequest-cleaner-controller",
        "csrcleaner",
        "old certificate signing requests are never deleted",
    ),
    (
        "pod-garbage-collector-controller",
        "podgc",
        "pods of deleted nodes are never deleted",
    ),
    (
        "namespace-controller",
        "namespace",
        "Namespaces are never deleted",
    ),
];

pub(super) fn security_controllers_disabled(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    const SIGNING: &str = "csrsigning";
    let Some(list) = instance.list("controllers") else {
        return;
    };
    let named = |item: &str, (new, old, _): &(&str, &str, &str)| item == *new || item == *old;
    for (item, node_span) in &list.items {
        let Some(name) = item.strip_prefix('-') else {
            continue;
        };
        if let Some((_, old, without)) = CONTROLLERS.iter().find(|c| named(name, c)) {
            let draft = cx.report(
                *node_span,
                format!("controller `{name}` is disabled, so {without}"),
            );
            // An external CA usually signs instead.
            if *old == SIGNING {
                draft.severity(Severity::Low);
            }
        }
    }
    let has = |wanted: &dyn Fn(&str) -> bool| list.items.iter().any(|(item, _)| wanted(item));
    if has(&|item| item == "*") || list.origin != Origin::Explicit {
        return;
    }
    let mut left = CONTROLLERS
        .iter()
        .filter(|c| !has(&|item| named(item.trim_start_matches('-'), c)));
    let Some(((first, ..), setting)) = left.next().zip(instance.last("controllers")) else {
        return;
    };
    let more = match left.count() {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    cx.report(
        setting.node_span(),
        format!(
            "`*` is missing from the list, so important controllers do not run: `{first}`{more}"
        ),
    );
}
