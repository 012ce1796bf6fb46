//! Which way the API server's connections take (pkg/server/egressselector).

use super::{empty, is_open, lacks, later_key};
use crate::schema::cross_field::duplicate;
use crate::schema::cross_field::{conflict, key_of, text};
use crate::schema::validator::Validator;
use crate::yaml::Node;
use std::collections::HashMap;

const NAMES: [&str; 3] = ["controlplane", "cluster", "etcd"];
const PROTOCOLS: [&str; 3] = ["Direct", "HTTPConnect", "GRPC"];

pub(in crate::schema) fn names<'d>(v: &mut Validator<'d>, root: Node<'d>) {
    let mut seen: HashMap<String, Node<'d>> = HashMap::new();
    for selection in root.list("egressSelections") {
        let Some(name) = selection
            .field("name")
            .filter(|name| !is_open(*name) && name.text() != Some(""))
        else {
            continue;
        };
        // `master` is the old name of one.
        let lower = match name.text().unwrap_or_default() {
            "master" => "controlplane".to_owned(),
            text => text.to_lowercase(),
        };
        if !NAMES.contains(&&*lower) {
            v.not_one_of(name, "name", &NAMES);
        } else if let Some(first) = seen.get(&lower) {
            let message = format!("`{lower}` is used twice, so the API server rejects the file");
            let first = *first;
            duplicate(v, name, first, message);
        } else {
            seen.insert(lower, name);
        }
    }
}

pub(in crate::schema) fn selection<'d>(v: &mut Validator<'d>, map: Node<'d>) {
    let Some(connection) = map.field("connection") else {
        return;
    };
    let Some(protocol) = connection
        .field("proxyProtocol")
        .filter(|p| p.text() != Some(""))
    else {
        lacks(v, connection, "proxyProtocol");
        return;
    };
    if is_open(protocol) {
        return;
    }
    let protocol_name = protocol.text().unwrap_or_default();
    let transport = connection.field("transport");
    match (protocol_name, transport) {
        ("Direct", Some(_)) => conflict(
            v,
            key_of(connection, "transport"),
            "`transport` is not allowed with `proxyProtocol: Direct`",
        ),
        ("Direct", None) => {}
        ("HTTPConnect" | "GRPC", None) => lacks(v, connection, "transport"),
        ("HTTPConnect", Some(transport)) => http_connect(v, transport),
        ("GRPC", Some(transport)) => match (transport.field("uds"), transport.field("tcp")) {
            (Some(uds), _) => socket(v, uds),
            (None, Some(_)) => conflict(
                v,
                protocol,
                "`proxyProtocol: GRPC` requires a socket in `uds`, but `transport` has `tcp`",
            ),
            (None, None) => lacks(v, transport, "uds"),
        },
        _ => v.not_one_of(protocol, "proxyProtocol", &PROTOCOLS),
    }
}

fn http_connect<'d>(v: &mut Validator<'d>, transport: Node<'d>) {
    match (transport.field("tcp"), transport.field("uds")) {
        (Some(_), Some(_)) => {
            let later = later_key(transport, "tcp", "uds");
            conflict(v, later, "`tcp` and `uds` cannot both be set");
        }
        (None, None) => lacks(v, transport, "tcp` or `uds"),
        (None, Some(uds)) => socket(v, uds),
        (Some(tcp), None) => address(v, tcp),
    }
}

fn socket<'d>(v: &mut Validator<'d>, uds: Node<'d>) {
    if empty(uds, "udsName") {
        lacks(v, uds, "udsName");
    }
}

fn address<'d>(v: &mut Validator<'d>, tcp: Node<'d>) {
    let url = text(tcp, "url").unwrap_or_default();
    let tls = tcp.field("tlsConfig");
    match tcp.field("url") {
        None => lacks(v, tcp, "url"),
        Some(node) if is_open(node) => {}
        Some(_) if url.is_empty() => lacks(v, tcp, "url"),
        Some(_) if url.starts_with("http://") => {
            if tls.is_some() {
                conflict(
                    v,
                    key_of(tcp, "tlsConfig"),
                    "`tlsConfig` is allowed only with an https `url`",
                );
            }
        }
        Some(_) if url.starts_with("https://") => match tls {
            None => lacks(v, tcp, "tlsConfig"),
            Some(tls) => {
                for key in ["clientCert", "clientKey"]
                    .into_iter()
                    .filter(|key| empty(tls, key))
                {
                    lacks(v, tls, key);
                }
            }
        },
        Some(node) => _ = v.refused(node, "url", "an http:// or https:// URL"),
    }
}
