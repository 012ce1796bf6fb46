//! Ingresses, and the corresponding kinds of OpenShift and Traefik.

use crate::check::Cx;
use crate::go_value::parse_bool;
use crate::kube::{Object, is_unresolved};
use crate::yaml::Node;
use std::collections::HashSet;

const NGINX: &str = "nginx.ingress.kubernetes.io/";

pub(in crate::rules) fn ingress_without_tls(ingress: Object<'_>, cx: &mut Cx<'_>) {
    if ingress.gvk.kind == "IngressRoute" {
        return ingress_route(ingress, cx);
    }
    let ended_outside = cx
        .param("tls-annotations")
        .iter()
        .any(|name| ingress.annotation(name).is_some());
    let Some(spec) = ingress.node.field("spec").filter(|_| !ended_outside) else {
        return;
    };
    let name = ingress.name().unwrap_or("without a name");
    match spec.get("tls") {
        Some(tls) if tls.is_null() => cx.report(
            tls.lacking(),
            format!("Ingress \"{name}\" has an empty `tls`, so its traffic is not encrypted"),
        ),
        Some(tls) if tls.is_empty() => cx.report(
            tls,
            format!("Ingress \"{name}\" has an empty `tls`, so its traffic is not encrypted"),
        ),
        Some(_) => return,
        None => cx.missing(
            spec.lacking(),
            format!("Ingress \"{name}\" has no `tls`, so its traffic is not encrypted"),
        ),
    };
}

/// Traefik's own kind. Traefik's configuration says which entry points have TLS, but `web` is plain HTTP.
fn ingress_route(route: Object<'_>, cx: &mut Cx<'_>) {
    let Some(spec) = route
        .node
        .field("spec")
        .filter(|s| s.field("tls").is_none())
    else {
        return;
    };
    let mut points = spec.list("entryPoints").peekable();
    let plain = points.peek().is_some() && points.all(|p| p.as_str() == Some("web"));
    let mut middlewares = spec
        .list("routes")
        .flat_map(|r| r.list("middlewares"))
        .filter_map(|m| m.field("name")?.as_str());
    if plain && !middlewares.any(|m| m.contains("redirect") || m.contains("https")) {
        let name = route.name().unwrap_or("without a name");
        cx.missing(
            spec.lacking(),
            format!("IngressRoute \"{name}\" has no `tls`, so its traffic is not encrypted"),
        );
    }
}

/// Entries of `tls`, and the hosts of all rules.
fn tls(ingress: Object<'_>) -> (Vec<Node<'_>>, Vec<(Node<'_>, &str)>) {
    let spec = ingress.node.field("spec");
    let entries = spec.into_iter().flat_map(|s| s.list("tls")).collect();
    let rules = spec.into_iter().flat_map(|s| s.list("rules"));
    let hosts = rules
        .filter_map(|r| r.field("host"))
        .filter_map(|h| Some((h, h.as_str()?)));
    (
        entries,
        hosts
            .filter(|(_, h)| !h.is_empty() && !is_unresolved(h))
            .collect(),
    )
}

/// Names of hosts in lower case, wildcards among them.
struct Hosts(HashSet<String>);

impl Hosts {
    fn of<'d>(hosts: impl IntoIterator<Item = &'d str>) -> Self {
        Self(hosts.into_iter().map(str::to_ascii_lowercase).collect())
    }

    /// Whether one of them is that host, or a wildcard for it: for exactly one label.
    fn cover(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let wildcard = || domain(&host).map(|domain| format!("*.{domain}"));
        self.0.contains(&host) || wildcard().is_some_and(|wildcard| self.0.contains(&wildcard))
    }
}

/// The domain after the first label of a host.
fn domain(host: &str) -> Option<&str> {
    let (label, domain) = host.split_once('.')?;
    (!label.is_empty()).then_some(domain)
}

pub(in crate::rules) fn ingress_host_not_covered(ingress: Object<'_>, cx: &mut Cx<'_>) {
    let (entries, hosts) = tls(ingress);
    let mut covered = Vec::new();
    for entry in &entries {
        let hosts = entry.list("hosts").filter_map(Node::as_str);
        // An entry without hosts is for all; a placeholder may be for any.
        if hosts.clone().next().is_none() || hosts.clone().any(is_unresolved) {
            return;
        }
        covered.extend(hosts);
    }
    let covered = Hosts::of(covered);
    for (node, host) in hosts.into_iter().filter(|_| !entries.is_empty()) {
        if !covered.cover(host) {
            cx.report(node, format!("no entry of `tls` lists host `{host}`, so it is served over plain HTTP or with the wrong certificate"));
        }
    }
}

pub(in crate::rules) fn ingress_tls_host_unused(ingress: Object<'_>, cx: &mut Cx<'_>) {
    let (entries, hosts) = tls(ingress);
    if hosts.is_empty() {
        return;
    }
    let domains = Hosts::of(hosts.iter().filter_map(|(_, host)| domain(host)));
    let served = Hosts::of(hosts.iter().map(|(_, host)| *host));
    for node in entries.into_iter().flat_map(|e| e.list("hosts")) {
        let Some(host) = node.as_str().filter(|h| !is_unresolved(h)) else {
            continue;
        };
        let lower = host.to_ascii_lowercase();
        let of_wildcard = lower
            .strip_prefix("*.")
            .is_some_and(|d| domains.0.contains(d));
        if !of_wildcard && !served.cover(host) {
            cx.report(
                node,
                format!(
                    "`tls` lists host `{host}`, but no rule serves it, so its certificate is unused"
                ),
            );
        }
    }
}

fn annotation<'d>(object: Object<'d>, name: &str) -> Option<(Node<'d>, &'d str)> {
    let node = object.metadata("annotations")?.field(name)?;
    Some((node, node.text()?))
}

pub(in crate::rules) fn ingress_plain_http_allowed(ingress: Object<'_>, cx: &mut Cx<'_>) {
    let find = |name: &str| annotation(ingress, name);
    let is = |wanted: bool, value: &str| parse_bool(value) == Some(wanted);
    let nginx = |name: &str| find(&format!("{NGINX}{name}"));
    let forced = nginx("force-ssl-redirect").is_some_and(|(_, v)| is(true, v));
    let off = nginx("force-ssl-redirect")
        .or_else(|| nginx("ssl-redirect"))
        .filter(|(_, v)| is(false, v));
    // `ssl-redirect: false` with a forced redirect, or `force-ssl-redirect: false` with an implied one, changes nothing.
    let off = off.or_else(|| nginx("ssl-redirect").filter(|(_, v)| is(false, v) && !forced));
    let off = off.filter(|(node, _)| {
        node.key_node()
            .and_then(Node::text)
            .is_some_and(|k| !k.contains("force"))
            || nginx("ssl-redirect").is_none_or(|(_, v)| !is(true, v))
    });
    if let Some((node, _)) = off {
        cx.report(
            node,
            "ingress-nginx serves this Ingress over plain HTTP instead of redirecting to HTTPS",
        );
    }
    if let Some((node, _)) = find("kubernetes.io/ingress.allow-http").filter(|(_, v)| is(true, v)) {
        cx.report(
            node,
            "the load balancer also serves this Ingress over plain HTTP",
        );
    }
    let redirect = [
        "alb.ingress.kubernetes.io/ssl-redirect",
        "alb.ingress.kubernetes.io/actions.ssl-redirect",
    ];
    if let Some((node, _)) = find("alb.ingress.kubernetes.io/listen-ports")
        .filter(|(_, v)| v.contains("\"HTTP\"") && v.contains("\"HTTPS\""))
        && redirect.iter().all(|name| find(name).is_none())
    {
        cx.report(
            node,
            "the load balancer also serves this Ingress over plain HTTP and does not redirect to HTTPS",
        );
    }
    let tls =
        find("traefik.ingress.kubernetes.io/router.tls").is_some() || !tls(ingress).0.is_empty();
    if let Some((node, _)) = find("traefik.ingress.kubernetes.io/router.entrypoints")
        .filter(|(_, v)| v.trim() == "web" && tls)
    {
        cx.report(
            node,
            "Traefik serves this Ingress only on entry point `web`, so TLS has no effect",
        );
    }
}

pub(in crate::rules) fn loadbalancer_without_certificate(service: Object<'_>, cx: &mut Cx<'_>) {
    const AWS: &str = "service.beta.kubernetes.io/aws-load-balancer-";
    let Some(spec) = service
        .node
        .field("spec")
        .filter(|s| s.field("type").and_then(Node::as_str) == Some("LoadBalancer"))
    else {
        return;
    };
    let Some(annotations) = service.metadata("annotations") else {
        return;
    };
    let names: Vec<_> = annotations
        .entries()
        .filter_map(|(key, _)| key.key())
        .collect();
    let aws = names.iter().any(|name| name.starts_with(AWS))
        && !names.iter().any(|name| *name == format!("{AWS}ssl-cert"));
    if aws
        && spec
            .list("ports")
            .any(|p| p.field("port").and_then(Node::as_int) == Some(443))
    {
        cx.missing(annotations.lacking(), "the load balancer listens on 443 without a certificate, so traffic is encrypted only if the pods terminate TLS");
    }
}
