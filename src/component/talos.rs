//! Talos: the machine configuration, and since 1.14 documents of their own for the components.

use super::{
    ComponentKind, ConfigSource, Instance, InstanceContext, anchor, api_server, minor, of_networks,
    setting,
};
use crate::kube::Completeness;
use crate::kube::Object;
use crate::kube::image::Reference;
use crate::yaml::Node;

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
pub(super) fn instances<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
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
    found.extend(of_networks(object, ConfigSource::Talos, ranges, around));
    if let Some(kubelet) = object.node.at(&["machine", "kubelet"]) {
        found.push(one(object, ComponentKind::Kubelet, kubelet, false, around));
    }
    found
}

/// What a document of its own configures.
pub(super) fn documents<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    let kind = object.gvk.kind;
    if kind == "KubeNetworkConfig" {
        let ranges = ["podSubnets", "serviceSubnets"].map(|key| object.node.pair(key));
        let networks = of_networks(object, ConfigSource::Talos, ranges, around);
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
        form: ConfigSource::Talos,
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
