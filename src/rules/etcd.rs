//! etcd: who may talk to it, and what it puts at risk.

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

/// URLs of a setting as it is written last, each with its place. Those of `initial-cluster` have a name before them.
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

/// Whether a URL is http beyond the machine. A host that is filled in later is one unless it says something else.
fn is_plain(item: &str) -> bool {
    let may_be_loopback =
        is_unresolved(item) && ["127.0.0.1", "localhost"].iter().any(|h| item.contains(h));
    parsed(item).is_some_and(|u| u.is_plain()) && !may_be_loopback
}

/// Reports each URL of the first of these settings that is in effect here, where it is plain.
fn plain_urls(etcd: &Instance<'_>, settings: &[&str], cx: &mut Cx<'_>, what: &str) {
    let first = settings
        .iter()
        .find(|s| etcd.last(s).is_some() || etcd.effective(s).is_some());
    let items = first.map(|s| urls(etcd, s)).unwrap_or_default();
    for (item, node_span) in items.into_iter().filter(|(item, _)| is_plain(item)) {
        cx.report(node_span, format!("{what}: {item} has no TLS"));
    }
}

pub(super) fn listen_client_plaintext(etcd: &Instance<'_>, cx: &mut Cx<'_>) {
    let what = "whoever reaches etcd reads and writes all that it holds";
    plain_urls(
        etcd,
        &["listen-client-urls", "advertise-client-urls"],
        cx,
        what,
    );
    plain_urls(etcd, &["listen-client-http-urls"], cx, what);
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
        "etcd's members send each other everything in plain text",
    );
}

pub(super) fn metrics_exposed(etcd: &Instance<'_>, cx: &mut Cx<'_>) {
    let what = "etcd shows its metrics and health to whoever reaches the node";
    plain_urls(etcd, &["listen-metrics-urls"], cx, what);
    if let Some(setting) = etcd
        .last("etcd-expose-metrics")
        .filter(|s| parse_bool(&s.value) == Some(true))
    {
        cx.report(
            setting.node_span(),
            format!("{what}: `{}` is set to true", setting.spelling),
        );
    }
}

pub(super) fn listen_all_interfaces(etcd: &Instance<'_>, cx: &mut Cx<'_>) {
    for (item, node_span) in urls(etcd, "listen-client-urls") {
        if parsed(item).is_some_and(|u| u.scheme == "https" && is_any(u.host)) {
            cx.report(
                node_span,
                format!("etcd serves clients on every address of the machine: {item}"),
            );
        }
    }
}

/// Whether a port can be reached from the machine itself only; `None` where that is a pod whose network is its own, and nobody asks
/// for a standard.
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
    let message = format!("etcd serves clients without TLS: `{setting}` is not set");
    graded(cx.setting(etcd, name, message), local);
}

/// What only the machine itself can reach is no more than a habit.
fn graded(draft: Draft<'_>, local: bool) {
    if local {
        draft.severity(Severity::Low);
    }
}

/// Whether no distribution stands between etcd and what is written: others set its CA themselves.
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
                "etcd asks clients for certificates since `{}` is set; `{setting}` is to say so",
                etcd.spelling("trusted-ca-file")
            );
            cx.setting(etcd, "client-cert-auth", message)
                .severity(Severity::Info);
        }
        Some(true) => {}
        // The distributions set the CA themselves.
        None if !is_told_all(etcd) => {}
        _ => {
            if let Some(local) = is_local(etcd, "listen-client-urls", cx) {
                let message = format!(
                    "etcd lets in whoever reaches it: `{setting}` is off, and no CA is set for clients"
                );
                graded(cx.setting(etcd, "client-cert-auth", message), local);
            }
        }
    }
}

/// Whether there may be other members: more than one is named, or the port for them is open to other machines.
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
        let message = format!("etcd's members talk without TLS: `{setting}` is not set");
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
                "etcd asks members for certificates since `{}` is set; `{setting}` is to say so",
                etcd.spelling("peer-trusted-ca-file")
            );
            cx.setting(etcd, "peer-client-cert-auth", message)
                .severity(Severity::Info);
        }
        Some(true) => {}
        None if !is_told_all(etcd) => {}
        // A part of the settings hardly says how many members there are.
        _ if peers || cx.is_strict() || etcd.completeness == Completeness::Partial => {
            let message = format!(
                "whoever reaches etcd's port for members can join them: `{setting}` is off, and no CA is set for members"
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
            "a client of etcd can join as a member: both have the CA {}",
            peer.value
        );
        cx.setting(etcd, "peer-trusted-ca-file", message);
    }
}

pub(super) fn unsafe_no_fsync(etcd: &Instance<'_>, cx: &mut Cx<'_>) {
    let name = "unsafe-no-fsync";
    // A cluster of kind is thrown away.
    let kept = *etcd.form != forms::KIND && etcd.is_on(name) == Some(true);
    if let Some(setting) = etcd.last(name).filter(|_| kept) {
        cx.report(
            setting.node_span(),
            format!(
                "etcd answers before what it stored is on the disk: `{}` is on",
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
        cx.report(node_span, format!("a web page can reach etcd at {item} under a name of its own: `{}` allows every Host", etcd.spelling("host-whitelist")));
    }
}

pub(super) fn discovery_insecure(etcd: &Instance<'_>, cx: &mut Cx<'_>) {
    let skip = "discovery-insecure-skip-tls-verify";
    if let Some(setting) = etcd.last(skip).filter(|_| etcd.is_on(skip) == Some(true)) {
        cx.report(
            setting.node_span(),
            format!(
                "etcd learns its members from whoever answers: `{}` is on",
                setting.spelling
            ),
        );
        return;
    }
    // Since 3.6 the discovery service is another etcd, reached without TLS unless told otherwise.
    let endpoints = urls(etcd, "discovery-endpoints");
    if let Some((item, node_span)) = endpoints.into_iter().find(|(item, _)| is_plain(item)) {
        cx.report(
            node_span,
            format!("etcd learns its members from {item}, without TLS"),
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
        cx.report(setting.scalar(), format!("`{}` holds the password of etcd's discovery service, which every process listing shows", setting.spelling))
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
        let message = "etcd does not compare its data with the other members' when it starts: the feature gate `InitialCorruptCheck` is off";
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
        "more than the 8 GiB that etcd's authors test"
    } else if bytes > 0.0 && bytes < 512.0 * MIB {
        "so little that a cluster fills it and stops taking writes"
    } else {
        return;
    };
    cx.report(
        setting.node_span(),
        format!("etcd may store {} MiB: {problem}", (bytes / MIB).round()),
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
                    "etcd keeps its data in {path} of the node, which others write to or empty"
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
                "etcd's data is gone when its pod is: the volume is an emptyDir",
            );
        }
    }
}

pub(super) fn shared_ca_with_apiserver(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    // What lies in one folder is one cluster's: the first of each, and whether all say the same.
    let mut servers = HashMap::new();
    for server in set.settings(ComponentKind::ApiServer, "client-ca-file") {
        let beside = servers.entry(folder(server.path));
        let (first, same) = beside.or_insert((server, true));
        *same &= first.setting.value == server.setting.value;
    }
    for etcd in set.settings(ComponentKind::Etcd, "trusted-ca-file") {
        let file = &etcd.setting.value;
        if let Some((server, true)) = servers.get(folder(etcd.path))
            && server.setting.value == *file
        {
            let message = format!(
                "every client certificate of the cluster opens etcd: the API server trusts the same CA, {file}"
            );
            cx.report_fact(etcd.facts, &etcd.setting.at, message)
                .related_fact(&server.setting.at.label);
        }
    }
}
