//! Admission plugins: those that a release does not have, and those that are missing.

use super::{may_lack_nodes, named};
use crate::check::Cx;
use crate::component::{ComponentKind, Instance, Origin, Plugin, Removed, Setting, forms};
use crate::documents::{ConfigFileFacts, DocumentSet};
use crate::finding::Releases;
use crate::kube::image::Reference;
use crate::kube::is_unresolved;
use crate::text::nearest;
use crate::yaml::Node;
use std::collections::{HashMap, HashSet};

const ENABLED: &str = "enable-admission-plugins";
const DISABLED: &str = "disable-admission-plugins";
/// The flag of old that lists all plugins.
const CONTROL: &str = "admission-control";

/// The first release without a plugin that is gone.
fn gone_since(plugin: &str) -> Option<u8> {
    let long = Removed::of("plugin", plugin);
    long.map(|gone| gone.since)
        .or_else(|| Plugin::gone_since(plugin))
}

/// A plugin that the release no longer has: the API server does not start.
pub(in crate::rules) fn admission_plugin_removed(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    for (item, node_span) in named(instance, &[ENABLED, DISABLED, CONTROL]) {
        let Some(since) = gone_since(item) else {
            continue;
        };
        if instance.is_gone(since) {
            let message = format!(
                "admission plugin {item} is gone since Kubernetes 1.{since}: {}",
                instance.end(since)
            );
            let draft = cx.report(node_span, message).if_gone(instance, since);
            if let Some(gone) = Removed::of("plugin", item) {
                draft.help(format!("remove it; {}", gone.instead));
            }
        }
    }
}

/// A plugin that the release does not have, and none before it had.
pub(in crate::rules) fn admission_plugin_unknown(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    // Before the first release of the table there were others.
    if instance.releases.from(25).is_empty() || !is_stock(instance) {
        return;
    }
    for (item, node_span) in named(instance, &[ENABLED, DISABLED, CONTROL]) {
        let rows = Plugin::of(item);
        let having: Releases = rows.iter().map(Plugin::releases).collect();
        let known = !having.and(instance.releases).is_empty() || gone_since(item).is_some();
        if known || is_unresolved(item) {
            continue;
        }
        if rows.is_empty() {
            let message =
                format!("there is no admission plugin {item}: the API server does not start");
            let draft = cx.report(node_span, message);
            if let Some(near) = nearest(item, Plugin::all().iter().map(|p| p.name)) {
                draft.help(format!("did you mean `{near}`?"));
            }
        } else {
            let message = format!(
                "this release does not have the admission plugin {item} yet: the API server does not start"
            );
            cx.report(node_span, message).help("remove it, or upgrade");
        }
    }
}

/// Whether it runs Kubernetes' own program: who builds another may add plugins.
fn is_stock(instance: &Instance<'_>) -> bool {
    let mut above = instance.settings.first().map(Setting::node);
    while let Some(node) = above {
        if let Some(image) = node.field("image").and_then(Node::as_str) {
            let name = Reference::parse(image).name;
            let name = name.rsplit('/').next().unwrap_or(name);
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
                "admission plugin {item} needs a configuration: `--admission-control-config-file` is not set, and the API server does not start"
            );
            cx.missing(node_span, message);
        }
    }
}

/// The same with a configuration that does not speak of the plugin.
pub(in crate::rules) fn admission_plugin_needs_config_in_set(
    set: &DocumentSet<'_>,
    cx: &mut Cx<'_>,
) {
    // Of each file, which of the plugins that need a configuration it has.
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
                    "admission plugin {name} needs a configuration: {} has none for it, and the API server does not start",
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

/// A plugin that is switched on and off: the API server does not start.
pub(in crate::rules) fn admission_plugin_conflict(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    // kops works both lists out by itself.
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
                "admission plugin {item} is both enabled and disabled: the API server does not start"
            );
            cx.report(node_span, message).related(*on, "enabled here");
        } else {
            let message = format!(
                "admission plugin {item} is disabled, and {} enables it: the API server does not start",
                instance.form.distribution
            );
            cx.report(node_span, message);
        }
    }
}

/// A plugin that is off unless a list names it.
fn lacking(instance: &Instance<'_>, plugin: &str, what: &str, cx: &mut Cx<'_>) {
    let list = match instance.last(CONTROL) {
        Some(_) => CONTROL,
        None => ENABLED,
    };
    let Some(plugins) = instance.list(list) else {
        return;
    };
    if plugins.items.iter().all(|(name, _)| *name != plugin) {
        let list_name = instance.spelling(list);
        let message = format!("{what}: `{list_name}` does not list {plugin}");
        cx.setting(instance, list, message);
    }
}

/// What kubelets may change is their own alone.
pub(in crate::rules) fn admission_node_restriction(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    const PLUGIN: &str = "NodeRestriction";
    if may_lack_nodes(instance) {
        return;
    }
    let what = "a kubelet may change Nodes and pods that are not its own";
    let off = named(instance, &[DISABLED]).find(|(name, _)| *name == PLUGIN);
    match off {
        Some((_, node_span)) => {
            let list = instance.spelling(DISABLED);
            cx.report(node_span, format!("{what}: `{list}` switches {PLUGIN} off"));
        }
        None => lacking(instance, PLUGIN, what, cx),
    }
}

/// An image that is on the node is everybody's.
pub(in crate::rules) fn admission_always_pull_images(instance: &Instance<'_>, cx: &mut Cx<'_>) {
    // Since 1.35 the kubelet itself asks for credentials (feature gate KubeletEnsureSecretPulledImages).
    if !instance.releases.before(35).is_empty() {
        let what = "a pod may use a private image that another one has pulled";
        lacking(instance, "AlwaysPullImages", what, cx);
    }
}
