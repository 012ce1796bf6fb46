//! Settings of cluster components, whatever form they are written in: one instance, one list of settings.
//!
//! An adapter per form only reads and orders; a rule asks for the effective value and where it comes from.

mod kubeadm;
mod static_pod;

use super::{Object, PodSpec, is_placeholder};
use crate::yaml::{Node, Spot};
use std::borrow::Cow;

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
}

impl ComponentKind {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::ApiServer,
        Self::ControllerManager,
        Self::Scheduler,
        Self::Etcd,
    ];

    /// The program's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::Etcd => "etcd",
        }
    }

    /// The component of that program name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.name() == name)
    }
}

/// Whether a pod is one of the cluster's own programs: a component that runs in kube-system.
pub fn is_system_pod(pod: PodSpec<'_>) -> bool {
    pod.object.namespace() == Some("kube-system")
        && pod.containers().all(|c| static_pod::is_system_program(c))
        && pod.containers().next().is_some()
}

/// How the settings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The full command line of a container: what is not there has the program's own default.
    CommandLine,
    /// Extra arguments of a kubeadm ClusterConfiguration, over kubeadm's own.
    Kubeadm,
}

/// One setting as it is written.
#[derive(Clone, Debug)]
pub struct Setting<'d> {
    /// The flag without dashes.
    pub name: Cow<'d, str>,
    /// Its text; `true` for a flag that stands alone.
    pub value: Cow<'d, str>,
    node: Node<'d>,
    /// Where the value begins in the node's text; `None` for a flag that stands alone.
    at: Option<usize>,
}

impl<'d> Setting<'d> {
    /// The value's place.
    pub fn spot(&self) -> Spot<'d> {
        self.part(0, self.value.len())
    }

    /// Items of a list, each with its place.
    fn items(&self) -> impl Iterator<Item = (&str, Spot<'d>)> {
        let mut from = 0;
        self.value.split(',').map(move |item| {
            let blanks = item.len() - item.trim_start().len();
            let spot = self.part(from + blanks, from + blanks + item.trim().len());
            from += item.len() + 1;
            (item.trim(), spot)
        })
    }

    fn part(&self, from: usize, to: usize) -> Spot<'d> {
        match self.at {
            Some(at) => self.node.part(at + from, at + to),
            None => self.node.into(),
        }
    }
}

/// Where an effective value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is written.
    Explicit,
    /// What carries the settings (kubeadm) sets it.
    CarrierDefault,
    /// The program's own default.
    BinaryDefault,
}

/// A component with its settings.
pub struct Instance<'d> {
    /// Which.
    pub component: ComponentKind,
    /// How it is written.
    pub form: Form,
    /// The object that holds it.
    pub object: Object<'d>,
    /// In the order that they apply.
    pub settings: Vec<Setting<'d>>,
    /// Where to point when a setting is missing.
    pub anchor: Spot<'d>,
}

/// The effective items of a list setting.
pub struct Effective<'a, 'd> {
    /// Each item with its place; the anchor for one that is not written.
    pub items: Vec<(&'a str, Spot<'d>)>,
    /// Where they come from.
    pub origin: Origin,
}

impl<'d> Instance<'d> {
    /// The components that an object configures.
    pub fn of(object: Object<'d>) -> Vec<Self> {
        match (object.gvk.group, object.gvk.kind) {
            ("kubeadm.k8s.io", "ClusterConfiguration") => kubeadm::instances(object),
            _ => static_pod::instances(object),
        }
    }

    /// The last writing of a setting: a repeated flag replaces the one before.
    pub fn last(&self, name: &str) -> Option<&Setting<'d>> {
        self.settings.iter().rev().find(|s| s.name == name)
    }

    /// The items of a list setting: repeated flags append. `None` where a value is filled in later.
    pub fn list(&self, name: &str) -> Option<Effective<'_, 'd>> {
        let written = || self.settings.iter().filter(|s| s.name == name);
        if written().any(|s| is_placeholder(&s.value)) {
            return None;
        }
        let items: Vec<_> = written().flat_map(Setting::items).collect();
        if !items.is_empty() {
            return Some(Effective {
                items,
                origin: Origin::Explicit,
            });
        }
        let (default, origin) = self.default_of(name);
        Some(Effective {
            items: default.iter().map(|item| (*item, self.anchor)).collect(),
            origin,
        })
    }

    /// What a setting is when it is not written. kubeadm: cmd/kubeadm/app/phases/controlplane; the API server's flag was
    /// [AlwaysAllow] up to 1.28 and is empty since 1.29, to the same effect (pkg/kubeapiserver/options).
    fn default_of(&self, name: &str) -> (&'static [&'static str], Origin) {
        match (self.component, self.form, name) {
            (ComponentKind::ApiServer, Form::Kubeadm, "authorization-mode") => {
                (&["Node", "RBAC"], Origin::CarrierDefault)
            }
            (ComponentKind::ApiServer, Form::CommandLine, "authorization-mode") => {
                (&["AlwaysAllow"], Origin::BinaryDefault)
            }
            _ => (&[], Origin::BinaryDefault),
        }
    }
}
