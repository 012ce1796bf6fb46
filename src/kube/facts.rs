//! What set rules need of a document after its tree is gone: owned and small.

use super::component::ComponentKind;
use crate::finding::{Label, ObjectRef};

/// One fact about a document.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The object that it is about.
    pub object: Option<ObjectRef>,
    /// JSON pointer of the value in its document.
    pub path: String,
    /// The fact.
    pub body: Body,
}

/// One small case for each kind that set rules read.
#[derive(Clone, Debug)]
pub enum Body {
    /// An API server that names an encryption configuration.
    ApiServer(ApiServerFacts),
    /// An encryption configuration.
    Encryption(EncryptionFacts),
    /// Whose client certificates a component trusts.
    ClientCa(CaFacts),
    /// What Cluster API makes of which release.
    Machines(MachineFacts),
    /// A Namespace that asks for no Pod Security level.
    Namespace(NamespaceFacts),
    /// Something keeps privileged Pods out of every Namespace.
    PodGuard,
}

/// A Namespace that asks for no Pod Security level.
#[derive(Clone, Debug)]
pub struct NamespaceFacts {
    /// Its name.
    pub name: String,
    /// Where the label would stand.
    pub at: Label,
}

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
    pub at: Label,
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

/// An API server that names an encryption configuration.
#[derive(Clone, Debug)]
pub struct ApiServerFacts {
    /// Path on the node, as it is written.
    pub encryption_config: String,
    /// Where it is written.
    pub at: Label,
}

/// Whose client certificates a component trusts.
#[derive(Clone, Debug)]
pub struct CaFacts {
    /// Which.
    pub component: ComponentKind,
    /// The file that holds the CA's certificate.
    pub file: String,
    /// Where it is written, or would be.
    pub at: Label,
}

/// An encryption configuration.
#[derive(Clone, Debug)]
pub struct EncryptionFacts {
    /// Where it leaves Secrets in plain text and why; `None` where they are encrypted.
    pub plain: Option<Label>,
}
