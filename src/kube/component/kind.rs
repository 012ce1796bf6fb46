//! kind: what its Cluster says of all components. Its patches are documents of their own.

use super::{ComponentKind, Extent, Form, Instance, Surroundings, setting};
use crate::kube::Object;

pub(super) fn instances<'d>(object: Object<'d>, around: Surroundings<'_>) -> Vec<Instance<'d>> {
    if object.gvk.kind != "Cluster" {
        return Vec::new();
    }
    let config = object.node.field("runtimeConfig");
    let gates = object.node.field("featureGates");
    let component = ComponentKind::ApiServer;
    let mut settings = Vec::new();
    for (node, name) in [(gates, "feature-gates"), (config, "runtime-config")] {
        settings.extend(node.into_iter().flat_map(|n| setting::named(n, name, name)));
    }
    let Some(first) = settings.first() else {
        return Vec::new();
    };
    vec![Instance {
        component,
        form: Form::Kind,
        extent: Extent::Part,
        object,
        releases: around.releases(component, None),
        anchor: first.name_spot,
        settings,
    }]
}
