//! One cause, one finding: what is dangerous in a role is found at its rule, and the bindings that give it are places that explain it.

use super::{FileReport, RuleSet};
use crate::documents::access::{Of, RoleFacts};
use crate::documents::{DocumentFacts, DocumentSet};
use crate::finding::{Finding, Label, ObjectRef, RuleId, State};
use crate::model::Severity;
use crate::text::{FileId, Span};
use std::collections::{BTreeMap, HashMap, HashSet};

/// More bindings of one role explain nothing more.
const MAX_BINDINGS: usize = 5;

/// Where bindings of its set name a role.
#[derive(Default)]
pub(super) struct Links {
    /// The bindings of each role that bindings name, each with its place among all.
    bindings: Vec<Vec<(usize, Label)>>,
    /// Of each role whose rules count, the roles that are named.
    roles: HashMap<(FileId, ObjectRef), Vec<usize>>,
}

impl Links {
    /// In the profile `default` only, as all that hides findings.
    pub(super) fn of(sets: &BTreeMap<&str, DocumentSet<'_>>, rules: &RuleSet<'_>) -> Self {
        let mut links = Self::default();
        if !rules.subsumes {
            return links;
        }
        for access in sets.values().map(DocumentSet::access) {
            let mut named: HashMap<*const DocumentFacts, usize> = HashMap::new();
            for (place, binding) in access.bindings.iter().enumerate() {
                let label = Label {
                    text: format!("{} gives it to {}", binding.quoted(), binding.fact.who),
                    ..binding.fact.at.label.clone()
                };
                for role in access.roles_of(*binding) {
                    let role_place = *named
                        .entry(std::ptr::from_ref(role.facts))
                        .or_insert_with(|| links.add(&access.granting(role)));
                    let bindings = links.bindings.get_mut(role_place);
                    bindings
                        .into_iter()
                        .for_each(|b| b.push((place, label.clone())));
                }
            }
        }
        links
    }

    /// A role that is named, of which these count; its place among the roles.
    fn add(&mut self, granting: &[Of<'_, RoleFacts>]) -> usize {
        let place = self.bindings.len();
        self.bindings.push(Vec::new());
        for role in granting {
            if let Some(object) = role.facts.object.clone() {
                let key = (role.fact.file, object);
                self.roles.entry(key).or_default().push(place);
            }
        }
        place
    }

    /// The bindings of some roles.
    fn of_roles<'s>(&'s self, roles: &'s [usize]) -> impl Iterator<Item = &'s (usize, Label)> {
        let lists = roles.iter().filter_map(|role| self.bindings.get(*role));
        lists.flatten()
    }

    /// The first bindings of some roles.
    fn first(&self, roles: &[usize]) -> Vec<Label> {
        let lists = roles.iter().filter_map(|role| self.bindings.get(*role));
        let mut first: Vec<&(usize, Label)> = lists
            .flat_map(|list| list.iter().take(MAX_BINDINGS))
            .collect();
        first.sort_by_key(|(place, _)| *place);
        let labels = first.into_iter().map(|(_, label)| label.clone());
        labels.take(MAX_BINDINGS).collect()
    }

    /// Shows the bindings with the findings of their roles, and hides what says of a binding what is said of the role's rule.
    pub(super) fn apply(
        self,
        files: &mut [(FileId, FileReport)],
        of_sets: &mut [Finding],
        rules: &RuleSet<'_>,
    ) {
        if self.roles.is_empty() {
            return;
        }
        let mut said: HashMap<(FileId, Span, &str), RuleId> = HashMap::new();
        // A role may have many findings and many bindings.
        let mut told: HashSet<(usize, &str)> = HashSet::new();
        let mut shown: HashMap<*const Vec<usize>, Vec<Label>> = HashMap::new();
        for (id, file) in files.iter_mut().filter(|(_, file)| file.reported) {
            for finding in &mut file.findings {
                let object = finding.object.clone();
                let roles = object.and_then(|object| self.roles.get(&(*id, object)));
                let (Some(roles), Some(policy)) = (roles, rules.get(&finding.rule)) else {
                    continue;
                };
                let untold = roles
                    .iter()
                    .copied()
                    .filter(|role| told.insert((*role, &policy.id)));
                let untold: Vec<usize> = untold.collect();
                for (_, label) in self.of_roles(&untold) {
                    for implied in policy.subsumes.iter() {
                        let place = (label.file, label.span, implied.as_ref());
                        said.entry(place).or_insert_with(|| policy.id.clone());
                    }
                }
                if finding.severity <= Severity::Medium {
                    let first = shown.entry(std::ptr::from_ref(roles));
                    let first = first.or_insert_with(|| self.first(roles));
                    finding.related.extend(first.iter().cloned());
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
