//! k0s: extra arguments in its ClusterConfig, which k0sctl nests in its own Cluster.

use super::{
    ComponentKind, Extent, Form, Instance, Surroundings, anchor, networks, setting, version,
};
use crate::kube::Object;
use crate::yaml::Node;

pub(super) fn instances<'d>(object: Object<'d>, around: Surroundings<'_>) -> Vec<Instance<'d>> {
    const SECTIONS: [(&[&str], ComponentKind); 4] = [
        (&["api"], ComponentKind::ApiServer),
        (&["controllerManager"], ComponentKind::ControllerManager),
        (&["scheduler"], ComponentKind::Scheduler),
        (&["storage", "etcd"], ComponentKind::Etcd),
    ];
    let (spec, release) = match object.gvk.kind {
        "ClusterConfig" => (object.node.field("spec"), None),
        "Cluster" => (
            object.node.at(&["spec", "k0s", "config", "spec"]),
            object.node.at(&["spec", "k0s", "version"]),
        ),
        _ => (None, None),
    };
    let Some(spec) = spec else { return Vec::new() };
    let mut found = Vec::new();
    for (path, component) in SECTIONS {
        let section = spec.at(path);
        let arguments = section.and_then(|s| s.field("extraArgs"));
        if component == ComponentKind::Etcd && arguments.is_none() {
            continue;
        }
        let mut instance = Instance {
            component,
            form: Form::K0s,
            extent: Extent::Whole,
            object,
            releases: around.releases(component, version(release)),
            settings: Vec::new(),
            anchor: anchor(object, &[arguments, section, Some(spec)]),
        };
        if component == ComponentKind::ControllerManager {
            let network = spec.field("network");
            let ranges = ["podCIDR", "serviceCIDR"].map(|key| network?.pair(key));
            instance.settings = networks(ranges);
        }
        instance.arguments(arguments);
        found.push(instance);
    }
    let profiles = spec.field("workerProfiles").into_iter();
    let values = profiles
        .flat_map(Node::items)
        .filter_map(|p| p.field("values"));
    found.extend(values.map(|values| Instance {
        component: ComponentKind::Kubelet,
        form: Form::K0s,
        extent: Extent::Part,
        object,
        releases: around.releases(ComponentKind::Kubelet, version(release)),
        settings: setting::fields("kubelet", ComponentKind::Kubelet, values),
        anchor: values.lacking(),
    }));
    found
}
