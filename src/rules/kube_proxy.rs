//! kube-proxy.

use crate::check::Cx;
use crate::component::Instance;
use crate::go_value::split_host_port;
use crate::kube::address::{Url, is_loopback};
use crate::kube::is_unresolved;

/// Metrics are served to other machines.
pub(super) fn metrics_bind_address(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let Some(setting) = instance.last("metrics-bind-address") else {
        return;
    };
    let value = setting.value.as_ref();
    let host = split_host_port(value).map_or(value, |(host, _)| host);
    if value.is_empty() || is_unresolved(value) || is_loopback(host.trim_matches(['[', ']'])) {
        return;
    }
    let message = format!(
        "kube-proxy serves its metrics to other machines without authentication: `{}` is {value}",
        setting.spelling
    );
    cx.report(setting.spot(), message);
}

/// The API server is asked in plain text.
pub(super) fn master_http(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for name in ["master", "api-servers"] {
        let Some(setting) = instance.last(name).filter(|s| !is_unresolved(&s.value)) else {
            continue;
        };
        let Some(url) = Url::parse(&setting.value) else {
            continue;
        };
        if url.is_plain() {
            let message = format!(
                "{} talks to the API server at {} in plain text: its credentials and whatever it is told are open to the network",
                instance.component.name(),
                url.host
            );
            cx.report(setting.spot(), message);
        }
    }
}

/// NodePorts on every address of a node.
pub(super) fn nodeport_addresses_all(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let mode = instance.effective("proxy-mode").map(|e| e.value);
    if mode == Some("nftables") {
        return;
    }
    let message = "NodePorts are open on every address of a node";
    match instance.last("nodeport-addresses") {
        None => {
            // With a file named beside, that tells.
            if instance.is_set("nodeport-addresses") == Some(false) {
                cx.missing(instance.anchor, message);
            }
        }
        Some(setting) => {
            let all = |(item, _): &(&str, _)| matches!(*item, "0.0.0.0/0" | "::/0");
            if let Some((_, spot)) = setting.items().find(all) {
                cx.report(spot, message);
            }
        }
    }
}
