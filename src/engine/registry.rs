//! Which rules there are.

use crate::check::Check;
use crate::model::Policy;
use crate::rules;
use std::sync::Arc;

/// A rule: its policy, and how it looks at documents.
pub(crate) type Rule<'r> = &'r (Policy, Check);

/// Every rule that a run may ask. A value and no global, so that policies of a user can join kubevet's own.
#[derive(Clone, Default)]
pub struct Registry {
    /// Rules beside kubevet's own.
    more: Arc<[(Policy, Check)]>,
}

impl Registry {
    /// kubevet's own rules and some more.
    #[cfg(test)]
    pub(super) fn with(more: Vec<(Policy, Check)>) -> Self {
        Self { more: more.into() }
    }

    /// The rules: kubevet's own in the order of their ids, then the others.
    pub(super) fn rules(&self) -> impl Iterator<Item = Rule<'_>> {
        rules::all().iter().chain(self.more.iter())
    }

    /// The policies, in the same order.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> + Clone {
        let more = self.more.iter();
        rules::all().iter().chain(more).map(|(policy, _)| policy)
    }

    /// The policy that has this id, or had it.
    pub fn policy(&self, id: &str) -> Option<&Policy> {
        self.policies()
            .find(|p| p.id == id || p.formerly.iter().any(|f| f == id))
    }

    /// The rule whose id is nearest to a misspelt one, if one is near.
    pub fn nearest(&self, id: &str) -> Option<&str> {
        crate::text::nearest(id, self.policies().map(|p| p.id.as_ref()))
    }
}
