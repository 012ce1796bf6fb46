//! A component's own configuration file: KubeletConfiguration, KubeProxyConfiguration, KubeSchedulerConfiguration.

use super::form::{ConfigFileKind, Form, Unparsed};
use super::{ComponentKind, Instance, InstanceContext, anchor, kind, kubeadm, setting};
use crate::kube::{Completeness, Object};
use crate::yaml::Format;

const KUBELET: &str = "kubelet.config.k8s.io";
const KUBE_PROXY: &str = "kubeproxy.config.k8s.io";
const SCHEDULER: &str = "kubescheduler.config.k8s.io";

/// The kubelet's, kube-proxy's and the scheduler's own configuration file.
pub static FORM: Form = Form {
    name: "component-file",
    file_groups: &[
        KUBELET,
        KUBE_PROXY,
        SCHEDULER,
        "controllermanager.config.k8s.io",
        "kubecontrollermanager.config.k8s.io",
    ],
    kinds_without_version: &[
        (KUBELET, "KubeletConfiguration"),
        (KUBE_PROXY, "KubeProxyConfiguration"),
    ],
    format: |file| {
        let dropped_in = file.is("conf") && file.parent == "kubelet.conf.d";
        dropped_in.then_some(Format::Yaml)
    },
    may_be_in,
    instances,
    config_files: &[
        ConfigFileKind {
            group: KUBELET,
            kind: "KubeletConfiguration",
            component: ComponentKind::Kubelet,
            flag: "config",
        },
        ConfigFileKind {
            group: SCHEDULER,
            kind: "KubeSchedulerConfiguration",
            component: ComponentKind::Scheduler,
            flag: "config",
        },
        ConfigFileKind {
            group: KUBE_PROXY,
            kind: "KubeProxyConfiguration",
            component: ComponentKind::KubeProxy,
            flag: "config",
        },
    ],
    distribution: "file",
    is_own_file: true,
    ..Form::EMPTY
};

/// Whether a file at a path completes the kubelet's own.
pub fn is_drop_in(path: &str) -> bool {
    path.contains("kubelet.conf.d/")
}

/// Whether a text may be a file of some component that lacks its version or its kind.
fn may_be_in(text: &Unparsed<'_>) -> bool {
    let version = || text.has("apiVersion") && text.has("k8s.io/");
    let kind =
        || text.has("kind") && (text.has("Configuration") || text.has("CredentialProviderConfig"));
    let audit_policy = || text.has("rules") && text.has("level");
    version() || kind() || audit_policy()
}

fn instances<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    let component = match (object.gvk.group, object.gvk.kind) {
        (KUBELET, "KubeletConfiguration") => ComponentKind::Kubelet,
        (KUBE_PROXY, "KubeProxyConfiguration") => ComponentKind::KubeProxy,
        (SCHEDULER, "KubeSchedulerConfiguration") => ComponentKind::Scheduler,
        _ => return Vec::new(),
    };
    // kubeadm completes what stands beside its own configuration; a drop-in completes another file.
    let form = match component {
        ComponentKind::Kubelet if around.path == kind::PATCHES => &kind::FORM,
        ComponentKind::Kubelet if around.beside_kubeadm => &kubeadm::FORM,
        _ => &FORM,
    };
    vec![Instance {
        component,
        form,
        completeness: if is_drop_in(around.path) {
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
