//! Who has which role: bindings with the roles that they give, and pods with the accounts that they run as.

use super::holds;
use crate::check::Cx;
use crate::finding::{Finding, Label};
use crate::kube::Set;
use crate::kube::access::{Access, BindingFacts, Of, PodFacts, RoleFacts, account_of};
use crate::model::Severity;

/// A role that a binding gives for certain, with those whose rules count in it.
struct Given<'a> {
    binding: Of<'a, BindingFacts>,
    role: Of<'a, RoleFacts>,
    rules: Vec<Of<'a, RoleFacts>>,
}

impl<'a> Given<'a> {
    /// None where the set does not have the role, or more than one that may be meant.
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
        self.rules.iter().flat_map(|rules| &rules.body.dangers)
    }

    fn dangers(&self, cx: &Cx<'_>) -> Vec<&'a Finding> {
        let wanted = cx.param("dangers");
        let dangers = self.findings().filter(|f| holds(wanted, &f.rule));
        dangers.collect()
    }

    /// Why whoever has the role can have the cluster.
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

pub(in crate::rules) fn bound_to_wildcard_role(set: &Set<'_>, cx: &mut Cx<'_>) {
    for given in Given::all(set.access()) {
        let BindingFacts {
            who,
            at,
            cluster_wide,
            ..
        } = given.binding.body;
        let everything = given.rules.iter().find_map(|r| r.body.everything.as_ref());
        let Some(everything) = everything.filter(|_| given.binding.body.role != "cluster-admin")
        else {
            continue;
        };
        let (binding, role) = (given.binding.quoted(), given.role.quoted());
        let (within, severity) = match cluster_wide {
            true => ("the whole cluster", Severity::Critical),
            false => (
                "its namespace, its Secrets, roles and quotas too",
                Severity::High,
            ),
        };
        let message = format!(
            "{binding} gives {who} everything in {within}: {role} grants every verb on every resource"
        );
        let rule = Label {
            text: "by this rule".to_owned(),
            ..everything.label.clone()
        };
        cx.report_fact(given.binding.facts, at, message)
            .severity(severity)
            .related_fact(&rule);
    }
}

pub(in crate::rules) fn bound_to_dangerous_role(set: &Set<'_>, cx: &mut Cx<'_>) {
    for given in Given::all(set.access()) {
        let dangers = given.dangers(cx);
        let Some(severity) = dangers.iter().map(|danger| danger.severity).min() else {
            continue;
        };
        let mut names: Vec<&str> = dangers
            .iter()
            .filter_map(|danger| danger.rule.split('/').nth(1))
            .collect();
        names.sort_unstable();
        names.dedup();
        let (binding, role) = (given.binding.quoted(), given.role.quoted());
        let message = format!(
            "{binding} gives {} dangerous rights by {role}: {}",
            given.binding.body.who,
            names.join(", ")
        );
        let draft = cx.report_fact(given.binding.facts, &given.binding.body.at, message);
        let draft = draft.severity(severity);
        dangers
            .iter()
            .fold(draft, |draft, danger| draft.related_fact(&place(danger)));
    }
}

pub(in crate::rules) fn rolebinding_cluster_scoped(set: &Set<'_>, cx: &mut Cx<'_>) {
    for given in Given::all(set.access()) {
        let BindingFacts {
            cluster_wide,
            role_kind,
            at,
            ..
        } = given.binding.body;
        let nothing = !given.rules.is_empty() && given.rules.iter().all(|r| r.body.outside);
        if !cluster_wide && role_kind == "ClusterRole" && nothing {
            let (binding, role) = (given.binding.quoted(), given.role.quoted());
            let message = format!(
                "{binding} grants nothing: {role} names only what is in no namespace, and a RoleBinding gives it in one"
            );
            cx.report_fact(given.binding.facts, at, message);
        }
    }
}

/// Why the account of a pod can take over the cluster.
fn takes_over<'a>(
    access: &Access<'a>,
    pod: Of<'a, PodFacts>,
) -> Option<(Of<'a, BindingFacts>, String, Option<Label>)> {
    let bindings = access.bindings_of(pod).into_iter();
    for binding in bindings.chain(access.group_bindings_of(pod)) {
        // Whoever rules kube-system rules the controllers in it, and by them the rest.
        let reaches =
            binding.body.cluster_wide || binding.body.namespace.as_deref() == Some("kube-system");
        if !reaches {
            continue;
        }
        if binding.body.role_kind == "ClusterRole" && binding.body.role == "cluster-admin" {
            return Some((binding, "cluster-admin".to_owned(), None));
        }
        let given = Given::of(access, binding);
        let danger = given.as_ref().and_then(Given::takes_over);
        if let (Some(given), Some(danger)) = (given, danger) {
            return Some((binding, given.role.quoted(), Some(place(danger))));
        }
    }
    None
}

pub(in crate::rules) fn workload_with_dangerous_account(set: &Set<'_>, cx: &mut Cx<'_>) {
    let access = set.access();
    if access.bindings.is_empty() {
        return;
    }
    for pod in &access.pods {
        if !access.mounts_token(*pod) && !pod.body.projects_token {
            continue;
        }
        let Some((binding, role, danger)) = takes_over(access, *pod) else {
            continue;
        };
        let (pod_name, account) = (pod.quoted(), account_of(*pod));
        let message = format!(
            "whoever gets into {pod_name} gets the cluster: its service account \"{account}\" has {role}"
        );
        let named = Label {
            text: format!("{} gives it", binding.quoted()),
            ..binding.body.at.label.clone()
        };
        let draft = cx
            .report_fact(pod.facts, &pod.body.at, message)
            .related_fact(&named);
        if let Some(danger) = danger {
            draft.related_fact(&danger);
        }
    }
}
