//! One cause, one finding: what is dangerous in a role is found at its rule, and the bindings that give it are places that explain it.

use super::{FileReport, RuleSet};
use crate::documents::access::{Of, RoleFacts};
use crate::documents::{DocumentFacts, DocumentSet};
use crate::finding::{Finding, Label, ObjectRef, RuleId, State};
use crate::model::Severity;
use crate::text::{FileId, FileSpan};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// More bindings of one role explain nothing more.
const MAX_BINDINGS: usize = 5;

/// Where bindings of its set name a role.
#[derive(Default)]
pub(super) struct Links {
    /// The bindings of each role that bindings name, each with its place among all.
    bindings: Vec<Vec<(usize, Label)>>,
    /// Of each role whose rules count, by file, the roles that are named.
    roles: HashMap<FileId, HashMap<ObjectRef, Vec<usize>>>,
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
                let of_file = self.roles.entry(role.fact.file).or_default();
                of_file.entry(object).or_default().push(place);
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

    /// The bindings that are shown with the findings of their roles. Hides what says of a binding what is said of the role's rule.
    pub(super) fn apply(
        self,
        files: &[Arc<FileReport>],
        of_sets: &mut [Finding],
        rules: &RuleSet<'_>,
    ) -> LinkLabels {
        let mut labels = LinkLabels::default();
        if self.roles.is_empty() {
            return labels;
        }
        let mut said: HashMap<(FileSpan, &str), RuleId> = HashMap::new();
        // A role may have many findings and many bindings.
        let mut told: HashSet<(usize, &str)> = HashSet::new();
        let mut shown: HashMap<*const Vec<usize>, Arc<[Label]>> = HashMap::new();
        for file in files.iter().filter(|file| file.reported) {
            let Some(of_file) = self.roles.get(&file.id) else {
                continue;
            };
            for finding in &file.said.findings {
                let roles = finding.object.as_ref().and_then(|role| of_file.get(role));
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
                        let place = (label.at, implied.as_ref());
                        said.entry(place).or_insert_with(|| policy.id.clone());
                    }
                }
                if finding.severity <= Severity::Medium {
                    let first = shown.entry(std::ptr::from_ref(roles));
                    let first = first.or_insert_with(|| self.first(roles).into());
                    labels.0.insert(Arc::as_ptr(finding), first.clone());
                }
            }
        }
        for finding in of_sets {
            if let Some(by) = said.get(&(finding.primary.at, &*finding.rule)) {
                finding.state = State::Subsumed { by: by.clone() };
            }
        }
        labels
    }
}

/// Places that explain findings of files beside their own.
#[derive(Default)]
pub(super) struct LinkLabels(HashMap<*const Finding, Arc<[Label]>>);

impl LinkLabels {
    /// Those of a finding.
    pub(super) fn of(&self, finding: &Arc<Finding>) -> Option<Arc<[Label]>> {
        self.0.get(&Arc::as_ptr(finding)).cloned()
    }
}
