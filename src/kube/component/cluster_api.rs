//! Cluster API: kubeadm's structures inside of KubeadmControlPlane and KubeadmConfig, and what a ClusterClass patches into them.

use super::kubeadm::{Carrier, cluster, registration};
use super::{ComponentKind, Extent, Form, Instance, Surroundings, of_networks, version};
use crate::kube::Object;
use crate::kube::kubeadm::carried;
use crate::yaml::Node;

pub(super) fn instances<'d>(object: Object<'d>, around: Surroundings<'_>) -> Vec<Instance<'d>> {
    let spec = object.node.field("spec");
    let Some(config) = carried(object) else {
        return Vec::new();
    };
    // A ClusterClass patches its templates; a node's configuration shows no control plane.
    let extent = match object.gvk.kind {
        "KubeadmControlPlane" => Extent::Whole,
        _ => Extent::Part,
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

/// What a Cluster says of its networks.
pub(super) fn networks<'d>(object: Object<'d>, around: Surroundings<'_>) -> Vec<Instance<'d>> {
    let network = object.node.at(&["spec", "clusterNetwork"]);
    let blocks = ["pods", "services"].map(|of| network?.field(of)?.pair("cidrBlocks"));
    of_networks(object, Form::ClusterApi, blocks, around)
        .into_iter()
        .collect()
}
