//! Whether an object is one that an API server of a release would take: kinds, fields, types, formats. Layer 4.
//!
//! The types of all releases are one static table, so that a run without Kubernetes objects pays nothing for them. What is wrong comes
//! back as problems with the place of the value; which rule each belongs to is its `rule`.

mod admission;
mod between;
mod container;
mod cost;
mod custom;
mod definition;
mod files;
mod format;
mod given;
mod metadata;
mod network;
mod objects;
mod pattern;
mod pod;
mod rules;
mod storage;
mod structural;
mod table;
mod validate;
mod value;
mod version;
mod workload;

pub use custom::{Definition, misspelt, singulars, undefined, validate_custom};
pub use given::Given;
pub use pattern::Patterns;
pub use table::{Field, Kind, Life, Type};
pub use validate::{CROWDED, Known, is_kind, validate, validate_published};
pub use version::versions;

use crate::finding::{Quotes, Releases};
use crate::yaml::Spot;

/// What is wrong with an object.
pub struct Problem<'d> {
    /// Id of the rule that it belongs to.
    pub rule: &'static str,
    /// Where.
    pub spot: Spot<'d>,
    /// What is wrong, on one line.
    pub message: String,
    /// What to write instead, where more can be said than the rule's remediation.
    pub help: Option<String>,
    /// Another place that explains it, and what to say of it.
    pub related: Option<(Spot<'d>, &'static str)>,
    /// Whether something is not there, which may stand elsewhere if the object is a fragment.
    pub missing: bool,
    /// Whether its reader goes on all the same: less than its rule's severity.
    pub mild: bool,
    /// What of it may hold the value.
    pub quotes: Quotes,
    /// The target releases that it holds for.
    pub releases: Releases,
}
