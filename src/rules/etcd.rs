//! etcd: which clients and members it accepts, and which settings put its data at risk.

use crate::check::{Cx, Draft};
use crate::component::{ComponentKind, Instance, Setting, forms, number};
use crate::documents::{DocumentSet, folder};
use crate::go_value::parse_bool;
use crate::kube::{
    Completeness,
    address::{Url, is_any, is_loopback},
};
use crate::kube::{PodSpec, is_unresolved};
use crate::model::Severity;
use crate::yaml::{Node, NodeSpan};
use std::collections::HashMap;

/// URLs of the last occurrence of a setting, each with its place. Those of `initial-cluster` are preceded by a name.
fn urls<'a, 'd>(etcd: &'a Instance<'d>, name: &str) -> Vec<(&'a str, NodeSpan<'d>)> {
    let written = etcd.last(name);
    written.into_iter().flat_map(Setting::items).collect()
}

fn parsed(item: &str) -> Option<Url<'_>> {
    let url = match item.split_once('=') {
        Some((name, url)) if !name.contains("://") => url,
        _ => item,
    };
    Url::parse(url)
}

/// Whether a URL is http and not on loopback. A host that is filled in later counts as remote unless its text names loopback.
fn is_plain(item: &str) -> bool {
    let may_be_loopback =
        is_unresolved(item) && ["127.0.0.1", "localhost"].iter().any(|h| item.contains(h));
    parsed(item).is_some_and(|u| u.is_plain()) && !may_be_loopback
}

/// Reports each plain URL of the first of these settings that is set or has a default.
fn plain_urls(etcd: &Instance<'_>, settings: &[&str], cx: &mut Cx<'_>, result: &str) {
    let first = settings
        .iter()
        .find(|s| etcd.last(s).is_some() || etcd.effective(s).is_some());
    let items = first.map(|s| urls(etcd, s)).unwrap_or_default();
    for (item, node_span) in items.into_iter().filter(|(item, _)| is_plain(item)) {
        cx.report(node_span, format!("`{item}` has no TLS, so {result}"));
    }
}

pub(super) fn listen_client_plaintext(etcd: &Instance<'_>, cx: &mut Cx<'_>) {
    let result = "anyone who can reach etcd can read and change all cluster data";
    plain_urls(
        etcd,
        &["listen-client-urls", "advertise-client-urls"],
        cx,
        result,
    );
    plain_urls(etcd, &["listen-client-http-urls"], cx, result);
}

pub(super) fn listen_peer_plaintext(etcd: &Instance<'_>, cx: &mut Cx<'_>) {
    let settings = [
        "listen-peer-urls",
        "initial-advertise-peer-urls",
        "initial-cluster",
    ];
    plain_urls(
        etcd,
        &settings,
        cx,
        "etcd members exchange all cluster data in plain text",
    );
}

pub(super) fn metrics_exposed(etcd: &Instance<'_>, cx: &mut Cx<'_>) {
    let result = "anyone who can reach the node can read etcd's metrics and health";
    plain_urls(etcd, &["listen-metrics-urls"], cx, result);
    if let Some(setting) = etcd
        .last("etcd-expose-metrics")
        .filter(|s| parse_bool(&s.value) == Some(true))
    {
        cx.report(
            setting.node_span(),
            format!("`{}` is set to `true`, so {result}", setting.spelling),
        );
    }
}

pub(super) fn listen_all_interfaces(etcd: &Instance<'_>, cx: &mut Cx<'_>) {
    for (item, node_span) in urls(etcd, "listen-client-urls") {
        if parsed(item).is_some_and(|u| u.scheme == "https" && is_any(u.host)) {
            cx.report(
                node_span,
                format!("`{item}` listens on every interface, so pods and other networks can connect to etcd"),
            );
        }
    }
}

/// Whether a port is reachable only from the machine itself. `None` if it is inside the network of a pod, which is reported only in
/// strict profiles.
fn is_local(etcd: &Instance<'_>, setting: &str, cx: &Cx<'_>) -> Option<bool> {
    let loopback = |item: &str| {
        parsed(item).is_some_and(|u| u.scheme.starts_with("unix") || is_loopback(u.host))
    };
    let items = etcd.list(setting).map(|l| l.items);
    let local = items.is_some_and(|items| items.iter().all(|(item, _)| loopback(item)));
    let of_pod = PodSpec::of(etcd.object)
        .is_some_and(|pod| pod.node.field("hostNetwork").and_then(Node::as_bool) != Some(true));
    (!(local && of_pod) || cx.is_strict()).then_some(local)
}

/// The first of these settings that is known not to be set.
fn unset<'n>(etcd: &Instance<'_>, settings: &[&'n str]) -> Option<&'n str> {
    settings
        .iter()
        .copied()
        .find(|s| etcd.is_set(s) == Some(false))
}

pub(super) fn cert_and_key(etcd: &Instance<'_>, cx: &mut Cx<'_>) {
    let Some(name) = unset(etcd, &["cert-file", "key-file"]) else {
        return;
    };
    if etcd.is_on("auto-tls") != Some(false) {
        return;
    }
    let Some(local) = is_local(etcd, "listen-client-urls", cx) else {
        return;
    };
    let setting = etcd.spelling(name);
    let message = format!("`{setting}` is not set, so etcd serves clients without TLS");
    graded(cx.setting(etcd, name, message), local);
}

/// A port that only the machine itself can reach is a low risk.
fn graded(draft: Draft<'_>, local: bool) {
    if local {
        draft.severity(Severity::Low);
    }
}

/// Whether etcd gets exactly the settings that are written: distributions add a CA.
fn is_told_all(etcd: &Instance<'_>) -> bool {
    [&forms::STATIC_POD, &forms::UNIT, &forms::ETCD].contains(&etcd.form)
}

pub(super) fn client_cert_auth(etcd: &Instance<'_>, cx: &mut Cx<'_>) {
    if etcd.is_on("client-cert-auth") != Some(false) {
        return;
    }
    let setting = etcd.spelling("client-cert-auth");
    match etcd.is_set("trusted-ca-file") {
        Some(true) if cx.is_strict() => {
            let message = format!(
                "etcd requires client certificates only because `{}` is set; `{setting}` is not `true`",
                etcd.spelling("trusted-ca-file")
            );
            cx.setting(etcd, "client-cert-auth", message)
                .severity(Severity::Info);
        }
        Some(true) => {}
        // Distributions set the CA.
        None if !is_told_all(etcd) => {}
        _ => {
            if let Some(local) = is_local(etcd, "listen-client-urls", cx) {
                let message = format!(
                    "`{setting}` is off and no client CA is set, so anyone who can reach etcd can read all cluster data"
                );
                graded(cx.setting(etcd, "client-cert-auth", message), local);
            }
        }
    }
}

/// Whether other members are possible: more than one is listed, or the peer port is reachable from other machines.
fn has_peers(etcd: &Instance<'_>) -> bool {
    const URLS: [&str; 3] = [
        "listen-peer-urls",
        "initial-advertise-peer-urls",
        "initial-cluster",
    ];
    let beyond = |item: &str| parsed(item).is_some_and(|u| !is_loopback(u.host));
    urls(etcd, "initial-cluster").len() > 1
        || URLS
            .iter()
            .flat_map(|s| urls(etcd, s))
            .any(|(item, _)| beyond(item))
}

pub(super) fn peer_cert_and_key(etcd: &Instance<'_>, cx: &mut Cx<'_>) {
    let Some(name) = unset(etcd, &["peer-cert-file", "peer-key-file"]) else {
        return;
    };
    let peers = has_peers(etcd);
    if etcd.is_on("peer-auto-tls") == Some(false) && (peers || cx.is_strict()) {
        let setting = etcd.spelling(name);
        let message = format!("`{setting}` is not set, so etcd members communicate without TLS");
        graded(cx.setting(etcd, name, message), !peers);
    }
}

pub(super) fn peer_client_cert_auth(etcd: &Instance<'_>, cx: &mut Cx<'_>) {
    if etcd.is_on("peer-client-cert-auth") != Some(false) {
        return;
    }
    let setting = etcd.spelling("peer-client-cert-auth");
    let peers = has_peers(etcd);
    match etcd.is_set("peer-trusted-ca-file") {
        Some(true) if cx.is_strict() => {
            let message = format!(
                "etcd requires peer certificates only because `{}` is set; `{setting}` is not `true`",
                etcd.spelling("peer-trusted-ca-file")
            );
            cx.setting(etcd, "peer-client-cert-auth", message)
                .severity(Severity::Info);
        }
        Some(true) => {}
        None if !is_told_all(etcd) => {}
        // Partial settings do not show how many members there are.
        _ if peers || cx.is_strict() || etcd.completeness == Completeness::Partial => {
            let message = format!(
                "`{setting}` is off and no peer CA is set, so anyone who can reach the peer port can join etcd as a member"
            );
            graded(
                cx.setting(etcd, "peer-client-cert-auth", message),
                !peers && etcd.completeness == Completeness::Complete,
            );
        }
        _ => {}
    }
}

pub(super) fn peer_ca_shared_with_client_ca(etcd: &Instance<'_>, cx: &mut Cx<'_>) {
    let limited = ["peer-cert-allowed-cn", "peer-cert-allowed-hostname"];
    let (Some(peer), Some(client)) = (
        etcd.effective("peer-trusted-ca-file"),
        etcd.effective("trusted-ca-file"),
    ) else {
        return;
    };
    if !peer.value.is_empty()
        && peer.value == client.value
        && limited.iter().all(|s| etcd.is_set(s) == Some(false))
    {
        let message = format!(
            "clients and members use the same CA `{}`, so a client certificate can be used to join etcd as a member",
            peer.value
        );
        cx.setting(etcd, "peer-trusted-ca-file", message);
    }
}

pub(super) fn unsafe_no_fsync(etcd: &Instance<'_>, cx: &mut Cx<'_>) {
    let name = "unsafe-no-fsync";
    // Clusters of kind are temporary.
    let kept = *etcd.form != forms::KIND && etcd.is_on(name) == Some(true);
    if let Some(setting) = etcd.last(name).filter(|_| kept) {
        cx.report(
            setting.node_span(),
            format!(
                "`{}` is on, so etcd confirms writes before they are on disk and a power failure can lose them",
                setting.spelling
            ),
        );
    }
}

pub(super) fn host_whitelist(etcd: &Instance<'_>, cx: &mut Cx<'_>) {
    let http = urls(etcd, "listen-client-urls")
        .into_iter()
        .find(|(item, _)| parsed(item).is_some_and(|u| u.scheme == "http"));
    let (Some((item, node_span)), Some(list)) = (http, etcd.effective("host-whitelist")) else {
        return;
    };
    if matches!(list.value, "" | "*") {
        let node_span = etcd
            .last("host-whitelist")
            .map_or(node_span, Setting::node_span);
        cx.report(node_span, format!("`{}` accepts every Host header, so a web page can reach etcd at `{item}` through DNS rebinding", etcd.spelling("host-whitelist")));
    }
}

pub(super) fn discovery_insecure(etcd: &Instance<'_>, cx: &mut Cx<'_>) {
    let skip = "discovery-insecure-skip-tls-verify";
    if let Some(setting) = etcd.last(skip).filter(|_| etcd.is_on(skip) == Some(true)) {
        cx.report(
            setting.node_span(),
            format!(
                "`{}` is on, so an attacker who answers as the discovery service can add an etcd member",
                setting.spelling
            ),
        );
        return;
    }
    // Since 3.6 the discovery service is another etcd, which is reached without TLS by default.
    let endpoints = urls(etcd, "discovery-endpoints");
    if let Some((item, node_span)) = endpoints.into_iter().find(|(item, _)| is_plain(item)) {
        cx.report(
            node_span,
            format!("etcd uses `{item}` without TLS for discovery, so an attacker on the network can add a member"),
        );
    }
}

pub(super) fn password_on_command_line(etcd: &Instance<'_>, cx: &mut Cx<'_>) {
    let user = etcd
        .last("discovery-user")
        .filter(|s| s.value.contains(':'));
    let password = etcd
        .last("discovery-password")
        .filter(|s| !s.value.is_empty());
    for setting in [user, password]
        .into_iter()
        .flatten()
        .filter(|s| !is_unresolved(&s.value))
    {
        cx.report(setting.scalar(), format!("`{}` contains the etcd discovery password in plain text, so anyone who can read this file can use it", setting.spelling))
            .secret();
    }
}

pub(super) fn experimental_initial_corrupt_check(etcd: &Instance<'_>, cx: &mut Cx<'_>) {
    let flag = "experimental-initial-corrupt-check";
    let Some(gates) = etcd.list("feature-gates") else {
        return;
    };
    let gated = gates
        .items
        .iter()
        .any(|(item, _)| *item == "InitialCorruptCheck=true");
    if !gated && etcd.is_on(flag) != Some(true) && etcd.completeness == Completeness::Complete {
        let message = "the feature gate `InitialCorruptCheck` is off, so etcd does not compare its data with the other members at startup";
        cx.setting(etcd, flag, message);
    }
}

pub(super) fn quota_too_large(etcd: &Instance<'_>, cx: &mut Cx<'_>) {
    const MIB: f64 = 1024.0 * 1024.0;
    let Some(setting) = etcd.last("quota-backend-bytes") else {
        return;
    };
    let Some(bytes) = number(&setting.value) else {
        return;
    };
    let problem = if bytes > 8192.0 * MIB {
        "more than the recommended maximum of 8 GiB"
    } else if bytes > 0.0 && bytes < 512.0 * MIB {
        "so little that a cluster can fill it and etcd then rejects writes"
    } else {
        return;
    };
    cx.report(
        setting.node_span(),
        format!(
            "`{}` allows {} MiB, {problem}",
            setting.spelling,
            (bytes / MIB).round()
        ),
    );
}

pub(super) fn data_dir_shared(etcd: &Instance<'_>, cx: &mut Cx<'_>) {
    const SHARED: [&str; 6] = ["/", "/tmp", "/var", "/var/tmp", "/run", "/home"];
    let shared = |path: &str| SHARED.contains(&path.trim_end_matches('/')) || path == "/";
    let host = |node: Node<'_>, cx: &mut Cx<'_>| {
        if let Some(path) = node.text().filter(|p| shared(p)) {
            cx.report(
                node,
                format!(
                    "etcd stores its data in `{path}` of the node, where other processes can read or delete it"
                ),
            );
        }
    };
    if let Some(setting) = etcd
        .last("data-dir")
        .filter(|_| *etcd.form != forms::STATIC_POD)
    {
        return host(setting.node(), cx);
    }
    let Some((pod, data)) = PodSpec::of(etcd.object).zip(etcd.effective("data-dir")) else {
        return;
    };
    let mounts = pod.containers().flat_map(|c| c.node.list("volumeMounts"));
    let holds = |m: &Node<'_>| {
        let path = m
            .field("mountPath")
            .and_then(Node::text)
            .map(|p| p.trim_end_matches('/'));
        path.is_some_and(|p| {
            !p.is_empty()
                && (data.value == p
                    || data
                        .value
                        .strip_prefix(p)
                        .is_some_and(|rest| rest.starts_with('/')))
        })
    };
    let name = |n: Node<'_>| n.field("name").and_then(Node::text).map(str::to_owned);
    let Some(mounted) = mounts.filter(holds).find_map(name) else {
        return;
    };
    for volume in pod
        .volumes()
        .filter(|v| name(*v).as_deref() == Some(&*mounted))
    {
        if let Some(path) = volume.at(&["hostPath", "path"]) {
            host(path, cx);
        } else if let Some((key, _)) = volume.pair("emptyDir") {
            cx.report(
                key,
                "etcd stores its data in an `emptyDir`, so the data is deleted together with the pod",
            );
        }
    }
}

pub(super) fn shared_ca_with_apiserver(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    // The API servers of one folder belong to one cluster: the first of each folder, and whether all have the same CA.
    let mut servers = HashMap::new();
    for server in set.settings(ComponentKind::ApiServer, "client-ca-file") {
        let entry = servers.entry(folder(server.path));
        let (first, same) = entry.or_insert((server, true));
        *same &= first.setting.value == server.setting.value;
    }
    for etcd in set.settings(ComponentKind::Etcd, "trusted-ca-file") {
        let file = &etcd.setting.value;
        if let Some((server, true)) = servers.get(folder(etcd.path))
            && server.setting.value == *file
        {
            let message = format!(
                "the API server trusts the same CA `{file}`, so every client certificate of the cluster gives access to etcd"
            );
            cx.report_fact(etcd.facts, &etcd.setting.at, message)
                .related_fact(&server.setting.at.label);
        }
    }
}
