//! Which documents are Kubernetes' business, and which texts hide further documents.

use super::kustomize;
use crate::component::{
    CLOUD_INIT, ETCD, K3S, KIND_PATCHES, KUBESPRAY, RKE2, TALOS, UNIT, json_patch, mentions_k3s,
    reads_as_k3s, reads_as_kubespray,
};
use crate::component::{PEM, bootstrap::files, is_config};
use crate::kube::{Completeness, Gvk, Object};
use crate::yaml::{self, Document, Format, Node, NodeKind, Split, Style, items};
use memchr::memmem;
use std::collections::HashSet;

/// How a file is read, by its name; `None` for one that is none of ours.
pub fn format_of(path: &str) -> Option<Format> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let parent = folder.rsplit('/').next().unwrap_or(folder);
    let extension = name.rsplit_once('.').map_or("", |(_, e)| e);
    let is = |ours: &str| extension.eq_ignore_ascii_case(ours);
    if is("yaml") || is("yml") || is("json") {
        return Some(Format::Yaml);
    }
    let program = |name: &str| name.starts_with("kube") || matches!(name, "etcd" | "k3s" | "rke2");
    match name {
        "admin.conf"
        | "super-admin.conf"
        | "controller-manager.conf"
        | "scheduler.conf"
        | "kubelet.conf"
        | "bootstrap-kubelet.conf"
        | "kubeconfig"
        | "Kustomization" => Some(Format::Yaml),
        "config" if parent == ".kube" => Some(Format::Yaml),
        "etcd.env" | "etcd.conf" | "kubelet.env" | "kubeadm-flags.env" => Some(Format::Unit),
        _ if is("kubeconfig") || is("conf") && parent == "kubelet.conf.d" => Some(Format::Yaml),
        _ if name.ends_with(".service.env") => Some(Format::Unit),
        _ if is("service") || is("conf") && parent.ends_with(".service.d") => Some(Format::Unit),
        _ if (is("key") || is("pem") || is("crt")) && of_cluster(folder, name) => Some(Format::Pem),
        _ if matches!(parent, "default" | "sysconfig") && program(name) => Some(Format::Unit),
        _ if parent == "args" && program(name) => Some(Format::Arguments),
        _ => None,
    }
}

/// Whether a file of keys is a cluster's, by the names that its programs give them: others are somebody else's, mostly of tests.
fn of_cluster(folder: &str, name: &str) -> bool {
    const NAMES: [&str; 7] = [
        "sa.",
        "front-proxy-",
        "apiserver",
        "kube-",
        "kubelet",
        "kubernetes",
        "etcd",
    ];
    let parts = || folder.split('/');
    let tests = parts().any(|part| part.starts_with("test") || part.contains("fixture"));
    let within = parts().any(|part| matches!(part, "pki" | "etcd" | "kubernetes"));
    !tests && (within || NAMES.iter().any(|start| name.starts_with(start)))
}

/// The chunks of a file.
pub fn chunks(path: &str, text: &str) -> Split {
    match format_of(path) {
        Some(format @ (Format::Unit | Format::Arguments | Format::Pem)) => {
            yaml::whole(text, format)
        }
        _ => yaml::split(text),
    }
}

/// Whether the text may hold a document of ours; where not, it need not be parsed.
pub fn may_contain_manifest(path: &str, text: &str) -> bool {
    let has = |word: &str| memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    match format_of(path) {
        // Its name tells.
        Some(Format::Arguments) => has("--"),
        Some(Format::Pem) => has("-----BEGIN "),
        Some(Format::Unit) => {
            const PROGRAMS: [&str; 9] = [
                "kube", "etcd", "ETCD_", "KUBE", "k3s", "rke2", "k0s", "K3S_", "RKE2_",
            ];
            PROGRAMS.into_iter().any(has)
        }
        _ => {
            let words = ["apiVersion", "kind", "metadata"].into_iter();
            words.filter(|word| has(word)).count() >= 2
                || in_inventory(path)
                || has("v1alpha1") && (has("machine") || has("cluster"))
                || has("trustdinfo")
                || has("contexts") && has("crt")
                || ETCD_KEYS.into_iter().filter(|key| has(key)).count() >= 2
                || mentions_k3s(has)
                || in_rancher(path)
                || text.trim_start().starts_with(USER_DATA)
                || file_name(path) == CHART
                || kustomize::Repository::is_kustomization(file_name(path))
                || may_spell(text)
        }
    }
}

/// Whether escapes or tags may make words of a text that it does not show: `"\x6bind"`, a line that is continued, `!!binary`.
pub(super) fn may_spell(text: &str) -> bool {
    let bytes = text.as_bytes();
    let escape = |at: usize| {
        matches!(
            bytes.get(at + 1),
            Some(b'x' | b'u' | b'U' | b'\n' | b'\r' | 0x80..)
        )
    };
    memchr::memchr_iter(b'\\', bytes).any(escape)
        || ["!!", "!<", "%TAG"]
            .iter()
            .any(|tag| memmem::find(bytes, tag.as_bytes()).is_some())
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn in_inventory(path: &str) -> bool {
    path.contains("group_vars/") || path.contains("host_vars/")
}

fn in_rancher(path: &str) -> bool {
    path.contains("rancher/k3s/") || path.contains("rancher/rke2/")
}

/// Whether a text that cannot be parsed was meant as a document of ours: both keys at the start of a line, or as JSON keys.
pub fn looks_like_manifest(text: &str) -> bool {
    ["apiVersion", "kind"].into_iter().all(|key| {
        memmem::find_iter(text.as_bytes(), key.as_bytes()).any(|at| {
            let (before, after) = (
                text.get(..at).unwrap_or_default(),
                text.get(at + key.len()..).unwrap_or_default(),
            );
            let json = before.ends_with('"')
                && after.starts_with('"')
                && after
                    .get(1..)
                    .is_some_and(|a| a.trim_start().starts_with(':'));
            let line = (before.is_empty() || before.ends_with(['\n', '\r', '\u{FEFF}']))
                && after.trim_start_matches([' ', '\t']).starts_with(':');
            json || line
        })
    })
}

/// What Helm calls the file about a chart.
const CHART: &str = "Chart.yaml";

/// Keys of etcd's configuration: two of them tell that a file is one.
const ETCD_KEYS: [&str; 6] = [
    "listen-client-urls",
    "listen-peer-urls",
    "initial-cluster",
    "client-transport-security",
    "peer-transport-security",
    "data-dir",
];

/// A configuration that has no kind, told by what stands in it and where its file lies.
fn kindless<'d>(root: Node<'d>, format: Format, path: &str) -> Option<Object<'d>> {
    match format {
        Format::Unit | Format::Arguments => return Some(Object::named(root, UNIT, "Unit")),
        Format::Pem => return Some(Object::named(root, PEM, "Keys")),
        Format::Yaml | Format::Json | Format::NotJson => {}
    }
    if root.kind() != NodeKind::Map {
        return json_patch(root, path);
    }
    if root.document().text.trim_start().starts_with(USER_DATA) {
        return Some(Object::named(root, CLOUD_INIT, "CloudConfig"));
    }
    let name = file_name(path);
    if kustomize::Repository::is_kustomization(name) {
        let (group, kind) = ("kustomize.config.k8s.io", "Kustomization");
        return Some(Object::named(root, group, kind));
    }
    if name == CHART {
        let version = root.get("apiVersion")?.as_str()?;
        let (group, kind) = ("", "Chart");
        let gvk = Gvk {
            group,
            version,
            kind,
        };
        return Some(Object { node: root, gvk });
    }
    if let Some(kind) = root.get("kind") {
        // A patch of kind's may leave out the apiVersion.
        let (group, kind) = match kind.as_str()? {
            "ClusterConfiguration" => ("kubeadm.k8s.io", "ClusterConfiguration"),
            "InitConfiguration" => ("kubeadm.k8s.io", "InitConfiguration"),
            "JoinConfiguration" => ("kubeadm.k8s.io", "JoinConfiguration"),
            "KubeletConfiguration" => ("kubelet.config.k8s.io", "KubeletConfiguration"),
            "KubeProxyConfiguration" => ("kubeproxy.config.k8s.io", "KubeProxyConfiguration"),
            _ => return None,
        };
        return Some(Object::named(root, group, kind));
    }
    let has = |key: &str| root.field(key).is_some();
    let is_map = |key: &str| root.field(key).is_some_and(|n| n.kind() == NodeKind::Map);
    if root.field("version").and_then(Node::as_str) == Some("v1alpha1")
        && (is_map("machine") || is_map("cluster"))
    {
        return Some(Object::named(root, TALOS, "MachineConfig"));
    }
    if is_map("contexts") && has("context") && !has("clusters") {
        return Some(Object::named(root, TALOS, "Talosconfig"));
    }
    if has("trustdinfo") && is_map("certs") {
        return Some(Object::named(root, TALOS, "SecretsBundle"));
    }
    if ETCD_KEYS.into_iter().filter(|key| has(key)).count() >= 2 {
        return Some(Object::named(root, ETCD, "Configuration"));
    }
    if in_rancher(path) && path.ends_with("registries.yaml") {
        return Some(Object::named(root, K3S, "Registries"));
    }
    if in_rancher(path) || reads_as_k3s(root) {
        let rke2 = path.contains("rke2");
        let kind = if rke2 { RKE2 } else { "Configuration" };
        return Some(Object::named(root, K3S, kind));
    }
    (in_inventory(path) && reads_as_kubespray(root))
        .then(|| Object::named(root, KUBESPRAY, "Variables"))
}

/// The objects of a document, items of a List one by one. Items of a typed list may leave their kind to the list.
pub fn objects<'d>(document: &'d Document<'d>, path: &str) -> Vec<Object<'d>> {
    let root = document.root();
    let Some(object) = Object::of(root) else {
        let found = kindless(root, document.format, path);
        return found.into_iter().flat_map(with_embedded).collect();
    };
    let Some(kind) = object.gvk.kind.strip_suffix("List") else {
        return with_embedded(object);
    };
    match object.node.get("items") {
        Some(items) if items.kind() == NodeKind::Seq => {
            let typed = |node| {
                (!kind.is_empty()).then_some(Object {
                    node,
                    gvk: Gvk { kind, ..object.gvk },
                })
            };
            items
                .items()
                .filter_map(|item| Object::of(item).or_else(|| typed(item)))
                .collect()
        }
        _ => vec![object],
    }
}

/// An object and the objects that stand in it as maps: what Talos hands on to the API server, and its static pods.
fn with_embedded(object: Object<'_>) -> Vec<Object<'_>> {
    let root = object.node;
    let mut found = vec![object];
    match (object.gvk.group, object.gvk.kind) {
        (TALOS, _) => {
            let server = root.at(&["cluster", "apiServer"]);
            let plugins = items(server.and_then(|s| s.field("admissionControl")));
            let plugins = plugins.filter_map(|plugin| plugin.field("configuration"));
            let policy = server.and_then(|s| s.field("auditPolicy"));
            let pods = items(root.at(&["machine", "pods"]));
            let maps = plugins.chain(policy).chain(pods);
            found.extend(maps.filter_map(Object::of));
        }
        ("", "KubeEtcdEncryptionConfig") => {
            let kind = "EncryptionConfiguration";
            let named = |node| Object::named(node, "apiserver.config.k8s.io", kind);
            found.extend(root.field("config").map(named));
        }
        ("", kind) if kind.starts_with("Kube") && object.gvk.version == "v1alpha1" => {
            let maps = ["configuration", "pod"].into_iter();
            found.extend(maps.filter_map(|key| Object::of(root.field(key)?)));
        }
        _ => {}
    }
    found
}

/// Where a document stands that is looked at.
#[derive(Clone, Copy)]
pub struct DocumentContext<'d> {
    /// Path of the file that holds it; of a nested one the file that its scalar becomes, or its key.
    pub path: &'d str,
    /// How much of itself it shows.
    pub completeness: Completeness,
    /// Whether all objects in it count, and not only configurations: what is written to a node, not somebody's data.
    pub counts: bool,
    /// Through how many scalars.
    pub depth: usize,
}

/// The scalars of an object that hold documents: values of a ConfigMap and of a Secret's `stringData`, files that Cluster API and
/// Talos write to nodes, kind's patches.
pub fn nested_texts<'d>(object: Object<'d>, depth: usize) -> Vec<(Node<'d>, DocumentContext<'d>)> {
    let root = object.node;
    let values = |map: Option<Node<'d>>| {
        let pairs = map.into_iter().flat_map(Node::entries);
        pairs.map(|(key, value)| (key.text().unwrap_or_default(), value))
    };
    let (mut completeness, mut counts) = (Completeness::Complete, true);
    let nodes: Vec<(&'d str, Node<'d>)> = match (object.gvk.group, object.gvk.kind) {
        ("", "ConfigMap") => {
            counts = false;
            values(root.field("data")).collect()
        }
        ("", "Secret") => {
            counts = false;
            values(root.field("stringData")).collect()
        }
        ("kind.x-k8s.io", "Cluster") => {
            completeness = Completeness::Partial;
            let nodes = root.list("nodes").map(|n| n.field(KIND_PATCHES));
            let lists = [root.field(KIND_PATCHES)].into_iter().chain(nodes);
            let patches = lists.flat_map(items).map(|patch| (KIND_PATCHES, patch));
            // A list of operations; its path is what it patches.
            let nodes = root.list("nodes").map(|n| n.field(KIND_JSON_PATCHES));
            let lists = [root.field(KIND_JSON_PATCHES)].into_iter().chain(nodes);
            let of_kind = lists
                .flat_map(items)
                .filter_map(|patch| Some((patch.field("kind")?.as_str()?, patch.field("patch")?)));
            patches.chain(of_kind).collect()
        }
        ("k3d.io", "Simple") => {
            let registries = root.at(&["registries", "config"]).into_iter();
            registries.map(|node| (K3D_REGISTRIES, node)).collect()
        }
        ("", "KubeInlineManifestConfig") => {
            let manifest = root.field("manifest").into_iter();
            manifest.map(|node| ("", node)).collect()
        }
        (TALOS, _) => {
            let manifests = items(root.at(&["cluster", "inlineManifests"]));
            manifests
                .filter_map(|m| Some(("", m.field("contents")?)))
                .collect()
        }
        _ => Vec::new(),
    };
    let written = files(object)
        .into_iter()
        .filter_map(|f| Some((f.path, f.content?)));
    let user_data = user_data(object).into_iter();
    let mut seen = HashSet::new();
    nodes
        .into_iter()
        .chain(written)
        .chain(user_data.map(|node| ("user-data", node)))
        .filter(|(_, value)| value.style() != Style::Plain && value.as_str().is_some())
        // Keys are seen where they are written.
        .filter(|(path, _)| format_of(path) != Some(Format::Pem))
        .filter(|(_, value)| seen.insert(value.id()))
        .map(|(path, node)| {
            let within = DocumentContext {
                path,
                completeness,
                counts,
                depth: depth + 1,
            };
            (node, within)
        })
        .collect()
}

/// The key of kind's lists of operations.
const KIND_JSON_PATCHES: &str = "kubeadmConfigPatchesJSON6902";

/// The file that k3d makes of what it is told of registries.
const K3D_REGISTRIES: &str = "etc/rancher/k3s/registries.yaml";

/// The first line of cloud-init's user data.
const USER_DATA: &str = "#cloud-config";

/// Scalars that hold cloud-init's user data: of a virtual machine, of a machine pool, of a Secret ...
fn user_data(object: Object<'_>) -> Vec<Node<'_>> {
    let text = object.node.span().text(object.node.document().text);
    if memmem::find(text.as_bytes(), USER_DATA.as_bytes()).is_none() && !may_spell(text) {
        return Vec::new();
    }
    let holds = |n: &Node<'_>| n.as_str().is_some_and(|t| t.starts_with(USER_DATA));
    let scalars = object.node.within().filter(|n| !n.is_alias());
    scalars.filter(holds).collect()
}

/// Documents inside of a scalar that are more than somebody's data.
pub fn counts_when_nested(object: Object<'_>) -> bool {
    is_config(object.gvk.group)
        || object.gvk.group.is_empty()
            && matches!(object.gvk.kind, "ConfigMap" | "Secret" | "List" | "Config")
}
