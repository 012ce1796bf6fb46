//! Cluster API: kubeadm's structures inside of KubeadmControlPlane and KubeadmConfig, and what a ClusterClass patches into them.

use super::bootstrap::File;
use super::form::Form;
use super::kubeadm::{Carrier, cluster, registration};
use super::kubeadm_parts::carried;
use super::{ComponentKind, Instance, InstanceContext, json_patch, of_networks, version};
use crate::kube::{Completeness, Object};
use crate::yaml::{Node, items};

/// The group of Cluster and ClusterClass; the others hold kubeadm's structures.
const GROUP: &str = "cluster.x-k8s.io";

/// kubeadm's configuration in objects of Cluster API, and what a ClusterClass patches into it.
pub static FORM: Form = Form {
    name: "cluster-api",
    object_groups: &[
        GROUP,
        "controlplane.cluster.x-k8s.io",
        "bootstrap.cluster.x-k8s.io",
    ],
    instances: |object, around| match object.gvk.kind {
        _ if object.gvk.group != GROUP => of_kubeadm(object, around),
        "ClusterClass" => json_patch::class(object, around),
        _ => networks(object, around),
    },
    files,
    commands,
    distribution: "kubeadm",
    is_transparent: true,
    ..Form::EMPTY
};

/// The files of a machine; those of a ClusterClass are added to its templates'.
fn files(object: Object<'_>) -> Vec<File<'_>> {
    if object.gvk.is(GROUP, "ClusterClass") {
        let entries = json_patch::files_of(object).into_iter();
        return entries.map(|e| File::of(e, "permissions")).collect();
    }
    let list = carried(object).and_then(|c| c.field("files"));
    File::all(list, "permissions")
}

fn commands(object: Object<'_>) -> Vec<Node<'_>> {
    let config = carried(object);
    let lists = ["preKubeadmCommands", "postKubeadmCommands"].map(|key| config?.field(key));
    lists.into_iter().flat_map(items).collect()
}

fn of_kubeadm<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
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
        form: &FORM,
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
fn networks<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    let network = object.node.at(&["spec", "clusterNetwork"]);
    let blocks = ["pods", "services"].map(|of| network?.field(of)?.pair("cidrBlocks"));
    of_networks(object, &FORM, blocks, around)
        .into_iter()
        .collect()
}
