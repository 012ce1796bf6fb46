//! Custom resources and their definitions: what is kept of each until all files are read.

use super::{Analysed, Fact};
use crate::finding::Finding;
use crate::kube::Completeness;
use crate::text::Span;
use crate::yaml::Node;

/// A CustomResourceDefinition, or a custom resource: both are read again once it is known that they belong together.
#[derive(Clone, Debug)]
pub struct CustomFacts {
    /// API group of the resource.
    pub group: String,
    /// Version of a resource; empty for a definition, which has many.
    pub version: String,
    /// Kind of the resource.
    pub kind: String,
    /// Whether it is the definition.
    pub defines: bool,
    /// Where the object is, in bytes of its chunk.
    pub span: Span,
    /// How much of itself it shows.
    pub completeness: Completeness,
    /// What is wrong with it should the repository not define its kind, and its project has published how: it need not be read again.
    pub published: Option<Vec<Finding>>,
}

/// Groups whose objects are files of programs, and no resources, whatever they are called.
const FILES: [&str; 5] = [
    "audit.k8s.io",
    "eksctl.io",
    "k0sctl.k0sproject.io",
    "kops.k8s.io",
    "kubeadm.k8s.io",
];

/// What is kept of an object of a group that is somebody's own.
pub(super) fn facts(analysed: &Analysed<'_, '_>) -> Vec<Fact> {
    fact(analysed).map(Fact::Custom).into_iter().collect()
}

fn fact(analysed: &Analysed<'_, '_>) -> Option<CustomFacts> {
    let (object, published) = (analysed.object, analysed.published?);
    let text = |path: &[&str]| object.node.at(path).and_then(Node::as_str);
    let gvk = object.gvk;
    let (group, kind, defines) = if gvk.is("apiextensions.k8s.io", "CustomResourceDefinition") {
        let kind = text(&["spec", "names", "kind"])?;
        (text(&["spec", "group"])?, kind, true)
    } else {
        let file = gvk.group.ends_with(".config.k8s.io") || FILES.contains(&gvk.group);
        let named = object.name().is_some() || text(&["metadata", "generateName"]).is_some();
        (gvk.group.contains('.') && !file && named).then_some((gvk.group, gvk.kind, false))?
    };
    Some(CustomFacts {
        group: group.to_owned(),
        version: if defines { "" } else { gvk.version }.to_owned(),
        kind: kind.to_owned(),
        defines,
        span: object.node.span(),
        completeness: analysed.completeness,
        published: if defines { None } else { published() },
    })
}
