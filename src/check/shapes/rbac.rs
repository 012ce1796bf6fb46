//! What a rule of a role grants, and which subjects a binding gives a role to.

use super::{NAMELESS, Run, fits, is};
use crate::kube::resource::is_common_verb;
use crate::kube::{Object, PolicyRule, RoleRef, Subject};
use crate::model::{BindingShape, GrantsShape, Named, Text};
use crate::yaml::Node;

pub(super) fn binding(run: &mut Run<'_, '_>, binding: &BindingShape, object: Object<'_>) {
    let role = RoleRef::of(object);
    let given = role.is_some_and(|role| find(&binding.roles, role.kind, role.name).is_some());
    let parameters = run.cx.parameters();
    let spared = |role: RoleRef<'_>| {
        let mut spared = binding.unless_roles.iter();
        spared.any(|literal| is(parameters, literal, role.at))
    };
    if !(binding.roles.is_empty() || given)
        || role.is_some_and(spared)
        || binding.unless_default && is_default_of_masters(object)
    {
        return;
    }
    let mut report = |at: Node<'_>, star: &str| {
        run.report(at, None, false, |name| {
            Some(match name {
                "name" => object.name().unwrap_or(NAMELESS).into(),
                "kind" => object.gvk.kind.into(),
                "role" => role.map_or("nothing", |role| role.name).into(),
                "star" => star.to_owned().into(),
                _ => return None,
            })
        });
    };
    if binding.subjects.is_empty() {
        role.into_iter().for_each(|role| report(role.at, ""));
        return;
    }
    for subject in Subject::of(object) {
        if let Some(star) = find(&binding.subjects, subject.kind, subject.name) {
            report(subject.at, star);
        }
    }
}

/// The text that the first star matches in the first of these that has this kind and fits this name.
fn find<'t>(named: &[Named], kind: &str, name: &'t str) -> Option<&'t str> {
    let of_kind = named.iter().filter(|n| n.kind == kind);
    of_kind.filter(|n| fits(&n.name, name)).find_map(|n| {
        let [start, end, ..] = &*n.name.0 else {
            return Some("");
        };
        name.strip_prefix(&**start)?.strip_suffix(&**end)
    })
}

/// Whether Kubernetes itself creates the binding: recognized by its content, not by its name alone.
fn is_default_of_masters(binding: Object<'_>) -> bool {
    binding.name() == Some("cluster-admin")
        && RoleRef::of(binding).is_some_and(|role| role.name == "cluster-admin")
        && Subject::of(binding).all(|s| s.kind == "Group" && s.name == "system:masters")
}

pub(super) fn grants(run: &mut Run<'_, '_>, grants: &GrantsShape, rule: PolicyRule<'_>) {
    let kind = rule.role.gvk.kind;
    if !rule.is_of_user() || !(grants.roles.is_empty() || grants.roles.iter().any(|r| r == kind)) {
        return;
    }
    // A verb without resources is one on URLs, which another rule checks. Without verbs nothing is granted.
    let grants_nothing = grants.urls.is_empty() && rule.list("resources").next().is_none()
        || rule.list("verbs").next().is_none();
    let limited = rule.is_limited()
        && !rule
            .list("resourceNames")
            .filter_map(Node::as_str)
            .any(|name| grants.names.iter().any(|n| n == name));
    if grants_nothing || limited && grants.limited.is_none() {
        return;
    }
    let find = |list, wanted: &[Text]| rule.granting_one_of(list, wanted);
    let (verb, resource) = (
        find("verbs", &grants.verbs),
        find("resources", &grants.resources).filter(|item| {
            !grants.named || grants.resources.iter().any(|r| item.as_str() == Some(r))
        }),
    );
    let asked = [
        (&grants.verbs, verb),
        (&grants.resources, resource),
        (&grants.groups, find("apiGroups", &grants.groups)),
        (&grants.urls, find("nonResourceURLs", &grants.urls)),
    ];
    if asked
        .iter()
        .any(|(w, item)| !w.is_empty() && item.is_none())
    {
        return;
    }
    let mut items: Vec<Node<'_>> = asked.iter().filter_map(|(_, item)| *item).collect();
    if verb.is_some() && resource.is_some() && grants.verbs.iter().all(|v| is_common_verb(v)) {
        items.swap(0, 1);
    }
    let [primary, others @ ..] = items.as_slice() else {
        return;
    };
    let holds = run.releases();
    let mut draft = run.report(*primary, holds, false, |name| {
        Some(match name {
            "name" => rule.role.name().unwrap_or(NAMELESS).into(),
            "kind" => kind.into(),
            "verb" => verb?.text()?.into(),
            "resource" => resource?.text()?.into(),
            _ => return None,
        })
    });
    let own = grants.own_groups.filter(|_| rule.has_own_groups_only());
    if let Some(severity) = grants.limited.filter(|_| limited).or(own) {
        draft = draft.severity(severity);
    }
    let others = others.iter().filter(|_| !grants.alone);
    others.fold(draft, |draft, item| {
        draft.related(*item, "together with this")
    });
}
