//! What set rules need of a document after its tree is gone: owned and small.

mod component;
mod config_file;
mod machines;

pub use component::{ComponentFacts, FileRef, SettingFact};
pub use config_file::{Anonymous, ConfigFile, ConfigFileFacts};
pub use machines::{MachineFacts, MachinePart};

use super::access::{self, AccountFacts, BindingFacts, PodFacts, RoleFacts};
use super::{CustomFacts, DocumentContext, FluxFacts, custom_resources, flux, namespace};
use crate::component::Instance;
use crate::finding::{Finding, Label, ObjectRef};
use crate::kube::{Completeness, Object};
use crate::yaml::{NodeSpan, Rendered};
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
    /// A document that kubeadm reads from its file: its kind.
    KubeadmDocument(SavedSpan),
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
    /// A Kustomization of Flux that changes what it applies.
    Flux(FluxFacts),
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

/// An object of which everything is known that its own document tells.
#[derive(Clone, Copy)]
pub struct Analysed<'a, 'd> {
    /// The object.
    pub object: Object<'d>,
    /// How much of itself it shows.
    pub completeness: Completeness,
    /// Where it stands.
    pub within: DocumentContext<'d>,
    /// The components that it configures.
    pub instances: &'a [Instance<'d>],
    /// What is found of the rules of a role.
    pub dangers: &'a [Finding],
    /// What the published definition of a custom resource says is wrong with it; `None` of what no API server is to judge.
    pub published: Option<&'a dyn Fn() -> Option<Vec<Finding>>>,
}

/// What set rules read of an object, kind by kind.
const KINDS: [fn(&Analysed<'_, '_>) -> Vec<Fact>; 7] = [
    access::facts,
    component::facts,
    machines::facts,
    config_file::facts,
    namespace::facts,
    custom_resources::facts,
    flux::facts,
];

impl DocumentFacts {
    /// All that set rules ask of an object, in order; what nobody takes is not worked out.
    pub fn of<'s>(analysed: &'s Analysed<'_, '_>) -> impl Iterator<Item = Self> + 's {
        let rendered_from = &analysed.object.node.document().provenance.rendered_from;
        let facts = KINDS.into_iter().flat_map(move |kind| kind(analysed));
        facts.map(move |fact| Self {
            object: Some(analysed.object.reference()),
            chunk: 0,
            rendered_from: rendered_from.clone(),
            fact,
        })
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
}
