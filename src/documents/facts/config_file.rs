//! Configuration files that a flag of a component names.

use super::{Analysed, Fact, SavedSpan};
use crate::component::encryption::{Verdict, verdict};
use crate::component::form::ConfigFileKind;
use crate::component::{ComponentKind, Form};
use crate::finding::Label;
use crate::kube::{Completeness, Object};
use crate::yaml::{Node, NodeSpan};

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

/// What set rules ask of a configuration file.
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

/// A document that is all of a file: what stands in a list or in another object is none.
pub(super) fn facts(analysed: &Analysed<'_, '_>) -> Vec<Fact> {
    let file = config_file(analysed).map(Fact::ConfigFile);
    let document = kubeadm_document(analysed).map(Fact::KubeadmDocument);
    file.into_iter().chain(document).collect()
}

/// The kind of a document that kubeadm reads from its file, and where that is.
fn kubeadm_document(analysed: &Analysed<'_, '_>) -> Option<SavedSpan> {
    const GROUPS: [&str; 3] = [
        "kubeadm.k8s.io",
        "kubelet.config.k8s.io",
        "kubeproxy.config.k8s.io",
    ];
    let Analysed { object, within, .. } = *analysed;
    let read = GROUPS.contains(&object.gvk.group) && within.depth == 0;
    let alone = object.node.parent().is_none();
    let kind = object.node.get("kind").filter(|_| read && alone)?;
    Some(SavedSpan::of(kind))
}

fn config_file(analysed: &Analysed<'_, '_>) -> Option<ConfigFile> {
    let Analysed {
        object,
        within,
        completeness,
        ..
    } = *analysed;
    let mut files = Form::of(object.gvk)?.config_files.iter();
    let ConfigFileKind {
        component, flag, ..
    } = files.find(|file| object.gvk.is(file.group, file.kind))?;
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
            Some(Verdict::NotCovered(node_span)) => {
                Some(label(node_span, "no entry covers Secrets"))
            }
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

fn label<'d>(at: impl Into<NodeSpan<'d>>, text: &str) -> Label {
    let NodeSpan { node, span } = at.into();
    Label::new(node.document().locate(span), text)
}
