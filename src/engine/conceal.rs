//! The gate between findings and what must not be shown: whatever a rule, the reader or a schema says of a secret passes here.

use super::RuleSet;
use crate::finding::{Finding, Label, Quotes, State, fingerprint};
use crate::text::FileSpanSet;

/// Takes out of findings whatever may quote a secret: a message about one says what its rule is about, unless whoever wrote it
/// promises that it holds nothing of the value. A hash of a secret gives it away, too.
pub(super) fn conceal(findings: &mut [Finding], secrets: &FileSpanSet, rules: &RuleSet<'_>) {
    let touches = |label: &Label| secrets.touches(label.at);
    for finding in findings {
        if let State::Suppressed { by, reason } = &mut finding.state
            && touches(by)
        {
            *reason = None;
        }
        if !touches(&finding.primary) && !finding.related.iter().any(touches) {
            continue;
        }
        let Some(policy) = rules.get(&finding.rule) else {
            continue;
        };
        if finding.quotes != Quotes::Nothing {
            finding.fix = None;
            finding.help = policy.remediation.clone();
            finding.primary.text.clear();
            finding.related.iter_mut().for_each(|l| l.text.clear());
            if finding.quotes == Quotes::Message {
                finding.message = policy.title.to_string();
            }
        }
        finding.secret = true;
        let object = finding.object.as_ref();
        finding.fingerprint = fingerprint(&finding.rule, object, &finding.path, "");
    }
}
