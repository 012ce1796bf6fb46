//! Subjects and their roles: bindings with the roles that they grant, and pods with the accounts that they run as.

use super::holds;
use crate::check::{Cx, Draft};
use crate::documents::access::{
    Access, BindingFacts, Of, Placed, PodFacts, RoleFacts, account_of, groups_of,
};
use crate::documents::{DocumentFacts, DocumentSet};
use crate::finding::{Finding, Label};
use crate::model::Severity;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// Dangerous rules of a role that are shown with each of its bindings.
const MAX_DANGERS: usize = 20;

/// A role that a binding certainly grants, with the roles whose rules it contains.
struct GrantedRole<'a> {
    binding: Of<'a, BindingFacts>,
    role: Of<'a, RoleFacts>,
    rules: Rc<[Of<'a, RoleFacts>]>,
}

/// The dangerous rules of a role, computed once for all of its bindings.
struct Dangers {
    severity: Severity,
    names: String,
    places: Vec<Label>,
}

impl<'a> GrantedRole<'a> {
    /// None if the set has no such role, or several that it can be.
    fn of(access: &Access<'a>, binding: Of<'a, BindingFacts>) -> Option<Self> {
        let [role] = access.roles_of(binding)[..] else {
            return None;
        };
        let rules = access.granting(role);
        Some(Self {
            binding,
            role,
            rules,
        })
    }

    fn all<'s>(access: &'s Access<'a>) -> impl Iterator<Item = Self> + 's {
        access.bindings.iter().filter_map(|b| Self::of(access, *b))
    }

    fn findings(&self) -> impl Iterator<Item = &'a Finding> {
        self.rules.iter().flat_map(|rules| &rules.fact.dangers)
    }

    fn dangers(&self, cx: &Cx<'_>) -> Option<Dangers> {
        let wanted = cx.param("dangers");
        let dangers = || self.findings().filter(|f| holds(wanted, &f.rule));
        let severity = dangers().map(|danger| danger.severity).min()?;
        let names = dangers().filter_map(|danger| danger.rule.split('/').nth(1));
        let names: BTreeSet<&str> = names.collect();
        let names: Vec<&str> = names.into_iter().collect();
        let mut places: Vec<Label> = dangers().take(MAX_DANGERS).map(place).collect();
        let more = dangers().skip(MAX_DANGERS).count();
        if let Some(last) = places.last_mut().filter(|_| more > 0) {
            last.text = format!("{} (and {more} more)", last.text);
        }
        Some(Dangers {
            severity,
            names: names.join(", "),
            places,
        })
    }

    fn role_key(&self) -> *const DocumentFacts {
        std::ptr::from_ref(self.role.facts)
    }

    /// The rule by which the role can take over the cluster.
    fn takes_over(&self) -> Option<&'a Finding> {
        self.findings().find(|f| f.severity == Severity::Critical)
    }
}

fn place(finding: &Finding) -> Label {
    Label {
        text: finding.message.clone(),
        ..finding.primary.clone()
    }
}

pub(in crate::rules) fn bound_to_wildcard_role(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    let mut known = HashMap::new();
    for given in GrantedRole::all(set.access()) {
        let BindingFacts {
            who,
            at,
            cluster_wide,
            ..
        } = given.binding.fact;
        let everything = *known
            .entry(given.role_key())
            .or_insert_with(|| given.rules.iter().find_map(|r| r.fact.everything.as_ref()));
        let Some(everything) = everything.filter(|_| given.binding.fact.role != "cluster-admin")
        else {
            continue;
        };
        let (binding, role) = (given.binding.quoted(), given.role.quoted());
        let (within, severity) = match cluster_wide {
            true => ("the cluster", Severity::Critical),
            false => ("its namespace", Severity::High),
        };
        let message = format!(
            "{binding} gives {who} full control of {within}, because {role} grants every verb on every resource"
        );
        let rule = Label {
            text: "this rule grants everything".to_owned(),
            ..everything.label.clone()
        };
        cx.report_fact(given.binding.facts, at, message)
            .severity(severity)
            .related_fact(&rule);
    }
}

pub(in crate::rules) fn bound_to_dangerous_role(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    let mut known = HashMap::new();
    for given in GrantedRole::all(set.access()) {
        let dangers = known.entry(given.role_key());
        let Some(dangers) = dangers.or_insert_with(|| given.dangers(cx)) else {
            continue;
        };
        let (binding, role) = (given.binding.quoted(), given.role.quoted());
        let message = format!(
            "{binding} gives {} dangerous permissions through {role}: {}",
            given.binding.fact.who, dangers.names
        );
        let draft = cx.report_fact(given.binding.facts, &given.binding.fact.at, message);
        let draft = draft.severity(dangers.severity);
        dangers.places.iter().fold(draft, Draft::related_fact);
    }
}

pub(in crate::rules) fn rolebinding_cluster_scoped(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    let mut known = HashMap::new();
    for given in GrantedRole::all(set.access()) {
        let BindingFacts {
            cluster_wide,
            role_kind,
            at,
            ..
        } = given.binding.fact;
        let nothing = *known.entry(given.role_key()).or_insert_with(|| {
            !given.rules.is_empty() && given.rules.iter().all(|r| r.fact.outside)
        });
        if !cluster_wide && role_kind == "ClusterRole" && nothing {
            let (binding, role) = (given.binding.quoted(), given.role.quoted());
            let message = format!(
                "{binding} grants nothing, because {role} names only cluster-scoped resources or URLs"
            );
            cx.report_fact(given.binding.facts, at, message);
        }
    }
}

/// How the subjects of a binding can take over the cluster: the role, and the rule that makes it dangerous.
type Why = (String, Option<Label>);

/// The bindings that allow to take over the cluster. Many pods share them.
struct Takers<'s, 'a> {
    access: &'s Access<'a>,
    by_binding: HashMap<*const DocumentFacts, Option<Why>>,
    /// The first such binding of a group of accounts: of those of a namespace, or of all.
    by_group: HashMap<Option<&'a str>, Option<Placed<'a>>>,
}

impl<'s, 'a> Takers<'s, 'a> {
    fn of(access: &'s Access<'a>) -> Self {
        Self {
            access,
            by_binding: HashMap::new(),
            by_group: HashMap::new(),
        }
    }

    /// The binding by which the account of a pod can take over the cluster, and how.
    fn taker(&mut self, pod: Of<'a, PodFacts>) -> Option<(Of<'a, BindingFacts>, Why)> {
        let bindings = self.access.bindings_of(pod).into_iter();
        let groups = groups_of(pod).into_iter();
        let first = groups.filter_map(|group| self.of_group(group));
        let first = first.min_by_key(|(place, _)| *place);
        let mut all = bindings.chain(first.map(|(_, binding)| binding));
        all.find_map(|binding| Some((binding, self.why(binding)?)))
    }

    fn of_group(&mut self, group: Option<&'a str>) -> Option<Placed<'a>> {
        if !self.by_group.contains_key(&group) {
            let access = self.access;
            let mut bindings = access.bindings_of_group(group).iter();
            let first = bindings.find(|(_, binding)| self.why(*binding).is_some());
            self.by_group.insert(group, first.copied());
        }
        *self.by_group.get(&group)?
    }

    fn why(&mut self, binding: Of<'a, BindingFacts>) -> Option<Why> {
        let access = self.access;
        let known = self.by_binding.entry(std::ptr::from_ref(binding.facts));
        known.or_insert_with(|| why(access, binding)).clone()
    }
}

fn why<'a>(access: &Access<'a>, binding: Of<'a, BindingFacts>) -> Option<Why> {
    // Control of kube-system includes the controllers in it, and through them the cluster.
    let reaches =
        binding.fact.cluster_wide || binding.fact.namespace.as_deref() == Some("kube-system");
    if !reaches {
        return None;
    }
    if binding.fact.role_kind == "ClusterRole" && binding.fact.role == "cluster-admin" {
        return Some(("cluster-admin".to_owned(), None));
    }
    let given = GrantedRole::of(access, binding)?;
    let danger = given.takes_over()?;
    Some((given.role.quoted(), Some(place(danger))))
}

pub(in crate::rules) fn workload_with_dangerous_account(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    let access = set.access();
    if access.bindings.is_empty() {
        return;
    }
    let mut takers = Takers::of(access);
    for pod in &access.pods {
        if !access.mounts_token(*pod) && !pod.fact.projects_token {
            continue;
        }
        let Some((binding, (role, danger))) = takers.taker(*pod) else {
            continue;
        };
        let (pod_name, account) = (pod.quoted(), account_of(*pod));
        let message = format!(
            "{pod_name} runs as service account \"{account}\" with {role}, so an attacker in it can take over the cluster"
        );
        let named = Label {
            text: format!("{} grants the role", binding.quoted()),
            ..binding.fact.at.label.clone()
        };
        let draft = cx
            .report_fact(pod.facts, &pod.fact.at, message)
            .related_fact(&named);
        if let Some(danger) = danger {
            draft.related_fact(&danger);
        }
    }
}
