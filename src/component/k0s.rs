//! k0s: extra arguments in its ClusterConfig, which k0sctl nests in its own Cluster.

use super::command::{self, Word};
use super::form::{Form, Piece};
use super::{
    ComponentKind, Instance, InstanceContext, Setting, anchor, networks, setting, version,
};
use crate::kube::{Completeness, Object};
use crate::yaml::{Node, items};

/// k0s' ClusterConfig, and k0sctl's Cluster.
pub static FORM: Form = Form {
    name: "k0s",
    object_groups: &["k0s.k0sproject.io", "k0sctl.k0sproject.io"],
    instances,
    own_settings,
    // k0s decodes them without looking for fields that it does not know.
    pieces: |object| {
        let profiles = profiles(object);
        profiles
            .map(|values| Piece::of_kubelet(values, false))
            .collect()
    },
    programs: &["k0s"],
    of_command: |object, words, around| of_words(object, words, around).into_iter().collect(),
    distribution: "k0s",
    ..Form::EMPTY
};

/// The specification of its cluster.
fn spec(object: Object<'_>) -> Option<Node<'_>> {
    match object.gvk.kind {
        "ClusterConfig" => object.node.field("spec"),
        "Cluster" => object.node.at(&["spec", "k0s", "config", "spec"]),
        _ => None,
    }
}

/// What its profiles of workers add to the kubelet's file.
fn profiles(object: Object<'_>) -> impl Iterator<Item = Node<'_>> {
    let profiles = items(spec(object).and_then(|spec| spec.field("workerProfiles")));
    profiles.filter_map(|profile| profile.field("values"))
}

/// Where it keeps what the API server stores: by k3s' own name of it, since both use kine.
fn own_settings(object: Object<'_>) -> Vec<Setting<'_>> {
    let storage = spec(object).and_then(|s| s.field("storage"));
    let source = storage.and_then(|s| s.field("kine")?.pair("dataSource"));
    let external = storage.and_then(|s| s.at(&["etcd", "externalCluster"])?.pair("endpoints"));
    let endpoints = external
        .into_iter()
        .flat_map(|(key, list)| list.items().map(move |item| (key, item)));
    let found = source.into_iter().chain(endpoints);
    let setting = |(key, value)| {
        let setting = Setting::of_pair(key, value)?;
        Some(Setting {
            name: "datastore-endpoint".into(),
            spelling: setting.name,
            ..setting
        })
    };
    found.filter_map(setting).collect()
}

fn instances<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    const SECTIONS: [(&[&str], ComponentKind); 4] = [
        (&["api"], ComponentKind::ApiServer),
        (&["controllerManager"], ComponentKind::ControllerManager),
        (&["scheduler"], ComponentKind::Scheduler),
        (&["storage", "etcd"], ComponentKind::Etcd),
    ];
    let release = object.node.at(&["spec", "k0s", "version"]);
    let release = release.filter(|_| object.gvk.kind == "Cluster");
    let mut found = Vec::new();
    let hosts = items(object.node.at(&["spec", "hosts"]));
    let flags = hosts.filter_map(|host| host.field("installFlags"));
    for flags in flags {
        let words: Vec<Word<'d>> = flags.items().filter_map(Word::of).collect();
        found.extend(of_words(object, &words, around));
    }
    let Some(spec) = spec(object) else {
        return found;
    };
    for (path, component) in SECTIONS {
        let section = spec.at(path);
        let arguments = section.and_then(|s| s.field("extraArgs"));
        if component == ComponentKind::Etcd && arguments.is_none() {
            continue;
        }
        let mut instance = Instance {
            component,
            form: &FORM,
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
    found.extend(profiles(object).map(|values| Instance {
        component: ComponentKind::Kubelet,
        form: &FORM,
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
            form: &FORM,
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
fn of_words<'d>(
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
    Instance::partial(component, &FORM, object, settings, around)
}
