//! What a Kustomization of Flux writes into the objects below its path.

use super::kustomize::join;
use super::{Additions, Analysed, Fact};
use crate::yaml::Node;

/// A Kustomization of Flux that changes what it applies.
#[derive(Clone, Debug)]
pub struct FluxFacts {
    /// The folder that it applies, from the root.
    pub folder: String,
    /// What it writes into the objects there.
    pub additions: Additions,
}

pub(super) fn facts(analysed: &Analysed<'_, '_>) -> Vec<Fact> {
    fact(analysed).map(Fact::Flux).into_iter().collect()
}

fn fact(analysed: &Analysed<'_, '_>) -> Option<FluxFacts> {
    let object = analysed.object;
    if !object
        .gvk
        .is("kustomize.toolkit.fluxcd.io", "Kustomization")
    {
        return None;
    }
    let spec = object.node.field("spec")?;
    let path = spec.field("path").and_then(Node::as_str).unwrap_or(".");
    let mut additions = Additions::default();
    additions.add_patches(spec, |_, _| ());
    if let Some(labels) = spec.at(&["commonMetadata", "labels"]) {
        additions.add_labels(labels, false, false);
    }
    let folder = join("", path)?;
    (!additions.is_empty()).then_some(FluxFacts { folder, additions })
}
