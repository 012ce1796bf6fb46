//! One cause, one finding: what is dangerous in a role is found at its rule, and the bindings that give it are places that explain it.

use super::{FileReport, RuleSet};
use crate::finding::{Finding, Label, ObjectRef, RuleId, State};
use crate::kube::Set;
use crate::model::Severity;
use crate::text::{FileId, Span};
use std::collections::{BTreeMap, HashMap};

/// More bindings of one role explain nothing more.
const SHOWN: usize = 5;

/// Where bindings of its set name a role.
#[derive(Default)]
pub(super) struct Links(HashMap<(FileId, ObjectRef), Vec<Label>>);

impl Links {
    /// In the profile `default` only, as all that hides findings.
    pub(super) fn of(sets: &BTreeMap<&str, Set<'_>>, rules: &RuleSet) -> Self {
        let mut links = Self::default();
        if !rules.subsumes {
            return links;
        }
        for access in sets.values().map(Set::access) {
            for binding in &access.bindings {
                let roles = access.roles_of(*binding).into_iter();
                for role in roles.flat_map(|role| access.granting(role)) {
                    let Some(object) = role.facts.object.clone() else {
                        continue;
                    };
                    let label = Label {
                        text: format!("{} gives it to {}", binding.quoted(), binding.body.who),
                        ..binding.body.at.label.clone()
                    };
                    let key = (role.body.file, object);
                    links.0.entry(key).or_default().push(label);
                }
            }
        }
        links
    }

    /// Shows the bindings with the findings of their roles, and hides what says of a binding what is said of the role's rule.
    pub(super) fn apply(
        self,
        files: &mut [(FileId, FileReport)],
        of_sets: &mut [Finding],
        rules: &RuleSet,
    ) {
        if self.0.is_empty() {
            return;
        }
        let mut said: HashMap<(FileId, Span, &str), RuleId> = HashMap::new();
        for (id, file) in files.iter_mut().filter(|(_, file)| file.reported) {
            for finding in &mut file.findings {
                let object = finding.object.clone();
                let bindings = object.and_then(|object| self.0.get(&(*id, object)));
                let (Some(bindings), Some(policy)) = (bindings, rules.get(&finding.rule)) else {
                    continue;
                };
                for label in bindings {
                    for implied in policy.subsumes.iter() {
                        let place = (label.file, label.span, implied.as_ref());
                        said.entry(place).or_insert_with(|| policy.id.clone());
                    }
                }
                if finding.severity <= Severity::Medium {
                    let shown = bindings.iter().take(SHOWN).cloned();
                    finding.related.extend(shown);
                }
            }
        }
        for finding in of_sets {
            let place = (finding.primary.file, finding.primary.span, &*finding.rule);
            if let Some(by) = said.get(&place) {
                finding.state = State::Subsumed { by: by.clone() };
            }
        }
    }
}
