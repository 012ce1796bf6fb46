//! What Cluster API makes of which release.

use super::{Analysed, Fact, SavedSpan};
use crate::component::minor;
use crate::kube::Object;
use crate::yaml::Node;

/// What Cluster API makes of which release.
#[derive(Clone, Debug)]
pub struct MachineFacts {
    /// Its part in the cluster.
    pub part: MachinePart,
    /// The object's name.
    pub name: String,
    /// The cluster that it belongs to, or the control plane that the cluster has; may be empty.
    pub refers: String,
    /// The minor version, where one is written.
    pub minor: u8,
    /// Where.
    pub at: SavedSpan,
}

/// A part of a cluster of Cluster API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachinePart {
    /// A Cluster.
    Cluster,
    /// A KubeadmControlPlane.
    ControlPlane,
    /// A MachineDeployment or MachinePool.
    Workers,
}

pub(super) fn facts(analysed: &Analysed<'_, '_>) -> Vec<Fact> {
    let machines = machines(analysed.object).map(Fact::Machines);
    machines.into_iter().collect()
}

fn machines(object: Object<'_>) -> Option<MachineFacts> {
    let root = object.node;
    let (part, refers, version): (_, &[&str], &[&str]) = match object.gvk.kind {
        "Cluster" if object.gvk.group == "cluster.x-k8s.io" => (
            MachinePart::Cluster,
            &["spec", "controlPlaneRef", "name"],
            &["spec", "topology", "version"],
        ),
        "KubeadmControlPlane" => (MachinePart::ControlPlane, &[], &["spec", "version"]),
        "MachineDeployment" | "MachinePool" => (
            MachinePart::Workers,
            &["spec", "clusterName"],
            &["spec", "template", "spec", "version"],
        ),
        _ => return None,
    };
    let version = root.at(version);
    let node_span = version.or_else(|| root.get("kind"))?;
    let release = version.and_then(|n| minor(n.text()?));
    let refers = root.at(refers).and_then(Node::as_str);
    Some(MachineFacts {
        part,
        name: object.name().unwrap_or_default().to_owned(),
        refers: refers.unwrap_or_default().to_owned(),
        minor: release.unwrap_or_default(),
        at: SavedSpan::of(node_span),
    })
}
