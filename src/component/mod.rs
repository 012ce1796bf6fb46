//! Settings of cluster components, whatever form they are written in: one instance, one list of settings.
//!
//! An adapter per form only reads and orders; a rule asks for the effective value and where it comes from. A setting is called like
//! the flag that sets it, in every form; one that has no flag like its path in the configuration file. Layer 4.

mod api_server;
pub mod bootstrap;
mod cloud_init;
mod cluster_api;
mod command;
mod component_file;
pub mod encryption;
mod etcd;
mod flag_type;
pub mod form;
pub mod forms;
mod gates;
mod json_patch;
mod k0s;
mod k3s;
mod kind;
mod kops;
mod kubeadm;
pub mod kubeadm_parts;
mod kubeconfig;
pub mod kubelet_values;
mod kubespray;
mod mount;
mod pem;
mod rke2;
mod setting;
mod static_pod;
mod tables;
mod talos;
mod unit;

use crate::finding::Releases;
use crate::go_value::parse_bool;
use crate::kube::{Completeness, Container, Object, PodSpec, is_unresolved};
use crate::yaml::{Node, NodeSpan};
use std::collections::HashSet;

pub use component_file::is_drop_in;
pub use flag_type::{FlagType, is_label_value, is_qualified};
pub use form::{Form, Piece};
pub use gates::{is_gate_on, unmet_gates};
pub use k3s::GROUP as K3S;
pub use kind::PATCHES as KIND_PATCHES;
pub use mount::{mount_of, mounted, mounts};
pub use rke2::KIND as RKE2;
pub use setting::{Setting, number};
pub use tables::{
    Flag, FlagCheck, FlagRule, Gate, Plugin, Removed, SchedulerPlugin, Suite, defaults, k3s_flags,
    path_of,
};
pub use talos::GROUP as TALOS;
pub use unit::{kubelet_unit, settings as unit_settings};

/// Which program an instance configures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ComponentKind {
    /// kube-apiserver
    ApiServer,
    /// kube-controller-manager
    ControllerManager,
    /// kube-scheduler
    Scheduler,
    /// etcd
    Etcd,
    /// kubelet
    Kubelet,
    /// kube-proxy
    KubeProxy,
}

impl ComponentKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::ApiServer,
        Self::ControllerManager,
        Self::Scheduler,
        Self::Etcd,
        Self::Kubelet,
        Self::KubeProxy,
    ];

    /// The program's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::Etcd => "etcd",
            Self::Kubelet => "kubelet",
            Self::KubeProxy => "kube-proxy",
        }
    }

    /// The component of that program name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.name() == name)
    }

    /// The releases that are known of it: etcd counts its own, 3.5 to 3.7.
    pub const fn releases(self) -> Releases {
        match self {
            Self::Etcd => Releases::between(5, 7),
            _ => Releases::between(Releases::OLDEST, Releases::NEWEST),
        }
    }

    /// The newest of them, for which its project still makes patches: etcd has two.
    const fn supported(self) -> Releases {
        match self {
            Self::Etcd => Releases::between(6, 7),
            _ => Releases::SUPPORTED,
        }
    }

    /// The flag that names its configuration file, which makes most other flags dead or only half of the truth.
    const fn config_flag(self) -> Option<&'static str> {
        match self {
            Self::Etcd => Some("config-file"),
            Self::Kubelet | Self::KubeProxy | Self::Scheduler => Some("config"),
            Self::ApiServer | Self::ControllerManager => None,
        }
    }
}

/// Whether a pod is one of the cluster's own programs: a component that runs in kube-system.
pub fn is_system_pod(pod: PodSpec<'_>) -> bool {
    pod.object.namespace() == Some("kube-system")
        && pod.containers().all(|c| static_pod::program(c).is_some())
        && pod.containers().next().is_some()
}

/// Where an effective value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is written.
    Explicit,
    /// What carries the settings (kubeadm ...) sets it.
    DistributionDefault,
    /// The program's own default.
    BinaryDefault,
}

/// A component with its settings.
pub struct Instance<'d> {
    /// Which.
    pub component: ComponentKind,
    /// How it is written.
    pub form: &'static Form,
    /// How much of it is written here.
    pub completeness: Completeness,
    /// The object that holds it.
    pub object: Object<'d>,
    /// The releases that it may be; one where a version is written. etcd's minor versions of 3 for etcd.
    pub releases: Releases,
    /// In the order that they apply.
    pub settings: Vec<Setting<'d>>,
    /// Where to point when a setting is missing.
    pub anchor: NodeSpan<'d>,
}

/// What the instances of an object are read with.
#[derive(Clone, Copy)]
pub struct InstanceContext<'a> {
    /// The file's path from the root.
    pub path: &'a str,
    /// The releases that the user asks about; `None` where nobody asked.
    pub asked: Option<Releases>,
    /// Whether kubeadm's own configuration stands in the same file, so that kubeadm completes what stands beside it.
    pub beside_kubeadm: bool,
}

impl InstanceContext<'_> {
    /// The releases of a component whose version is `minor`, if it is written.
    fn releases(&self, component: ComponentKind, minor: Option<u8>) -> Releases {
        match (minor, component, self.asked) {
            (Some(minor), ..) => Releases::only(minor),
            (None, ComponentKind::Etcd, _) | (None, _, None) => component.releases(),
            (None, _, Some(asked)) => asked,
        }
    }
}

/// An effective value.
#[derive(Clone, Copy)]
pub struct Effective<'a, 'd> {
    /// Its text; empty for what is not set.
    pub value: &'a str,
    /// Where it comes from.
    pub origin: Origin,
    /// Where to point: the value, or the anchor for one that is not written.
    pub node_span: NodeSpan<'d>,
}

/// The effective items of a list setting.
pub struct Items<'a, 'd> {
    /// Each item with its place; the anchor for one that is not written.
    pub items: Vec<(&'a str, NodeSpan<'d>)>,
    /// Where they come from.
    pub origin: Origin,
}

impl<'a, 'd> Items<'a, 'd> {
    /// Each item with its place, and whether one before it is the same.
    pub fn repetitions(&self) -> impl Iterator<Item = (&'a str, NodeSpan<'d>, bool)> {
        let mut seen = HashSet::new();
        let items = self.items.iter();
        items.map(move |(item, at)| (*item, *at, !seen.insert(*item)))
    }
}

/// Where to point when a setting is missing: the first of these that is there, else the object's kind.
fn anchor<'d>(object: Object<'d>, places: &[Option<Node<'d>>]) -> NodeSpan<'d> {
    let found = places.iter().flatten().next().copied();
    found
        .or_else(|| object.node.get("kind"))
        .unwrap_or(object.node)
        .lacking()
}

impl<'d> Instance<'d> {
    /// Settings of a component of which others are defined elsewhere, in a release that nobody tells; none without any.
    fn partial(
        component: ComponentKind,
        form: &'static Form,
        object: Object<'d>,
        settings: Vec<Setting<'d>>,
        around: InstanceContext<'_>,
    ) -> Option<Self> {
        Some(Self {
            component,
            form,
            completeness: Completeness::Partial,
            object,
            releases: around.releases(component, None),
            anchor: settings.first()?.name_span,
            settings,
        })
    }

    /// The components that an object configures.
    pub fn of(object: Object<'d>, around: InstanceContext<'_>) -> Vec<Self> {
        Form::of(object.gvk).map_or_else(Vec::new, |form| (form.instances)(object, around))
    }

    /// Whether what went in `1.since` is gone: from all releases that it may be of; where nobody tells the release, from most of those that
    /// are supported.
    pub fn is_gone(&self, since: u8) -> bool {
        let unknown = self.releases == self.component.releases();
        !self.may_be_before(since) || unknown && self.component.supported().are_mostly_from(since)
    }

    /// Whether it may be of a release before `1.since`, as far as anybody tells.
    pub fn may_be_before(&self, since: u8) -> bool {
        !self.releases.before(since).is_empty()
    }

    /// What happens to a program that is given something that was removed in `1.since`.
    pub fn end(&self, since: u8) -> String {
        let name = self.component.name();
        let major = if self.component == ComponentKind::Etcd {
            3
        } else {
            1
        };
        if self.may_be_before(since) {
            format!("{name} {major}.{since} and later fail to start with it")
        } else {
            format!("{name} fails to start")
        }
    }

    /// The container of a pod that it is read from.
    pub fn container(&self) -> Option<Container<'d>> {
        if *self.form != forms::STATIC_POD {
            return None;
        }
        let of_instance = |c: &Container<'d>| c.node.span().contains(self.anchor.span);
        PodSpec::of(self.object)?.containers().find(of_instance)
    }

    /// A part of this instance's settings that are maps of names to values, or lists of names and values: extra arguments.
    fn arguments(&mut self, arguments: Option<Node<'d>>) {
        self.settings
            .extend(arguments.into_iter().flat_map(setting::arguments));
    }

    /// The last writing of a setting: a repeated flag replaces the one before.
    pub fn last(&self, name: &str) -> Option<&Setting<'d>> {
        self.written(name).next_back()
    }

    /// All writings of a setting in their order. Beside its configuration file etcd reads nothing.
    fn written(&self, name: &str) -> impl DoubleEndedIterator<Item = &Setting<'d>> {
        let file = Some("config-file").filter(|_| self.component == ComponentKind::Etcd);
        let dead =
            file.is_some_and(|file| name != file && self.settings.iter().any(|s| s.name == file));
        let settings = self.settings.iter().filter(move |_| !dead);
        settings.filter(move |s| s.name == name)
    }

    /// The value of a setting; `None` where it is filled in later or cannot be known.
    pub fn effective(&self, name: &str) -> Option<Effective<'_, 'd>> {
        if let Some(setting) = self.last(name) {
            return (!is_unresolved(&setting.value)).then(|| Effective {
                value: &setting.value,
                origin: Origin::Explicit,
                node_span: setting.node_span(),
            });
        }
        let (value, origin) = self.default_of(name)?;
        (value != "?").then_some(Effective {
            value,
            origin,
            node_span: self.anchor,
        })
    }

    /// Whether a boolean setting is on; `None` where that cannot be known.
    pub fn is_on(&self, name: &str) -> Option<bool> {
        self.effective(name)
            .map(|e| parse_bool(e.value) == Some(true))
    }

    /// Whether a setting has a value that is not empty, written or by default; `None` where that cannot be known.
    pub fn is_set(&self, name: &str) -> Option<bool> {
        match self.last(name) {
            Some(setting) => Some(!setting.value.is_empty()),
            None => self
                .default_of(name)
                .map(|(value, _)| !matches!(value, "" | "0" | "false")),
        }
    }

    /// The written one of two settings that need each other, where the other is not set, and what that is called.
    pub fn half(&self, [one, other]: [&'static str; 2]) -> Option<(&Setting<'d>, &'static str)> {
        let lacking = |name| self.is_set(name) == Some(false);
        let given = |name| self.last(name).filter(|s| !s.value.is_empty());
        let half = |name, other| Some((given(name)?, other)).filter(|_| lacking(other));
        half(one, other).or_else(|| half(other, one))
    }

    /// The items of a list setting: repeated flags append. `None` where one is filled in later or it cannot be known.
    pub fn list(&self, name: &str) -> Option<Items<'_, 'd>> {
        let written = || self.written(name);
        if written().any(|s| is_unresolved(&s.value)) {
            return None;
        }
        if written().next().is_some() {
            let own = self.own_items(name).map(|item| (item, self.anchor));
            let items = own.chain(written().flat_map(Setting::items)).collect();
            return Some(Items {
                items,
                origin: Origin::Explicit,
            });
        }
        let (default, origin) = self.default_of(name).filter(|(value, _)| *value != "?")?;
        let items = default.split(',').filter(|item| !item.is_empty());
        Some(Items {
            items: items.map(|item| (item, self.anchor)).collect(),
            origin,
        })
    }

    /// The items that the form's own list begins with, where those that are written do not replace it.
    fn own_items(&self, name: &str) -> impl Iterator<Item = &'static str> {
        let appended = self.form.appended_lists.contains(&name);
        let own = || self.distribution_default(name).filter(|own| *own != "?");
        let own = appended.then(own).flatten().unwrap_or_default();
        own.split(',').filter(|item| !item.is_empty())
    }

    /// What the distribution sets, where it says so.
    fn distribution_default(&self, name: &str) -> Option<&'static str> {
        tables::distribution_default(self.form.distribution, self.component, name, self.releases)
    }

    /// What a setting is that is not written; `None` where that cannot be known.
    pub fn default_of(&self, name: &str) -> Option<(&'static str, Origin)> {
        let config = self.component.config_flag();
        if self.completeness == Completeness::Partial
            || config.is_some_and(|flag| self.last(flag).is_some())
        {
            return None;
        }
        if let Some(value) = self.distribution_default(name) {
            let program = self.form.is_own_file || self.form.distribution.is_empty();
            let origin = if program {
                Origin::BinaryDefault
            } else {
                Origin::DistributionDefault
            };
            return Some((value, origin));
        }
        if !self.form.is_transparent {
            return None;
        }
        let value = tables::default(self.component, name, self.releases)?;
        Some((value, Origin::BinaryDefault))
    }

    /// The rows of a flag in the releases that the instance may be of.
    fn rows(&self, name: &str) -> impl Iterator<Item = &'static Flag> {
        let rows = Flag::of(self.component, name).iter();
        rows.filter(|f| !f.releases().and(self.releases).is_empty())
    }

    /// The type of a flag, where all releases that the instance may be of agree.
    pub fn flag_type(&self, name: &str) -> Option<FlagType> {
        let mut rows = self.rows(name);
        let first = rows.next()?.ty;
        rows.all(|f| f.ty == first).then_some(first)
    }

    /// What a value is to be that the program does not take, in any of the releases that the instance may be of.
    pub fn misfit(&self, name: &str, value: &str) -> Option<&'static str> {
        let mut misfits = self.rows(name).map(|f| f.misfit(value));
        let first = misfits.next()??;
        misfits.all(|m| m.is_some()).then_some(first)
    }

    /// What a setting is called where this instance would have it: a flag, or a field.
    pub fn spelling(&self, name: &str) -> String {
        if let Some(setting) = self.last(name) {
            return setting.spelling.to_string();
        }
        let rows = self.form.field_rows(self.component);
        match tables::path_of(rows, self.component, name) {
            Some(path) => path.to_owned(),
            None => format!("--{name}"),
        }
    }
}

/// The ranges of Pods' and Services' addresses, wherever a form keeps them, as the settings of the controller manager.
fn networks<'d>(places: [Option<(Node<'d>, Node<'d>)>; 2]) -> Vec<Setting<'d>> {
    let mut found = Vec::new();
    for (name, place) in ["cluster-cidr", "service-cluster-ip-range"]
        .into_iter()
        .zip(places)
    {
        let Some((key, value)) = place else { continue };
        let setting = |value: Node<'d>| {
            Some(Setting {
                name: name.into(),
                spelling: key.text()?.into(),
                value: value.text()?.into(),
                node: value,
                at: Some(0),
                name_span: key.into(),
            })
        };
        match value.kind() {
            crate::yaml::NodeKind::Seq => found.extend(value.items().filter_map(setting)),
            _ => found.extend(setting(value)),
        }
    }
    found
}

/// An instance of the controller manager that shows the networks only.
fn of_networks<'d>(
    object: Object<'d>,
    form: &'static Form,
    places: [Option<(Node<'d>, Node<'d>)>; 2],
    around: InstanceContext<'_>,
) -> Option<Instance<'d>> {
    let component = ComponentKind::ControllerManager;
    Instance::partial(component, form, object, networks(places), around)
}

/// The minor version in `v1.37.2` or `1.37`.
pub fn minor(version: &str) -> Option<u8> {
    let version = version.trim().trim_start_matches('v');
    let mut parts = version.split('.');
    let major: u8 = parts.next()?.parse().ok()?;
    let minor = parts.next()?;
    let digits = minor.len() - minor.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    matches!(major, 1 | 3).then(|| minor.get(..digits)?.parse().ok())?
}

/// The minor version that a node names, where it is one.
fn version(node: Option<Node<'_>>) -> Option<u8> {
    minor(node?.text()?)
}

/// Groups and kinds of documents that may leave out `apiVersion`, being what kind lets its users patch.
pub fn kinds_without_version() -> impl Iterator<Item = (&'static str, &'static str)> {
    let kinds = forms::ALL.iter().flat_map(|f| f.kinds_without_version);
    kinds.copied()
}

/// The settings of a distribution itself, called like the flags of k3s.
pub fn own_settings(object: Object<'_>) -> Vec<Setting<'_>> {
    Form::of(object.gvk).map_or_else(Vec::new, |form| (form.own_settings)(object))
}

/// The pieces of programs' own files that an object hands on.
pub fn pieces(object: Object<'_>) -> Vec<Piece<'_>> {
    Form::of(object.gvk).map_or_else(Vec::new, |form| (form.pieces)(object))
}

/// What an object tells a container runtime of registries.
pub fn registries(object: Object<'_>) -> Vec<Node<'_>> {
    Form::of(object.gvk).map_or_else(Vec::new, |form| (form.registries)(object))
}

/// Groups whose documents configure a cluster's components. They count also where they stand inside of a scalar.
pub fn is_config(group: &str) -> bool {
    forms::with_group(group).any(|group| group.is_of_files)
}
