//! Rules of validation between the fields of one type, as in `fields`: of volumes, networks, profiles and references
//! (pkg/apis/core, networking, discovery and apps validation of Kubernetes).

use super::fields::{conflict, key_of, text};
use super::table::Type;
use super::validate::Validator;
use crate::kube::is_variable;
use crate::yaml::{Kind, Node, base64};
use std::net::IpAddr;

pub(super) fn check<'d>(v: &mut Validator<'d>, map: Node<'d>, ty: &'static Type) {
    match ty.short() {
        "RollingUpdateDaemonSet" => rolling_update(v, map),
        "PersistentVolumeSpec" | "PersistentVolumeClaimSpec" => access_modes(v, map),
        "IPBlock" => ip_block(v, map),
        "TopologySpreadConstraint" => spread(v, map),
        "VolumeMount" => mount(v, map),
        "EndpointSlice" => addresses(v, map),
        "SeccompProfile" | "AppArmorProfile" => profile(v, map),
        "ObjectFieldSelector" => field_path(v, map),
        _ => {}
    }
}

/// Whether a number or percentage is given and not zero.
fn is_some_of(node: Option<Node<'_>>) -> bool {
    node.and_then(Node::text)
        .is_some_and(|t| !matches!(t, "0" | "0%"))
}

fn rolling_update<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let surge = map.field("maxSurge");
    if is_some_of(surge) && is_some_of(map.field("maxUnavailable")) {
        let at = surge.unwrap_or(map);
        conflict(
            v,
            at,
            "`maxSurge` and `maxUnavailable` exclude each other in a DaemonSet: one of them must be 0",
        );
    }
}

fn access_modes<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const ALONE: &str = "ReadWriteOncePod";
    let alone = map.list("accessModes").any(|m| m.as_str() == Some(ALONE));
    if alone && map.list("accessModes").count() > 1 {
        conflict(
            v,
            key_of(map, "accessModes"),
            "`ReadWriteOncePod` cannot stand beside other modes",
        );
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
pub(super) fn has_host_bits(text: &str) -> Option<bool> {
    let (ip, length) = range(text)?;
    Some(match ip {
        IpAddr::V4(ip) => u32::from(ip).checked_shl(length).unwrap_or(0) != 0,
        IpAddr::V6(ip) => u128::from(ip).checked_shl(length).unwrap_or(0) != 0,
    })
}

fn ip_block<'d>(v: &mut Validator<'d>, map: Node<'d>) {
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

fn spread<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let anyway = text(map, "whenUnsatisfiable") == Some("ScheduleAnyway");
    if let Some(domains) = map.field("minDomains").filter(|_| anyway) {
        conflict(
            v,
            domains,
            "`minDomains` is for `whenUnsatisfiable: DoNotSchedule` only",
        );
    }
}

fn mount<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let recursive = map.field("recursiveReadOnly");
    let asked = |n: &Node<'_>| matches!(n.as_str(), Some("Enabled" | "IfPossible"));
    let read_only = map.field("readOnly").and_then(Node::as_bool) == Some(true);
    if let Some(recursive) = recursive.filter(|n| asked(n) && !read_only) {
        conflict(
            v,
            recursive,
            "`recursiveReadOnly` is for mounts with `readOnly: true`",
        );
    }
}

fn addresses<'d>(v: &mut Validator<'d>, slice: Node<'d>) {
    let family = text(slice, "addressType").unwrap_or_default();
    let all = slice.list("endpoints").flat_map(|e| e.list("addresses"));
    for address in all {
        let written = address.as_str().unwrap_or_default();
        let special = |ip: IpAddr| match ip {
            IpAddr::V4(ip) => ip.is_link_local() || ip.is_unspecified() || ip.is_loopback(),
            IpAddr::V6(ip) => ip.is_unicast_link_local() || ip.is_unspecified() || ip.is_loopback(),
        };
        let fits = match (family, written.parse::<IpAddr>()) {
            ("IPv4", Ok(ip @ IpAddr::V4(_))) | ("IPv6", Ok(ip @ IpAddr::V6(_))) => !special(ip),
            ("IPv4" | "IPv6", _) => false,
            _ => true,
        };
        if !is_variable(written) {
            let what = format!("an {family} address that other machines reach");
            v.form(fits, address, "addresses", &what);
        }
    }
}

fn profile<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let local = text(map, "type") == Some("Localhost");
    if local && text(map, "localhostProfile").is_none_or(str::is_empty) {
        let message = "`localhostProfile` is missing: it names the profile of `type: Localhost`";
        let problem = v.add(
            "schema/missing-field",
            key_of(map, "localhostProfile"),
            message.to_owned(),
            None,
        );
        problem.missing = true;
    }
}

fn field_path<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    const OF_POD: [&str; 3] = ["metadata.name", "metadata.namespace", "metadata.uid"];
    const OF_ENV: [&str; 6] = [
        "spec.nodeName",
        "spec.serviceAccountName",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    ];
    const MAPS: [&str; 2] = ["metadata.annotations", "metadata.labels"];
    let Some(at) = map.field("fieldPath") else {
        return;
    };
    let Some(path) = at.as_str().filter(|p| !p.is_empty() && !is_variable(p)) else {
        return;
    };
    let of_env = v.is_within("EnvVarSource");
    let subscript = MAPS.iter().any(|m| {
        path.strip_prefix(m)
            .is_some_and(|rest| rest.starts_with("['"))
    });
    let others: &[&str] = if of_env { &OF_ENV } else { &MAPS };
    if !subscript && !OF_POD.contains(&path) && !others.contains(&path) {
        let known: Vec<&str> = OF_POD.iter().chain(others).copied().collect();
        v.not_one_of(at, "fieldPath", &known);
    }
}

/// Data of a Secret of a type that says what they hold.
pub(super) fn docker_config<'d>(v: &mut Validator<'d>, secret: Node<'d>) {
    let key = match text(secret, "type") {
        Some("kubernetes.io/dockerconfigjson") => ".dockerconfigjson",
        Some("kubernetes.io/dockercfg") => ".dockercfg",
        _ => return,
    };
    let Some(at) = secret.at(&["data", key]) else {
        return;
    };
    let fits = match at.as_str() {
        Some(written) if written.contains("{{") || written.contains("${") => return,
        // What is no base64 is another finding.
        Some(written) => match base64(written) {
            Some(bytes) => serde_json::from_slice::<serde_json::Value>(&bytes).is_ok(),
            None => return,
        },
        // A list of numbers becomes bytes.
        None => at.kind() != Kind::Seq,
    };
    v.form(fits, at, key, "the base64 of JSON");
}
