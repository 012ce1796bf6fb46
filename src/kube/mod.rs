//! Typed views of objects: workloads, RBAC, names and addresses of Kubernetes; no policy. Layer 3.

pub mod address;
mod completeness;
pub mod image;
mod object;
mod placeholder;
mod rbac;
pub mod resource;
mod workload;

pub use completeness::Completeness;
pub use object::{Gvk, Object};
pub use placeholder::{is_placeholder, is_variable};
pub use rbac::{PolicyRule, RoleRef, Subject};
pub use workload::{Container, Mounts, PodSpec, Role};
