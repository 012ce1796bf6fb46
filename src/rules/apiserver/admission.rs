//! Admission plugins: unknown and removed ones, and recommended ones that are disabled.

use super::{may_lack_nodes, named};
use crate::check::Cx;
use crate::component::{ComponentKind, Instance, Origin, Plugin, Removed, Setting, forms};
use crate::documents::{ConfigFileFacts, DocumentSet};
use crate::finding::Releases;
use crate::kube::image::Reference;
use crate::kube::is_unresolved;
use crate::text::last_part;
use crate::text::nearest;
use crate::yaml::Node;
use std::collections::{HashMap, HashSet};

const ENABLED: &str = "enable-admission-plugins";
const DISABLED: &str = "disable-admission-plugins";
/// The deprecated flag that replaces the list of plugins.
const CONTROL: &str = "admission-control";

/// The first release without a removed plugin.
fn removed_in(plugin: &str) -> Option<u8> {
    let removed = Removed::of("plugin", plugin);
    removed
        .map(|removed| removed.since)
        .or_else(|| Plugin::gone_since(plugin))
}

/// A plugin that was removed in this release or earlier: the API server fails to start.
pub(in crate::rules) fn admission_plugin_removed(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (item, node_span) in named(instance, &[ENABLED, DISABLED, CONTROL]) {
        let Some(since) = removed_in(item) else {
            continue;
        };
        if instance.is_gone(since) {
            let message = format!(
                "admission plugin `{item}` was removed in Kubernetes 1.{since}: {}",
                instance.end(since)
            );
            let draft = cx.report(node_span, message).if_gone(instance, since);
            if let Some(removed) = Removed::of("plugin", item) {
                draft.help(format!(
                    "Remove `{item}` from the list. {}",
                    removed.instead
                ));
            }
        }
    }
}

/// A plugin that neither this release nor an earlier one contains.
pub(in crate::rules) fn admission_plugin_unknown(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    // The table does not know the plugins of earlier releases.
    if instance.releases.from(25).is_empty() || !is_stock(instance) {
        return;
    }
    for (item, node_span) in named(instance, &[ENABLED, DISABLED, CONTROL]) {
        let rows = Plugin::of(item);
        let having: Releases = rows.iter().map(Plugin::releases).collect();
        let known = !having.and(instance.releases).is_empty() || removed_in(item).is_some();
        if known || is_unresolved(item) {
            continue;
        }
        if rows.is_empty() {
            let message = format!(
                "admission plugin `{item}` does not exist, so the API server fails to start"
            );
            let draft = cx.report(node_span, message);
            if let Some(near) = nearest(item, Plugin::all().iter().map(|p| p.name)) {
                draft.help(format!("Did you mean `{near}`?"));
            }
        } else {
            let message = format!(
                "admission plugin `{item}` does not exist in this Kubernetes release yet, so the API server fails to start"
            );
            let help =
                format!("Remove `{item}` from the list until the control plane is upgraded.");
            cx.report(node_span, message).help(help);
        }
    }
}

/// Whether it runs the upstream kube-apiserver. Other builds can contain more plugins.
fn is_stock(instance: &Instance<'_>) -> bool {
    let mut above = instance.settings.first().map(Setting::node);
    while let Some(node) = above {
        if let Some(image) = node.field("image").and_then(Node::as_str) {
            let name = Reference::parse(image).name;
            let name = last_part(name, b'/');
            return name.starts_with("kube-apiserver") || is_unresolved(image);
        }
        above = node.parent();
    }
    true
}

/// A plugin that keeps the API server from starting without a configuration.
pub(in crate::rules) fn admission_plugin_needs_config(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    if instance.is_set("admission-control-config-file") != Some(false) {
        return;
    }
    for (item, node_span) in named(instance, &[ENABLED, CONTROL]) {
        if needs_config(item) {
            let message = format!(
                "admission plugin `{item}` needs a configuration, but `--admission-control-config-file` is not set; the API server fails to start"
            );
            cx.missing(node_span, message);
        }
    }
}

/// The same with a configuration file that has no entry for the plugin.
pub(in crate::rules) fn admission_plugin_needs_config_in_set(
    set: &DocumentSet<'_>,
    cx: &mut Cx<'_>,
) {
    // The plugins that need a configuration and have an entry, of each file.
    let mut known = HashMap::new();
    for link in set.links(ComponentKind::ApiServer, "admission-control-config-file") {
        let ConfigFileFacts::Admission(configured) = &link.file.says else {
            continue;
        };
        let configured = known
            .entry(std::ptr::from_ref(link.file))
            .or_insert_with(|| {
                let needed = configured.iter().map(String::as_str);
                needed.filter(|c| needs_config(c)).collect::<HashSet<_>>()
            });
        for plugin in link.from.facts.settings(ENABLED) {
            let name = plugin.value.as_str();
            if needs_config(name) && !configured.contains(name) {
                let message = format!(
                    "admission plugin `{name}` needs a configuration, but `{}` has no entry for it; the API server fails to start",
                    link.from.setting.value
                );
                cx.report_fact(link.from.facts, &plugin.at, message)
                    .related_fact(&link.file.at.label);
            }
        }
    }
}

fn needs_config(plugin: &str) -> bool {
    matches!(plugin, "ImagePolicyWebhook" | "EventRateLimit")
}

/// A plugin that is both enabled and disabled: the API server fails to start.
pub(in crate::rules) fn admission_plugin_conflict(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    // kops computes both lists.
    let enabled = instance.list(ENABLED);
    let Some(enabled) = enabled.filter(|_| *instance.form != forms::KOPS) else {
        return;
    };
    // The first of each name.
    let on: HashMap<_, _> = enabled.items.iter().rev().copied().collect();
    for (item, node_span) in named(instance, &[DISABLED]) {
        let Some(on) = on.get(item) else {
            continue;
        };
        if enabled.origin == Origin::Explicit {
            let message = format!(
                "admission plugin `{item}` is both enabled and disabled, so the API server fails to start"
            );
            cx.report(node_span, message).related(*on, "enabled here");
        } else {
            let message = format!(
                "admission plugin `{item}` is disabled here, but {} enables it by default; the API server fails to start",
                instance.form.distribution
            );
            cx.report(node_span, message);
        }
    }
}

/// Reports a plugin that is disabled unless a list contains it.
fn lacking(instance: &Instance<'_>, plugin: &str, impact: &str, cx: &mut Cx<'_>) {
    let list = match instance.last(CONTROL) {
        Some(_) => CONTROL,
        None => ENABLED,
    };
    let Some(plugins) = instance.list(list) else {
        return;
    };
    if plugins.items.iter().all(|(name, _)| *name != plugin) {
        let list_name = instance.spelling(list);
        let message = format!("`{list_name}` does not list `{plugin}`, so {impact}");
        cx.setting(instance, list, message);
    }
}

/// Kubelets that are not limited to their own Node and pods.
pub(in crate::rules) fn admission_node_restriction(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    const PLUGIN: &str = "NodeRestriction";
    if may_lack_nodes(instance) {
        return;
    }
    let impact = "a kubelet can change other Nodes and their pods";
    let off = named(instance, &[DISABLED]).find(|(name, _)| *name == PLUGIN);
    match off {
        Some((_, node_span)) => {
            let list = instance.spelling(DISABLED);
            cx.report(
                node_span,
                format!("`{list}` disables `{PLUGIN}`, so {impact}"),
            );
        }
        None => lacking(instance, PLUGIN, impact, cx),
    }
}

/// Private images that any pod of the node can use.
pub(in crate::rules) fn admission_always_pull_images(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    // Since 1.35 the kubelet itself checks credentials (feature gate KubeletEnsureSecretPulledImages).
    if !instance.releases.before(35).is_empty() {
        let impact = "a pod can start a private image that another pod has pulled";
        lacking(instance, "AlwaysPullImages", impact, cx);
    }
}
