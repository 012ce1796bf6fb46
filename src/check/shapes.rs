//! One function per shape: checks that are data.

use super::{Cx, Draft};
use crate::component::kubeadm_parts::{KubeadmSection, Which};
use crate::component::{Instance, Origin, number};
use crate::finding::Releases;
use crate::go_value::parse_bool;
use crate::kube::address::{Url, is_loopback, is_private, is_public};
use crate::kube::resource::is_common_verb;
use crate::kube::{Container, Object, PodSpec, PolicyRule, RoleRef, Subject, is_unresolved};
use crate::model::{
    Absence, Address, BindingShape, Condition, FailsWhen, FieldShape, GrantsShape, Literal, Named,
    Path, Pattern, Point, Policy, Presence, Section, SettingShape, Shape, Step, Text,
};
use crate::text::Span;
use crate::yaml::{Node, NodeKind, NodeSpan};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;

/// Runs a container policy's checks.
pub(crate) fn container(policy: &Policy, container: Container<'_>, cx: &mut Cx<'_>) {
    let view = View {
        root: container.node,
        object: container.pod.object,
        container: container.name(),
    };
    fields(policy, view, cx);
}

/// Runs a pod policy's checks.
pub(crate) fn pod(policy: &Policy, pod: PodSpec<'_>, cx: &mut Cx<'_>) {
    let view = View {
        root: pod.node,
        object: pod.object,
        container: "",
    };
    fields(policy, view, cx);
}

/// Runs an object policy's checks.
pub(crate) fn object(policy: &Policy, object: Object<'_>, cx: &mut Cx<'_>) {
    let view = View {
        root: object.node,
        object,
        container: "",
    };
    fields(policy, view, cx);
}

fn fields(policy: &Policy, view: View<'_>, cx: &mut Cx<'_>) {
    each_shape(policy, view.object.gvk.kind, cx, |run| {
        if let Some(field) = &run.shape.field {
            self::field(run, field, view);
        }
        if let Some(binding) = &run.shape.binding {
            self::binding(run, binding, view.object);
        }
    });
}

/// Runs an RBAC policy's checks.
pub(crate) fn policy_rule(policy: &Policy, rule: PolicyRule<'_>, cx: &mut Cx<'_>) {
    each_shape(policy, rule.role.gvk.kind, cx, |run| {
        if let Some(grants) = &run.shape.grants {
            self::grants(run, grants, rule);
        }
    });
}

/// Runs a component policy's checks.
pub(crate) fn component(policy: &Policy, instance: &Instance<'_>, cx: &mut Cx<'_>) {
    each_shape(policy, instance.component.name(), cx, |run| {
        if let Some(setting) = &run.shape.setting {
            let ids = setting.id.iter();
            ids.for_each(|id| self::setting(run, setting, id, instance));
        }
    });
}

/// One check of a policy, and where its findings go.
struct Run<'r, 'a> {
    policy: &'r Policy,
    shape: &'r Shape,
    /// Which of the policy's checks it is.
    number: usize,
    /// Which check has failed at a place.
    failed: &'r mut HashMap<Span, usize>,
    cx: &'r mut Cx<'a>,
}

fn each_shape(policy: &Policy, kind: &str, cx: &mut Cx<'_>, run: impl Fn(&mut Run<'_, '_>)) {
    let mut failed = HashMap::new();
    for (number, shape) in policy.check.iter().enumerate() {
        let other_kind = !shape.kinds.is_empty() && !shape.kinds.iter().any(|k| k == kind);
        if !other_kind && (cx.is_strict() || !shape.strict) {
            let failed = &mut failed;
            run(&mut Run {
                policy,
                shape,
                number,
                failed,
                cx,
            });
        }
    }
}

impl Run<'_, '_> {
    /// The releases that it holds for; `None` where that is all.
    fn releases(&self) -> Option<Releases> {
        let Shape { since, until, .. } = self.shape;
        let limited = since.is_some() || until.is_some();
        limited.then(|| Releases::between(since.unwrap_or(0), until.unwrap_or(63)))
    }

    /// A finding with the check's message, unless an earlier check has one there. `whole`: of what lacks something.
    fn report<'v>(
        &mut self,
        at: impl Into<NodeSpan<'v>>,
        holds: Option<Releases>,
        whole: bool,
        value: impl Fn(&str) -> Option<Cow<'v, str>>,
    ) -> Draft<'_> {
        let at = at.into();
        if self.policy.check.len() > 1
            && *self.failed.entry(at.span).or_insert(self.number) != self.number
        {
            return Draft(None);
        }
        let Self { policy, shape, .. } = self;
        let template = shape.message.as_ref().or(policy.message.as_ref());
        let text = filled_in(template.unwrap_or(&policy.title), value);
        let targets = self.cx.targets();
        let mut draft = match (holds, whole) {
            (None, false) => self.cx.report(at, text),
            (None, true) => self.cx.missing(at, text),
            (Some(holds), false) => self.cx.report_for(targets.and(holds), at, text),
            (Some(holds), true) => self.cx.missing_for(targets.and(holds), at, text),
        };
        if let Some(severity) = shape.severity {
            draft = draft.severity(severity);
        }
        if let Some(help) = &shape.help {
            draft = draft.help(&**help);
        }
        draft
    }
}

/// A message with its placeholders filled in. Values are quoted from the input: writers make them safe.
fn filled_in<'v>(template: &str, value: impl Fn(&str) -> Option<Cow<'v, str>>) -> String {
    let mut text = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, (name, behind))) = rest
        .split_once('{')
        .and_then(|(before, behind)| Some((before, behind.split_once('}')?)))
    {
        text += before;
        text += &value(name).unwrap_or_default();
        rest = behind;
    }
    text + rest
}

/// What a field is looked for in.
#[derive(Clone, Copy)]
struct View<'d> {
    root: Node<'d>,
    object: Object<'d>,
    container: &'d str,
}

const NAMELESS: &str = "without a name";

fn field(run: &mut Run<'_, '_>, field: &FieldShape, view: View<'_>) {
    let Some(section) = field.section else {
        return each_holder(field, view, view.root, &mut |holder| {
            judge(run, field, view, holder);
        });
    };
    let wanted = match section {
        Section::Any => None,
        Section::Cluster => Some(Which::Cluster),
        Section::Init => Some(Which::Init),
        Section::Join => Some(Which::Join),
    };
    for section in KubeadmSection::of(view.object) {
        if wanted.is_none_or(|which| which == section.which) {
            each_holder(field, view, section.node, &mut |holder| {
                judge(run, field, view, holder);
            });
        }
    }
}

/// What a field looks at one by one.
fn each_holder<'d>(
    field: &FieldShape,
    view: View<'d>,
    from: Node<'d>,
    visit: &mut dyn FnMut(Node<'d>),
) {
    if field.each.is_empty() {
        visit(from);
    }
    for path in field.each.iter() {
        walk(view, from, &path.0, visit);
    }
}

fn judge<'d>(run: &mut Run<'_, '_>, field: &FieldShape, view: View<'d>, holder: Node<'d>) {
    let counts = OnceCell::new();
    let counts = |cx: &Cx<'_>| *counts.get_or_init(|| matters(cx, field, view, holder));
    let mut absent = true;
    for path in field.path.iter() {
        walk(view, holder, &path.0, &mut |node| {
            absent = false;
            if fails(run.cx, field, node) && counts(run.cx) {
                let at = point(node, field.at);
                report(run, field, view, holder, Some(node), at);
            }
        });
    }
    if absent && may_lack(field, holder) && counts(run.cx) {
        let place = field.lacks_at.as_ref();
        let place = place.and_then(|path| first(view, holder, path));
        let at = match (place, field.path.first()) {
            (Some(place), _) => point(place, field.at),
            (None, path) => lacking(holder, path),
        };
        report(run, field, view, holder, None, at);
    }
}

fn report<'d>(
    run: &mut Run<'_, '_>,
    field: &FieldShape,
    view: View<'d>,
    holder: Node<'d>,
    node: Option<Node<'d>>,
    at: NodeSpan<'d>,
) {
    let holds = run.releases();
    let value = |name: &str| -> Option<Cow<'d, str>> {
        Some(match name {
            _ if field.values.iter().any(|(own, _)| own == name) => {
                let (_, path) = field.values.iter().find(|(own, _)| own == name)?;
                let text = first(view, holder, path).and_then(Node::text);
                text.unwrap_or(NAMELESS).into()
            }
            "name" => view.object.name().unwrap_or(NAMELESS).into(),
            "kind" => view.object.gvk.kind.into(),
            "container" => view.container.into(),
            "value" => node?.text()?.into(),
            "key" => node?.key_node()?.key()?,
            _ => return None,
        })
    };
    let draft = run.report(at, holds, field.whole || node.is_none(), value);
    if let Some(related) = &field.related
        && let Some(node) = first(view, holder, &related.path)
    {
        draft.related(point(node, related.at), &*related.text);
    }
}

/// What of a node is pointed at.
fn point(node: Node<'_>, point: Point) -> NodeSpan<'_> {
    match point {
        Point::Value => node.into(),
        Point::Key => node.key_node().unwrap_or(node).into(),
        Point::Head => node.lacking(),
    }
}

/// What lacks a field: the innermost of what should hold it that is there.
fn lacking<'d>(holder: Node<'d>, path: Option<&Path>) -> NodeSpan<'d> {
    let mut at = holder;
    for step in path.iter().flat_map(|path| path.0.iter()) {
        match step {
            Step::Key(key) => match at.field(key) {
                Some(inner) => at = inner,
                None => break,
            },
            _ => break,
        }
    }
    at.lacking()
}

fn may_lack(field: &FieldShape, holder: Node<'_>) -> bool {
    field.value.contains(&Presence::Absent)
        && matches!(holder.kind(), NodeKind::Map | NodeKind::Seq)
}

/// Whether what a field depends on is so.
fn matters<'d>(cx: &Cx<'_>, field: &FieldShape, view: View<'d>, holder: Node<'d>) -> bool {
    let is_so = |condition: &FieldShape| satisfied(cx, condition, view, holder);
    field.when.iter().all(is_so) && !field.unless.iter().any(is_so)
}

fn satisfied<'d>(cx: &Cx<'_>, condition: &FieldShape, view: View<'d>, from: Node<'d>) -> bool {
    let mut so = false;
    each_holder(condition, view, from, &mut |holder| {
        let (mut absent, mut failed) = (true, false);
        for path in condition.path.iter() {
            walk(view, holder, &path.0, &mut |node| {
                absent = false;
                failed = failed || fails(cx, condition, node);
            });
        }
        let failed = failed || absent && may_lack(condition, holder);
        so = so || failed && matters(cx, condition, view, holder);
    });
    so
}

/// The first value at a path.
fn first<'d>(view: View<'d>, from: Node<'d>, path: &Path) -> Option<Node<'d>> {
    let mut found = None;
    walk(view, from, &path.0, &mut |node| {
        found.get_or_insert(node);
    });
    found
}

/// The values at a path: see `Path`.
fn walk<'d>(view: View<'d>, node: Node<'d>, steps: &[Step], visit: &mut dyn FnMut(Node<'d>)) {
    let Some((step, rest)) = steps.split_first() else {
        return visit(node);
    };
    let mut on = |node| walk(view, node, rest, visit);
    match step {
        Step::Root => on(view.object.node),
        Step::Key(key) => node.field(key).into_iter().for_each(on),
        Step::Items => node.items().for_each(on),
        Step::Index(index) => node.items().nth(*index).into_iter().for_each(on),
        Step::Named(field, value) => {
            let named = |item: &Node<'d>| item.field(field).and_then(Node::text) == Some(value);
            node.items().filter(named).for_each(on);
        }
        Step::Values => node.entries().for_each(|(_, value)| on(value)),
        Step::Within => {
            let holds = |n: &Node<'d>| {
                !n.is_alias()
                    && (rest.is_empty() || matches!(n.kind(), NodeKind::Map | NodeKind::Seq))
            };
            node.within().filter(holds).for_each(on);
        }
    }
}

/// Whether a value is one of those that fail.
fn fails(cx: &Cx<'_>, field: &FieldShape, node: Node<'_>) -> bool {
    let text = node.text();
    field.is.iter().any(|literal| is(cx, literal, node))
        || !field.matches.is_empty() && text.is_some_and(|t| fits_any(&field.matches, t))
        || is_none_of(cx, field, node)
        || has_limit(field) && text.and_then(number).is_some_and(|n| exceeds(field, n))
        || field
            .address
            .is_some_and(|a| node.as_str().is_some_and(|t| is_at(a, t)))
        || field.value.iter().any(|presence| has(*presence, node))
}

fn is(cx: &Cx<'_>, literal: &Literal, node: Node<'_>) -> bool {
    match literal {
        Literal::Bool(b) => node.as_bool() == Some(*b),
        Literal::Int(i) => node.as_int() == Some(*i),
        Literal::Str(s) => node.as_str() == Some(s),
        Literal::Parameter(name) => {
            let text = node.as_str();
            text.is_some_and(|text| cx.param(name).iter().any(|value| value == text))
        }
    }
}

fn is_none_of(cx: &Cx<'_>, field: &FieldShape, node: Node<'_>) -> bool {
    if field.is_not.is_empty() && field.matches_not.is_empty() {
        return false;
    }
    let known = |text: &str| {
        field.is_not.iter().any(|literal| match literal {
            Literal::Str(s) => text == s,
            other => is(cx, other, node),
        }) || fits_any(&field.matches_not, text)
    };
    node.text()
        .is_some_and(|text| !node.is_null() && !known(text) && !is_unresolved(text))
}

fn has_limit(field: &FieldShape) -> bool {
    field.above.is_some() || field.below.is_some() || field.at_most.is_some()
}

fn exceeds(field: &FieldShape, number: f64) -> bool {
    field.above.is_some_and(|limit| number > limit)
        || field.below.is_some_and(|limit| number < limit)
        || field.at_most.is_some_and(|limit| number <= limit)
}

fn is_at(address: Address, text: &str) -> bool {
    let url = || Url::parse(text).filter(|_| !is_unresolved(text));
    match address {
        Address::Public => is_public(text),
        Address::PlainUrl => url().is_some_and(|url| url.is_plain()),
        Address::LoopbackUrl => url().is_some_and(|url| is_loopback(url.host)),
        Address::PrivateUrl => {
            url().is_some_and(|url| url.scheme == "https" && is_private(url.host))
        }
    }
}

fn has(presence: Presence, node: Node<'_>) -> bool {
    let empty = match node.kind() {
        NodeKind::Map | NodeKind::Seq => node.is_empty(),
        _ => node.text() == Some(""),
    };
    match presence {
        Presence::Absent => node.is_null(),
        Presence::Empty => empty && !node.is_null(),
        Presence::Present => !node.is_null(),
        Presence::Filled => !empty && !node.is_null(),
    }
}

fn fits_any(patterns: &[Pattern], text: &str) -> bool {
    patterns.iter().any(|pattern| fits(pattern, text))
}

/// Whether a text is of a form: see `Pattern`.
fn fits(pattern: &Pattern, text: &str) -> bool {
    let [start, middle @ .., end] = &*pattern.0 else {
        return pattern.0.first().is_some_and(|whole| whole == text);
    };
    let within = text.strip_prefix(&**start);
    let Some(mut rest) = within.and_then(|rest| rest.strip_suffix(&**end)) else {
        return false;
    };
    middle.iter().all(|piece| match rest.split_once(&**piece) {
        Some((_, behind)) => {
            rest = behind;
            true
        }
        None => false,
    })
}

fn binding(run: &mut Run<'_, '_>, binding: &BindingShape, object: Object<'_>) {
    let role = RoleRef::of(object);
    let given = role.is_some_and(|role| find(&binding.roles, role.kind, role.name).is_some());
    let spared = |role: RoleRef<'_>| {
        let mut spared = binding.unless_roles.iter();
        spared.any(|literal| is(run.cx, literal, role.at))
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

/// What the first star of that one of these stands for that has a kind and a name.
fn find<'t>(named: &[Named], kind: &str, name: &'t str) -> Option<&'t str> {
    let of_kind = named.iter().filter(|n| n.kind == kind);
    of_kind.filter(|n| fits(&n.name, name)).find_map(|n| {
        let [start, end, ..] = &*n.name.0 else {
            return Some("");
        };
        name.strip_prefix(&**start)?.strip_suffix(&**end)
    })
}

/// The binding that Kubernetes makes itself: known by what it says, not by its name alone.
fn is_default_of_masters(binding: Object<'_>) -> bool {
    binding.name() == Some("cluster-admin")
        && RoleRef::of(binding).is_some_and(|role| role.name == "cluster-admin")
        && Subject::of(binding).all(|s| s.kind == "Group" && s.name == "system:masters")
}

fn grants(run: &mut Run<'_, '_>, grants: &GrantsShape, rule: PolicyRule<'_>) {
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
    others.fold(draft, |draft, item| draft.related(*item, "with this"));
}

fn setting(run: &mut Run<'_, '_>, setting: &SettingShape, id: &str, instance: &Instance<'_>) {
    let others = run.releases().map(|own| instance.releases.without(own));
    let matters = |c: &Condition| holds(c, instance) == Some(true);
    if others.is_some_and(|others| !others.is_empty()) || !setting.when.iter().all(matters) {
        return;
    }
    for (value, spot, origin) in failing(setting, id, instance) {
        let judged = match setting.absence {
            Absence::Judged => true,
            Absence::Strict => run.cx.is_strict(),
            Absence::Ignored => false,
        };
        let explicit = origin == Origin::Explicit;
        // What is written is judged although more may stand elsewhere.
        let replaced = |c: &Condition| holds(c, instance).unwrap_or(!explicit);
        if !(explicit || judged) || setting.unless.iter().any(replaced) {
            return;
        }
        let draft = run.report(spot, None, !explicit, |name| {
            Some(match name {
                "setting" => instance.spelling(id).into(),
                "value" => value.into(),
                "component" => instance.component.name().into(),
                "host" => Url::parse(value)?.host.into(),
                "origin" => match origin {
                    Origin::Explicit => "is set to".into(),
                    _ if value.is_empty() => "is not set".into(),
                    Origin::DistributionDefault | Origin::BinaryDefault => {
                        "is not set, and defaults to".into()
                    }
                },
                other => match other.split_once(':')? {
                    ("setting", other) => instance.spelling(other).into(),
                    (_, other) => instance.effective(other)?.value.into(),
                },
            })
        });
        if let Some(severity) = setting.absent_severity.filter(|_| !explicit) {
            draft.severity(severity);
        }
    }
}

/// Whether a condition holds; `None` where that cannot be known.
fn holds(condition: &Condition, instance: &Instance<'_>) -> Option<bool> {
    let name = &condition.setting;
    let so = match &condition.value {
        None => instance.is_set(name)?,
        Some(value) => {
            let wanted = |text: &str| match &*value.0 {
                [whole] => same(text, whole),
                _ => fits(value, text),
            };
            let whole = wanted(instance.effective(name)?.value);
            whole
                || instance
                    .list(name)?
                    .items
                    .iter()
                    .any(|(item, _)| wanted(item))
        }
    };
    Some(so != condition.negated)
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
    setting: &SettingShape,
    id: &str,
    instance: &'a Instance<'d>,
) -> Vec<(&'a str, NodeSpan<'d>, Origin)> {
    if !setting.each {
        return first_failing(setting, id, instance).into_iter().collect();
    }
    let Some(list) = instance.list(id) else {
        return Vec::new();
    };
    let fails = |item: &str| match setting.fails_when {
        FailsWhen::StartsWith => setting.value.iter().any(|w| item.starts_with(&**w)),
        _ => setting.value.iter().any(|w| same(item, w)),
    };
    let failing = list.items.into_iter().filter(|(item, _)| fails(item));
    failing
        .map(|(item, spot)| (item, spot, list.origin))
        .collect()
}

fn first_failing<'a, 'd>(
    setting: &SettingShape,
    id: &str,
    instance: &'a Instance<'d>,
) -> Option<(&'a str, NodeSpan<'d>, Origin)> {
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
        FailsWhen::PublicAddress => single(&is_public),
        FailsWhen::PlainUrl => single(&|value| Url::parse(value).is_some_and(|u| u.is_plain())),
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
