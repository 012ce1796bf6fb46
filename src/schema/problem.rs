//! What validation finds.

use crate::finding::{Quotes, Releases};
use crate::yaml::NodeSpan;

/// What is wrong with an object.
pub struct SchemaProblem<'d> {
    /// Id of the rule that it belongs to.
    pub rule: &'static str,
    /// Where.
    pub node_span: NodeSpan<'d>,
    /// What is wrong, on one line.
    pub message: String,
    /// What to write instead, where more can be said than the rule's remediation: a clause, which the engine makes a sentence.
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

impl<'d> SchemaProblem<'d> {
    /// A problem of a rule at a place; the message may hold the value.
    pub(super) fn new(
        rule: &'static str,
        node_span: impl Into<NodeSpan<'d>>,
        message: String,
        releases: Releases,
    ) -> Self {
        Self {
            rule,
            node_span: node_span.into(),
            message,
            help: None,
            related: None,
            missing: false,
            tolerated: false,
            quotes: Quotes::Message,
            releases,
        }
    }
}
