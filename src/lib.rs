//! kubevet: an offline static analyser for Kubernetes manifests and cluster configuration.
//!
//! Modules in the order of their layers: each may use only those above it in this list that `tests/it/tidy.rs` names
//! for it. See ARCHITECTURE.md.

pub mod go_value;
pub mod ids;
pub mod model;
pub mod text;

pub mod yaml;

pub mod finding;

pub mod kube;
pub mod policy;

pub mod component;

pub mod documents;
pub mod secrets;

pub mod schema;

mod check;

mod rules;

pub mod engine;

pub mod config;

#[cfg(feature = "cli")]
pub mod discover;

pub mod output;

#[cfg(feature = "cli")]
pub mod cli;
