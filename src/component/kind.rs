//! kind: what its Cluster says of all components. Its patches are documents of their own.

use super::form::{Form, NestedText};
use super::{ComponentKind, Instance, InstanceContext, json_patch, of_networks, setting};
use crate::kube::{Completeness, Object};
use crate::yaml::items;

/// The key that its patches stand under, which is their path.
pub const PATCHES: &str = "kubeadmConfigPatches";

/// The key of its lists of operations.
const JSON_PATCHES: &str = "kubeadmConfigPatchesJSON6902";

/// kind's Cluster, with its patches.
pub static FORM: Form = Form {
    name: "kind",
    object_groups: &["kind.x-k8s.io", json_patch::GROUP],
    recognize: json_patch::named,
    instances: |object, around| match object.gvk.group {
        json_patch::GROUP => json_patch::kind(object, around),
        _ => of_cluster(object, around),
    },
    texts,
    distribution: "kubeadm",
    is_transparent: true,
    ..Form::EMPTY
};

/// Its patches.
fn texts(object: Object<'_>) -> Vec<NestedText<'_>> {
    let root = object.node;
    if !object.gvk.is("kind.x-k8s.io", "Cluster") {
        return Vec::new();
    }
    let all = |key| {
        let nodes = root.list("nodes").map(move |n| n.field(key));
        [root.field(key)].into_iter().chain(nodes).flat_map(items)
    };
    let patches = all(PATCHES).map(|patch| (PATCHES, patch));
    // A list of operations; its path is what it patches.
    let of_kind = all(JSON_PATCHES)
        .filter_map(|patch| Some((patch.field("kind")?.as_str()?, patch.field("patch")?)));
    let text = |(path, node)| NestedText {
        path,
        node,
        completeness: Completeness::Partial,
    };
    patches.chain(of_kind).map(text).collect()
}

fn of_cluster<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
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
    let server = settings.first().map(|first| first.name_span);
    let server = server.map(|anchor| Instance {
        component,
        form: &FORM,
        completeness: Completeness::Partial,
        object,
        releases: around.releases(component, None),
        anchor,
        settings,
    });
    let networking = object.node.field("networking");
    let ranges = ["podSubnet", "serviceSubnet"].map(|key| networking?.pair(key));
    let manager = of_networks(object, &FORM, ranges, around);
    server.into_iter().chain(manager).collect()
}
