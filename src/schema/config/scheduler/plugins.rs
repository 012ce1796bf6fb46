//! Plugins of a profile: which exist, what they extend, and what each profile cannot be without.

use super::{go_text, list, place};
use crate::component::SchedulerPlugin;
use crate::ids;
use crate::schema::cross_field::{conflict, missing};
use crate::schema::table::ApiKind;
use crate::schema::validator::Validator;
use crate::text::nearest;
use crate::yaml::{Node, NodeKind};
use std::collections::HashSet;

/// The point that stands for all that a plugin extends.
const ALL_POINTS: &str = "multiPoint";

/// A profile: its plugins, and their configuration.
pub(in crate::schema) fn profile<'d>(v: &mut Validator<'d>, profile: Node<'d>) {
    if v.kind.is_none_or(|kind| kind.version != "v1") {
        return;
    }
    configured(v, profile);
    let Some(plugins) = profile.field("plugins") else {
        return;
    };
    let own_scheduler = is_for_another_scheduler(profile);
    for (point, set) in plugins.entries() {
        let Some(point) = point.text() else { continue };
        let mut seen = HashSet::new();
        for plugin in set.list("enabled") {
            let Some(name) = go_text(plugin, "name") else {
                continue;
            };
            if !seen.insert(name) {
                let message = format!("`{name}` is enabled twice: the scheduler does not start");
                v.add(
                    ids::schema::DUPLICATE_ITEM,
                    place(plugin, "name"),
                    message,
                    None,
                );
            }
            enabled(v, plugin, name, point, own_scheduler);
        }
    }
    needed(v, plugins, own_scheduler);
}

/// Whether the profile names plugins that somebody builds into a scheduler of their own.
fn is_for_another_scheduler(profile: Node<'_>) -> bool {
    let sets = profile.field("plugins").into_iter().flat_map(Node::entries);
    let enabled = sets.flat_map(|(_, set)| set.list("enabled"));
    let configured = profile.list("pluginConfig");
    enabled.chain(configured).any(|plugin| {
        let name = go_text(plugin, "name").unwrap_or_default();
        SchedulerPlugin::of(name).is_some_and(|known| !known.is_built_in())
    }) || list(profile, "pluginConfig").iter().any(|plugin| {
        // A plugin of one's own that is configured.
        go_text(*plugin, "name").is_none_or(|name| SchedulerPlugin::of(name).is_none())
    })
}

fn enabled<'d>(
    v: &mut Validator<'d>,
    plugin: Node<'d>,
    name: &str,
    point: &str,
    own_scheduler: bool,
) {
    let at = place(plugin, "name");
    let known = SchedulerPlugin::of(name);
    let gone = known.is_some_and(|p| p.is_built_in() && p.releases().and(v.targets).is_empty());
    if name.is_empty() {
        missing(
            v,
            at,
            "`name` is missing: the scheduler has no plugin without a name",
        );
        return;
    }
    let Some(known) = known.filter(|_| !gone) else {
        if gone || !own_scheduler {
            let message = format!("kube-scheduler has no plugin `{name}`: it does not start");
            let near = nearest(name, SchedulerPlugin::built_in().map(|p| p.name));
            let help = near.map(|near| format!("Did you mean `{near}`?"));
            v.add(ids::schema::ENUM, at, message, help);
        }
        return;
    };
    if !known.is_built_in() {
        return;
    }
    if point != ALL_POINTS && !known.extends(point) {
        let message =
            format!("plugin `{name}` does not extend `{point}`: the scheduler does not start");
        let help = Some(format!("enable it under `{ALL_POINTS}`"));
        v.add(ids::schema::ENUM, at, message, help);
        return;
    }
    let scores = point == "score" || point == ALL_POINTS && known.extends("score");
    let weight = plugin.field("weight").filter(|_| scores);
    if let Some(weight) = weight.filter(|w| w.as_int().is_some_and(|weight| weight < 0)) {
        let message = "`weight` must not be negative".to_owned();
        v.add(ids::schema::RANGE, weight, message, None);
    }
}

/// One plugin sorts the queue, and one at least binds.
fn needed<'d>(v: &mut Validator<'d>, plugins: Node<'d>, own_scheduler: bool) {
    for (point, default) in [("queueSort", "PrioritySort"), ("bind", "DefaultBinder")] {
        let named = |set: &str, list: &str, name: &dyn Fn(&str) -> bool| {
            let items = plugins
                .field(set)
                .into_iter()
                .flat_map(|set| set.list(list));
            let mut items = items.filter_map(|item| item.field("name")?.as_str());
            items.any(name)
        };
        let extends = |name: &str| {
            SchedulerPlugin::of(name).is_none_or(|p| !p.is_built_in() || p.extends(point))
        };
        let off = |name: &str| name == "*" || name == default;
        let replaced = named(point, "enabled", &|_| true);
        let is_off = |set| named(set, "disabled", &off) && !replaced;
        let again = named(ALL_POINTS, "enabled", &extends);
        if own_scheduler || replaced {
            continue;
        }
        let set = match (is_off(point), is_off(ALL_POINTS) && !again) {
            (true, _) => point,
            (_, true) => ALL_POINTS,
            _ => continue,
        };
        // Through all points another one may come.
        if set == point
            && named(ALL_POINTS, "enabled", &|name| {
                name != default && extends(name)
            })
        {
            continue;
        }
        let disabled = plugins
            .field(set)
            .into_iter()
            .flat_map(|set| set.list("disabled"));
        let at = disabled
            .filter_map(|item| item.field("name"))
            .find(|name| name.as_str().is_some_and(off));
        if let Some(at) = at {
            let message = format!(
                "without `{default}` no plugin extends `{point}`, and the scheduler does not start"
            );
            conflict(v, at, message);
        }
    }
}

/// The configuration of each plugin stands once, and is of the plugin's own kind.
fn configured<'d>(v: &mut Validator<'d>, profile: Node<'d>) {
    let mut seen = HashSet::new();
    for plugin in profile.list("pluginConfig") {
        let Some(name) = go_text(plugin, "name") else {
            continue;
        };
        if !seen.insert(name) {
            let message = format!("`{name}` is configured twice: the scheduler does not start");
            v.add(
                ids::schema::DUPLICATE_ITEM,
                place(plugin, "name"),
                message,
                None,
            );
        }
        arguments(v, plugin, name);
        let known = SchedulerPlugin::of(name);
        if known.is_some_and(|p| p.is_built_in() && p.releases().and(v.targets).is_empty()) {
            let message = format!("kube-scheduler has no plugin `{name}`: it does not start");
            v.add(ids::schema::ENUM, place(plugin, "name"), message, None);
        }
    }
}

/// The arguments of a plugin that has a kind for them: a map of that kind, which need not be named.
fn arguments<'d>(v: &mut Validator<'d>, plugin: Node<'d>, name: &str) {
    const GROUP: &str = "kubescheduler.config.k8s.io";
    let kind = format!("{name}Args");
    let args = plugin.field("args");
    let Some(args) = args.filter(|_| ApiKind::of(GROUP, "v1", &kind).is_some()) else {
        return;
    };
    if args.kind() != NodeKind::Map {
        v.wrong(args, "args", "a map");
        return;
    }
    let version = format!("{GROUP}/v1");
    for (key, expected) in [("apiVersion", &version), ("kind", &kind)] {
        let written = go_text(args, key).filter(|text| !text.is_empty());
        if written.is_some_and(|text| text != expected) {
            let message =
                format!("`{key}` must be `{expected}`: the scheduler refuses others here");
            v.add(ids::schema::ENUM, place(args, key), message, None);
        }
    }
}
