//! Typed views of documents: knows Kubernetes' objects, never policy. Layer 3.

pub mod access;
pub mod address;
pub mod bootstrap;
pub mod certificate;
pub mod component;
pub mod credential;
mod custom;
pub mod encryption;
mod facts;
pub mod image;
pub mod kubeadm;
mod kustomize;
pub mod leak;
pub mod namespace;
mod object;
mod placeholder;
mod rbac;
mod recognise;
pub mod resource;
mod secret;
mod set;
mod workload;

pub use custom::CustomFacts;
pub use facts::{
    Anonymous, Body, ComponentFacts, Facts, KeptSpot, MachineFacts, MachinePart, NamedFile,
    NamespaceFacts, Says, SettingFact, SideFile,
};
pub use kustomize::Repository;
pub use object::{Gvk, Object};
pub use placeholder::{is_placeholder, is_variable};
pub use rbac::{PolicyRule, RoleRef, Subject};
pub use recognise::{
    Whole, Within, chunks, counts_when_nested, format_of, is_config, may_be_ours, nested_texts,
    objects, reads_as_ours,
};
pub use secret::{mentions_secret, secret_spans, unread_secret_lines};
pub use set::{Link, Set, SetSetting, folder, set_of};
pub use workload::{Container, Mounts, PodSpec, Role};
