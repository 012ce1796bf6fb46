//! Kubeconfig files, by the names that kubeadm and kubectl give them: what is called like YAML tells its kind itself.

use super::form::{FileName, Form};
use crate::yaml::Format;

/// Users' and components' access to a cluster.
pub static FORM: Form = Form {
    name: "kubeconfig",
    format,
    ..Form::EMPTY
};

fn format(file: &FileName<'_>) -> Option<Format> {
    const NAMES: [&str; 7] = [
        "admin.conf",
        "super-admin.conf",
        "controller-manager.conf",
        "scheduler.conf",
        "kubelet.conf",
        "bootstrap-kubelet.conf",
        "kubeconfig",
    ];
    let named = NAMES.contains(&file.name) || file.name == "config" && file.parent == ".kube";
    (named || file.is("kubeconfig")).then_some(Format::Yaml)
}
