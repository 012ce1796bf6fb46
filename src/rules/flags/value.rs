//! Values of single flags that the component rejects.

use super::{api_server, etcd, form, gates, is_quoted, kube_proxy, kubelet, manager, written};
use crate::check::Cx;
use crate::component::{ComponentKind, FlagCheck, FlagRule, FlagType, Instance, Setting, forms};
use crate::go_value::{parse_bool, parse_int, parse_seconds};
use crate::kube::is_unresolved;
use crate::yaml::NodeSpan;

/// A value that the component rejects.
pub(in crate::rules) fn invalid_value(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let variables = instance.settings.iter();
    let variables = variables.filter(|s| s.spelling.starts_with("ETCD_"));
    let common = common_flags(instance);
    // What etcd asks of its flags, it asks of its file; kops hands its fields on.
    let fields = instance.settings.iter();
    let fields = fields.filter(|_| [&forms::ETCD, &forms::KOPS].contains(&instance.form));
    for setting in fields {
        if let Some(why) = checked(instance, setting).filter(|_| !is_unresolved(&setting.value)) {
            refuse_setting(instance, cx, setting, &why);
        }
    }
    for setting in written(instance).chain(variables).chain(common) {
        let value = setting.value.as_ref();
        let ty = instance.flag_type(&setting.name);
        // A list parses its quotes.
        let common = is_common(&setting.name);
        let has_quotes = is_quoted(value.trim()) && ty != Some(FlagType::Slice) && !common;
        if is_unresolved(value) || has_quotes {
            continue;
        }
        if lacks_value(instance, setting) {
            let what = format!("`{}` requires a value", setting.spelling);
            refuse(instance, cx, setting.name_span(), &what);
        } else if let Some(why) = parsed(instance, setting).or_else(|| {
            let again = instance.last(&setting.name);
            let last = again.is_none_or(|last| last.node().id() == setting.node().id());
            // Of several that replace each other the last one is used.
            let counts = last || ty.is_some_and(FlagType::appends);
            let counts = counts && !is_dead(instance, &setting.name);
            counts.then(|| checked(instance, setting)).flatten()
        }) {
            let what = format!("{} {why}", quoted(setting));
            refuse(instance, cx, setting.node_span(), &what);
        }
    }
    gate_needs(instance, cx);
    for (gate, value, node_span) in gates(instance) {
        if parse_bool(value).is_none() && !is_unresolved(value) {
            let what = format!("feature gate `{gate}` must be true or false");
            refuse(instance, cx, node_span, &what);
        }
    }
    if is_command_line(instance) {
        for word in instance.settings.iter().filter(|s| s.is_stray()) {
            let what = format!(
                "`{}` is not a flag, and other arguments are not accepted",
                word.value
            );
            refuse(instance, cx, word.node_span(), &what);
        }
    }
    match instance.component {
        ComponentKind::ApiServer => api_server::check(instance, cx),
        ComponentKind::ControllerManager => manager::check(instance, cx),
        ComponentKind::Scheduler => manager::scheduler(instance, cx),
        ComponentKind::Kubelet => kubelet::check(instance, cx),
        ComponentKind::KubeProxy => kube_proxy::check(instance, cx),
        ComponentKind::Etcd => etcd::check(instance, cx),
    }
}

/// Flags that all components share and that the general rules on flags leave out.
fn common_flags<'a, 'd>(instance: &'a Instance<'d>) -> impl Iterator<Item = &'a Setting<'d>> {
    let flags = instance.settings.iter().filter(|s| is_common(&s.name));
    flags.filter(|s| s.spelling.starts_with('-') && instance.component != ComponentKind::Etcd)
}

fn is_common(name: &str) -> bool {
    matches!(name, "v" | "version" | "vmodule" | "log-flush-frequency")
}

/// Whether the settings are the words of a command line.
fn is_command_line(instance: &Instance<'_>) -> bool {
    *instance.form == forms::STATIC_POD
}

/// A flag at the end of the line whose value is missing.
fn lacks_value(instance: &Instance<'_>, setting: &Setting<'_>) -> bool {
    let alone = is_command_line(instance) && setting.is_alone();
    let ty = instance.flag_type(&setting.name);
    alone && ty.is_some_and(|ty| !matches!(ty, FlagType::Bool | FlagType::Version))
}

/// A flag with its value, if that is short enough to read.
fn quoted(setting: &Setting<'_>) -> String {
    let Setting {
        spelling, value, ..
    } = setting;
    let plain = |c: char| c.is_ascii_graphic() && c != '`' || c == ' ';
    if (1..=32).contains(&value.len()) && value.chars().all(plain) {
        format!("`{spelling}={value}`")
    } else {
        format!("`{spelling}`")
    }
}

/// Reports that a component fails to start.
pub(super) fn refuse<'d>(
    instance: &Instance<'d>,
    cx: &mut Cx<'_>,
    at: impl Into<NodeSpan<'d>>,
    what: &str,
) {
    let name = instance.component.name();
    cx.report(at.into(), format!("{what}; {name} fails to start"));
}

/// Reports that a component fails to start with the value of a setting; `what` goes on after the setting's name.
pub(super) fn refuse_setting(
    instance: &Instance<'_>,
    cx: &mut Cx<'_>,
    setting: &Setting<'_>,
    what: &str,
) {
    let what = format!("`{}` {what}", setting.spelling);
    refuse(instance, cx, setting.node_span(), &what);
}

/// Whether a flag can be read, and is not looked at: kube-proxy and etcd have their configuration file instead, except kube-proxy's log.
fn is_dead(instance: &Instance<'_>, name: &str) -> bool {
    let file = match instance.component {
        ComponentKind::KubeProxy if !name.starts_with("log") => "config",
        ComponentKind::Etcd => "config-file",
        _ => return false,
    };
    let file = instance.last(file);
    file.is_some_and(|file| file.spelling.starts_with("--"))
}

/// Why a flag cannot be read.
fn parsed(instance: &Instance<'_>, setting: &Setting<'_>) -> Option<String> {
    let what = instance.misfit(&setting.name, &setting.value)?;
    Some(format!("must be {what}"))
}

/// Why a flag that can be read is rejected.
fn checked(instance: &Instance<'_>, setting: &Setting<'_>) -> Option<String> {
    let (name, value) = (setting.name.as_ref(), setting.value.as_ref());
    let rules = FlagRule::of(instance.component, name).iter();
    let mut rules = rules.filter(|rule| instance.releases.without(rule.releases()).is_empty());
    rules.find_map(|rule| match rule.check {
        FlagCheck::Range(low, high) => out_of_range(value, low, high),
        FlagCheck::OneOf(values) => not_one_of(value, values),
        FlagCheck::Items(_) if value.is_empty() => None,
        FlagCheck::Items(values) => value.split(',').find_map(|item| not_one_of(item, values)),
        // What has a form is often a map of its own there.
        FlagCheck::Form(_) if *instance.form == forms::KOPS => None,
        FlagCheck::Form(form) => form::misfit(form, instance, value),
    })
}

/// A number, or a duration in seconds.
fn amount(text: &str) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "to compare with limits")]
    let integer = parse_int(text).map(|n| n as f64);
    integer
        .or_else(|| text.parse().ok())
        .or_else(|| parse_seconds(text))
}

fn out_of_range(value: &str, low: &str, high: &str) -> Option<String> {
    let found = amount(value)?;
    let below = amount(low).is_some_and(|low| found < low);
    let above = amount(high).is_some_and(|high| found > high);
    let why = match (low, high) {
        ("0" | "0s", "*") => "must not be negative".to_owned(),
        ("1ns", _) => "must be greater than 0".to_owned(),
        (low, "*" | "2147483647" | "9223372036854775807") => format!("must be at least {low}"),
        ("0", "65535") => "must be a port from 0 to 65535".to_owned(),
        ("1", "65535") => "must be a port from 1 to 65535".to_owned(),
        (low, high) => format!("must be between {low} and {high}"),
    };
    (below || above).then_some(why)
}

fn not_one_of(value: &str, values: &str) -> Option<String> {
    let known = values.split(',').any(|known| known == value);
    let shown = values.trim_start_matches(',').replace(',', ", ");
    (!known).then(|| format!("must be one of {shown}"))
}

/// How a gate is written, if it is.
fn set_gate(instance: &Instance<'_>, gate: &str) -> Option<bool> {
    let written = gates(instance).filter(|(name, ..)| *name == gate).last();
    parse_bool(written?.1)
}

/// Gates that are enabled without the gates that they require, if one of both is written.
fn gate_needs(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    if gates(instance).next().is_none() {
        return;
    }
    let unmet = crate::component::unmet_gates(|gate| set_gate(instance, gate), instance.releases);
    // One gate may be the cause of several.
    let mut seen = Vec::new();
    for (gate, need) in unmet {
        let causes = [gate, need, "AllAlpha", "AllBeta"];
        let at = causes
            .iter()
            .find_map(|cause| gates(instance).find(|(name, ..)| name == cause));
        if let Some((cause, _, at)) = at.filter(|(name, ..)| !seen.contains(name)) {
            seen.push(cause);
            let what = format!("feature gate `{gate}` requires `{need}`, which is disabled");
            refuse(instance, cx, at, &what);
        }
    }
}

/// Whether a feature gate is enabled, as written or by default; `None` if unknown.
pub(super) fn is_gate_on(instance: &Instance<'_>, gate: &str) -> Option<bool> {
    crate::component::is_gate_on(gate, |name| set_gate(instance, name), instance.releases)
}
