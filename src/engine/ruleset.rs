//! The rules of a run, found by what they look at.

#![cfg_attr(
    not(feature = "user-schemas"),
    expect(clippy::zero_sized_map_values, reason = "nobody can give a schema")
)]

use super::registry::{Registry, Rule};
use crate::check::{Overrides, RuleContext};
use crate::component::ComponentKind;
use crate::documents::Repository;
use crate::finding::Releases;
use crate::kube::Completeness;
use crate::model::{Policy, Profile, Severity};
use crate::schema::UserSchema;
use std::collections::HashMap;
use std::time::Duration;

/// The rules of a run.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch")]
pub struct RuleSet<'r> {
    /// All rules that there are.
    pub(crate) registry: &'r Registry,
    /// The releases that are asked about.
    pub targets: Releases,
    /// The releases that the user asks about; `None` where they are only the default.
    pub asked: Option<Releases>,
    /// Whether a finding hides those that it implies: in the profile `default` only, since the others answer for a standard.
    pub(crate) subsumes: bool,
    /// Whether suppressions in the files are obeyed.
    pub applies_suppressions: bool,
    /// Whether findings get their fixes, where their rules have some.
    pub fixes: bool,
    /// Whether custom resources that nothing defines are worth a note.
    pub notes_undefined: bool,
    /// What time it is, since 1970, for rules about what ends; they say nothing where nobody tells.
    pub now: Option<Duration>,
    /// Severities that the user gives rules.
    pub severities: HashMap<String, Severity>,
    /// Parameters that the user gives rules.
    pub parameters: Overrides,
    /// Schemas that the user gives custom resources, by group, version and kind.
    pub schemas_given: HashMap<[String; 3], UserSchema>,
    pub(crate) objects: Vec<Rule<'r>>,
    pub(crate) containers: Vec<Rule<'r>>,
    pub(crate) pods: Vec<Rule<'r>>,
    pub(crate) policy_rules: Vec<Rule<'r>>,
    pub(crate) sets: Vec<Rule<'r>>,
    /// Whether only the facts of documents are asked for.
    pub(crate) only_facts: bool,
    schemas: bool,
    kinds: HashMap<(&'r str, &'r str), Vec<Rule<'r>>>,
    components: HashMap<ComponentKind, Vec<Rule<'r>>>,
    by_id: HashMap<&'r str, Rule<'r>>,
}

impl<'r> RuleSet<'r> {
    /// The rules of a profile.
    pub fn new(registry: &'r Registry, profile: Profile, targets: Releases) -> Self {
        Self::selected(registry, profile, targets, |policy| policy.is_in(profile))
    }

    /// Rules that are chosen one by one, in the ways of a profile.
    pub fn selected(
        registry: &'r Registry,
        profile: Profile,
        targets: Releases,
        select: impl Fn(&Policy) -> bool,
    ) -> Self {
        let mut set = Self {
            registry,
            targets,
            asked: None,
            subsumes: profile == Profile::Default,
            applies_suppressions: true,
            fixes: false,
            notes_undefined: true,
            now: None,
            severities: HashMap::new(),
            parameters: Overrides::new(),
            schemas_given: HashMap::new(),
            objects: Vec::new(),
            containers: Vec::new(),
            pods: Vec::new(),
            policy_rules: Vec::new(),
            sets: Vec::new(),
            only_facts: false,
            schemas: false,
            kinds: HashMap::new(),
            components: HashMap::new(),
            by_id: HashMap::new(),
        };
        for rule in registry.rules().filter(|(policy, _)| select(policy)) {
            set.add(rule);
        }
        set
    }

    /// The rules that files are read with which are only context: those whose findings are a part of facts.
    #[must_use]
    pub fn for_facts(&self) -> Self {
        let mut rules = Self::selected(self.registry, Profile::Default, self.targets, |_| false);
        for rule in &self.policy_rules {
            rules.add(rule);
        }
        Self {
            asked: self.asked,
            subsumes: self.subsumes,
            applies_suppressions: self.applies_suppressions,
            parameters: self.parameters.clone(),
            sets: self.sets.clone(),
            only_facts: true,
            schemas: self.schemas,
            ..rules
        }
    }

    fn add(&mut self, rule: Rule<'r>) {
        self.by_id.insert(&rule.0.id, rule);
        for applies in rule.0.applies.iter() {
            match applies.as_ref() {
                "Object" => self.objects.push(rule),
                "Container" => self.containers.push(rule),
                "Pod" => self.pods.push(rule),
                "PolicyRule" => self.policy_rules.push(rule),
                "Set" => self.sets.push(rule),
                "Reader" => {
                    const OF_SCHEMA: [&str; 3] = ["schema/", "api/", "component-config/"];
                    let mut of_schema = OF_SCHEMA.iter();
                    self.schemas |= of_schema.any(|category| rule.0.id.starts_with(category));
                }
                name => match name.split_once('/') {
                    Some((group, kind)) => self
                        .kinds
                        .entry((if group == "core" { "" } else { group }, kind))
                        .or_default()
                        .push(rule),
                    None => {
                        if let Some(component) = ComponentKind::named(name) {
                            self.components.entry(component).or_default().push(rule);
                        }
                    }
                },
            }
        }
    }

    /// Rules about objects of a kind.
    pub(crate) fn of_kind<'a>(&'a self, group: &'a str, kind: &'a str) -> &'a [Rule<'a>] {
        self.kinds.get(&(group, kind)).map_or(&[], Vec::as_slice)
    }

    /// Rules about a component.
    pub(crate) fn of_component(&self, component: ComponentKind) -> &[Rule<'r>] {
        self.components.get(&component).map_or(&[], Vec::as_slice)
    }

    /// What is the same for all objects: of none yet.
    pub(crate) fn context<'a>(&'a self, repository: &'a Repository) -> RuleContext<'a> {
        RuleContext {
            object: None,
            path: "",
            completeness: Completeness::Complete,
            targets: self.targets,
            strict: !self.subsumes,
            pinned: self.asked,
            repository,
            parameters: &self.parameters,
            fixes: self.fixes,
            now: self.now,
            parts: &[],
            exposed_secrets: None,
        }
    }

    /// The schema that the user gives a custom resource.
    pub(crate) fn given(&self, group: &str, version: &str, kind: &str) -> Option<&UserSchema> {
        let known = Some(&self.schemas_given).filter(|known| !known.is_empty());
        known?.get(&[group, version, kind].map(str::to_owned))
    }

    /// A rule of this run.
    pub fn get(&self, id: &str) -> Option<&'r Policy> {
        self.by_id.get(id).map(|rule| &rule.0)
    }

    /// Whether a rule needs to see several documents together.
    pub fn needs_sets(&self) -> bool {
        !self.sets.is_empty() || self.schemas
    }

    /// Whether a rule asks what an API server would reject, or what defines a custom resource.
    pub(crate) fn needs_schemas(&self) -> bool {
        self.schemas
    }

    /// How many rules it holds.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}
