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
        || folder == "/"
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
}

fn lies_in_any(path: &str, folders: &[Text]) -> bool {
    folders.iter().any(|folder| lies_in(path, folder))
}

/// The content of directories of a node.
const NODE_FOLDERS: [(&[&str], &str); 10] = [
    (&["/boot"], "the node's kernel"),
    (&["/dev"], "the node's disks and other devices"),
    (
        &["/etc"],
        "the node's user accounts, configuration and cluster credentials",
    ),
    (
        &["/bin", "/lib", "/lib64", "/sbin", "/usr"],
        "programs that the node runs as root",
    ),
    (&["/home", "/root"], "files and keys of the node's users"),
    (&["/proc"], "the node's processes and kernel settings"),
    (&["/sys"], "the node's devices and kernel settings"),
    (
        &["/var/lib/containerd", "/var/lib/docker"],
        "the files of all containers on the node",
    ),
    (&["/var/lib/etcd"], "all data of the cluster"),
    (
        &["/var/lib/kubelet"],
        "the kubelet's credentials and the Secrets of all pods on the node",
    ),
];

/// The content of a directory of a node, which can be one from the user's configuration.
fn kept(folder: &str) -> &'static str {
    let known = NODE_FOLDERS
        .iter()
        .find(|(folders, _)| folders.contains(&folder));
    match known {
        Some((_, what)) => what,
        None if lies_in(folder, "/run") => "sockets and secrets of the node's services",
        None => "files that pods must not access",
    }
}

/// A path with `/var/run` replaced by `/run`, which it links to.
fn linked(path: &str) -> String {
    match path.strip_prefix("/var/run") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("/run{rest}"),
        _ => path.to_owned(),
    }
}

fn is_read_only(mount: Node<'_>) -> bool {
    mount.field("readOnly").and_then(Node::as_bool) == Some(true)
}

pub(super) fn sensitive_host_path(pod: PodSpec<'_>, cx: &mut Cx<'_>) {
    let (sensitive, allowed) = (cx.param("sensitive-paths"), cx.param("allowed-paths"));
    let mut mounts = None;
    for volume in pod.volumes() {
        let Some((node, path)) = host_path(volume) else {
            continue;
        };
        let real = linked(&path);
        // A mount of a parent directory includes the sensitive one.
        let within = |folder: &&Text| lies_in(&real, folder) || lies_in(folder, &real);
        let found = sensitive.iter().find(within);
        let Some(folder) = found.filter(|_| !lies_in_any(&real, allowed)) else {
            continue;
        };
        let mounts = mounts.get_or_insert_with(|| pod.mounts());
        let mounts = mounts.of(name(volume));
        let read_only = !mounts.is_empty() && mounts.iter().all(|(_, mount)| is_read_only(*mount));
        let volume = name(volume);
        let message = if path == "/" {
            format!("volume \"{volume}\" mounts `/`, so the pod can access every file of the node")
        } else {
            let kept = kept(folder);
            format!("volume \"{volume}\" mounts `{path}` of the node, so the pod can access {kept}")
        };
        let draft = cx.report(node, message);
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
        let real = linked(&path);
        // A mount of a parent directory includes the socket, but the socket of a snap does not make all of /var one.
        let far_above = matches!(real.as_str(), "/" | "/var");
        if !far_above && sockets.iter().any(|socket| lies_in(&linked(socket), &real)) {
            cx.report(node, format!("volume \"{}\" mounts `{path}` of the node, so the pod can control the container runtime, which is root access to the node", name(volume)));
        }
    }
}

pub(super) fn writable_host_path(pod: PodSpec<'_>, cx: &mut Cx<'_>) {
    let mut mounts = None;
    for volume in pod.volumes() {
        let Some((_, path)) = host_path(volume) else {
            continue;
        };
        let mounts = mounts.get_or_insert_with(|| pod.mounts());
        let mounts = mounts.of(name(volume)).iter();
        for (container, mount) in mounts.filter(|(_, mount)| !is_read_only(*mount)) {
            let at = mount
                .field("readOnly")
                .or_else(|| mount.field("name"))
                .unwrap_or(*mount);
            cx.report_about(
                volume,
                at,
                format!(
                    "container \"{}\" can write to `{path}` on the node, where files remain after the pod is deleted",
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
                cx.report(key, format!("volume \"{}\" has type `{kind}`, which the restricted level of Pod Security rejects", name(volume)));
            }
        }
    }
}
