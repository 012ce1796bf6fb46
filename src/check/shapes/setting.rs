//! A setting of a component has, or lacks, a value.

use super::{Run, fits};
use crate::component::{Instance, Origin, Setting, number, own_settings};
use crate::go_value::{parse_bool, split_host_port};
use crate::kube::Object;
use crate::kube::address::{Url, is_loopback, is_public};
use crate::model::{Absence, Condition, FailsWhen, Pattern, SettingShape};
use crate::yaml::NodeSpan;

pub(super) fn run(
    run: &mut Run<'_, '_>,
    setting: &SettingShape,
    id: &str,
    instance: &Instance<'_>,
) {
    let others = run.releases().map(|own| instance.releases.without(own));
    let matters = |c: &Condition| holds(c, instance) == Some(true);
    if others.is_some_and(|others| !others.is_empty()) || !setting.when.iter().all(matters) {
        return;
    }
    let Some((value, node_span, origin)) = failing(setting, id, instance) else {
        return;
    };
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
    let other = setting.lacks_at.as_ref().filter(|_| !explicit);
    let node_span = other
        .and_then(|name| instance.last(name))
        .map_or(node_span, Setting::node_span);
    let draft = run.report(node_span, None, !explicit, |name| {
        Some(match name {
            "setting" => instance.spelling(id).into(),
            "value" => value.into(),
            "component" => instance.component.name().into(),
            "host" => Url::parse(value)?.host.into(),
            "state" => match (explicit, value) {
                (true, "") => "is set to an empty value".into(),
                (false, "") => "is not set".into(),
                (true, _) => format!("is set to `{value}`").into(),
                (false, _) => format!("is not set and defaults to `{value}`").into(),
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

/// Whether a condition holds; `None` where that cannot be known.
fn holds(condition: &Condition, instance: &Instance<'_>) -> Option<bool> {
    let name = &condition.setting;
    let so = match &condition.value {
        None => instance.is_set(name)?,
        Some(wanted) => {
            let whole = same(instance.effective(name)?.value, wanted);
            let item = |(item, _): &(&str, NodeSpan<'_>)| same(item, wanted);
            whole || instance.list(name)?.items.iter().any(item)
        }
    };
    Some(so != condition.negated)
}

/// Settings of k3s and RKE2 themselves, as they are written.
pub(super) fn written(run: &mut Run<'_, '_>, setting: &SettingShape, object: Object<'_>) {
    let all = own_settings(object);
    let is_so = |c: &Condition| {
        let mut named = all.iter().filter(|s| s.name == c.setting);
        let so = named.any(|s| c.value.as_ref().is_none_or(|wanted| same(&s.value, wanted)));
        so != c.negated
    };
    if !setting.when.iter().all(is_so) || setting.unless.iter().any(is_so) {
        return;
    }
    let fails = |s: &&Setting<'_>| {
        setting.id.contains(&s.name) && setting.value.iter().any(|wanted| same(&s.value, wanted))
    };
    for setting in all.iter().filter(fails) {
        run.report(setting.node_span(), None, false, |name| {
            Some(match name {
                "setting" => setting.spelling.to_string().into(),
                "value" => setting.value.to_string().into(),
                _ => return None,
            })
        });
    }
}

/// Whether a value is a wanted one: booleans in any of Go's spellings, and an empty one is false.
fn same(value: &str, wanted: &Pattern) -> bool {
    match &*wanted.0 {
        [whole] if whole == "true" => parse_bool(value) == Some(true),
        [whole] if whole == "false" => value.is_empty() || parse_bool(value) == Some(false),
        _ => fits(wanted, value),
    }
}

/// What of a setting fails: the value or the item, its place, and where it comes from.
fn failing<'a, 'd>(
    setting: &SettingShape,
    id: &str,
    instance: &'a Instance<'d>,
) -> Option<(&'a str, NodeSpan<'d>, Origin)> {
    let wanted = |value: &str| setting.value.iter().any(|w| same(value, w));
    let limit = || number(setting.value.first()?.0.first()?);
    let single = |fails: &dyn Fn(&str) -> bool| {
        let effective = instance.effective(id)?;
        fails(effective.value).then_some((effective.value, effective.node_span, effective.origin))
    };
    let item = |fails: &dyn Fn(&str) -> bool| {
        let list = instance.list(id)?;
        let (item, node_span) = list.items.iter().find(|(item, _)| fails(item))?;
        Some((*item, *node_span, list.origin))
    };
    match setting.fails_when {
        FailsWhen::Is => single(&wanted),
        FailsWhen::IsNot => single(&|value| !wanted(value)),
        FailsWhen::Contains => item(&wanted),
        FailsWhen::Below => {
            let limit = limit()?;
            single(&|value| number(value).is_some_and(|n| n > 0.0 && n < limit))
        }
        FailsWhen::Above => {
            let limit = limit()?;
            single(&|value| number(value).is_some_and(|n| n > limit))
        }
        FailsWhen::BeyondLoopback => single(&|value| {
            let host = split_host_port(value).map_or(value, |(host, _)| host);
            !value.is_empty() && !is_loopback(host.trim_matches(['[', ']']))
        }),
        FailsWhen::PublicAddress => single(&is_public),
        FailsWhen::PlainUrl => single(&|value| Url::parse(value).is_some_and(|u| u.is_plain())),
        FailsWhen::NotPositive => single(&|value| number(value).is_some_and(|n| n <= 0.0)),
        FailsWhen::Lacks => {
            let list = instance.list(id)?;
            let found = list.items.iter().any(|(item, _)| wanted(item));
            let (value, node_span) = match instance.last(id) {
                Some(last) => (last.value.as_ref(), last.node_span()),
                None => (instance.default_of(id)?.0, instance.anchor),
            };
            (!found).then_some((value, node_span, list.origin))
        }
        FailsWhen::Absent => {
            if instance.is_set(id)? {
                return None;
            }
            Some(match instance.last(id) {
                Some(empty) => ("", empty.node_span(), Origin::Explicit),
                None => ("", instance.anchor, Origin::BinaryDefault),
            })
        }
        FailsWhen::Present => {
            let last = instance.last(id).filter(|s| !s.value.is_empty())?;
            Some((last.value.as_ref(), last.node_span(), Origin::Explicit))
        }
    }
}
