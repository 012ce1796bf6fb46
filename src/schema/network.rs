//! Rules of validation between the fields of Services, Ingresses, policies and endpoints (pkg/apis/core, networking and discovery
//! validation of Kubernetes).

use super::cross_field::{conflict, key_of, missing, own_key, text};
use super::validator::Validator;
use crate::ids;
use crate::kube::{is_known, is_replaced, is_templated};
use crate::yaml::{Node, NodeKind};
use std::collections::HashMap;
use std::net::IpAddr;

pub(super) fn service<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    addresses_of_service(v, spec);
    let kind = text(spec, "type").unwrap_or("ClusterIP");
    let unknown = spec.field("type").is_some_and(|kind| !is_known(kind));
    let external = kind == "ExternalName";
    let headless = text(spec, "clusterIP") == Some("None");
    let name = spec.field("externalName").filter(|n| n.text() != Some(""));
    if external && name.is_none() {
        let at = key_of(spec, "externalName");
        v.add(
            ids::schema::MISSING_FIELD,
            at,
            "a Service of type ExternalName needs `externalName`".to_owned(),
            None,
        );
    }
    let ports: Vec<Node<'d>> = spec.list("ports").collect();
    if ports.is_empty() && !(external || headless || unknown) {
        let at = key_of(spec, "ports");
        missing(
            v,
            at,
            "a Service without `ports` reaches nothing: the API server refuses it",
        );
    }
    for port in ports.iter().filter(|_| ports.len() > 1) {
        if port.field("name").is_none_or(|n| n.text() == Some("")) {
            missing(v, port.lacking(), "each of several ports needs a `name`");
        }
    }
    let balanced = unknown || kind == "LoadBalancer";
    let outside = balanced || kind == "NodePort";
    for node_port in ports.iter().filter_map(|p| p.field("nodePort")) {
        if !outside && node_port.as_int().is_some_and(|n| n != 0) {
            conflict(
                v,
                node_port,
                format!("a Service of type {kind} has no node port"),
            );
        }
    }
    for key in [
        "loadBalancerSourceRanges",
        "loadBalancerClass",
        "allocateLoadBalancerNodePorts",
    ] {
        let given = spec
            .pair(key)
            .filter(|(_, n)| !(n.is_null() || n.kind() == NodeKind::Seq && n.is_empty()));
        if let Some((key_node, _)) = given.filter(|_| !balanced) {
            conflict(
                v,
                key_node,
                format!("`{key}` is for Services of type LoadBalancer"),
            );
        }
    }
    if let Some(policy) = spec
        .field("externalTrafficPolicy")
        .filter(|p| !outside && p.text() != Some("") && spec.field("externalIPs").is_none())
    {
        conflict(
            v,
            own_key(policy),
            "`externalTrafficPolicy` is for Services that are reached from outside",
        );
    }
    if headless && outside && !unknown {
        conflict(
            v,
            key_of(spec, "clusterIP"),
            format!("a Service of type {kind} cannot be headless"),
        );
    }
    let health = spec
        .pair("healthCheckNodePort")
        .filter(|(_, n)| n.as_int().is_some_and(|n| n != 0));
    if let Some((key, _)) = health.filter(|_| text(spec, "externalTrafficPolicy") != Some("Local"))
    {
        conflict(
            v,
            key,
            "`healthCheckNodePort` needs `externalTrafficPolicy: Local`",
        );
    }
}

/// Node ports and addresses of a Service.
fn addresses_of_service<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let mut taken: HashMap<(i64, &str), Node<'d>> = HashMap::new();
    for port in spec.list("ports") {
        let Some(node_port) = port.field("nodePort") else {
            continue;
        };
        let Some(number) = node_port.as_int().filter(|n| *n != 0) else {
            continue;
        };
        allocated(v, node_port);
        let protocol = text(port, "protocol").unwrap_or("TCP");
        if let Some(first) = taken.insert((number, protocol), node_port) {
            let message = format!("node port {number} is given twice");
            v.add(ids::schema::DUPLICATE_ITEM, node_port, message, None)
                .related = Some((first.into(), "the first"));
        }
    }
    if let Some(port) = spec.field("healthCheckNodePort") {
        allocated(v, port);
    }
    let first = spec.list("clusterIPs").next();
    let single = spec.field("clusterIP").filter(|n| n.text() != Some(""));
    if let (Some(single), Some(first)) = (single, first)
        && single.text() != first.text()
    {
        let message = "the first of `clusterIPs` must be the same as `clusterIP`";
        conflict(v, first.parent().map_or(first, own_key), message);
    }
    if text(spec, "type") == Some("ExternalName") {
        let none = |n: &Node<'_>| n.text() == Some("None");
        if let Some(single) = single.filter(none) {
            conflict(
                v,
                single,
                "a Service of type ExternalName has no cluster IP",
            );
        }
    }
    if v.all_from(36) {
        for range in spec.list("loadBalancerSourceRanges") {
            whole_network(v, range);
        }
    }
}

/// A range of addresses begins with the network's own address.
fn whole_network<'d>(v: &mut Validator<'d>, range: Node<'d>) {
    let written = range.as_str().unwrap_or_default().trim();
    if has_host_bits(written) == Some(true) {
        let message =
            format!("`{written}` has bits behind its prefix: write the network's own address");
        v.add(ids::schema::RANGE, range, message, None);
    }
}

/// A port of the nodes outside of the range that an API server has by default.
fn allocated<'d>(v: &mut Validator<'d>, port: Node<'d>) {
    let number = port.as_int().filter(|n| (1..=65535).contains(n));
    if let Some(number) = number.filter(|n| !(30000..=32767).contains(n)) {
        let message = format!(
            "node port {number} is outside of 30000 to 32767, which an API server has by default"
        );
        let help = Some("take one of that range, or leave it out".to_owned());
        v.add(ids::schema::RANGE, port, message, help).tolerated = true;
    }
}

pub(super) fn network_port<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let Some(end) = map.field("endPort").filter(|end| is_known(*end)) else {
        return;
    };
    match map.field("port") {
        Some(port) if !is_known(port) => {}
        Some(port) if port.kind() == NodeKind::Str => {
            conflict(v, end, "`endPort` needs a port that is a number");
        }
        Some(port) if port.as_int() > end.as_int() => conflict(v, end, "`endPort` is below `port`"),
        Some(_) => {}
        None => conflict(v, end, "`endPort` needs `port`"),
    }
}

fn is_url_path(text: &str) -> bool {
    let bad = ["//", "/./", "/../", "%2f", "%2F"];
    text.starts_with('/')
        && !bad.iter().any(|b| text.contains(b))
        && !text.ends_with("/..")
        && !text.ends_with("/.")
}

pub(super) fn ingress_path<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let exact = matches!(text(map, "pathType"), Some("Exact" | "Prefix"));
    let path = text(map, "path").unwrap_or_default();
    let fits = is_templated(path)
        || if exact {
            is_url_path(path)
        } else {
            path.is_empty() || path.starts_with('/')
        };
    match map.field("path") {
        Some(at) => v.form(
            fits,
            at,
            "path",
            "an absolute path without `//`, `/./` and `/../`",
        ),
        None if exact => {
            let message = "`path` is missing: this `pathType` needs one";
            missing(v, map.lacking(), message);
        }
        None => {}
    }
}

/// A range of addresses: the first one as bits, and the length of the prefix.
fn range(text: &str) -> Option<(IpAddr, u32)> {
    let (ip, length) = text.split_once('/')?;
    Some((ip.parse().ok()?, length.parse().ok()?))
}

/// Whether one range lies within another, and is smaller.
fn is_part(inner: &str, outer: &str) -> Option<bool> {
    let ((inner, of_inner), (outer, of_outer)) = (range(inner)?, range(outer)?);
    let bits = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => (u128::from(u32::from(ip)) << 96, true),
        IpAddr::V6(ip) => (u128::from(ip), false),
    };
    let ((inner, v4), (outer, outer_v4)) = (bits(inner), bits(outer));
    let mask = u128::MAX.checked_shl(128 - of_outer.min(128)).unwrap_or(0);
    Some(v4 == outer_v4 && of_inner > of_outer && inner & mask == outer & mask)
}

/// Whether a range has bits behind its prefix.
fn has_host_bits(text: &str) -> Option<bool> {
    let (ip, length) = range(text)?;
    Some(match ip {
        IpAddr::V4(ip) => u32::from(ip).checked_shl(length).unwrap_or(0) != 0,
        IpAddr::V6(ip) => u128::from(ip).checked_shl(length).unwrap_or(0) != 0,
    })
}

pub(super) fn ip_block<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let Some(cidr) = text(map, "cidr") else {
        return;
    };
    for except in map.list("except") {
        let written = except.as_str().unwrap_or_default();
        if is_part(written, cidr) == Some(false) {
            conflict(
                v,
                except,
                format!("`{written}` must be a part of `{cidr}`, and smaller"),
            );
        }
    }
}

pub(super) fn addresses<'d>(v: &mut Validator<'d>, slice: Node<'d>) {
    let family = text(slice, "addressType").unwrap_or_default();
    let all = slice.list("endpoints").flat_map(|e| e.list("addresses"));
    for address in all {
        let written = address.as_str().unwrap_or_default();
        let special = |ip: IpAddr| match ip {
            IpAddr::V4(ip) => {
                let near = matches!(ip.octets(), [224, 0, 0, _]);
                ip.is_link_local() || ip.is_unspecified() || ip.is_loopback() || near
            }
            IpAddr::V6(ip) => {
                let near = matches!(ip.segments(), [0xff02, ..]);
                ip.is_unicast_link_local() || ip.is_unspecified() || ip.is_loopback() || near
            }
        };
        let fits = match (family, written.parse::<IpAddr>()) {
            ("IPv4", Ok(ip @ IpAddr::V4(_))) | ("IPv6", Ok(ip @ IpAddr::V6(_))) => !special(ip),
            ("IPv4" | "IPv6", _) => false,
            ("FQDN", _) => super::format::is_subdomain(written),
            _ => true,
        };
        if !is_replaced(written) {
            let what = match family {
                "FQDN" => "a domain".to_owned(),
                _ => format!("an {family} address that other machines reach"),
            };
            v.form(fits, address, "addresses", &what);
        }
    }
}

/// Parameters of an IngressClass are of the cluster, or of a namespace that is named.
pub(super) fn class_parameters<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let scope = text(map, "scope").unwrap_or("Cluster");
    let namespace = map.pair("namespace").filter(|(_, n)| !n.is_null());
    match (scope, namespace) {
        ("Cluster", Some((key, _))) => conflict(
            v,
            key,
            "parameters of the cluster have no namespace: write `scope: Namespace`",
        ),
        ("Namespace", None) => {
            let message = "`namespace` is missing: the scope is Namespace";
            missing(v, key_of(map, "scope"), message);
        }
        _ => {}
    }
}

/// Ranges of addresses that Services get.
pub(super) fn service_cidr<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let ranges: Vec<Node<'d>> = spec.list("cidrs").collect();
    if let Some(second) = ranges.get(1) {
        families(v, *second, &ranges, "cidrs");
    }
    for range in ranges {
        whole_network(v, range);
    }
}

/// A node has one range, or one of each family.
pub(super) fn node<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let ranges: Vec<Node<'d>> = spec.list("podCIDRs").collect();
    if let Some(second) = ranges.get(1) {
        families(v, *second, &ranges, "podCIDRs");
    }
}

/// One range of each family at most.
fn families<'d>(v: &mut Validator<'d>, second: Node<'d>, ranges: &[Node<'d>], name: &str) {
    let family = |n: &Node<'_>| n.as_str().map(|t| t.contains(':'));
    let same = matches!(ranges, [first, second] if family(first) == family(second));
    if same || ranges.len() > 2 {
        let list = second.parent().unwrap_or(second);
        let at = own_key(list);
        conflict(
            v,
            at,
            format!("`{name}` has one range of IPv4 and one of IPv6 at most"),
        );
    }
}

/// A peer is a range of addresses, or pods.
pub(super) fn peer<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let pods = ["podSelector", "namespaceSelector"]
        .iter()
        .find(|key| map.field(key).is_some());
    if let Some(key) = pods.filter(|_| map.field("ipBlock").is_some()) {
        conflict(
            v,
            key_of(map, key),
            format!("`ipBlock` and `{key}` exclude each other"),
        );
    }
}
