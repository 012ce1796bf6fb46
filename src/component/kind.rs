//! kind: what its Cluster says of all components. Its patches are documents of their own.

use super::{ComponentKind, ConfigSource, Instance, InstanceContext, of_networks, setting};
use crate::kube::Completeness;
use crate::kube::Object;

pub(super) fn instances<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
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
    let server = settings.first().map(|first| first.name_spot);
    let server = server.map(|anchor| Instance {
        component,
        form: ConfigSource::Kind,
        completeness: Completeness::Partial,
        object,
        releases: around.releases(component, None),
        anchor,
        settings,
    });
    let networking = object.node.field("networking");
    let ranges = ["podSubnet", "serviceSubnet"].map(|key| networking?.pair(key));
    let manager = of_networks(object, ConfigSource::Kind, ranges, around);
    server.into_iter().chain(manager).collect()
}
