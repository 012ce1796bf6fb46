//! Rules of validation between the fields of Services, Ingresses, policies and endpoints (pkg/apis/core, networking and discovery
//! validation of Kubernetes).

use super::cross_field::duplicate;
use super::cross_field::{conflict, key_of, missing, own_key, text};
use super::format::{is_cidr, is_fqdn, is_path_segment, is_subdomain};
use super::validator::Validator;
use crate::ids;
use crate::kube::{is_known, is_replaced, is_templated};
use crate::yaml::{Node, NodeKind};
use std::collections::{HashMap, HashSet};
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
    if let Some(name) = name.filter(|_| external) {
        // A name that ends with its dot is a whole one.
        let written = name.as_str().unwrap_or_default();
        let fits = is_subdomain(written.strip_suffix('.').unwrap_or(written));
        v.form(
            fits || is_replaced(written),
            name,
            "externalName",
            "a domain",
        );
    }
    let ports: Vec<Node<'d>> = spec.list("ports").collect();
    if ports.is_empty() && !(external || headless || unknown) {
        let at = key_of(spec, "ports");
        missing(
            v,
            at,
            "a Service without `ports` reaches nothing: the API server rejects it",
        );
    }
    named_ports(v, spec);
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

/// That each of several ports has a name.
pub(super) fn named_ports<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let several = map.list("ports").nth(1).is_some();
    for port in map.list("ports").filter(|_| several) {
        if port.field("name").is_none_or(|n| n.text() == Some("")) {
            let null = port.pair("name").map(|(key, _)| key.into());
            let at = null.unwrap_or_else(|| port.lacking());
            missing(v, at, "each of several ports needs a `name`");
        }
    }
}

/// Annotations that stand for fields of a Service, or for each other.
pub(super) fn service_annotations<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    const RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
    const MODE: &str = "service.kubernetes.io/topology-mode";
    const HINTS: &str = "service.kubernetes.io/topology-aware-hints";
    let object = spec.parent();
    let Some(annotations) = object.and_then(|object| object.at(&["metadata", "annotations"]))
    else {
        return;
    };
    if let (Some(mode), Some(hints)) = (annotations.field(MODE), annotations.field(HINTS))
        && mode.text() != hints.text()
        && is_known(mode)
        && is_known(hints)
    {
        conflict(v, mode, format!("`{MODE}` and `{HINTS}` must be the same"));
    }
    let ranges = annotations.field(RANGES).filter(|ranges| is_known(*ranges));
    let Some(ranges) = ranges.filter(|_| spec.list("loadBalancerSourceRanges").next().is_none())
    else {
        return;
    };
    let kind = spec.field("type");
    if kind.is_none_or(|kind| is_known(kind) && kind.as_str() != Some("LoadBalancer")) {
        conflict(
            v,
            own_key(ranges),
            format!("`{RANGES}` is for Services of type LoadBalancer"),
        );
    }
    let text = ranges.as_str().unwrap_or_default().trim();
    let fits = text.is_empty() || text.split(',').all(|range| is_cidr(range.trim()));
    v.form(
        fits,
        ranges,
        RANGES,
        "ranges of addresses with commas between them",
    );
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
            let message = format!("node port {number} is listed twice");
            duplicate(v, node_port, first, message);
        }
    }
    if let Some(port) = spec.field("healthCheckNodePort") {
        allocated(v, port);
    }
    let addresses: Vec<Node<'d>> = spec.list("clusterIPs").collect();
    let single = spec.field("clusterIP").filter(|n| n.text() != Some(""));
    if let Some(first) = addresses.first()
        && single.and_then(Node::text) != first.text()
        && single.is_none_or(is_known)
    {
        let message = "the first of `clusterIPs` must be the same as `clusterIP`";
        conflict(v, key_of(spec, "clusterIPs"), message);
    }
    cluster_addresses(v, spec, &addresses);
    if text(spec, "type") == Some("ExternalName") {
        no_addresses(v, spec);
    } else {
        single_stack(v, spec);
    }
    if v.all_from(36) {
        for range in spec.list("loadBalancerSourceRanges") {
            whole_network(v, range);
        }
    }
}

/// What is only a name elsewhere has no addresses in the cluster (`ValidateService`).
fn no_addresses<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    for key in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        let given = spec.field(key).filter(|value| match value.kind() {
            NodeKind::Seq => !value.is_empty(),
            _ => key == "ipFamilyPolicy" || value.text() != Some(""),
        });
        if let Some(given) = given {
            let message = format!("a Service of type ExternalName has no `{key}`");
            conflict(v, own_key(given), message);
        }
    }
}

/// Addresses of two families need a policy that allows them; without one a Service has one family, unless it is headless and selects
/// nothing (`initIPFamilyFields` of pkg/registry/core/service/storage).
fn single_stack<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let selects = spec
        .field("selector")
        .is_some_and(|labels| !labels.is_empty());
    let either = text(spec, "clusterIP") == Some("None") && !selects;
    let policy = spec.field("ipFamilyPolicy");
    let single = match policy.and_then(Node::as_str) {
        Some(policy) => policy == "SingleStack",
        None => !either && !v.is_fragment(),
    };
    // What is wrong with each of them is told elsewhere.
    let two = |key: &&str| {
        let items: HashSet<&str> = spec.list(key).filter_map(Node::as_str).collect();
        items.len() == 2 && !items.contains("None")
    };
    let mut lists = ["clusterIPs", "ipFamilies"].into_iter();
    if let Some(key) = lists.find(two).filter(|_| single) {
        let message =
            format!("two `{key}` need `ipFamilyPolicy: PreferDualStack` or `RequireDualStack`");
        conflict(
            v,
            policy.map_or_else(|| key_of(spec, key), Into::into),
            message,
        );
    }
}

/// Addresses of a Service within the cluster: one of each family, or `None`.
fn cluster_addresses<'d>(v: &mut Validator<'d>, spec: Node<'d>, addresses: &[Node<'d>]) {
    let nothing = |n: &&Node<'d>| matches!(n.text(), Some("" | "None"));
    if let Some(at) = addresses.iter().skip(1).find(nothing) {
        v.form(
            false,
            *at,
            "clusterIPs",
            "a list of IP addresses, or `None` alone",
        );
        return;
    }
    if let Some(second) = addresses.get(1) {
        families(v, *second, addresses, "clusterIPs");
    }
    for (address, family) in addresses.iter().zip(spec.list("ipFamilies")) {
        let Some(ip) = address
            .as_str()
            .and_then(|text| text.parse::<IpAddr>().ok())
        else {
            continue;
        };
        let family = family.as_str().unwrap_or_default();
        if family == "IPv4" && ip.is_ipv6() || family == "IPv6" && ip.is_ipv4() {
            let message =
                format!("`ipFamilies` has {family} in this place, and this address is not of it");
            conflict(v, *address, message);
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

/// What a backend is reached at: the port of a Service by its name or its number, or another object.
pub(super) fn ingress_backend<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    if let Some(resource) = map.field("resource") {
        for (key, fits) in [
            ("apiGroup", is_subdomain as fn(&str) -> bool),
            ("kind", is_path_segment),
            ("name", is_path_segment),
        ] {
            let value = resource.field(key).filter(|n| is_known(*n));
            let text = value.and_then(Node::as_str);
            // An empty kind or name is another finding.
            let empty = text == Some("") && key != "apiGroup";
            if let (Some(value), Some(text)) = (value, text.filter(|_| !empty)) {
                v.form(fits(text), value, key, "a valid segment of a path");
            }
        }
    }
    let Some(service) = map.field("service") else {
        return;
    };
    let port = service.field("port");
    let name = port
        .and_then(|port| port.field("name"))
        .filter(|n| n.text() != Some(""));
    let number = port
        .and_then(|port| port.field("number"))
        .filter(|n| n.as_int() != Some(0));
    match (name, number) {
        (None, None) if !v.is_fragment() => {
            let at = port.map_or_else(|| key_of(service, "port"), Node::lacking);
            missing(
                v,
                at,
                "a backend needs the `name` or the `number` of a port",
            );
        }
        (Some(_), Some(number)) => {
            let message = "`name` and `number` of a port exclude each other";
            conflict(v, own_key(number), message);
        }
        _ => {}
    }
}

/// The class of an Ingress, which an annotation may tell as well.
pub(super) fn ingress<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    const CLASS: &str = "kubernetes.io/ingress.class";
    let of_object = spec
        .parent()
        .and_then(|object| object.at(&["metadata", "annotations"]));
    let told = of_object.and_then(|annotations| annotations.field(CLASS));
    if let (Some(class), Some(told)) = (spec.field("ingressClassName"), told)
        && class.text() != told.text()
        && is_known(class)
        && is_known(told)
    {
        let message = format!("`ingressClassName` and the annotation `{CLASS}` must be the same");
        conflict(v, told, message);
    }
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
    let strict = v.all_from(36);
    if let Some(cidr) = map.field("cidr").filter(|_| strict) {
        whole_network(v, cidr);
    }
    for except in map.list("except") {
        if strict {
            whole_network(v, except);
        }
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
    port_names(v, slice);
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
                let near = matches!(ip.octets(), [0xff, scope, ..] if scope & 0xf == 2);
                let other = ip.to_ipv4_mapped().is_some() || ip.to_string() != written;
                ip.is_unicast_link_local()
                    || ip.is_unspecified()
                    || ip.is_loopback()
                    || near
                    || other
            }
        };
        let fits = match (family, written.parse::<IpAddr>()) {
            ("IPv4", Ok(ip @ IpAddr::V4(_))) | ("IPv6", Ok(ip @ IpAddr::V6(_))) => !special(ip),
            ("IPv4" | "IPv6", _) => false,
            ("FQDN", _) => is_fqdn(written),
            _ => true,
        };
        if !is_replaced(written) {
            let what = match family {
                "FQDN" => "a domain of two parts at least".to_owned(),
                _ => format!("an {family} address that other machines reach"),
            };
            v.form(fits, address, "addresses", &what);
        }
    }
}

/// Names of ports, of which one may be left out.
fn port_names<'d>(v: &mut Validator<'d>, slice: Node<'d>) {
    let mut names = HashSet::new();
    for port in slice.list("ports") {
        let name = port.field("name");
        let text = name.and_then(Node::text).unwrap_or_default();
        if name.is_none_or(is_known) && !names.insert(text) {
            let at = name.map_or_else(|| port.lacking(), Into::into);
            let message = format!("the name `{text}` of a port is listed twice");
            v.add(ids::schema::DUPLICATE_ITEM, at, message, None);
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
            missing(v, key_of(map, "namespace"), message);
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

/// A node has one range, or one of each family. What differs from `podCIDR` does not reach the server.
pub(super) fn node<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let single = spec.field("podCIDR").filter(|n| n.text() != Some(""));
    let mut ranges: Vec<Node<'d>> = spec.list("podCIDRs").collect();
    if let Some(single) = single
        && ranges.first().and_then(|first| first.text()) != single.text()
    {
        ranges = vec![single];
    }
    for range in &ranges {
        let written = range.as_str().unwrap_or_default();
        let fits = is_cidr(written) || is_replaced(written);
        let name = if Some(*range) == single {
            "podCIDR"
        } else {
            "podCIDRs"
        };
        v.form(
            fits,
            *range,
            name,
            "a range of addresses such as `10.0.0.0/8`",
        );
        if v.all_from(36) {
            whole_network(v, *range);
        }
    }
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
