//! Talos: the machine configuration, and since 1.14 documents of their own for the components.

use super::bootstrap::File;
use super::form::{Form, NestedText, Piece};
use super::{
    ComponentKind, Instance, InstanceContext, anchor, api_server, minor, of_networks, setting,
};
use crate::kube::image::Reference;
use crate::kube::{Completeness, Gvk, Object};
use crate::yaml::{Node, NodeKind, items};

/// The group of its files without a kind.
pub const GROUP: &str = "talos.dev";

/// The version of its machine configuration, and of its documents, which have no group.
const VERSION: &str = "v1alpha1";

/// Talos' machine configuration, and its documents since 1.14.
pub static FORM: Form = Form {
    name: "talos",
    file_groups: &[GROUP],
    object_groups: &[""],
    claims: |gvk| gvk.group == GROUP || gvk.version == VERSION || gvk.kind.starts_with("Kube"),
    may_be_in: |text| {
        text.has(VERSION) && (text.has("machine") || text.has("cluster"))
            || text.has("trustdinfo")
            || text.has("contexts") && text.has("crt")
    },
    recognize,
    instances,
    embedded,
    pieces,
    texts,
    files: |object| File::all(object.node.at(&["machine", "files"]), "permissions"),
    files_are_private: true,
    registries,
    keys_are_secret: true,
    distribution: "talos",
    appended_lists: &[
        "authorization-mode",
        "controllers",
        "enable-admission-plugins",
        "feature-gates",
        "tls-cipher-suites",
    ],
    ..Form::EMPTY
};

fn recognize<'d>(root: Node<'d>, _path: &str) -> Option<Object<'d>> {
    let has = |key: &str| root.field(key).is_some();
    let is_map = |key: &str| root.field(key).is_some_and(|n| n.kind() == NodeKind::Map);
    let of_version = || root.field("version").and_then(Node::as_str) == Some(VERSION);
    let kind = if (is_map("machine") || is_map("cluster")) && of_version() {
        "MachineConfig"
    } else if is_map("contexts") && has("context") && !has("clusters") {
        "Talosconfig"
    } else if has("trustdinfo") && is_map("certs") {
        "SecretsBundle"
    } else {
        return None;
    };
    Some(Object::named(root, GROUP, kind))
}

/// What it hands on to the API server, and its static pods.
fn embedded(object: Object<'_>) -> Vec<Object<'_>> {
    let root = object.node;
    if object.gvk.group == GROUP {
        let server = root.at(&["cluster", "apiServer"]);
        let plugins = items(server.and_then(|s| s.field("admissionControl")));
        let plugins = plugins.filter_map(|plugin| plugin.field("configuration"));
        let policy = server.and_then(|s| s.field("auditPolicy"));
        let pods = items(root.at(&["machine", "pods"]));
        let maps = plugins.chain(policy).chain(pods);
        return maps.filter_map(Object::of).collect();
    }
    match object.gvk.kind {
        "KubeEtcdEncryptionConfig" => {
            let kind = "EncryptionConfiguration";
            let named = |node| Object::named(node, "apiserver.config.k8s.io", kind);
            root.field("config").map(named).into_iter().collect()
        }
        kind if kind.starts_with("Kube") => {
            let maps = ["configuration", "pod"].into_iter();
            maps.filter_map(|key| Object::of(root.field(key)?))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// What it adds to the kubelet's file, and the scheduler's.
fn pieces(object: Object<'_>) -> Vec<Piece<'_>> {
    let root = object.node;
    let (kubelet, scheduler) = match object.gvk.kind {
        _ if object.gvk.group == GROUP => (
            root.at(&["machine", "kubelet", "extraConfig"]),
            root.at(&["cluster", "scheduler", "config"]),
        ),
        "KubeletConfig" => (root.field("extraConfig"), None),
        "KubeSchedulerConfig" => (None, root.field("config")),
        _ => (None, None),
    };
    let kubelet = kubelet.map(|node| Piece::of_kubelet(node, true));
    let scheduler = scheduler.map(|node| Piece {
        object: Object {
            node,
            gvk: Gvk::new(
                "kubescheduler.config.k8s.io/v1",
                "KubeSchedulerConfiguration",
            ),
        },
        strict: true,
    });
    kubelet.into_iter().chain(scheduler).collect()
}

/// Manifests that it applies.
fn texts(object: Object<'_>) -> Vec<NestedText<'_>> {
    let root = object.node;
    let manifests: Vec<Node<'_>> = match object.gvk.kind {
        _ if object.gvk.group == GROUP => {
            let manifests = items(root.at(&["cluster", "inlineManifests"]));
            manifests.filter_map(|m| m.field("contents")).collect()
        }
        "KubeInlineManifestConfig" => root.field("manifest").into_iter().collect(),
        _ => Vec::new(),
    };
    let text = |node| NestedText::complete("", node);
    manifests.into_iter().map(text).collect()
}

fn registries(object: Object<'_>) -> Vec<Node<'_>> {
    let found = match object.gvk.kind {
        _ if object.gvk.group == GROUP => object.node.at(&["machine", "registries"]),
        "RegistryMirrorConfig" | "RegistryTLSConfig" | "RegistryAuthConfig" => Some(object.node),
        _ => None,
    };
    found.into_iter().collect()
}

const SECTIONS: [(&str, &str, ComponentKind); 5] = [
    ("apiServer", "KubeAPIServerConfig", ComponentKind::ApiServer),
    (
        "controllerManager",
        "KubeControllerManagerConfig",
        ComponentKind::ControllerManager,
    ),
    ("scheduler", "KubeSchedulerConfig", ComponentKind::Scheduler),
    ("etcd", "EtcdConfig", ComponentKind::Etcd),
    ("proxy", "KubeProxyConfig", ComponentKind::KubeProxy),
];

/// The components of a machine configuration; one that is a patch shows a part.
fn instances<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    if object.gvk.group != GROUP {
        return documents(object, around);
    }
    let cluster = object.node.field("cluster");
    let mut found = Vec::new();
    for (key, _, component) in SECTIONS {
        let Some(section) = cluster.and_then(|c| c.field(key)) else {
            continue;
        };
        // What Talos itself generates names the image; a patch hardly does.
        let whole = section.field("image").is_some() && component == ComponentKind::ApiServer;
        found.push(one(object, component, section, whole, around));
    }
    let network = cluster.and_then(|c| c.field("network"));
    let ranges = ["podSubnets", "serviceSubnets"].map(|key| network?.pair(key));
    found.extend(of_networks(object, &FORM, ranges, around));
    if let Some(kubelet) = object.node.at(&["machine", "kubelet"]) {
        found.push(one(object, ComponentKind::Kubelet, kubelet, false, around));
    }
    found
}

/// What a document of its own configures.
fn documents<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    let kind = object.gvk.kind;
    if kind == "KubeNetworkConfig" {
        let ranges = ["podSubnets", "serviceSubnets"].map(|key| object.node.pair(key));
        let networks = of_networks(object, &FORM, ranges, around);
        return networks.into_iter().collect();
    }
    if kind == "KubeAuthorizerConfig" {
        let component = ComponentKind::ApiServer;
        let mut instance = one(object, component, object.node, false, around);
        instance.settings = api_server::authorizer(object.node);
        return vec![instance];
    }
    let component = SECTIONS
        .into_iter()
        .find(|(_, of_kind, _)| *of_kind == kind)
        .map(|(_, _, component)| component)
        .or_else(|| matches!(kind, "KubeletConfig").then_some(ComponentKind::Kubelet));
    component
        .map(|c| one(object, c, object.node, false, around))
        .into_iter()
        .collect()
}

fn one<'d>(
    object: Object<'d>,
    component: ComponentKind,
    section: Node<'d>,
    whole: bool,
    around: InstanceContext<'_>,
) -> Instance<'d> {
    let image = section.field("image").and_then(Node::as_str);
    let tag = image.and_then(|i| Reference::parse(i).tag);
    let arguments = section.field("extraArgs");
    let mut instance = Instance {
        component,
        form: &FORM,
        completeness: if whole {
            Completeness::Complete
        } else {
            Completeness::Partial
        },
        object,
        releases: around.releases(component, tag.and_then(minor)),
        settings: Vec::new(),
        anchor: anchor(object, &[arguments, Some(section)]),
    };
    // The program's own configuration file, in part.
    let config = section
        .field("extraConfig")
        .or_else(|| section.field("config"));
    if let Some(config) = config {
        instance.settings = setting::fields(component.name(), component, config);
    }
    if component == ComponentKind::ApiServer {
        let list = section.field("authorizationConfig");
        instance.settings.extend(api_server::authorizers(list));
    }
    instance.arguments(arguments);
    instance
}
