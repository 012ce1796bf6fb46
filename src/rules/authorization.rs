//! AuthorizationConfiguration: the authorizers, and the decision when a webhook is unreachable.

use crate::check::Cx;
use crate::kube::Object;
use crate::yaml::Node;

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
