//! Cluster API: kubeadm's structures inside of KubeadmControlPlane and KubeadmConfig, and what a ClusterClass patches into them.

use super::kubeadm::{Carrier, cluster, registration};
use super::{ComponentKind, ConfigSource, Instance, InstanceContext, of_networks, version};
use crate::component::kubeadm_parts::carried;
use crate::kube::Completeness;
use crate::kube::Object;
use crate::yaml::Node;

pub(super) fn instances<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    let spec = object.node.field("spec");
    let Some(config) = carried(object) else {
        return Vec::new();
    };
    // A ClusterClass patches its templates; a node's configuration shows no control plane.
    let completeness = match object.gvk.kind {
        "KubeadmControlPlane" => Completeness::Complete,
        _ => Completeness::Partial,
    };
    let minor = version(spec.and_then(|s| s.field("version")));
    let distribution = Carrier {
        object,
        form: ConfigSource::ClusterApi,
        completeness,
        releases: around.releases(ComponentKind::ApiServer, minor),
    };
    let control_plane = config.field("clusterConfiguration").or_else(|| {
        // Without one of its own kubeadm's defaults hold.
        (completeness == Completeness::Complete).then_some(config)
    });
    let nodes = ["initConfiguration", "joinConfiguration"].map(|key| config.field(key));
    let kubelets = nodes
        .into_iter()
        .flatten()
        .filter_map(|node: Node<'d>| registration(distribution, node));
    control_plane
        .into_iter()
        .flat_map(|c| cluster(distribution, c))
        .chain(kubelets)
        .collect()
}

/// What a Cluster says of its networks.
pub(super) fn networks<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    let network = object.node.at(&["spec", "clusterNetwork"]);
    let blocks = ["pods", "services"].map(|of| network?.field(of)?.pair("cidrBlocks"));
    of_networks(object, ConfigSource::ClusterApi, blocks, around)
        .into_iter()
        .collect()
}
