//! Ports of a pod's containers on its node, which each can be taken once.

use super::cross_field::{conflict, set, text};
use super::validator::Validator;
use crate::ids;
use crate::yaml::Node;
use std::collections::HashSet;

/// Checks the ports that the containers of a pod take on its node.
pub(super) fn check<'d>(v: &mut Validator<'d>, spec: Node<'d>) {
    let shared = set(spec, "hostNetwork").is_some();
    let of_pod = v.is_part_of("Pod", 1);
    let mut taken: HashSet<(&str, &str, i64)> = HashSet::new();
    for port in spec.list("containers").flat_map(|c| c.list("ports")) {
        let number = |key: &str| {
            port.field(key)
                .filter(|n| n.as_int().is_some_and(|n| n != 0))
        };
        let (inside, given) = (number("containerPort"), number("hostPort"));
        if let Some((given, inside)) = given.zip(inside).filter(|_| shared)
            && given.as_int() != inside.as_int()
        {
            let message =
                "with `hostNetwork: true`, `hostPort` must be the same as `containerPort`";
            conflict(v, given, message);
        }
        // In the network of its node, a port of a pod is one of the node.
        let Some(at) = given.or_else(|| inside.filter(|_| shared && of_pod)) else {
            continue;
        };
        let protocol = text(port, "protocol")
            .filter(|p| !p.is_empty())
            .unwrap_or("TCP");
        let address = text(port, "hostIP").unwrap_or_default();
        let number = at.as_int().unwrap_or_default();
        if !taken.insert((protocol, address, number)) {
            let message = format!("port {number} of the node is taken twice");
            v.add(ids::schema::DUPLICATE_ITEM, at, message, None);
        }
    }
}
