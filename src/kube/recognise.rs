//! Which documents are Kubernetes' business, and which texts hide further documents.

use super::{Gvk, Object, kustomize};
use crate::yaml::{Document, Kind, Node, Style};
use memchr::memmem;

/// How much of an object a document shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    /// All of it: what it does not say is not there.
    Complete,
    /// A patch or drop-in: what it does not say stands elsewhere.
    Fragment,
}

/// Whether the text may hold a document of ours; where not, it need not be parsed.
pub fn may_be_ours(text: &str) -> bool {
    memmem::find(text.as_bytes(), b"apiVersion").is_some()
        && memmem::find(text.as_bytes(), b"kind").is_some()
}

/// Whether a text that cannot be parsed was meant as a document of ours: both keys at the start of a line, or as JSON keys.
pub fn reads_as_ours(text: &str) -> bool {
    ["apiVersion", "kind"].into_iter().all(|key| {
        memmem::find_iter(text.as_bytes(), key.as_bytes()).any(|at| {
            let (before, after) = (
                text.get(..at).unwrap_or_default(),
                text.get(at + key.len()..).unwrap_or_default(),
            );
            let json = before.ends_with('"')
                && after.starts_with('"')
                && after
                    .get(1..)
                    .is_some_and(|a| a.trim_start().starts_with(':'));
            let line = (before.is_empty() || before.ends_with(['\n', '\r', '\u{FEFF}']))
                && after.trim_start_matches([' ', '\t']).starts_with(':');
            json || line
        })
    })
}

/// Whether a text that cannot be parsed is a template with control lines, so that rendering it is what makes it YAML.
pub fn reads_as_template(text: &str) -> bool {
    text.lines()
        .any(|line| line.trim_start().starts_with("{{") || line.trim_start().starts_with("{%"))
}

/// The objects of a document, items of a List one by one. Items of a typed list may leave their kind to the list.
pub fn objects<'d>(document: &'d Document<'d>) -> Vec<Object<'d>> {
    let Some(object) = Object::of(document.root()) else {
        return Vec::new();
    };
    let Some(kind) = object.gvk.kind.strip_suffix("List") else {
        return vec![object];
    };
    match object.node.get("items") {
        Some(items) if items.kind() == Kind::Seq => {
            let typed = |node| {
                (!kind.is_empty()).then_some(Object {
                    node,
                    gvk: Gvk { kind, ..object.gvk },
                })
            };
            items
                .items()
                .filter_map(|item| Object::of(item).or_else(|| typed(item)))
                .collect()
        }
        _ => vec![object],
    }
}

/// Whether an object shows all of itself.
pub(crate) fn whole(object: Object<'_>, named_as_patch: bool) -> Whole {
    if named_as_patch || kustomize::has_patch_directive(object) {
        Whole::Fragment
    } else {
        Whole::Complete
    }
}

/// Groups whose documents configure a cluster's components. They count also where they stand inside of a scalar.
pub fn is_config(group: &str) -> bool {
    matches!(
        group,
        "kubeadm.k8s.io"
            | "kubelet.config.k8s.io"
            | "kubeproxy.config.k8s.io"
            | "kubescheduler.config.k8s.io"
            | "apiserver.config.k8s.io"
            | "apiserver.k8s.io"
            | "audit.k8s.io"
    )
}

/// The scalars of an object that hold documents: values of a ConfigMap, and of a Secret's `stringData`.
pub fn nested_texts(object: Object<'_>) -> impl Iterator<Item = Node<'_>> {
    let field = match (object.gvk.group, object.gvk.kind) {
        ("", "ConfigMap") => Some("data"),
        ("", "Secret") => Some("stringData"),
        _ => None,
    };
    let data = field.and_then(|f| object.node.field(f));
    let values = data
        .into_iter()
        .flat_map(Node::entries)
        .map(|(_, value)| value);
    values.filter(|value| value.style() != Style::Plain && value.as_str().is_some_and(may_be_ours))
}
