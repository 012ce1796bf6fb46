//! kube-proxy's file (pkg/proxy/apis/config/validation). Sections of other modes than its own are not validated.

use super::{feature_gates, hidden_metrics, needs_gate, ordered};
use crate::go_value::{parse_duration, split_host_port};
use crate::ids;
use crate::kube::is_known;
use crate::schema::cross_field::{conflict, key_of, own_key, text};
use crate::schema::format::{is_cidr, is_ip, without_leading_zeros};
use crate::schema::validator::Validator;
use crate::yaml::{Node, NodeKind, NodeSpan, items};
use std::collections::HashSet;

pub(in crate::schema) fn check<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    feature_gates(v, map);
    addresses(v, map);
    node_port_addresses(v, map);
    hidden_metrics(v, map);
    detect_local(v, map);
    // What no mode is named like is one of iptables, after the finding about it.
    let mode = match map.field("mode") {
        None if v.is_fragment() => return,
        None => "",
        Some(node) if !is_known(node) => return,
        Some(node) => node.as_str().unwrap_or_default(),
    };
    match mode {
        // The only one of Windows.
        "" | "iptables" | "kernelspace" => sync_periods(v, map, "iptables", 1.0),
        "ipvs" => {
            if let Some(node) = map.field("mode") {
                needs_gate(v, node, "`mode: ipvs`", "KubeProxyIPVS");
            }
            ipvs(v, map);
            sync_periods(v, map, "ipvs", 0.0);
        }
        "nftables" => {
            nftables(v, map);
            sync_periods(v, map, "nftables", 1.0);
        }
        // A rule of its own.
        "userspace" => {}
        _ => {
            if let Some(node) = map.field("mode") {
                v.not_one_of(node, "mode", &["iptables", "nftables", "ipvs"]);
            }
            sync_periods(v, map, "iptables", 1.0);
        }
    }
}

/// How often rules are written, at most and at least.
fn sync_periods<'d>(v: &mut Validator<'d>, map: Node<'d>, section: &str, shortest: f64) {
    let Some(section) = map.field(section) else {
        return;
    };
    let times = ["syncPeriod", "minSyncPeriod"].map(|key| section.field(key));
    let negative = |node: &&Node<'_>| {
        let time = node.as_str().and_then(parse_duration);
        time.is_some_and(|time| time < 0)
    };
    if let Some(node) = times.iter().flatten().find(negative) {
        let text = node.text().unwrap_or_default();
        let message = format!("a period must not be negative, but is {text}");
        v.add(ids::schema::RANGE, *node, message, None);
        return;
    }
    let shortest = ("minSyncPeriod", shortest);
    ordered(v, section, shortest, ("syncPeriod", 30.0), false);
}

fn ipvs<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let Some(section) = map.field("ipvs") else {
        return;
    };
    for key in ["tcpTimeout", "tcpFinTimeout", "udpTimeout"] {
        if let Some(node) = section.field(key) {
            crate::schema::duration::check(v, node, key, 0, i64::MAX);
        }
    }
    for cidr in items(section.field("excludeCIDRs")).filter(|item| is_known(*item)) {
        let fits = cidr.as_str().is_some_and(is_sloppy_cidr);
        v.form(fits, cidr, "excludeCIDRs", "a CIDR such as `10.0.0.0/8`");
    }
}

fn nftables<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    if let Some(node) = map.at(&["nftables", "masqueradeBit"])
        && let Some(bit) = node.as_int().filter(|bit| !(0..=31).contains(bit))
    {
        let message = format!("`masqueradeBit` must be from 0 to 31, but is {bit}");
        v.add(ids::schema::RANGE, node, message, None);
    }
}

/// An IP address; leading zeros of its numbers do not count.
fn is_sloppy_ip(text: &str) -> bool {
    is_ip(&without_leading_zeros(text))
}

/// The same of a range.
fn is_sloppy_cidr(text: &str) -> bool {
    is_cidr(&without_leading_zeros(text))
}

/// Where it listens, and which address is the node's.
fn addresses<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let given = |key: &str| {
        let node = map.field(key).filter(|node| is_known(*node))?;
        node.as_str()
            .filter(|text| !text.is_empty())
            .map(|text| (node, text))
    };
    if let Some((node, text)) = given("bindAddress") {
        v.form(is_sloppy_ip(text), node, "bindAddress", "an IP address");
    }
    for key in ["healthzBindAddress", "metricsBindAddress"] {
        let Some((node, text)) = given(key) else {
            continue;
        };
        // The port may be left out.
        let fits = match split_host_port(text) {
            Some((host, port)) => {
                let port = port.parse::<i64>().unwrap_or_default();
                is_sloppy_ip(host) && (1..=65535).contains(&port)
            }
            None => is_sloppy_ip(text),
        };
        v.form(
            fits,
            node,
            key,
            "an IP address, optionally with a port from 1 to 65535, such as `0.0.0.0:10256`",
        );
    }
}

/// Addresses at which node ports are open.
fn node_port_addresses<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const NAME: &str = "nodePortAddresses";
    let mut seen = HashSet::new();
    for item in items(map.field(NAME)).filter(|item| is_known(*item)) {
        let text = item.as_str().unwrap_or_default();
        if !matches!(item.kind(), NodeKind::Str | NodeKind::Null) {
            continue;
        }
        if matches!(text, "primary" | "localhost" | "all") {
            if !seen.insert(text) {
                let message = format!("`{text}` is listed twice, so kube-proxy rejects the file");
                v.add(ids::schema::DUPLICATE_ITEM, item, message, None);
            }
        } else if !is_sloppy_cidr(text) {
            v.refused(
                item,
                NAME,
                "a CIDR such as `10.0.0.0/8`, or `primary`, `localhost` or `all`",
            );
        }
    }
}

/// How it tells which traffic is of the node's own pods.
fn detect_local<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let mode = match map.field("detectLocalMode") {
        None if v.is_fragment() => return,
        None => "",
        Some(node) if !is_known(node) => return,
        Some(node) => node.as_str().unwrap_or_default(),
    };
    let interface = match mode {
        "BridgeInterface" => "bridgeInterface",
        "InterfaceNamePrefix" => "interfaceNamePrefix",
        "" | "ClusterCIDR" => return cluster_cidr(v, map),
        _ => return,
    };
    let section = map.field("detectLocal");
    let name = section.and_then(|section| section.field(interface));
    if name.is_none_or(|name| name.text() == Some("")) && !v.is_fragment() {
        let message = format!("`detectLocalMode: {mode}` requires `detectLocal.{interface}`");
        let at: NodeSpan<'d> = match (name, section) {
            (Some(name), _) => name.into(),
            (None, Some(section)) => own_key(section).into(),
            (None, None) => key_of(map, "detectLocal"),
        };
        conflict(v, at, message);
    }
}

/// One range, or one of each family.
fn cluster_cidr<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let Some(ranges) = text(map, "clusterCIDR").filter(|text| !text.is_empty()) else {
        return;
    };
    let Some(node) = map.field("clusterCIDR").filter(|node| is_known(*node)) else {
        return;
    };
    let all: Vec<&str> = ranges.split(',').collect();
    let six = |range: &&&str| range.contains(':');
    let fits = all.len() <= 2 && all.iter().all(|range| is_sloppy_cidr(range));
    let dual = all.len() < 2 || all.iter().filter(six).count() == 1;
    v.form(
        fits && dual,
        node,
        "clusterCIDR",
        "a CIDR such as `10.244.0.0/16`, or an IPv4 and an IPv6 CIDR separated by a comma",
    );
}
