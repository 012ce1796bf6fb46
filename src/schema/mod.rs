//! Whether an object is one that an API server of a release would take: kinds, fields, types, formats. Layer 5.
//!
//! The types of all releases are one static table, so that a run without Kubernetes objects pays nothing for them. What is wrong comes
//! back as problems with the place of the value; which rule each belongs to is its `rule`.
//!
//! A module uses only those above it (`tests/it/tidy.rs`): the table and what knows no objects, the walk and what each check reports
//! with, the checks between fields by kind, their registry, and last what the engine asks.

#[cfg(feature = "user-schemas")]
mod cost;
mod format;
mod pattern;
mod problem;
mod table;

mod cel;

mod validator;

mod cross_field;
mod duration;
mod forms;

mod constraints;
mod expressions;
mod schema_sizes;

mod value;
mod walk;

mod admission;
mod config;
mod container;
mod custom_resources;
mod devices;
mod flow_control;
mod metadata;
mod network;
mod objects;
mod pod;
mod pod_annotations;
mod pod_ports;
mod pod_volumes;
mod quota;
mod schema_rules;
mod storage;
mod structural;
mod workload;

mod definition;

mod registry;

mod misnamed;
#[cfg_attr(not(feature = "user-schemas"), path = "user_schema_absent.rs")]
mod user_schema;
mod validate;
mod version;

pub use custom_resources::{Definition, misspelt, singulars, undefined};
pub use misnamed::{Misnamed, misnamed};
pub use pattern::Patterns;
pub use problem::SchemaProblem;
pub use table::{ApiKind, ApiLifecycle, Field, Type};
pub use user_schema::UserSchema;
pub use validate::{
    Known, is_api_version, is_kind, reader, validate, validate_carried, validate_custom,
    validate_published,
};
pub use validator::MAX_PROBLEMS;
pub use version::versions;
