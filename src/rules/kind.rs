//! Clusters on a local machine: kind and k3d.

use crate::check::Cx;
use crate::component::minor;
use crate::finding::Releases;
use crate::kube::address::is_loopback;
use crate::kube::image::Reference;
use crate::kube::{Object, is_unresolved};
use crate::model::Severity;

pub(super) fn api_server_address_public(object: Object<'_>, cx: &mut Cx<'_>) {
    const PLACES: [&[&str]; 2] = [&["networking", "apiServerAddress"], &["kubeAPI", "hostIP"]];
    for node in PLACES.iter().filter_map(|path| object.node.at(path)) {
        let address = node.as_str().unwrap_or_default().trim_matches(['[', ']']);
        if !address.is_empty() && !is_loopback(address) && !is_unresolved(address) {
            cx.report(node, format!("the API server listens on `{address}`, so other machines can reach this local test cluster"));
        }
    }
}

pub(super) fn host_mount_sensitive(object: Object<'_>, cx: &mut Cx<'_>) {
    const FOLDERS: [&str; 6] = ["", "/etc", "/root", "/home", "/var/run", "/run"];
    let mounts = object
        .node
        .list("nodes")
        .flat_map(|node| node.list("extraMounts"));
    let of_kind = mounts.filter_map(|m| m.field("hostPath"));
    // `/path:/mount@server:0`
    let of_k3d = object
        .node
        .list("volumes")
        .filter_map(|v| v.field("volume"));
    for node in of_kind.chain(of_k3d) {
        let path = node
            .as_str()
            .unwrap_or_default()
            .split([':', '@'])
            .next()
            .unwrap_or_default();
        let folder = path.starts_with('/') && FOLDERS.contains(&path.trim_end_matches('/'));
        if folder || path.ends_with("docker.sock") || path.ends_with("containerd.sock") {
            cx.report(
                node,
                format!(
                    "`{path}` of this machine is mounted into a node, so a pod with a hostPath volume can change it"
                ),
            );
        }
    }
}

pub(super) fn node_image_eol(object: Object<'_>, cx: &mut Cx<'_>) {
    let nodes = object.node.list("nodes").filter_map(|n| n.field("image"));
    for node in nodes.chain(object.node.field("image")) {
        let image = Reference::parse(node.as_str().unwrap_or_default());
        let minor = image.tag.and_then(minor);
        if let Some(minor) = minor.filter(|m| *m + 3 < Releases::NEWEST) {
            cx.report(
                node,
                format!(
                    "Kubernetes 1.{minor} is no longer supported, so tests do not show how current clusters behave"
                ),
            );
        } else if image.tag.is_some() && image.digest.is_none() {
            cx.report(node, "the node image has no digest, so an image that was built for another release of kind can be used")
                .severity(Severity::Info);
        }
    }
}
