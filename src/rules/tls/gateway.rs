//! Gateways, meshes and proxies.

use crate::check::Cx;
use crate::kube::Object;
use crate::model::Severity;
use crate::yaml::{Node, items};

fn text<'d>(node: Node<'d>, path: &[&str]) -> Option<&'d str> {
    node.at(path)?.as_str()
}

fn listener(node: Node<'_>) -> &str {
    text(node, &["name"]).unwrap_or("without a name")
}

pub(in crate::rules) fn gateway_plain_http(gateway: Object<'_>, cx: &mut Cx<'_>) {
    let listeners = items(gateway.node.at(&["spec", "listeners"]));
    let host = |l: Node<'_>| text(l, &["hostname"]).unwrap_or("").to_owned();
    let secure: Vec<String> = listeners
        .clone()
        .filter(|l| matches!(text(*l, &["protocol"]), Some("HTTPS" | "TLS")))
        .map(host)
        .collect();
    for listener in listeners {
        let Some(protocol) = listener
            .field("protocol")
            .filter(|p| p.as_str() == Some("HTTP"))
        else {
            continue;
        };
        // Beside HTTPS for the same host it is there to redirect, or to prove who owns the host.
        let own = host(listener);
        if own.is_empty() && !secure.is_empty() || secure.iter().any(|s| s.is_empty() || *s == own)
        {
            continue;
        }
        cx.report(
            protocol,
            format!(
                "listener \"{}\" speaks plain HTTP, and no other one HTTPS for its host",
                self::listener(listener)
            ),
        );
    }
}

pub(in crate::rules) fn gateway_terminate_without_certificate(
    gateway: Object<'_>,
    cx: &mut Cx<'_>,
) {
    for listener in items(gateway.node.at(&["spec", "listeners"])) {
        let Some(protocol) = listener
            .field("protocol")
            .filter(|p| matches!(p.as_str(), Some("HTTPS" | "TLS")))
        else {
            continue;
        };
        let tls = listener.field("tls");
        let set = |field: &str| {
            tls.and_then(|t| t.field(field))
                .is_some_and(|n| !n.is_empty())
        };
        let passes = tls.and_then(|t| text(t, &["mode"])) == Some("Passthrough");
        if !passes && !set("certificateRefs") && !set("options") {
            let message = format!(
                "listener \"{}\" ends TLS without a certificate: the API server refuses it",
                self::listener(listener)
            );
            match tls {
                Some(tls) => cx.missing(tls.lacking(), message),
                None => cx.missing(protocol, message),
            };
        }
    }
}

pub(in crate::rules) fn istio_gateway_plain_http(gateway: Object<'_>, cx: &mut Cx<'_>) {
    let servers = items(gateway.node.at(&["spec", "servers"]));
    let hosts = |server: Node<'_>| -> Vec<String> {
        server
            .list("hosts")
            .filter_map(Node::as_str)
            .map(str::to_owned)
            .collect()
    };
    let secure: Vec<String> = servers
        .clone()
        .filter(|s| matches!(text(*s, &["port", "protocol"]), Some("HTTPS" | "TLS")))
        .flat_map(hosts)
        .collect();
    for server in servers {
        let Some(protocol) = server
            .at(&["port", "protocol"])
            .filter(|p| matches!(p.as_str(), Some("HTTP" | "HTTP2" | "GRPC")))
        else {
            continue;
        };
        let redirects = server.at(&["tls", "httpsRedirect"]).and_then(Node::as_bool) == Some(true);
        let own = hosts(server);
        let also_secure = !own.is_empty()
            && own
                .iter()
                .all(|h| secure.iter().any(|s| s == h || s == "*"));
        if !redirects && !also_secure {
            cx.report(
                protocol,
                "this server speaks plain HTTP, and does not redirect to HTTPS",
            );
        }
    }
}

pub(in crate::rules) fn istio_mtls_permissive(peers: Object<'_>, cx: &mut Cx<'_>) {
    let root = peers
        .namespace()
        .is_some_and(|ns| cx.param("root-namespaces").iter().any(|r| r == ns));
    let whole = peers.node.at(&["spec", "mtls", "mode"]);
    let ports = peers.node.at(&["spec", "portLevelMtls"]).into_iter();
    let ports = ports.flat_map(Node::entries);
    let of_ports = ports.filter_map(|(_, port)| port.field("mode"));
    for mode in whole.into_iter().chain(of_ports) {
        let (message, severity) = match mode.as_str() {
            Some("DISABLE") => ("mutual TLS is off: pods talk in plain text", Severity::High),
            Some("PERMISSIVE") if root => (
                "every pod of the mesh accepts plain text from anybody",
                Severity::Medium,
            ),
            // How a mesh is moved to STRICT, step by step.
            Some("PERMISSIVE") => ("these pods accept plain text from anybody", Severity::Info),
            _ => continue,
        };
        cx.report(mode, message).severity(severity);
    }
}

pub(in crate::rules) fn min_version_weak_other(object: Object<'_>, cx: &mut Cx<'_>) {
    const FIELDS: [&[&str]; 7] = [
        &["spec", "virtualhost", "tls", "minimumProtocolVersion"],
        &["spec", "tls", "incoming", "tlsMinVersion"],
        &["spec", "tls", "outgoing", "tlsMinVersion"],
        &["spec", "tls", "minVersion"],
        &["spec", "tlsSecurityProfile", "type"],
        &["spec", "tlsSecurityProfile", "custom", "minTLSVersion"],
        &["data", "ssl-protocols"],
    ];
    const OLD: [&str; 9] = [
        "1.0",
        "1.1",
        "TLSv1_0",
        "TLSv1_1",
        "VersionTLS10",
        "VersionTLS11",
        "Old",
        "TLSv1",
        "TLSv1.1",
    ];
    for node in FIELDS.iter().filter_map(|path| object.node.at(path)) {
        let old = node.text().and_then(|t| {
            t.split([' ', ','])
                .find(|v| OLD.contains(v) || matches!(*v, "SSLv2" | "SSLv3" | "TLSv1.0"))
        });
        if let Some(old) = old {
            cx.report(
                node,
                format!("`{old}` allows TLS below 1.2, which is broken and deprecated"),
            );
        }
    }
}
