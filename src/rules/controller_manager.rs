//! kube-controller-manager.

use crate::check::Cx;
use crate::component::{Instance, Origin};
use crate::kube::address::is_loopback;
use crate::model::Severity;

/// What anybody who reaches the port may ask without being somebody.
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
        let message = format!("{name} answers anybody who reaches its port about {path}");
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
            "{} signs both the cluster's certificates and the tokens of service accounts: what leaks of one use breaks the other",
            signing.value
        );
        let (at, other) = match signing.origin {
            Origin::Explicit => (signing.node_span, tokens.node_span),
            _ => (tokens.node_span, signing.node_span),
        };
        cx.report(at, message).related(other, "the same key");
    }
}

/// Controllers that security rests on: what they are called, what they were called before 1.28, and what fails without.
const CONTROLLERS: [(&str, &str, &str); 7] = [
    (
        "serviceaccount-controller",
        "serviceaccount",
        "new Namespaces get no default service account",
    ),
    (
        "serviceaccount-token-controller",
        "serviceaccount-token",
        "tokens outlive their service account",
    ),
    (
        "root-ca-certificate-publisher-controller",
        "root-ca-cert-publisher",
        "pods get no certificate to verify the API server with",
    ),
    (
        "certificatesigningrequest-signing-controller",
        "csrsigning",
        "certificates of kubelets are not renewed",
    ),
    (
        "certificatesigningrequest-cleaner-controller",
        "csrcleaner",
        "old requests for certificates stay",
    ),
    (
        "pod-garbage-collector-controller",
        "podgc",
        "pods of lost nodes stay",
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
        let off = item.strip_prefix('-');
        let known = off.and_then(|name| CONTROLLERS.iter().find(|c| named(name, c)));
        if let Some((_, old, without)) = known {
            let draft = cx.report(
                *node_span,
                format!("this controller is switched off: {without}"),
            );
            // A CA outside of the cluster signs instead.
            if *old == SIGNING {
                draft.severity(Severity::Low);
            }
        }
    }
    let has = |wanted: &dyn Fn(&str) -> bool| list.items.iter().any(|(item, _)| wanted(item));
    if has(&|item| item == "*") || list.origin != Origin::Explicit {
        return;
    }
    let left = CONTROLLERS
        .iter()
        .filter(|c| !has(&|item| named(item.trim_start_matches('-'), c)));
    let left: Vec<&str> = left.map(|(name, ..)| *name).collect();
    if let Some(setting) = instance.last("controllers").filter(|_| !left.is_empty()) {
        let message = format!(
            "only these controllers run, since `*` is not among them: {} do not",
            left.join(", ")
        );
        cx.report(setting.node_span(), message);
    }
}
