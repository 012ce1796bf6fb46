//! What a machine gets when it is made: files that are written to it, and commands that it runs.

use super::kubeadm_parts::carried;
use super::{CLOUD_INIT, TALOS, patched_files};
use crate::kube::Object;
use crate::yaml::{Node, items};

/// A file that is written to a machine.
#[derive(Clone, Copy)]
pub struct File<'d> {
    /// Its entry.
    pub entry: Node<'d>,
    /// Its path there; may be empty.
    pub path: &'d str,
    /// What it holds, where that is written here.
    pub content: Option<Node<'d>>,
    /// Its permissions.
    pub mode: Option<Node<'d>>,
    /// Its owner.
    pub owner: Option<Node<'d>>,
}

impl<'d> File<'d> {
    fn of(entry: Node<'d>, mode: &str) -> Self {
        let path = entry.field("path").and_then(Node::as_str);
        Self {
            entry,
            path: path.unwrap_or_default(),
            content: entry.field("content"),
            mode: entry.field(mode),
            owner: entry.field("owner"),
        }
    }
}

/// The files that an object has written: those of Cluster API, Talos, kops and cloud-init.
pub fn files(object: Object<'_>) -> Vec<File<'_>> {
    let root = object.node;
    let (list, mode) = match (object.gvk.group, object.gvk.kind) {
        ("controlplane.cluster.x-k8s.io" | "bootstrap.cluster.x-k8s.io", _) => (
            carried(object).and_then(|c| c.field("files")),
            "permissions",
        ),
        (TALOS, _) => (root.at(&["machine", "files"]), "permissions"),
        ("kops.k8s.io" | "kops", _) => (root.at(&["spec", "fileAssets"]), "mode"),
        (CLOUD_INIT, _) => (root.field("write_files"), "permissions"),
        ("cluster.x-k8s.io", "ClusterClass") => (None, "permissions"),
        _ => return Vec::new(),
    };
    let patched = match object.gvk.kind {
        "ClusterClass" => patched_files(object),
        _ => Vec::new(),
    };
    let entries = items(list).chain(patched);
    entries.map(|entry| File::of(entry, mode)).collect()
}

/// The commands that an object has run: a text each, or a list of words.
pub fn commands(object: Object<'_>) -> Vec<Node<'_>> {
    let lists = match (object.gvk.group, object.gvk.kind) {
        ("controlplane.cluster.x-k8s.io" | "bootstrap.cluster.x-k8s.io", _) => {
            let config = carried(object);
            ["preKubeadmCommands", "postKubeadmCommands"].map(|key| config?.field(key))
        }
        (CLOUD_INIT, _) => ["bootcmd", "runcmd"].map(|key| object.node.field(key)),
        _ => return Vec::new(),
    };
    lists.into_iter().flat_map(items).collect()
}
