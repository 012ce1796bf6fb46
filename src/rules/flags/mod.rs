//! Flags and feature gates that a release does not have, or that have another effect than they seem to.

mod api_server;
mod etcd;
mod form;
mod kube_proxy;
mod kubelet;
mod manager;
mod value;

pub(super) use manager::leader_election_invalid;
pub(super) use value::invalid_value;

use crate::check::Cx;
use crate::component::{ComponentKind, Flag, FlagType, Gate, Instance, Removed, Setting, forms};
use crate::finding::Releases;
use crate::go_value::parse_bool;
use crate::kube::is_unresolved;
use crate::text::nearest;
use std::collections::HashMap;

/// Flags as they are written, if the form passes flags to the component; without those of klog and Go, which all components have.
fn written<'a, 'd>(instance: &'a Instance<'d>) -> impl Iterator<Item = &'a Setting<'d>> {
    let has_fields =
        instance.form.is_own_file || [&forms::KOPS, &forms::KUBESPRAY].contains(&instance.form);
    let flag = move |s: &&Setting<'_>| !has_fields && s.spelling.starts_with("--");
    let common = |s: &&Setting<'_>| {
        !matches!(
            s.name.as_ref(),
            "help" | "version" | "v" | "vmodule" | "log-flush-frequency"
        )
    };
    instance.settings.iter().filter(flag).filter(common)
}

/// The releases of a component that have a flag.
fn having(component: ComponentKind, name: &str) -> Releases {
    let rows = Flag::of(component, name).iter();
    rows.map(Flag::releases).collect()
}

fn long_gone(component: ComponentKind, name: &str) -> Option<u8> {
    if component == ComponentKind::Etcd {
        return None;
    }
    // The kubelet still has a port and an address.
    Removed::of("flag", name)
        .map(|gone| gone.since)
        .filter(|_| having(component, name).is_empty())
}

/// A flag that no release has.
pub(super) fn unknown_flag(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let component = instance.component;
    for setting in written(instance) {
        let name = setting.name.as_ref();
        let strange = name.is_empty() || is_unresolved(name) || name.contains([' ', '{']);
        if strange || !having(component, name).is_empty() || long_gone(component, name).is_some() {
            continue;
        }
        // Below the first release of the tables flags may have been there.
        if instance.releases.from(25).is_empty() && component != ComponentKind::Etcd {
            continue;
        }
        let message = format!(
            "{} has no flag `--{name}`, so it fails to start",
            component.name()
        );
        let draft = cx.report(setting.name_span(), message);
        if let Some(near) = nearest(name, Flag::all(component).iter().map(|f| f.name)) {
            draft.help(format!("Did you mean `--{near}`?"));
        }
    }
}

/// What to call a release of a component.
fn release(component: ComponentKind, minor: u8) -> String {
    match component {
        ComponentKind::Etcd => format!("etcd 3.{minor}"),
        _ => format!("Kubernetes 1.{minor}"),
    }
}

/// The minor versions of a set.
fn minors(releases: Releases) -> Vec<u8> {
    let names = releases.names();
    names
        .filter_map(|name| name.strip_prefix("1.")?.parse().ok())
        .collect()
}

/// Whether that flag has a rule of its own, which says what it did.
fn has_a_rule(component: ComponentKind, setting: &Setting<'_>) -> bool {
    component == ComponentKind::ApiServer
        && !matches!(setting.value.as_ref(), "" | "0")
        && matches!(
            setting.name.as_ref(),
            "insecure-port" | "insecure-bind-address" | "address" | "basic-auth-file"
        )
}

/// A flag that the release no longer has.
pub(super) fn removed_flag(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let component = instance.component;
    for setting in written(instance) {
        let name = setting.name.as_ref();
        // One cause, one finding.
        if !cx.is_strict() && has_a_rule(component, setting) {
            continue;
        }
        let since = match minors(having(component, name)).last() {
            Some(last) if *last < 63 => last + 1,
            Some(_) => continue,
            None => match long_gone(component, name) {
                Some(since) => since,
                None => continue,
            },
        };
        if instance.is_gone(since) {
            let message = format!(
                "`--{name}` of {} was removed in {}: {}",
                component.name(),
                release(component, since),
                instance.end(since)
            );
            cx.report(setting.name_span(), message)
                .if_gone(instance, since);
        }
    }
}

/// A flag of a later release.
pub(super) fn flag_too_new(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let component = instance.component;
    for setting in written(instance) {
        let name = setting.name.as_ref();
        let Some(first) = minors(having(component, name)).first().copied() else {
            continue;
        };
        if first > 25 && instance.releases.from(first).is_empty() {
            let message = format!(
                "`--{name}` was added in {}, so {} of this release fails to start with it",
                release(component, first),
                component.name()
            );
            cx.report(setting.name_span(), message);
        }
    }
}

/// A flag that the program itself calls deprecated.
pub(super) fn deprecated_flag(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for setting in written(instance) {
        let rows = Flag::of(instance.component, &setting.name);
        let of_release = |f: &&Flag| !f.releases().and(instance.releases).is_empty();
        let mut rows = rows.iter().filter(of_release).peekable();
        if rows.peek().is_some() && rows.all(|f| f.deprecated) {
            let message = format!(
                "`--{}` of {} is deprecated, and a later release removes it",
                setting.name,
                instance.component.name()
            );
            cx.report(setting.name_span(), message);
        }
    }
}

/// `--flag false` as two words sets the flag to true and adds an argument.
pub(super) fn boolean_with_separate_value(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    if *instance.form != forms::STATIC_POD {
        return;
    }
    for setting in written(instance) {
        let boolean = Flag::of(instance.component, &setting.name)
            .first()
            .is_some_and(|f| f.ty == FlagType::Bool);
        let alone = setting.node().text().is_some_and(|t| t == setting.spelling);
        let behind = setting.node().next().and_then(crate::yaml::Node::text);
        if let Some(word) = behind.filter(|word| matches!(*word, "true" | "false"))
            && boolean
            && alone
        {
            let message = format!(
                "`{}` takes a value only after `=`, so {} rejects the argument `{word}` and fails to start",
                setting.spelling,
                instance.component.name()
            );
            cx.report(setting.name_span(), message);
        }
    }
}

/// Lists append; any other flag has its last value.
pub(super) fn duplicate_flag(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let mut last: HashMap<&str, &Setting<'_>> = HashMap::new();
    let settings: Vec<_> = written(instance).collect();
    for setting in settings.iter().rev() {
        let name = setting.name.as_ref();
        let appends = Flag::of(instance.component, name)
            .iter()
            .any(|f| f.ty.appends());
        match last.get(name) {
            Some(winner) if !appends && winner.value != setting.value => {
                let message = format!(
                    "`{}` is set again below and the last value is used, so `{}` is ignored",
                    setting.spelling, setting.value
                );
                cx.report(setting.node_span(), message)
                    .related(winner.node_span(), "this value is used");
            }
            Some(_) => {}
            None => {
                last.insert(name, setting);
            }
        }
    }
}

/// Feature gates as they are written: name, value and setting.
fn gates<'a, 'd>(
    instance: &'a Instance<'d>,
) -> impl Iterator<Item = (&'a str, &'a str, crate::yaml::NodeSpan<'d>)> {
    let written = instance
        .settings
        .iter()
        .filter(|s| s.name == "feature-gates");
    written.flat_map(Setting::items).map(|(item, node_span)| {
        // Those of a component may have its name before them.
        let item = item.strip_prefix("kube:").unwrap_or(item);
        let (name, value) = item.split_once('=').unwrap_or((item, ""));
        (name.trim(), value.trim(), node_span)
    })
}

/// The gate that enables all alpha features.
pub(super) fn alpha_feature_gates(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (name, value, node_span) in gates(instance) {
        if name == "AllAlpha" && parse_bool(value) == Some(true) {
            let message = format!(
                "`AllAlpha` enables all alpha features of {}, which are incomplete and can lose data",
                instance.component.name()
            );
            cx.report(node_span, message);
        }
    }
}

/// A gate that the release does not have, or that can no longer be changed.
pub(super) fn feature_gate_unknown(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    if instance.releases.from(25).is_empty() {
        return;
    }
    for (name, value, node_span) in gates(instance) {
        if matches!(name, "AllAlpha" | "AllBeta") || is_unresolved(name) {
            continue;
        }
        let rows = Gate::of(name);
        let Some((why, since)) = refused_gate(instance, name, rows, parse_bool(value)) else {
            continue;
        };
        let message = format!("{why}: {}", instance.end(since));
        let draft = cx.report(node_span, message).if_gone(instance, since);
        if rows.is_empty()
            && let Some(near) = nearest(name, Gate::all().iter().map(|g| g.name))
        {
            draft.help(format!("Did you mean `{near}`?"));
        }
    }
}

/// Why the component does not take a gate with that value, and from which release on where it did before.
fn refused_gate(
    instance: &Instance<'_>,
    name: &str,
    rows: &[Gate],
    value: Option<bool>,
) -> Option<(String, u8)> {
    let takes = |gate: &&Gate| !gate.locked || value.is_none_or(|on| on == gate.on);
    let taking: Releases = rows.iter().filter(takes).map(Gate::releases).collect();
    let all: Releases = rows.iter().map(Gate::releases).collect();
    if all.is_empty() {
        Some((format!("feature gate `{name}` does not exist"), 0))
    } else if all.and(instance.releases).is_empty() {
        Some((
            format!("feature gate `{name}` does not exist in this release"),
            0,
        ))
    } else if taking.and(instance.releases).is_empty() {
        Some((format!("feature gate `{name}` can no longer be changed"), 0))
    } else {
        // Where nobody tells the release.
        let since = minors(taking).last()? + 1;
        let gone = since < 63 && instance.is_gone(since);
        let lost = if all.from(since).is_empty() {
            "was removed in"
        } else {
            "can no longer be changed since"
        };
        let why = format!("feature gate `{name}` {lost} Kubernetes 1.{since}");
        gone.then_some((why, since))
    }
}

/// A password or token as an argument.
pub(super) fn secret_on_command_line(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    const SECRETS: [&str; 5] = [
        "discovery-password",
        "password",
        "token",
        "oidc-client-secret",
        "storage-driver-password",
    ];
    for setting in written(instance) {
        let secret = SECRETS.contains(&setting.name.as_ref());
        if secret && !setting.value.is_empty() && !is_unresolved(&setting.value) {
            let message = format!(
                "`{}` contains a secret, and every user on the node can see the arguments of {}",
                setting.spelling,
                instance.component.name()
            );
            cx.report(setting.node_span(), message).secret();
        }
    }
}

fn is_quoted(value: &str) -> bool {
    let quoted =
        |quote: char| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote);
    quoted('"') || quoted('\'')
}

/// Quotes that no shell removes, and blanks after commas.
pub(super) fn whitespace_or_quotes_in_value(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for setting in written(instance) {
        let value = setting.value.as_ref();
        // A list has quotes around its items.
        let ty = instance.flag_type(&setting.name);
        let read = ty == Some(FlagType::Slice) && value.starts_with('"');
        if is_unresolved(value) || read {
            continue;
        }
        if is_quoted(value) {
            let message = format!(
                "the quotes are part of the value of `{}`, because no shell removes them",
                setting.spelling
            );
            cx.report(setting.node_span(), message);
            continue;
        }
        let mut flags = Flag::of(instance.component, &setting.name).iter();
        let blank = |item: &str| item != item.trim() && !item.trim().is_empty();
        // Maps of names to values are trimmed.
        let list = flags.any(|f| f.ty.appends()) && !value.contains('=');
        if let Some(item) = value.split(',').find(|item| list && blank(item)) {
            let message = format!(
                "`{}` has spaces around commas, so its item `{item}` is not recognized",
                setting.spelling
            );
            cx.report(setting.node_span(), message);
        }
    }
}

/// Gates that control a security fix or enable an insecure feature.
pub(super) fn insecure_feature_gate(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let insecure = cx.param("gates");
    for (name, value, node_span) in gates(instance) {
        let Some(on) = parse_bool(value) else {
            continue;
        };
        let as_written = format!("{name}={on}");
        let effective = Gate::of(name)
            .iter()
            .any(|g| !g.locked && g.on != on && !g.releases().and(instance.releases).is_empty());
        if effective && insecure.iter().any(|gate| *gate == as_written) {
            let message = format!(
                "feature gate `{as_written}` disables a security protection of {}",
                instance.component.name()
            );
            cx.report(node_span, message);
        }
    }
}

/// A gate that is set to its default.
pub(super) fn feature_gate_redundant(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (name, value, node_span) in gates(instance) {
        let Some(on) = parse_bool(value) else {
            continue;
        };
        let rows = Gate::of(name).iter();
        let mut rows = rows
            .filter(|g| !g.releases().and(instance.releases).is_empty())
            .peekable();
        if rows.peek().is_some() && rows.all(|g| g.on == on) {
            cx.report(
                node_span,
                format!("feature gate `{name}` is {on} by default, so this setting has no effect"),
            );
        }
    }
}

/// Flags that have no effect if a configuration file is set.
pub(super) fn ignored_because_of_config_file(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    let file = match instance.component {
        ComponentKind::Etcd => "config-file",
        _ => "config",
    };
    let Some(file) = instance.last(file).filter(|s| s.spelling.starts_with("--")) else {
        return;
    };
    let dead = cx.param(instance.component.name());
    let is_dead = |name: &str| match instance.component {
        ComponentKind::Etcd => name != file.name,
        _ => dead.iter().any(|d| d == name),
    };
    for setting in written(instance).filter(|s| is_dead(&s.name)) {
        let message = format!(
            "{} ignores `{}` because `{}` is set, so the value of the file or the default applies",
            instance.component.name(),
            setting.spelling,
            file.spelling
        );
        cx.report(setting.node_span(), message)
            .related(file.node_span(), "the configuration file");
    }
}
