//! One function per shape: checks that are data.

use super::Cx;
use crate::kube::component::{Instance, Origin};
use crate::kube::{Container, Object, PodSpec, PolicyRule};
use crate::model::{FailsWhen, Field, Grants, Literal, Policy, Setting};
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
    if rule.is_of_system() {
        return;
    }
    let asked = [
        ("verbs", &grants.verb),
        ("resources", &grants.resource),
        ("apiGroups", &grants.group),
        ("nonResourceURLs", &grants.url),
    ];
    let mut items: Vec<Node<'_>> = Vec::new();
    for (list, wanted) in asked {
        let Some(wanted) = wanted else { continue };
        match rule.granting(list, wanted) {
            Some(item) => items.push(item),
            None => return,
        }
    }
    // A verb without resources is one on URLs: another rule's business.
    let about_resources = grants.url.is_none();
    if about_resources && rule.list("resources").next().is_none()
        || rule.list("resourceNames").next().is_some()
    {
        return;
    }
    let [primary, others @ ..] = items.as_slice() else {
        return;
    };
    let name = rule.role.name().unwrap_or("without a name");
    let mut draft = cx.report(
        *primary,
        message(
            policy,
            &[
                ("name", name),
                ("kind", rule.role.gvk.kind),
                ("container", ""),
                ("value", ""),
            ],
        ),
    );
    if let Some(severity) = grants.own_groups.filter(|_| rule.has_own_groups_only()) {
        draft = draft.severity(severity);
    }
    others
        .iter()
        .fold(draft, |draft, item| draft.related(*item, "with this"));
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
