//! kubelet: its settings, flags and unit, and credential providers.

use crate::check::Cx;
use crate::component::{ComponentKind, Instance, Origin, Setting, forms, kubelet_unit, number};
use crate::documents::{DocumentFacts, DocumentSet, SettingFact, folder};
use crate::go_value::{parse_int, parse_quantity};
use crate::kube::{Object, is_unresolved};
use crate::text::Span;
use crate::yaml::NodeSpan;
use std::collections::HashMap;

pub(super) fn credential_provider_broad_match(config: Object<'_>, cx: &mut Cx<'_>) {
    for provider in config.node.list("providers") {
        for pattern in provider.list("matchImages") {
            let text = pattern.text().unwrap_or_default();
            let host = text.split(['/', ':']).next().unwrap_or_default();
            if !host.is_empty() && host.split('.').all(|part| part == "*") {
                cx.report(pattern, format!("`{text}` matches every registry of this form, so an attacker's registry can receive the credentials"));
            }
        }
    }
}

/// Labels under kubernetes.io and k8s.io that the kubelet is allowed to set on its own node.
const LABELS: [&str; 13] = [
    "kubernetes.io/hostname",
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "kubernetes.io/instance-type",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
    "beta.kubernetes.io/instance-type",
    "node.kubernetes.io/instance-type",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "kubernetes.io/role",
];

/// Whether a name is a domain, or below it.
fn is_below(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

pub(super) fn node_labels_restricted(kubelet: &Instance<'_>, cx: &mut Cx<'_>) {
    // In kops a controller sets the labels that the kubelet is not allowed to set.
    if *kubelet.form == forms::KOPS {
        return;
    }
    let written = kubelet.settings.iter().filter(|s| s.name == "node-labels");
    for (label, node_span) in written.flat_map(Setting::items) {
        let key = label.split('=').next().unwrap_or_default();
        let Some((domain, _)) = key.split_once('/').filter(|_| !is_unresolved(label)) else {
            continue;
        };
        let ours = ["kubernetes.io", "k8s.io"]
            .iter()
            .any(|d| is_below(domain, d));
        let allowed = ["kubelet.kubernetes.io", "node.kubernetes.io"];
        if ours && !allowed.iter().any(|d| is_below(domain, d)) && !LABELS.contains(&key) {
            cx.report(
                first(node_span, key.len(), label.len()),
                format!("a kubelet is not allowed to set the label `{key}` on its own node, so it fails to start"),
            );
        }
    }
}

/// The first bytes of a span, if the span is as long as the text.
fn first(node_span: NodeSpan<'_>, bytes: usize, of: usize) -> NodeSpan<'_> {
    let Span { start, end } = node_span.span;
    match u32::try_from(bytes) {
        Ok(bytes) if (end - start) as usize == of => NodeSpan {
            span: Span {
                start,
                end: start + bytes,
            },
            ..node_span
        },
        _ => node_span,
    }
}

/// The kubelet ignores a threshold of 0% or 100%.
pub(super) fn eviction_disabled(kubelet: &Instance<'_>, cx: &mut Cx<'_>) {
    // kind runs its nodes in containers of one machine, and disables eviction on purpose.
    if *kubelet.form == forms::KIND {
        return;
    }
    let written = kubelet
        .settings
        .iter()
        .filter(|s| s.name == "eviction-hard");
    for (item, node_span) in written.flat_map(Setting::items) {
        let Some((signal, value)) = item.split_once(['<', '=']) else {
            continue;
        };
        if matches!(value.trim(), "0%" | "100%") {
            cx.report(node_span, format!("the threshold `{}` disables eviction for `{signal}`, so the node can run out of this resource", value.trim()));
        }
    }
}

/// Limits that let the logs of one container fill the disk of the node.
pub(super) fn container_log_limits(kubelet: &Instance<'_>, cx: &mut Cx<'_>) {
    const GIBIBYTE: f64 = 1024.0 * 1024.0 * 1024.0;
    if let Some(size) = kubelet.last("container-log-max-size")
        && parse_quantity(&size.value).is_some_and(|bytes| bytes > GIBIBYTE)
    {
        cx.report(
            size.node_span(),
            format!(
                "a log file grows to `{}` before it is rotated, so one container can fill the disk of the node",
                size.value
            ),
        );
    }
    if let Some(files) = kubelet.last("container-log-max-files")
        && parse_int(&files.value).is_some_and(|n| n > 50)
    {
        cx.report(
            files.node_span(),
            format!(
                "`{}` log files are kept per container, so one container can fill the disk of the node",
                files.value
            ),
        );
    }
}

/// A flag whose value differs from that of the configuration file in the same folder.
pub(super) fn config_flag_conflict(set: &DocumentSet<'_>, cx: &mut Cx<'_>) {
    let kubelets = || {
        set.facts.iter().filter_map(|(path, facts)| {
            let component = facts.component()?;
            (component.component == ComponentKind::Kubelet).then_some((*path, *facts, component))
        })
    };
    let is_file = |facts: &DocumentFacts| {
        let object = facts.object.as_ref();
        object.is_some_and(|object| object.kind == "KubeletConfiguration")
    };
    let (files, flags): (Vec<_>, Vec<_>) = kubelets().partition(|(_, facts, _)| is_file(facts));
    let explicit = |s: &&SettingFact| s.origin == Origin::Explicit && s.names.is_none();
    // The settings of a file, by its path and by its folder. `None` if the folder has several files.
    let mut known: [HashMap<&str, Option<usize>>; 2] = Default::default();
    let [of_file, of_folder] = &mut known;
    let mut set_by = Vec::new();
    for (at, (path, _, file)) in files.into_iter().enumerate() {
        for (map, key) in [(&mut *of_file, path), (&mut *of_folder, folder(path))] {
            map.entry(key)
                .and_modify(|one| *one = None)
                .or_insert(Some(at));
        }
        let settings = file.settings.iter().rev().filter(explicit);
        set_by.push(settings.map(|s| (s.name, s)).collect::<HashMap<_, _>>());
    }
    for (path, facts, flags) in flags {
        let found = of_file.get(path).or_else(|| of_folder.get(folder(path)));
        let file = found.copied().flatten().and_then(|at| set_by.get(at));
        let Some(file) = file else {
            continue;
        };
        for flag in flags.settings.iter().filter(explicit) {
            let other = file.get(flag.name);
            let same = |a: &str, b: &str| a == b || number(a).is_some() && number(a) == number(b);
            if let Some(other) = other.filter(|o| !same(&o.value, &flag.value)) {
                let message = format!(
                    "the flag sets `{}` and the configuration file sets `{}`; the kubelet uses the flag",
                    flag.value, other.value
                );
                cx.report_fact(facts, &flag.at, message)
                    .related_fact(&other.at.label);
            }
        }
    }
}

pub(super) fn ip_address_deny(object: Object<'_>, cx: &mut Cx<'_>) {
    let Some((key, section)) = kubelet_unit(object) else {
        return;
    };
    if section.get("IPAddressDeny").is_none() {
        cx.report(
            key,
            "the unit has no `IPAddressDeny=any`, so systemd allows every address to reach the kubelet",
        );
    }
}
