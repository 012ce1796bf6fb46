//! The most specific finding wins: one cause, one finding.

use super::RuleSet;
use crate::finding::{Finding, State};
use crate::model::SubsumeBy;
use crate::text::FileSpan;
use std::collections::HashMap;

/// Marks the findings of one chunk that another finding of it implies.
pub(super) fn apply(findings: &mut [Finding], rules: &RuleSet<'_>) {
    // What is hidden → by whom; the scope, or the place, that it must share.
    let mut hidden: HashMap<(Option<u32>, Option<FileSpan>, &str), &str> = HashMap::new();
    for finding in &*findings {
        let Some(policy) = rules.get(&finding.rule) else {
            continue;
        };
        let (scope, at) = match policy.subsume_by {
            SubsumeBy::Scope => (Some(finding.scope), None),
            SubsumeBy::Node => (None, Some(finding.primary.at)),
        };
        for id in policy.subsumes.iter() {
            hidden.entry((scope, at, id)).or_insert(&policy.id);
        }
    }
    if hidden.is_empty() {
        return;
    }
    for finding in findings {
        let by_scope = hidden.get(&(Some(finding.scope), None, &*finding.rule));
        let by_place = hidden.get(&(None, Some(finding.primary.at), &*finding.rule));
        if let Some(by) = by_scope.or(by_place) {
            finding.state = State::Subsumed {
                by: (*by).to_owned().into(),
            };
        }
    }
}
