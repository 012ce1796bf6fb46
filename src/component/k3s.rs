//! k3s and RKE2: `kube-apiserver-arg` and its like in config.yaml, in Rancher's clusters, in k3d, and on the command line.

use super::command::{self, Word};
use super::{
    ComponentKind, ConfigSource, Instance, InstanceContext, K3S, RKE2, Setting, UNIT, networks,
    unit, version,
};
use crate::kube::Completeness;
use crate::kube::Object;
use crate::yaml::{Node, NodeKind, items};

/// The key of each component's arguments.
const KEYS: [(&str, ComponentKind); 6] = [
    ("kube-apiserver-arg", ComponentKind::ApiServer),
    (
        "kube-controller-manager-arg",
        ComponentKind::ControllerManager,
    ),
    ("kube-scheduler-arg", ComponentKind::Scheduler),
    ("etcd-arg", ComponentKind::Etcd),
    ("kubelet-arg", ComponentKind::Kubelet),
    ("kube-proxy-arg", ComponentKind::KubeProxy),
];

/// Keys of a server's config.yaml: two of them tell that a file without a kind is one.
pub(super) const SERVER_KEYS: [&str; 20] = [
    "cluster-init",
    "tls-san",
    "write-kubeconfig-mode",
    "cluster-cidr",
    "service-cidr",
    "cluster-dns",
    "cluster-domain",
    "disable-cloud-controller",
    "disable-network-policy",
    "flannel-backend",
    "kube-apiserver-arg",
    "kube-controller-manager-arg",
    "kube-scheduler-arg",
    "etcd-arg",
    "etcd-expose-metrics",
    "etcd-snapshot-schedule-cron",
    "secrets-encryption",
    "datastore-endpoint",
    "protect-kernel-defaults",
    "embedded-registry",
];

pub(super) fn instances<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    match (object.gvk.group, object.gvk.kind) {
        (K3S, kind @ ("Configuration" | RKE2)) => {
            let rke2 = kind == RKE2;
            let server = SERVER_KEYS.iter().any(|key| has(object.node, key));
            // A drop-in, an agent, or a server that joins another's settings.
            let whole = server && !around.path.contains("config.yaml.d/");
            of_map(object, object.node, rke2, whole, around)
        }
        ("provisioning.cattle.io", "Cluster") => {
            let maps = rancher(object).into_iter();
            let mut found: Vec<_> = maps
                .flat_map(|map| of_map(object, map, true, false, around))
                .collect();
            let minor = version(object.node.at(&["spec", "kubernetesVersion"]));
            for instance in &mut found {
                instance.releases = around.releases(instance.component, minor);
            }
            found
        }
        ("k3d.io", "Simple") => of_words(object, &k3d(object), false, around),
        _ => Vec::new(),
    }
}

/// The settings of k3s or RKE2 itself, by the name of the flag: of a configuration file, of Rancher's clusters, of k3d's arguments, of a
/// unit's command and of its variables.
pub fn own(object: Object<'_>) -> Vec<Setting<'_>> {
    match (object.gvk.group, object.gvk.kind) {
        (K3S, "Configuration" | RKE2) => keys(object.node),
        ("provisioning.cattle.io", "Cluster") => {
            rancher(object).into_iter().flat_map(keys).collect()
        }
        ("k3d.io", "Simple") => {
            let mut found = command::flags(None, &k3d(object)).settings;
            let token = object.node.pair("token");
            found.extend(token.and_then(|(name, value)| Setting::of_pair(name, value)));
            found
        }
        (UNIT, _) => of_unit(object.node),
        ("k0s.k0sproject.io", "ClusterConfig") => k0s_datastore(object.node.field("spec")),
        ("k0sctl.k0sproject.io", "Cluster") => {
            k0s_datastore(object.node.at(&["spec", "k0s", "config", "spec"]))
        }
        _ => Vec::new(),
    }
}

/// Where k0s keeps what the API server stores: by k3s' own name of it, since both use kine.
fn k0s_datastore(spec: Option<Node<'_>>) -> Vec<Setting<'_>> {
    let storage = spec.and_then(|s| s.field("storage"));
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

/// Keys of a configuration file; `key+` appends to a list.
fn keys(map: Node<'_>) -> Vec<Setting<'_>> {
    let mut found = Vec::new();
    for (key, value) in map.entries() {
        let setting = |value| {
            let setting = Setting::of_pair(key, value)?;
            let bare = setting.name.trim_end_matches('+').to_owned();
            Some(Setting {
                name: bare.into(),
                spelling: setting.name,
                ..setting
            })
        };
        match value.kind() {
            NodeKind::Seq => found.extend(value.items().filter_map(setting)),
            _ => found.extend(setting(value)),
        }
    }
    found
}

fn of_unit(root: Node<'_>) -> Vec<Setting<'_>> {
    let (commands, variables) = unit::read(root);
    let mut found = Vec::new();
    for variable in &variables {
        let name = ["K3S_", "RKE2_"]
            .iter()
            .find_map(|p| variable.0.strip_prefix(p));
        if let Some(name) = name {
            let flag = name.to_ascii_lowercase().replace('_', "-");
            let flag = flag.replace("kubeconfig-", "write-kubeconfig-");
            found.push(unit::of_variable(variable, flag));
        }
    }
    for command in commands {
        let words = command::shell_words(command, 0);
        let program = words
            .iter()
            .position(|w| matches!(command::basename(&w.text), "k3s" | "rke2"));
        let rest = program.and_then(|at| words.get(at + 1..));
        found.extend(command::flags(None, rest.unwrap_or_default()).settings);
    }
    found
}

/// The maps of settings of a cluster that Rancher makes.
fn rancher(object: Object<'_>) -> Vec<Node<'_>> {
    let rke = object.node.at(&["spec", "rkeConfig"]);
    let selected = items(rke.and_then(|r| r.field("machineSelectorConfig")));
    let selected = selected.filter_map(|s| s.field("config"));
    let global = rke.and_then(|r| r.field("machineGlobalConfig"));
    global.into_iter().chain(selected).collect()
}

/// The arguments that k3d gives k3s.
fn k3d(object: Object<'_>) -> Vec<Word<'_>> {
    let extra = object.node.at(&["options", "k3s", "extraArgs"]);
    items(extra)
        .filter_map(|item| Word::of(item.field("arg")?))
        .collect()
}

/// Whether a map has a key, or the key that appends to it.
fn has(map: Node<'_>, key: &str) -> bool {
    map.field(key).is_some() || map.field(&format!("{key}+")).is_some()
}

fn form(rke2: bool) -> ConfigSource {
    if rke2 {
        ConfigSource::Rke2
    } else {
        ConfigSource::K3s
    }
}

fn of_map<'d>(
    object: Object<'d>,
    map: Node<'d>,
    rke2: bool,
    whole: bool,
    around: InstanceContext<'_>,
) -> Vec<Instance<'d>> {
    let mut found = Vec::new();
    for (key, component) in KEYS {
        let lists = [key.to_owned(), format!("{key}+")].map(|k| map.field(&k));
        let server = component == ComponentKind::ApiServer && whole;
        let metrics = map
            .pair("etcd-expose-metrics")
            .filter(|_| component == ComponentKind::Etcd);
        let ranges = ["cluster-cidr", "service-cidr"].map(|key| {
            map.pair(key)
                .filter(|_| component == ComponentKind::ControllerManager)
        });
        let own = metrics.is_some() || ranges.iter().any(Option::is_some);
        if lists.iter().all(Option::is_none) && !server && !own {
            continue;
        }
        let items = lists
            .into_iter()
            .flatten()
            .flat_map(|list| match list.kind() {
                NodeKind::Seq => list.items().collect(),
                _ => vec![list],
            });
        let mut settings = Vec::new();
        // k3s encrypts Secrets where it is told so; RKE2 always does.
        let encryption = map.pair("secrets-encryption");
        if let Some((name, value)) = encryption.filter(|_| server && !rke2)
            && value.as_bool() == Some(true)
        {
            settings.extend(Setting::of_pair(name, value).map(|s| Setting {
                name: "encryption-provider-config".into(),
                ..s
            }));
        }
        settings.extend(networks(ranges));
        // It has no flag: k3s makes a configuration file of it.
        settings.extend(metrics.and_then(|(name, value)| {
            let setting = Setting::of_pair(name, value)?;
            Some(Setting {
                spelling: setting.name.clone(),
                ..setting
            })
        }));
        settings.extend(items.filter_map(|item| Some(argument(item, 0, item.text()?))));
        let anchor = lists.into_iter().flatten().next().unwrap_or(map);
        found.push(Instance {
            component,
            form: form(rke2),
            completeness: if whole {
                Completeness::Complete
            } else {
                Completeness::Partial
            },
            object,
            releases: around.releases(component, None),
            settings,
            anchor: anchor.lacking(),
        });
    }
    found
}

/// `name=value` as an item of an argument list.
fn argument<'d>(node: Node<'d>, from: usize, text: &str) -> Setting<'d> {
    let bare = text.trim_start_matches('-');
    let start = from + (text.len() - bare.len());
    let (name, value, at) = match bare.split_once('=') {
        Some((name, value)) => (name, value, Some(start + name.len() + 1)),
        None => (bare, "true", None),
    };
    Setting {
        name: name.to_owned().into(),
        spelling: format!("--{name}").into(),
        value: value.to_owned().into(),
        node,
        at,
        name_spot: node.part(start, start + name.len()),
    }
}

/// `k3s server --kube-apiserver-arg=anonymous-auth=true`: the arguments within the arguments.
pub(super) fn of_words<'d>(
    object: Object<'d>,
    words: &[Word<'d>],
    rke2: bool,
    around: InstanceContext<'_>,
) -> Vec<Instance<'d>> {
    let flags = super::command::flags(None, words).settings;
    let mut found = Vec::new();
    for (key, component) in KEYS {
        let of_key = flags.iter().filter(|s| s.name == key);
        let settings: Vec<_> = of_key
            .filter_map(|s| Some(argument(s.node, s.at?, &s.value)))
            .collect();
        let Some(first) = settings.first() else {
            continue;
        };
        found.push(Instance {
            component,
            form: form(rke2),
            completeness: Completeness::Partial,
            object,
            releases: around.releases(component, None),
            anchor: first.name_spot,
            settings,
        });
    }
    found
}
