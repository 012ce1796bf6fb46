//! kube-scheduler.

use crate::check::Cx;
use crate::kube::address::Url;
use crate::kube::{Object, is_unresolved};
use crate::model::Severity;
use crate::yaml::Node;

pub(super) fn extender_insecure(config: Object<'_>, cx: &mut Cx<'_>) {
    for extender in config.node.list("extenders") {
        let insecure = extender.at(&["tlsConfig", "insecure"]);
        if let Some(insecure) = insecure.filter(|i| i.as_bool() == Some(true)) {
            cx.report(insecure, "`insecure` is `true`, so an attacker on the network can impersonate the extender and choose the nodes of pods");
        }
        let Some(prefix) = extender.field("urlPrefix") else {
            continue;
        };
        let text = prefix
            .as_str()
            .filter(|t| !is_unresolved(t))
            .unwrap_or_default();
        let Some(url) = Url::parse(text).filter(Url::is_plain) else {
            continue;
        };
        // A Service in the cluster.
        let inside = url.host.split('.').any(|part| part == "svc") || !url.host.contains('.');
        let plain = extender.field("enableHTTPS").and_then(Node::as_bool) != Some(true);
        if plain {
            let message = format!(
                "the scheduler calls extender `{}` without TLS, so an attacker on the network can choose the nodes of pods",
                url.host
            );
            let draft = cx.report(prefix, message);
            if inside {
                draft.severity(Severity::Low);
            }
        }
    }
}
