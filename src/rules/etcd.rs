//! etcd: who may reach it, and how.

use crate::check::Cx;
use crate::kube::component::Instance;
use crate::yaml::Spot;

/// Whether a URL's host is the loopback address.
fn is_loopback(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or(host);
    host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]")
}

/// URLs of a setting that are plain http and that others than the machine itself reach.
fn plaintext<'d>(instance: &Instance<'d>, setting: &str) -> Vec<(String, Spot<'d>)> {
    let list = instance.list(setting);
    let items = list.into_iter().flat_map(|list| list.items);
    items
        .filter(|(url, _)| url.starts_with("http://") && !is_loopback(url))
        .map(|(url, spot)| (url.to_owned(), spot))
        .collect()
}

/// etcd serves clients over http.
pub(super) fn listen_client_plaintext(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (url, spot) in plaintext(instance, "listen-client-urls") {
        cx.report(spot, format!("etcd serves clients in plain text at {url}"));
    }
}

/// etcd talks to other members over http.
pub(super) fn listen_peer_plaintext(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (url, spot) in plaintext(instance, "listen-peer-urls") {
        cx.report(spot, format!("etcd serves peers in plain text at {url}"));
    }
}

/// Metrics are served over http to others than the machine itself.
pub(super) fn metrics_exposed(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (url, spot) in plaintext(instance, "listen-metrics-urls") {
        cx.report(spot, format!("etcd serves its metrics to anybody at {url}"));
    }
}

/// Whether more members than one are written.
fn has_peers(instance: &Instance<'_>) -> bool {
    let list = instance.list("initial-cluster");
    list.is_some_and(|list| list.items.len() > 1)
}

/// Members talk without certificates.
pub(super) fn peer_cert_and_key(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let unset = |name| instance.is_set(name) == Some(false);
    if has_peers(instance)
        && unset("peer-cert-file")
        && instance.is_on("peer-auto-tls") == Some(false)
    {
        let setting = instance.spelling("peer-cert-file");
        let message = format!("etcd has no certificate for its peers: `{setting}` is not set");
        cx.missing(instance.anchor, message);
    }
}

/// Members do not ask each other for certificates. A trusted authority alone makes them ask.
pub(super) fn peer_client_cert_auth(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let asks = [
        instance.is_set("peer-trusted-ca-file"),
        instance.is_on("peer-client-cert-auth"),
        instance.is_on("peer-auto-tls"),
    ];
    if has_peers(instance) && asks.iter().all(|a| *a == Some(false)) {
        let setting = instance.spelling("peer-trusted-ca-file");
        let message = format!(
            "etcd asks no peer for a certificate: neither `{setting}` nor `--peer-client-cert-auth` is set"
        );
        cx.missing(instance.anchor, message);
    }
}
