//! The service account of a pod.

use crate::check::Cx;
use crate::documents::DocumentSet;
use crate::documents::access::account_of;
use crate::kube::{PodSpec, is_unresolved};
use crate::model::Severity;
use crate::text::nearest;
use crate::yaml::Node;
use std::collections::HashMap;

pub(in crate::rules) fn deprecated_service_account_field(pod: PodSpec<'_>, cx: &mut Cx<'_>) {
    let Some((key, old)) = pod
        .node
        .pair("serviceAccount")
        .filter(|(_, old)| !old.is_null())
    else {
        return;
    };
    let new = pod.node.field("serviceAccountName").and_then(Node::text);
    // Both empty, or both the same as `kubectl get -o yaml` writes them.
    if old.text().unwrap_or_default() != new.unwrap_or_default() {
        let wins = if new.is_some_and(|n| !n.is_empty()) {
            ", and `serviceAccountName` says another account, which wins"
        } else {
            ""
        };
        cx.report(
            key,
            format!("`serviceAccount` is the old field of `serviceAccountName`{wins}"),
        );
    }
}

pub(in crate::rules) fn service_account_token_automounted(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    let access = set.access();
    for pod in access.pods.iter().filter(|pod| access.mounts_token(**pod)) {
        let at = match &pod.fact.automount {
            Some((_, at)) => at,
            None => &pod.fact.at,
        };
        let account = account_of(*pod);
        let message = format!(
            "{} gets a token of its service account \"{account}\"",
            pod.quoted()
        );
        let named = access.bindings_of(*pod).into_iter().next();
        if let Some(binding) = named.or_else(|| access.group_binding_of(*pod)) {
            let message = format!("{message}, to which {} gives rights", binding.quoted());
            cx.report_fact(pod.facts, at, message)
                .severity(Severity::Medium)
                .related_fact(&binding.fact.at.label);
        } else {
            cx.report_fact(pod.facts, at, message);
        }
    }
}

pub(in crate::rules) fn service_account_not_found(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    let access = set.access();
    let mut by_namespace: HashMap<_, Vec<&str>> = HashMap::new();
    for account in &access.accounts {
        let of_namespace = by_namespace.entry(account.fact.namespace.as_deref());
        let object = account.facts.object.as_ref();
        let name = object.and_then(|object| object.name.as_deref());
        of_namespace.or_default().extend(name);
    }
    for pod in &access.pods {
        let Some(account) = pod.fact.account.as_deref().filter(|a| *a != "default") else {
            continue;
        };
        let namespace = pod.fact.namespace.as_deref();
        // Where a repository defines none of the namespace, somebody else does.
        let Some(beside) = by_namespace.get(&namespace) else {
            continue;
        };
        if is_unresolved(account) || !access.accounts_of(*pod).is_empty() {
            continue;
        }
        let near = nearest(account, beside.iter().copied());
        let message = format!(
            "{} names the service account \"{account}\", and nothing here defines it",
            pod.quoted()
        );
        let draft = cx.report_fact(pod.facts, &pod.fact.at, message);
        if let Some(near) = near {
            draft.help(format!("Did you mean `{near}`?"));
        }
    }
}
