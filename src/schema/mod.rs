//! Whether an object is one that an API server of a release would take: kinds, fields, types, formats. Layer 5.
//!
//! The types of all releases are one static table, so that a run without Kubernetes objects pays nothing for them. What is wrong comes
//! back as problems with the place of the value; which rule each belongs to is its `rule`.

mod admission;
mod config_files;
mod constraints;
mod container;
mod cost;
mod cross_field;
mod custom_resources;
mod definition;
mod format;
mod metadata;
mod network;
mod objects;
mod pattern;
mod pod;
mod storage;
mod structural;
mod table;
mod user_schema;
mod validate;
mod value;
mod version;
mod workload;

pub use custom_resources::{Definition, misspelt, singulars, undefined, validate_custom};
pub use pattern::Patterns;
pub use table::{ApiKind, ApiLifecycle, Field, Type};
pub use user_schema::UserSchema;
pub use validate::{CROWDED, Known, is_kind, validate, validate_published};
pub use version::versions;

use crate::finding::{Quotes, Releases};
use crate::yaml::NodeSpan;

/// What is wrong with an object.
pub struct SchemaProblem<'d> {
    /// Id of the rule that it belongs to.
    pub rule: &'static str,
    /// Where.
    pub spot: NodeSpan<'d>,
    /// What is wrong, on one line.
    pub message: String,
    /// What to write instead, where more can be said than the rule's remediation.
    pub help: Option<String>,
    /// Another place that explains it, and what to say of it.
    pub related: Option<(NodeSpan<'d>, &'static str)>,
    /// Whether something is not there, which may stand elsewhere if the object is a fragment.
    pub missing: bool,
    /// Whether its reader goes on all the same: less than its rule's severity.
    pub tolerated: bool,
    /// What of it may hold the value.
    pub quotes: Quotes,
    /// The target releases that it holds for.
    pub releases: Releases,
}
