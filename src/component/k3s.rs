//! k3s: `kube-apiserver-arg` and its like in config.yaml, in k3d, and on the command line. RKE2 has the same.

use super::command::{self, Word};
use super::form::{Form, NestedText};
use super::{ComponentKind, Instance, InstanceContext, Setting, networks, rke2, unit};
use crate::kube::{Completeness, Object};
use crate::yaml::{Node, NodeKind, items};

/// The group of its files, and of RKE2's.
pub const GROUP: &str = "k3s.io";

/// k3s' config.yaml, and k3d's file.
pub static FORM: Form = Form {
    name: "k3s",
    file_groups: &[GROUP],
    object_groups: &["k3d.io"],
    may_be_in: |text| in_rancher(text.path) || text.has_two_of(&SERVER_KEYS),
    recognize,
    instances,
    own_settings,
    programs: &["k3s"],
    of_command: |object, words, around| of_words(object, words, &FORM, around),
    texts: |object| {
        let registries = object.node.at(&["registries", "config"]).into_iter();
        let registries = registries.filter(|_| object.gvk.is("k3d.io", "Simple"));
        registries
            .map(|node| NestedText::complete(K3D_REGISTRIES, node))
            .collect()
    },
    registries: |object| {
        let all = Some(object.node).filter(|_| object.gvk.is(GROUP, "Registries"));
        all.into_iter().collect()
    },
    distribution: "k3s",
    ..Form::EMPTY
};

/// The file that k3d makes of what it is told of registries.
const K3D_REGISTRIES: &str = "etc/rancher/k3s/registries.yaml";

fn in_rancher(path: &str) -> bool {
    path.contains("rancher/k3s/") || path.contains("rancher/rke2/")
}

/// A file of k3s or RKE2, by its path or by two keys of a server.
fn recognize<'d>(root: Node<'d>, path: &str) -> Option<Object<'d>> {
    let of_server = |(key, _): &(Node<'_>, Node<'_>)| {
        let name = key.text().unwrap_or_default();
        SERVER_KEYS.contains(&name.strip_suffix('+').unwrap_or(name))
    };
    let own = in_rancher(path) || root.pairs().filter(of_server).nth(1).is_some();
    if !own || root.kind() != NodeKind::Map {
        return None;
    }
    let kind = if in_rancher(path) && path.ends_with("registries.yaml") {
        "Registries"
    } else if path.contains("rke2") {
        rke2::KIND
    } else {
        "Configuration"
    };
    Some(Object::named(root, GROUP, kind))
}

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
const SERVER_KEYS: [&str; 20] = [
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

fn instances<'d>(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Instance<'d>> {
    match object.gvk.kind {
        "Configuration" => of_file(object, &FORM, around),
        "Simple" => of_words(object, &k3d(object), &FORM, around),
        _ => Vec::new(),
    }
}

/// The components of a configuration file.
pub(super) fn of_file<'d>(
    object: Object<'d>,
    form: &'static Form,
    around: InstanceContext<'_>,
) -> Vec<Instance<'d>> {
    let server = SERVER_KEYS.iter().any(|key| has(object.node, key));
    // A drop-in, an agent, or a server that joins another's settings.
    let whole = server && !around.path.contains("config.yaml.d/");
    of_map(object, object.node, form, whole, around)
}

/// Its own settings: of a configuration file, and of k3d's arguments.
fn own_settings(object: Object<'_>) -> Vec<Setting<'_>> {
    match object.gvk.kind {
        "Configuration" => keys(object.node),
        "Simple" => {
            let mut found = command::flags(None, &k3d(object)).settings;
            let token = object.node.pair("token");
            found.extend(token.and_then(|(name, value)| Setting::of_pair(name, value)));
            found
        }
        _ => Vec::new(),
    }
}

/// Keys of a configuration file; `key+` appends to a list.
pub(super) fn keys(map: Node<'_>) -> Vec<Setting<'_>> {
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

pub(super) fn of_unit(root: Node<'_>) -> Vec<Setting<'_>> {
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

/// The components whose arguments are keys of a map.
pub(super) fn of_map<'d>(
    object: Object<'d>,
    map: Node<'d>,
    form: &'static Form,
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
        if let Some((name, value)) = encryption.filter(|_| server && *form == FORM)
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
            form,
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
        name_span: node.part(start, start + name.len()),
    }
}

/// `k3s server --kube-apiserver-arg=anonymous-auth=true`: the arguments within the arguments.
pub(super) fn of_words<'d>(
    object: Object<'d>,
    words: &[Word<'d>],
    form: &'static Form,
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
            form,
            completeness: Completeness::Partial,
            object,
            releases: around.releases(component, None),
            anchor: first.name_span,
            settings,
        });
    }
    found
}
