//! The API server: settings that contradict each other, that expose it, or that a release does not have.

mod access;
mod admission;
mod mount;

pub(super) use access::*;
pub(super) use admission::*;
pub(super) use mount::*;

use crate::check::Cx;
use crate::component::{Instance, Setting, forms, number};
use crate::go_value::parse_bool;
use crate::kube::is_unresolved;
use crate::kube::{
    Completeness,
    address::{Url, is_any, is_loopback},
};
use crate::model::Severity;
use crate::text::last_part;
use crate::yaml::NodeSpan;

/// The items of these flags, each with its position.
fn named<'a, 'd>(
    instance: &'a Instance<'d>,
    flags: &'a [&str],
) -> impl Iterator<Item = (&'a str, NodeSpan<'d>)> {
    let ours = move |s: &&Setting<'_>| flags.contains(&s.name.as_ref());
    let settings = instance.settings.iter().filter(ours);
    settings.flat_map(Setting::items)
}

/// Whether it might be a control plane without nodes (Karmada, vcluster, kcp): a pod template without settings for kubelets.
fn may_lack_nodes(instance: &Instance<'_>) -> bool {
    let of_kubelets = |s: &Setting<'_>| s.name.starts_with("kubelet-");
    *instance.form == forms::STATIC_POD
        && instance.object.gvk.kind != "Pod"
        && !instance.settings.iter().any(of_kubelets)
}

/// Reports a flag of the insecure port: what it did up to 1.19, and the first release that fails to start with it.
fn insecure_flag(
    setting: &Setting<'_>,
    instance: &Instance<'_>,
    rejected: u8,
    what: &str,
    cx: &mut Cx<'_>,
) {
    if instance.releases.from(20).is_empty() {
        cx.report(setting.node_span(), what);
    } else {
        let message = format!(
            "up to Kubernetes 1.19 {what}; releases from 1.{rejected} on fail to start with it"
        );
        cx.report(setting.node_span(), message);
    }
}

/// A port without authentication.
pub(super) fn insecure_port(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let what = |port: &str| {
        format!("`--insecure-port` serves port `{port}` without authentication and TLS")
    };
    match instance.last("insecure-port") {
        Some(port) if matches!(port.value.as_ref(), "0" | "") || is_unresolved(&port.value) => {}
        Some(port) => insecure_flag(port, instance, 20, &what(&port.value), cx),
        // kubeadm disabled it.
        None => {
            let raw = [&forms::STATIC_POD, &forms::UNIT].contains(&instance.form);
            let whole = instance.completeness == Completeness::Complete;
            if raw && whole && instance.releases.from(20).is_empty() {
                let message = "`--insecure-port` is not set and defaults to `8080`, which serves without authentication and TLS";
                cx.missing(instance.anchor, message);
            }
        }
    }
}

/// The address of that port.
pub(super) fn insecure_bind_address(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let port = instance.last("insecure-port");
    let closed =
        instance.releases.from(20).is_empty() && port.is_some_and(|port| port.value == "0");
    let address = ["insecure-bind-address", "address"]
        .into_iter()
        .find_map(|name| instance.last(name));
    let address = address.filter(|a| !a.value.is_empty() && !closed);
    if let Some(address) = address {
        let what = format!(
            "`{}` serves `{}` without authentication and TLS",
            address.spelling, address.value
        );
        // Releases 1.20 to 1.23 ignore it.
        insecure_flag(address, instance, 24, &what, cx);
    }
}

/// Origins whose web pages can call the API server, as regular expressions.
pub(super) fn cors_allowed_origins(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (pattern, node_span) in named(instance, &["cors-allowed-origins"]) {
        if is_unresolved(pattern) {
            continue;
        }
        // Required since 1.27 (apiserver's validateCorsAllowedOriginList).
        let pinned = ["^", "//"].iter().any(|p| pattern.contains(p))
            && ["$", ":"].iter().any(|p| pattern.contains(p));
        let rejected = if !pinned && instance.releases.before(27).is_empty() {
            "; kube-apiserver 1.27 and later reject it"
        } else {
            ""
        };
        if matches_any_host(pattern) {
            let message =
                format!("pattern `{pattern}` allows cross-origin requests from any host{rejected}");
            cx.report(node_span, message);
        } else if !pinned {
            let message = format!(
                "pattern `{pattern}` also allows requests from hosts that only contain this name{rejected}"
            );
            cx.report(node_span, message);
        }
    }
}

/// Whether a pattern restricts the scheme only.
fn matches_any_host(pattern: &str) -> bool {
    let host = pattern.rsplit("//").next().unwrap_or(pattern);
    let host = host.trim_matches(['^', '$', '(', ')', '/', '|', ':']);
    matches!(host, ".*" | ".+" | "*" | "")
}

/// All alpha APIs at once; single ones in strict mode.
pub(super) fn alpha_apis_enabled(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (item, node_span) in named(instance, &["runtime-config"]) {
        let (api, on) = item.split_once('=').unwrap_or((item, ""));
        if !on.is_empty() && parse_bool(on) != Some(true) {
            continue;
        }
        let version = last_part(api, b'/');
        if matches!(api, "api/all" | "api/alpha") {
            cx.report(
                node_span,
                format!("`{api}` is enabled, so the API server serves all alpha APIs"),
            );
        } else if cx.is_strict() && version.starts_with('v') && version.contains("alpha") {
            cx.report(
                node_span,
                format!("`{api}` is enabled, so the API server serves an alpha API"),
            )
            .severity(Severity::Low);
        }
    }
}

/// From level 8 on bodies are logged.
pub(super) fn log_verbosity(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let chatty = |level: &str| number(level).is_some_and(|n| n >= 8.0);
    let component = instance.component.name();
    let impact = format!("{component} logs request bodies, including Secrets");
    if let Some(level) = instance.last("v").filter(|s| chatty(&s.value)) {
        let message = format!(
            "`{}` is set to `{}`, so {impact}",
            level.spelling, level.value
        );
        cx.report(level.node_span(), message);
    }
    for (item, node_span) in named(instance, &["vmodule"]) {
        if item.split_once('=').is_some_and(|(_, level)| chatty(level)) {
            cx.report(
                node_span,
                format!("`--vmodule` contains `{item}`, so {impact}"),
            );
        }
    }
}

/// etcd without TLS, for all resources or for single ones.
pub(super) fn etcd_servers_plaintext(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (url, node_span) in named(instance, &["etcd-servers"]) {
        if url.starts_with("http://") {
            cx.report(
                node_span,
                format!("the API server connects to etcd at `{url}` without TLS"),
            );
        }
    }
    // `/events#http://10.0.0.1:2379;https://10.0.0.2:2379`
    for (item, node_span) in named(instance, &["etcd-servers-overrides"]) {
        if let Some((resource, urls)) = item.split_once('#')
            && urls.split(';').any(|url| url.starts_with("http://"))
        {
            let message =
                format!("the API server connects to etcd for `{resource}` at `{urls}` without TLS");
            cx.report(node_span, message);
        }
    }
}

/// Traces contain names of objects and users, and are sent without TLS.
pub(super) fn tracing_plaintext_remote_collector(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let Some(endpoint) = instance.last("tracing.endpoint") else {
        return;
    };
    let text = endpoint.value.as_ref();
    let address = format!("grpc://{text}");
    let local = text.is_empty()
        || text.starts_with("unix")
        || is_unresolved(text)
        || Url::parse(&address).is_none_or(|url| is_loopback(url.host) || is_any(url.host));
    if !local {
        let message = format!(
            "{} sends traces to `{text}` without TLS, so an attacker on the network can read them",
            instance.component.name()
        );
        cx.report(endpoint.node_span(), message);
    }
}

/// A NodePort range that contains ports of the node or of the cluster.
pub(super) fn service_node_port_range(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let Some(setting) = instance.last("service-node-port-range") else {
        return;
    };
    let number = |text: &str| text.trim().parse::<u32>().ok();
    let ends = match setting.value.split_once('-') {
        Some((low, high)) => number(low).zip(number(high)),
        None => setting
            .value
            .split_once('+')
            .and_then(|(base, size)| number(base).zip(number(size)))
            .map(|(base, size)| (base, base.saturating_add(size))),
    };
    let Some((low, high)) = ends else { return };
    let taken = [
        (2379, "etcd"),
        (2380, "etcd"),
        (6443, "the API server"),
        (10250, "the kubelet"),
    ];
    let over = taken.iter().find(|(port, _)| (low..=high).contains(port));
    if let Some((port, whose)) = over {
        let message = format!(
            "NodePort range `{}` contains `{port}`, the port of {whose}, so a Service can block it",
            setting.value
        );
        cx.report(setting.node_span(), message);
    } else if low < 1024 {
        let message = format!(
            "NodePort range `{}` contains ports below 1024, so a Service can take over a port of the node",
            setting.value
        );
        cx.report(setting.node_span(), message);
    }
}
