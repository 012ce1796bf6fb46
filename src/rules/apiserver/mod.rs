//! The API server: settings that contradict each other, that open it, or that a release does not have.

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
use crate::yaml::NodeSpan;

/// The items of these flags, each with its place.
fn named<'a, 'd>(
    instance: &'a Instance<'d>,
    flags: &'a [&str],
) -> impl Iterator<Item = (&'a str, NodeSpan<'d>)> {
    let ours = move |s: &&Setting<'_>| flags.contains(&s.name.as_ref());
    let settings = instance.settings.iter().filter(ours);
    settings.flat_map(Setting::items)
}

/// Whether it may be a control plane without nodes (Karmada, vcluster, kcp): a pod template, and no word of kubelets.
fn may_lack_nodes(instance: &Instance<'_>) -> bool {
    let of_kubelets = |s: &Setting<'_>| s.name.starts_with("kubelet-");
    *instance.form == forms::STATIC_POD
        && instance.object.gvk.kind != "Pod"
        && !instance.settings.iter().any(of_kubelets)
}

/// A flag of old that opened a door: what it does where it is still there, that it is gone elsewhere.
fn of_old(setting: &Setting<'_>, instance: &Instance<'_>, gone: u8, what: &str, cx: &mut Cx<'_>) {
    let (last, flag) = (gone - 1, &setting.spelling);
    if instance.releases.from(gone).is_empty() {
        cx.report(setting.node_span(), what);
    } else {
        let message = format!(
            "up to Kubernetes 1.{last} {what}; since then the API server does not start with `{flag}`"
        );
        cx.report(setting.node_span(), message);
    }
}

/// A port that asks nobody who he is.
pub(super) fn insecure_port(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let what = |port: &str| {
        format!("the API server serves port {port} without TLS, and lets everybody do everything")
    };
    match instance.last("insecure-port") {
        Some(port) if matches!(port.value.as_ref(), "0" | "") || is_unresolved(&port.value) => {}
        Some(port) => of_old(port, instance, 20, &what(&port.value), cx),
        // kubeadm switched it off.
        None => {
            let raw = [&forms::STATIC_POD, &forms::UNIT].contains(&instance.form);
            let whole = instance.completeness == Completeness::Complete;
            if raw && whole && instance.releases.from(20).is_empty() {
                let message = format!("{}: `--insecure-port` is not set", what("8080"));
                cx.missing(instance.anchor, message);
            }
        }
    }
}

/// Where that port is served.
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
            "the API server serves {} without TLS, and lets everybody do everything",
            address.value
        );
        of_old(address, instance, 20, &what, cx);
    }
}

/// Origins whose web pages may call the API server, as regular expressions.
pub(super) fn cors_allowed_origins(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (pattern, node_span) in named(instance, &["cors-allowed-origins"]) {
        if is_unresolved(pattern) {
            continue;
        }
        // What is asked of it since 1.27 (apiserver's validateCorsAllowedOriginList).
        let pinned = ["^", "//"].iter().any(|p| pattern.contains(p))
            && ["$", ":"].iter().any(|p| pattern.contains(p));
        let refused = if !pinned && instance.releases.before(27).is_empty() {
            ", and the API server does not start with a pattern that is not bound to both ends of the host"
        } else {
            ""
        };
        if matches_any_host(pattern) {
            let message =
                format!("`{pattern}` lets web pages of any origin call the API server{refused}");
            cx.report(node_span, message);
        } else if !pinned {
            let message = format!(
                "`{pattern}` also fits hosts that only hold that name: their web pages may call the API server{refused}"
            );
            cx.report(node_span, message);
        }
    }
}

/// Whether nothing but a scheme is asked for.
fn matches_any_host(pattern: &str) -> bool {
    let host = pattern.rsplit("//").next().unwrap_or(pattern);
    let host = host.trim_matches(['^', '$', '(', ')', '/', '|', ':']);
    matches!(host, ".*" | ".+" | "*" | "")
}

/// All alpha APIs at once; one by one where a standard is asked about.
pub(super) fn alpha_apis_enabled(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (item, node_span) in named(instance, &["runtime-config"]) {
        let (api, on) = item.split_once('=').unwrap_or((item, ""));
        if !on.is_empty() && parse_bool(on) != Some(true) {
            continue;
        }
        let version = api.rsplit('/').next().unwrap_or(api);
        if matches!(api, "api/all" | "api/alpha") {
            cx.report(node_span, format!("all alpha APIs are served: {api} is on"));
        } else if cx.is_strict() && version.starts_with('v') && version.contains("alpha") {
            cx.report(node_span, format!("the alpha API {api} is served"))
                .severity(Severity::Low);
        }
    }
}

/// From level 8 on bodies are logged.
pub(super) fn log_verbosity(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let chatty = |level: &str| number(level).is_some_and(|n| n >= 8.0);
    let component = instance.component.name();
    let what = format!("bodies of requests, Secrets among them, get into the logs of {component}");
    if let Some(level) = instance.last("v").filter(|s| chatty(&s.value)) {
        let message = format!("{what}: `{}` is set to {}", level.spelling, level.value);
        cx.report(level.node_span(), message);
    }
    for (item, node_span) in named(instance, &["vmodule"]) {
        if item.split_once('=').is_some_and(|(_, level)| chatty(level)) {
            cx.report(node_span, format!("{what}: `--vmodule` has {item}"));
        }
    }
}

/// etcd without TLS, for all objects or for some of their own.
pub(super) fn etcd_servers_plaintext(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (url, node_span) in named(instance, &["etcd-servers"]) {
        if url.starts_with("http://") {
            cx.report(
                node_span,
                format!("the API server reaches etcd without TLS: {url}"),
            );
        }
    }
    // `/events#http://10.0.0.1:2379;https://10.0.0.2:2379`
    for (item, node_span) in named(instance, &["etcd-servers-overrides"]) {
        if let Some((resource, urls)) = item.split_once('#')
            && urls.split(';').any(|url| url.starts_with("http://"))
        {
            let message = format!("the API server reaches etcd without TLS for {resource}: {urls}");
            cx.report(node_span, message);
        }
    }
}

/// Traces hold names of objects and users, and are sent without TLS.
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
            "{} sends traces to {text} without TLS: who listens on the way sees them",
            instance.component.name()
        );
        cx.report(endpoint.node_span(), message);
    }
}

/// Node ports over ports of the system or of the cluster itself.
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
            "node ports {} hold {port}, the port of {whose}",
            setting.value
        );
        cx.report(setting.node_span(), message);
    } else if low < 1024 {
        let message = format!(
            "node ports {} hold ports of the system: a Service can take the place of one of the node's own",
            setting.value
        );
        cx.report(setting.node_span(), message);
    }
}
