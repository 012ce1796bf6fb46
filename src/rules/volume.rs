//! Volumes of pods.

use crate::check::Cx;
use crate::kube::PodSpec;
use crate::model::{Severity, Text};
use crate::yaml::Node;

fn name(volume: Node<'_>) -> &str {
    volume
        .field("name")
        .and_then(Node::as_str)
        .unwrap_or("without a name")
}

/// The path of a hostPath volume, cleaned: no `//`, `.`, `..` or slash at the end.
fn host_path(volume: Node<'_>) -> Option<(Node<'_>, String)> {
    let node = volume.at(&["hostPath", "path"])?;
    let mut parts = Vec::new();
    for part in node.as_str()?.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    Some((node, format!("/{}", parts.join("/"))))
}

fn lies_in(path: &str, folder: &str) -> bool {
    path == folder
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
}

fn lies_in_any(path: &str, folders: &[Text]) -> bool {
    folders.iter().any(|folder| lies_in(path, folder))
}

fn is_read_only(mount: Node<'_>) -> bool {
    mount.field("readOnly").and_then(Node::as_bool) == Some(true)
}

pub(super) fn sensitive_host_path(pod: PodSpec<'_>, cx: &mut Cx<'_>) {
    let (sensitive, allowed) = (cx.param("sensitive-paths"), cx.param("allowed-paths"));
    for volume in pod.volumes() {
        let Some((node, path)) = host_path(volume) else {
            continue;
        };
        if (path != "/" && !lies_in_any(&path, sensitive)) || lies_in_any(&path, allowed) {
            continue;
        }
        let mut mounts = pod.mounts(name(volume)).peekable();
        let read_only = mounts.peek().is_some() && mounts.all(|(_, mount)| is_read_only(mount));
        let draft = cx.report(node, format!("volume \"{}\" gives the pod {path} of the node: enough to take it over or to read its secrets", name(volume)));
        if read_only && path != "/" {
            draft.severity(Severity::High);
        }
    }
}

pub(super) fn container_runtime_socket(pod: PodSpec<'_>, cx: &mut Cx<'_>) {
    let sockets = cx.param("socket-paths");
    for volume in pod.volumes() {
        let Some((node, path)) = host_path(volume) else {
            continue;
        };
        // /var/run is a link to /run; a folder above the socket brings the socket along.
        let real = path
            .strip_prefix("/var/run")
            .map_or(path.clone(), |rest| format!("/run{rest}"));
        if real != "/" && sockets.iter().any(|socket| lies_in(socket, &real)) {
            cx.report(node, format!("volume \"{}\" hands {path} to the pod: whoever talks to the container runtime is root on the node", name(volume)));
        }
    }
}

pub(super) fn writable_host_path(pod: PodSpec<'_>, cx: &mut Cx<'_>) {
    for volume in pod.volumes() {
        let Some((_, path)) = host_path(volume) else {
            continue;
        };
        for (container, mount) in pod
            .mounts(name(volume))
            .filter(|(_, mount)| !is_read_only(*mount))
        {
            let at = mount
                .field("readOnly")
                .or_else(|| mount.field("name"))
                .unwrap_or(mount);
            cx.report_about(
                volume,
                at,
                format!(
                    "container \"{}\" may write to {path} of the node",
                    container.name()
                ),
            )
            .related(volume.field("hostPath").unwrap_or(volume), "the volume");
        }
    }
}

pub(super) fn restricted_volume_type(pod: PodSpec<'_>, cx: &mut Cx<'_>) {
    let allowed = cx.param("allowed-types");
    for volume in pod.volumes() {
        for (key, source) in volume.entries() {
            let Some(kind) = key.key().filter(|k| k != "name" && !source.is_null()) else {
                continue;
            };
            if !allowed.contains(&kind) {
                cx.report(key, format!("volume \"{}\" is of type {kind}, which the restricted level does not allow", name(volume)));
            }
        }
    }
}

pub(super) fn git_repo(pod: PodSpec<'_>, cx: &mut Cx<'_>) {
    for volume in pod.volumes() {
        if let Some((key, _)) = volume
            .pair("gitRepo")
            .filter(|(_, source)| !source.is_null())
        {
            cx.report(key, format!("volume \"{}\" has the kubelet run git, and what the repository's hooks say, on the node", name(volume)));
        }
    }
}
