//! A role that everybody has is as bad as what it grants, where the set has the role. Its binding does not show that by itself.

use super::RuleSet;
use crate::documents::DocumentSet;
use crate::documents::access::Exposure;
use crate::finding::{Finding, ObjectRef};
use crate::ids::rbac::{ANONYMOUS_BINDING, AUTHENTICATED_BINDING};
use crate::model::Severity;
use crate::text::FileId;
use std::collections::HashMap;
use std::sync::Arc;

/// What bindings show whose roles only read.
#[derive(Default)]
pub(super) struct Exposures(HashMap<FileId, HashMap<ObjectRef, Exposure>>);

impl Exposures {
    /// Of the sets' bindings whose role is known for certain.
    pub(super) fn add(&mut self, set: &DocumentSet<'_>) {
        let access = set.access();
        for binding in &access.bindings {
            let [role] = access.roles_of(*binding)[..] else {
                continue;
            };
            if let (Some(exposure), Some(object)) = (role.fact.exposure, &binding.facts.object) {
                let of_file = self.0.entry(binding.fact.at.label.at.file).or_default();
                of_file.insert(object.clone(), exposure);
            }
        }
    }

    /// The finding, milder where its binding gives little.
    pub(super) fn weighed(&self, finding: &Arc<Finding>, rules: &RuleSet<'_>) -> Arc<Finding> {
        self.severity(finding)
            .filter(|milder| *milder > finding.severity)
            .filter(|_| !rules.severities.contains_key(finding.rule.as_ref()))
            .map_or_else(
                || finding.clone(),
                |severity| {
                    let finding = Finding::clone(finding);
                    Arc::new(Finding {
                        severity,
                        ..finding
                    })
                },
            )
    }

    fn severity(&self, finding: &Finding) -> Option<Severity> {
        let of_file = self.0.get(&finding.primary.at.file)?;
        let exposure = of_file.get(finding.object.as_ref()?)?;
        match (&*finding.rule, exposure) {
            (AUTHENTICATED_BINDING, Exposure::Named) => Some(Severity::Info),
            (AUTHENTICATED_BINDING, Exposure::Kinds) => Some(Severity::Medium),
            // Whoever has no credentials is nobody that one knows.
            (ANONYMOUS_BINDING, Exposure::Named) => Some(Severity::Low),
            (ANONYMOUS_BINDING, Exposure::Kinds) => Some(Severity::High),
            _ => None,
        }
    }
}
