//! What set rules need of a document after its tree is gone: owned and small.

use super::access::{AccountFacts, BindingFacts, PodFacts, RoleFacts};
use super::{CustomFacts, DocumentContext};
use crate::component::bootstrap;
use crate::component::encryption::{Verdict, verdict};
use crate::component::{self, ComponentKind, ConfigSource, Flag, Instance, Origin, Setting};
use crate::finding::{Label, ObjectRef};
use crate::kube::image::Reference;
use crate::kube::{Completeness, Object};
use crate::yaml::{Node, NodeSpan, Rendered};
use std::sync::Arc;

/// One fact about a document.
#[derive(Clone, Debug)]
pub struct DocumentFacts {
    /// The object that it is about.
    pub object: Option<ObjectRef>,
    /// Where its chunk begins in the file: what stands in one chunk is one machine's.
    pub chunk: u32,
    /// The template of a chart that its document was rendered from.
    pub rendered_from: Option<Arc<Rendered>>,
    /// The fact.
    pub fact: Fact,
}

/// One small case for each kind that set rules read.
#[derive(Clone, Debug)]
pub enum Fact {
    /// What a component is told.
    Component(ComponentFacts),
    /// A configuration file that components name.
    ConfigFile(ConfigFile),
    /// What Cluster API makes of which release.
    Machines(MachineFacts),
    /// A custom resource, or the definition of one.
    Custom(CustomFacts),
    /// A Role or ClusterRole.
    Role(RoleFacts),
    /// A RoleBinding or ClusterRoleBinding.
    Binding(BindingFacts),
    /// A ServiceAccount.
    Account(AccountFacts),
    /// A pod, or what makes pods.
    Pod(PodFacts),
    /// A Namespace that asks for no Pod Security level.
    Namespace(NamespaceFacts),
    /// Something keeps privileged Pods out of every Namespace.
    PodGuard,
}

/// A Namespace that asks for no Pod Security level.
#[derive(Clone, Debug)]
pub struct NamespaceFacts {
    /// Its name.
    pub name: String,
    /// Where the label would stand.
    pub at: SavedSpan,
}

/// A place that outlives its tree.
#[derive(Clone, Debug)]
pub struct SavedSpan {
    /// Where.
    pub label: Label,
    /// Whether that is the value itself, and not a larger whole that holds it.
    pub exact: bool,
    /// JSON pointer of the node in its document.
    pub path: String,
}

/// What a component is told, as far as set rules ask.
#[derive(Clone, Debug)]
pub struct ComponentFacts {
    /// Which.
    pub component: ComponentKind,
    /// Of a static pod the minor version of its image, and where that is written.
    pub version: Option<(u8, SavedSpan)>,
    /// Values that are known; each item of a list by itself. Empty ones where that is what rules ask about.
    pub settings: Vec<SettingFact>,
}

/// A setting's effective value.
#[derive(Clone, Debug)]
pub struct SettingFact {
    /// The flag without dashes.
    pub name: &'static str,
    /// Its value; of a file the path as it is written.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Where it is written, or would be.
    pub at: SavedSpan,
    /// The file that it names, if it names a side file.
    pub names: Option<FileRef>,
}

/// A side file as a machine knows it.
#[derive(Clone, Debug)]
pub struct FileRef {
    /// Its path outside of the pod that reads it.
    pub path: String,
    /// Whether the object itself writes that file, so that no other can be meant.
    pub own: bool,
}

/// A configuration file that components name.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    /// Who reads it.
    pub component: ComponentKind,
    /// The flag that names it, without dashes.
    pub flag: &'static str,
    /// The path that it gets on a machine, or its key in a ConfigMap; `None` where it is a file of the repository.
    pub path: Option<String>,
    /// Its kind.
    pub at: SavedSpan,
    /// What set rules ask of it.
    pub says: ConfigFileFacts,
}

/// What set rules ask of a side file.
#[derive(Clone, Debug)]
pub enum ConfigFileFacts {
    /// Only that it is there.
    Nothing,
    /// EncryptionConfiguration: where it leaves Secrets in plain text and why; `None` where it does not, or cannot be judged.
    Encryption(Option<Label>),
    /// AuthenticationConfiguration: what it says of requests without credentials, if it speaks of them.
    Authentication(Option<Anonymous>),
    /// AuthorizationConfiguration: the types of its authorizers, in order.
    Authorization(Vec<String>),
    /// AdmissionConfiguration: the names of its plugins.
    Admission(Vec<String>),
}

/// What an AuthenticationConfiguration says of requests without credentials.
#[derive(Clone, Debug)]
pub struct Anonymous {
    /// The key `anonymous`.
    pub at: Label,
    /// Whether they are let in; `None` where that is filled in later.
    pub enabled: Option<bool>,
    /// Whether to some paths only.
    pub limited: bool,
}

/// What Cluster API makes of which release.
#[derive(Clone, Debug)]
pub struct MachineFacts {
    /// Its part in the cluster.
    pub part: MachinePart,
    /// The object's name.
    pub name: String,
    /// The cluster that it belongs to, or the control plane that the cluster has; may be empty.
    pub refers: String,
    /// The minor version, where one is written.
    pub minor: u8,
    /// Where.
    pub at: SavedSpan,
}

/// A part of a cluster of Cluster API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachinePart {
    /// A Cluster.
    Cluster,
    /// A KubeadmControlPlane.
    ControlPlane,
    /// A MachineDeployment or MachinePool.
    Workers,
}

/// What side files are, who reads them, and the flag that names them.
const SIDE_FILES: [(&str, &str, ComponentKind, &str); 12] = {
    use ComponentKind::{ApiServer, KubeProxy, Kubelet, Scheduler};
    const API: &str = "apiserver.config.k8s.io";
    const OLD: &str = "apiserver.k8s.io";
    [
        (
            API,
            "EncryptionConfiguration",
            ApiServer,
            "encryption-provider-config",
        ),
        (
            "",
            "EncryptionConfig",
            ApiServer,
            "encryption-provider-config",
        ),
        ("audit.k8s.io", "Policy", ApiServer, "audit-policy-file"),
        (
            API,
            "AdmissionConfiguration",
            ApiServer,
            "admission-control-config-file",
        ),
        (
            OLD,
            "AdmissionConfiguration",
            ApiServer,
            "admission-control-config-file",
        ),
        (
            API,
            "AuthenticationConfiguration",
            ApiServer,
            "authentication-config",
        ),
        (
            API,
            "AuthorizationConfiguration",
            ApiServer,
            "authorization-config",
        ),
        (
            API,
            "TracingConfiguration",
            ApiServer,
            "tracing-config-file",
        ),
        (
            OLD,
            "EgressSelectorConfiguration",
            ApiServer,
            "egress-selector-config-file",
        ),
        (
            "kubelet.config.k8s.io",
            "KubeletConfiguration",
            Kubelet,
            "config",
        ),
        (
            "kubescheduler.config.k8s.io",
            "KubeSchedulerConfiguration",
            Scheduler,
            "config",
        ),
        (
            "kubeproxy.config.k8s.io",
            "KubeProxyConfiguration",
            KubeProxy,
            "config",
        ),
    ]
};

/// Other settings that set rules read.
const VALUES: [(ComponentKind, &str); 7] = [
    (ComponentKind::ApiServer, "anonymous-auth"),
    (ComponentKind::ApiServer, "client-ca-file"),
    (ComponentKind::ApiServer, "kubelet-certificate-authority"),
    (
        ComponentKind::ControllerManager,
        "service-account-private-key-file",
    ),
    (ComponentKind::Etcd, "trusted-ca-file"),
    (ComponentKind::Kubelet, "rotate-server-certificates"),
    (ComponentKind::Kubelet, "tls-cert-file"),
];

/// Settings that set rules miss.
const LACKING: [(ComponentKind, &str); 6] = [
    (ComponentKind::ApiServer, "admission-control-config-file"),
    (ComponentKind::ApiServer, "audit-policy-file"),
    (ComponentKind::ApiServer, "authentication-config"),
    (ComponentKind::ApiServer, "authorization-config"),
    (ComponentKind::ApiServer, "encryption-provider-config"),
    (ComponentKind::ApiServer, "kubelet-certificate-authority"),
];

/// Lists that set rules read where they are written.
const LISTS: [(ComponentKind, &str); 8] = [
    (ComponentKind::ApiServer, "enable-admission-plugins"),
    (ComponentKind::ApiServer, "etcd-servers"),
    (ComponentKind::ApiServer, "feature-gates"),
    (ComponentKind::ApiServer, "service-account-key-file"),
    (ComponentKind::ControllerManager, "feature-gates"),
    (ComponentKind::Scheduler, "feature-gates"),
    (ComponentKind::Kubelet, "feature-gates"),
    (ComponentKind::Etcd, "listen-client-urls"),
];

impl SavedSpan {
    pub(super) fn of<'d>(at: impl Into<NodeSpan<'d>>) -> Self {
        let NodeSpan { node, span } = at.into();
        let located = node.document().locate(span);
        Self {
            exact: located.exact,
            label: Label::new(located, ""),
            path: node.path(),
        }
    }
}

fn label<'d>(at: impl Into<NodeSpan<'d>>, text: &str) -> Label {
    let NodeSpan { node, span } = at.into();
    Label::new(node.document().locate(span), text)
}

impl DocumentFacts {
    pub(super) fn new(object: Object<'_>, fact: Fact) -> Self {
        Self {
            object: Some(object.reference()),
            chunk: 0,
            rendered_from: object.node.document().place.rendered_from.clone(),
            fact,
        }
    }

    /// What set rules ask of a component. The files beside an API server are none.
    pub fn of_instance(instance: &Instance<'_>) -> Option<Self> {
        if instance.component == ComponentKind::ApiServer && instance.form == ConfigSource::File {
            return None;
        }
        let facts = ComponentFacts {
            component: instance.component,
            version: version(instance),
            settings: settings(instance),
        };
        let some = !facts.settings.is_empty() || facts.version.is_some();
        some.then(|| Self::new(instance.object, Fact::Component(facts)))
    }

    /// What a component is told, where this is about one.
    pub fn component(&self) -> Option<&ComponentFacts> {
        match &self.fact {
            Fact::Component(component) => Some(component),
            _ => None,
        }
    }

    /// The values of a setting, where this is about a component.
    pub fn settings<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a SettingFact> {
        let settings = self.component().into_iter().flat_map(|c| &c.settings);
        settings.filter(move |s| s.name == name)
    }

    /// What set rules ask of an object beside its components.
    pub fn of_object(
        object: Object<'_>,
        within: DocumentContext<'_>,
        completeness: Completeness,
    ) -> Option<Self> {
        let side = || side_file(object, within, completeness).map(Fact::ConfigFile);
        let fact = machines(object).map(Fact::Machines).or_else(side)?;
        Some(Self::new(object, fact))
    }
}

/// The minor version of a static pod's image.
fn version(instance: &Instance<'_>) -> Option<(u8, SavedSpan)> {
    if instance.form != ConfigSource::StaticPod || instance.component == ComponentKind::Etcd {
        return None;
    }
    let image = instance.container()?.node.field("image")?;
    let tag = Reference::parse(image.as_str()?).tag?;
    Some((component::minor(tag)?, SavedSpan::of(image)))
}

/// All that a kubelet is told: a flag and its file may tell it different things.
fn of_kubelet<'a>(instance: &'a Instance<'_>) -> impl Iterator<Item = SettingFact> + 'a {
    let kubelet = instance.component == ComponentKind::Kubelet;
    let written = instance.settings.iter().filter(move |_| kubelet);
    let known = |name: &str| VALUES.contains(&(ComponentKind::Kubelet, name));
    written.filter_map(move |setting| {
        let flag = Flag::of(instance.component, &setting.name).last()?;
        let single = !flag.list && !known(flag.name) && flag.name != "config";
        single.then(|| value(instance, flag.name)).flatten()
    })
}

fn settings(instance: &Instance<'_>) -> Vec<SettingFact> {
    let ours = |(component, _): &(ComponentKind, &str)| *component == instance.component;
    let mut flags: Vec<_> = SIDE_FILES.iter().map(|(.., c, flag)| (*c, *flag)).collect();
    // Two kinds of one flag stand beside each other.
    flags.dedup();
    let files = flags.into_iter().filter(ours).filter_map(|(_, name)| {
        let fact = value(instance, name)?;
        let names = Some(named_file(instance, name, &fact.value));
        Some(SettingFact { names, ..fact })
    });
    let values = VALUES.into_iter().filter(ours);
    let values = values.filter_map(|(_, name)| value(instance, name));
    let lists = LISTS.into_iter().filter(ours).flat_map(|(_, name)| {
        let written = instance.list(name);
        let written = written.filter(|list| list.origin == Origin::Explicit);
        let items = written.into_iter().flat_map(|list| list.items);
        items.map(move |(item, spot)| SettingFact {
            name,
            value: item.to_owned(),
            origin: Origin::Explicit,
            at: SavedSpan::of(spot),
            names: None,
        })
    });
    let lacking = LACKING.into_iter().filter(ours);
    let lacking = lacking.filter(|(_, name)| instance.is_set(name) == Some(false));
    let lacking = lacking.map(|(_, name)| SettingFact {
        name,
        value: String::new(),
        origin: Origin::BinaryDefault,
        at: SavedSpan::of(instance.last(name).map_or(instance.anchor, Setting::spot)),
        names: None,
    });
    let kubelet = of_kubelet(instance);
    files
        .chain(values)
        .chain(lists)
        .chain(lacking)
        .chain(kubelet)
        .collect()
}

fn value(instance: &Instance<'_>, name: &'static str) -> Option<SettingFact> {
    let effective = instance.effective(name).filter(|e| !e.value.is_empty())?;
    Some(SettingFact {
        name,
        value: effective.value.to_owned(),
        origin: effective.origin,
        at: SavedSpan::of(effective.spot),
        names: None,
    })
}

fn named_file(instance: &Instance<'_>, name: &str, written: &str) -> FileRef {
    let setting = instance.last(name).map(Setting::node);
    let path = setting.and_then(|node| component::mounted(node, written));
    let path = path.unwrap_or_else(|| written.to_owned());
    let own = bootstrap::files(instance.object)
        .iter()
        .any(|file| file.path == path);
    FileRef { path, own }
}

/// A document that is all of a file: what stands in a list or in another object is none.
fn side_file(
    object: Object<'_>,
    within: DocumentContext<'_>,
    completeness: Completeness,
) -> Option<ConfigFile> {
    let (.., component, flag) = SIDE_FILES
        .iter()
        .find(|(group, kind, ..)| object.gvk.is(group, kind))?;
    let nested = within.depth > 0;
    let alone = object.node.parent().is_none() && completeness == Completeness::Complete;
    if !alone || nested && within.path.is_empty() {
        return None;
    }
    Some(ConfigFile {
        component: *component,
        flag,
        path: nested.then(|| within.path.to_owned()),
        at: SavedSpan::of(object.node.get("kind").unwrap_or(object.node)),
        says: says(object, flag),
    })
}

fn says(object: Object<'_>, flag: &str) -> ConfigFileFacts {
    let root = object.node;
    let named = |list: &str, field: &str| -> Vec<String> {
        let items = root.list(list);
        let names = items.filter_map(|item| item.field(field)?.as_str());
        names.map(str::to_owned).collect()
    };
    match flag {
        "encryption-provider-config" => ConfigFileFacts::Encryption(match verdict(object) {
            Some(Verdict::Identity(key)) => Some(label(
                key,
                "the first provider for Secrets encrypts nothing",
            )),
            Some(Verdict::NotCovered(spot)) => Some(label(spot, "no entry covers Secrets")),
            Some(Verdict::Encrypted) | None => None,
        }),
        "authentication-config" => {
            let anonymous = root.pair("anonymous").filter(|(_, map)| !map.is_null());
            ConfigFileFacts::Authentication(anonymous.map(|(key, map)| Anonymous {
                at: label(key, "what it says of requests without credentials"),
                enabled: map.field("enabled").map_or(Some(false), Node::as_bool),
                limited: map.field("conditions").is_some_and(|list| !list.is_empty()),
            }))
        }
        "authorization-config" => ConfigFileFacts::Authorization(named("authorizers", "type")),
        "admission-control-config-file" => ConfigFileFacts::Admission(named("plugins", "name")),
        _ => ConfigFileFacts::Nothing,
    }
}

fn machines(object: Object<'_>) -> Option<MachineFacts> {
    let root = object.node;
    let (part, refers, version): (_, &[&str], &[&str]) = match object.gvk.kind {
        "Cluster" if object.gvk.group == "cluster.x-k8s.io" => (
            MachinePart::Cluster,
            &["spec", "controlPlaneRef", "name"],
            &["spec", "topology", "version"],
        ),
        "KubeadmControlPlane" => (MachinePart::ControlPlane, &[], &["spec", "version"]),
        "MachineDeployment" | "MachinePool" => (
            MachinePart::Workers,
            &["spec", "clusterName"],
            &["spec", "template", "spec", "version"],
        ),
        _ => return None,
    };
    let version = root.at(version);
    let spot = version.or_else(|| root.get("kind"))?;
    let minor = version.and_then(|n| component::minor(n.text()?));
    let refers = root.at(refers).and_then(Node::as_str);
    Some(MachineFacts {
        part,
        name: object.name().unwrap_or_default().to_owned(),
        refers: refers.unwrap_or_default().to_owned(),
        minor: minor.unwrap_or_default(),
        at: SavedSpan::of(spot),
    })
}
