//! Where the machine has what a component sees: pods mount files and folders elsewhere.

use crate::yaml::Node;

/// What is mounted where a setting stands: the list of its container, or of its component in kubeadm's and Talos' configuration, and
/// the map that holds it. `None` where nothing is said of mounts.
pub fn mounts(setting: Node<'_>) -> Option<(Node<'_>, Node<'_>)> {
    let mut above = setting.parent();
    while let Some(map) = above {
        for list in ["volumeMounts", "extraVolumes"] {
            if let Some(mounts) = map.field(list) {
                return Some((mounts, map));
            }
        }
        above = map.parent();
    }
    None
}

/// The mount that is nearest to a file, and what of its path lies below.
pub fn mount_of<'d, 'p>(mounts: Node<'d>, file: &'p str) -> Option<(Node<'d>, &'p str)> {
    let below = |mount: &Node<'_>| {
        let path = mount.field("mountPath")?.as_str()?.trim_end_matches('/');
        let rest = file.strip_prefix(path)?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    };
    mounts
        .items()
        .filter_map(|mount| Some((mount, below(&mount)?)))
        .min_by_key(|(_, rest)| rest.len())
}

/// The path outside of its pod of a file that a setting names; `None` where nothing mounts it.
pub fn mounted(setting: Node<'_>, file: &str) -> Option<String> {
    let (mounts, container) = mounts(setting)?;
    let (mount, rest) = mount_of(mounts, file)?;
    let text = |field: &str| mount.field(field).and_then(Node::as_str);
    let host = text("hostPath").or_else(|| host_path(container, text("name")?));
    let base = match (host, text("subPath")) {
        (Some(host), Some(sub)) => format!("{}/{sub}", host.trim_end_matches('/')),
        (Some(host), None) => host.trim_end_matches('/').to_owned(),
        // A key of a ConfigMap or Secret.
        (None, Some(sub)) => sub.to_owned(),
        (None, None) => return None,
    };
    Some(base + rest)
}

/// The folder of the machine that a volume of the container's pod is.
fn host_path<'d>(container: Node<'d>, volume: &str) -> Option<&'d str> {
    let volumes = container.parent()?.parent()?.field("volumes")?;
    let named = |v: &Node<'_>| v.field("name").and_then(Node::as_str) == Some(volume);
    volumes
        .items()
        .find(named)?
        .at(&["hostPath", "path"])?
        .as_str()
}
