//! What a component is told, as far as set rules ask.

use super::{Analysed, Fact, SavedSpan};
use crate::component::{self, ComponentKind, Flag, Instance, Origin, Setting, bootstrap, forms};
use crate::kube::image::Reference;

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
    /// The file that it names, if it names a configuration file.
    pub names: Option<FileRef>,
}

/// A configuration file as a machine knows it.
#[derive(Clone, Debug)]
pub struct FileRef {
    /// Its path outside of the pod that reads it.
    pub path: String,
    /// Whether the object itself writes that file, so that no other can be meant.
    pub own: bool,
}

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

/// The files beside an API server are no instance of their own.
pub(super) fn facts(analysed: &Analysed<'_, '_>) -> Vec<Fact> {
    let instances = analysed.instances.iter();
    let programs = instances.filter(|instance| *instance.form != forms::API_SERVER);
    let facts = programs.map(|instance| ComponentFacts {
        component: instance.component,
        version: version(instance),
        settings: settings(instance),
    });
    let told = facts.filter(|f| !f.settings.is_empty() || f.version.is_some());
    told.map(Fact::Component).collect()
}

/// The minor version of a static pod's image.
fn version(instance: &Instance<'_>) -> Option<(u8, SavedSpan)> {
    if *instance.form != forms::STATIC_POD || instance.component == ComponentKind::Etcd {
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
        let single = !flag.ty.appends() && !known(flag.name) && flag.name != "config";
        single.then(|| value(instance, flag.name)).flatten()
    })
}

fn settings(instance: &Instance<'_>) -> Vec<SettingFact> {
    let ours = |(component, _): &(ComponentKind, &str)| *component == instance.component;
    let named = forms::ALL.iter().flat_map(|form| form.config_files);
    let named = named.filter(|file| file.component == instance.component);
    let mut flags: Vec<_> = named.map(|file| file.flag).collect();
    // Two kinds of one flag stand beside each other.
    flags.dedup();
    let files = flags.into_iter().filter_map(|name| {
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
        items.map(move |(item, node_span)| SettingFact {
            name,
            value: item.to_owned(),
            origin: Origin::Explicit,
            at: SavedSpan::of(node_span),
            names: None,
        })
    });
    let lacking = LACKING.into_iter().filter(ours);
    let lacking = lacking.filter(|(_, name)| instance.is_set(name) == Some(false));
    let lacking = lacking.map(|(_, name)| SettingFact {
        name,
        value: String::new(),
        origin: Origin::BinaryDefault,
        at: SavedSpan::of(
            instance
                .last(name)
                .map_or(instance.anchor, Setting::node_span),
        ),
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
        at: SavedSpan::of(effective.node_span),
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
