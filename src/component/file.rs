//! A component's own configuration file: KubeletConfiguration, KubeProxyConfiguration, KubeSchedulerConfiguration, etcd's YAML.

use super::{
    ComponentKind, ConfigSource, Instance, InstanceContext, KIND_PATCHES, anchor, setting,
};
use crate::kube::Completeness;
use crate::kube::Object;

pub(super) fn instances<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    let component = match (object.gvk.group, object.gvk.kind) {
        ("kubelet.config.k8s.io", "KubeletConfiguration") => ComponentKind::Kubelet,
        ("kubeproxy.config.k8s.io", "KubeProxyConfiguration") => ComponentKind::KubeProxy,
        ("kubescheduler.config.k8s.io", "KubeSchedulerConfiguration") => ComponentKind::Scheduler,
        (super::ETCD, _) => ComponentKind::Etcd,
        _ => return Vec::new(),
    };
    // kubeadm completes what stands beside its own configuration; a drop-in completes another file.
    let form = match component {
        ComponentKind::Kubelet if around.path == KIND_PATCHES => ConfigSource::Kind,
        ComponentKind::Kubelet if around.beside_kubeadm => ConfigSource::Kubeadm,
        _ => ConfigSource::File,
    };
    let dropped_in = around.path.contains("kubelet.conf.d/");
    vec![Instance {
        component,
        form,
        completeness: if dropped_in {
            Completeness::Partial
        } else {
            Completeness::Complete
        },
        object,
        releases: around.releases(component, None),
        settings: setting::fields(component.name(), component, object.node),
        anchor: anchor(object, &[]),
    }]
}
