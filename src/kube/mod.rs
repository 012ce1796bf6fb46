//! Typed views of objects: workloads, RBAC, names and addresses of Kubernetes; no policy. Layer 3.

pub mod address;
mod bootstrap_roles;
mod completeness;
pub mod image;
mod object;
mod rbac;
mod resolution;
pub mod resource;
mod workload;

pub use bootstrap_roles::is_bootstrap_role;
pub use completeness::Completeness;
pub use object::{Gvk, Object};
pub use rbac::{PolicyRule, RoleRef, Subject};
pub use resolution::{
    REPLACE_ME, Resolution, is_known, is_replaced, is_templated, is_unresolved,
    may_become_anything, may_hold_more,
};
pub use workload::{Container, Mounts, PodSpec, Role};
