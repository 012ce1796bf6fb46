//! One function per shape: checks that are data.

use super::Cx;
use crate::component::{Instance, Origin, number};
use crate::finding::Releases;
use crate::go_value::parse_bool;
use crate::kube::resource::is_common_verb;
use crate::kube::{Container, Object, PodSpec, PolicyRule};
use crate::model::{
    Absence, FailsWhen, FieldShape, GrantsShape, Literal, Policy, SettingShape, Text,
};
use crate::yaml::{Node, NodeKind, NodeSpan};

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
    field: &FieldShape,
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

fn fails(field: &FieldShape, node: Node<'_>) -> bool {
    let starts = |text: &str| field.starts_with.iter().any(|s| text.starts_with(&**s));
    field.is.iter().any(|is| match is {
        Literal::Bool(b) => node.as_bool() == Some(*b),
        Literal::Int(i) => node.as_int() == Some(*i),
        Literal::Str(s) => node.as_str() == Some(s),
    }) || node.as_str().is_some_and(starts)
}

/// The values at a path: see `FieldShape`.
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
            .filter(|n| n.kind() == NodeKind::Map && !n.is_alias());
        maps.for_each(|map| walk(map, rest, found));
    } else {
        let (key, rest) = path.split_at(path.find(['.', '[']).unwrap_or(path.len()));
        node.field(key)
            .into_iter()
            .for_each(|n| walk(n, rest, found));
    }
}

fn grants(policy: &Policy, grants: &GrantsShape, rule: PolicyRule<'_>, cx: &mut Cx<'_>) {
    let kind = rule.role.gvk.kind;
    if rule.is_of_system() || !(grants.roles.is_empty() || grants.roles.iter().any(|r| r == kind)) {
        return;
    }
    // A verb without resources is one on URLs: another rule's business. Without verbs nothing is granted.
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

fn setting(policy: &Policy, setting: &SettingShape, instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let releases = Releases::between(setting.since.unwrap_or(0), setting.until.unwrap_or(63));
    let matters = |s: &Text| holds(s, instance) == Some(true);
    if !instance.releases.without(releases).is_empty() || !setting.when.iter().all(matters) {
        return;
    }
    let Some((value, spot, origin)) = failing(setting, instance) else {
        return;
    };
    let judged = match setting.absence {
        Absence::Judged => true,
        Absence::Strict => cx.is_strict(),
        Absence::Ignored => false,
    };
    let explicit = origin == Origin::Explicit;
    // What is written is judged although more may stand elsewhere.
    let replaced = |s: &Text| holds(s, instance).unwrap_or(!explicit);
    if !(explicit || judged) || setting.unless.iter().any(replaced) {
        return;
    }
    let origin_text = match origin {
        Origin::Explicit => "is set to",
        _ if value.is_empty() => "is not set",
        Origin::DistributionDefault | Origin::BinaryDefault => "is not set, and defaults to",
    };
    let text = message(
        policy,
        &[
            ("setting", &instance.spelling(&setting.id)),
            ("value", value),
            ("origin", origin_text),
            ("component", instance.component.name()),
        ],
    );
    if explicit {
        cx.report(spot, text);
        return;
    }
    let draft = cx.missing(spot, text);
    if let Some(severity) = setting.absent_severity {
        draft.severity(severity);
    }
}

/// Whether a setting is set, or `name=value` has that value or that item; `None` where that cannot be known.
fn holds(condition: &str, instance: &Instance<'_>) -> Option<bool> {
    match condition.split_once('=') {
        None => instance.is_set(condition),
        Some((name, value)) => {
            let whole = same(instance.effective(name)?.value, value);
            let item = |(item, _): &(&str, NodeSpan<'_>)| same(item, value);
            Some(whole || instance.list(name)?.items.iter().any(item))
        }
    }
}

/// Whether a value is the wanted one: booleans in any of Go's spellings, and an empty one is false.
fn same(value: &str, wanted: &str) -> bool {
    match wanted {
        "true" => parse_bool(value) == Some(true),
        "false" => value.is_empty() || parse_bool(value) == Some(false),
        _ => value == wanted,
    }
}

/// What of a setting fails: the value or the item, its place, and where it comes from.
fn failing<'a, 'd>(
    setting: &'a SettingShape,
    instance: &'a Instance<'d>,
) -> Option<(&'a str, NodeSpan<'d>, Origin)> {
    let id = setting.id.as_ref();
    let wanted = |value: &str| setting.value.iter().any(|w| same(value, w));
    let starts = |value: &str| setting.value.iter().any(|w| value.starts_with(&**w));
    let limit = || setting.value.first().and_then(|v| number(v));
    let single = |fails: &dyn Fn(&str) -> bool| {
        let effective = instance.effective(id)?;
        fails(effective.value).then_some((effective.value, effective.spot, effective.origin))
    };
    let item = |fails: &dyn Fn(&str) -> bool| {
        let list = instance.list(id)?;
        let (item, spot) = list.items.iter().find(|(item, _)| fails(item))?;
        Some((*item, *spot, list.origin))
    };
    match setting.fails_when {
        FailsWhen::Is => single(&wanted),
        FailsWhen::IsNot => single(&|value| !wanted(value)),
        FailsWhen::Contains => item(&wanted),
        FailsWhen::StartsWith => item(&starts),
        FailsWhen::Below => {
            let limit = limit()?;
            single(&|value| number(value).is_some_and(|n| n > 0.0 && n < limit))
        }
        FailsWhen::Above => {
            let limit = limit()?;
            single(&|value| number(value).is_some_and(|n| n > limit))
        }
        FailsWhen::NotPositive => single(&|value| number(value).is_some_and(|n| n <= 0.0)),
        FailsWhen::Lacks => {
            let list = instance.list(id)?;
            let found = list.items.iter().any(|(item, _)| wanted(item));
            let (value, spot) = match instance.last(id) {
                Some(last) => (last.value.as_ref(), last.spot()),
                None => (instance.default_of(id)?.0, instance.anchor),
            };
            (!found).then_some((value, spot, list.origin))
        }
        FailsWhen::Absent => {
            if instance.is_set(id)? {
                return None;
            }
            Some(match instance.last(id) {
                Some(empty) => ("", empty.spot(), Origin::Explicit),
                None => ("", instance.anchor, Origin::BinaryDefault),
            })
        }
        FailsWhen::Present => {
            let last = instance.last(id).filter(|s| !s.value.is_empty())?;
            Some((last.value.as_ref(), last.spot(), Origin::Explicit))
        }
    }
}
