//! RKE2: a configuration file like that of k3s, and the clusters that Rancher makes.

use super::form::Form;
use super::{Instance, InstanceContext, k3s, version};
use crate::kube::Object;
use crate::yaml::{Node, items};

/// The kind of its configuration, in the group of k3s, which tells both apart.
pub const KIND: &str = "Rke2Configuration";

const RANCHER: &str = "provisioning.cattle.io";

/// RKE2's config.yaml, and the clusters that Rancher makes.
pub static FORM: Form = Form {
    name: "rke2",
    file_groups: &[k3s::GROUP],
    object_groups: &[RANCHER],
    claims: |gvk| gvk.group == RANCHER || gvk.kind == KIND,
    instances,
    own_settings: |object| match object.gvk.kind {
        KIND => k3s::keys(object.node),
        _ => configured(object).into_iter().flat_map(k3s::keys).collect(),
    },
    programs: &["rke2"],
    of_command: |object, words, around| k3s::of_words(object, words, &FORM, around),
    registries: |object| {
        let registries = object.node.at(&["spec", "rkeConfig", "registries"]);
        let of_cluster = registries.filter(|_| object.gvk.is(RANCHER, "Cluster"));
        of_cluster.into_iter().collect()
    },
    distribution: "rke2",
    ..Form::EMPTY
};

fn instances<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    if object.gvk.kind == KIND {
        return k3s::of_file(object, &FORM, around);
    }
    let minor = version(object.node.at(&["spec", "kubernetesVersion"]));
    let maps = configured(object).into_iter();
    let mut found: Vec<_> = maps
        .flat_map(|map| k3s::of_map(object, map, &FORM, false, around))
        .collect();
    for instance in &mut found {
        instance.releases = around.releases(instance.component, minor);
    }
    found
}

/// The maps of settings of a cluster that Rancher makes.
fn configured(object: Object<'_>) -> Vec<Node<'_>> {
    if !object.gvk.is(RANCHER, "Cluster") {
        return Vec::new();
    }
    let rke = object.node.at(&["spec", "rkeConfig"]);
    let selected = items(rke.and_then(|r| r.field("machineSelectorConfig")));
    let selected = selected.filter_map(|s| s.field("config"));
    let global = rke.and_then(|r| r.field("machineGlobalConfig"));
    global.into_iter().chain(selected).collect()
}
