//! AuthorizationConfiguration: who is asked, and what counts when nobody answers.

use crate::check::Cx;
use crate::go_value::parse_seconds;
use crate::kube::{Object, is_templated};
use crate::yaml::Node;
use std::collections::HashSet;

fn kind(authorizer: Node<'_>) -> &str {
    let kind = authorizer.field("type").and_then(Node::as_str);
    kind.unwrap_or_default()
}

pub(super) fn webhook_fails_open(config: Object<'_>, cx: &mut Cx<'_>) {
    let authorizers: Vec<Node<'_>> = config.node.list("authorizers").collect();
    let last = authorizers
        .iter()
        .rposition(|a| matches!(kind(*a), "RBAC" | "Node"));
    for (at, authorizer) in authorizers.iter().enumerate() {
        let policy = authorizer.at(&["webhook", "failurePolicy"]);
        let open = policy.filter(|p| p.as_str() == Some("NoOpinion"));
        let before = last.is_some_and(|last| at < last);
        if let Some(policy) = open.filter(|_| before && kind(*authorizer) == "Webhook") {
            cx.report(policy, "what this webhook denies is allowed while it does not answer: others that allow are asked after it");
        }
    }
}

/// What the API server refuses to start with.
pub(super) fn invalid(config: Object<'_>, cx: &mut Cx<'_>) {
    let mut names: HashSet<&str> = HashSet::new();
    let mut kinds: HashSet<&str> = HashSet::new();
    for authorizer in config.node.list("authorizers") {
        if is_templated(kind(authorizer)) {
            continue;
        }
        of_type(authorizer, &mut kinds, cx);
        match authorizer.field("name") {
            Some(name) => {
                let text = name.text().unwrap_or_default();
                if !names.insert(text) {
                    cx.report(
                        name,
                        format!("two authorizers are called {text}: the API server does not start"),
                    );
                }
            }
            None => {
                cx.missing(
                    authorizer.lacking(),
                    "an authorizer needs a `name`: the API server does not start",
                );
            }
        }
    }
}

fn of_type<'d>(authorizer: Node<'d>, seen: &mut HashSet<&'d str>, cx: &mut Cx<'_>) {
    const TYPES: [&str; 6] = [
        "AlwaysAllow",
        "AlwaysDeny",
        "ABAC",
        "Node",
        "RBAC",
        "Webhook",
    ];
    let kind = kind(authorizer);
    let Some(node) = authorizer.field("type") else {
        cx.missing(
            authorizer.lacking(),
            "an authorizer needs a `type`: the API server does not start",
        );
        return;
    };
    if !TYPES.contains(&kind) {
        cx.report(
            node,
            format!("there is no authorizer of type {kind}: the API server does not start"),
        );
    } else if kind != "Webhook" && seen.contains(kind) {
        cx.report(
            node,
            format!(
                "{kind} is asked twice, which only a Webhook may be: the API server does not start"
            ),
        );
    }
    seen.insert(kind);
    match (kind == "Webhook", authorizer.pair("webhook")) {
        (true, Some((_, webhook))) => of_webhook(webhook, cx),
        (true, None) => {
            cx.missing(
                authorizer.lacking(),
                "an authorizer of type Webhook needs `webhook`: the API server does not start",
            );
        }
        (false, Some(_)) => {
            cx.report(
                node,
                format!(
                    "an authorizer of type {kind} has no webhook: the API server does not start"
                ),
            );
        }
        (false, None) => {}
    }
}

fn of_webhook(webhook: Node<'_>, cx: &mut Cx<'_>) {
    const NEEDED: [&str; 4] = [
        "timeout",
        "failurePolicy",
        "subjectAccessReviewVersion",
        "connectionInfo",
    ];
    let missing = |key: &&str| webhook.field(key).is_none_or(Node::is_null);
    let missing: Vec<_> = NEEDED
        .into_iter()
        .filter(missing)
        .map(|key| format!("`{key}`"))
        .collect();
    if !missing.is_empty() {
        cx.missing(
            webhook.lacking(),
            format!(
                "the webhook lacks {}, which has no default: the API server does not start",
                missing.join(", ")
            ),
        );
    }
    let policy = webhook.field("failurePolicy").filter(|p| !p.is_null());
    if let Some(policy) = policy.filter(|p| !matches!(p.text(), Some("NoOpinion" | "Deny"))) {
        cx.report(
            policy,
            "`failurePolicy` is NoOpinion or Deny: the API server does not start",
        );
    }
    let timeout = webhook.field("timeout");
    let seconds = timeout.and_then(|t| parse_seconds(t.text()?));
    if let (Some(timeout), Some(seconds)) = (timeout, seconds)
        && !(seconds > 0.0 && seconds <= 30.0)
    {
        cx.report(
            timeout,
            "the timeout is to be more than nothing and at most 30s: the API server does not start",
        );
    }
}
