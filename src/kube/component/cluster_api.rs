//! Cluster API: kubeadm's structures inside of KubeadmControlPlane and KubeadmConfig, and what a ClusterClass patches into them.

use super::kubeadm::{Carrier, cluster, registration};
use super::{ComponentKind, Extent, Form, Instance, Surroundings, version};
use crate::kube::Object;
use crate::yaml::Node;

pub(super) fn instances<'d>(object: Object<'d>, around: Surroundings<'_>) -> Vec<Instance<'d>> {
    let spec = object.node.field("spec");
    let template = spec.and_then(|s| s.at(&["template", "spec"]));
    let (config, extent) = match object.gvk.kind {
        "KubeadmControlPlane" => (
            spec.and_then(|s| s.field("kubeadmConfigSpec")),
            Extent::Whole,
        ),
        // A ClusterClass patches its templates.
        "KubeadmControlPlaneTemplate" => (
            template.and_then(|t| t.field("kubeadmConfigSpec")),
            Extent::Part,
        ),
        "KubeadmConfig" => (spec, Extent::Part),
        "KubeadmConfigTemplate" => (template, Extent::Part),
        _ => (None, Extent::Part),
    };
    let Some(config) = config else {
        return Vec::new();
    };
    let minor = version(spec.and_then(|s| s.field("version")));
    let carrier = Carrier {
        object,
        form: Form::ClusterApi,
        extent,
        releases: around.releases(ComponentKind::ApiServer, minor),
    };
    let control_plane = config.field("clusterConfiguration").or_else(|| {
        // Without one of its own kubeadm's defaults hold.
        (extent == Extent::Whole).then_some(config)
    });
    let nodes = ["initConfiguration", "joinConfiguration"].map(|key| config.field(key));
    let kubelets = nodes
        .into_iter()
        .flatten()
        .filter_map(|node: Node<'d>| registration(carrier, node));
    control_plane
        .into_iter()
        .flat_map(|c| cluster(carrier, c))
        .chain(kubelets)
        .collect()
}
