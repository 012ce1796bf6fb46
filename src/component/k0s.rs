//! k0s: extra arguments in its ClusterConfig, which k0sctl nests in its own Cluster.

use super::command::{self, Word};
use super::{
    ComponentKind, ConfigSource, Instance, InstanceContext, anchor, networks, setting, version,
};
use crate::kube::Completeness;
use crate::kube::Object;
use crate::yaml::items;

pub(super) fn instances<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    const SECTIONS: [(&[&str], ComponentKind); 4] = [
        (&["api"], ComponentKind::ApiServer),
        (&["controllerManager"], ComponentKind::ControllerManager),
        (&["scheduler"], ComponentKind::Scheduler),
        (&["storage", "etcd"], ComponentKind::Etcd),
    ];
    let (spec, release) = match object.gvk.kind {
        "ClusterConfig" => (object.node.field("spec"), None),
        "Cluster" => (
            object.node.at(&["spec", "k0s", "config", "spec"]),
            object.node.at(&["spec", "k0s", "version"]),
        ),
        _ => (None, None),
    };
    let mut found = Vec::new();
    let hosts = items(object.node.at(&["spec", "hosts"]));
    let flags = hosts.filter_map(|host| host.field("installFlags"));
    for flags in flags {
        let words: Vec<Word<'d>> = flags.items().filter_map(Word::of).collect();
        found.extend(of_words(object, &words, around));
    }
    let Some(spec) = spec else { return found };
    for (path, component) in SECTIONS {
        let section = spec.at(path);
        let arguments = section.and_then(|s| s.field("extraArgs"));
        if component == ComponentKind::Etcd && arguments.is_none() {
            continue;
        }
        let mut instance = Instance {
            component,
            form: ConfigSource::K0s,
            completeness: Completeness::Complete,
            object,
            releases: around.releases(component, version(release)),
            settings: Vec::new(),
            anchor: anchor(object, &[arguments, section, Some(spec)]),
        };
        if component == ComponentKind::ControllerManager {
            let network = spec.field("network");
            let ranges = ["podCIDR", "serviceCIDR"].map(|key| network?.pair(key));
            instance.settings = networks(ranges);
        }
        instance.arguments(arguments);
        found.push(instance);
    }
    let profiles = spec.list("workerProfiles");
    let values = profiles.filter_map(|p| p.field("values"));
    found.extend(values.map(|values| Instance {
        component: ComponentKind::Kubelet,
        form: ConfigSource::K0s,
        completeness: Completeness::Partial,
        object,
        releases: around.releases(ComponentKind::Kubelet, version(release)),
        settings: setting::fields("kubelet", ComponentKind::Kubelet, values),
        anchor: values.lacking(),
    }));
    let proxy = spec.at(&["network", "kubeProxy"]);
    found.extend(proxy.map(|proxy| {
        let mut instance = Instance {
            component: ComponentKind::KubeProxy,
            form: ConfigSource::K0s,
            completeness: Completeness::Partial,
            object,
            releases: around.releases(ComponentKind::KubeProxy, version(release)),
            settings: setting::fields("kube-proxy", ComponentKind::KubeProxy, proxy),
            anchor: proxy.lacking(),
        };
        instance.arguments(proxy.field("extraArgs"));
        instance
    }));
    found
}

/// `k0s worker --kubelet-extra-args="--read-only-port=0"`: the arguments within an argument.
pub(super) fn of_words<'d>(
    object: Object<'d>,
    words: &[Word<'d>],
    around: InstanceContext<'_>,
) -> Option<Instance<'d>> {
    let flags = command::flags(None, words).settings;
    let kubelet = flags.iter().find(|s| s.name == "kubelet-extra-args")?;
    // Of a scalar's only word all is the value; among others a quote or a blank ends it.
    let raw = kubelet.node.text()?.get(kubelet.at?..)?;
    let quote = raw.chars().next().filter(|c| matches!(c, '"' | '\''));
    let start = kubelet.at? + usize::from(quote.is_some());
    let rest = kubelet.node.text()?.get(start..)?;
    let end = match quote {
        Some(quote) => rest.find(quote),
        None if rest == kubelet.value => None,
        None => rest.find(char::is_whitespace),
    };
    let mut words = command::shell_words(kubelet.node, start);
    words.retain(|w| w.at < start + end.unwrap_or(rest.len()));
    let component = ComponentKind::Kubelet;
    let settings = command::flags(Some(component), &words).settings;
    Some(Instance {
        component,
        form: ConfigSource::K0s,
        completeness: Completeness::Partial,
        object,
        releases: around.releases(component, None),
        anchor: settings.first()?.name_spot,
        settings,
    })
}
