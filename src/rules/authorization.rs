//! AuthorizationConfiguration: the authorizers, and the decision when a webhook is unreachable.

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
            cx.report(policy, "`failurePolicy` is `NoOpinion`, so the next authorizer can allow requests while this webhook is unreachable");
        }
    }
}

/// Errors that the API server rejects at startup.
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
                        format!("authorizer name `{text}` is already used, so the API server fails to start"),
                    );
                }
            }
            None => {
                cx.missing(
                    authorizer.lacking(),
                    "this authorizer has no `name`, so the API server fails to start",
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
            "this authorizer has no `type`, so the API server fails to start",
        );
        return;
    };
    if !TYPES.contains(&kind) {
        cx.report(
            node,
            format!("authorizer type `{kind}` does not exist, so the API server fails to start"),
        );
    } else if kind != "Webhook" && seen.contains(kind) {
        cx.report(
            node,
            format!(
                "authorizer type `{kind}` is used twice, which only `Webhook` can be; the API server fails to start"
            ),
        );
    }
    seen.insert(kind);
    match (kind == "Webhook", authorizer.pair("webhook")) {
        (true, Some((_, webhook))) => of_webhook(webhook, cx),
        (true, None) => {
            cx.missing(
                authorizer.lacking(),
                "this authorizer of type `Webhook` has no `webhook`, so the API server fails to start",
            );
        }
        (false, Some(_)) => {
            cx.report(
                node,
                format!(
                    "an authorizer of type `{kind}` cannot have `webhook`, so the API server fails to start"
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
                "the webhook must set {}; the API server fails to start",
                missing.join(", ")
            ),
        );
    }
    let policy = webhook.field("failurePolicy").filter(|p| !p.is_null());
    if let Some(policy) = policy.filter(|p| !matches!(p.text(), Some("NoOpinion" | "Deny"))) {
        cx.report(
            policy,
            "`failurePolicy` must be `NoOpinion` or `Deny`; the API server fails to start",
        );
    }
    let timeout = webhook.field("timeout");
    let seconds = timeout.and_then(|t| parse_seconds(t.text()?));
    if let (Some(timeout), Some(seconds)) = (timeout, seconds)
        && !(seconds > 0.0 && seconds <= 30.0)
    {
        cx.report(
            timeout,
            "`timeout` must be greater than 0 and at most 30s; the API server fails to start",
        );
    }
}
