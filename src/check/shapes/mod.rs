//! Checks that are data: one file for each kind of shape.

mod field;
mod rbac;
mod setting;

use super::{Cx, Draft, Parameters};
use crate::component::Instance;
use crate::finding::Releases;
use crate::kube::{Container, Object, PodSpec, PolicyRule};
use crate::model::{Literal, Pattern, Policy, Shape};
use crate::text::Span;
use crate::yaml::{Node, NodeSpan};
use std::borrow::Cow;
use std::collections::HashMap;

/// What to call an object that has no name.
const NAMELESS: &str = "without a name";

/// Runs a container policy's checks.
pub(crate) fn container(policy: &Policy, container: Container<'_>, cx: &mut Cx<'_>) {
    let view = View {
        root: container.node,
        object: container.pod.object,
        container: container.name(),
        parameters: cx.parameters(),
    };
    fields(policy, view, cx);
}

/// Runs a pod policy's checks.
pub(crate) fn pod(policy: &Policy, pod: PodSpec<'_>, cx: &mut Cx<'_>) {
    let view = View {
        root: pod.node,
        object: pod.object,
        container: "",
        parameters: cx.parameters(),
    };
    fields(policy, view, cx);
}

/// Runs an object policy's checks.
pub(crate) fn object(policy: &Policy, object: Object<'_>, cx: &mut Cx<'_>) {
    let view = View {
        root: object.node,
        object,
        container: "",
        parameters: cx.parameters(),
    };
    fields(policy, view, cx);
}

fn fields(policy: &Policy, view: View<'_>, cx: &mut Cx<'_>) {
    each_shape(policy, view.object.gvk.kind, cx, |run| {
        if let Some(field) = &run.shape.field {
            field::run(run, field, view);
        }
        if let Some(binding) = &run.shape.binding {
            rbac::binding(run, binding, view.object);
        }
        if let Some(setting) = &run.shape.setting {
            setting::written(run, setting, view.object);
        }
    });
}

/// Runs an RBAC policy's checks.
pub(crate) fn policy_rule(policy: &Policy, rule: PolicyRule<'_>, cx: &mut Cx<'_>) {
    each_shape(policy, rule.role.gvk.kind, cx, |run| {
        if let Some(grants) = &run.shape.grants {
            rbac::grants(run, grants, rule);
        }
    });
}

/// Runs a component policy's checks.
pub(crate) fn component(policy: &Policy, instance: &Instance<'_>, cx: &mut Cx<'_>) {
    each_shape(policy, instance.component.name(), cx, |run| {
        if let Some(setting) = &run.shape.setting {
            let ids = setting.id.iter();
            ids.for_each(|id| setting::run(run, setting, id, instance));
        }
    });
}

/// One check of a policy, and where its findings go.
struct Run<'r, 'a> {
    policy: &'r Policy,
    shape: &'r Shape,
    /// Which of the policy's checks it is.
    number: usize,
    /// Which check has failed at a place; made when one does.
    failed: &'r mut Option<HashMap<Span, usize>>,
    cx: &'r mut Cx<'a>,
}

fn each_shape(policy: &Policy, kind: &str, cx: &mut Cx<'_>, run: impl Fn(&mut Run<'_, '_>)) {
    let mut failed = None;
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
        if self.policy.check.len() > 1 {
            let failed = self.failed.get_or_insert_default();
            if *failed.entry(at.span).or_insert(self.number) != self.number {
                return Draft::none();
            }
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

/// What a policy looks at: a container, a pod or an object.
#[derive(Clone, Copy)]
struct View<'d> {
    root: Node<'d>,
    object: Object<'d>,
    container: &'d str,
    parameters: Parameters<'d>,
}

/// Whether a value is the one that a policy names.
fn is(parameters: Parameters<'_>, literal: &Literal, node: Node<'_>) -> bool {
    match literal {
        Literal::Bool(b) => node.as_bool() == Some(*b),
        Literal::Int(i) => node.as_int() == Some(*i),
        Literal::Str(s) => node.as_str() == Some(s),
        Literal::Parameter(name) => {
            let text = node.as_str();
            text.is_some_and(|text| parameters.get(name).iter().any(|value| value == text))
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_a_whole() {
        for (pattern, text, expected) in [
            ("kube-*", "kube-system", true),
            ("kube-*", "my-kube-system", false),
            ("*/main/*", "https://a/main/x", true),
            ("*/main/*", "https://a/maintained/x", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("ab*ba", "aba", false),
            ("off", "off", true),
            ("off", "offline", false),
            (r"\*.*", "*.example.org", true),
            (r"\*.*", "x.example.org", false),
            ("*", "", true),
            ("", "x", false),
        ] {
            assert_eq!(
                fits(&Pattern::parse(pattern), text),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn placeholders_are_filled_in_once() {
        let value = |name: &str| (name == "name").then(|| Cow::from("{kind}"));
        assert_eq!(filled_in("{name} of {kind}", value), "{kind} of ");
    }
}
