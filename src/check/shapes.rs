//! One function per shape: checks that are data.

use super::Cx;
use crate::kube::component::{Instance, Origin};
use crate::kube::{Container, Object, PodSpec, PolicyRule};
use crate::model::{FailsWhen, Field, Grants, Literal, Policy, Setting, Text};
use crate::yaml::{Kind, Node, Spot};

/// Runs a container policy's shape.
pub(crate) fn container(policy: &Policy, container: Container<'_>, cx: &mut Cx<'_>) {
    if let Some(field) = shape(policy, |s| s.field.as_ref()) {
        self::field(
            policy,
            field,
            container.node,
            container.pod.object,
            container.name(),
            cx,
        );
    }
}

/// Runs a pod policy's shape.
pub(crate) fn pod(policy: &Policy, pod: PodSpec<'_>, cx: &mut Cx<'_>) {
    if let Some(field) = shape(policy, |s| s.field.as_ref()) {
        self::field(policy, field, pod.node, pod.object, "", cx);
    }
}

/// Runs an object policy's shape.
pub(crate) fn object(policy: &Policy, object: Object<'_>, cx: &mut Cx<'_>) {
    if let Some(field) = shape(policy, |s| s.field.as_ref()) {
        self::field(policy, field, object.node, object, "", cx);
    }
}

/// Runs an RBAC policy's shape.
pub(crate) fn policy_rule(policy: &Policy, rule: PolicyRule<'_>, cx: &mut Cx<'_>) {
    if let Some(grants) = shape(policy, |s| s.grants.as_ref()) {
        self::grants(policy, grants, rule, cx);
    }
}

/// Runs a component policy's shape.
pub(crate) fn component(policy: &Policy, instance: &Instance<'_>, cx: &mut Cx<'_>) {
    if let Some(setting) = shape(policy, |s| s.setting.as_ref()) {
        self::setting(policy, setting, instance, cx);
    }
}

fn shape<'p, T>(
    policy: &'p Policy,
    pick: impl FnOnce(&'p crate::model::Shape) -> Option<&'p T>,
) -> Option<&'p T> {
    policy.check.as_ref().and_then(pick)
}

/// The policy's message with its placeholders filled in. Values are quoted from the input: writers make them safe.
fn message(policy: &Policy, values: &[(&str, &str)]) -> String {
    let template = policy.message.as_deref().unwrap_or(&policy.title);
    values
        .iter()
        .fold(template.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
}

fn field(
    policy: &Policy,
    field: &Field,
    from: Node<'_>,
    object: Object<'_>,
    container: &str,
    cx: &mut Cx<'_>,
) {
    let mut found = Vec::new();
    for path in field.path.iter() {
        walk(from, path, &mut found);
    }
    let name = object.name().unwrap_or("without a name");
    for node in found.into_iter().filter(|node| fails(field, *node)) {
        let values = [
            ("name", name),
            ("kind", object.gvk.kind),
            ("container", container),
            ("value", node.text().unwrap_or_default()),
        ];
        cx.report(node, message(policy, &values));
    }
}

fn fails(field: &Field, node: Node<'_>) -> bool {
    let starts = |text: &str| field.starts_with.iter().any(|s| text.starts_with(&**s));
    field.is.iter().any(|is| match is {
        Literal::Bool(b) => node.as_bool() == Some(*b),
        Literal::Int(i) => node.as_int() == Some(*i),
        Literal::Str(s) => node.as_str() == Some(s),
    }) || node.as_str().is_some_and(starts)
}

/// The values at a path: see `Field`.
fn walk<'d>(node: Node<'d>, path: &str, found: &mut Vec<Node<'d>>) {
    let path = path.strip_prefix('.').unwrap_or(path);
    if path.is_empty() {
        found.push(node);
    } else if let Some(rest) = path.strip_prefix("[]") {
        node.items().for_each(|item| walk(item, rest, found));
    } else if let Some((key, rest)) = path.strip_prefix('[').and_then(|p| p.split_once(']')) {
        node.field(key)
            .into_iter()
            .for_each(|n| walk(n, rest, found));
    } else if let Some(rest) = path.strip_prefix("**") {
        let maps = node
            .within()
            .filter(|n| n.kind() == Kind::Map && !n.is_alias());
        maps.for_each(|map| walk(map, rest, found));
    } else {
        let (key, rest) = path.split_at(path.find(['.', '[']).unwrap_or(path.len()));
        node.field(key)
            .into_iter()
            .for_each(|n| walk(n, rest, found));
    }
}

fn grants(policy: &Policy, grants: &Grants, rule: PolicyRule<'_>, cx: &mut Cx<'_>) {
    let kind = rule.role.gvk.kind;
    if rule.is_of_system() || !(grants.roles.is_empty() || grants.roles.iter().any(|r| r == kind)) {
        return;
    }
    // A verb without resources is one on URLs: another rule's business. Without verbs nothing is granted.
    let grants_nothing = grants.urls.is_empty() && rule.list("resources").next().is_none()
        || rule.list("verbs").next().is_none();
    let limited = rule.list("resourceNames").next().is_some()
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
        find("resources", &grants.resources),
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
    let written = |item: Option<Node<'_>>| item.and_then(Node::text).unwrap_or_default().to_owned();
    let (verb, resource) = (written(verb), written(resource));
    let values = [
        ("name", rule.role.name().unwrap_or("without a name")),
        ("kind", kind),
        ("verb", &verb),
        ("resource", &resource),
    ];
    let mut draft = cx.report(*primary, message(policy, &values));
    let own = grants.own_groups.filter(|_| rule.has_own_groups_only());
    if let Some(severity) = grants.limited.filter(|_| limited).or(own) {
        draft = draft.severity(severity);
    }
    others
        .iter()
        .fold(draft, |draft, item| draft.related(*item, "with this"));
}

/// Whether a verb is one of every resource, so that it does not say by itself what is granted.
fn is_common_verb(verb: &str) -> bool {
    const COMMON: [&str; 8] = [
        "get",
        "list",
        "watch",
        "create",
        "update",
        "patch",
        "delete",
        "deletecollection",
    ];
    COMMON.contains(&verb)
}

fn setting(policy: &Policy, setting: &Setting, instance: &Instance<'_>, cx: &mut Cx<'_>) {
    if setting
        .unless
        .as_ref()
        .is_some_and(|other| instance.last(other).is_some())
    {
        return;
    }
    let Some(effective) = instance.list(&setting.id) else {
        return;
    };
    if setting.explicit && effective.origin != Origin::Explicit {
        return;
    }
    let found = effective
        .items
        .iter()
        .find(|(item, _)| *item == setting.value);
    let spot: Option<Spot<'_>> = match setting.fails_when {
        FailsWhen::Contains => found.map(|(_, spot)| *spot),
        FailsWhen::Lacks if found.is_none() => Some(
            instance
                .last(&setting.id)
                .map_or(instance.anchor, crate::kube::component::Setting::spot),
        ),
        FailsWhen::Lacks => None,
    };
    let Some(spot) = spot else { return };
    let flag = format!("--{}", setting.id);
    let origin = match effective.origin {
        Origin::Explicit => "is set to",
        Origin::CarrierDefault | Origin::BinaryDefault => "is not set, and defaults to",
    };
    let text = message(
        policy,
        &[
            ("setting", &flag),
            ("value", &setting.value),
            ("origin", origin),
            ("component", instance.component.name()),
        ],
    );
    if effective.origin == Origin::Explicit {
        cx.report(spot, text);
    } else {
        cx.missing(spot, text);
    }
}
