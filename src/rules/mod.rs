//! The rules: the table that `build.rs` makes of `policies/`, and one file for each category that has functions. Layer 7.
//! Functions are named like their policy; siblings do not see each other.

mod admission_config;
mod apiserver;
mod argocd;
mod audit_policy;
mod authentication;
mod authorization;
mod certs;
mod component_config;
mod consistency;
mod controller_manager;
mod distribution;
mod encryption;
mod etcd;
mod flags;
mod image;
mod k3s;
mod kind;
mod kubeadm;
mod kubeconfig;
mod kubelet;
mod namespace;
mod node;
mod pod;
mod rbac;
mod scheduler;
mod secrets;
mod static_pod;
mod talos;
mod tls;
mod volume;
mod yaml;

use crate::check::Check;
use crate::model::{
    Absence, BindingShape, Condition, Example, Examples, FailsWhen, FieldShape, GrantsShape, Held,
    Identity, Literal, Mark, Named, Parameter, Path, Pattern, Point, Policy, Presence, PssLevel,
    Related, Section, SettingShape, Severity, Shape, Standards, Step, SubsumeBy, UrlKind,
};
use std::borrow::Cow;

include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// All rules in the order of their ids.
pub(crate) fn all() -> &'static [(Policy, Check)] {
    &RULES
}
