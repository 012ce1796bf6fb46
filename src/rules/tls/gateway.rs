//! Gateways, meshes and proxies.

use crate::check::Cx;
use crate::kube::Object;
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
        // With HTTPS for the same host, it redirects or serves ACME challenges.
        let own = host(listener);
        if own.is_empty() && !secure.is_empty() || secure.iter().any(|s| s.is_empty() || *s == own)
        {
            continue;
        }
        cx.report(
            protocol,
            format!(
                "listener \"{}\" serves plain HTTP and no listener serves HTTPS for its host, so traffic is not encrypted",
                self::listener(listener)
            ),
        );
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
                "this server accepts plain HTTP and does not redirect to HTTPS, so traffic is not encrypted",
            );
        }
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
                format!("`{old}` allows TLS below 1.2, so connections can use a version with known weaknesses"),
            );
        }
    }
}
