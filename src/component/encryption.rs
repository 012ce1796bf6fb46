//! EncryptionConfiguration: which provider writes Secrets to etcd.

use crate::kube::Object;
use crate::yaml::{Node, NodeSpan};

/// What an EncryptionConfiguration does to Secrets. The first entry whose resources cover them decides, and in it the first
/// provider (Kubernetes documentation, "Encrypting Confidential Data at Rest").
#[derive(Clone, Copy)]
pub enum Verdict<'d> {
    /// They are encrypted.
    Encrypted,
    /// They are written in plain text by this `identity` key.
    Identity(Node<'d>),
    /// No entry covers them; the place that lacks it.
    NotCovered(NodeSpan<'d>),
}

/// Judges an EncryptionConfiguration; `None` where the object is none, or says nothing that can be judged.
pub fn verdict(object: Object<'_>) -> Option<Verdict<'_>> {
    let ours = object
        .gvk
        .is("apiserver.config.k8s.io", "EncryptionConfiguration")
        || object.gvk.is("", "EncryptionConfig");
    let resources = object.node.field("resources").filter(|_| ours)?;
    let covers = |entry: &Node<'_>| {
        let names = entry.list("resources");
        names
            .filter_map(Node::as_str)
            .any(|name| matches!(name, "secrets" | "*." | "*.*"))
    };
    let Some(entry) = resources.items().find(covers) else {
        return Some(Verdict::NotCovered(resources.lacking()));
    };
    let first = entry.field("providers")?.items().next()?;
    Some(match first.pair("identity") {
        Some((key, _)) => Verdict::Identity(key),
        None => Verdict::Encrypted,
    })
}
